/* The chain rule that every integrator applies at each of its stages.
 *
 * This file and the integrators stand twice in the generated one: with `real` a double, and with
 * `real` the doubles of LANES evaluations.  NAME(f) is the function f of that kind.  The generated
 * file defines the sizes NQ NV NX NU NZ = NX + NU, and LARGE, which keeps arrays that grow with their
 * product off the stack where they are large.  Matrices are dense and row-major.
 */

/* out (NV, NZ) = A_x D + [0 0 A_u] from A = [A_x A_u] (NV, NZ) and D = d(state)/d(x, u) (NX, NZ).
 * `at_start` says that the state is still x: D = [I 0] makes it A.
 *
 * The sums of a tile of 3 rows by 4 columns stay in registers; the last tiles reach back into those
 * before them where they can.
 */
static void NAME(chain)(int at_start, const real *restrict A, const real *restrict D,
                        real *restrict out)
{
  if (at_start) {
    memcpy(out, A, NV * NZ * sizeof(real));
    return;
  }
  enum { ROWS = NV < 3 ? NV : 3, COLUMNS = NZ < 4 ? NZ : 4 };
  for (int c = 0; c < NZ; c += COLUMNS) {
    const int j0 = c < NZ - COLUMNS ? c : NZ - COLUMNS;
    for (int r = 0; r < NV; r += ROWS) {
      const int i0 = r < NV - ROWS ? r : NV - ROWS;
      real sum[ROWS][COLUMNS];
#pragma GCC unroll 3
      for (int i = 0; i < ROWS; ++i)
#pragma GCC unroll 4
        for (int j = 0; j < COLUMNS; ++j)
          sum[i][j] = j0 + j < NX ? (real){0} : A[(i0 + i) * NZ + j0 + j];
      for (int k = 0; k < NX; ++k)
#pragma GCC unroll 3
        for (int i = 0; i < ROWS; ++i)
#pragma GCC unroll 4
          for (int j = 0; j < COLUMNS; ++j)
            sum[i][j] += A[(i0 + i) * NZ + k] * D[k * NZ + j0 + j];
#pragma GCC unroll 3
      for (int i = 0; i < ROWS; ++i)
#pragma GCC unroll 4
        for (int j = 0; j < COLUMNS; ++j) out[(i0 + i) * NZ + j0 + j] = sum[i][j];
    }
  }
}
