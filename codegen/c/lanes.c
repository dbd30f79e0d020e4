/* One evaluation in each lane of a SIMD register, in the vector types of GCC and Clang.
 *
 * `lanes` holds the same quantity of LANES evaluations.  Nothing here ever mixes lanes, so a result
 * does not depend on its neighbours, nor on the lane in which it was computed.
 */

#define INLINE static inline __attribute__((always_inline))

#if defined __AVX512F__
#define LANES 8
#elif defined __AVX2__
#define LANES 4
#else
#define LANES 2
#endif

typedef double lanes __attribute__((vector_size(LANES * 8)));
typedef lanes loose_lanes __attribute__((aligned(8), may_alias)); /* anywhere in an array of doubles */
typedef long lane_bits __attribute__((vector_size(LANES * 8)));
typedef unsigned long lane_words __attribute__((vector_size(LANES * 8)));

/* c - 0 is c for every c, minus zero included. */
static inline lanes splat(double c) { return c - (lanes){0}; }

static inline lanes choose(lane_bits mask, lanes yes, lanes no)
{
  return (lanes)((mask & (lane_bits)yes) | (~mask & (lane_bits)no));
}

/* 1 where a comparison holds and 0 elsewhere, as C has it in scalars. */
static inline lanes truth(lane_bits mask) { return (lanes)(mask & (lane_bits)splat(1.0)); }

static inline int any(lane_bits mask)
{
  long found = 0;
  for (int l = 0; l < LANES; ++l) found |= mask[l];
  return found != 0;
}

static inline lanes lanes_fabs(lanes x) { return (lanes)((lane_bits)x & LONG_MAX); }
static inline lanes lanes_sign(lanes x) { return truth(x > 0.0) - truth(x < 0.0); }

/* Of a number and a NaN both answer the number, like fmin and fmax. */
static inline lanes lanes_fmin(lanes a, lanes b) { return choose((a < b) | (b != b), a, b); }
static inline lanes lanes_fmax(lanes a, lanes b) { return choose((a > b) | (b != b), a, b); }

static inline lanes lanes_sqrt(lanes x)
{
  lanes y;
  for (int l = 0; l < LANES; ++l) y[l] = sqrt(x[l]);
  return y;
}

static inline lanes lanes_ceil(lanes x)
{
  lanes y;
  for (int l = 0; l < LANES; ++l) y[l] = ceil(x[l]);
  return y;
}

/* y with the C library's f(x) in the lanes of the mask. */
static __attribute__((noinline, cold)) lanes replace(lane_bits mask, double (*f)(double), lanes x,
                                                     lanes y)
{
  for (int l = 0; l < LANES; ++l)
    if (mask[l]) y[l] = f(x[l]);
  return y;
}

/* The same of two arguments. */
static __attribute__((noinline, cold)) lanes replace_of_two(lane_bits mask,
                                                            double (*f)(double, double), lanes a,
                                                            lanes b, lanes y)
{
  for (int l = 0; l < LANES; ++l)
    if (mask[l]) y[l] = f(a[l], b[l]);
  return y;
}

static inline lanes lanes_tan(lanes x) { return replace(x == x, tan, x, x); }
static inline lanes lanes_tanh(lanes x) { return replace(x == x, tanh, x, x); }

static __attribute__((noinline)) lanes lanes_pow(lanes x, lanes y)
{
  for (int l = 0; l < LANES; ++l) x[l] = pow(x[l], y[l]);
  return x;
}
