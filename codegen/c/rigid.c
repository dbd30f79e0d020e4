/* The equations of motion of bodies that turn about each other, in loops over pairs of angles.
 *
 * In absolute angles w, with vectors as complex numbers (codegen/mechanics/turning_tree.py),
 *
 *     P_ac + i S_ac = e^(i (w_c - w_a)) C_ac,      u_a = e^(i w_a) mu_a,
 *
 * and the root's origin at (x, y), what mass contributes is M a + bias with
 *
 *     row a:  sum_c P_ac a_c - S_ac w'_c^2  -  u_a.y a_x + u_a.x (a_y + g)
 *     row x:  total a_x + sum_c -u_c.y a_c - u_c.x w'_c^2
 *     row y:  total (a_y + g) + sum_c u_c.x a_c - u_c.y w'_c^2
 *
 * P' = -S and S' = P by w_c - w_a make its derivatives as short.  `kappa` multiplies the bias: 1 in
 * an acceleration, the time step in a change of velocity, 0 in an impulse.
 *
 * The generated file defines ANGLES (their number), FIRST (the coordinate of the first), FLOATS,
 * the tree: CARRIER, ORDER, ARM, MASS, MOMENT, CHILDREN, BEFORE (each angle and those that carry it)
 * and BEYOND (it and those that it carries) as runs of neighbours, the pairs: ALONG + i ACROSS = C,
 * MU, and TOTAL_MASS, GRAVITY.  `real` and NAME are as in chain.c. */

typedef struct {
  real rate[ANGLES], cosine[ANGLES], sine[ANGLES]; /* w', cos w, sin w */
  real u_x[ANGLES], u_y[ANGLES];
  real arm_x[ANGLES], arm_y[ANGLES]; /* from the joint of the carrier to the own one, in the world */
} NAME(Posture);

static void NAME(posture)(const real *restrict q, const real *restrict v,
                          NAME(Posture) *restrict at)
{
  real angle[ANGLES];
  for (int o = 0; o < ANGLES; ++o) {
    const int i = ORDER[o], carrier = CARRIER[i];
    angle[i] = carrier < 0 ? q[FIRST + i] : q[FIRST + i] + angle[carrier];
    at->rate[i] = carrier < 0 ? v[FIRST + i] : v[FIRST + i] + at->rate[carrier];
  }
  NAME(cosines_and_sines)(angle, at->cosine, at->sine);
  for (int i = 0; i < ANGLES; ++i) {
    const real c = at->cosine[i], s = at->sine[i];
    at->u_x[i] = c * MU[i][0] - s * MU[i][1];
    at->u_y[i] = s * MU[i][0] + c * MU[i][1];
  }
  for (int i = 0; i < ANGLES; ++i) {
    const int carrier = CARRIER[i];
    if (carrier < 0) {
      at->arm_x[i] = at->arm_y[i] = (real){0};
      continue;
    }
    const real c = at->cosine[carrier], s = at->sine[carrier];
    at->arm_x[i] = c * ARM[i][0] - s * ARM[i][1];
    at->arm_y[i] = s * ARM[i][0] + c * ARM[i][1];
  }
}

/* P_ac and S_ac of a row, for every c. */
static inline void NAME(pairs)(const NAME(Posture) *restrict at, int a, real *restrict P,
                               real *restrict S)
{
  const real c_a = at->cosine[a], s_a = at->sine[a];
  for (int c = 0; c < ANGLES; ++c) {
    const real cosine = c_a * at->cosine[c] + s_a * at->sine[c];
    const real sine = c_a * at->sine[c] - s_a * at->cosine[c];
    P[c] = cosine * ALONG[a][c] - sine * ACROSS[a][c];
    S[c] = sine * ALONG[a][c] + cosine * ACROSS[a][c];
  }
}

