"""What a policy does, in one line of words that fit the robot and figures that were measured.

Only what is to get about, a floating base whose success asks for a mean speed, walks, hops, rolls
or swims; everything else succeeds or does not.
"""

import math
import operator

from vgps.codegen.description.expression import Expression, parse, value_of
from vgps.codegen.description.grammar import Node
from vgps.codegen.description.robot import Robot
from vgps.experiments.evaluation import Evaluated


def verdict(robot: Robot, found: Evaluated) -> str:
    """Of the policy that a run ended with."""
    line = successes(
        robot, found.deterministic.success_rate, found.stochastic.success_rate, found.rollouts
    )
    speed = found.deterministic.mean_speed
    if not travels(robot) or math.isnan(speed):
        return line
    target = wanted_speed(robot)
    return f"{line}, {speed:.3g} m/s" + ("" if target is None else f" of {target:g}")


def successes(robot: Robot, deterministic: float, stochastic: float, rollouts: int) -> str:
    """How many of so many rollouts succeed, given the shares that do without noise and with it."""
    bare, noisy = (round(rate * rollouts) for rate in (deterministic, stochastic))
    return f"{deed(robot)} {bare} of {rollouts} rollouts, {noisy} of {rollouts} with its noise"


def deed(robot: Robot) -> str:
    """What it does where it succeeds."""
    if not travels(robot):
        return "succeeds in"
    if robot.ground is None:
        resisted = robot.fluid is not None or any(link.drag for link in robot.links)
        return "swims" if resisted else "succeeds in"
    discs = {point.link for point in robot.contact_points if point.radius > 0.0}
    if any(link.length == 0.0 and link.name in discs for link in robot.links):
        return "rolls"  # a link that is nothing but a disc is a wheel
    touching = {point.link for point in robot.contact_points}
    feet = touching - {joint.parent for joint in robot.joints}  # the last links of its legs
    return {0: "succeeds in", 1: "hops"}.get(len(feet), "walks")


def travels(robot: Robot) -> bool:
    """Whether the task is to get about."""
    asked = parse(robot.task.success).node.walk()
    means = [node for node in asked if node.kind == "call" and node.value == "mean"]
    return robot.base == "floating" and any(map(_speeds, means))


def wanted_speed(robot: Robot) -> float | None:
    """m/s, what the cost holds a horizontal speed against, as in (com.vx - 1.3)**2."""
    cost = parse(robot.task.cost)
    for node in cost.node.walk():
        if node.kind != "arithmetic" or [one.operator for one in node.value] != [operator.sub]:
            continue
        speed, target = node.children
        known = {part.value for part in target.walk() if part.kind == "name"}
        if speed.kind == "name" and _speeds(speed) and known <= set(robot.parameters):
            return value_of(Expression(cost.text, target), robot.parameters)
    return None


def _speeds(node: Node) -> list[str]:
    """The horizontal speeds that a part of an expression names."""
    names = [part.value for part in node.walk() if part.kind == "name"]
    return [name for name in names if name.endswith(".vx")]
