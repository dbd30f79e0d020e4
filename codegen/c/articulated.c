/* M y = f in time that grows with the number of bodies: articulated bodies (Featherstone 2008,
 * ch. 7), in the plane and in absolute angles.
 *
 * A joint passes on no torque, only a force.  Seen from its joint, a body with all that it carries
 * resists the joint's acceleration z with the force Lambda z + beta, where
 *
 *     N = m 1 + sum Lambda_k,   b = m r' + sum Lambda_k a_k',   J = I + sum a_k' . Lambda_k a_k'
 *     Lambda = N - b b^T / J,   beta = sum beta_k + b y_0 / J,  y_0 = f - sum a_k' . beta_k
 *
 * over the bodies k that it carries, a_k' and r' being the arm and the centre of mass turned by 90
 * degrees.  From the root on, y = y_0 / J - (b / J) . z.  `real` and NAME are as in chain.c. */

typedef struct {
  real inverse[ANGLES], slope_x[ANGLES], slope_y[ANGLES]; /* 1 / J and b / J */
  real root_xx, root_xy, root_yy; /* Lambda^-1 of a root that floats */
  real arm_x[ANGLES], arm_y[ANGLES];
} NAME(Articulated);

static void NAME(articulate)(const NAME(Posture) *restrict at, NAME(Articulated) *restrict out)
{
  real xx[ANGLES], xy[ANGLES], yy[ANGLES], b_x[ANGLES], b_y[ANGLES], J[ANGLES];
  for (int i = 0; i < ANGLES; ++i) {
    const real c = at->cosine[i], s = at->sine[i];
    xx[i] = yy[i] = (real){0} + MASS[i];
    xy[i] = (real){0};
    b_x[i] = -(s * MOMENT[i][0] + c * MOMENT[i][1]);
    b_y[i] = c * MOMENT[i][0] - s * MOMENT[i][1];
    J[i] = (real){0} + INERTIA[i];
  }
  memcpy(out->arm_x, at->arm_x, sizeof out->arm_x);
  memcpy(out->arm_y, at->arm_y, sizeof out->arm_y);
  for (int o = ANGLES - 1; o >= 0; --o) {
    const int i = ORDER[o], carrier = CARRIER[i];
    const real inverse = 1.0 / J[i], x = b_x[i] * inverse, y = b_y[i] * inverse;
    const real l_xx = xx[i] - b_x[i] * x, l_xy = xy[i] - b_x[i] * y, l_yy = yy[i] - b_y[i] * y;
    out->inverse[i] = inverse, out->slope_x[i] = x, out->slope_y[i] = y;
    if (carrier >= 0) {
      const real a_x = -at->arm_y[i], a_y = at->arm_x[i];
      const real force_x = l_xx * a_x + l_xy * a_y, force_y = l_xy * a_x + l_yy * a_y;
      xx[carrier] += l_xx, xy[carrier] += l_xy, yy[carrier] += l_yy;
      b_x[carrier] += force_x, b_y[carrier] += force_y;
      J[carrier] += a_x * force_x + a_y * force_y;
    } else if (FLOATS) {
      const real determinant = 1.0 / (l_xx * l_yy - l_xy * l_xy);
      out->root_xx = l_yy * determinant;
      out->root_xy = -l_xy * determinant;
      out->root_yy = l_xx * determinant;
    }
  }
}

/* Columns of X (NV, n) are solved ABREAST vectors at a time, so that their sums stay at hand: a vector
 * holds LANES columns of doubles, or one of lanes. */
enum { NAME(COLUMNS) = sizeof(lanes) / sizeof(real), ABREAST = 4 };

