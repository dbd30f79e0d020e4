/* One control period of a robot and its derivatives, on top of the generated functions.
 *
 * The state x = (q, v) follows x' = (v, a(q, v, u)) with u held constant.  SUBSTEPS classical
 * Runge-Kutta steps of length DT / SUBSTEPS cover the period.  The derivatives are those of the
 * discrete step, carried through its stages by the chain rule: with D = d(stage state)/d(x, u),
 *
 *     d(slope)/d(x, u) = [ D_v ;  a_q D_q + a_v D_v + [0 0 a_u] ].
 *
 * One unrolled expression of the same step is an order of magnitude larger than the caches.
 *
 * Sizes come from the generated file that includes this one: NQ NV NX NU NZ = NX + NU.
 * Matrices are dense and row-major.
 */

static const double RK_NODE[3] = {0.5, 0.5, 1.0};               /* where stages 2..4 stand */
static const double RK_WEIGHT[4] = {1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6};

void robot_step(const double *restrict x, const double *restrict u, double *restrict x_next)
{
  const double h = DT / SUBSTEPS;
  double start[NX], stage[NX], slope[NX];
  memcpy(x_next, x, sizeof start);
  for (int substep = 0; substep < SUBSTEPS; ++substep) {
    memcpy(start, x_next, sizeof start);
    memcpy(stage, x_next, sizeof start);
    for (int s = 0; s < 4; ++s) {
      memcpy(slope, stage + NQ, NV * sizeof(double));
      robot_acceleration(stage, stage + NQ, u, slope + NQ);
      for (int i = 0; i < NX; ++i) x_next[i] += h * RK_WEIGHT[s] * slope[i];
      if (s < 3)
        for (int i = 0; i < NX; ++i) stage[i] = start[i] + h * RK_NODE[s] * slope[i];
    }
  }
}

/* d_slope (NX, NZ) from D (NX, NZ) and a_z = [a_q a_v a_u] (NV, NZ). */
static inline void slope_derivatives(const double *restrict a_z, const double *restrict D,
                                     double *restrict d_slope)
{
  memcpy(d_slope, D + NQ * NZ, NV * NZ * sizeof(double));
  for (int i = 0; i < NV; ++i) {
    double *row = d_slope + (NQ + i) * NZ;
    memset(row, 0, NX * sizeof(double));
    memcpy(row + NX, a_z + i * NZ + NX, NU * sizeof(double));
    for (int k = 0; k < NX; ++k)
      for (int j = 0; j < NZ; ++j) row[j] += a_z[i * NZ + k] * D[k * NZ + j];
  }
}

void robot_step_derivatives(const double *restrict x, const double *restrict u,
                            double *restrict x_next, double *restrict f_x,
                            double *restrict f_u)
{
  const double h = DT / SUBSTEPS;
  double start[NX], stage[NX], slope[NX], a_z[NV * NZ];
  double D[NX * NZ] = {0}, D_start[NX * NZ], D_stage[NX * NZ], d_slope[NX * NZ];
  for (int i = 0; i < NX; ++i) D[i * NZ + i] = 1.0;
  memcpy(x_next, x, sizeof start);
  for (int substep = 0; substep < SUBSTEPS; ++substep) {
    memcpy(start, x_next, sizeof start);
    memcpy(stage, x_next, sizeof start);
    memcpy(D_start, D, sizeof D);
    memcpy(D_stage, D, sizeof D);
    for (int s = 0; s < 4; ++s) {
      memcpy(slope, stage + NQ, NV * sizeof(double));
      robot_acceleration_derivatives(stage, stage + NQ, u, slope + NQ, a_z);
      slope_derivatives(a_z, D_stage, d_slope);
      for (int i = 0; i < NX; ++i) x_next[i] += h * RK_WEIGHT[s] * slope[i];
      for (int i = 0; i < NX * NZ; ++i) D[i] += h * RK_WEIGHT[s] * d_slope[i];
      if (s < 3) {
        for (int i = 0; i < NX; ++i) stage[i] = start[i] + h * RK_NODE[s] * slope[i];
        for (int i = 0; i < NX * NZ; ++i) D_stage[i] = D_start[i] + h * RK_NODE[s] * d_slope[i];
      }
    }
  }
  for (int i = 0; i < NX; ++i) {
    memcpy(f_x + i * NX, D + i * NZ, NX * sizeof(double));
    memcpy(f_u + i * NU, D + i * NZ + NX, NU * sizeof(double));
  }
}
