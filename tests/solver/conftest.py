"""The robots, built once a session and away from what users build."""

import numpy as np
import pytest
import solver_robots


@pytest.fixture(scope="session")
def springs(build_text):
    return build_text(solver_robots.SPRINGS)


@pytest.fixture(scope="session")
def cart_pole(build_text):
    return build_text(solver_robots.CART_POLE)


@pytest.fixture
def rng():
    return np.random.default_rng(0)
