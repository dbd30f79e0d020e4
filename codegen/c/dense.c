/* Linear systems of robots with many coordinates, solved in loops.
 *
 * Straight-line code grows with the cube of the number of coordinates.  Of large robots only A, b and
 * the right sides C are generated; what solves
 *
 *     A (y - y_0) = b,    A dy/dz = C,
 *
 * are the loops below: an L D L^T factorisation that takes A for full.  y is in absolute coordinates
 * (codegen/mechanics/equations_of_motion.py), and the result in the user's: PARENT[i] is the angle that coordinate i is
 * measured from, or -1.
 *
 * `real` and NAME are as in chain.c.
 */

typedef void NAME(system)(const real *restrict q, const real *restrict v, const real *restrict u,
                          real *restrict A, real *restrict b, real *restrict y_0);
typedef void NAME(columns)(const real *restrict q, const real *restrict v, const real *restrict u,
                           const real *restrict y, real *restrict C);

/* to (n) -= factor * from (n) */
static inline void NAME(subtract)(int n, real factor, const real *restrict from, real *restrict to)
{
  for (int j = 0; j < n; ++j) to[j] -= factor * from[j];
}

/* The upper half of A becomes that of L^T, and its diagonal that of D^-1. */
static void NAME(factorize)(real *A)
{
  for (int k = 0; k < NV; ++k) {
    real *const pivot = A + k * NV;
    pivot[k] = 1.0 / pivot[k];
    for (int i = k + 1; i < NV; ++i)
      NAME(subtract)(NV - i, pivot[i] * pivot[k], pivot + i, A + i * NV + i);
    for (int i = k + 1; i < NV; ++i) pivot[i] *= pivot[k];
  }
}

/* X (NV, n) <- A^-1 X */
static inline void NAME(solve)(const real *restrict factor, int n, real *X)
{
  for (int k = 0; k < NV; ++k) {
    for (int i = k + 1; i < NV; ++i)
      NAME(subtract)(n, factor[k * NV + i], X + k * n, X + i * n);
    for (int j = 0; j < n; ++j) X[k * n + j] *= factor[k * NV + k];
  }
  for (int k = NV - 1; k > 0; --k)
    for (int i = 0; i < k; ++i) NAME(subtract)(n, factor[i * NV + k], X + k * n, X + i * n);
}

/* out (NV, n) from X (NV, n) in absolute coordinates */
static inline void NAME(to_joints)(int n, const real *restrict X, real *restrict out)
{
  for (int i = 0; i < NV; ++i) {
    memcpy(out + i * n, X + i * n, n * sizeof(real));
    if (PARENT[i] >= 0)
      for (int j = 0; j < n; ++j) out[i * n + j] -= X[PARENT[i] * n + j];
  }
}

/* The factor of A and y. */
static void NAME(solution)(NAME(system) *system, const real *restrict q, const real *restrict v,
                           const real *restrict u, real *restrict A, real *restrict y)
{
  real y_0[NV];
  system(q, v, u, A, y, y_0);
  NAME(factorize)(A);
  NAME(solve)(A, 1, y);
  for (int i = 0; i < NV; ++i) y[i] += y_0[i];
}

static void NAME(dense)(NAME(system) *system, const real *restrict q, const real *restrict v,
                        const real *restrict u, real *restrict out)
{
  real A[NV * NV], y[NV];
  NAME(solution)(system, q, v, u, A, y);
  NAME(to_joints)(1, y, out);
}

static void NAME(dense_derivatives)(NAME(system) *system, NAME(columns) *columns,
                                    const real *restrict q, const real *restrict v,
                                    const real *restrict u, real *restrict out,
                                    real *restrict out_z)
{
  real A[NV * NV], y[NV], C[NV * NZ];
  NAME(solution)(system, q, v, u, A, y);
  NAME(to_joints)(1, y, out);
  columns(q, v, u, y, C);
  NAME(solve)(A, NZ, C);
  NAME(to_joints)(NZ, C, out_z);
}
