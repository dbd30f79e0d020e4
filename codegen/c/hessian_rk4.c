/* Of a period of step_rk4.c: slopes k_s = (v_s, a(q_s, v_s, u)) at x_s = x + h c_s k_(s-1), and
 * x+ = x + h sum w_s k_s.
 *
 * With p the multiplier of x+ and b_s that of x_s, k_s has h (w_s p + c_(s+1) b_(s+1)), whose half
 * of the velocities is that of a, and x has p + sum b_s. */

static void period_hessian(const lanes *x, const lanes *u, const lanes *restrict p_end,
                           Tape *restrict tape)
{
  const double h = DT / SUBSTEPS;
  LARGE lanes d_slope[NX * NZ], D_start[NX * NZ], D[NX * NZ];
  lanes start[NX], slope[NX], p[NX], p_slope[NX], b[NX];
  memset(D, 0, sizeof D);
  for (int i = 0; i < NX; ++i) D[i * NZ + i] += 1.0;
  memcpy(start, x, sizeof start);
  for (int substep = 0; substep < SUBSTEPS; ++substep) {
    Stage *stage = tape->stages + 4 * substep;
    lanes next[NX];
    memcpy(next, start, sizeof next);
    memcpy(D_start, D, sizeof D);
    memcpy(stage->x, start, sizeof start);
    memcpy(stage->D, D, sizeof D);
    for (int s = 0; s < 4; ++s, ++stage) {
      memcpy(slope, stage->x + NQ, NV * sizeof(lanes));
      lanes_acceleration_derivatives(stage->x, stage->x + NQ, u, slope + NQ, stage->y_z);
      memcpy(d_slope, stage->D + NQ * NZ, NV * NZ * sizeof(lanes));
      lanes_chain(substep == 0 && s == 0, stage->y_z, stage->D, d_slope + NQ * NZ);
      for (int i = 0; i < NX; ++i) next[i] += h * WEIGHT[s] * slope[i];
      for (int i = 0; i < NX * NZ; ++i) D[i] += h * WEIGHT[s] * d_slope[i];
      if (s == 3) continue;
      for (int i = 0; i < NX; ++i) stage[1].x[i] = start[i] + h * NODE[s] * slope[i];
      for (int i = 0; i < NX * NZ; ++i)
        stage[1].D[i] = D_start[i] + h * NODE[s] * d_slope[i];
    }
    memcpy(start, next, sizeof next);
  }
  memcpy(p, p_end, sizeof p);
  memset(tape->sum, 0, sizeof tape->sum);
  for (int substep = SUBSTEPS - 1; substep >= 0; --substep) {
    lanes p_start[NX];
    memcpy(p_start, p, sizeof p);
    for (int s = 3; s >= 0; --s) {
      const Stage *const stage = tape->stages + 4 * substep + s;
      for (int i = 0; i < NX; ++i) p_slope[i] = h * WEIGHT[s] * p[i];
      if (s < 3)
        for (int i = 0; i < NX; ++i) p_slope[i] += h * NODE[s] * b[i];
      lanes_acceleration_residual_hessian(stage->x, stage->x + NQ, u, p_slope + NQ, tape->L_zz,
                                          tape->L_yz);
      add_stage(substep == 0 && s == 0, stage, tape);
      pull_back(stage->y_z, p_slope + NQ, b);
      for (int i = 0; i < NV; ++i) b[NQ + i] += p_slope[i];
      for (int i = 0; i < NX; ++i) p_start[i] += b[i];
    }
    memcpy(p, p_start, sizeof p);
  }
}
