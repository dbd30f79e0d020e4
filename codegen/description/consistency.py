"""Rules that span several parts of a robot: names, the tree, coordinates, contact, gait.

Every rule takes the robot under validation and yields a refusal for each mistake.
"""

from collections.abc import Iterator
from typing import TypeAlias

from pydantic_core import PydanticCustomError

from vgps.codegen.description.blueprint import Blueprint
from vgps.codegen.description.expansion import REFERENCES
from vgps.codegen.description.fields import Location, refuse
from vgps.codegen.description.task import Deviation, Initial, Observe
from vgps.codegen.errors import hint

FLOATING = ("x", "y", "angle")
ROUNDED_UP = 1 + 1e-9  # of times in s, which seldom are whole steps exactly

Refusals: TypeAlias = Iterator[PydanticCustomError]


def check_names(robot: Blueprint) -> Refusals:
    """Parameters and the named parts share one namespace, in which a name occurs once."""
    taken = {name: "a parameter" for name in robot.parameters}
    parts = {"links": "a link", "joints": "a joint", "actuators": "an actuator"}
    parts |= {"points": "a point", "targets": "a target"}
    for kind, one in parts.items():
        for index, part in enumerate(getattr(robot, kind)):
            at: Location = (kind, index, "name")
            if part.name in taken:
                yield refuse(
                    f"the name {part.name!r} is already taken by {taken[part.name]}", "sentence", at
                )
                continue
            if kind == "joints" and robot.base == "floating" and part.name in FLOATING:
                text = (
                    f"a joint must not be called {part.name!r}, a coordinate of the floating root"
                )
                yield refuse(text, "sentence", at)
            taken[part.name] = one


def check_mirror(robot: Blueprint) -> Refusals:
    """Nothing is left to be mirrored."""
    for ending in robot.mirror:
        text = f"no name in {', '.join(REFERENCES)} ends in {ending!r}"
        yield refuse(text, "sentence", ("mirror", ending))


def check_tree(robot: Blueprint) -> Refusals:
    """Joints name links that exist, and connect all of them into one tree on the base."""
    links = [link.name for link in robot.links]
    if not links:
        yield refuse("a robot needs at least one link", "sentence", ("links",))
        return
    faults = list(_ends(robot, links))
    yield from faults
    if not faults:  # from which cycles and loose links would follow
        yield from _check_no_cycle(robot)
        yield from _check_connected(robot)
    for index, point in enumerate(robot.points):
        if point.link not in links:
            at = ("points", index, "link")
            yield refuse(
                f"unknown link {point.link!r}", "sentence", at, tail=hint(point.link, links)
            )
    if not robot.moving_names:
        yield refuse("a robot needs at least one joint that is not fixed", "sentence", ("joints",))
    elif not robot.u_names:
        text = "a robot needs at least one actuated joint or actuator"
        yield refuse(text, "sentence", ("joints",))


def _ends(robot: Blueprint, links: list[str]) -> Refusals:
    """Parents and children exist, and each child has one parent."""
    parents: dict[str, str] = {}  # link -> the joint whose child it is
    for index, joint in enumerate(robot.joints):
        for key, name in (("parent", joint.parent), ("child", joint.child)):
            at = ("joints", index, key)
            if name == "world" and key == "child":
                yield refuse("the world cannot be the child of a joint", "sentence", at)
            elif name == "world" and robot.base == "floating":
                text = "only a robot with 'base: fixed' has joints to the world"
                yield refuse(text, "sentence", at)
            elif name != "world" and name not in links:
                allowed = links + (["world"] if key == "parent" and robot.base == "fixed" else [])
                yield refuse(f"unknown link {name!r}", "sentence", at, tail=hint(name, allowed))
        if joint.child in parents:
            text = f"link {joint.child!r} is already the child of joint {parents[joint.child]!r}"
            loops = "; closed loops are not supported"
            yield refuse(text, "sentence", ("joints", index, "child"), tail=loops)
        parents[joint.child] = joint.name


def _check_no_cycle(robot: Blueprint) -> Refusals:
    """The first cycle; every joint of it would tell it once more."""
    parents = {joint.child: joint.parent for joint in robot.joints}
    for index, joint in enumerate(robot.joints):
        path, link = [joint.child], joint.parent
        while link in parents and link not in path:
            path.append(link)
            link = parents[link]
        if link == joint.child:
            round_trip = " -> ".join([link, *reversed(path)])
            text = f"the joints form a cycle: {round_trip}"
            yield refuse(text, "sentence", ("joints", index, "parent"))
            return


