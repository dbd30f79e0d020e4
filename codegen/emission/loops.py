"""C around the loops that solve the systems of large robots (systems.c, rigid.c)."""

from collections.abc import Iterable
from itertools import accumulate
from typing import Any

import numpy as np

from vgps.codegen.description.robot import Robot
from vgps.codegen.emission.c_syntax import constant_array
from vgps.codegen.errors import too_large
from vgps.codegen.mechanics.function import Filling, NumericSolve
from vgps.codegen.mechanics.functions import Functions
from vgps.codegen.mechanics.turning_kinematics import Arms
from vgps.codegen.mechanics.turning_tree import TurningTree

_INPUTS = "const real *restrict q, const real *restrict v, const real *restrict u"


def constants_of_loops(robot: Robot, functions: Functions) -> list[str]:
    """Constants of the loops: which coordinate carries which, and bodies whose mass is in them."""
    lines = [f"#define MOVING {len(functions.leaf_first)}"]
    lines += [constant_array("int LEAF_FIRST[MOVING]", functions.leaf_first)]
    if functions.rigid is not None:
        lines += _bodies(robot, functions.rigid) + _arms(functions.rigid, functions.arms)
    return lines


def _bodies(robot: Robot, tree: TurningTree) -> list[str]:
    C, mu = tree.pairs()
    if not (np.isfinite(C).all() and np.isfinite(mu).all() and np.isfinite(tree.total_mass)):
        raise too_large("the mass matrix")
    defined = {
        "RIGID": 1,
        "ANGLES": len(tree.carrier),
        "FIRST": tree.first,
        "FLOATS": int(tree.floats),
        "TOTAL_MASS": repr(tree.total_mass),
        "GRAVITY": repr(float(robot.gravity)),
    }
    lines = [f"#define {name} {value}" for name, value in defined.items()]
    lines += [
        constant_array(f"int {name}[ANGLES]", getattr(tree, name.lower()))
        for name in ("CARRIER", "ORDER")
    ]
    lines += [
        constant_array(f"double {name}[ANGLES]", getattr(tree, name.lower()))
        for name in ("MASS", "INERTIA")
    ]
    lines += _lists("CHILDREN", "", tree.children())
    lines += _lists("BEFORE", "[2]", [_runs(each) for each in tree.before()])
    lines += _lists("BEYOND", "[2]", [_runs(each) for each in tree.beyond()])
    vectors = {"ARM": tree.arm, "MOMENT": tree.moment, "MU": mu}
    lines += [
        constant_array(f"double {name}[ANGLES][2]", np.column_stack([z.real, z.imag]))
        for name, z in vectors.items()
    ]
    pairs = {"ALONG": C.real, "ACROSS": C.imag}
    return lines + [
        constant_array(f"double {name}[ANGLES][ANGLES]", z) for name, z in pairs.items()
    ]


def _lists(name: str, of_each: str, lists: list[list[Any]]) -> list[str]:
    """Lists one after the other, and where each begins and the last one ends."""
    flat = [element for each in lists for element in each]
    return [
        constant_array(f"int {name}_FROM[]", [0, *accumulate(map(len, lists))]),
        constant_array(f"int {name}[]{of_each}", flat),
    ]


def _runs(numbers: list[int]) -> list[list[int]]:
    """Runs of neighbours among numbers: first, and one past the last."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number:
            runs[-1][1] += 1
        else:
            runs.append([number, number + 1])
    return runs


def _arms(tree: TurningTree, arms: list[Arms]) -> list[str]:
    """Those of all points, one after the other."""
    angles = [[angle - tree.first for angle, _ in each] for each in arms]
    flat = [arm for each in arms for _, arm in each]
    return [*_lists("ARMS", "", angles), constant_array("double POINT_ARM[][2]", flat)]


def solvers(solve: NumericSolve) -> list[str]:
    """The functions that solve a system, without and with derivatives."""
    system = f"&NAME({solve.name}_)"
    text = systems(solve)
    text += [
        f"void NAME({solve.name})({_INPUTS}, real *restrict y)\n"
        f"{{\n  NAME(solve_system)({system}, q, v, u, y);\n}}"
    ]
    if solve.derivatives_rhs:
        text += [
            f"void NAME({solve.derivatives})({_INPUTS}, real *restrict y, real *restrict y_z)\n"
            f"{{\n  NAME(solve_derivatives)({system}, q, v, u, y, y_z);\n}}"
        ]
    return text


def systems(solve: NumericSolve) -> list[str]:
    """The system's description for the loops."""
    return [*fillings(solve.name, solve.first_order), _system(solve, "", solve.first_order)]


def second_order_solver(solve: NumericSolve) -> list[str]:
    """The function that gives second derivatives, in a part of the file that may stand alone."""
    assert solve.residual_hessian is not None
    curvature = {"residual_hessian": solve.residual_hessian}
    return [
        "#if PART == 3",
        *fillings(solve.name, solve.first_order),
        "#endif",
        *fillings(solve.name, curvature),
        _system(solve, "second_order_", solve.first_order | curvature),
        f"static void NAME({solve.name}_residual_hessian)({_INPUTS}, const real *restrict p, "
        "real *restrict L_zz, real *restrict L_yz)\n{\n"
        f"  const NAME(System) *const system = &NAME({solve.name}_second_order_);\n"
        "  NAME(solve_residual_hessian)(system, q, v, u, p, L_zz, L_yz);\n}",
    ]


def _system(solve: NumericSolve, suffix: str, parts: Iterable[str]) -> str:
    members = [f".{part} = NAME(fill_{solve.name}_{part})" for part in parts]
    members += [f".kappa = {solve.kappa}", f".from_rate = {int(solve.from_rate)}"]
    members += [f".by_state = {int(solve.by_state)}"]
    return f"static const NAME(System) NAME({solve.name}_{suffix}) = {{{', '.join(members)}}};"


def fillings(of: str, parts: dict[str, Filling]) -> list[str]:
    """What adds the numbers that are generated to arrays, for each part of a system."""
    return [_filling(f"{of}_{name}", part) for name, part in parts.items()]


def _filling(name: str, part: Filling) -> str:
    counts = [len(entries) for entries in part.entries]
    arguments = [f"const real *restrict {argument}" for argument in part.inputs]
    head = (
        f"static void NAME(fill_{name})({_INPUTS}, const real *restrict y, const real *restrict l, "
    )
    lines = [
        f"void NAME({part.function})({', '.join(arguments)}, real *restrict values);",
        f"{head}real *restrict first, real *restrict second)",
        "{",
    ]
    if sum(counts):
        lines += [f"  real values[{sum(counts)}];"]
        lines += [f"  NAME({part.function})({', '.join(part.inputs)}, values);"]
    start = 0
    for array, entries in zip(("first", "second"), part.entries, strict=False):
        if entries:
            lines += [f"  {constant_array(f'int OF_{array.upper()}[]', entries)}"]
            loop = f"{array}[OF_{array.upper()}[k]] += values[{start} + k]"
            lines += [f"  for (int k = 0; k < {len(entries)}; ++k) {loop};"]
        start += len(entries)
    return "\n".join([*lines, "}"])