/* matrix (NV, NV) += M */
static void NAME(add_mass)(const NAME(Posture) *restrict at, real *restrict matrix)
{
  real P[ANGLES], S[ANGLES];
  for (int a = 0; a < ANGLES; ++a) {
    const int i = FIRST + a;
    NAME(pairs)(at, a, P, S);
    for (int c = 0; c < ANGLES; ++c) matrix[i * NV + FIRST + c] += P[c];
    if (FLOATS) {
      matrix[i] -= at->u_y[a], matrix[i * NV] -= at->u_y[a];
      matrix[NV + i] += at->u_x[a], matrix[i * NV + 1] += at->u_x[a];
    }
  }
  if (FLOATS) matrix[0] += TOTAL_MASS, matrix[NV + 1] += TOTAL_MASS;
}

/* rhs (NV) -= kappa bias, from the root to the leaves and back. */
static void NAME(subtract_bias)(const NAME(Posture) *restrict at, double kappa, real *restrict rhs)
{
  real a_x[ANGLES], a_y[ANGLES], force_x[ANGLES], force_y[ANGLES]; /* of the joints */
  for (int o = 0; o < ANGLES; ++o) {
    const int i = ORDER[o], carrier = CARRIER[i];
    a_x[i] = (real){0};
    a_y[i] = (real){0} + GRAVITY;
    if (carrier >= 0) {
      const real turning = at->rate[carrier] * at->rate[carrier];
      a_x[i] = a_x[carrier] - turning * at->arm_x[i];
      a_y[i] = a_y[carrier] - turning * at->arm_y[i];
    }
  }
  real root_x = {0}, root_y = {0};
  for (int i = 0; i < ANGLES; ++i) {
    const real c = at->cosine[i], s = at->sine[i], turning = at->rate[i] * at->rate[i];
    const real m_x = c * MOMENT[i][0] - s * MOMENT[i][1], m_y = s * MOMENT[i][0] + c * MOMENT[i][1];
    force_x[i] = MASS[i] * a_x[i] - turning * m_x;
    force_y[i] = MASS[i] * a_y[i] - turning * m_y;
    rhs[FIRST + i] -= kappa * (m_x * a_y[i] - m_y * a_x[i]);
  }
  for (int o = ANGLES - 1; o >= 0; --o) {
    const int i = ORDER[o], carrier = CARRIER[i];
    if (carrier < 0) {
      root_x += force_x[i], root_y += force_y[i];
      continue;
    }
    force_x[carrier] += force_x[i], force_y[carrier] += force_y[i];
    rhs[FIRST + carrier] -= kappa * (at->arm_x[i] * force_y[i] - at->arm_y[i] * force_x[i]);
  }
  if (FLOATS) rhs[0] -= kappa * root_x, rhs[1] -= kappa * root_y;
}

/* row (ANGLES) += from.x of_x + from.y of_y + constant, in those of its elements that runs list. */
static inline void NAME(add_in_runs)(int begin, int end, const int (*runs)[2], real from_x,
                                     real from_y, real constant, const real *restrict of_x,
                                     const real *restrict of_y, real *restrict row)
{
  for (int run = begin; run < end; ++run)
    for (int j = runs[run][0]; j < runs[run][1]; ++j)
      row[j] += from_x * of_x[j] + from_y * of_y[j] + constant;
}

/* Along the tree: at each joint the sum of what its carriers do, `before`, and of what it and all
 * beyond do, `beyond`, of the products of arms before it, and of u, with complex factors. */
