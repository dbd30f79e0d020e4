/* Where the numbers of a cost's terms belong (cost_loops.c). */
typedef struct {
  int n_gradient, n_curved;
  const int *gradient;    /* (n_gradient) elements of z */
  const int (*curved)[2]; /* (n_curved) pairs of quantities */
  const int *row;         /* where the nonzeros of each quantity's row of J begin, and their end */
  const int *column;      /* of each of these nonzeros */
} CostShape;
