/* Between arrays with a row for each evaluation and the lanes that hold LANES rows side by side.
 *
 * Matrices are dense and row-major.  Square blocks are transposed in registers; where a width is no
 * multiple of LANES, the last block reaches back into the one before it.
 */

#ifdef __clang__
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (lane_bits){__VA_ARGS__})
#endif

#if LANES == 8
#define EACH_LANE(f) f(0), f(1), f(2), f(3), f(4), f(5), f(6), f(7)
#elif LANES == 4
#define EACH_LANE(f) f(0), f(1), f(2), f(3)
#else
#define EACH_LANE(f) f(0), f(1)
#endif

/* The rows of a become its columns.  All shuffles are of the cheap kinds: of halves, of every other
 * number, of every other pair. */
INLINE void transpose(lanes *restrict a)
{
#if LANES == 8
#define LOWER(a, b) SHUFFLE(a, b, 0, 1, 2, 3, 8, 9, 10, 11)
#define UPPER(a, b) SHUFFLE(a, b, 4, 5, 6, 7, 12, 13, 14, 15)
#define EVEN(a, b) SHUFFLE(a, b, 0, 8, 2, 10, 4, 12, 6, 14)
#define ODD(a, b) SHUFFLE(a, b, 1, 9, 3, 11, 5, 13, 7, 15)
#define EVEN_PAIRS(a, b) SHUFFLE(a, b, 0, 1, 4, 5, 8, 9, 12, 13)
#define ODD_PAIRS(a, b) SHUFFLE(a, b, 2, 3, 6, 7, 10, 11, 14, 15)
  const lanes b[8] = {LOWER(a[0], a[2]), LOWER(a[1], a[3]), LOWER(a[4], a[6]), LOWER(a[5], a[7]),
                      UPPER(a[0], a[2]), UPPER(a[1], a[3]), UPPER(a[4], a[6]), UPPER(a[5], a[7])};
  const lanes c[8] = {EVEN(b[0], b[1]), ODD(b[0], b[1]), EVEN(b[2], b[3]), ODD(b[2], b[3]),
                      EVEN(b[4], b[5]), ODD(b[4], b[5]), EVEN(b[6], b[7]), ODD(b[6], b[7])};
#pragma GCC unroll 2
  for (int i = 0; i < 8; i += 4)
#pragma GCC unroll 2
    for (int j = i; j < i + 2; ++j) {
      a[j] = EVEN_PAIRS(c[j], c[j + 2]);
      a[j + 2] = ODD_PAIRS(c[j], c[j + 2]);
    }
#elif LANES == 4
#define LOWER(a, b) SHUFFLE(a, b, 0, 1, 4, 5)
#define UPPER(a, b) SHUFFLE(a, b, 2, 3, 6, 7)
#define EVEN(a, b) SHUFFLE(a, b, 0, 4, 2, 6)
#define ODD(a, b) SHUFFLE(a, b, 1, 5, 3, 7)
  const lanes b[4] = {LOWER(a[0], a[2]), LOWER(a[1], a[3]), UPPER(a[0], a[2]), UPPER(a[1], a[3])};
  a[0] = EVEN(b[0], b[1]);
  a[1] = ODD(b[0], b[1]);
  a[2] = EVEN(b[2], b[3]);
  a[3] = ODD(b[2], b[3]);
#else
  const lanes first = SHUFFLE(a[0], a[1], 0, 2);
  a[1] = SHUFFLE(a[0], a[1], 1, 3);
  a[0] = first;
#endif
}

static inline long at_most_lanes(long n) { return n < LANES ? n : LANES; }

/* Where the block that follows the one at i begins; `width` ends it. */
static inline int next_block(int i, int width)
{
  return i + LANES < width && i + 2 * LANES > width ? width - LANES : i + LANES;
}

/* A vector whose first numbers are the `columns` at A, read one by one: loading a whole vector
 * whose parts have just been stored stalls the processor. */
INLINE lanes few(const double *A, int columns)
{
#define AT(c) (c < columns ? A[c] : 0.0)
  return (lanes){EACH_LANE(AT)};
}

/* `load` and `store` do the work of to_lanes and from_lanes below, which inline them for n = LANES:
 * all turns of a loop but the last, in which every row exists. */
#define EACH_BLOCK                                                             \
  const int columns = width < LANES ? width : LANES; /* known when it is inlined */ \
  for (int i = 0; i < width; i = next_block(i, width))

INLINE void load(long n, long stride, int width, const double *restrict A, lanes *restrict out)
{
  const long end = (n - 1) * stride + width;
  EACH_BLOCK
  {
    lanes block[LANES];
#pragma GCC unroll 8
    for (int l = 0; l < LANES; ++l) {
      const long start = (l < n ? l : n - 1) * stride + i;
      /* A whole vector even of a narrow row, where what follows it is part of A. */
      if (columns == LANES || start + LANES <= end)
        memcpy(block + l, A + start, sizeof(lanes));
      else
        block[l] = few(A + start, columns);
    }
    transpose(block);
#pragma GCC unroll 8
    for (int c = 0; c < columns; ++c) out[i + c] = block[c];
  }
}

INLINE void store(long n, long stride, int width, const lanes *restrict in, double *restrict A)
{
  const long end = stride == width ? n * width : 0;
  EACH_BLOCK
  {
    lanes block[LANES];
#pragma GCC unroll 8
    for (int c = 0; c < columns; ++c) block[c] = in[i + c];
    transpose(block);
#pragma GCC unroll 8
    for (int l = 0; l < LANES; ++l) {
      if (l >= n) break;
      /* A whole vector even of a narrow row, where the rows after it are still to be written. */
      if (columns == LANES || l * stride + LANES <= end)
        memcpy(A + l * stride + i, block + l, sizeof(lanes));
      else
        memcpy(A + l * stride + i, block + l, columns * sizeof(double));
    }
  }
}

/* For the last turn of a loop, which has fewer rows; compiled once for all widths. */
static __attribute__((noinline)) void load_some(long n, long stride, int width, const double *A,
                                                lanes *out)
{
  load(n, stride, width, A, out);
}

static __attribute__((noinline)) void store_some(long n, long stride, int width, const lanes *in,
                                                 double *A)
{
  store(n, stride, width, in, A);
}

/* out (width) from A (n, width), 1 <= n <= LANES, whose rows stand `stride` numbers apart.  Lanes
 * beyond n hold copies of the last row. */
INLINE void to_lanes(long n, long stride, int width, const double *restrict A, lanes *restrict out)
{
  if (n == LANES)
    load(LANES, stride, width, A, out);
  else
    load_some(n, stride, width, A, out);
}

/* A (n, width), whose rows stand `stride` numbers apart, from in (width). */
INLINE void from_lanes(long n, long stride, int width, const lanes *restrict in, double *restrict A)
{
  if (n == LANES)
    store(LANES, stride, width, in, A);
  else
    store_some(n, stride, width, in, A);
}
