/* The expansion of a cost that is a function of quantities y(z), from the numbers of its terms: the
 * cost, and what is not zero of its gradient, of phi_yy and of J = dy/dz by absolute coordinates.
 *
 * `real` and NAME are as in chain.c. */

/* c, c_z (n) and H (n, n) = J^T phi_yy J by the user's coordinates. */
static void NAME(expand_cost)(const CostShape *of, int n, const real *restrict terms,
                              real *restrict c, real *restrict c_z, real *restrict H)
{
  const real *const gradient = terms + 1, *const phi = gradient + of->n_gradient;
  const real *const J = phi + of->n_curved;
  c[0] = terms[0];
  memset(c_z, 0, n * sizeof(real));
  memset(H, 0, n * n * sizeof(real));
  for (int k = 0; k < of->n_gradient; ++k) c_z[of->gradient[k]] += gradient[k];
  for (int k = 0; k < of->n_curved; ++k) {
    const int i = of->curved[k][0], j = of->curved[k][1];
    for (int a = of->row[i]; a < of->row[i + 1]; ++a)
      for (int b = of->row[j]; b < of->row[j + 1]; ++b)
        H[of->column[a] * n + of->column[b]] += phi[k] * J[a] * J[b];
  }
  NAME(columns_by_joints)(1, n, 2, c_z);
  NAME(columns_by_joints)(n, n, 2, H);
  NAME(rows_by_joints)(n, 2, H);
}

/* H (n, n), of which what is on and above the diagonal is by absolute coordinates, by the user's. */
static void NAME(curvature_by_joints)(int n, real *H)
{
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < i; ++j) H[i * n + j] = H[j * n + i];
  NAME(columns_by_joints)(n, n, 2, H);
  NAME(rows_by_joints)(n, 2, H);
}
