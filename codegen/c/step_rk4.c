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
 * `real` and NAME are as in chain.c.
 */

void NAME(step)(const real *restrict x, const real *restrict u, real *restrict x_next)
{
  const double h = DT / SUBSTEPS;
  real start[NX], stage[NX], slope[NX];
  memcpy(x_next, x, sizeof start);
  for (int substep = 0; substep < SUBSTEPS; ++substep) {
    memcpy(start, x_next, sizeof start);
    memcpy(stage, x_next, sizeof start);
    for (int s = 0; s < 4; ++s) {
      memcpy(slope, stage + NQ, NV * sizeof(real));
      NAME(acceleration)(stage, stage + NQ, u, slope + NQ);
      for (int i = 0; i < NX; ++i) x_next[i] += h * WEIGHT[s] * slope[i];
      if (s < 3)
        for (int i = 0; i < NX; ++i) stage[i] = start[i] + h * NODE[s] * slope[i];
    }
  }
}

void NAME(step_derivatives)(const real *restrict x, const real *restrict u, real *restrict x_next,
                            real *restrict f_x, real *restrict f_u)
{
  const double h = DT / SUBSTEPS;
  real start[NX], stage[NX], slope[NX];
  LARGE real a_z[NV * NZ], D[NX * NZ], D_start[NX * NZ], D_stage[NX * NZ], d_slope[NX * NZ];
  memset(D, 0, sizeof D);
  for (int i = 0; i < NX; ++i) D[i * NZ + i] += 1.0;
  memcpy(x_next, x, sizeof start);
  for (int substep = 0; substep < SUBSTEPS; ++substep) {
    memcpy(start, x_next, sizeof start);
    memcpy(stage, x_next, sizeof start);
    memcpy(D_start, D, sizeof D);
    memcpy(D_stage, D, sizeof D);
    for (int s = 0; s < 4; ++s) {
      memcpy(slope, stage + NQ, NV * sizeof(real));
      NAME(acceleration_derivatives)(stage, stage + NQ, u, slope + NQ, a_z);
      memcpy(d_slope, D_stage + NQ * NZ, NV * NZ * sizeof(real));
      NAME(chain)(substep == 0 && s == 0, a_z, D_stage, d_slope + NQ * NZ);
      for (int i = 0; i < NX; ++i) x_next[i] += h * WEIGHT[s] * slope[i];
      for (int i = 0; i < NX * NZ; ++i) D[i] += h * WEIGHT[s] * d_slope[i];
      if (s < 3) {
        for (int i = 0; i < NX; ++i) stage[i] = start[i] + h * NODE[s] * slope[i];
        for (int i = 0; i < NX * NZ; ++i) D_stage[i] = D_start[i] + h * NODE[s] * d_slope[i];
      }
    }
  }
  for (int i = 0; i < NX; ++i) {
    memcpy(f_x + i * NX, D + i * NZ, NX * sizeof(real));
    memcpy(f_u + i * NU, D + i * NZ + NX, NU * sizeof(real));
  }
}
