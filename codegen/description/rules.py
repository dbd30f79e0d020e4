"""All rules that span several parts of a robot, and which of them hold of a file with mistakes.

A mistake in one value must not hide those in others, nor make a rule say nonsense.  So the rules
are asked of a sketch of the robot, too: what can be read of the file, without the values at fault.
A rule is left out when something that it looks at is among these.
"""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from vgps.codegen.description import consistency, formulas
from vgps.codegen.description.blueprint import Blueprint
from vgps.codegen.description.consistency import Refusals
from vgps.codegen.description.effort import check_effort
from vgps.codegen.description.fields import Location, Part
from vgps.codegen.description.keys import part_of
from vgps.codegen.description.trial import check_start
from vgps.codegen.errors import ENOUGH

Rule = Callable[[Blueprint], Refusals]

NAMES, TREE = "the names", "the tree"

PER_COORDINATE: tuple[Location, ...] = (
    ("task", "initial"),
    ("task", "process_noise"),
    ("task", "observe"),
    ("training", "marginals"),
)

# Each with what must be known for it: NAMES, TREE, or the beginning of a place in the file.
RULES: tuple[tuple[Rule, tuple[str | Location, ...]], ...] = (
    (consistency.check_names, (NAMES, ("base",))),
    (consistency.check_mirror, (NAMES, ("mirror",))),
    (consistency.check_tree, (NAMES, TREE)),
    (consistency.check_base, (("base",), ("base_armature",))),
    (consistency.check_actuators, (NAMES, TREE, ("actuators",))),
    (consistency.check_coordinates, (NAMES, TREE, *PER_COORDINATE)),
    (consistency.check_keyframes, (NAMES, TREE, ("task", "start"))),
    (consistency.check_disturbances, (NAMES, ("task", "disturbances"))),
    (formulas.check_cost, (NAMES, TREE, ("task", "cost"))),
    (formulas.check_final_cost, (NAMES, TREE, ("task", "final_cost"))),
    (formulas.check_success, (NAMES, TREE, ("task", "success"))),
    (formulas.check_observe, (NAMES, TREE, ("task", "observe"))),
    (formulas.check_height, (NAMES, ("ground",))),
    (consistency.check_contact, (NAMES, TREE, ("ground",), ("task", "integrator"))),
    (consistency.check_gait, (NAMES, TREE, ("ground",), ("gait",), ("task", "start"))),
)
# They look at numbers of the whole file, which must all be right.
RULES_OF_SOUND_ROBOTS: tuple[Rule, ...] = (
    consistency.check_fluid,
    consistency.check_training,
    consistency.check_times,
    check_effort,
    check_start,
)


def refusals(robot: Blueprint) -> Refusals:
    """What the rules refuse of a robot whose values are valid each by itself."""
    first = [refusal for rule, _ in RULES for refusal in islice(rule(robot), ENOUGH)]
    yield from first
    if not first:
        for rule in RULES_OF_SOUND_ROBOTS:
            yield from rule(robot)


def refusals_of_sketch(
    data: dict[str, Any], wrong: Iterable[Location], parameters: dict[str, float]
) -> Refusals:
    """What the rules refuse of a file with mistakes in single values.

    Args:
        data: the file's, whose keys all exist.
        wrong: places of the mistakes.
        parameters: those that could be read; unknown ones are NaN.
    """
    wrong = set(wrong)
    unknown = {doubt for loc in wrong for doubt in _doubts(loc)}
    robot = _sketch(Blueprint, data, wrong, ()).model_copy(update={"parameters": parameters})
    for rule, needs in RULES:
        if not any(need in unknown for need in needs):
            yield from islice(rule(robot), ENOUGH)


def _doubts(loc: Location) -> Iterable[str | Location]:
    """What is not known when the value at a place is wrong or missing."""
    yield from (loc[:depth] for depth in range(1, len(loc) + 1))
    match loc:
        case ("parameters",) | ("mirror", *_):
            yield NAMES
        case ("links" | "joints" | "actuators" | "points" | "targets",):
            yield NAMES
        case ("links" | "joints" | "actuators" | "points" | "targets", int()):
            yield NAMES
        case ("links" | "joints" | "actuators" | "points" | "targets", _, "name" | "repeat"):
            yield NAMES
        case ("base",) | ("joints", _, "type" | "parent" | "child" | "actuated" | "lag"):
            yield TREE
        case ("actuators", _, "kp" | "lag"):
            yield TREE
        case ("points", _, "link" | "contact"):
            yield TREE
        case ("task",):
            yield from (NAMES, TREE)


def _sketch(model: type[Part], data: dict[str, Any], wrong: set[Location], loc: Location) -> Any:
    """A part with its values as they stand in the file, those at fault left out."""
    values = {}
    for key, value in data.items():
        at = (*loc, key)
        if at in wrong:
            continue
        below = part_of(model, key)
        if below is not None and isinstance(value, dict):
            value = _sketch(below, value, wrong, at)
        elif below is not None and isinstance(value, list):
            items = [
                (index, item)
                for index, item in enumerate(value)
                if isinstance(item, dict) or (isinstance(item, str) and (*at, index) not in wrong)
            ]
            value = tuple(
                _sketch(below, item, wrong, (*at, index)) if isinstance(item, dict) else item
                for index, item in items
            )
        values[key] = value
    return model.model_construct(**values)