static inline void NAME(sums_along)(const NAME(Posture) *restrict at, const real *restrict factor_x,
                                    const real *restrict factor_y, real start_x, real start_y,
                                    real *restrict before_x, real *restrict before_y,
                                    real *restrict beyond_x, real *restrict beyond_y)
{
  for (int o = 0; o < ANGLES; ++o) {
    const int i = ORDER[o], carrier = CARRIER[i];
    before_x[i] = start_x, before_y[i] = start_y;
    if (carrier < 0) continue;
    const real x = factor_x[carrier], y = factor_y[carrier];
    before_x[i] = before_x[carrier] + at->arm_x[i] * x - at->arm_y[i] * y;
    before_y[i] = before_y[carrier] + at->arm_x[i] * y + at->arm_y[i] * x;
  }
  for (int i = 0; i < ANGLES; ++i) {
    beyond_x[i] = at->u_x[i] * factor_x[i] - at->u_y[i] * factor_y[i];
    beyond_y[i] = at->u_x[i] * factor_y[i] + at->u_y[i] * factor_x[i];
  }
  for (int o = ANGLES - 1; o >= 0; --o) {
    const int i = ORDER[o], carrier = CARRIER[i];
    if (carrier >= 0) beyond_x[carrier] += beyond_x[i], beyond_y[carrier] += beyond_y[i];
  }
}

/* rhs_z (NV, NZ) -= d(M a + kappa bias)/d(q, v), for accelerations or changes a (NV).  Where
 * `from_rate`, a is the difference between a rate and w', which is then differentiated, too.
 *
 * By the coordinate q_j all that is beyond the joint j turns about it.  That leaves what these
 * bodies do to each other as it is: for their rows only the acceleration `before` j, that of the
 * joint, turns against them, and for the rows of those that carry them only the force `beyond`. */
static void NAME(subtract_derivatives)(const NAME(Posture) *restrict at, double kappa,
                                       int from_rate, const real *restrict a,
                                       real *restrict rhs_z)
{
  real factor_x[ANGLES], factor_y[ANGLES], rate_x[ANGLES], rate_y[ANGLES];
  real joint_x[ANGLES], joint_y[ANGLES], force_x[ANGLES], force_y[ANGLES]; /* by q */
  real drift_x[ANGLES], drift_y[ANGLES], impulse_x[ANGLES], impulse_y[ANGLES]; /* by v */
  for (int c = 0; c < ANGLES; ++c) { /* times i, an angle's acceleration, and that by its rate */
    factor_x[c] = -kappa * at->rate[c] * at->rate[c];
    factor_y[c] = a[FIRST + c];
    rate_x[c] = (real){0} - from_rate;
    rate_y[c] = 2.0 * kappa * at->rate[c];
  }
  NAME(sums_along)(at, factor_x, factor_y, FLOATS ? a[0] : (real){0},
                   (FLOATS ? a[1] : (real){0}) + kappa * GRAVITY, joint_x, joint_y, force_x,
                   force_y);
  NAME(sums_along)(at, rate_x, rate_y, (real){0}, (real){0}, drift_x, drift_y, impulse_x,
                   impulse_y);
  for (int r = 0; r < ANGLES; ++r) {
    real *const by_q = rhs_z + (FIRST + r) * NZ + FIRST, *const by_v = by_q + NQ;
    const real u_x = at->u_x[r], u_y = at->u_y[r];
    real all = u_x * drift_x[r] + u_y * drift_y[r] - from_rate * ALONG[r][r];
    for (int k = CHILDREN_FROM[r]; k < CHILDREN_FROM[r + 1]; ++k) {
      const int child = CHILDREN[k];
      const real x = at->arm_x[child], y = at->arm_y[child], none = {0};
      const int begin = BEYOND_FROM[child], end = BEYOND_FROM[child + 1];
      all += x * impulse_x[child] + y * impulse_y[child];
      NAME(add_in_runs)(begin, end, BEYOND, -x, -y, none, force_x, force_y, by_q);
      NAME(add_in_runs)(begin, end, BEYOND, -x, -y, none, impulse_x, impulse_y, by_v);
    }
    const int begin = BEFORE_FROM[r], end = BEFORE_FROM[r + 1];
    NAME(add_in_runs)(begin, end, BEFORE, u_x, u_y, (real){0}, joint_x, joint_y, by_q);
    NAME(add_in_runs)(begin, end, BEFORE, u_x, u_y, -all, drift_x, drift_y, by_v);
    if (!FLOATS) continue;
    rhs_z[FIRST + r] += force_y[r];
    rhs_z[NZ + FIRST + r] -= force_x[r];
    rhs_z[NQ + FIRST + r] += impulse_y[r];
    rhs_z[NZ + NQ + FIRST + r] -= impulse_x[r];
    by_v[-FIRST] -= from_rate * u_y;
    by_v[1 - FIRST] += from_rate * u_x;
  }
  if (FLOATS && from_rate) rhs_z[NQ] += TOTAL_MASS, rhs_z[NZ + NQ + 1] += TOTAL_MASS;
}

