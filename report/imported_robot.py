"""A robot file from another format, as a person would write it: units beside the numbers."""

import math
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from vgps.codegen.files import write_atomically
from vgps.codegen.mjcf_contact import SINK
from vgps.codegen.mjcf_import import Imported, import_robot, one_line
from vgps.codegen.mjcf_names import plain_name
from vgps.report.new_robot import modeline, require_free
from vgps.report.options import UsageError

_WIDTH = 110  # characters of a line
_COLUMN = 34  # of comments
_EXACT = 1e-13  # relative, of the numbers that are written
_MOST = 30  # joints in an expression
_USUAL = 100.0  # N or N·m, of an action without limits
_STEP = 0.01  # s, about which a step of the task is long
_UNITS = {
    "links": "kg, m, rad, kg·m²; com in the link's frame, which lies where the joint holds it",
    "joints": "m, rad, N·m/rad, N·m·s/rad, kg·m², N·m; for those that slide N and kg",
    "actuators": "N, N·m, rad, m; limits of the action, before the gear",
    "points": "m, in the link's frame; ends and corners of the shapes",
}
_COMMENTS = {
    "gravity": "m/s², along -y",
    "base_armature": "kg and kg·m², added to x, y and angle",
    "fluid": "kg/m³, Pa·s",
    "ground": "m, N/m, m, m/s, -, m/s",
}
_BASES = {
    "floating": "coordinates x, y, angle of the first link",
    "fixed": "the first joints hang from the world",
}
_DEFAULTS = {("direction", "0"), ("axis", "0"), ("rest", "0")}
_ANGLES = {"direction", "axis", "limits", "rest"}  # of what turns


def import_into(source: Path, out: Path | None) -> tuple[Path, list[str]]:
    """Write the robot of an MJCF or URDF file, by default as NAME.yaml into the current folder.

    Returns:
        The new file, and a sentence for each thing that it leaves out.

    Raises:
        UsageError: when the new file is there already, or would not be found as a robot's.
        MissingMujoco: without the package mujoco.
        RobotFileError: when the robot cannot be read, or is not planar.
    """
    path = Path(f"{plain_name(source.stem, 'robot')}.yaml") if out is None else out
    if path.suffix not in (".yaml", ".yml"):
        raise UsageError(f"--out needs a name that ends in .yaml, found '{path}'")
    require_free(path)
    imported = import_robot(source)
    text = robot_text(plain_name(path.stem, "robot"), source.name, imported, path.parent)
    write_atomically(path, lambda file: file.write_text(text, encoding="utf-8"))
    return path, imported.left_out


def robot_text(name: str, source: str, imported: Imported, folder: Path) -> str:
    """The file's text.

    Args:
        name: of the robot.
        source: name of the file that it comes from.
        imported: what was read of that.
        folder: in which the file will be, from which an editor looks for the schema.
    """
    lines = [modeline(folder).rstrip("\n"), *_head(one_line(source), imported), f"name: {name}"]
    robot, sliding = imported.robot, _sliding(imported.robot)
    if "v_target" in (task := "\n".join(_task(imported))):
        lines += _entry("parameters", "{v_target: 1.0}", "m/s, the speed to move at: choose yours")
    for key, value in robot.items():
        if isinstance(value, list):
            lines += _entry(key, "", _UNITS[key])
            for part in value:
                turns = part["name"] not in sliding
                lines += _flow(f"  - {{name: {part['name']}", _items(part, turns))
        elif isinstance(value, dict):
            lines += _entry(key, _mapping(value), _COMMENTS[key])
        elif key == "base":
            lines += _entry(key, value, _BASES[value])
        else:
            lines += _entry(key, _number(value), _COMMENTS[key])
    return "\n".join([*lines, task]) + "\n"


def _head(source: str, imported: Imported) -> Iterator[str]:
    text = f"its {imported.plane} plane is x to the right and y up"
    yield from _comment(f"From {source}, as MuJoCo reads it; {text}.")
    if imported.turned:
        yield from _comment(f"With the other sign than there: {', '.join(imported.turned)}.")
    if any("limits" in joint for joint in imported.robot.get("joints", ())):
        text = "limit_stiffness is that of MuJoCo's limits, for the inertia that the joint moves"
        yield from _comment(f"{text}; a softer one is often enough.")
    if "ground" in imported.robot:
        sink = f"{100 * SINK:g} cm under a point that carries the whole weight"
        text = f"The ground's stiffness is a choice, by which it gives way {sink}"
        yield from _comment(f"{text}; so are softness and speeds.")
    if imported.is_undriven:
        yield "# No drive of that file can be said here, so every joint is actuated."
    for sentence in imported.left_out:
        yield from _comment(f"Left out: {sentence}.")


def _comment(text: str) -> Iterator[str]:
    line = "#"
    for word in text.split():
        if len(line) + len(word) >= _WIDTH:
            yield line
            line = "#  "
        line += f" {word}"
    yield line


def _entry(key: str, value: str, comment: str) -> list[str]:
    start = f"{key}: {value}".rstrip()
    return [f"{start:<{max(_COLUMN, len(start) + 3)}}# {comment}"]


def _flow(start: str, items: Iterable[str]) -> list[str]:
    """One mapping in a flow style, in as many lines as it needs."""
    lines = [start]
    for item in items:
        if len(lines[-1]) + len(item) + 3 > _WIDTH:
            lines[-1] += ","
            lines.append(f"     {item}")
        else:
            lines[-1] += f", {item}"
    lines[-1] += "}"
    return lines


