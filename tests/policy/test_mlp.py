import numpy as np
import pytest
from differences import complex_step

from vgps.policy.mlp import MLP, count_weights, unpack

SHAPE = (4, 3, 2)  # n_in, n_hidden, n_out


def slow_outputs(weights, Z):
    """The definition, which also takes complex weights."""
    W1, b1, W2, b2 = unpack(weights, *SHAPE)
    return np.log(1.0 + np.exp(Z @ W1.T + b1)) @ W2.T + b2  # (N, n_out)


def test_outputs_and_gradient_match_the_definition_at_changing_weights(rng):
    N = 17
    Z = rng.normal(size=(N, SHAPE[0]))
    network = MLP(Z, *SHAPE[1:])
    for _ in range(3):
        weights = rng.normal(size=count_weights(*SHAPE))
        cotangent = rng.normal(size=(N, SHAPE[2]))
        np.testing.assert_allclose(network.forward(weights), slow_outputs(weights, Z), rtol=1e-12)
        expected = complex_step(lambda w, c=cotangent: (c * slow_outputs(w, Z)).sum(), weights)
        np.testing.assert_allclose(network.backward(cotangent), expected, rtol=1e-10, atol=1e-12)


def test_it_keeps_its_own_inputs(rng):
    Z = rng.normal(size=(5, SHAPE[0]))
    weights = rng.normal(size=count_weights(*SHAPE))
    network = MLP(Z, *SHAPE[1:])
    before = network.forward(weights).copy()
    Z[:] = 0.0
    np.testing.assert_array_equal(network.forward(weights), before)


@pytest.mark.parametrize("Z_shape", [(4,), (0, 4), (4, 0)])
def test_inputs_must_be_a_batch(Z_shape):
    with pytest.raises(ValueError, match="Z must be"):
        MLP(np.zeros(Z_shape), 3, 2)


def test_layers_must_have_units():
    with pytest.raises(ValueError, match="at least 1, not 0 and 2"):
        MLP(np.zeros((5, 4)), 0, 2)


def test_weights_must_fit(rng):
    network = MLP(np.zeros((5, 4)), 3, 2)
    with pytest.raises(ValueError, match=r"4-3-2 network have shape \(23,\), not \(22,\)"):
        network.forward(np.zeros(22))
