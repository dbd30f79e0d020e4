"""C around the loops that expand the costs of large robots (cost_loops.c)."""

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

from vgps.codegen.emission.c_syntax import constant_array
from vgps.codegen.emission.emit import Sizes
from vgps.codegen.mechanics.costs import ExpansionInLoops


def expansion_sizes(of: ExpansionInLoops, nx: int, nu: int) -> tuple[Sizes, Sizes]:
    """Inputs and outputs of the expansion, by their names."""
    inputs = {name: {"x": nx, "u": nu, "t": 1}[name] for name in of.terms.inputs}
    outputs = {"c": 1, "c_x": nx, "c_u": nu, "c_xx": nx * nx, "c_ux": nu * nx, "c_uu": nu * nu}
    if "u" not in inputs:
        outputs = {name: size for name, size in outputs.items() if "u" not in name}
    return inputs, outputs


def shape_of(of: ExpansionInLoops) -> list[str]:
    """The constants that say where its terms belong."""
    _, gradient, phi, J = of.terms.entries
    rows = Counter(position % of.quantities for position in J)
    starts = [0, *accumulate(rows[i] for i in range(of.quantities))]
    name = of.name.upper()
    arrays: dict[str, Sequence[int | tuple[int, int]]] = {
        f"int {name}_GRADIENT[]": gradient,
        f"int {name}_CURVED[][2]": [divmod(position, of.quantities) for position in phi],
        f"int {name}_ROW[]": starts,
        f"int {name}_COLUMN[]": [position // of.quantities for position in J],
    }
    lines = [constant_array(what, numbers) for what, numbers in arrays.items()]
    members = ", ".join(f"{name}_{array}" for array in ("GRADIENT", "CURVED", "ROW", "COLUMN"))
    counts = f"{len(gradient)}, {len(phi)}"
    return [*lines, f"static const CostShape {name}_SHAPE = {{{counts}, {members}}};"]


def expansion(of: ExpansionInLoops, nx: int, nu: int) -> list[str]:
    """The function of a cost and its expansion."""
    inputs, outputs = expansion_sizes(of, nx, nu)
    n = nx + nu if "u" in inputs else nx
    arguments = [f"const real *restrict {name}" for name in inputs]
    arguments += [f"real *restrict {name}" for name in outputs]
    lines = [
        f"void NAME({of.name}_expansion)({', '.join(arguments)})",
        "{",
        f"  LARGE real terms[{sum(map(len, of.terms.entries))}], c_z[{n}], H[{n} * {n}];",
        f"  NAME({of.terms.function})({', '.join(inputs)}, terms);",
        f"  NAME(expand_cost)(&{of.name.upper()}_SHAPE, {n}, terms, c, c_z, H);",
        "  memcpy(c_x, c_z, NX * sizeof(real));",
        f"  for (int i = 0; i < NX; ++i) memcpy(c_xx + i * NX, H + i * {n}, NX * sizeof(real));",
    ]
    if "u" in inputs:
        lines += [
            "  memcpy(c_u, c_z + NX, NU * sizeof(real));",
            "  for (int i = 0; i < NU; ++i) {",
            f"    memcpy(c_ux + i * NX, H + (NX + i) * {n}, NX * sizeof(real));",
            f"    memcpy(c_uu + i * NU, H + (NX + i) * {n} + NX, NU * sizeof(real));",
            "  }",
        ]
    return ["\n".join([*lines, "}"])]


def curvature(of: ExpansionInLoops, nx: int, nu: int) -> list[str]:
    """The function of what the exact Hessian of a cost has beside the other."""
    inputs, _ = expansion_sizes(of, nx, nu)
    n = nx + nu if "u" in inputs else nx
    arguments = ", ".join(f"const real *restrict {name}" for name in inputs)
    (entries,) = of.curvature.entries
    lines = [
        f"void NAME({of.name}_curvature)({arguments}, real *restrict H)",
        "{",
        f"  memset(H, 0, {n} * {n} * sizeof(real));",
    ]
    if entries:
        lines += [
            f"  {constant_array('int AT[]', entries)}",
            f"  real values[{len(entries)}];",
            f"  NAME({of.curvature.function})({', '.join(inputs)}, values);",
            f"  for (int k = 0; k < {len(entries)}; ++k) H[AT[k]] += values[k];",
            f"  NAME(curvature_by_joints)({n}, H);",
        ]
    return ["\n".join([*lines, "}"])]
