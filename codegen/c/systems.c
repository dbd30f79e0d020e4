/* Linear systems of robots with many coordinates, solved in loops.
 *
 *     matrix (y - offset) = rhs,    matrix dy/dz = rhs_z
 *
 * Straight-line code of the solution grows with the cube of the number of coordinates.  Generated is
 * what is no larger than the robot: functions that fill in the numbers other than zero, in absolute
 * coordinates (codegen/mechanics/equations_of_motion.py).  Where RIGID is defined, they leave out
 * what rigid.c adds.  The solution is in the user's coordinates: PARENT[i] is the angle that
 * coordinate i is measured from, or -1, and LEAF_FIRST lists those that move bodies, before their parents.
 *
 * `real` and NAME are as in chain.c. */

/* What adds to two arrays, from y and the multiplier l where it depends on them. */
typedef void NAME(Fill)(const real *restrict q, const real *restrict v, const real *restrict u,
                        const real *restrict y, const real *restrict l, real *restrict first,
                        real *restrict second);

typedef struct {
  NAME(Fill) *matrix; /* (NV, NV); none where articulated bodies stand for it */
  NAME(Fill) *force;  /* rhs (NV) and offset (NV) */
  NAME(Fill) *derivatives_rhs;  /* (NV, NZ) */
  NAME(Fill) *residual_hessian; /* L_zz (NZ, NZ), on and above the diagonal, and L_yz (NV, NZ) */
  double kappa;                 /* as in rigid.c */
  int from_rate;
  int by_state; /* whether derivatives_rhs fills in columns of q or v */
} NAME(System);

/* What solves a system at a state. */
typedef struct {
  real A[NV * NV]; /* the factor of a dense matrix */
#ifdef RIGID
  NAME(Posture) at;
  NAME(Articulated) bodies;
#endif
} NAME(Factor);

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
static inline void NAME(solve_dense)(const real *restrict factor, int n, real *X)
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

/* X (NV, n) <- matrix^-1 X */
static void NAME(solve)(const NAME(System) *system, const NAME(Factor) *factor, int n, real *X)
{
#ifdef RIGID
  if (!system->matrix) {
    NAME(solve_articulated)(&factor->bodies, n, 0, X, X);
    return;
  }
#endif
  NAME(solve_dense)(factor->A, n, X);
}

/* out (NV, NZ) <- matrix^-1 X in the user's coordinates; X is used up. */
static void NAME(solve_to_joints)(const NAME(System) *system, const NAME(Factor) *factor, real *X,
                                  real *restrict out)
{
#ifdef RIGID
  if (!system->matrix) {
    NAME(solve_articulated)(&factor->bodies, NZ, 1, X, out);
    return;
  }
#endif
  NAME(solve_dense)(factor->A, NZ, X);
  NAME(to_joints)(NZ, X, out);
}

/* Derivatives X (n, width) by absolute coordinates become those by the user's, in `blocks` blocks of
 * NV columns. */
static inline void NAME(columns_by_joints)(int n, int width, int blocks, real *X)
{
  for (int c = 0; c < MOVING; ++c) {
    const int child = LEAF_FIRST[c], parent = PARENT[child];
    if (parent < 0) continue;
    for (int block = 0; block < blocks; ++block)
      for (int i = 0; i < n; ++i)
        X[i * width + block * NV + parent] += X[i * width + block * NV + child];
  }
}

/* The same of blocks of NV rows. */
static inline void NAME(rows_by_joints)(int width, int blocks, real *X)
{
  for (int c = 0; c < MOVING; ++c) {
    const int child = LEAF_FIRST[c], parent = PARENT[child];
    if (parent < 0) continue;
    for (int block = 0; block < blocks; ++block)
      for (int j = 0; j < width; ++j)
        X[(block * NV + parent) * width + j] += X[(block * NV + child) * width + j];
  }
}

