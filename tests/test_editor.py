"""What an editor with yaml-language-server makes of robot files and their modeline (`make test-editor`)."""

import pytest
from command_line import ROOT, run
from language_server import missing, running

pytestmark = pytest.mark.skipif(
    bool(missing()), reason=f"{' and '.join(missing())} not installed: make test-editor"
)


@pytest.fixture(scope="module")
def server():
    with running() as asked:
        yield asked


@pytest.fixture
def started(tmp_path):
    """A new robot after an edit, and the place where it has a |, which is taken out."""

    def edited(old, new):
        assert run("new", "crane", cwd=tmp_path).returncode == 0
        path = tmp_path / "crane.yaml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        before, _, after = text.replace(old, new, 1).partition("|")
        path.write_text(before + after, encoding="utf-8")
        return path, before.count("\n"), len(before) - before.rfind("\n") - 1

    return edited


@pytest.mark.parametrize("name", ["swimmer", "walker"])
def test_models_are_right(server, name):
    assert server.mistakes(ROOT / "models" / f"{name}.yaml") == []


def test_a_new_robot_is_right(server, started):
    assert server.mistakes(started("crane", "crane|")[0]) == []


@pytest.mark.parametrize(
    ("old", "new", "offered", "said"),
    [
        ("    mass: 10", "    |\n    mass: 10", {"com", "inertia", "drag"}, "centre of mass"),
        ("  - name: swivel", "  - name: swivel\n    type: |", {"revolute", "fixed"}, "slides"),
        ("  dt: 0.02", "  integrator: |\n  dt: 0.02", {"rk4", "implicit"}, "Runge-Kutta"),
        ("  dt: 0.02", "  |\n  dt: 0.02", {"substeps", "integrator", "observe"}, "Runge-Kutta"),
        ("    spread: ", "    |\n    spread: ", {"q", "v"}, "rad or m"),
    ],
)
def test_completions(server, started, old, new, offered, said):
    found = server.completions(*started(old, new))
    assert offered <= set(found)
    assert any(said in (found[label] or "") for label in offered)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("damping: 2 ", "|dampng: 2 ", "dampng is not allowed"),
        ("mass: 10", "mass: |true", "Incorrect type"),
        ("horizon: 200", "horizon: |250.5", "Incorrect type"),
        ("mass: 10", "mass: |-10", "below the minimum"),
        ("base: fixed", "base: |fix", "Valid values"),
        ("sum(u**2)", "sum(u^2)", "no expression"),
        ("at: [0, -length]", "at: |[0]", "too few items"),
    ],
)
def test_mistakes(server, started, old, new, sentence):
    path, line, character = started(old, new)
    found = server.mistakes(path)
    assert len(found) == 1 and sentence in found[0][2]
    if "|" in new:
        assert found[0][:2] == (line, character)


def test_hovering_tells_unit_and_meaning(server, started):
    explained = server.hover(*started("damping: 0.1", "dam|ping: 0.1"))
    assert "non-negative number" in explained and "N·m·s/rad" in explained
