/* Second derivatives of a control period, p^T f_zz with z = (x, u), in lanes.
 *
 * A period is a chain of stages.  At each of them a generated function solves r(z, y) = 0 for the
 * rate y; all else is linear.  With E = d(stage's z)/d(period's z) = [D; 0 I], and the multiplier of
 * each y found by going back through the chain (hessian_rk4.c, hessian_implicit.c),
 *
 *     p^T f_zz = sum over stages of E^T H E,     H = -(L_zz + L_yz^T y_z + y_z^T L_yz).
 *
 * On the way forward a stage leaves its state, y_z and D on a tape.  Matrices are dense and
 * row-major; of the sum only the upper half is computed. */

typedef struct {
  lanes x[NX], y_z[NV * NZ], D[NX * NZ];
} Stage;

/* And what is computed on the way back; together too much for the stack of a large robot. */
typedef struct {
  Stage stages[STAGES];
  lanes L_zz[NZ * NZ], L_yz[NV * NZ], product[NZ * NZ], H_E[NZ * NZ];
  lanes sum[NZ * NZ];
} Tape;

/* out (n, m) = A B of A (n, k), whose numbers of a row stand `next` apart and those of a column
 * `down`, and B (k, m).  Where `upper`, what is below the diagonal may be left out.  Tiles as in
 * chain.c; what one of them has beyond the matrix is the last row or column again, and not stored. */
INLINE void multiply(int n, int m, int k, const lanes *restrict A, int down, int next,
                     const lanes *restrict B, int upper, lanes *restrict out)
{
  for (int i0 = 0; i0 < n; i0 += 3)
    for (int j0 = upper ? i0 / 4 * 4 : 0; j0 < m; j0 += 4) {
      lanes sum[3][4];
      int row[3], column[4];
      for (int i = 0; i < 3; ++i) row[i] = (i0 + i < n ? i0 + i : n - 1) * down;
      for (int j = 0; j < 4; ++j) column[j] = j0 + j < m ? j0 + j : m - 1;
#pragma GCC unroll 3
      for (int i = 0; i < 3; ++i)
#pragma GCC unroll 4
        for (int j = 0; j < 4; ++j) sum[i][j] = (lanes){0};
      for (int l = 0; l < k; ++l)
#pragma GCC unroll 3
        for (int i = 0; i < 3; ++i)
#pragma GCC unroll 4
          for (int j = 0; j < 4; ++j) sum[i][j] += A[row[i] + l * next] * B[l * m + column[j]];
#pragma GCC unroll 3
      for (int i = 0; i < 3; ++i)
#pragma GCC unroll 4
        for (int j = 0; j < 4; ++j)
          if (i0 + i < n && j0 + j < m) out[(i0 + i) * m + j0 + j] = sum[i][j];
    }
}

/* sum += E^T H E of a stage, from its L_zz, which becomes -H, and L_yz.  `at_start` says that E is
 * the identity. */
static void add_stage(int at_start, const Stage *stage, Tape *restrict tape)
{
  lanes *const H = tape->L_zz, *const product = tape->product, *const H_E = tape->H_E;
  multiply(NZ, NZ, NV, tape->L_yz, 1, NZ, stage->y_z, 0, product);
  for (int i = 0; i < NZ; ++i)
    for (int j = 0; j < NZ; ++j) H[i * NZ + j] += product[i * NZ + j] + product[j * NZ + i];
  if (at_start) {
    for (int i = 0; i < NZ * NZ; ++i) tape->sum[i] -= H[i];
    return;
  }
  multiply(NZ, NZ, NX, H, NZ, 1, stage->D, 0, H_E);
  for (int i = 0; i < NZ; ++i)
    for (int j = NX; j < NZ; ++j) H_E[i * NZ + j] += H[i * NZ + j];
  multiply(NZ, NZ, NX, stage->D, 1, NZ, H_E, 1, product);
  for (int i = 0; i < NZ; ++i)
    for (int j = i; j < NZ; ++j)
      tape->sum[i * NZ + j] -= product[i * NZ + j] + (i < NX ? (lanes){0} : H_E[i * NZ + j]);
}

/* back (NX) = [y_q y_v]^T p of y_z = [y_q y_v y_u] and p (NV) */
static void pull_back(const lanes *restrict y_z, const lanes *restrict p, lanes *restrict back)
{
  for (int j = 0; j < NX; ++j) back[j] = (lanes){0};
  for (int i = 0; i < NV; ++i)
    for (int j = 0; j < NX; ++j) back[j] += y_z[i * NZ + j] * p[i];
}
