"""The robots, built once a session and away from what users build."""

import numpy as np
import pytest
import solver_robots

from vgps.codegen.description.robot import load


@pytest.fixture(scope="session")
def build_text(compiled, tmp_path_factory):
    """Build a robot from the text of its file."""
    folder = tmp_path_factory.mktemp("robots")

    def build_it(text):
        path = folder / "robot.yaml"
        path.write_text(text, encoding="utf-8")
        return compiled(load(path))

    return build_it


@pytest.fixture(scope="session")
def springs(build_text):
    return build_text(solver_robots.SPRINGS)


@pytest.fixture(scope="session")
def cart_pole(build_text):
    return build_text(solver_robots.CART_POLE)


@pytest.fixture
def rng():
    return np.random.default_rng(0)