def _check_connected(robot: Blueprint) -> Refusals:
    children = {joint.child for joint in robot.joints}
    loose = [
        (index, link.name) for index, link in enumerate(robot.links) if link.name not in children
    ]
    if robot.base == "fixed":
        for index, name in loose:
            text = f"link {name!r} is not connected: on a fixed base every link is a joint's child"
            yield refuse(text, "sentence", ("links", index))
    elif len(loose) > 1:
        (_, root), *others = loose
        for index, name in others:
            text = f"link {name!r} is not connected: like {root!r} it is no joint's child"
            yield refuse(text, "sentence", ("links", index))


def check_actuators(robot: Blueprint) -> Refusals:
    """What actuators act on exists, and joints among it have a coordinate."""
    links = [link.name for link in robot.links]
    joints = [joint.name for joint in robot.free_joints]
    for index, actuator in enumerate(robot.actuators):
        at: Location = ("actuators", index)
        if actuator.link is not None and actuator.link not in links:
            tail = hint(actuator.link, links)
            yield refuse(f"unknown link {actuator.link!r}", "sentence", (*at, "link"), tail=tail)
        for end, name in enumerate(actuator.between or ()):
            if name not in (*links, "world"):
                tail = hint(name, [*links, "world"])
                yield refuse(f"unknown link {name!r}", "sentence", (*at, "between", end), tail=tail)
        if actuator.between is not None and len(set(actuator.between)) == 1:
            text = f"a torque acts between two links, found {actuator.between[0]!r} twice"
            yield refuse(text, "sentence", (*at, "between"))
        for name in actuator.coefficients:
            if name not in joints:
                text = f"no joint with a coordinate is called {name!r}"
                one = actuator.joint is not None
                place = (*at, "joint") if one else (*at, "joints", name)
                yield refuse(text, "sentence" if one else "key", place, tail=hint(name, joints))


def check_coordinates(robot: Blueprint) -> Refusals:
    """Everything that is given for single coordinates names coordinates that exist."""
    task, moving = robot.task, robot.moving_names
    lagging = tuple(lag.name for lag in robot.lags)
    # What lags is a rate, on whose integral nothing depends; targets and last actions have none.
    names = {"q": moving, "v": moving + lagging, "force": moving}
    last = tuple(f"{name}.last_u" for name in robot.u_names)
    placed = names | {"q": moving + last + robot.target_names}
    given: list[tuple[Location, Initial | Deviation]] = [
        (("task", "process_noise"), task.process_noise)
    ]
    for place, initial in task.initials.items():
        given += [(place, initial), ((*place, "spread"), initial.spread)]
    if robot.training.marginals is not None:
        given.append((("training", "marginals"), robot.training.marginals))
    for at, part in given:
        for key, known in (placed if isinstance(part, Initial) else names).items():
            by_name = getattr(part, key, None)
            for name in by_name if isinstance(by_name, dict) else ():
                yield from _check_coordinate(robot, name, known, (*at, key, name), "key")
    if not isinstance(task.observe, Observe):
        return
    if not task.observe.q and not task.observe.v:
        yield refuse("the policy must observe something", "sentence", ("task", "observe"))
    for key in ("q", "v"):
        listed = getattr(task.observe, key)
        for index, name in enumerate(listed):
            place = ("task", "observe", key, index)
            yield from _check_coordinate(robot, name, placed[key], place, "sentence")
            if name in listed[:index]:
                yield refuse(f"the coordinate {name!r} is listed twice", "sentence", place)


def check_keyframes(robot: Blueprint) -> Refusals:
    """Keyframes name coordinates that exist."""
    for index, keyframe in enumerate(robot.task.keyframes):
        for name in keyframe.q:
            place = ("task", "start", "through", index, "q", name)
            yield from _check_coordinate(robot, name, robot.moving_names, place, "key")


def check_times(robot: Blueprint) -> Refusals:
    """Keyframes follow each other within the horizon, a step apart at least."""
    dt, end = robot.task.dt, robot.task.horizon * robot.task.dt
    before = 0.0
    for index, keyframe in enumerate(robot.task.keyframes):
        at, t = ("task", "start", "through", index, "t"), keyframe.t
        if t > end * ROUNDED_UP:
            yield refuse(f"must not be after the horizon's end at {end:g} s, found {t:g}", at=at)
        elif (t - before) * ROUNDED_UP < dt:
            what = "that of the keyframe before it" if index else "the initial state"
            text = f"must be at least a step of {dt:g} s after {before:g}, {what}, found {t:g}"
            yield refuse(text, at=at)
        before = t


