"""Robots, motions made up for them, and a browser."""

import shutil

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from vgps.codegen.description.robot import load

BALL = """\
name: ball
parameters: {{steep: 0.2}}
base: floating
links: [{{name: ball, mass: 1, inertia: 0.1}}, {{name: fin, mass: 1, length: 0.2}}]
joints: [{{name: hinge, parent: ball, child: fin, actuated: true}}]
points: [{{name: sole, link: ball, at: [0, -0.1], contact: true}}]
ground:
  {{height: "{height}", stiffness: 1e4, softness: 0.01, damping_speed: 1,
   friction: 0.9, friction_speed: 0.2}}
task: {{dt: 0.01, horizon: 2, integrator: implicit, cost: hinge.q**2, success: 1 > 0}}
"""

MISSING = "not installed: make test-browser"
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="module")
def chromium():
    """A browser without a window."""
    playwright = pytest.importorskip("playwright.sync_api", reason=f"playwright is {MISSING}")
    with playwright.sync_playwright() as started:
        found = next(filter(None, map(shutil.which, CHROMIUMS)), None)
        try:
            browser = started.chromium.launch(executable_path=found)
        except playwright.Error:
            pytest.skip(f"chromium is {MISSING}")
        yield browser
        browser.close()


@pytest.fixture
def ball(tmp_path):
    """Load a floating ball above ground of a given height, an expression in x and steep = 0.2."""

    def loaded(height):
        path = tmp_path / "ball.yaml"
        path.write_text(BALL.format(height=height), encoding="utf-8")
        return load(path)

    return loaded


@pytest.fixture
def on_ground(compiled, ball):
    """Build it."""
    return lambda height: compiled(ball(height))


@pytest.fixture(params=["swimmer", "cartpole"])
def model(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def motion():
    """A made-up motion X (T+1, nx) of ``seconds``: a floating base travels 14 m, joints wave."""

    def make(model, seconds=6.0):
        times = model.dt * np.arange(round(seconds / model.dt) + 1)
        X = np.zeros((len(times), model.nx))
        for i in range(model.nq):
            X[:, i] = 0.6 * np.sin(3.0 * times - 1.5 * i)
        if model.robot.base == "floating":
            X[:, :3] *= 0.3
            X[:, 0] += 14.0 * times / seconds
        return X

    return make


@pytest.fixture
def axes():
    figure = Figure((6.0, 3.0))
    FigureCanvasAgg(figure)
    return figure.subplots()
