/* One step of the backward pass (solver/backward.py), with its sizes known to the compiler.
 *
 * V_xx and Q_uu being symmetric, all products have the form A^T B.  They are summed in tiles that
 * stay in registers, and of a symmetric result only the tiles that reach its upper half.  Matrices
 * are dense and row-major; inside, rows are padded to whole vectors of LANES numbers, and z is
 * (u, x), so that [Q_uu Q_ux] are the first rows of Q_zz and lie in its upper half.
 */

#define VECTORS(width) (((width) + LANES - 1) / LANES)

/* out (ROWS, COLUMNS vectors) = start + A^T B, for A (depth, ROWS) and B (depth, COLUMNS vectors).
 * Rows stand `of_a` numbers or `width` vectors apart.  No start is zero. */
static inline __attribute__((always_inline)) void tile(int ROWS, int COLUMNS, int depth, int of_a,
                                                       const double *restrict A, int width,
                                                       const lanes *restrict B,
                                                       const lanes *start, lanes *out)
{
  lanes sum[6][3];
#pragma GCC unroll 6
  for (int i = 0; i < ROWS; ++i)
#pragma GCC unroll 3
    for (int j = 0; j < COLUMNS; ++j) sum[i][j] = start ? start[i * width + j] : (lanes){0};
  for (int k = 0; k < depth; ++k)
#pragma GCC unroll 6
    for (int i = 0; i < ROWS; ++i)
#pragma GCC unroll 3
      for (int j = 0; j < COLUMNS; ++j) sum[i][j] += A[k * of_a + i] * B[k * width + j];
#pragma GCC unroll 6
  for (int i = 0; i < ROWS; ++i)
#pragma GCC unroll 3
    for (int j = 0; j < COLUMNS; ++j) out[i * width + j] = sum[i][j];
}

/* out (rows, width vectors) = start + A^T B, for A (depth, rows) with rows `of_a` apart and B (depth,
 * width vectors).  With `upper`, what lies left of the diagonal may be left undefined. */
static inline __attribute__((always_inline)) void product(int rows, int width, int upper, int depth,
                                                          int of_a, const double *restrict A,
                                                          const lanes *restrict B,
                                                          const lanes *start, lanes *out)
{
#define TILE(ROWS, COLUMNS)                                               \
  tile(ROWS, COLUMNS, depth, of_a, A + i, width, B + j,                   \
       start ? start + i * width + j : 0, out + i * width + j)
#define ROW_OF_TILES(ROWS)                        \
  for (; i + ROWS <= rows; i += ROWS) {           \
    int j = upper ? i / LANES : 0;                \
    for (; j + 3 <= width; j += 3) TILE(ROWS, 3); \
    if (width - j == 2) TILE(ROWS, 2);            \
    if (width - j == 1) TILE(ROWS, 1);            \
  }
  int i = 0;
#if LANES == 8 /* its sums fill the 32 registers */
  ROW_OF_TILES(6)
#endif
  ROW_OF_TILES(3)
  ROW_OF_TILES(1)
#undef ROW_OF_TILES
#undef TILE
}

/* A padded row from one or two dense ones. */
static inline __attribute__((always_inline)) void pad(int width, int n, const double *a, int m,
                                                      const double *b, lanes *restrict row)
{
  row[width - 1] = (lanes){0};
  memcpy(row, a, n * sizeof(double));
  memcpy((double *)row + n, b, m * sizeof(double));
}

static inline __attribute__((always_inline)) void unpad(const lanes *restrict row, int n, double *a,
                                                        int m, double *b)
{
  memcpy(a, row, n * sizeof(double));
  memcpy(b, (const double *)row + n, m * sizeof(double));
}

/* The derivatives of Q(x, u) = c(x, u) + V'(f(x, u)), and R, which is Q with V_xx' + mu I in place
 * of V_xx' (the latter where the gains are computed only):
 *
 *     Q_x = c_x + f_x^T V_x    Q_xx = c_xx + f_x^T V_xx f_x    Q_ux = c_ux + f_u^T V_xx f_x
 *     Q_u = c_u + f_u^T V_x    Q_uu = c_uu + f_u^T V_xx f_u
 *     R_ux = Q_ux + mu f_u^T f_x                 R_uu = Q_uu + mu f_u^T f_u
 *
 * Q_xx is filled in its upper half.
 */
void robot_q_function(const double *restrict f_x, const double *restrict f_u,
                      const double *restrict V_x, const double *restrict V_xx,
                      const double *restrict c_x, const double *restrict c_u,
                      const double *restrict c_xx, const double *restrict c_ux,
                      const double *restrict c_uu, const double *restrict mu,
                      double *restrict Q_x, double *restrict Q_u, double *restrict Q_xx,
                      double *restrict Q_ux, double *restrict Q_uu, double *restrict R_uu,
                      double *restrict R_ux)
{
  enum { N = VECTORS(NZ), WIDTH = N * LANES };
  lanes F[NX][N], W[NX][N]; /* [f_u f_x] and V_xx F */
  lanes Q[NZ][N], q[N];
  for (int i = 0; i < NX; ++i) pad(N, NU, f_u + i * NU, NX, f_x + i * NX, F[i]);
  for (int i = 0; i < NU; ++i) pad(N, NU, c_uu + i * NU, NX, c_ux + i * NX, Q[i]);
  for (int i = 0; i < NX; ++i) memcpy((double *)Q[NU + i] + NU, c_xx + i * NX, NX * sizeof *c_xx);
  pad(N, NU, c_u, NX, c_x, q);

  product(NX, N, 0, NX, NX, V_xx, *F, 0, *W);
  product(NZ, N, 1, NX, WIDTH, (double *)F, *W, *Q, *Q);
  product(1, N, 0, NX, 1, V_x, *F, q, q);

  unpad(q, NU, Q_u, NX, Q_x);
  for (int i = 0; i < NU; ++i) unpad(Q[i], NU, Q_uu + i * NU, NX, Q_ux + i * NX);
  for (int i = 0; i < NX; ++i) memcpy(Q_xx + i * NX, (double *)Q[NU + i] + NU, NX * sizeof *Q_xx);
  if (*mu > 0.0) {
    lanes squares[NU + 1][N]; /* f_u^T F; a robot may have no action */
    product(NU, N, 0, NX, WIDTH, (double *)F, *F, 0, *squares);
    for (int i = 0; i < NU; ++i)
      for (int j = 0; j < N; ++j) Q[i][j] += *mu * squares[i][j];
  }
  for (int i = 0; i < NU; ++i) unpad(Q[i], NU, R_uu + i * NU, NX, R_ux + i * NX);
  /* Where there are more actions than lanes, their squares are known in the upper half only. */
  for (int i = 0; i < NU; ++i)
    for (int j = 0; j < i; ++j) {
      Q_uu[i * NU + j] = Q_uu[j * NU + i];
      R_uu[i * NU + j] = R_uu[j * NU + i];
    }
}