def check_disturbances(robot: Blueprint) -> Refusals:
    """What is pushed exists."""
    known = [joint.name for joint in robot.joints] + [point.name for point in robot.points]
    known += [f"{link.name}.{end}" for link in robot.links for end in ("start", "end")] + ["com"]
    for index, push in enumerate(robot.task.disturbances):
        if push.point not in known:
            at = ("task", "disturbances", index, "point")
            text = f"unknown point {push.point!r}"
            yield refuse(text, "sentence", at, tail=hint(push.point, known))


def _check_coordinate(
    robot: Blueprint, name: str, names: tuple[str, ...], at: Location, kind: str
) -> Refusals:
    if name in names:
        return
    if name in robot.target_names:
        tail = "; a target does not move, and its spread is a key of its own"
        yield refuse(f"{name!r} of a target has no place", "key", at, tail=tail)
    else:
        # Last actions are offered to whoever seems to look for one: there may be many.
        near = [known for known in names if ".last" in name or not known.endswith(".last_u")]
        yield refuse(f"unknown coordinate {name!r}", kind, at, tail=hint(name, near))


def check_contact(robot: Blueprint) -> Refusals:
    """Ground and contact points come together, with the integrator that can handle them."""
    touching = [i for i, point in enumerate(robot.points) if point.contact]
    if robot.ground is None:
        if touching:
            at = ("points", touching[0], "contact")
            yield refuse("a contact point needs the key 'ground' of the robot", "sentence", at)
        return
    if not touching:
        text = "the ground needs a point with 'contact: true'"
        yield refuse(text, "sentence", ("ground",))
    if robot.task.integrator != "implicit":
        yield refuse("contact needs 'integrator: implicit'", "sentence", ("task",))


def check_base(robot: Blueprint) -> Refusals:
    """Only what floats has coordinates to load."""
    if robot.base_armature is not None and robot.base != "floating":
        text = "only a robot with 'base: floating' takes 'base_armature'"
        yield refuse(text, "key", ("base_armature",))


def check_fluid(robot: Blueprint) -> Refusals:
    """The fluid has something to resist, of a width that the inertia allows."""
    if robot.fluid is None:
        return
    if not any(link.width for link in robot.links):
        yield refuse("the fluid needs a link with 'width'", "sentence", ("fluid",))
    for index, link in enumerate(robot.links):
        least = link.mass * link.width**2 / 12
        if link.inertia < least * (1 - 1e-9):
            text = f"is less than mass*width**2/12 = {least:g}, which a bar in a fluid has"
            yield refuse(f"of {link.inertia:g} {text}", at=("links", index, "inertia"))


def check_training(robot: Blueprint) -> Refusals:
    """The policy learns from at least one step."""
    if robot.tail >= robot.task.horizon:
        text = f"must be less than the horizon of {robot.task.horizon} steps"
        yield refuse(text, at=("training", "tail"))


def check_gait(robot: Blueprint) -> Refusals:
    """The walking controller names links, actuated joints and points that exist."""
    gait = robot.gait
    if gait is None:
        if robot.task.start is not None and robot.task.start.gait:
            yield refuse("there is no 'gait' to start from", "sentence", ("task", "start", "gait"))
        return
    if robot.ground is None:
        yield refuse("a gait needs the key 'ground' of the robot", "sentence", ("gait",))
    links = [link.name for link in robot.links]
    if gait.torso not in links:
        at = ("gait", "torso")
        yield refuse(f"unknown link {gait.torso!r}", "sentence", at, tail=hint(gait.torso, links))
    points = [point.name for point in robot.contact_points]
    turning = [j.name for j in robot.actuated_joints if j.type == "revolute"]
    taken: set[str] = set()
    for side in ("left", "right"):
        leg = getattr(gait.legs, side)
        for key in ("hip", "knee", "ankle"):
            name, place = getattr(leg, key), ("gait", "legs", side, key)
            if name not in turning:
                text = f"no actuated revolute joint is called {name!r}"
                yield refuse(text, "sentence", place, tail=hint(name, turning))
            yield from _take(name, taken, place)
        for index, name in enumerate(leg.foot):
            foot = ("gait", "legs", side, "foot", index)
            if name not in points:
                text = f"no contact point is called {name!r}"
                yield refuse(text, "sentence", foot, tail=hint(name, points))
            yield from _take(name, taken, foot)


def _take(name: str, taken: set[str], at: Location) -> Refusals:
    if name in taken:
        yield refuse(f"{name!r} already plays another part in the gait", "sentence", at)
    taken.add(name)
