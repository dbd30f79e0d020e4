/* Second derivatives of all steps of a trajectory.  What is remembered of actions (last_actions.c) is
 * linear in them, and has none. */

/* H (T, NZ, NZ) = p_t^T f_zz along X (T, NX) and U (T, NU), of the multipliers P (T, NX).  Without
 * memory for a tape it is NaN. */
void robot_step_hessians(long T, const double *restrict X, const double *restrict U,
                         const double *restrict P, double *restrict H)
{
  Tape *const tape = aligned_alloc(sizeof(lanes), sizeof(Tape));
  for (long i = 0; !tape && i < T * NZ * NZ; ++i) H[i] = NAN;
  for (long t = 0; tape && t < T; t += LANES) {
    const long n = at_most_lanes(T - t);
    lanes x[NX], u[NU], p[NX];
    to_lanes(n, NX, NX, X + t * NX, x);
    to_lanes(n, NU, NU, U + t * NU, u);
    to_lanes(n, NX, NX, P + t * NX, p);
    period_hessian(x, u, p, tape);
    for (int i = 0; i < NZ; ++i)
      for (int j = 0; j < i; ++j) tape->sum[i * NZ + j] = tape->sum[j * NZ + i];
    from_lanes(n, NZ * NZ, NZ * NZ, tape->sum, H + t * NZ * NZ);
  }
  free(tape);
}
