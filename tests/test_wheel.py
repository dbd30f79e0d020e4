"""The package as users install it: everything in one name, and nothing written beside it."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# What stands in the checkout and is not the package's.
ELSEWHERE = {"tests", "generated", "docs", "runs", "build"}
SCRIPT = """
import json, sys
import vgps
from vgps.codegen.folders import PACKAGE, generated
model = vgps.build(vgps.load("swimmer"))
x = model.step(model.x0, [0.0] * model.nu)
from vgps.solver.native import _cache_folder
print(json.dumps([str(PACKAGE), str(generated()), str(_cache_folder()), len(x)]))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    # A copy, because setuptools leaves a folder in what it packs.
    source = folder / "source"
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split("\0")
    for name in filter(None, tracked):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    if not source.exists():
        pytest.skip("the files of the package are known to git alone")
    subprocess.run(
        [*command, "--wheel-dir", folder, source], check=True, capture_output=True, text=True
    )
    (made,) = folder.glob("vgps-*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The folder that stands for site-packages."""
    target = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def test_every_source_of_the_package_travels_under_one_name(wheel):
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert {name.split("/")[0] for name in packed} == {"vgps"}
    wanted = {
        path.relative_to(ROOT)
        for suffix in ("py", "c", "yaml", "css", "html", "js")
        for path in ROOT.rglob(f"*.{suffix}")
        if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
        and path.relative_to(ROOT).parts[0] not in ELSEWHERE
    }
    assert {f"vgps/{path.as_posix()}" for path in wanted} <= packed
    assert "vgps/py.typed" in packed
    assert "vgps/docs/robot-file.schema.json" in packed  # to which the first line of robots leads
    assert not [name for name in packed if name.startswith(("vgps/tests/", "vgps/generated/"))]


def test_it_builds_robots_from_anywhere_into_the_users_cache(installed, tmp_path):
    before = {path: path.read_bytes() for path in installed.rglob("*") if path.is_file()}
    environment = os.environ | {
        "PYTHONPATH": str(installed),
        "PYTHONDONTWRITEBYTECODE": "1",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "HOME": str(tmp_path),
    }
    del environment["VGPS_BUILDS"]
    empty = tmp_path / "an empty folder"
    empty.mkdir()
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=empty,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    package, generated, kernels, nx = json.loads(ran.stdout)
    assert Path(package) == installed / "vgps" and nx == 10
    assert Path(generated).is_relative_to(tmp_path) and Path(kernels).parent == Path(generated)
    assert (Path(generated) / "swimmer").is_dir()
    assert not list(empty.iterdir())
    after = {path: path.read_bytes() for path in installed.rglob("*") if path.is_file()}
    assert after == before


def test_importing_sets_nothing_global():
    """No environment, no setting of Numba, no BLAS, and none of the rooms before they are used."""
    code = (
        "import os, sys; before = dict(os.environ)\n"
        "import vgps; assert not [n for n in sys.modules if n.startswith('vgps.')]\n"
        "import numba; cache = numba.config.CACHE_DIR\n"
        "import vgps.policy.search, vgps.run\n"
        "assert dict(os.environ) == before and numba.config.CACHE_DIR == cache\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
