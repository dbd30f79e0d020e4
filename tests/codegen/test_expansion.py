"""What a file says once and means several times: parts as if written by hand."""

import re

import yaml
from compact_robots import BIPED, SNAKE, WALKING
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vgps.codegen.build import content_hash
from vgps.codegen.description.identity import identity
from vgps.codegen.description.robot import load
from vgps.codegen.toolchain import find_toolchain

FEW = settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def content(robot):
    return robot.model_dump(exclude={"name", "description"})


def chain(n, fixed, tail):
    """The content of a file with a chain of n links, compact and by hand."""
    link = {"mass": "m", "length": 0.2, "drag": {"normal": 2, "tangential": 1}}
    joint = {"limits": [-1, 1], "limit_stiffness": "50*m", "actuated": True}
    task = {
        "dt": 0.01,
        "horizon": 9,
        "cost": f"body{n}.vx + sum(u**2)",
        "success": "final(com.x) > 0",
    }
    common = {"name": "chain", "parameters": {"m": 2, "n": n}, "task": task}
    common["base"] = "fixed" if fixed else "floating"
    first = {"name": "first", "parent": "world", "child": "body1", "actuated": True}
    fin = {"name": "fin", "parent": f"body{n}", "child": "tail", "actuated": True}
    around = ([first] * fixed, [fin] * tail, [{"name": "tail", "mass": 1}] * tail)
    compact = common | {
        "links": [{"name": "body", "repeat": "n", **link}, *around[2]],
        "joints": [
            *around[0],
            {"name": "bend", "repeat": "n - 1", "parent": "body", "child": "body", **joint},
            *around[1],
        ],
        "points": [{"name": "eye", "repeat": n, "link": "body", "at": [0, 0.1]}],
    }
    bends = [
        {"name": f"bend{k}", "parent": f"body{k}", "child": f"body{k + 1}", **joint}
        for k in range(1, n)
    ]
    by_hand = common | {
        "links": [*({"name": f"body{k}", **link} for k in range(1, n + 1)), *around[2]],
        "joints": [*around[0], *bends, *around[1]],
        "points": [
            {"name": f"eye{k}", "link": f"body{k}", "at": [0, 0.1]} for k in range(1, n + 1)
        ],
    }
    return compact, by_hand


@FEW
@given(st.integers(2, 8), st.booleans(), st.booleans())
def test_a_repeated_chain_is_the_chain_by_hand(load_text, n, fixed, tail):
    compact, by_hand = (load_text(yaml.safe_dump(data)) for data in chain(n, fixed, tail))
    assert content(compact) == content(by_hand)
    assert identity(compact) == identity(by_hand)


@FEW
@given(st.integers(2, 5), st.integers(1, 9))
def test_legs_hang_on_the_link_of_their_number(load_text, n, legs):
    """A centipede, both sides of it: what is mirrored is repeated as well."""
    legs = min(n, legs)
    hip = {"name": "hip_l", "repeat": legs, "parent": "body", "child": "leg_l", "actuated": True}
    data = yaml.safe_load(BIPED) | {
        "links": [
            {"name": "body", "repeat": n, "mass": 1},
            {"name": "leg_l", "repeat": legs, "mass": 2},
        ],
        "joints": [{"name": "spine", "repeat": n - 1, "parent": "body", "child": "body"}, hip],
        "points": [
            {"name": "foot_l", "repeat": legs, "link": "leg_l", "at": [0, -1], "contact": True}
        ],
    }
    data["task"] |= {"cost": "sum(u**2)", "success": "final(com.x) > 0"}
    robot = load_text(yaml.safe_dump(data))
    of_legs = [(side, number) for side in "lr" for number in range(1, legs + 1)]
    assert [(joint.name, joint.parent, joint.child) for joint in robot.joints[n - 1 :]] == [
        (f"hip_{s}{k}", f"body{k}", f"leg_{s}{k}") for s, k in of_legs
    ]
    assert [link.name for link in robot.links[n:]] == [f"leg_{s}{k}" for s, k in of_legs]
    assert [(point.name, point.link) for point in robot.points] == [
        (f"foot_{s}{k}", f"leg_{s}{k}") for s, k in of_legs
    ]


def test_the_snake_is_that_of_twelve_links_by_hand(load_text):
    snake = load_text(SNAKE)
    data = yaml.safe_load(SNAKE)
    (link,), (joint,) = data["links"], data["joints"]
    del link["repeat"], joint["repeat"]
    data["links"] = [link | {"name": f"body{k}"} for k in range(1, 13)]
    data["joints"] = [
        joint | {"name": f"bend{k}", "parent": f"body{k}", "child": f"body{k + 1}"}
        for k in range(1, 12)
    ]
    by_hand = load_text(yaml.safe_dump(data))
    assert content(snake) == content(by_hand)
    toolchain = find_toolchain()
    assert content_hash(snake, toolchain) == content_hash(by_hand, toolchain)


def mirrored(part, **further):
    """A part by hand whose names are those of the other side."""
    keys = ("name", "parent", "child", "link")
    return part | {key: part[key].replace("_l", "_r") for key in keys if key in part} | further


