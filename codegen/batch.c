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
#define LOWER_HALVES 0, 8, 1, 9, 2, 10, 3, 11
#define UPPER_HALVES 4, 12, 5, 13, 6, 14, 7, 15
#define ROUNDS 3
#elif LANES == 4
#define LOWER_HALVES 0, 4, 1, 5
#define UPPER_HALVES 2, 6, 3, 7
#define ROUNDS 2
#else
#define LOWER_HALVES 0, 2
#define UPPER_HALVES 1, 3
#define ROUNDS 1
#endif

/* Each round interleaves the rows of the lower half with those of the upper, as in shuffling cards:
 * one more bit of the row's number becomes one of the column's. */
static inline __attribute__((always_inline)) void transpose(lanes *restrict a)
{
#pragma GCC unroll 3
  for (int round = 0; round < ROUNDS; ++round) {
    lanes b[LANES];
#pragma GCC unroll 4
    for (int i = 0; i < LANES / 2; ++i) {
      b[2 * i] = SHUFFLE(a[i], a[i + LANES / 2], LOWER_HALVES);
      b[2 * i + 1] = SHUFFLE(a[i], a[i + LANES / 2], UPPER_HALVES);
    }
#pragma GCC unroll 8
    for (int i = 0; i < LANES; ++i) a[i] = b[i];
  }
}

static inline long at_most_lanes(long n) { return n < LANES ? n : LANES; }

/* Where the block that follows the one at i begins; `width` ends it. */
static inline int next_block(int i, int width)
{
  return i + LANES < width && i + 2 * LANES > width ? width - LANES : i + LANES;
}

/* out (width) from A (n, width), 1 <= n <= LANES, whose rows stand `stride` numbers apart.  Lanes
 * beyond n hold copies of the last row. */
static void to_lanes(long n, long stride, int width, const double *restrict A, lanes *restrict out)
{
  const double *row[LANES];
  for (int l = 0; l < LANES; ++l) row[l] = A + (l < n ? l : n - 1) * stride;
  if (width < LANES) {
    for (int l = 0; l < LANES; ++l)
      for (int i = 0; i < width; ++i) out[i][l] = row[l][i];
    return;
  }
  for (int i = 0; i < width; i = next_block(i, width)) {
    lanes block[LANES];
#pragma GCC unroll 8
    for (int l = 0; l < LANES; ++l) memcpy(block + l, row[l] + i, sizeof(lanes));
    transpose(block);
#pragma GCC unroll 8
    for (int l = 0; l < LANES; ++l) out[i + l] = block[l];
  }
}

/* A (n, width), whose rows stand `stride` numbers apart, from in (width). */
static void from_lanes(long n, long stride, int width, const lanes *restrict in, double *restrict A)
{
  if (width < LANES) {
    for (long l = 0; l < n; ++l)
      for (int i = 0; i < width; ++i) A[l * stride + i] = in[i][l];
    return;
  }
  for (int i = 0; i < width; i = next_block(i, width)) {
    lanes block[LANES];
#pragma GCC unroll 8
    for (int l = 0; l < LANES; ++l) block[l] = in[i + l];
    transpose(block);
#pragma GCC unroll 8
    for (int l = 0; l < LANES; ++l)
      if (l < n) memcpy(A + l * stride + i, block + l, sizeof(lanes));
  }
}
