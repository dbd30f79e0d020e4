/* Of the classical Runge-Kutta method. */
static const double NODE[3] = {0.5, 0.5, 1.0}; /* where stages 2..4 stand */
static const double WEIGHT[4] = {1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6};