/* k = -R_uu^-1 Q_u and K = -R_uu^-1 R_ux, by elimination, which for a symmetric matrix is L D L^T.
 * `positive` receives 1, or 0 where R_uu is not positive definite; k and K then stay as they were. */
void robot_gains(const double *restrict R_uu, const double *restrict R_ux,
                 const double *restrict Q_u, double *restrict k, double *restrict K,
                 double *restrict positive)
{
  enum { N = VECTORS(NZ + 1) };
  lanes S[NU + 1][N]; /* [R_uu R_ux Q_u] */
  double reciprocal[NU + 1];
#define ENTRY(i, j) ((double *)S[i])[j]
  for (int i = 0; i < NU; ++i) {
    pad(N, NU, R_uu + i * NU, NX, R_ux + i * NX, S[i]);
    ENTRY(i, NZ) = Q_u[i];
  }
  *positive = 0.0;
  for (int p = 0; p < NU; ++p) {
    if (!(ENTRY(p, p) > 0.0)) return;
    reciprocal[p] = 1.0 / ENTRY(p, p);
    for (int i = p + 1; i < NU; ++i) {
      const double factor = ENTRY(i, p) * reciprocal[p];
      for (int j = p / LANES; j < N; ++j) S[i][j] -= factor * S[p][j];
    }
  }
  for (int p = NU - 1; p >= 0; --p) {
    for (int j = NU / LANES; j < N; ++j) S[p][j] *= reciprocal[p];
    for (int i = 0; i < p; ++i) {
      const double factor = ENTRY(i, p);
      for (int j = NU / LANES; j < N; ++j) S[i][j] -= factor * S[p][j];
    }
  }
  for (int i = 0; i < NU; ++i) {
    for (int j = 0; j < NX; ++j) K[i * NX + j] = -ENTRY(i, NU + j);
    k[i] = -ENTRY(i, NZ);
  }
  *positive = 1.0;
#undef ENTRY
}

/* The value of following u = k + K x, and how much of the cost the step k is expected to change:
 *
 *     V_x  = Q_x + K^T (Q_uu k + Q_u) + Q_ux^T k
 *     V_xx = Q_xx + K^T (Q_uu K + Q_ux) + Q_ux^T K
 *     expected[0] += k^T Q_u      expected[1] += 1/2 k^T Q_uu k
 *
 * Of Q_xx the upper half is read; V_xx is symmetric to the bit.
 */
void robot_value_function(const double *restrict k, const double *restrict K,
                          const double *restrict Q_x, const double *restrict Q_u,
                          const double *restrict Q_xx, const double *restrict Q_ux,
                          const double *restrict Q_uu, double *restrict V_x,
                          double *restrict V_xx, double *restrict expected)
{
  enum { N = VECTORS(NX), WIDTH = N * LANES };
  lanes left[2 * NU + 1][N];  /* [K; Q_ux]; a robot may have no action */
  lanes right[2 * NU + 1][N]; /* [Q_uu K + Q_ux; K] */
  lanes V[NX][N], v[N];
  double weights[2 * NU + 1]; /* [Q_uu k + Q_u; k] */
  for (int i = 0; i < NU; ++i) {
    pad(N, NX, K + i * NX, 0, K, left[i]);
    pad(N, NX, Q_ux + i * NX, 0, Q_ux, left[NU + i]);
    memcpy(right[i], left[NU + i], sizeof left[i]);
    memcpy(right[NU + i], left[i], sizeof left[i]);
    weights[i] = Q_u[i];
    for (int m = 0; m < NU; ++m) weights[i] += Q_uu[i * NU + m] * k[m];
    weights[NU + i] = k[i];
    expected[0] += k[i] * Q_u[i];
    expected[1] += 0.5 * k[i] * (weights[i] - Q_u[i]);
  }
  for (int i = 0; i < NX; ++i) pad(N, NX, Q_xx + i * NX, 0, Q_xx, V[i]);
  pad(N, NX, Q_x, 0, Q_x, v);

  product(NU, N, 0, NU, NU, Q_uu, right[NU], *right, *right);
  product(NX, N, 1, 2 * NU, WIDTH, (double *)left, *right, *V, *V);
  product(1, N, 0, 2 * NU, 1, weights, *left, v, v);

  unpad(v, NX, V_x, 0, V_x);
  for (int i = 0; i < NX; ++i) unpad(V[i], NX, V_xx + i * NX, 0, V_xx);
  for (int i = 0; i < NX; ++i)
    for (int j = 0; j < i; ++j) V_xx[i * NX + j] = V_xx[j * NX + i];
}
