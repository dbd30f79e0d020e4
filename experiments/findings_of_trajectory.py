"""Whether a trajectory is one, and whether ground and limits of the robot are what they should be.

Each function looks for one thing and gives a finding or None.
"""

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.description.expression import NUMERIC_FUNCTIONS, ExpressionError, parse
from vgps.codegen.description.fields import Location
from vgps.codegen.description.robot import Ground
from vgps.codegen.model import Model
from vgps.experiments.finding import Edit, Examined, Finding
from vgps.solver.ilqr import Reason
from vgps.solver.step_length import step_length

Array = NDArray[np.float64]

START: Location = ("task", "start")
SUBSTEPS: Location = ("task", "substeps")

# Contact points themselves sink into compliant ground, and what is near them with them.
DEEPEST_CONTACTS = 2.0  # times as deep as the deepest of them, and
DEEP = 0.1  # lengths of the longest link
AT_LIMIT = 0.999  # shares of a limit
SATURATED = 0.5  # of the steps: a feedback that cannot push harder half of the time holds nothing
NOISE = 2.0  # deviations of it that an action needs room for
UNUSED = 0.02  # of a limit: noise of this size and more is what starts are tried with


def stationary(examined: Examined) -> Finding | None:
    """A start from which no descent begins."""
    solution, described = examined.solution, examined.model.robot.task.start
    if described is None or examined.succeeds:
        return None
    at_once = solution.reason is Reason.STATIONARY and solution.iterations == 1
    # At a saddle, such as a pole that hangs, regularisation grows in vain for many iterations.
    if not at_once and (described.noise != 0.0 or solution.U.any()):
        return None
    text = f"no descent begins from the start, {solution.start}: it is a stationary point"
    advice = "leaving task.start out, so that others are tried"
    return examined.finding("stationary", START, text, advice, edits=(Edit("task.start", None),))


def steps(examined: Examined) -> Finding | None:
    """Integration steps that are unstable or too long."""
    model, solution = examined.model, examined.solution
    # Measuring implicit steps builds another robot.
    measured = model.robot.task.integrator == "rk4"
    found = step_length(model, solution.X, solution.U, measured)
    if found.fault is None:
        return None
    advice = " or ".join(found.ways) or "a shorter task.dt"
    edits = (Edit("task.substeps", f"{found.substeps}"),) if found.substeps else ()
    return examined.finding("steps", SUBSTEPS, found.fault, advice, edits=edits)


def sinking(examined: Examined) -> Finding | None:
    """Part of a link that the ground does not carry."""
    model, (X, _) = examined.model, examined.judged
    robot = model.robot
    if robot.ground is None:
        return None
    depths = _depths(model, robot.ground, X)
    contacts = [point.name for point in robot.contact_points]
    carried = max(float(depths[name].max()) for name in contacts)
    # Of several at one place the first is named: points of the file, before ends of links.
    free = {point.name: ("points", i) for i, point in enumerate(robot.points) if not point.contact}
    free |= {
        f"{link.name}.{end}": ("links", i)
        for i, link in enumerate(robot.links)
        for end in ("start", "end")
        if f"{link.name}.{end}" in depths
    }
    if not free:
        return None
    name = max(free, key=lambda name: float(depths[name].max()))
    deepest, step = float(depths[name].max()), int(depths[name].argmax())
    longest = max(link.length for link in robot.links)
    if deepest < max(DEEP * longest, DEEPEST_CONTACTS * carried):
        return None
    text = f"{name} is {deepest:.2f} m below the ground in step {step}"
    return examined.finding("sinking", free[name], text, "a point with contact: true there")


def saturated(examined: Examined) -> Finding | None:
    """An action that is at its limit most of the time."""
    model, (_, U) = examined.model, examined.judged
    low, high = model.limits
    limited = np.isfinite(high - low)
    close = np.where(limited, (1.0 - AT_LIMIT) * (high - low), 0.0)
    share = (limited & ((U >= high - close) | (U <= low + close))).mean(axis=0)  # (nu,)
    j = int(share.argmax())
    if share[j] <= SATURATED:
        return None
    text = f"{model.u_names[j]} is at a limit, {low[j]:g} or {high[j]:g} {model.robot.u_units[j]}, "
    text += f"in {share[j]:.0%} of the steps"
    return examined.finding("limits", _limit(model, j), text, "a larger limit, or more time")


def unused(examined: Examined) -> Finding | None:
    """A limit so large that it says nothing about the actions."""
    model, (_, U) = examined.model, examined.judged
    covariance = np.linalg.inv(examined.solution.gains.Q_uu[: len(U)])  # (T, nu, nu) of q
    noise = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))  # (T, nu)
    # Where a robot stands still only its noise acts.
    needed = (np.abs(U) + NOISE * noise).max(axis=0)  # (nu,)
    most = np.abs(model.limits).max(axis=0)  # (nu,)
    share = np.where(np.isfinite(most), needed / most, np.inf)
    j = int(share.argmin())
    if share[j] >= UNUSED:
        return None
    text = f"{model.u_names[j]} needs {needed[j]:.3g} of its {most[j]:g}"
    text += f" {model.robot.u_units[j]} at most, with its noise"
    advice = "a limit of the size that it needs, by which starts are tried"
    return examined.finding("limits", _limit(model, j), text, advice)


def _depths(model: Model, ground: Ground, X: Array) -> dict[str, Array]:
    """How deep (T+1,) each point is below the ground, m; negative above it."""
    height, parameters = parse(ground.height), model.robot.parameters

    def depth(x: float, y: float) -> float:
        try:
            return float(height.evaluate({**parameters, "x": x}, NUMERIC_FUNCTIONS)) - y
        except ExpressionError:  # where nothing touches it the ground may be undefined
            return -np.inf

    places = [model.points(x[: model.nq]) for x in X]
    return {name: np.array([depth(*map(float, at[name])) for at in places]) for name in places[0]}


def _limit(model: Model, j: int) -> Location:
    """Where the limit of an action stands."""
    robot = model.robot
    if j < len(robot.actuated_joints):
        return "joints", robot.joints.index(robot.actuated_joints[j]), "torque_limit"
    return "actuators", j - len(robot.actuated_joints), "limits"
