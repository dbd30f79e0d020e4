/* sin, cos, exp, log and log1p in lanes, within 1 ulp or so, and atan2 within 2.
 *
 * But for exp, polynomials are those of FreeBSD's msun (Sun Microsystems 1993), which errs by less
 * than 1 ulp, and so is the splitting of pi/2 and ln 2; branches become choices.  Arguments outside
 * the range in which a reduction holds, which robots never reach unless they diverge, go to the C
 * library lane by lane.
 */

/* Adding it rounds to an integer, which is in the lowest bits of the sum; subtracting it again
 * leaves the integer as a double. */
#define ROUNDER 0x1.8p52

static inline lanes round_lanes(lanes x) { return (x + ROUNDER) - ROUNDER; }

/* 2^k of integers -1022 <= k <= 1023, and 0 of -1023. */
static inline lanes power_of_two(lanes k)
{
  return (lanes)(((lane_bits)(k + ROUNDER) + 1023) << 52);
}

typedef struct {
  lanes high, low;   /* the argument less the nearest multiple of pi/2, in two parts */
  lane_bits quarter; /* which multiple, in its two lowest bits */
} Angle;

/* Cody and Waite's reduction for 0 <= x <= 1e5: pi/2 in two pieces of 33 bits, whose products with
 * the multiple are exact, and a third that leaves an error of 2^-106. */
static inline Angle reduce(lanes x)
{
  const lanes rounded = x * 0x1.45f306dc9c883p-1 + ROUNDER, k = rounded - ROUNDER;
  const lanes r = x - k * 0x1.921fb544p0, high = r - k * 0x1.0b4611a6p-34;
  const lanes low = ((r - high) - k * 0x1.0b4611a6p-34) - k * 0x1.3198a2e037073p-69;
  return (Angle){high, low, (lane_bits)rounded};
}

/* sin(x + low) = x + x^3 (S1 + S2 x^2 + ...) + low cos x, with the cosine's first two terms. */
static inline lanes sine_polynomial(lanes x, lanes low)
{
  const lanes z = x * x, w = z * z; /* pairs of terms run side by side */
  const lanes last = -2.50507602534068634195e-08 + z * 1.58969099521155010221e-10;
  const lanes middle = -1.98412698298579493134e-04 + z * 2.75573137070700676789e-06;
  const lanes first = -1.66666666666666324348e-01 + z * 8.33333333332248946124e-03;
  return x + (z * x * (first + w * (middle + w * last)) + low * (1.0 - 0.5 * z));
}

/* cos(x + low) = 1 - x^2 / 2 + x^4 (C1 + C2 x^2 + ...) - low x, corrected for the rounding error of
 * the first difference. */
static inline lanes cosine_polynomial(lanes x, lanes low)
{
  const lanes z = x * x, w = z * z, two_terms = 1.0 - 0.5 * z;
  const lanes error = (1.0 - two_terms) - 0.5 * z;
  const lanes last = 2.08757232129817482790e-09 + z * -1.13596475577881948265e-11;
  const lanes middle = 2.48015872894767294178e-05 + z * -2.75573143513906633035e-07;
  const lanes first = 4.16666666666666019037e-02 + z * -1.38888888888741095749e-03;
  return two_terms + ((error - x * low) + w * (first + w * (middle + w * last)));
}

/* The sine some quarter turns past an angle, but for its sign; one quarter past is the cosine. */
static inline lanes turned(Angle a, lane_bits quarter)
{
  return choose(-(quarter & 1), cosine_polynomial(a.high, a.low),
                sine_polynomial(a.high, a.low));
}

/* y with its sign turned where the highest bit is set. */
static inline lanes with_sign(lanes y, lane_bits sign)
{
  return (lanes)((lane_bits)y ^ (sign & LONG_MIN));
}

/* Always inlined, so that the sine and the cosine of one angle share all but the last choice. */
INLINE lanes lanes_sin(lanes x)
{
  const Angle a = reduce(lanes_fabs(x));
  const lane_bits outside = ~(lanes_fabs(x) <= 1e5);
  const lanes y = with_sign(turned(a, a.quarter), (lane_bits)x ^ (a.quarter << 62));
  return any(outside) ? replace(outside, sin, x, y) : y;
}

INLINE lanes lanes_cos(lanes x)
{
  const Angle a = reduce(lanes_fabs(x));
  const lane_bits outside = ~(lanes_fabs(x) <= 1e5);
  const lanes y = with_sign(turned(a, a.quarter + 1), (a.quarter + 1) << 62);
  return any(outside) ? replace(outside, cos, x, y) : y;
}

/* exp(r) of the rest r of x = k ln 2 + r, |r| <= ln(2)/2, where Taylor's polynomial of degree 13 errs
 * by 2^-57. */
static inline lanes exp_rest(lanes x, lanes k)
{
  const lanes high = x - k * 0x1.62e42feep-1, low = k * 0x1.a39ef35793c76p-33;
  const lanes r = high - low, rest = (high - r) - low;
  const lanes z = r * r; /* two chains, of even and of odd powers, run side by side */
  lanes even = splat(1.0 / 479001600), odd = splat(1.0 / 6227020800);
  even = 1.0 / 3628800 + z * even, odd = 1.0 / 39916800 + z * odd;
  even = 1.0 / 40320 + z * even, odd = 1.0 / 362880 + z * odd;
  even = 1.0 / 720 + z * even, odd = 1.0 / 5040 + z * odd;
  even = 1.0 / 24 + z * even, odd = 1.0 / 120 + z * odd;
  even = 0.5 + z * even, odd = 1.0 / 6 + z * odd;
  return 1.0 + (r + (rest + z * (even + r * odd)));
}

