/* Several trajectories side by side, or all steps of one.  Matrices are dense and row-major, one
 * block for each step. */

/* X (R, T + 1, NX) from x0 (R, NX) and U (R, T, NU). */
void robot_rollouts(long R, long T, const double *restrict x0, const double *restrict U,
                    double *restrict X)
{
  const long of_x = (T + 1) * NX, of_u = T * NU; /* numbers of one rollout */
  for (long r = 0; r < R; r += LANES) {
    const long n = at_most_lanes(R - r);
    double *states = X + r * of_x;
    lanes x[NX], u[NU], x_next[NX];
    to_lanes(n, NX, NX, x0 + r * NX, x);
    from_lanes(n, of_x, NX, x, states);
    for (long t = 0; t < T; ++t) {
      to_lanes(n, of_u, NU, U + r * of_u + t * NU, u);
      lanes_step(x, u, x_next);
      from_lanes(n, of_x, NX, x_next, states + (t + 1) * NX);
      memcpy(x, x_next, sizeof x);
    }
  }
}

/* X_new (R, T + 1, NX) and U_new (R, T, NU) from x0 (R, NX) under the feedback
 *
 *     u = U_t + size k_t + K_t (x - X_t)   within limits (2, NU),
 *
 * each with its own of the sizes (R), about the same X (T, NX) or longer and U (T, NU). */
void robot_follow(long R, long T, const double *restrict x0, const double *restrict X,
                  const double *restrict U, const double *restrict k, const double *restrict K,
                  const double *restrict sizes, const double *restrict limits,
                  double *restrict X_new, double *restrict U_new)
{
  const long of_x = (T + 1) * NX, of_u = T * NU; /* numbers of one rollout */
  for (long r = 0; r < R; r += LANES) {
    const long n = at_most_lanes(R - r);
    double *states = X_new + r * of_x, *actions = U_new + r * of_u;
    lanes size, x[NX], u[NU], x_next[NX], away[NX];
    to_lanes(n, 1, 1, sizes + r, &size);
    to_lanes(n, NX, NX, x0 + r * NX, x);
    from_lanes(n, of_x, NX, x, states);
    for (long t = 0; t < T; ++t) {
      for (int j = 0; j < NX; ++j) away[j] = x[j] - X[t * NX + j];
      for (int i = 0; i < NU; ++i) {
        u[i] = U[t * NU + i] + size * k[t * NU + i];
        for (int j = 0; j < NX; ++j) u[i] += K[(t * NU + i) * NX + j] * away[j];
        u[i] = lanes_fmin(lanes_fmax(u[i], splat(limits[i])), splat(limits[NU + i]));
      }
      from_lanes(n, of_u, NU, u, actions + t * NU);
      lanes_step(x, u, x_next);
      from_lanes(n, of_x, NX, x_next, states + (t + 1) * NX);
      memcpy(x, x_next, sizeof x);
    }
  }
}

/* X_next (N, NX) from X (N, NX) and U (N, NU). */
void robot_step_batch(long N, const double *restrict X, const double *restrict U,
                      double *restrict X_next)
{
  for (long i = 0; i < N; i += LANES) {
    const long n = at_most_lanes(N - i);
    lanes x[NX], u[NU], x_next[NX];
    to_lanes(n, NX, NX, X + i * NX, x);
    to_lanes(n, NU, NU, U + i * NU, u);
    lanes_step(x, u, x_next);
    from_lanes(n, NX, NX, x_next, X_next + i * NX);
  }
}

/* f_x (T, NX, NX) and f_u (T, NX, NU) along X (T, NX) and U (T, NU). */
void robot_linearize(long T, const double *restrict X, const double *restrict U,
                     double *restrict f_x, double *restrict f_u)
{
  for (long t = 0; t < T; t += LANES) {
    const long n = at_most_lanes(T - t);
    LARGE lanes of_x[NX * NX], of_u[NX * NU];
    lanes x[NX], u[NU], x_next[NX];
    to_lanes(n, NX, NX, X + t * NX, x);
    to_lanes(n, NU, NU, U + t * NU, u);
    lanes_step_derivatives(x, u, x_next, of_x, of_u);
    from_lanes(n, NX * NX, NX * NX, of_x, f_x + t * NX * NX);
    from_lanes(n, NX * NU, NX * NU, of_u, f_u + t * NX * NU);
  }
}