/* out <- M^-1 X of `abreast` vectors of columns, of which the first begins at both (NV, n). */
INLINE void NAME(solve_abreast)(const NAME(Articulated) *restrict of, int n, int abreast,
                                int to_joints, real *X, real *out)
{
#define EACH_VECTOR \
  _Pragma("GCC unroll 4") for (int k = 0; k < abreast; ++k)
#define ROW(of, i) (*(loose_lanes *)(of + (i) * n + k * NAME(COLUMNS)))
  lanes y[ANGLES][ABREAST], f_x[ANGLES][ABREAST], f_y[ANGLES][ABREAST];
  lanes root_x[ABREAST] = {{0}}, root_y[ABREAST] = {{0}};
  for (int i = 0; i < ANGLES; ++i)
    EACH_VECTOR y[i][k] = ROW(X, FIRST + i), f_x[i][k] = f_y[i][k] = (lanes){0};
  for (int o = ANGLES - 1; o >= 0; --o) {
    const int i = ORDER[o], carrier = CARRIER[i];
    const real slope_x = of->slope_x[i], slope_y = of->slope_y[i];
    const real a_x = -of->arm_y[i], a_y = of->arm_x[i];
    EACH_VECTOR {
      const lanes beta_x = f_x[i][k] + slope_x * y[i][k], beta_y = f_y[i][k] + slope_y * y[i][k];
      if (carrier >= 0) {
        f_x[carrier][k] += beta_x, f_y[carrier][k] += beta_y;
        y[carrier][k] -= a_x * beta_x + a_y * beta_y;
      } else {
        root_x[k] -= beta_x, root_y[k] -= beta_y;
      }
    }
  }
  EACH_VECTOR { /* from here on f and root are accelerations */
    if (FLOATS) {
      const lanes x = root_x[k] + ROW(X, 0), y_ = root_y[k] + ROW(X, 1);
      ROW(out, 0) = root_x[k] = of->root_xx * x + of->root_xy * y_;
      ROW(out, 1) = root_y[k] = of->root_xy * x + of->root_yy * y_;
    } else {
      root_x[k] = root_y[k] = (lanes){0};
    }
  }
  for (int o = 0; o < ANGLES; ++o) {
    const int i = ORDER[o], carrier = CARRIER[i];
    const real inverse = of->inverse[i], slope_x = of->slope_x[i], slope_y = of->slope_y[i];
    const real a_x = -of->arm_y[i], a_y = of->arm_x[i];
    EACH_VECTOR {
      f_x[i][k] = carrier < 0 ? root_x[k] : f_x[carrier][k] + a_x * y[carrier][k];
      f_y[i][k] = carrier < 0 ? root_y[k] : f_y[carrier][k] + a_y * y[carrier][k];
      y[i][k] = inverse * y[i][k] - slope_x * f_x[i][k] - slope_y * f_y[i][k];
      ROW(out, FIRST + i) = to_joints && carrier >= 0 ? y[i][k] - y[carrier][k] : y[i][k];
    }
  }
}

/* out (NV, n) <- M^-1 X, by the user's coordinates where `to_joints`; out may be X.  Coordinates that
 * move no body have an inertia of 1. */
INLINE void NAME(solve_articulated)(const NAME(Articulated) *restrict of, int n, int to_joints,
                                    real *X, real *out)
{
  enum { AT_ONCE = ABREAST * NAME(COLUMNS) };
  int j = 0;
  for (; j + AT_ONCE <= n; j += AT_ONCE) NAME(solve_abreast)(of, n, ABREAST, to_joints, X + j, out + j);
  for (; j < n; j += NAME(COLUMNS)) { /* the rest, in vectors of their own */
    const int left = n - j < NAME(COLUMNS) ? n - j : NAME(COLUMNS);
    real rest[(FIRST + ANGLES) * NAME(COLUMNS)] = {0};
    for (int i = 0; i < FIRST + ANGLES; ++i)
      for (int k = 0; k < left; ++k) rest[i * NAME(COLUMNS) + k] = X[i * n + j + k];
    NAME(solve_abreast)(of, NAME(COLUMNS), 1, to_joints, rest, rest);
    for (int i = 0; i < FIRST + ANGLES; ++i)
      for (int k = 0; k < left; ++k) out[i * n + j + k] = rest[i * NAME(COLUMNS) + k];
  }
  const int moving = FIRST + ANGLES;
  if (out != X) memcpy(out + moving * n, X + moving * n, (NV - moving) * n * sizeof(real));
}
#undef EACH_VECTOR
#undef ROW
