/* Rollouts of policies with one softplus hidden layer (policy/rollouts.py), one in each lane.
 *
 *     u = W2 softplus(W1 y[observed] + b1) + b2 + noise   within limits
 *
 * y is x, or what the expressions of task.observe make of it and of the time.
 *
 * Each may have weights of its own.  What one rollout is given stands in a row of an array, and an
 * array with fewer rows than there are rollouts is read again from its first; where one has none,
 * nothing acts.  The last step's cost includes the final cost, where the task has one.  A rollout
 * that diverges is stepped on with the others, but nothing more of it is stored.
 */

/* out (width) from rows that stand anywhere. */
INLINE void gather(const double *const *rows, int width, lanes *restrict out)
{
  EACH_BLOCK
  {
    lanes block[LANES];
#pragma GCC unroll 8
    for (int l = 0; l < LANES; ++l)
      if (columns == LANES)
        memcpy(block + l, rows[l] + i, sizeof(lanes));
      else
        block[l] = few(rows[l] + i, columns);
    transpose(block);
#pragma GCC unroll 8
    for (int c = 0; c < columns; ++c) out[i + c] = block[c];
  }
}

/* What each lane reads of an array with `rows` rows of `size` numbers, from rollout `first` on. */
INLINE void rows_of(const double *array, long rows, long size, long first, const double **row)
{
  for (int l = 0; l < LANES; ++l) row[l] = rows ? array + (first + l) % rows * size : array;
}

INLINE void advance(const double **row, int size)
{
  for (int l = 0; l < LANES; ++l) row[l] += size;
}

static inline lanes softplus(lanes z)
{
  return lanes_fmax(z, splat(0.0)) + lanes_softplus_tail(lanes_fabs(z));
}

/* sum (m) += A (m, n) v, of v all n entries or the n that `chosen` names.  Four sums are built side
 * by side, for each waits for its last product. */
static inline void add_products(long m, long n, const lanes *restrict A, const lanes *restrict v,
                                const long *restrict chosen, lanes *restrict sum)
{
  long i = 0;
  for (; i + 4 <= m; i += 4) {
    const lanes *const a = A + i * n;
    lanes s0 = sum[i], s1 = sum[i + 1], s2 = sum[i + 2], s3 = sum[i + 3];
    for (long j = 0; j < n; ++j) {
      const lanes each = v[chosen ? chosen[j] : j];
      s0 += a[j] * each, s1 += a[n + j] * each;
      s2 += a[2 * n + j] * each, s3 += a[3 * n + j] * each;
    }
    sum[i] = s0, sum[i + 1] = s1, sum[i + 2] = s2, sum[i + 3] = s3;
  }
  for (; i < m; ++i)
    for (long j = 0; j < n; ++j) sum[i] += A[i * n + j] * v[chosen ? chosen[j] : j];
}

/* mean (NU) of the policy theta = (W1, b1, W2, b2, ...) that sees y; `hidden` is work space. */
static void mean_actions(long n_in, long n_hidden, const long *restrict observed,
                         const lanes *restrict theta, const lanes *restrict y,
                         lanes *restrict hidden, lanes *restrict mean)
{
  const lanes *const b1 = theta + n_hidden * n_in, *const W2 = b1 + n_hidden;
  const lanes *const b2 = W2 + NU * n_hidden;
  for (long h = 0; h < n_hidden; ++h) hidden[h] = b1[h];
  add_products(n_hidden, n_in, theta, y, observed, hidden);
  for (long h = 0; h < n_hidden; ++h) hidden[h] = softplus(hidden[h]);
  for (long i = 0; i < NU; ++i) mean[i] = b2[i];
  add_products(NU, n_hidden, W2, hidden, NULL, mean);
}

/* Add what pushes (n_pushed) on points of each lane's posture q (NQ) are as impulses p (NV). */
static void add_pushes(long n_pushed, const long *restrict points, const double *const *pushes,
                       const lanes *restrict q, lanes *restrict p)
{
  for (int l = 0; l < LANES; ++l)
    for (long d = 0; d < n_pushed; ++d) {
      if (pushes[l][d] == 0.0) continue;
      double posture[NQ], J[N_POINTS * 2 * NV];
      for (int i = 0; i < NQ; ++i) posture[i] = q[i][l];
      robot_point_jacobians(posture, J);
      for (int i = 0; i < NV; ++i) p[i][l] += J[points[d] * 2 * NV + i] * pushes[l][d];
    }
}

