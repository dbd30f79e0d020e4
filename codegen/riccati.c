/* The matrix products of one step of the backward pass (solver/backward.py), with their sizes known
 * to the compiler: rows of accumulators stay in registers.
 *
 * Matrices are dense and row-major, V_xx is symmetric.
 */

/* acc (COLUMNS,) += a * B[row] */
#define ADD_ROW(acc, a, B, row, COLUMNS) \
  for (int j = 0; j < COLUMNS; ++j) (acc)[j] += (a) * (B)[(row) * COLUMNS + j]

/* Adds the derivatives of V'(f(x, u)) to those of the cost:
 *
 *     Q_x += f_x^T V_x    Q_xx += f_x^T V_xx f_x    Q_ux += f_u^T V_xx f_x
 *     Q_u += f_u^T V_x    Q_uu += f_u^T V_xx f_u
 */
void robot_q_function(const double *restrict f_x, const double *restrict f_u,
                      const double *restrict V_x, const double *restrict V_xx,
                      double *restrict Q_x, double *restrict Q_u, double *restrict Q_xx,
                      double *restrict Q_ux, double *restrict Q_uu)
{
  double W[NX * NX], W_u[NX * NU + 1]; /* V_xx f_x and V_xx f_u; a robot may have no action */
  for (int i = 0; i < NX; ++i) {
    double w[NX] = {0}, w_u[NU + 1] = {0};
    for (int k = 0; k < NX; ++k) {
      ADD_ROW(w, V_xx[i * NX + k], f_x, k, NX);
      ADD_ROW(w_u, V_xx[i * NX + k], f_u, k, NU);
    }
    memcpy(W + i * NX, w, NX * sizeof(double));
    memcpy(W_u + i * NU, w_u, NU * sizeof(double));
  }
  for (int i = 0; i < NX; ++i) {
    double q[NX];
    memcpy(q, Q_xx + i * NX, sizeof q);
    for (int k = 0; k < NX; ++k) {
      Q_x[i] += f_x[k * NX + i] * V_x[k];
      ADD_ROW(q, f_x[k * NX + i], W, k, NX);
    }
    memcpy(Q_xx + i * NX, q, sizeof q);
  }
  for (int i = 0; i < NU; ++i) {
    double q[NX], q_u[NU + 1];
    memcpy(q, Q_ux + i * NX, sizeof q);
    memcpy(q_u, Q_uu + i * NU, NU * sizeof(double));
    for (int k = 0; k < NX; ++k) {
      Q_u[i] += f_u[k * NU + i] * V_x[k];
      ADD_ROW(q, f_u[k * NU + i], W, k, NX);
      ADD_ROW(q_u, f_u[k * NU + i], W_u, k, NU);
    }
    memcpy(Q_ux + i * NX, q, sizeof q);
    memcpy(Q_uu + i * NU, q_u, NU * sizeof(double));
  }
}

/* Q_ux += mu f_u^T f_x and Q_uu += mu f_u^T f_u. */
void robot_regularize(const double *restrict mu, const double *restrict f_x,
                      const double *restrict f_u, double *restrict Q_ux, double *restrict Q_uu)
{
  for (int i = 0; i < NU; ++i) {
    double q[NX] = {0}, q_u[NU + 1] = {0};
    for (int k = 0; k < NX; ++k) {
      ADD_ROW(q, f_u[k * NU + i], f_x, k, NX);
      ADD_ROW(q_u, f_u[k * NU + i], f_u, k, NU);
    }
    ADD_ROW(Q_ux + i * NX, *mu, q, 0, NX);
    ADD_ROW(Q_uu + i * NU, *mu, q_u, 0, NU);
  }
}

/* The value of following u = k + K x, and how much of the cost the step k is expected to change:
 *
 *     V_x  = Q_x + K^T (Q_uu k + Q_u) + Q_ux^T k
 *     V_xx = Q_xx + K^T Q_uu K + K^T Q_ux + Q_ux^T K
 *     expected[0] += k^T Q_u      expected[1] += 1/2 k^T Q_uu k
 */
void robot_value_function(const double *restrict k, const double *restrict K,
                          const double *restrict Q_x, const double *restrict Q_u,
                          const double *restrict Q_xx, const double *restrict Q_ux,
                          const double *restrict Q_uu, double *restrict V_x,
                          double *restrict V_xx, double *restrict expected)
{
  double R[NU * NX + 1]; /* Q_uu K + Q_ux */
  memcpy(R, Q_ux, NU * NX * sizeof(double));
  memcpy(V_x, Q_x, NX * sizeof(double));
  memcpy(V_xx, Q_xx, NX * NX * sizeof(double));
  for (int i = 0; i < NU; ++i) {
    double gradient = Q_u[i];
    for (int m = 0; m < NU; ++m) {
      ADD_ROW(R + i * NX, Q_uu[i * NU + m], K, m, NX);
      gradient += Q_uu[i * NU + m] * k[m];
    }
    ADD_ROW(V_x, gradient, K, i, NX);
    ADD_ROW(V_x, k[i], Q_ux, i, NX);
    expected[0] += k[i] * Q_u[i];
    expected[1] += 0.5 * k[i] * (gradient - Q_u[i]);
  }
  for (int i = 0; i < NX; ++i) {
    double v[NX];
    memcpy(v, V_xx + i * NX, sizeof v);
    for (int m = 0; m < NU; ++m) {
      ADD_ROW(v, K[m * NX + i], R, m, NX);
      ADD_ROW(v, Q_ux[m * NX + i], K, m, NX);
    }
    memcpy(V_xx + i * NX, v, sizeof v);
  }
  /* Rounding would otherwise grow an antisymmetric part from step to step. */
  for (int i = 0; i < NX; ++i)
    for (int j = 0; j < i; ++j)
      V_xx[i * NX + j] = V_xx[j * NX + i] = 0.5 * (V_xx[i * NX + j] + V_xx[j * NX + i]);
}
