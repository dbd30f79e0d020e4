/* Whole trajectories in one call.  Matrices are dense and row-major, one block a step. */

/* X (T + 1, NX) from x0 and U (T, NU). */
void robot_rollout(long T, const double *restrict x0, const double *restrict U, double *restrict X)
{
  memcpy(X, x0, NX * sizeof(double));
  for (long t = 0; t < T; ++t) robot_step(X + t * NX, U + t * NU, X + (t + 1) * NX);
}

/* f_x (T, NX, NX) and f_u (T, NX, NU) along X (T, NX) and U (T, NU). */
void robot_linearize(long T, const double *restrict X, const double *restrict U,
                     double *restrict f_x, double *restrict f_u)
{
  double x_next[NX];
  for (long t = 0; t < T; ++t)
    robot_step_derivatives(X + t * NX, U + t * NU, x_next,
                           f_x + t * NX * NX, f_u + t * NX * NU);
}

/* c (T,) along X (T, NX) and U (T, NU). */
void robot_costs(long T, const double *restrict X, const double *restrict U, double *restrict c)
{
  for (long t = 0; t < T; ++t) robot_cost(X + t * NX, U + t * NU, X, c + t);
}

/* m (T, N_MEASURES) along X (T, NX) and U (T, NU). */
void robot_measures_along(long T, const double *restrict X, const double *restrict U,
                          double *restrict m)
{
  for (long t = 0; t < T; ++t) robot_measures(X + t * NX, U + t * NU, m + t * N_MEASURES);
}
