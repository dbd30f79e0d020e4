"""Minimisers of smooth functions: L-BFGS with its line search, and stochastic gradient descent."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

# x (n,) -> value, gradient (n,)
ValueAndGradient = Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]