def test_twins_follow_the_parts_that_they_are_twins_of(load_text):
    data = yaml.safe_load(BIPED)
    body, *leg, tail = data["links"]
    *hip_and_knee, rump = data["joints"]
    foot, hips = data["points"]
    by_hand = data | {
        "links": [body, *leg, *map(mirrored, leg), tail],
        "joints": [*hip_and_knee, *map(mirrored, hip_and_knee), rump],
        "points": [foot, mirrored(foot), hips],
    }
    del by_hand["mirror"]
    robot = load_text(BIPED)
    assert content(robot) == content(load_text(yaml.safe_dump(by_hand, sort_keys=False)))
    names = ("x", "y", "angle", "hip_l", "knee_l", "hip_r", "knee_r", "rump")
    assert robot.q_names == names


def test_the_gait_is_given_its_other_half(load_text):
    gait = load_text(WALKING).gait
    legs = {"hip": "hip_r", "knee": "knee_r", "ankle": "ankle_r", "foot": ("foot_r",)}
    assert gait.legs.right.model_dump() == legs
    first, second, *others = gait.states
    assert [state.duration for state in gait.states] == [0.3, 0.2, 0.3, 0.2]
    assert [state.left_stance for state in gait.states] == [True, True, False, False]
    assert others == [state.model_copy(update={"left_stance": False}) for state in (first, second)]


def test_a_gait_with_both_halves_stays(load_text):
    data = yaml.safe_load(WALKING)
    data["gait"]["states"][1]["left_stance"] = False
    robot = load_text(yaml.safe_dump(data))
    assert [state.left_stance for state in robot.gait.states] == [True, False]


def test_a_twin_that_the_file_has_itself_stays(load_text):
    own = "  - {<<: *leg, name: shank_l}\n  - {name: thigh_r, mass: 7}\n"
    robot = load_text(BIPED.replace("  - {<<: *leg, name: shank_l}\n", own))
    assert [link.name for link in robot.links] == [
        "body", "thigh_l", "shank_l", "shank_r", "thigh_r", "tail",
    ]  # fmt: skip
    assert robot.links[4].mass == 7


def test_endings_may_be_several_and_the_longest_counts(load_text):
    text = re.sub(r"(thigh|shank|hip|knee|foot)_l", r"\1_fl", BIPED).replace("knee_r", "knee_fr")
    text = re.sub(r"(tail|rump)", r"\1_l", text).replace("{_l: _r}", "{_l: _x, _fl: _fr}")
    names = ("hip_fl", "knee_fl", "rump_l", "hip_fr", "knee_fr", "rump_x")
    assert load_text(text).q_names[3:] == names


def test_a_right_side_is_given_its_left_one(load_text):
    sides = {"left": "right", "right": "left", "_l": "_r", "_r": "_l"}
    text = re.sub(r"left|right|_l\b|_r\b", lambda word: sides[word[0]], WALKING)
    text = text.replace("right_stance: true", "left_stance: false")
    gait = load_text(text).gait
    assert gait.legs.left.foot == ("foot_l",)
    assert [state.left_stance for state in gait.states] == [False, False, True, True]


def write(tmp_path, text):
    path = tmp_path / "robot.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_override_is_of_one_part_alone(tmp_path):
    path = write(tmp_path, BIPED)
    robot = load(path, {"joints.knee_r.damping": 2, "links.thigh_l.mass": "m/2"})
    assert [joint.damping for joint in robot.joints] == [0, 0, 0, 2, 0]
    assert [link.mass for link in robot.links] == [10, 1, 2, 2, 2, 0.1]
    path = write(tmp_path, SNAKE)
    drags = [link.drag.normal for link in load(path, {"links.body3.drag.normal": 7}).links]
    assert drags == [7 if k == 3 else 20 for k in range(1, 13)]


def test_an_override_decides_how_many_there_are(tmp_path):
    text = (
        SNAKE.replace("{v_t", "{n: 12, v_t").replace("at: 11", "at: n - 1").replace("12,", "n,", 2)
    )
    text = text.replace("{n: n,", "{n: 12,")
    path = write(tmp_path, text)
    assert len(load(path).links) == 12
    assert load(path, {"parameters.n": 5}).q_names[3:] == ("bend1", "bend2", "bend3", "bend4")
    short = "[{name: bend, repeat: 2, parent: body, child: body, actuated: true}]"
    of_three = {"links": "[{name: body, repeat: 3, mass: 1}]", "joints": short}
    assert load(path, of_three).u_names == ("bend1", "bend2")


def test_actuators_are_mirrored_and_repeated(load_text):
    """Names of joints change, numbers and their parameters do not."""
    actuators = """\
actuators:
  - {name: pull_l, joints: {hip_l: 1, knee_l: -m_l}}
  - {name: twist_l, between: [body, shank_l]}
  - {name: jet, repeat: 2, link: fin, direction: 0}
"""
    text = BIPED.replace("parameters: {m: 2.0}", "parameters: {m: 2.0, m_l: 0.5}")
    text = text.replace("points:\n", actuators + "points:\n")
    text = text.replace("joints:\n", "  - {name: fin, repeat: 2, mass: 0.1}\njoints:\n")
    fins = "  - {name: root, repeat: 2, parent: body, child: fin}\nactuators:\n"
    robot = load_text(text.replace("actuators:\n", fins))
    pull_l, twist_l, pull_r, twist_r, jet1, jet2 = robot.actuators
    assert pull_l.joints == {"hip_l": 1.0, "knee_l": -0.5}
    assert (pull_r.name, pull_r.joints) == ("pull_r", {"hip_r": 1.0, "knee_r": -0.5})
    assert (twist_l.between, twist_r.between) == (("body", "shank_l"), ("body", "shank_r"))
    assert [(jet.name, jet.link) for jet in (jet1, jet2)] == [("jet1", "fin1"), ("jet2", "fin2")]
