/* The backward pass (solver/backward.py), with its sizes known to the compiler.
 *
 *     Q_x = c_x + f_x^T V_x    Q_xx = c_xx + f_x^T V_xx f_x    Q_ux = c_ux + f_u^T V_xx f_x
 *     Q_u = c_u + f_u^T V_x    Q_uu = c_uu + f_u^T V_xx f_u
 *     R_ux = Q_ux + mu f_u^T f_x                 R_uu = Q_uu + mu f_u^T f_u
 *     k = -R_uu^-1 Q_u                           K = -R_uu^-1 R_ux
 *
 * Matrices are dense and row-major.  Inside, z is (u, x) and every row is padded to whole vectors
 * of LANES numbers: [Q_uu Q_ux] are the first rows of Q_zz, and K stands in the columns of x.
 * Symmetric matrices make all products of the form A^T B.  They are summed in tiles that stay in
 * registers, and of Q_xx only the tiles that reach its upper half.
 *
 * Loading a vector whose parts have just been stored stalls the processor, so rows are padded in
 * registers.
 */

#define VECTORS(width) (((width) + LANES - 1) / LANES)
enum {
  N = VECTORS(NZ), /* of a padded row */
  WIDTH = N * LANES,
  MIXED = NU / LANES, /* the vector in which u ends and x begins, */
  SHIFT = NU % LANES  /* after as many numbers of u */
};

INLINE lanes vector_at(const double *a)
{
  lanes vector;
  memcpy(&vector, a, sizeof vector);
  return vector;
}

/* A padded row from those of u and x, which are read in whole vectors: up to LANES - 1 numbers more
 * than there are.  What stands in the padding never reaches another column. */
INLINE void join(const double *u, const double *x, lanes *row)
{
#define SOURCE(l) ((l) < SHIFT ? (l) : LANES + (l) - SHIFT)
#pragma GCC unroll 8
  for (int j = 0; j < N; ++j)
    row[j] = j < MIXED                 ? vector_at(u + j * LANES)
             : j > MIXED || SHIFT == 0 ? vector_at(x + j * LANES - NU)
                                       : SHUFFLE(vector_at(u + j * LANES), vector_at(x),
                                                 EACH_LANE(SOURCE));
#undef SOURCE
}

/* The numbers of x of a padded row. */
INLINE void part_x(const lanes *row, double *x)
{
#define SOURCE(l) ((l) + SHIFT)
#pragma GCC unroll 8
  for (int j = 0; j < VECTORS(NX); ++j) {
    const lanes first = row[MIXED + j], second = row[MIXED + j + 1 < N ? MIXED + j + 1 : N - 1];
    const lanes part = SHUFFLE(first, second, EACH_LANE(SOURCE));
    if ((j + 1) * LANES <= NX)
      memcpy(x + j * LANES, &part, sizeof part);
    else
      memcpy(x + j * LANES, &part, (NX - j * LANES) * sizeof(double));
  }
#undef SOURCE
}

/* out (ROWS, COLUMNS vectors) = start + A^T B, for B (depth, COLUMNS vectors), and A (depth, ROWS)
 * and start, whose rows stand `of_a` and `of_start` numbers apart.  No start counts as zero. */
INLINE void tile(int ROWS, int COLUMNS, int depth, int of_a, const double *A, const lanes *B,
                 int of_start, const double *start, lanes *out)
{
  lanes sum[6][3];
#pragma GCC unroll 6
  for (int i = 0; i < ROWS; ++i)
#pragma GCC unroll 3
    for (int j = 0; j < COLUMNS; ++j)
      sum[i][j] = start ? vector_at(start + i * of_start + j * LANES) : (lanes){0};
  for (int k = 0; k < depth; ++k)
#pragma GCC unroll 6
    for (int i = 0; i < ROWS; ++i)
#pragma GCC unroll 3
      for (int j = 0; j < COLUMNS; ++j) sum[i][j] += A[k * of_a + i] * B[k * N + j];
#pragma GCC unroll 6
  for (int i = 0; i < ROWS; ++i)
#pragma GCC unroll 3
    for (int j = 0; j < COLUMNS; ++j) out[i * N + j] = sum[i][j];
}

/* out (rows) = start + A^T B, in tiles of about the same height: a low one is bound by latency.
 * With `upper`, the rows are those of x in a symmetric matrix of z, and what lies left of its
 * diagonal may be left undefined. */
