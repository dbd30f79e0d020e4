import numpy as np
import pytest
from imitation import imitation_problem


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def imitation(rng):
    return imitation_problem(rng)
