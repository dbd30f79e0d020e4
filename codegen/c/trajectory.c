/* A trajectory in one call, step by step. */

/* X (T + 1, NX) from x0 and U (T, NU). */
void robot_rollout(long T, const double *restrict x0, const double *restrict U, double *restrict X)
{
  memcpy(X, x0, NX * sizeof(double));
  for (long t = 0; t < T; ++t) robot_step(X + t * NX, U + t * NU, X + (t + 1) * NX);
}

#ifdef TIMED /* functions of expressions are handed the time, too */
#define TIME_OF(t) &(const double){(t) * DT},
#else
#define TIME_OF(t)
#endif

/* m (T, N_MEASURES) along X (T, NX) and U (T, NU). */
void robot_measures_along(long T, const double *restrict X, const double *restrict U,
                          double *restrict m)
{
  for (long t = 0; t < T; ++t)
    robot_measures(X + t * NX, U + t * NU, TIME_OF(t) m + t * N_MEASURES);
}