INLINE void product(int rows, int upper, int depth, int of_a, const double *A, const lanes *B,
                    int of_start, const double *start, lanes *out)
{
  enum { MOST = LANES == 8 ? 6 : 3 }; /* rows whose sums fill the registers */
  const int tiles = (rows + MOST - 1) / MOST, low = rows ? rows / tiles : 1;
  const int in_high = (rows - tiles * low) * (low + 1); /* rows in tiles that have one more */
  int i = 0;
#define TILE(ROWS, COLUMNS)                                \
  tile(ROWS, COLUMNS, depth, of_a, A + i, B + j, of_start, \
       start ? start + i * of_start + j * LANES : 0, out + i * N + j)
#define ROW_OF_TILES(ROWS)                    \
  {                                           \
    int j = upper ? (NU + i) / LANES : 0;     \
    for (; j + 3 <= N; j += 3) TILE(ROWS, 3); \
    if (N - j == 2) TILE(ROWS, 2);            \
    if (N - j == 1) TILE(ROWS, 1);            \
  }
  for (; i < in_high; i += low + 1) ROW_OF_TILES(low + 1)
  for (; i < rows; i += low) ROW_OF_TILES(low)
#undef ROW_OF_TILES
#undef TILE
}

#define NUMBER(row, i) ((double *)(row))[i]

/* R = [R_uu R_ux] and g become -R_uu^-1 R, which is K in the columns of x, and k = -R_uu^-1 g, by
 * elimination, which for a symmetric matrix is L D L^T.  Returns 0 where R_uu is not positive
 * definite. */
INLINE int solve(lanes (*R)[N], double *g)
{
  double reciprocal[NU + 1];
#pragma GCC unroll 8
  for (int p = 0; p < NU; ++p) {
    if (!(NUMBER(R[p], p) > 0.0)) return 0;
    reciprocal[p] = 1.0 / NUMBER(R[p], p);
#pragma GCC unroll 8
    for (int i = p + 1; i < NU; ++i) {
      const double factor = NUMBER(R[p], i) * reciprocal[p];
#pragma GCC unroll 4
      for (int j = p / LANES; j < N; ++j) R[i][j] -= factor * R[p][j];
      g[i] -= factor * g[p];
    }
  }
#pragma GCC unroll 8
  for (int p = NU - 1; p >= 0; --p) {
#pragma GCC unroll 4
    for (int j = MIXED; j < N; ++j) R[p][j] *= -reciprocal[p];
    g[p] *= -reciprocal[p];
#pragma GCC unroll 8
    for (int i = 0; i < p; ++i) {
      const double factor = NUMBER(R[i], p);
#pragma GCC unroll 4
      for (int j = MIXED; j < N; ++j) R[i][j] += factor * R[p][j];
      g[i] += factor * g[p];
    }
  }
  return 1;
}

/* `array` at step t, with room for reading whole vectors: NU numbers before it and LANES after it.
 * Near the ends of the array, where there is no such room, a copy. */
