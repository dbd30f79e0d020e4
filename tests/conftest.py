"""One BLAS thread, as on the command line, and robots that are built once a session, away from users' own."""

import hashlib
import os
import shutil

for _library in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from vgps.codegen.build import build, generator_files
from vgps.codegen.description.robot import load
from vgps.codegen.folders import MODELS

# What an example takes depends on the machine and on what else it does.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

TESTS = Path(__file__).parent
ROBOTS = TESTS / "robots"
# Files that build robots of their own, start processes or learn: two tests of five, and three
# quarters of the time.
THOROUGH = {TESTS / name for name in (TESTS / "thorough.txt").read_text(encoding="utf-8").split()}


def pytest_addoption(parser):
    parser.addoption(
        "--files",
        choices=("all", "quick", "thorough"),
        default="all",
        help="thorough: those that tests/thorough.txt lists, quick: the others",
    )


def pytest_ignore_collect(collection_path, config):
    """Files of the other kind are not even imported."""
    kind = config.getoption("files")
    if kind == "all" or not collection_path.name.startswith("test_") or collection_path.is_dir():
        return None
    return (collection_path in THOROUGH) != (kind == "thorough") or None


@pytest.fixture(scope="session", autouse=True)
def builds(pytestconfig, tmp_path_factory):
    """Commands and processes of tests build apart from the libraries that are in use.

    Their names are hashes of all that shapes them, so that the next session may find them, as long
    as the generator is the same; compiling is a third of the time that the tests take.
    """
    folder = tmp_path_factory.mktemp("builds")
    if (kept := getattr(pytestconfig, "cache", None)) is not None:  # without -p no:cacheprovider
        digest = hashlib.sha256(b"".join(file.read_bytes() for file in generator_files()))
        folder = kept.mkdir(f"builds-{digest.hexdigest()[:16]}")
        for other in folder.parent.glob("builds-*"):
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)  # another process of tests may do so, too
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VGPS_BUILDS", str(folder))
        yield folder


@pytest.fixture(scope="session")
def compiled(builds):
    """Build a robot once for all tests."""
    return partial(build, folder=builds)


@pytest.fixture(scope="session")
def swimmer(compiled):
    """Floating base."""
    return compiled(load(MODELS / "swimmer.yaml"))


@pytest.fixture(scope="session")
def cartpole(compiled):
    """Fixed base, a link without a length, a sliding joint, a pole that points up at q = 0."""
    return compiled(load(ROBOTS / "cartpole.yaml"))


@pytest.fixture(scope="session")
def quadrotor(compiled):
    """One link and no joint; two forces that turn with it and only push."""
    return compiled(load(MODELS / "quadrotor.yaml"))


@pytest.fixture(scope="session")
def rocket(compiled):
    """A force on a link that a servo turns, with actions whose limits leave out 0 or are of an angle."""
    return compiled(load(MODELS / "rocket.yaml"))


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
def cartpole_run(tmp_path_factory):
    """A short run of a robot that is nothing but a file outside models/, and what `train` printed.

    It has no finish, which takes longer than all the rest.
    """
    from command_line import run_json

    folder = tmp_path_factory.mktemp("runs") / "cartpole"
    result = run_json(
        "train", ROBOTS / "cartpole.yaml", "--iterations", 3, "--finish", "none", "--out", folder
    )
    return folder, result
