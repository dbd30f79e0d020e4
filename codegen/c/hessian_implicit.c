/* Of a period of step_implicit.c: v+ = y(q, v, u), q+ = q + h v+.
 *
 * A multiplier p = (p_q, p_v) of the state after a substep is p_v + h p_q for its y. */

static void period_hessian(const lanes *x, const lanes *u, const lanes *restrict p_end,
                           Tape *restrict tape)
{
  const double h = DT / SUBSTEPS;
  LARGE lanes D[NX * NZ];
  lanes q[NQ], v[NV], p[NX], p_y[NV], back[NX];
  memset(D, 0, sizeof D);
  for (int i = 0; i < NX; ++i) D[i * NZ + i] += 1.0;
  memcpy(q, x, sizeof q);
  memcpy(v, x + NQ, sizeof v);
  for (int s = 0; s < STAGES; ++s) {
    Stage *const stage = tape->stages + s;
    memcpy(stage->x, q, sizeof q);
    memcpy(stage->x + NQ, v, sizeof v);
    memcpy(stage->D, D, sizeof D);
    lanes_velocity_update_derivatives(stage->x, stage->x + NQ, u, v, stage->y_z);
    for (int i = 0; i < NQ; ++i) q[i] += h * v[i];
    lanes_chain(s == 0, stage->y_z, stage->D, D + NQ * NZ);
    for (int i = 0; i < NV * NZ; ++i) D[i] += h * D[NQ * NZ + i];
  }
  memcpy(p, p_end, sizeof p);
  memset(tape->sum, 0, sizeof tape->sum);
  for (int s = STAGES - 1; s >= 0; --s) {
    const Stage *const stage = tape->stages + s;
    for (int i = 0; i < NV; ++i) p_y[i] = p[NQ + i] + h * p[i];
    lanes_velocity_update_residual_hessian(stage->x, stage->x + NQ, u, p_y, tape->L_zz,
                                           tape->L_yz);
    add_stage(s == 0, stage, tape);
    pull_back(stage->y_z, p_y, back);
    for (int i = 0; i < NQ; ++i) p[i] += back[i];
    memcpy(p + NQ, back + NQ, NV * sizeof(lanes));
  }
}
