"""The C file of a robot: generated functions in both dialects, and the loops around them.

It has two parts that take a compiler about equally long and do not call each other, so that two
cores can compile them at the same time: where PART is 1 or 2, the file is that part alone.
"""

import math
from pathlib import Path

import casadi as ca

from vgps.codegen.description.robot import Robot
from vgps.codegen.emission import backward_pass, policy_rollouts
from vgps.codegen.emission.c_syntax import LANES
from vgps.codegen.emission.emit import Sizes, emit, emit_batch, sizes
from vgps.codegen.errors import BuildError
from vgps.codegen.mechanics.function import NumericSolve
from vgps.codegen.mechanics.functions import Functions

PARTS = 2
_LOOPS = Path(__file__).parents[1] / "c"


def c_source(robot: Robot, functions: Functions, compiled: list[ca.Function]) -> str:
    """C source of everything that the compiled robot offers.

    ``compiled`` are CasADi's functions of ``functions.functions``, in the same order.

    Raises:
        BuildError: one of them holds a number that is not finite.
    """
    for f in compiled:
        _refuse_infinite(f)
    along_trajectories = [
        compiled_function
        for function, compiled_function in zip(functions.functions, compiled, strict=True)
        if function.along_trajectories
    ]
    solves = functions.numeric_solves
    solves_along = [solve for solve in solves if solve.along_trajectories]
    text = [
        _head(robot, functions, compiled),
        *_written("lanes", "lanes_math", "softplus", "batch"),
        "#if PART != 2",
        *(emit(f) for f in compiled),
        *_loops(robot, solves, "double", "robot_"),
        *_written("trajectory"),
        backward_pass.declarations(),
        *_written("riccati"),
        "#endif\n\n#if PART != 1",
        *(emit(f, LANES) for f in along_trajectories),
        *_loops(robot, solves_along, "lanes", "lanes_"),
        *_batches(robot, solves_along, along_trajectories),
        *_written("trajectories"),
        policy_rollouts.declaration(),
        "void robot_point_jacobians(const double *restrict q, double *restrict J);",
        *_written("policy"),
        "#endif",
    ]
    return "\n\n".join(text)


def _refuse_infinite(f: ca.Function) -> None:
    """The description keeps expressions finite; a derivative of one may still not be."""
    for k in range(f.n_instructions()):
        if f.instruction_id(k) == ca.OP_CONST and not math.isfinite(f.instruction_constant(k)):
            text = f"{f.name()} holds a number that is not finite"
            raise BuildError(f"{text}: numbers of the robot are too large or too small together")


def _written(*names: str) -> list[str]:
    return [(_LOOPS / f"{name}.c").read_text(encoding="utf-8") for name in names]


def _head(robot: Robot, functions: Functions, compiled: list[ca.Function]) -> str:
    measures = next(f for f in compiled if f.name() == "measures")
    constants = {
        "NQ": robot.nq,
        "NV": robot.nv,
        "NX": robot.nx,
        "NU": robot.nu,
        "NZ": robot.nx + robot.nu,
        "N_POINTS": len(functions.point_names),
        "N_MEASURES": measures.numel_out(0),
        "DT": repr(robot.task.dt),
        "SUBSTEPS": robot.task.substeps,
    }
    if robot.task.is_timed:
        constants["TIMED"] = 1
    if robot.task.final_cost is not None:
        constants["FINAL_COST"] = 1
    if robot.task.expressions:
        constants["N_OBSERVED"] = len(robot.task.expressions)
    lines = [f"#include <{name}.h>" for name in ("limits", "math", "string")]
    lines += [f"#define {name} {value}" for name, value in constants.items()]
    lines += [f"static const int PARENT[NV] = {{{', '.join(map(str, functions.parents))}}};"]
    return "\n".join(lines)


def _loops(robot: Robot, solves: list[NumericSolve], real: str, prefix: str) -> list[str]:
    """The integrator, and what is solved numerically, on numbers of one type."""
    return [
        f"#define real {real}\n#define NAME(f) {prefix}##f",
        *(_written("dense") if solves else []),
        *(solver for solve in solves for solver in _solvers(solve)),
        *_written("chain", f"step_{robot.task.integrator}"),
        "#undef real\n#undef NAME",
    ]


def _solvers(solve: NumericSolve) -> list[str]:
    """The functions that solve a system, without and with derivatives."""
    inputs = ", ".join(f"const real *restrict {argument}" for argument in "qvu")
    head = f"void NAME({solve.name})({inputs}, real *restrict y)"
    call = f"NAME(solve_system)(NAME({solve.system}), q, v, u, y)"
    functions = [f"{head}\n{{\n  {call};\n}}"]
    if solve.derivatives_rhs:
        head = f"void NAME({solve.derivatives})({inputs}, real *restrict y, real *restrict y_z)"
        parts = f"NAME({solve.system}), NAME({solve.derivatives_rhs})"
        call = f"NAME(solve_derivatives)({parts}, q, v, u, y, y_z)"
        functions.append(f"{head}\n{{\n  {call};\n}}")
    return functions


def _batches(
    robot: Robot, solves: list[NumericSolve], along_trajectories: list[ca.Function]
) -> list[str]:
    """Functions of many evaluations: of each that is generated as a whole or solved numerically."""
    parts = {name for solve in solves for name in solve.parts}
    arguments = {f.name(): sizes(f) for f in along_trajectories if f.name() not in parts}
    inputs: Sizes = {"q": robot.nq, "v": robot.nv, "u": robot.nu}
    for solve in solves:
        arguments[solve.name] = inputs, {"y": robot.nv}
        if solve.derivatives_rhs:
            outputs = {"y": robot.nv, "y_z": robot.nv * (robot.nx + robot.nu)}
            arguments[solve.derivatives] = inputs, outputs
    return [emit_batch(name, *of) for name, of in arguments.items()]
