/* Cosines and sines of many angles, of which a plain double's are computed LANES at a time, too. */

static void lanes_cosines_and_sines(const lanes *restrict angle, lanes *restrict cosine,
                                    lanes *restrict sine)
{
  for (int i = 0; i < ANGLES; ++i) cosine[i] = lanes_cos(angle[i]), sine[i] = lanes_sin(angle[i]);
}

static void robot_cosines_and_sines(const double *restrict angle, double *restrict cosine,
                                    double *restrict sine)
{
  for (int i = 0; i < ANGLES; i += LANES) {
    const int n = at_most_lanes(ANGLES - i);
    lanes x = {0};
    for (int l = 0; l < n; ++l) x[l] = angle[i + l];
    const lanes c = lanes_cos(x), s = lanes_sin(x);
    for (int l = 0; l < n; ++l) cosine[i + l] = c[l], sine[i + l] = s[l];
  }
}