#ifdef TIMED /* functions of expressions are handed the time, too */
#define LANES_TIME(t) (const lanes[]){splat((t) * DT)},
#else
#define LANES_TIME(t)
#endif

void robot_policy_rollouts(const PolicyRollouts *a)
{
  const long of_x = (a->T + 1) * NX, of_u = a->T * NU; /* numbers of one rollout */
  /* Vectors stand at multiples of their size, which the caller's numbers need not. */
  lanes *const theta = (lanes *)(((unsigned long)a->work + sizeof(lanes) - 1) &
                                 ~(sizeof(lanes) - 1));
  lanes *const hidden = theta + a->n_theta;
  const lanes nan = splat(NAN), infinite = splat(INFINITY);
  const double *const low = a->limits, *const high = a->limits + NU;
  for (long r = a->first; r < a->end; r += LANES) {
    const long n = at_most_lanes(a->end - r);
    const double *row[LANES], *noise[LANES], *jumps[LANES], *impulses[LANES], *pushes[LANES];
    double *X = a->X + r * of_x, *U = a->U + r * of_u, *c = a->c + r * a->T;
    lanes x[NX], u[NU], mean[NU], x_next[NX], p[NV], dv[NV], cost;
    lane_bits alive = (lane_bits){0} - 1;

    rows_of(a->theta, a->n_thetas, a->n_theta, r, row);
    gather(row, a->n_theta, theta);
    rows_of(a->x0, a->n_starts, NX, r, row);
    gather(row, NX, x);
    from_lanes(n, of_x, NX, x, X);
    rows_of(a->noise, a->n_noises, of_u, r, noise);
    rows_of(a->jumps, a->n_jumps, a->T * NX, r, jumps);
    rows_of(a->impulses, a->n_impulses, a->T * NV, r, impulses);
    rows_of(a->pushes, a->n_pushes, a->T * a->n_pushed, r, pushes);
    for (long t = 0; t < a->T; ++t) {
#ifdef N_OBSERVED
      lanes y[N_OBSERVED];
      lanes_observation(x, (const lanes[]){splat(t * DT)}, y);
#else
      const lanes *const y = x;
#endif
      mean_actions(a->n_in, a->n_hidden, a->observed, theta, y, hidden, mean);
      gather(noise, NU, u);
      for (int i = 0; i < NU; ++i) { /* a NaN stays one */
        u[i] += mean[i];
        u[i] = choose(u[i] < low[i], splat(low[i]), u[i]);
        u[i] = choose(u[i] > high[i], splat(high[i]), u[i]);
      }
      lanes_cost(x, u, LANES_TIME(t) &cost);
      lanes_step(x, u, x_next);
      if (a->n_impulses || a->n_pushes) {
        if (a->n_impulses)
          gather(impulses, NV, p);
        else
          memset(p, 0, sizeof p);
        if (a->n_pushes) add_pushes(a->n_pushed, a->points, pushes, x_next, p);
        lanes_velocity_jump(x_next, p, u, dv);
        for (int i = 0; i < NV; ++i) x_next[NQ + i] += dv[i];
      }
      if (a->n_jumps) {
        lanes jump[NX];
        gather(jumps, NX, jump);
        for (int i = 0; i < NX; ++i) x_next[i] += jump[i];
      }

#ifdef FINAL_COST
      if (t == a->T - 1) {
        lanes final_cost;
        lanes_final_cost(x_next, LANES_TIME(a->T) &final_cost);
        cost += final_cost;
      }
#endif

      const lane_bits before = alive;
      alive &= cost - cost == 0.0; /* finite */
      for (int i = 0; i < NX; ++i) alive &= x_next[i] - x_next[i] == 0.0;
      cost = choose(alive, cost, infinite);
      from_lanes(n, a->T, 1, &cost, c + t);
      memcpy(x, x_next, sizeof x);
      if (any(~before)) {
        for (int i = 0; i < NU; ++i) u[i] = choose(before, u[i], nan);
        for (int i = 0; i < NX; ++i) x_next[i] = choose(before, x_next[i], nan);
      }
      from_lanes(n, of_u, NU, u, U + t * NU);
      from_lanes(n, of_x, NX, x_next, X + (t + 1) * NX);
      advance(noise, NU);
      advance(jumps, NX);
      advance(impulses, NV);
      advance(pushes, a->n_pushed);
    }
  }
}