INLINE const double *block(const double *array, int size, long t, long T, double *copy)
{
  array += t * size;
  return t * size >= NU && (T - 1 - t) * size >= LANES
             ? array
             : memcpy(copy + NU, array, size * sizeof(double));
}
#define BLOCK(array, size)                   \
  double copy_of_##array[NU + size + LANES]; \
  const double *array = block(args->array, size, t, args->T, copy_of_##array)

/* Step t.  It ends early where R_uu is not positive definite (all of it: its inverse is the
 * covariance of pi_G, clamped actions or not), or where u + k passes a limit.  In the latter case
 * the caller replaces k and K and calls again, with `given` true.
 *
 *     r   = Q_u  + Q_uu k      V_x  = Q_x  + Q_ux^T k + K^T r
 *     r_x = Q_ux + Q_uu K      V_xx = Q_xx + Q_ux^T K + K^T r_x
 *
 * Both remainders vanish where R = Q and k and K are its minimum. */
static int backward_step(const BackwardArguments *args, double mu, long t, int given)
{
  const double *V_x = t < args->T - 1 ? args->V_x + (t + 1) * NX : args->final_x;
  const double *V_xx = t < args->T - 1 ? args->V_xx + (t + 1) * NX * NX : args->final_xx;
  BLOCK(f_x, NX * NX);
  BLOCK(f_u, NX * NU);
  BLOCK(c_x, NX);
  BLOCK(c_u, NU);
  BLOCK(c_xx, NX * NX);
  BLOCK(c_ux, NU * NX);
  BLOCK(c_uu, NU * NU);
  /* F = [f_u f_x], W = V_xx F; columns of u in rows of x are never read. */
  lanes F[NX][N], W[NX][N], Q[NZ][N], q[N];
  lanes R[NU + 1][N], remainder[NU + 1][N];      /* a robot may have no action */
  double k[NU + 1], r[NU + 1];
  double *of_u = (double *)Q, *of_x = of_u + NU; /* columns of [Q_uu Q_ux] */

  for (int i = 0; i < NX; ++i) join(f_u + i * NU, f_x + i * NX, F[i]);
  for (int i = 0; i < NU; ++i) join(c_uu + i * NU, c_ux + i * NX, Q[i]);
  join(c_u, c_x, q);
  product(NX, 0, NX, NX, V_xx, *F, 0, 0, *W);
  product(1, 0, NX, 1, V_x, *F, WIDTH, (double *)q, q);
  product(NU, 0, NX, WIDTH, (double *)F, *W, WIDTH, (double *)Q, *Q);
  product(NX, 1, NX, WIDTH, (double *)F + NU, *W, NX, c_xx - NU, Q[NU]);
  memcpy(args->Q_u + t * NU, q, NU * sizeof(double));

  if (given) {
    BLOCK(K, NU * NX);
    for (int i = 0; i < NU; ++i) join(c_u, K + i * NX, R[i]);
    memcpy(k, args->k + t * NU, NU * sizeof(double));
  } else {
    double *R_uu = args->R_uu + t * NU * NU;
    memcpy(R, Q, NU * sizeof R[0]);
    if (mu > 0.0) {
      product(NU, 0, NX, WIDTH, (double *)F, *F, 0, 0, *remainder);
      for (int i = 0; i < NU; ++i)
        for (int j = 0; j < N; ++j) R[i][j] += mu * remainder[i][j];
    }
    for (int i = 0; i < NU; ++i) {
      memcpy(R_uu + i * NU, R[i], NU * sizeof(double));
      for (int j = 0; j < i; ++j) R_uu[i * NU + j] = R_uu[j * NU + i];
    }
    memcpy(k, q, NU * sizeof(double));
    if (!solve(R, k)) return NOT_CONVEX;
    for (int i = 0; i < NU; ++i) part_x(R[i], args->K + (t * NU + i) * NX);
    int inside = 1;
#pragma GCC unroll 1 /* a vector of k would be loaded whose parts have just been stored */
    for (int i = 0; i < NU; ++i) {
      args->k[t * NU + i] = k[i];
      const double u = args->U[t * NU + i] + k[i];
      inside &= args->limits[i] < u && u < args->limits[NU + i];
    }
    if (!inside) return OUT_OF_LIMITS;
  }

  memset(r, 0, sizeof r);
  if (given || mu > 0.0) {
    for (int i = 0; i < NU; ++i) r[i] = NUMBER(q, i);
    for (int m = 0; m < NU; ++m)
      for (int i = 0; i < NU; ++i) r[i] += NUMBER(Q[m], i) * k[m];
    product(NU, 0, NU, WIDTH, of_u, *R, WIDTH, (double *)Q, *remainder);
    product(NX, 1, NU, WIDTH, (double *)R + NU, *remainder, WIDTH, (double *)Q[NU], Q[NU]);
  }
  for (int i = 0; i < NU; ++i) {
    args->expected[0] += k[i] * NUMBER(q, i);
    args->expected[1] += 0.5 * k[i] * (r[i] - NUMBER(q, i));
  }
  product(NX, 1, NU, WIDTH, of_x, *R, WIDTH, (double *)Q[NU], Q[NU]);
  product(1, 0, NU, 1, k, *Q, WIDTH, (double *)q, q);
  product(1, 0, NU, 1, r, *R, WIDTH, (double *)q, q);

  double *value = args->V_xx + t * NX * NX;
  part_x(q, args->V_x + t * NX);
  for (int i = 0; i < NX; ++i) part_x(Q[NU + i], value + i * NX);
  /* From Q, whose vectors lie in one cache line each: loading what has just been stored across two
   * lines stalls. */
#pragma GCC unroll 18
  for (int i = 0; i < NX; ++i)
#pragma GCC unroll 18
    for (int j = 0; j < i; ++j) value[i * NX + j] = NUMBER(Q[NU + j], NU + i);
  return DONE;
}

/* Steps from progress[0] downwards.  It ends at -1 with progress[1] = DONE, or at the step where
 * progress[1] tells why.  Entered with OUT_OF_LIMITS, the k and K of the first step are given. */
void robot_backward(const BackwardArguments *args, const double *mu, long *progress)
{
  int given = progress[1] == OUT_OF_LIMITS;
  for (progress[1] = DONE; progress[0] >= 0; --progress[0], given = 0)
    if ((progress[1] = backward_step(args, *mu, progress[0], given)) != DONE) return;
}
