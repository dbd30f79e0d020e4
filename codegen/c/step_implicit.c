/* One control period of a robot in contact and its derivatives, on top of the generated functions.
 *
 * SUBSTEPS steps of length h = DT / SUBSTEPS, semi-implicit in time: the velocity first, with
 * damping and contact implicit in it, then the position with the new velocity.
 *
 *     v+ = velocity_update(q, v, u)      q+ = q + h v+
 *
 * The derivatives are those of the discrete step: with D = d(state)/d(x, u) before the substep and
 * v_z = [v_q v_v v_u],
 *
 *     D_v+ = v_q D_q + v_v D_v + [0 0 v_u]      D_q+ = D_q + h D_v+
 *
 * `real` and NAME are as in chain.c.
 */

void NAME(step)(const real *restrict x, const real *restrict u, real *restrict x_next)
{
  const double h = DT / SUBSTEPS;
  real v[NV];
  memcpy(x_next, x, NX * sizeof(real));
  for (int substep = 0; substep < SUBSTEPS; ++substep) {
    NAME(velocity_update)(x_next, x_next + NQ, u, v);
    for (int i = 0; i < NQ; ++i) x_next[i] += h * v[i];
    memcpy(x_next + NQ, v, sizeof v);
  }
}

void NAME(step_derivatives)(const real *restrict x, const real *restrict u, real *restrict x_next,
                            real *restrict f_x, real *restrict f_u)
{
  const double h = DT / SUBSTEPS;
  real v[NV];
  LARGE real v_z[NV * NZ], D[NX * NZ], D_v[NV * NZ];
  memset(D, 0, NQ * NZ * sizeof(real)); /* rows of v are written before they are read */
  for (int i = 0; i < NQ; ++i) D[i * NZ + i] += 1.0;
  memcpy(x_next, x, NX * sizeof(real));
  for (int substep = 0; substep < SUBSTEPS; ++substep) {
    NAME(velocity_update_derivatives)(x_next, x_next + NQ, u, v, v_z);
    for (int i = 0; i < NQ; ++i) x_next[i] += h * v[i];
    memcpy(x_next + NQ, v, sizeof v);
    NAME(chain)(substep == 0, v_z, D, D_v);
    for (int i = 0; i < NV * NZ; ++i) D[i] += h * D_v[i];
    memcpy(D + NQ * NZ, D_v, sizeof D_v);
  }
  for (int i = 0; i < NX; ++i) {
    memcpy(f_x + i * NX, D + i * NZ, NX * sizeof(real));
    memcpy(f_u + i * NU, D + i * NZ + NX, NU * sizeof(real));
  }
}
