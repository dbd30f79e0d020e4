"""Rules that span several parts of a robot: names, the tree, coordinates, names in expressions.

Every function takes the robot under validation and raises the refusal of the first rule that it
breaks.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from vgps.codegen.description.blueprint import Blueprint
from vgps.codegen.description.expression import Expression, ExpressionError, parse, split_aggregates
from vgps.codegen.description.fields import Location, refuse
from vgps.codegen.description.grammar import COST_CALLS, NUMERIC_CALLS, SUCCESS_CALLS
from vgps.codegen.description.task import Deviation, Initial
from vgps.codegen.errors import hint

FLOATING = ("x", "y", "angle")
LINK_QUANTITIES = ("x", "y", "angle", "vx", "vy", "omega")
POINT_QUANTITIES = ("x", "y", "vx", "vy")


def check_names(robot: Blueprint) -> None:
    """Links, joints, points and parameters share one namespace, in which a name occurs once."""
    taken = {name: "a parameter" for name in robot.parameters}
    for kind, one in (("links", "a link"), ("joints", "a joint"), ("points", "a point")):
        for index, part in enumerate(getattr(robot, kind)):
            at: Location = (kind, index, "name")
            if part.name in taken:
                raise refuse(
                    f"the name {part.name!r} is already taken by {taken[part.name]}", "sentence", at
                )
            if kind == "joints" and robot.base == "floating" and part.name in FLOATING:
                text = (
                    f"a joint must not be called {part.name!r}, a coordinate of the floating root"
                )
                raise refuse(text, "sentence", at)
            taken[part.name] = one


def check_tree(robot: Blueprint) -> None:
    """Joints name links that exist, and connect all of them into one tree on the base."""
    links = [link.name for link in robot.links]
    if not links:
        raise refuse("a robot needs at least one link", "sentence", ("links",))
    parents: dict[str, int] = {}  # link -> index of the joint whose child it is
    for index, joint in enumerate(robot.joints):
        for key, name in (("parent", joint.parent), ("child", joint.child)):
            at = ("joints", index, key)
            if name == "world" and key == "child":
                raise refuse("the world cannot be the child of a joint", "sentence", at)
            if name == "world" and robot.base == "floating":
                raise refuse(
                    "only a robot with 'base: fixed' has joints to the world", "sentence", at
                )
            if name != "world" and name not in links:
                allowed = links + (["world"] if key == "parent" and robot.base == "fixed" else [])
                raise refuse(f"unknown link {name!r}", "sentence", at, tail=hint(name, allowed))
        if joint.child in parents:
            other = robot.joints[parents[joint.child]].name
            raise refuse(
                f"link {joint.child!r} is already the child of joint {other!r}",
                "sentence",
                ("joints", index, "child"),
            )
        parents[joint.child] = index
    for index, point in enumerate(robot.points):
        if point.link not in links:
            at = ("points", index, "link")
            raise refuse(
                f"unknown link {point.link!r}", "sentence", at, tail=hint(point.link, links)
            )
    _check_no_cycle(robot, parents)
    _check_connected(robot, parents)
    if not robot.q_names:
        raise refuse("a robot needs at least one joint that is not fixed", "sentence", ("joints",))
    if not robot.u_names:
        raise refuse("a robot needs at least one actuated joint", "sentence", ("joints",))


def _check_no_cycle(robot: Blueprint, parents: dict[str, int]) -> None:
    for index, joint in enumerate(robot.joints):
        path, link = [joint.child], joint.parent
        while link in parents and link not in path:
            path.append(link)
            link = robot.joints[parents[link]].parent
        if link == joint.child:
            round_trip = " -> ".join([link, *reversed(path)])
            raise refuse(
                f"the joints form a cycle: {round_trip}", "sentence", ("joints", index, "parent")
            )


def _check_connected(robot: Blueprint, parents: dict[str, int]) -> None:
    loose = [
        (index, link.name) for index, link in enumerate(robot.links) if link.name not in parents
    ]
    if robot.base == "fixed" and loose:
        index, name = loose[0]
        text = f"link {name!r} is not connected: on a fixed base every link is the child of a joint"
        raise refuse(text, "sentence", ("links", index))
    if robot.base == "floating" and len(loose) > 1:
        (_, root), (index, name) = loose[:2]
        text = f"link {name!r} is not connected: like {root!r} it is no joint's child"
        raise refuse(text, "sentence", ("links", index))


def check_coordinates(robot: Blueprint) -> None:
    """Everything that is given for single coordinates names coordinates that exist."""
    task, names = robot.task, robot.q_names
    given: list[tuple[Location, Initial | Deviation]] = [
        (("task", "initial"), task.initial),
        (("task", "initial", "spread"), task.initial.spread),
        (("task", "process_noise"), task.process_noise),
    ]
    if robot.training.marginals is not None:
        given.append((("training", "marginals"), robot.training.marginals))
    for at, part in given:
        for key in ("q", "v", "force"):
            by_name = getattr(part, key, None)
            for name in by_name if isinstance(by_name, dict) else ():
                _check_coordinate(name, names, (*at, key, name), "key")
    if task.observe is None:
        return
    if not task.observe.q and not task.observe.v:
        raise refuse("the policy must observe something", "sentence", ("task", "observe"))
    for key in ("q", "v"):
        listed = getattr(task.observe, key)
        for index, name in enumerate(listed):
            place = ("task", "observe", key, index)
            _check_coordinate(name, names, place, "sentence")
            if name in listed[:index]:
                raise refuse(f"the coordinate {name!r} is listed twice", "sentence", place)


def _check_coordinate(name: str, names: tuple[str, ...], at: Location, kind: str) -> None:
    if name not in names:
        raise refuse(f"unknown coordinate {name!r}", kind, at, tail=hint(name, names))


def quantities(robot: Blueprint) -> set[str]:
    """The time-varying names that expressions may use: 'com.vx', 'hip.q', the vector 'u'."""
    names = {"u"}
    for owner in [
        "com",
        *(point.name for point in robot.points),
        *(joint.name for joint in robot.joints),
    ]:
        names |= {f"{owner}.{part}" for part in POINT_QUANTITIES}
    names |= {f"{link.name}.{part}" for link in robot.links for part in LINK_QUANTITIES}
    names |= {f"{joint.name}.{part}" for joint in robot.free_joints for part in ("q", "v")}
    return names | {f"{joint.name}.u" for joint in robot.actuated_joints}


def check_expressions(robot: Blueprint) -> None:
    """The cost is a number, the success a condition; both name only quantities that exist."""
    varying, constant = quantities(robot), set(robot.parameters)
    with _refusing("task", "cost"):
        cost = parse(robot.task.cost)
        cost.check(varying | constant, COST_CALLS)
        _check_number(cost)
    with _refusing("task", "success"):
        success = parse(robot.task.success)
        success.check(varying | constant, SUCCESS_CALLS)
        if not success.is_condition:
            raise ExpressionError("must be a condition, such as mean(com.vx) > 1", 0)
        outer, terms = split_aggregates(success)
        for _, inner in terms:
            inner.check(varying | constant, COST_CALLS)
            _check_number(inner)
        for name, column in outer.places:
            if name in varying:
                raise ExpressionError(
                    f"{name!r} varies over time and must stand inside mean, min, max or final",
                    column,
                )


def check_contact(robot: Blueprint) -> None:
    """Ground and contact points come together, with the integrator that can handle them."""
    touching = [i for i, point in enumerate(robot.points) if point.contact]
    if robot.ground is None:
        if touching:
            at = ("points", touching[0], "contact")
            raise refuse("a contact point needs the key 'ground' of the robot", "sentence", at)
        return
    if not touching:
        text = "the ground needs a point with 'contact: true'"
        raise refuse(text, "sentence", ("ground",))
    if robot.task.integrator != "implicit":
        raise refuse("contact needs 'integrator: implicit'", "sentence", ("task",))
    with _refusing("ground", "height"):
        height = parse(robot.ground.height)
        height.check({"x"} | set(robot.parameters), NUMERIC_CALLS)
        _check_number(height)


def check_training(robot: Blueprint) -> None:
    """The policy learns from at least one step."""
    if robot.training.tail >= robot.task.horizon:
        text = f"must be less than the horizon of {robot.task.horizon} steps"
        raise refuse(text, at=("training", "tail"))


def check_gait(robot: Blueprint) -> None:
    """The walking controller names links, actuated joints and points that exist."""
    gait = robot.gait
    if gait is None:
        if robot.task.start.gait:
            raise refuse("there is no 'gait' to start from", "sentence", ("task", "start", "gait"))
        return
    if robot.task.start.gait and robot.task.start.noise > 0:
        text = "a start is either 'gait' or 'noise', not both"
        raise refuse(text, "sentence", ("task", "start", "noise"))
    if robot.ground is None:
        raise refuse("a gait needs the key 'ground' of the robot", "sentence", ("gait",))
    links = [link.name for link in robot.links]
    if gait.torso not in links:
        at = ("gait", "torso")
        raise refuse(f"unknown link {gait.torso!r}", "sentence", at, tail=hint(gait.torso, links))
    points = [point.name for point in robot.contact_points]
    turning = [j.name for j in robot.actuated_joints if j.type == "revolute"]
    taken: set[str] = set()
    for side in ("left", "right"):
        leg = getattr(gait.legs, side)
        for key in ("hip", "knee", "ankle"):
            name, place = getattr(leg, key), ("gait", "legs", side, key)
            if name not in turning:
                text = f"no actuated revolute joint is called {name!r}"
                raise refuse(text, "sentence", place, tail=hint(name, turning))
            _take(name, taken, place)
        for index, name in enumerate(leg.foot):
            foot = ("gait", "legs", side, "foot", index)
            if name not in points:
                text = f"no contact point is called {name!r}"
                raise refuse(text, "sentence", foot, tail=hint(name, points))
            _take(name, taken, foot)


def _take(name: str, taken: set[str], at: Location) -> None:
    if name in taken:
        raise refuse(f"{name!r} already plays another part in the gait", "sentence", at)
    taken.add(name)


def _check_number(expression: Expression) -> None:
    if expression.is_condition:
        raise ExpressionError("must be a number, not a condition", expression.column)
    if expression.is_vector({"u"}):
        text = "must be a number, but 'u' is a vector; use sum(u**2) or one joint's .u"
        raise ExpressionError(text, expression.column)


@contextmanager
def _refusing(*at: str) -> Iterator[None]:
    try:
        yield
    except ExpressionError as error:
        raise refuse(f"cannot be used: {error}", at=at, offset=error.column) from None
