/* The chain rule that every integrator applies at each of its stages.
 *
 * This file and the integrators are included twice by the generated one: with `real` a double, and
 * with `real` the doubles of LANES evaluations.  NAME(f) is the function f of that kind.  Sizes come
 * from the generated file: NQ NV NX NU NZ = NX + NU.  Matrices are dense and row-major.
 */

/* out (NV, NZ) = A_x D + [0 0 A_u] from A = [A_x A_u] (NV, NZ) and D = d(state)/d(x, u) (NX, NZ).
 *
 * Three rows by two columns of sums stay in registers, which in lanes halves the time; at an odd edge
 * a row or column comes twice.
 */
static void NAME(chain)(const real *restrict A, const real *restrict D, real *restrict out)
{
  for (int i = 0; i < NV; ++i) {
    memset(out + i * NZ, 0, NX * sizeof(real));
    memcpy(out + i * NZ + NX, A + i * NZ + NX, NU * sizeof(real));
  }
  for (int i = 0; i < NV; i += 3) {
    const int r0 = i * NZ, r1 = i + 1 < NV ? r0 + NZ : r0, r2 = i + 2 < NV ? r0 + 2 * NZ : r0;
    for (int j = 0; j < NZ; j += 2) {
      const int c0 = j, c1 = j + 1 < NZ ? j + 1 : j;
      real s00 = out[r0 + c0], s10 = out[r1 + c0], s20 = out[r2 + c0];
      real s01 = out[r0 + c1], s11 = out[r1 + c1], s21 = out[r2 + c1];
      for (int k = 0; k < NX; ++k) {
        const real a0 = A[r0 + k], a1 = A[r1 + k], a2 = A[r2 + k];
        const real d0 = D[k * NZ + c0], d1 = D[k * NZ + c1];
        s00 += a0 * d0, s10 += a1 * d0, s20 += a2 * d0;
        s01 += a0 * d1, s11 += a1 * d1, s21 += a2 * d1;
      }
      out[r0 + c0] = s00, out[r1 + c0] = s10, out[r2 + c0] = s20;
      out[r0 + c1] = s01, out[r1 + c1] = s11, out[r2 + c1] = s21;
    }
  }
}
