"""A multilayer perceptron with one softplus hidden layer, on a batch of inputs, and its gradients.

    y_i = W2 softplus(W1 z_i + b1) + b2,   i = 1..N

Fitting a policy evaluates this thousands of times on the same N inputs, so:

- Every work array is allocated once, with the object.
- A batch array is (N, units) in Fortran order: the N values of one unit are contiguous. With
  thousands of samples and about ten units, this makes every product a long, thin BLAS call and
  every elementwise pass a run of full vectors. (Measured: C order takes about 1.5 times as long.)
- A bias is the weight of a constant input 1, so that it costs no pass of its own.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vgps.policy.softplus import softplus_into

Array = NDArray[np.float64]


def count_weights(n_in: int, n_hidden: int, n_out: int) -> int:
    """Number of weights and biases of the network."""
    return n_hidden * (n_in + 1) + n_out * (n_hidden + 1)


def unpack(
    weights: Array, n_in: int, n_hidden: int, n_out: int
) -> tuple[Array, Array, Array, Array]:
    """Views of a flat vector: W1 (n_hidden, n_in), b1 (n_hidden,), W2, b2.

    Raises:
        ValueError: when `weights` is not of shape (count_weights(n_in, n_hidden, n_out),).
    """
    expected = (count_weights(n_in, n_hidden, n_out),)
    if weights.shape != expected:
        raise ValueError(
            f"weights of a {n_in}-{n_hidden}-{n_out} network have shape {expected}, "
            f"not {weights.shape}"
        )
    W1_end = n_hidden * n_in
    W2_start = W1_end + n_hidden
    return (
        weights[:W1_end].reshape(n_hidden, n_in),
        weights[W1_end:W2_start],
        weights[W2_start:-n_out].reshape(n_out, n_hidden),
        weights[-n_out:],
    )


class MLP:
    """The network on one fixed batch of inputs; its weights change from call to call.

    Args:
        Z: (N, n_in) inputs, N >= 1; copied.
        n_hidden: number of hidden units, at least 1.
        n_out: number of outputs, at least 1.

    Raises:
        ValueError: when Z is not a matrix with at least one row and column, or a number of units is
            less than 1.
    """

    def __init__(self, Z: ArrayLike, n_hidden: int, n_out: int):
        inputs = np.asarray(Z)
        if inputs.ndim != 2 or inputs.size == 0:
            raise ValueError(
                f"Z must be (N, n_in) with at least one of each, not of shape {inputs.shape}"
            )
        if n_hidden < 1 or n_out < 1:
            raise ValueError(f"n_hidden and n_out must be at least 1, not {n_hidden} and {n_out}")
        N, n_in = inputs.shape
        self.shape = (n_in, n_hidden, n_out)
        self.n_weights = count_weights(*self.shape)

        self._Z1 = _batch(N, n_in + 1)  # (N, n_in + 1), inputs and the constant
        self._Z1[:, :-1] = inputs
        self._Z1[:, -1] = 1.0
        self._H1 = _batch(N, n_hidden + 1)  # (N, n_hidden + 1), activations and the constant
        self._H1[:, -1] = 1.0
        self._slope = _batch(N, n_hidden)  # (N, n_hidden), softplus' of each unit
        self._hidden = _batch(N, n_hidden)  # (N, n_hidden), scratch
        self._output = _batch(N, n_out)  # (N, n_out)
        units = self._hidden, self._H1[:, :-1], self._slope
        self._flat = tuple(unit.reshape(-1, order="F") for unit in units)  # views
        self._W1b1 = np.empty((n_hidden, n_in + 1))
        self._W2b2 = np.empty((n_out, n_hidden + 1))

    def forward(self, weights: Array) -> Array:
        """Outputs at the flat `weights` (n_weights,), in the order of `unpack`.

        Returns:
            (N, n_out) in Fortran order: the network's own buffer, which the next call overwrites
            and the caller may.

        Raises:
            ValueError: when `weights` has another shape.
        """
        self._W1b1[:, :-1], self._W1b1[:, -1], self._W2b2[:, :-1], self._W2b2[:, -1] = unpack(
            weights, *self.shape
        )
        np.matmul(self._Z1, self._W1b1.T, out=self._hidden)
        softplus_into(*self._flat)
        return np.matmul(self._H1, self._W2b2.T, out=self._output)

    def backward(self, cotangent: Array) -> Array:
        """Gradient with respect to the weights of sum(cotangent * outputs) at the last `forward`.

        Args:
            cotangent: (N, n_out), derivative of some scalar with respect to each output; fastest
                in Fortran order.

        Returns:
            (n_weights,), a new array, in the order of `unpack`.
        """
        gradient = np.empty(self.n_weights)
        dW1, db1, dW2, db2 = unpack(gradient, *self.shape)

        dW2b2 = cotangent.T @ self._H1  # (n_out, n_hidden + 1)
        dW2[:], db2[:] = dW2b2[:, :-1], dW2b2[:, -1]

        d_hidden = np.matmul(cotangent, self._W2b2[:, :-1], out=self._hidden)  # (N, n_hidden)
        d_hidden *= self._slope
        dW1b1 = d_hidden.T @ self._Z1  # (n_hidden, n_in + 1)
        dW1[:], db1[:] = dW1b1[:, :-1], dW1b1[:, -1]
        return gradient


def _batch(n_samples: int, n_units: int) -> Array:
    return np.empty((n_samples, n_units), order="F")
