"""A policy as one header in C99 that needs nothing but the C library's mathematics."""

import re

import numpy as np
from numpy.typing import ArrayLike

from vgps.experiments.export.card import EQUATION, Card

_TEXT = """\
/* A policy for {robot}.
 *
 *     {equation}
 *
 * Every {dt:g} s: put what it sees into o, call {name}_policy, let the robot do u.
{listed} */

#ifndef VGPS_{guard}_POLICY_H
#define VGPS_{guard}_POLICY_H

#include <math.h>

enum {{ {guard}_SEES = {n_in}, {guard}_HIDDEN = {n_hidden}, {guard}_ACTS = {nu} }};

static const double {name}_low[{nu}] = {low};
static const double {name}_high[{nu}] = {high};

/* The mean action u of what is seen, o; the robot cuts it to the limits above. */
static inline void {name}_policy(const double o[{n_in}], double u[{nu}])
{{
  static const double W1[{n_hidden}][{n_in}] = {W1};
  static const double b1[{n_hidden}] = {b1};
  static const double W2[{nu}][{n_hidden}] = {W2};
  static const double b2[{nu}] = {b2};
  double h[{n_hidden}];
  for (int i = 0; i < {n_hidden}; ++i) {{
    double z = b1[i];
    for (int j = 0; j < {n_in}; ++j) z += W1[i][j] * o[j];
    h[i] = fmax(z, 0.0) + log1p(exp(-fabs(z)));
  }}
  for (int i = 0; i < {nu}; ++i) {{
    u[i] = b2[i];
    for (int j = 0; j < {n_hidden}; ++j) u[i] += W2[i][j] * h[j];
  }}
}}

#endif
"""


def to_c(card: Card) -> str:
    """The text of the header."""
    policy = card.policy
    n_in, n_hidden, nu = policy.shape
    seen = zip(card.sees, card.units, strict=True)
    acted = zip(card.acts, card.u_units, card.low, card.high, strict=True)
    lines = [f"o[{i}]  {name}{unit and ', '}{unit}" for i, (name, unit) in enumerate(seen)]
    lines += [
        f"u[{i}]  {name}, {unit}, {low:g} to {high:g}"
        for i, (name, unit, low, high) in enumerate(acted)
    ]
    name = re.sub(r"\W", "_", card.robot, flags=re.ASCII)
    return _TEXT.format(
        robot=card.robot,
        equation=EQUATION,
        dt=card.dt,
        # Nothing that a file says may end the comment.
        listed="".join(f" *   {line.replace('*/', '* /')}\n" for line in lines),
        name=name,
        guard=name.upper(),
        n_in=n_in,
        n_hidden=n_hidden,
        nu=nu,
        low=_numbers(card.low),
        high=_numbers(card.high),
        W1=_numbers(policy.W1),
        b1=_numbers(policy.b1),
        W2=_numbers(policy.W2),
        b2=_numbers(policy.b2),
    )


def _numbers(values: ArrayLike) -> str:
    """An initialiser, whose numbers C reads back to the same bits."""
    array = np.asarray(values, dtype=float)
    if array.ndim == 0:
        number = float(array)
        infinite = "-INFINITY" if number < 0 else "INFINITY"
        return repr(number) if np.isfinite(number) else infinite
    return "{" + ", ".join(map(_numbers, array)) + "}"
