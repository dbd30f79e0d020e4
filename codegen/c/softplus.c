/* log(1 + exp(-a)) of a >= 0, the tail of softplus: log(1 + exp(z)) = max(z, 0) + tail(|z|).
 *
 * Contact and the limits of joints are made of it, and most of them are far away most of the time:
 * a tail below 5e-18 is taken to be 0, and nothing is computed where all are. */
#define NO_TAIL 40.0
#define SHORT_TAIL 12.0 /* from where on three terms of the logarithm's series are exact */

static inline double softplus_tail(double a) { return a >= NO_TAIL ? 0.0 : log1p(exp(-a)); }

/* log(1 + f) of 0 <= f <= 1.  Where 1 + f is larger than the square root of 2 it is log 2 plus the
 * logarithm of half of it, so that no exponent has to be taken apart. */
static inline lanes log1p_of_share(lanes f)
{
  const lane_bits large = f > 0x1.a827999fcef34p-2; /* sqrt(2) - 1 */
  f = choose(large, 0.5 * (f - 1.0), f);
  const lanes s = f / (2.0 + f), half = 0.5 * f * f;
  const lanes high = choose(large, splat(0x1.62e42feep-1), splat(0.0)); /* log 2 in two parts */
  const lanes low = choose(large, splat(0x1.a39ef35793c76p-33), splat(0.0));
  return high - ((half - (s * (half + log_polynomial(s * s)) + low)) - f);
}

static __attribute__((noinline)) lanes near_tail(lanes a)
{
  const lanes k = round_lanes(a * -0x1.71547652b82fep0);
  const lanes e = exp_rest(-a, k) * power_of_two(k); /* k >= -58: one factor will do */
  const lanes y = any(~(a >= SHORT_TAIL)) ? log1p_of_share(e)
                                          : e - e * e * (0.5 - e * (1.0 / 3 - e * 0.25));
  return choose(a >= NO_TAIL, splat(0.0), y);
}

INLINE lanes lanes_softplus_tail(lanes a)
{
  return any(~(a >= NO_TAIL)) ? near_tail(a) : splat(0.0);
}
