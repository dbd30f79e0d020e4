/* As many fused multiply-adds as the core can do: independent chains of whole vectors, enough of
 * them to hide an instruction's latency and few enough for the registers. */

/* At -O1, which the robots are compiled with, gcc fuses nothing. */
#if defined __GNUC__ && !defined __clang__
#pragma GCC optimize("expensive-optimizations")
#endif

#if defined __AVX512F__
#define BYTES 64
#elif defined __AVX__
#define BYTES 32
#else
#define BYTES 16
#endif

typedef double lanes __attribute__((vector_size(BYTES)));

#define EACH_CHAIN(x) x(0) x(1) x(2) x(3) x(4) x(5) x(6) x(7) x(8) x(9) x(10) x(11)

/* Operations in one round of the loop below: a fused multiply-add is two. */
const long peak_operations = 2 * 12 * (BYTES / sizeof(double));

/* out (2,): factor and term; the first becomes a sum that depends on every operation. */
void peak(long rounds, double *out)
{
  const lanes zero = {0}, factor = zero + out[0], term = zero + out[1];
#define START(i) lanes chain##i = term + i;
#define STEP(i) chain##i = chain##i * factor + term;
#define ADD(i) + chain##i
  EACH_CHAIN(START)
  for (long i = 0; i < rounds; ++i) { EACH_CHAIN(STEP) }
  const lanes sum = zero EACH_CHAIN(ADD);
  out[0] = sum[0];
}
