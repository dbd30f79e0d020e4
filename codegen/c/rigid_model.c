/* What users ask of a robot whose mass is in loops: M, its bias and energy, and how points move. */

void robot_mass_matrix(const double *restrict q, double *restrict M)
{
  robot_Posture at;
  robot_posture(q, q, &at); /* rates do not matter */
  memset(M, 0, NV * NV * sizeof(double));
  robot_fill_mass_rest(q, 0, 0, 0, 0, M, 0);
  robot_add_mass(&at, M);
  robot_columns_by_joints(NV, NV, 1, M);
  robot_rows_by_joints(NV, 1, M);
}

void robot_bias_force(const double *restrict q, const double *restrict v, double *restrict h)
{
  robot_Posture at;
  robot_posture(q, v, &at);
  memset(h, 0, NV * sizeof(double));
  robot_subtract_bias(&at, -1.0, h);
  robot_rows_by_joints(1, 1, h);
}

void robot_energy(const double *restrict q, const double *restrict v, double *restrict E)
{
  robot_Posture at;
  double M[NV * NV] = {0}, rate[NV] = {0}, height = FLOATS ? TOTAL_MASS * q[1] : 0.0;
  robot_posture(q, v, &at);
  robot_add_mass(&at, M);
  for (int i = 0; i < FIRST; ++i) rate[i] = v[i];
  for (int i = 0; i < ANGLES; ++i) rate[FIRST + i] = at.rate[i], height += at.u_y[i];
  robot_energy_rest(q, v, E);
  *E += GRAVITY * height;
  for (int i = 0; i < NV; ++i)
    for (int j = 0; j < NV; ++j) *E += 0.5 * rate[i] * M[i * NV + j] * rate[j];
}

/* J (N_POINTS, 2, NV).  A point is the root and the sum of its ARMS_FROM[p] to ARMS_FROM[p + 1]. */
void robot_point_jacobians(const double *restrict q, double *restrict J)
{
  robot_Posture at;
  robot_posture(q, q, &at); /* rates do not matter */
  memset(J, 0, N_POINTS * 2 * NV * sizeof(double));
  for (int p = 0; p < N_POINTS; ++p) {
    double *const x = J + p * 2 * NV, *const y = x + NV;
    for (int k = ARMS_FROM[p]; k < ARMS_FROM[p + 1]; ++k) {
      const int a = ARMS[k];
      const double c = at.cosine[a], s = at.sine[a], *const arm = POINT_ARM[k];
      x[FIRST + a] = -(s * arm[0] + c * arm[1]);
      y[FIRST + a] = c * arm[0] - s * arm[1];
    }
    if (FLOATS) x[0] = 1.0, y[1] = 1.0;
  }
  robot_columns_by_joints(2 * N_POINTS, NV, 1, J);
}
