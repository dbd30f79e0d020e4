"""One BLAS thread, as in run.py: the matrices are small, and threads make timings and sums vary."""

import os

for _library in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")
