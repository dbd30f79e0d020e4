/* Linear systems of robots with many coordinates, solved numerically.
 *
 * Straight-line code grows with the cube of the number of coordinates.  Of large robots only
 * matrices and right-hand sides are generated; the systems
 *
 *     matrix (y - offset) = rhs,    matrix dy/dz = rhs_z
 *
 * are solved by the loops below: an L D L^T factorisation that treats the matrix as dense.  y is in
 * absolute coordinates (codegen/mechanics/equations_of_motion.py), and the result in the user's:
 * PARENT[i] is the angle that coordinate i is measured from, or -1.
 *
 * `real` and NAME are as in chain.c.
 */

typedef void NAME(system)(const real *restrict q, const real *restrict v, const real *restrict u,
                          real *restrict matrix, real *restrict rhs, real *restrict offset);
typedef void NAME(derivatives_rhs)(const real *restrict q, const real *restrict v,
                                   const real *restrict u, const real *restrict y,
                                   real *restrict rhs_z);
typedef void NAME(residual_hessian)(const real *restrict q, const real *restrict v,
                                    const real *restrict u, const real *restrict y,
                                    const real *restrict l, real *restrict L_zz,
                                    real *restrict L_yz);

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

/* The factor of the matrix, and y. */
static void NAME(solution)(NAME(system) *system, const real *restrict q, const real *restrict v,
                           const real *restrict u, real *restrict factor, real *restrict y)
{
  real offset[NV];
  system(q, v, u, factor, y, offset);
  NAME(factorize)(factor);
  NAME(solve)(factor, 1, y);
  for (int i = 0; i < NV; ++i) y[i] += offset[i];
}

static void NAME(solve_system)(NAME(system) *system, const real *restrict q, const real *restrict v,
                               const real *restrict u, real *restrict out)
{
  real factor[NV * NV], y[NV];
  NAME(solution)(system, q, v, u, factor, y);
  NAME(to_joints)(1, y, out);
}

static void NAME(solve_derivatives)(NAME(system) *system, NAME(derivatives_rhs) *derivatives_rhs,
                                    const real *restrict q, const real *restrict v,
                                    const real *restrict u, real *restrict out,
                                    real *restrict out_z)
{
  real factor[NV * NV], y[NV], y_z[NV * NZ];
  NAME(solution)(system, q, v, u, factor, y);
  NAME(to_joints)(1, y, out);
  derivatives_rhs(q, v, u, y, y_z);
  NAME(solve)(factor, NZ, y_z);
  NAME(to_joints)(NZ, y_z, out_z);
}

/* L_zz (NZ, NZ) and L_yz (NV, NZ) of the multiplier p (NV) of y in joint coordinates. */
static void NAME(solve_residual_hessian)(NAME(system) *system,
                                         NAME(residual_hessian) *residual_hessian,
                                         const real *restrict q, const real *restrict v,
                                         const real *restrict u, const real *restrict p,
                                         real *restrict L_zz, real *restrict L_yz)
{
  real factor[NV * NV], y[NV], l[NV];
  NAME(solution)(system, q, v, u, factor, y);
  memcpy(l, p, sizeof l);
  for (int i = 0; i < NV; ++i)
    if (PARENT[i] >= 0) l[PARENT[i]] -= p[i];
  NAME(solve)(factor, 1, l);
  residual_hessian(q, v, u, y, l, L_zz, L_yz);
}
