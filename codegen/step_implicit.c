/* One control period of a robot in contact and its derivatives, on top of the generated functions.
 *
 * SUBSTEPS steps of length h = DT / SUBSTEPS, semi-implicit in time: the velocity first, with damping
 * and contact implicit in it, then the position with the new velocity.
 *
 *     v+ = velocity_update(q, v, u)      q+ = q + h v+
 *
 * The derivatives are those of the discrete step: with D = d(state)/d(x, u) before the substep and
 * v_z = [v_q v_v v_u],
 *
 *     D_v+ = v_q D_q + v_v D_v + [0 0 v_u]      D_q+ = D_q + h D_v+
 *
 * Sizes come from the generated file that includes this one: NQ NV NX NU NZ = NX + NU.
 * Matrices are dense and row-major.
 */

void robot_step(const double *restrict x, const double *restrict u, double *restrict x_next)
{
  const double h = DT / SUBSTEPS;
  double v[NV];
  memcpy(x_next, x, NX * sizeof(double));
  for (int substep = 0; substep < SUBSTEPS; ++substep) {
    robot_velocity_update(x_next, x_next + NQ, u, v);
    for (int i = 0; i < NQ; ++i) x_next[i] += h * v[i];
    memcpy(x_next + NQ, v, sizeof v);
  }
}

void robot_step_derivatives(const double *restrict x, const double *restrict u,
                            double *restrict x_next, double *restrict f_x,
                            double *restrict f_u)
{
  const double h = DT / SUBSTEPS;
  double v[NV], v_z[NV * NZ], D[NX * NZ] = {0}, D_v[NV * NZ];
  for (int i = 0; i < NX; ++i) D[i * NZ + i] = 1.0;
  memcpy(x_next, x, NX * sizeof(double));
  for (int substep = 0; substep < SUBSTEPS; ++substep) {
    robot_velocity_update_derivatives(x_next, x_next + NQ, u, v, v_z);
    for (int i = 0; i < NQ; ++i) x_next[i] += h * v[i];
    memcpy(x_next + NQ, v, sizeof v);
    for (int i = 0; i < NV; ++i) {
      double *row = D_v + i * NZ;
      memset(row, 0, NX * sizeof(double));
      memcpy(row + NX, v_z + i * NZ + NX, NU * sizeof(double));
      for (int k = 0; k < NX; ++k)
        for (int j = 0; j < NZ; ++j) row[j] += v_z[i * NZ + k] * D[k * NZ + j];
    }
    for (int i = 0; i < NV * NZ; ++i) D[i] += h * D_v[i];
    memcpy(D + NQ * NZ, D_v, sizeof D_v);
  }
  for (int i = 0; i < NX; ++i) {
    memcpy(f_x + i * NX, D + i * NZ, NX * sizeof(double));
    memcpy(f_u + i * NU, D + i * NZ + NX, NU * sizeof(double));
  }
}
