/* One control period of a robot whose state holds last actions, and its derivatives.
 *
 * LAST has a row (coordinate of q, action) for each of them.  In `moving_step` no force moves these
 * coordinates and nothing depends on them; at its end they become the actions.
 *
 * `real` and NAME are as in chain.c.
 */

void NAME(step)(const real *restrict x, const real *restrict u, real *restrict x_next)
{
  NAME(moving_step)(x, u, x_next);
  for (int i = 0; i < N_LAST; ++i) x_next[LAST[i][0]] = u[LAST[i][1]];
}

void NAME(step_derivatives)(const real *restrict x, const real *restrict u, real *restrict x_next,
                            real *restrict f_x, real *restrict f_u)
{
  NAME(moving_step_derivatives)(x, u, x_next, f_x, f_u);
  for (int i = 0; i < N_LAST; ++i) {
    const int row = LAST[i][0], action = LAST[i][1];
    x_next[row] = u[action];
    memset(f_x + row * NX, 0, NX * sizeof(real));
    f_u[row * NU + action] += 1.0; /* which was zero, as its whole row is */
  }
}
