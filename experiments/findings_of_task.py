"""Whether a trajectory does its task, and whether the cost asks for that.

Each function looks for one thing and gives a finding or None.
"""

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.description.fields import Location
from vgps.experiments.finding import Examined, Finding
from vgps.experiments.task_terms import CostTerm, Part, cost_terms, success_parts

Array = NDArray[np.float64]

COST: Location = ("task", "cost")
SUCCESS: Location = ("task", "success")

NEGLIGIBLE = 0.01  # share of the cost: an optimiser gains more by anything else
OVERWHELMING = 0.9  # share of the actions: what else the cost asks for is not worth acting
NOISE = 2.0  # limits: most actions are then at one limit or the other, at random
LAST_MOMENT = 0.1  # s: noise and disturbances shift a motion by as much


def noise(examined: Examined) -> Finding | None:
    """Noise of q's actions that its limits cut off."""
    model = examined.model
    T = model.robot.judged_steps
    covariance = np.linalg.inv(examined.solution.gains.Q_uu[:T])  # (T, nu, nu)
    deviation = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    usual = np.median(deviation, axis=0)  # (nu,)
    low, high = model.limits
    room = 0.5 * (high - low)  # (nu,)
    j = int((usual / room).argmax())
    if usual[j] <= NOISE * room[j]:
        return None
    text = f"the weight of u lets {model.u_names[j]} act with noise of {usual[j]:.3g} "
    text += f"{model.robot.u_units[j]} (one standard deviation) at first, "
    text += f"its limits are {low[j]:g} and {high[j]:g}"
    advice = f"a weight of u about {(usual[j] / room[j]) ** 2:.2g} times as large"
    return examined.finding("noise", COST, text, advice, offset=_of_actions(examined))


def cost(examined: Examined) -> Finding | None:
    """A cost that does not ask for what success does."""
    model, (X, U) = examined.model, examined.judged
    failed = _failed(examined)
    if not failed:
        return None
    terms = cost_terms(model, X, U)
    actions = [term for term in terms if term.is_of_actions]
    if (share := sum(term.share for term in actions)) > OVERWHELMING:
        text = f"the actions are {share:.0%} of the cost of a trajectory that fails"
        return _at_term(examined, max(actions, key=_share), text, "a smaller weight of u")
    for part in failed:
        for name in sorted(part.quantities):
            naming = [term for term in terms if name in term.quantities]
            if naming and (share := sum(term.share for term in naming)) < NEGLIGIBLE:
                term = max(naming, key=_share)
                text = f"{term.expression.written} is {share:.2g} of the cost of a trajectory "
                text += f"that fails: {_failure(part)}"
                return _at_term(examined, term, text, "a larger weight")
    return None


def success(examined: Examined) -> Finding | None:
    """A trajectory that does not do the task."""
    failed = _failed(examined)
    if not failed:
        return None
    named = set().union(*(term.quantities for term in cost_terms(examined.model, *examined.judged)))
    asked = sorted(set().union(*(part.quantities for part in failed)))
    known, unknown = ([n for n in asked if (n in named) is wanted] for wanted in (True, False))
    ways = [f"a larger weight of {' and '.join(known)} in the cost"] if known else []
    ways += [f"a term of {' and '.join(unknown)} in the cost"] if unknown else []
    text = f"the optimised trajectory fails: {' and '.join(map(_failure, failed))}"
    column = failed[0].expression.column
    return examined.finding("success", SUCCESS, text, " or ".join(ways), offset=column)


def last_moment(examined: Examined) -> Finding | None:
    """A task that is done at the very end and not before."""
    model, solution = examined.model, examined.solution
    T = len(solution.U) - max(1, round(LAST_MOMENT / model.dt))
    X, U = solution.X[: T + 1], solution.U[:T]
    if not model.robot.task.ends or not examined.succeeds or T < 1 or model.success(X, U):
        return None
    failed = [part for part in success_parts(model, X, U) if not part.holds]
    text = f"the trajectory does the task in its last {LAST_MOMENT:g} s only, before that "
    text += " and ".join(map(_failure, failed))
    return examined.finding("last-moment", SUCCESS, text, "a longer task.horizon")


def _failed(examined: Examined) -> list[Part]:
    return [part for part in success_parts(examined.model, *examined.judged) if not part.holds]


def _failure(part: Part) -> str:
    values = " and ".join(f"{name} is {value:.3g}" for name, value in part.values.items())
    return f"{part.expression.written} is false, {values}"


def _share(term: CostTerm) -> float:
    return term.share


def _at_term(examined: Examined, term: CostTerm, text: str, advice: str) -> Finding:
    return examined.finding("cost", COST, text, advice, offset=term.expression.column)


def _of_actions(examined: Examined) -> int | None:
    """Where in the cost its first term of the actions begins."""
    terms = cost_terms(examined.model, *examined.judged)
    return next((term.expression.column for term in terms if term.is_of_actions), None)