/* The factor of the matrix, and y. */
static void NAME(solution)(const NAME(System) *system, const real *restrict q,
                           const real *restrict v, const real *restrict u,
                           NAME(Factor) *restrict factor, real *restrict y)
{
  real offset[NV] = {0};
  memset(y, 0, NV * sizeof(real));
  system->force(q, v, u, 0, 0, y, offset);
  if (system->matrix) {
    memset(factor->A, 0, sizeof factor->A);
    system->matrix(q, v, u, 0, 0, factor->A, 0);
  }
#ifdef RIGID
  NAME(posture)(q, v, &factor->at);
  if (system->kappa != 0.0) NAME(subtract_bias)(&factor->at, system->kappa, y);
  if (system->matrix)
    NAME(add_mass)(&factor->at, factor->A);
  else
    NAME(articulate)(&factor->at, &factor->bodies);
#endif
  if (system->matrix) NAME(factorize)(factor->A);
  NAME(solve)(system, factor, 1, y);
  for (int i = 0; i < NV; ++i) y[i] += offset[i];
}

static void NAME(solve_system)(const NAME(System) *system, const real *restrict q,
                               const real *restrict v, const real *restrict u, real *restrict out)
{
  LARGE NAME(Factor) factor;
  real y[NV];
  NAME(solution)(system, q, v, u, &factor, y);
  NAME(to_joints)(1, y, out);
}

#ifdef RIGID
/* a (NV), what stands with the mass matrix: y, or its difference to the rates. */
static inline void NAME(change)(const NAME(System) *system, const NAME(Posture) *restrict at,
                                const real *restrict v, const real *restrict y, real *restrict a)
{
  memcpy(a, y, NV * sizeof(real));
  if (!system->from_rate) return;
  for (int i = 0; i < FIRST; ++i) a[i] -= v[i];
  for (int i = 0; i < ANGLES; ++i) a[FIRST + i] -= at->rate[i];
}
#endif

static void NAME(solve_derivatives)(const NAME(System) *system, const real *restrict q,
                                    const real *restrict v, const real *restrict u,
                                    real *restrict out, real *restrict out_z)
{
  LARGE NAME(Factor) factor;
  LARGE real y_z[NV * NZ];
  real y[NV];
  NAME(solution)(system, q, v, u, &factor, y);
  NAME(to_joints)(1, y, out);
  memset(y_z, 0, sizeof y_z);
  system->derivatives_rhs(q, v, u, y, 0, y_z, 0);
  if (system->by_state) NAME(columns_by_joints)(NV, NZ, 2, y_z);
#ifdef RIGID
  real a[NV];
  NAME(change)(system, &factor.at, v, y, a);
  NAME(subtract_derivatives)(&factor.at, system->kappa, system->from_rate, a, y_z);
#endif
  NAME(solve_to_joints)(system, &factor, y_z, out_z);
}

/* L_zz (NZ, NZ) and L_yz (NV, NZ) of the multiplier p (NV) of y in joint coordinates. */
static void NAME(solve_residual_hessian)(const NAME(System) *system, const real *restrict q,
                                         const real *restrict v, const real *restrict u,
                                         const real *restrict p, real *restrict L_zz,
                                         real *restrict L_yz)
{
  LARGE NAME(Factor) factor;
  real y[NV], l[NV];
  NAME(solution)(system, q, v, u, &factor, y);
  memcpy(l, p, sizeof l);
  for (int i = 0; i < NV; ++i)
    if (PARENT[i] >= 0) l[PARENT[i]] -= p[i];
  NAME(solve)(system, &factor, 1, l);
  memset(L_zz, 0, NZ * NZ * sizeof(real));
  memset(L_yz, 0, NV * NZ * sizeof(real));
#ifdef RIGID
  real a[NV];
  NAME(change)(system, &factor.at, v, y, a);
  NAME(add_curvature)(&factor.at, system->kappa, system->from_rate, a, l, L_zz, L_yz);
#endif
  system->residual_hessian(q, v, u, y, l, L_zz, L_yz);
  for (int i = 0; i < NZ; ++i)
    for (int j = 0; j < i; ++j) L_zz[i * NZ + j] = L_zz[j * NZ + i];
  NAME(columns_by_joints)(NZ, NZ, 2, L_zz);
  NAME(rows_by_joints)(NZ, 2, L_zz);
  NAME(columns_by_joints)(NV, NZ, 2, L_yz);
  NAME(rows_by_joints)(NZ, 1, L_yz);
}
