"""All parts of a robot and its task, and what follows from them: coordinates, actions, sizes.

Each part is right by itself; `rules` says what has to fit together.
"""

import math
from collections.abc import Iterable
from itertools import chain, count
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from vgps.codegen.description.actuators import Actuator, Lag, LastAction
from vgps.codegen.description.expansion import Endings
from vgps.codegen.description.expression import parse
from vgps.codegen.description.fields import (
    FileName,
    Number,
    Parameters,
    Part,
    Text,
    at_most,
)
from vgps.codegen.description.gait import Gait
from vgps.codegen.description.parts import BaseArmature, Fluid, Ground, Joint, Link, Point
from vgps.codegen.description.targets import Target
from vgps.codegen.description.task import Deviation, Task, Training

TAIL = 5  # horizons are as long as this many tails, where a file gives none
HOURS = "; 40 links take minutes to derive and compile, and 100 about an hour"


class Blueprint(Part):
    """A robot and its task.

    name           of the robot, for folders and pictures
    description    a sentence for people
    parameters     name -> number; each may use those before it, every other number in the file may
                   use all
    gravity        m/s², along -y
    base           "floating": the root link moves freely, with coordinates x, y, angle; "fixed":
                   the root joint hangs from the world
    base_armature  inertia added to x, y, angle of a floating base; absent: none
    fluid          what resists all links that have a width; absent: none
    mirror         ending of names -> that of their twins: {_l: _r} gives hip_l a twin hip_r with
                   the same numbers, as a planar robot is seen from the side, and a gait its other
                   half; none is left in a robot, which has all twins
    links          rigid bodies
    joints         what connects them, in the order of the coordinates and of the actions
    actuators      what actions do beyond those of actuated joints
    points         named places on links, for costs and for contact with the ground
    targets        named places in the world that are drawn anew for each rollout
    ground         what points with contact touch; absent: nothing
    gait           a walking controller to start from
    task           what the robot is asked to do
    training       how its policy is learned

    The state is x = [q, v].  q is x, y and angle of a floating root, then the non-fixed joints in
    file order, then one coordinate for each lag, whose rate is what lags, then the last action of
    each whose change the task names, then x and y of each target; v is the rate of q, which is zero
    for last actions and targets.  u is the actuated joints, then the actuators, in file order.
    """

    name: FileName
    description: Text = ""
    parameters: Parameters = Field(default_factory=dict)
    gravity: Number = 9.81
    base: Literal["floating", "fixed"]
    base_armature: BaseArmature | None = None
    mirror: Endings = Field(default_factory=dict, exclude=True)
    links: Annotated[tuple[Link, ...], at_most(100, HOURS)]
    joints: Annotated[tuple[Joint, ...], at_most(100, HOURS)] = ()
    actuators: Annotated[tuple[Actuator, ...], at_most(100)] = ()
    points: Annotated[tuple[Point, ...], at_most(200)] = ()
    targets: Annotated[tuple[Target, ...], at_most(100)] = ()
    ground: Ground | None = None
    fluid: Fluid | None = None
    gait: Gait | None = None
    task: Task
    training: Training = Training()

    @field_validator("joints", mode="after")
    @classmethod
    def _at_the_tip(cls, joints: tuple[Joint, ...], info: ValidationInfo) -> tuple[Joint, ...]:
        tips = {link.name: link.tip for link in info.data.get("links", ())}
        return tuple(
            joint
            if joint.at is not None
            else joint.model_copy(update={"at": tips.get(joint.parent, (0.0, 0.0))})
            for joint in joints
        )

    @property
    def root(self) -> Link | None:
        """The link that is nobody's child: that of a floating base, None for a fixed one."""
        children = {joint.child for joint in self.joints}
        return next((link for link in self.links if link.name not in children), None)

    @property
    def free_joints(self) -> tuple[Joint, ...]:
        """The joints with a coordinate, in file order."""
        return tuple(joint for joint in self.joints if joint.type != "fixed")

    @property
    def actuated_joints(self) -> tuple[Joint, ...]:
        """The joints that are actuated by themselves, in file order."""
        return tuple(joint for joint in self.joints if joint.actuated)

    @property
    def ordered_joints(self) -> tuple[Joint, ...]:
        """All joints, parents before children; otherwise in file order."""
        reached = {"world"} if self.root is None else {self.root.name}
        waiting, ordered = list(self.joints), []
        while waiting:
            joint = next(joint for joint in waiting if joint.parent in reached)
            waiting.remove(joint)
            ordered.append(joint)
            reached.add(joint.child)
        return tuple(ordered)

    @property
    def moving_names(self) -> tuple[str, ...]:
        """Names of the coordinates that move bodies, the first of q: of the root and of joints."""
        floating = ("x", "y", "angle") if self.base == "floating" else ()
        return floating + tuple(joint.name for joint in self.free_joints)

    @property
    def lags(self) -> tuple[Lag, ...]:
        """What follows an action with a lag, in the order of the actions."""
        drives = [(joint.name, joint.lag, ("force", 1.0)) for joint in self.actuated_joints]
        drives += [(each.name, each.lag, each.what_lags) for each in self.actuators]
        coordinates = count(len(self.moving_names))
        return tuple(
            Lag(f"{name}.{what}", next(coordinates), action, lag, gain)
            for action, (name, lag, (what, gain)) in enumerate(drives)
            if lag
        )

    @property
    def last_actions(self) -> tuple[LastAction, ...]:
        """What the state remembers: actions of which the task names du or last_u, in order."""
        named = self.task.named
        coordinates = count(len(self.moving_names) + len(self.lags))
        return tuple(
            LastAction(f"{name}.last_u", next(coordinates), action)
            for action, name in enumerate(self.u_names)
            if named & {"du", f"{name}.du", f"{name}.last_u"}
        )

    @property
    def target_names(self) -> tuple[str, ...]:
        """Names of the coordinates of targets, the last of q, as expressions spell them."""
        return tuple(f"{target.name}.{axis}" for target in self.targets for axis in "xy")

    @property
    def q_names(self) -> tuple[str, ...]:
        """Names of the nq coordinates: those that move bodies, then the others."""
        lagging = tuple(lag.name for lag in self.lags)
        last = tuple(last.name for last in self.last_actions)
        return self.moving_names + lagging + last + self.target_names

    @property
    def x_names(self) -> tuple[str, ...]:
        """Names of the nx coordinates of the state, as expressions spell them: hip.q, hip.v.

        Those that nothing can name are the integral of what lags and the rates of last actions and
        of targets.
        """
        moving = self.moving_names
        standing = (*(last.name for last in self.last_actions), *self.target_names)
        lagging = [lag.name for lag in self.lags]
        positions = [f"{name}.q" for name in moving] + [f"the integral of {r}" for r in lagging]
        rates = [f"{name}.v" for name in moving] + lagging
        return (*positions, *standing, *rates, *(f"{name}.v" for name in standing))

    @property
    def x_units(self) -> tuple[str, ...]:
        """Units of the nx coordinates of the state; empty where nothing depends on one."""
        sliding = {joint.name for joint in self.joints if joint.type == "prismatic"} | {"x", "y"}
        moving = tuple("m" if name in sliding else "rad" for name in self.moving_names)
        lagging = tuple(self.u_units[lag.action] for lag in self.lags)
        standing = tuple(self.u_units[last.action] for last in self.last_actions)
        standing += ("m",) * len(self.target_names)
        rates = tuple(f"{unit}/s" for unit in moving)
        return (*moving, *[""] * len(lagging), *standing, *rates, *lagging, *[""] * len(standing))

    @property
    def u_names(self) -> tuple[str, ...]:
        """Names of the nu actions."""
        of_joints = tuple(joint.name for joint in self.actuated_joints)
        return of_joints + tuple(actuator.name for actuator in self.actuators)

    @property
    def u_units(self) -> tuple[str, ...]:
        """Units of the nu actions: N or N·m, before a gear, or m or rad of a servo's target."""
        sliding = {joint.name for joint in self.joints if joint.type == "prismatic"}
        units = ["N" if joint.name in sliding else "N·m" for joint in self.actuated_joints]
        for actuator in self.actuators:
            linear = actuator.link is not None or not sliding.isdisjoint(actuator.coefficients)
            of_force, of_target = ("N", "m") if linear else ("N·m", "rad")
            units.append(of_force if actuator.kp is None else of_target)
        return tuple(units)

    @property
    def nq(self) -> int:
        """Number of coordinates."""
        return len(self.q_names)

    @property
    def nv(self) -> int:
        """Number of velocities."""
        return self.nq

    @property
    def nx(self) -> int:
        """Number of states."""
        return 2 * self.nq

    @property
    def nu(self) -> int:
        """Number of actions."""
        return len(self.u_names)

    @property
    def contact_points(self) -> tuple[Point, ...]:
        """The points that touch the ground, in file order."""
        return tuple(point for point in self.points if point.contact)

    def parent_joint(self, link_name: str) -> Joint | None:
        """The joint whose child the link is; None for the root of a floating base."""
        return next((joint for joint in self.joints if joint.child == link_name), None)

    def turning(self, link_name: str) -> set[str]:
        """Names of the coordinates whose sum is a link's angle: the base's, hinges on the way."""
        names = set() if self.root is None else {"angle"}
        joint = self.parent_joint(link_name)
        while joint is not None:
            if joint.type == "revolute":
                names.add(joint.name)
            joint = self.parent_joint(joint.parent)
        return names

    @property
    def initial_states(self) -> list[list[float]]:
        """x at step 0, length nx, of each of the S initial states."""
        places = self._of_targets(target.at for target in self.targets)
        return [
            self._each(places | initial.q) + self._each(initial.v)
            for initial in self.task.initials.values()
        ]

    @property
    def initial_deviations(self) -> list[list[float]]:
        """Standard deviations of x at step 0, length nx, around each of the S initial states."""
        spreads = self._of_targets(target.spread for target in self.targets)
        return [
            self._each(spreads | self._moving(initial.spread.q)) + self._each(initial.spread.v)
            for initial in self.task.initials.values()
        ]

    @property
    def process_deviation(self) -> list[float]:
        """Standard deviations of what each step of a rollout adds to x, length nx."""
        return self._deviation(self.task.process_noise)

    @property
    def force_deviation(self) -> list[float]:
        """Standard deviations of the random force along each coordinate, N or N·m, length nv."""
        return self._each(self.task.process_noise.force)

    @property
    def marginal_deviation(self) -> list[float] | None:
        """Standard deviations that make Sigma_f, length nx, where the file gives them."""
        given = self.training.marginals
        return None if given is None else self._deviation(given)

    @property
    def tail(self) -> int:
        """Steps at the end of the horizon that the policy does not learn from."""
        if self.training.tail is not None:
            return self.training.tail
        return self.task.horizon // TAIL if self.task.final_cost is None else 0

    @property
    def judged_steps(self) -> int:
        """Steps in which a trajectory has to succeed: without the tail, where the task goes on."""
        return self.task.horizon - (0 if self.task.ends else self.tail)

    @property
    def observed_indices(self) -> tuple[int, ...]:
        """Indices of what the policy sees: into x, or into all that the expressions give."""
        observe = self.task.observe
        if observe is None:
            first = 1 if self.base == "floating" and not self.task.depends_on_x else 0
            moving, lags = len(self.moving_names), len(self.lags)
            # Of what lags nothing depends on the integral, and of targets nothing moves.  The last
            # action is the policy's own, noise included, and says nothing of the robot.
            targets = range(self.nq - len(self.target_names), self.nq)
            return (*range(first, moving), *targets, *range(self.nq, self.nq + moving + lags))
        if isinstance(observe, tuple):
            return tuple(range(len(observe)))
        positions = tuple(self.q_names.index(name) for name in observe.q)
        return positions + tuple(self.nq + self.q_names.index(name) for name in observe.v)

    @property
    def observes_root_x(self) -> bool:
        """Whether what the policy sees may depend on where a floating root is along x."""
        if self.base == "fixed":
            return False
        if self.task.expressions:
            names = (name for text in self.task.expressions for name in parse(text).names)
            return any(name.endswith(".x") for name in names)
        return 0 in self.observed_indices

    @property
    def action_limits(self) -> tuple[list[float], list[float]]:
        """Least and largest actions, length nu each; -inf and inf where the file sets none."""
        symmetric = (
            math.inf if joint.torque_limit is None else joint.torque_limit
            for joint in self.actuated_joints
        )
        limits = [(-limit, limit) for limit in symmetric]
        limits += [actuator.limits or (-math.inf, math.inf) for actuator in self.actuators]
        return [low for low, _ in limits], [high for _, high in limits]

    def _deviation(self, deviation: Deviation) -> list[float]:
        return self._each(deviation.q) + self._each(deviation.v)

    def _each(self, given: float | dict[str, float]) -> list[float]:
        by_name = self._moving(given)
        return [by_name.get(name, 0.0) for name in self.q_names]

    def _moving(self, given: float | dict[str, float]) -> dict[str, float]:
        """By name what is given so, or as one number, which holds for all that moves."""
        return given if isinstance(given, dict) else dict.fromkeys(self.moving_names, given)

    def _of_targets(self, pairs: Iterable[tuple[float, float]]) -> dict[str, float]:
        """By the names of their coordinates what (x, y) of each target are."""
        return dict(zip(self.target_names, chain.from_iterable(pairs), strict=True))