def _items(part: Mapping[str, Any], turns: bool) -> Iterator[str]:
    """The keys of a part after its name, but for those that say what is so anyway."""
    for key, value in part.items():
        text = _value(value, key in _ANGLES and (turns or key == "axis"))
        is_default = (key, text) in _DEFAULTS and "link" not in part  # which a force needs
        is_default |= key == "com" and _is_halfway(part)
        if key != "name" and not is_default:
            yield f"{key}: {text}"


def _is_halfway(link: Mapping[str, Any]) -> bool:
    """Whether a link's centre of mass is where it is when the file does not say."""
    middle = link.get("start", 0.0) + 0.5 * link.get("length", 0.0)
    direction = link.get("direction", 0.0)
    places = zip(link["com"], (math.cos(direction), math.sin(direction)), strict=True)
    return all(abs(place - middle * axis) < _EXACT for place, axis in places)


def _value(value: Any, is_angle: bool) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return _mapping(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(item, is_angle) for item in value)}]"
    return _angle(float(value)) if is_angle else _number(float(value))


def _mapping(numbers: Mapping[str, float]) -> str:
    return f"{{{', '.join(f'{name}: {_number(value)}' for name, value in numbers.items())}}}"


def _number(value: float) -> str:
    """The shortest text of a number, to rounding."""
    if abs(value) < _EXACT:
        return "0"
    digits = (f"{value:.{n}g}" for n in range(1, 18))
    text = next(text for text in digits if abs(float(text) - value) <= _EXACT * abs(value))
    plain = repr(float(text)).removesuffix(".0") if 1e-3 <= abs(value) < 1e6 else text
    return plain.replace("e-0", "e-").replace("e+0", "e")


def _angle(value: float) -> str:
    """As `_number`, and whole degrees as parts of pi."""
    part = Fraction(value / math.pi).limit_denominator(180)
    if part == 0 or abs(float(part) * math.pi - value) > _EXACT * abs(value):
        return _number(value)
    top = {1: "pi", -1: "-pi"}.get(part.numerator, f"{part.numerator}*pi")
    return top if part.denominator == 1 else f"{top}/{part.denominator}"


def _sliding(robot: Mapping[str, Any]) -> set[str]:
    return {j["name"] for j in robot.get("joints", ()) if j.get("type") == "prismatic"}


def _task(imported: Imported) -> Iterator[str]:
    """A task to begin with."""
    robot = imported.robot
    touches, floats = "ground" in robot, robot["base"] == "floating"
    servo = any("kp" in actuator for actuator in robot.get("actuators", ()))
    steps = max(round(_STEP / imported.timestep), 1)
    cost, success, what = _goal(imported, floats, touches)
    yield "task:                             # a task to begin with: write yours"
    times = "" if steps == 1 else f"{steps} times "
    text = f"s, {times}the timestep of {_number(imported.timestep)}: choose how often a policy acts"
    yield from _entry("  dt", _number(steps * imported.timestep), text)
    yield from _entry("  horizon", "300", "steps")
    if touches or servo:
        yield from _entry("  substeps", "4", "of the integrator in a step")
        yield "  integrator: implicit"
    yield f"  cost: {_number(_weight(robot))}*sum(u**2) + {cost}"
    yield f"  # of a step, SI units: effort, and {what}"
    yield f"  success: {success}"
    yield "  initial:                        # where the file begins; m or rad; m/s or rad/s"
    if imported.initial:
        yield from _flow("    q: {" + _initial(imported.initial), ())
    yield "    spread: {q: 0.01, v: 0.05}"
    yield "  process_noise: {q: 0.0003, v: 0.01}   # per step, m or rad; m/s or rad/s"


def _initial(initial: Mapping[str, float]) -> str:
    return ", ".join(f"{name}: {_number(value)}" for name, value in initial.items())


def _goal(imported: Imported, floats: bool, touches: bool) -> tuple[str, str, str]:
    """Cost, success, and what they ask for."""
    robot = imported.robot
    root = robot["links"][0]["name"]
    if floats and (touches or robot["gravity"] == 0.0):
        upright = f" + {root}.angle**2" if touches else ""
        cost = f"(com.vx - v_target)**2{upright}"
        return cost, "mean(com.vx) > 0.5*v_target", "a speed along x"
    if floats:
        x, y = (_number(imported.initial.get(axis, 0.0)) for axis in "xy")
        cost = f"({root}.x - ({x}))**2 + ({root}.y - ({y}))**2 + {root}.angle**2"
        success = f"abs(final({root}.x) - ({x})) < 0.2 and abs(final({root}.y) - ({y})) < 0.2"
        return cost, success, "the place where it begins"
    names = [joint["name"] for joint in robot["joints"]]
    cost = " + ".join(f"{name}.q**2 + 0.1*{name}.v**2" for name in names[:_MOST])
    success = " and ".join(f"abs(final({name}.q)) < 0.1" for name in names[:_MOST])
    return cost, success, "rest with all joints at 0"


def _weight(robot: Mapping[str, Any]) -> float:
    """Of the squared actions, so that all at their limits cost about ten."""
    actuated = [joint for joint in robot.get("joints", ()) if "actuated" in joint]
    limits = [joint.get("torque_limit", _USUAL) for joint in actuated]
    limits += [max(map(abs, a.get("limits", (_USUAL,)))) for a in robot.get("actuators", ())]
    return float(f"{10.0 / sum(limit**2 for limit in limits):.0e}")
