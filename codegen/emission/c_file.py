"""The C file of a robot: generated functions in both dialects, and the loops around them.

It has two parts that take a compiler about equally long and do not call each other, so that two cores
can compile them at once: where PART is defined as 1 or 2 the file is that part alone.
"""

from pathlib import Path

import casadi as ca

from vgps.codegen.description.robot import Robot
from vgps.codegen.emission.c_syntax import LANES
from vgps.codegen.emission.emit import Sizes, emit, emit_batch, sizes
from vgps.codegen.mechanics.functions import Functions

PARTS = 2
_LOOPS = Path(__file__).parents[1] / "c"
_SOLVED = {"_system": "", "_columns": "_derivatives"}  # what is generated of what dense.c solves
# What integrators and optimisers evaluate along whole trajectories begins with these names.
_IN_LANES = {"rk4": ("acceleration", "cost"), "implicit": ("velocity_update", "cost")}


def c_source(robot: Robot, generated: Functions, functions: list[ca.Function]) -> str:
    """C source of everything that the compiled robot offers; ``functions`` are the generated ones."""
    in_lanes = [f for f in functions if f.name().startswith(_IN_LANES[robot.task.integrator])]
    whole = (f for f in in_lanes if not f.name().endswith(tuple(_SOLVED)))
    batches = {f.name(): sizes(f) for f in whole} | _dense_sizes(robot, in_lanes)
    text = [
        _head(robot, generated, functions),
        *_written("lanes", "lanes_math", "batch"),
        "#if PART != 2",
        *(emit(f) for f in functions),
        *_loops(robot, functions, "double", "robot_"),
        *_written("trajectory", "riccati"),
        "#endif\n\n#if PART != 1",
        *(emit(f, LANES) for f in in_lanes),
        *_loops(robot, in_lanes, "lanes", "lanes_"),
        *(emit_batch(name, *arguments) for name, arguments in batches.items()),
        *_written("trajectories"),
        "#endif",
    ]
    return "\n\n".join(text)


def _written(*names: str) -> list[str]:
    return [(_LOOPS / f"{name}.c").read_text() for name in names]


def _head(robot: Robot, generated: Functions, functions: list[ca.Function]) -> str:
    measures = next(f for f in functions if f.name() == "measures")
    constants = {
        "NQ": robot.nq,
        "NV": robot.nv,
        "NX": robot.nx,
        "NU": robot.nu,
        "NZ": robot.nx + robot.nu,
        "N_MEASURES": measures.numel_out(0),
        "DT": repr(robot.task.dt),
        "SUBSTEPS": robot.task.substeps,
    }
    lines = [f"#include <{name}.h>" for name in ("limits", "math", "string")]
    lines += [f"#define {name} {value}" for name, value in constants.items()]
    lines += [f"static const int PARENT[NV] = {{{', '.join(map(str, generated.parents))}}};"]
    return "\n".join(lines)


def _loops(robot: Robot, functions: list[ca.Function], real: str, prefix: str) -> list[str]:
    """The integrator, and what is solved in loops, on numbers of one type."""
    solved = [_in_loops(name) for name in _dense(functions)]
    return [
        f"#define real {real}\n#define NAME(f) {prefix}##f",
        *(_written("dense") if solved else []),
        *solved,
        *_written("chain", f"step_{robot.task.integrator}"),
        "#undef real\n#undef NAME",
    ]


def _dense(functions: list[ca.Function]) -> list[str]:
    """Functions of which only the parts are generated: systems, and columns for derivatives."""
    return [
        f.name().removesuffix(part) + whole
        for f in functions
        for part, whole in _SOLVED.items()
        if f.name().endswith(part)
    ]


def _in_loops(name: str) -> str:
    system = name.removesuffix("_derivatives")
    arguments = ", ".join(f"const real *restrict {argument}" for argument in "qvu")
    if name == system:
        head, call = (
            f"{arguments}, real *restrict y",
            f"NAME(dense)(NAME({system}_system), q, v, u, y)",
        )
    else:
        head = f"{arguments}, real *restrict y, real *restrict y_z"
        parts = f"NAME({system}_system), NAME({system}_columns)"
        call = f"NAME(dense_derivatives)({parts}, q, v, u, y, y_z)"
    return f"void NAME({name})({head})\n{{\n  {call};\n}}"


def _dense_sizes(robot: Robot, functions: list[ca.Function]) -> dict[str, tuple[Sizes, Sizes]]:
    """Arguments of the functions that are solved in loops."""
    inputs = {"q": robot.nq, "v": robot.nv, "u": robot.nu}
    outputs = {"y": robot.nv, "y_z": robot.nv * (robot.nx + robot.nu)}
    return {
        name: (inputs, outputs if name.endswith("_derivatives") else {"y": robot.nv})
        for name in _dense(functions)
    }
