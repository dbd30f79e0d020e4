"""The C file of a robot: generated functions in both dialects, and the loops around them.

It has three parts, so that cores can compile them at the same time: plain doubles, lanes, and
second derivatives in lanes.  Where PART is one of their numbers, the file is that part alone.
"""

import math
from pathlib import Path

import casadi as ca

from vgps.codegen.description.robot import Robot
from vgps.codegen.emission import backward_pass, policy_rollouts
from vgps.codegen.emission.c_syntax import LANES
from vgps.codegen.emission.cost_loops import curvature, expansion, expansion_sizes, shape_of
from vgps.codegen.emission.emit import Sizes, emit, emit_batch, sizes
from vgps.codegen.emission.loops import constants_of_loops, fillings, second_order_solver, solvers
from vgps.codegen.errors import too_large
from vgps.codegen.mechanics.costs import ExpansionInLoops
from vgps.codegen.mechanics.function import NumericSolve
from vgps.codegen.mechanics.functions import Functions

PARTS = 3
_LOOPS = Path(__file__).parents[1] / "c"


def c_source(robot: Robot, functions: Functions, compiled: list[ca.Function]) -> str:
    """C source of everything that the compiled robot offers.

    ``compiled`` are CasADi's functions of ``functions.functions``, in the same order.

    Raises:
        BuildError: one of them holds a number that is not finite.
    """
    for f in compiled:
        _refuse_infinite(f)
    named = list(zip(functions.functions, compiled, strict=True))
    along = [f for function, f in named if function.along_trajectories]
    second_order = [f for function, f in named if function.second_order]
    solves = functions.numeric_solves
    solves_along = [solve for solve in solves if solve.along_trajectories]
    rigid = functions.rigid is not None
    costs_along = [cost for cost in functions.costs if cost.along_trajectories]
    text = [
        _head(robot, functions, compiled),
        *_written("lanes", "lanes_math", "softplus", "batch"),
        *(_written("angles") if rigid else []),
        *(_written("cost_shape") if functions.costs else []),
        *(text for cost in functions.costs for text in shape_of(cost)),
        *(_written("tableau_rk4") if robot.task.integrator == "rk4" else []),
        "#if PART < 2",
        *(emit(f) for function, f in named if not function.second_order),
        *_in_dialect(
            "double",
            "robot_",
            _shared(solves, rigid)
            + _steps(robot, solves, "robot_")
            + _costs(robot, functions.costs)
            + [
                text
                for cost in functions.costs
                if not cost.along_trajectories
                for text in curvature(cost, robot.nx, robot.nu)
            ],
        ),
        *_mass(functions),
        *_written("trajectory"),
        backward_pass.declarations(),
        *_written("riccati"),
        "#endif\n\n#if PART != 1",
        *_in_dialect("lanes", "lanes_", _shared(solves_along, rigid)),
        "#if PART != 3",
        *(emit(f, LANES) for f in along),
        *_in_dialect(
            "lanes", "lanes_", _steps(robot, solves_along, "lanes_") + _costs(robot, costs_along)
        ),
        *_batches(robot, solves_along, costs_along, along),
        *_written("trajectories"),
        policy_rollouts.declaration(),
        "void robot_point_jacobians(const double *restrict q, double *restrict J);",
        *_written("policy"),
        "#endif\n\n#if PART != 2",
        *(emit(f, LANES) for f in second_order),
        *_in_dialect("lanes", "lanes_", _second_order(robot, solves_along, costs_along)),
        # That of a residual is called by the loops alone.
        _curvature_batch(robot, costs_along, second_order),
        "#endif\n#endif",
    ]
    return "\n\n".join(text)


def _refuse_infinite(f: ca.Function) -> None:
    """The description keeps expressions finite; a derivative of one may still not be."""
    for k in range(f.n_instructions()):
        if f.instruction_id(k) == ca.OP_CONST and not math.isfinite(f.instruction_constant(k)):
            raise too_large(f.name())


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
        "STAGES": robot.task.substeps * (4 if robot.task.integrator == "rk4" else 1),
    }
    # Arrays of large robots do not fit onto the stack of a thread.
    constants["LARGE"] = "static _Thread_local" if functions.numeric_solves else ""
    if robot.task.is_timed:
        constants["TIMED"] = 1
    if robot.task.final_cost is not None:
        constants["FINAL_COST"] = 1
    if robot.task.expressions:
        constants["N_OBSERVED"] = len(robot.task.expressions)
    lines = [f"#include <{name}.h>" for name in ("limits", "math", "stdlib", "string")]
    lines += [f"#define {name} {value}" for name, value in constants.items()]
    lines += [f"static const int PARENT[NV] = {{{', '.join(map(str, functions.parents))}}};"]
    if functions.numeric_solves:
        lines += constants_of_loops(robot, functions)
    if lasts := robot.last_actions:
        pairs = (f"{{{last.coordinate}, {last.action}}}" for last in lasts)
        lines += [f"#define N_LAST {len(lasts)}"]
        lines += [f"static const int LAST[N_LAST][2] = {{{', '.join(pairs)}}};"]
    return "\n".join(lines)


