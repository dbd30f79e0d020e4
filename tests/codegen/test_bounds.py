"""Sizes, numbers and files beyond all use: one sentence, with what they would take."""

import pytest
from arm import ARM

from vgps.codegen.errors import RobotFileError


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("horizon: 50", "horizon: 1e11", "task.horizon of 100000000000 steps would take 92 TiB"),
        (
            "horizon: 50",
            "horizon: 50\n  substeps: 10000000",
            "task.substeps of 10000000 in each of 50 steps would take a single rollout about 8 minutes",
        ),
        (
            "horizon: 50",
            "horizon: 1e30",
            "task.horizon must lie between -1e+15 and 1e+15, found 1e+30",
        ),
        (
            "task:",
            "training: {samples: 1e9}\ntask:",
            "training.samples of 1000000000 at each of 50 steps would take 2",
        ),
        ("task:", "training: {iterations: 1e12}\ntask:", "training.iterations must be at most 10"),
        ("L: m/4", "L: 1e200", "parameters.L must lie between -1e+15 and 1e+15, found 1e+200"),
        ("mass: 1.5", "mass: 1e-200", "links[1].mass must be at least 1e-15, found 1e-200"),
        ("[-1, 2*pi/3]", "[-1e300, 1]", "joints[1].limits[0] must lie between -1e+15 and 1e+15"),
    ],
)
def test_numbers(arm_error, old, new, sentence):
    assert arm_error(old, new).message.startswith(sentence)


def many(key, count, item):
    return ARM.replace(f"{key}:\n", f"{key}:\n" + "".join(item.format(i) for i in range(count)), 1)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            many("links", 150, "  - {{name: z{}, mass: 1}}\n"),
            "links must be at most 100, found 152",
        ),
        (
            many("links", 3000, "  - {{name: z{}, mass: 1}}\n"),
            "the file holds more than 10000 keys",
        ),
        (
            many("parameters", 900, "  z{}: 1\n"),
            "parameters must be a mapping from names to at most 500",
        ),
        ("x: [" + "[], " * 60_000 + "]", "the file holds more than 10000 keys and values"),
        ("x: " + "{a: " * 60_000, "the file is nested too deeply"),
        ("- " * 100_000, "the file is nested too deeply"),
        (
            "a: &a {b: 1}\n" + "".join(f"c{i}: {{<<: [{'*a, ' * 900}]}}\n" for i in range(40)),
            "the file",
        ),
    ],
)
def test_files(load_text, text, sentence):
    with pytest.raises(RobotFileError) as caught:
        load_text(text)
    assert caught.value.message.startswith(sentence) and caught.value.line


def test_a_flat_sum_is_not_deep(arm):
    terms = " + ".join(["0.1*elbow.q**2"] * 103)
    assert arm("sum(u**2)", f"sum(u**2) + {terms}").task.cost.count("elbow") == 103