/* exp(x) = 2^k exp(r).  Two factors make 2^k, which reaches infinity and, rounding once, the subnormal
 * numbers. */
static inline lanes lanes_exp(lanes x)
{
  x = choose(x > 710.0, splat(710.0), x);
  x = choose(x < -750.0, splat(-750.0), x);
  const lanes k = round_lanes(x * 0x1.71547652b82fep0);
  const lanes half = round_lanes(0.5 * k);
  return exp_rest(x, k) * power_of_two(half) * power_of_two(k - half);
}

/* (log((1 + s) / (1 - s)) - 2 s) / s of z = s^2, for 1/sqrt(2) < (1 + s) / (1 - s) < sqrt(2). */
static inline lanes log_polynomial(lanes z)
{
  const lanes w = z * z;
  const lanes even =
      w * (3.999999999940941908e-01 +
           w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
  const lanes odd =
      z * (6.666666666666735130e-01 +
           w * (2.857142874366239149e-01 +
                w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
  return even + odd;
}

/* log(u + c) of a normal u > 0 and its rounding error c: u = 2^k (1 + f) with 1 + f between the
 * square roots of 1/2 and 2.  Of c / u a few digits are enough: 1 / (1 + f) = (1 - s) / (1 + s). */
static inline lanes log_of_sum(lanes u, lanes c)
{
  const lane_words shifted = (lane_words)u + (0x3ff0000000000000 - 0x3fe6a09e667f3bcd);
  const lane_bits exponent = (lane_bits)(shifted >> 52) - 1023;
  const lanes k = (lanes)(exponent + (lane_bits)splat(ROUNDER)) - ROUNDER;
  const lanes f = (lanes)((shifted & 0x000fffffffffffff) + 0x3fe6a09e667f3bcd) - 1.0;
  const lanes s = f / (2.0 + f), z = s * s, half = 0.5 * f * f;
  const lanes rest = c * power_of_two(-k) * ((1.0 - s) * (1.0 - s + z));
  const lanes r = log_polynomial(z);
  const lanes low = k * 0x1.a39ef35793c76p-33 + rest;
  return k * 0x1.62e42feep-1 - ((half - (s * (half + r) + low)) - f);
}

static inline lanes lanes_log(lanes x)
{
  const lane_bits outside = ~((x >= 0x1p-1022) & (x < 0x1p1023));
  const lanes y = log_of_sum(x, splat(0.0));
  return any(outside) ? replace(outside, log, x, y) : y;
}

static inline lanes lanes_log1p(lanes x)
{
  const lane_bits outside = ~((x > -1.0) & (x < 0x1p1023));
  const lanes u = 1.0 + x;
  /* Whichever of 1 and x is the larger, the error of the sum is exact. */
  const lanes c = choose(x < 1.0, x - (u - 1.0), 1.0 - (u - x));
  const lanes y = choose(lanes_fabs(x) < 0x1p-54, x, log_of_sum(u, c));
  return any(outside) ? replace(outside, log1p, x, y) : y;
}

/* atan(r) / r - 1 for |r| < 7/16. */
static inline lanes arctangent_polynomial(lanes r)
{
  const lanes z = r * r, w = z * z; /* odd and even terms run side by side */
  lanes even = splat(1.62858201153657823623e-02), odd = splat(-3.65315727442169155270e-02);
  even = 4.97687799461593236017e-02 + w * even, odd = -5.83357013379057348645e-02 + w * odd;
  even = 6.66107313738753120669e-02 + w * even, odd = -7.69187620504482999495e-02 + w * odd;
  even = 9.09088713343650656196e-02 + w * even, odd = -1.11111104054623557880e-01 + w * odd;
  even = 1.42857142725034663711e-01 + w * even, odd = -1.99999999998764832476e-01 + w * odd;
  even = 3.33333333333329318027e-01 + w * even;
  return -(z * even + w * odd);
}

/* The angle of (x, y) is that of a / b <= 1 or its complement, in the first quadrant or the second,
 * above or below: eighths of a turn plus or minus atan(r).  pi/4 has 33 bits in its first part, so
 * that a multiple of it is exact. */
static inline lanes lanes_atan2(lanes y, lanes x)
{
  const lanes above = lanes_fabs(y), beside = lanes_fabs(x);
  const lane_bits upright = above > beside, behind = x < 0.0;
  const lanes a = choose(upright, beside, above), b = choose(upright, above, beside);
  const lane_bits steep = a > 0.4375 * b;
  const lanes r = choose(steep, a - b, a) / choose(steep, a + b, b);
  lanes eighths = truth(steep), sign = splat(1.0);
  eighths = choose(upright, 2.0 - eighths, eighths), sign = choose(upright, -sign, sign);
  eighths = choose(behind, 4.0 - eighths, eighths), sign = choose(behind, -sign, sign);
  const lanes high = eighths * 0x1.921fb544p-1, low = eighths * 0x1.0b4611a626331p-35;
  const lanes signed_r = sign * r;
  const lanes angle = high + (signed_r + (low + signed_r * arctangent_polynomial(r)));
  const lanes result = with_sign(angle, (lane_bits)y);
  /* Zeros, infinities and what is not a number, and what a + b or a / b would spoil. */
  const lane_bits outside = ~((a <= b) & (b > 0x1p-900) & (b < 0x1p1000));
  return any(outside) ? replace_of_two(outside, atan2, y, x, result) : result;
}