def _in_dialect(real: str, prefix: str, text: list[str]) -> list[str]:
    """What is written once for numbers of any type, on those of one."""
    return [
        f"#define real {real}\n#define NAME(f) {prefix}##f",
        *text,
        "#undef real\n#undef NAME",
    ]


def _shared(solves: list[NumericSolve], rigid: bool) -> list[str]:
    """What integrators and their derivatives stand on."""
    loops = [*(["rigid", "articulated"] if rigid else []), "systems"] if solves else []
    return _written(*loops, "chain")


def _costs(robot: Robot, costs: list[ExpansionInLoops]) -> list[str]:
    """The expansions of costs in loops."""
    functions = [text for cost in costs for text in expansion(cost, robot.nx, robot.nu)]
    return _written("cost_loops") + functions if costs else []


def _curvature_batch(
    robot: Robot, costs: list[ExpansionInLoops], second_order: list[ca.Function]
) -> str:
    """The curvature of the cost of each of many steps."""
    for cost in costs:
        inputs, _ = expansion_sizes(cost, robot.nx, robot.nu)
        return emit_batch("cost_curvature", inputs, {"H": (robot.nx + robot.nu) ** 2})
    whole = next(f for f in second_order if f.name() == "cost_curvature")
    return emit_batch(whole.name(), *sizes(whole))


def _mass(functions: Functions) -> list[str]:
    """What is asked of a robot whose mass is in loops."""
    if functions.mass_rest is None:
        return []
    fill = fillings("mass", {"rest": functions.mass_rest})
    return _in_dialect("double", "robot_", fill) + _written("rigid_model")


def _steps(robot: Robot, solves: list[NumericSolve], prefix: str) -> list[str]:
    """What is solved numerically, and the integrator."""
    return [
        *(text for solve in solves for text in solvers(solve)),
        *_step(robot, prefix),
    ]


def _step(robot: Robot, prefix: str) -> list[str]:
    """The step and its derivatives: those of what moves, and around them what is remembered."""
    step = _written(f"step_{robot.task.integrator}")
    if not robot.last_actions:
        return step
    functions = ("step", "step_derivatives")
    renamed = [f"#define {prefix}{name} {prefix}moving_{name}" for name in functions]
    restored = [f"#undef {prefix}{name}" for name in functions]
    return ["\n".join(renamed), *step, "\n".join(restored), *_written("last_actions")]


def _second_order(
    robot: Robot, solves: list[NumericSolve], costs: list[ExpansionInLoops]
) -> list[str]:
    """Second derivatives of the integrator and costs, in lanes, with what they take elsewhere."""
    solved = "acceleration" if robot.task.integrator == "rk4" else "velocity_update"
    inputs = ", ".join(f"const lanes *restrict {argument}" for argument in "qvu")
    known = [f"void lanes_{solved}_derivatives({inputs}, lanes *restrict y, lanes *restrict y_z);"]
    for solve in solves:
        if solve.residual_hessian:
            known += second_order_solver(solve)
    if costs:
        known += ["#if PART == 3", *_written("cost_loops"), "#endif"]
        known += [text for cost in costs for text in curvature(cost, robot.nx, robot.nu)]
    return [*known, *_written("hessian", f"hessian_{robot.task.integrator}", "hessians")]


def _batches(
    robot: Robot,
    solves: list[NumericSolve],
    costs: list[ExpansionInLoops],
    along_trajectories: list[ca.Function],
) -> list[str]:
    """Functions of many evaluations: of each that is generated as a whole or made in loops."""
    parts = {part.function for solve in solves for part in solve.first_order.values()}
    parts |= {cost.terms.function for cost in costs}
    arguments = {f.name(): sizes(f) for f in along_trajectories if f.name() not in parts}
    inputs: Sizes = {"q": robot.nq, "v": robot.nv, "u": robot.nu}
    for solve in solves:
        arguments[solve.name] = inputs, {"y": robot.nv}
        if solve.derivatives_rhs:
            outputs = {"y": robot.nv, "y_z": robot.nv * (robot.nx + robot.nu)}
            arguments[solve.derivatives] = inputs, outputs
    for cost in costs:
        arguments[f"{cost.name}_expansion"] = expansion_sizes(cost, robot.nx, robot.nu)
    return [emit_batch(name, *of) for name, of in arguments.items()]
