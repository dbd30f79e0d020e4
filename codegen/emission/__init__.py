"""CasADi functions to C, scalar and in SIMD lanes."""