/* L_zz (NZ, NZ) and L_yz (NV, NZ), which are zero, of L = l^T (M a + kappa bias) in absolute
 * coordinates; of L_zz the blocks above the diagonal. */
static void NAME(add_curvature)(const NAME(Posture) *restrict at, double kappa, int from_rate,
                                const real *restrict a, const real *restrict l,
                                real *restrict L_zz, real *restrict L_yz)
{
  real P[ANGLES], S[ANGLES], turning[ANGLES], twice[ANGLES];
  const real a_x = FLOATS ? a[0] : (real){0}, l_x = FLOATS ? l[0] : (real){0};
  const real a_y = (FLOATS ? a[1] : (real){0}) + kappa * GRAVITY, l_y = FLOATS ? l[1] : (real){0};
  const real *const l_of = l + FIRST, *const a_of = a + FIRST;
  for (int c = 0; c < ANGLES; ++c) {
    twice[c] = 2.0 * kappa * at->rate[c];
    turning[c] = kappa * at->rate[c] * at->rate[c];
  }
  for (int r = 0; r < ANGLES; ++r) {
    real *const by_w = L_zz + (FIRST + r) * NZ + FIRST, *const by_rate = by_w + NQ;
    real *const change = L_yz + (FIRST + r) * NZ + FIRST;
    const real u_x = at->u_x[r], u_y = at->u_y[r];
    real w_w = {0}, w_rate = {0}, across = {0}; /* the row's own, sums over pairs */
    NAME(pairs)(at, r, P, S);
    for (int c = 0; c < ANGLES; ++c) { /* what c = r adds to a pair, it takes from the own sum */
      const real both = P[c] * (l_of[r] * a_of[c] + l_of[c] * a_of[r]) +
                        S[c] * (l_of[c] * turning[r] - l_of[r] * turning[c]);
      by_w[c] += both;
      by_rate[c] += P[c] * l_of[r] * twice[c];
      change[c] -= S[c] * l_of[c];
      w_w -= both;
      w_rate -= P[c] * l_of[c];
      across += S[c] * l_of[c];
    }
    const real along = l_of[r] * a_x + l_x * a_of[r] + l_y * turning[r];
    const real upwards = l_of[r] * a_y - l_x * turning[r] + l_y * a_of[r];
    by_w[r] += w_w + u_y * along - u_x * upwards;
    by_rate[r] += twice[r] * (w_rate - u_x * l_y + u_y * l_x);
    L_zz[(NQ + FIRST + r) * NZ + NQ + FIRST + r] +=
        2.0 * kappa * (across - u_x * l_x - u_y * l_y);
    change[r] += across - u_x * l_x - u_y * l_y;
    if (FLOATS) {
      L_yz[FIRST + r] -= u_x * l_of[r];
      L_yz[NZ + FIRST + r] -= u_y * l_of[r];
    }
  }
  if (from_rate) /* what M (y - w') has by y, it has by w' with the other sign */
    for (int i = 0; i < NV; ++i)
      for (int c = 0; c < ANGLES; ++c) L_zz[(FIRST + c) * NZ + NQ + i] -= L_yz[i * NZ + FIRST + c];
}
