"""What a robot is asked to do, from which states, under which noise, and what it observes."""

from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    TypeAdapter,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from vgps.codegen.description.expression import parse, split_aggregates
from vgps.codegen.description.fields import (
    LARGEST,
    ConditionText,
    Coordinates,
    ExpressionText,
    Location,
    NonNegative,
    Part,
    PerCoordinate,
    Positive,
    Text,
    Truth,
    at_least_one,
    at_most,
    refuse,
    whole,
)
from vgps.codegen.description.keyframe import Keyframe, Keyframes
from vgps.codegen.errors import found

MOST_INITIAL_STATES = 100
MOST_OBSERVED = 200


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise refuse(f"must be a list of coordinates, found {found(value)}")
    return tuple(value)


Names = Annotated[tuple[Text, ...], BeforeValidator(_names)]


class Deviation(Part):
    """Standard deviations of coordinates and their rates, but not of targets.

    One number holds for all but what lags; of a mapping, what is not named has none.

    q   rad or m
    v   rad/s or m/s; what lags goes by its name among these, as in jet.force, N or N·m
    """

    q: PerCoordinate = 0.0
    v: PerCoordinate = 0.0


class ProcessNoise(Deviation):
    """What disturbs the motion at random, anew in each rollout.

    q          rad or m that each step adds to a position, independently of other steps
    v          rad/s or m/s that each step adds to a velocity, likewise
    force      N along a coordinate in metres, N·m along one in radians: of a floating root the
               force on its link and the moment about its origin, of a joint what acts between its
               links.  It changes the velocity by M^-1 force dt before the next step
    bandwidth  Hz: a force is white noise behind a low-pass filter of first order, f' = 2 pi
               bandwidth (white - f), with the standard deviation above.  Without one each step's
               force is independent of the last
    """

    force: PerCoordinate = 0.0
    bandwidth: Positive | None = None


class Push(Part):
    """Pushes at random instants, part of what disturbs a rollout.

    point    what is pushed: a joint, a link's start or end, a point of the file, or com
    impulse  N·s: each push is drawn evenly between minus and plus this, along the world's x
    every    s, mean time from one to the next; they come independently of each other
    """

    point: Text
    impulse: Positive
    every: Positive


class Initial(Part):
    """A state at step 0: coordinates that are not named are zero, those of a target its `at`.

    q       rad or m; goal.x and goal.y are the coordinates of a target goal, jet.last_u is what
            the action jet.u changes from in the first step
    v       rad/s or m/s, and what lags by its name, as in jet.force, N or N·m
    spread  how far rollouts start from it
    """

    q: Coordinates = Field(default_factory=dict)
    v: Coordinates = Field(default_factory=dict)
    spread: Deviation = Deviation()


_Initials = Annotated[
    tuple[Initial, ...],
    at_most(MOST_INITIAL_STATES, ": each gets a trajectory of its own"),
    at_least_one("must be a mapping, or a list of at least one"),
]
_INITIALS = TypeAdapter(_Initials)


def _one_or_several(
    value: Any, _: ValidatorFunctionWrapHandler, info: ValidationInfo
) -> Initial | tuple[Initial, ...]:
    # The validator of a union would put the name of a branch into the place of each mistake.
    if isinstance(value, dict | Initial):
        return Initial.model_validate(value, context=info.context)
    return _INITIALS.validate_python(value, context=info.context)


class Observe(Part):
    """Coordinates that the policy sees, in this order: positions, then velocities.

    q  names of the coordinates whose positions it sees, and of last actions, as in jet.last_u
    v  names of the coordinates whose velocities it sees, and of what lags, as in jet.force
    """

    q: Names
    v: Names


_Expressions = Annotated[
    tuple[ExpressionText, ...],
    at_most(MOST_OBSERVED),
    at_least_one("must be a mapping with q and v, or a list of at least one expression"),
]
_EXPRESSIONS = TypeAdapter(_Expressions)


def _coordinates_or_expressions(
    value: Any, _: ValidatorFunctionWrapHandler, info: ValidationInfo
) -> Observe | tuple[str, ...]:
    if isinstance(value, dict | Observe):
        return Observe.model_validate(value, context=info.context)
    return _EXPRESSIONS.validate_python(value, context=info.context)


class Start(Part):
    """Where the optimiser starts: one of these.

    Without a start, all but demo and through are tried.

    noise     standard deviation of random actions, N·m or N, or the unit of an actuator
    hold      actions of a feedback on the initial posture
    balance   actions of a linear-quadratic feedback on the equilibrium next to it
    receding  actions of model-predictive control
    gait      actions of the robot's walking controller
    demo      a recording: an .npz or .csv such as `--demo` reads, by its path from the folder
              of this file
    through   actions that carry the robot through postures at given times, or near them
    """

    noise: NonNegative | None = None
    hold: Truth = False
    balance: Truth = False
    receding: Truth = False
    gait: Truth = False
    demo: Text | None = None
    through: Keyframes | None = None

    @model_validator(mode="after")
    def _one(self) -> "Start":
        if len(self._chosen) != 1:
            given = " and ".join(self._chosen) or "none"
            raise refuse(f"must be one of {', '.join(type(self).model_fields)}, found {given}")
        return self

    @property
    def _chosen(self) -> list[str]:
        return [name for name, value in self if value is not None and value is not False]

    @property
    def kind(self) -> str:
        """Which of them it is."""
        return self._chosen[0]


class Task(Part):
    """The task of a robot.

    dt             s, length of a step, over which the action is constant
    horizon        number of steps T
    substeps       integration steps in a step
    integrator     "rk4": Runge-Kutta of fourth order; "implicit": first order, with damping, drag
                   and contact implicit in the velocity, which contact needs
    cost           expression, the cost of a step; t in it is the time at which the step begins, s,
                   and du, or jet.du of one action, its change from the step before, in the first
                   step from 0 or from what `initial` says
    final_cost     expression, the cost of the state after the last step of a rollout, added to the
                   cost of that step; of quantities of the state, and t is the time then
    success        condition over a rollout, of mean, min, max and final of quantities; mean(hand.y,
                   last=1.0) is over the last second, and so may min and max be
    initial        where rollouts begin, each at one state of a list in turn.  A policy is learned
                   from a trajectory of each (Levine & Koltun 2013, section 8)
    process_noise  standard deviations of what disturbs the motion, in every rollout
    disturbances   pushes, in every rollout under process noise
    observe        what the policy sees: coordinates, or a list of expressions of quantities of the
                   state and the time t, s, such as [sin(hinge.q), hinge.v, hand.x - com.x]; one
                   with a comma needs quotes in such a list.  Absent: every position, those of
                   targets included, and velocity, but the x of a floating root only where a cost
                   names an x, and no last action
    start          where the optimiser starts
    """

    dt: Positive
    horizon: Annotated[int, whole(2, LARGEST)]
    substeps: Annotated[int, whole(1, LARGEST)] = 1
    integrator: Literal["rk4", "implicit"] = "rk4"
    cost: ExpressionText
    final_cost: ExpressionText | None = None
    success: ConditionText
    initial: Annotated[Initial | _Initials, WrapValidator(_one_or_several)] = Initial()
    process_noise: ProcessNoise = ProcessNoise()
    disturbances: tuple[Push, ...] = ()
    observe: (
        Annotated[Observe | _Expressions, WrapValidator(_coordinates_or_expressions)] | None
    ) = None
    start: Start | None = None

    @property
    def initials(self) -> dict[Location, Initial]:
        """Every initial state, by its place in the file."""
        if isinstance(self.initial, Initial):
            return {("task", "initial"): self.initial}
        return {("task", "initial", s): initial for s, initial in enumerate(self.initial)}

    @property
    def initial_names(self) -> tuple[str, ...]:
        """What sentences call them: "the initial state", or such as "task.initial[0]"."""
        return tuple(
            f"task.initial[{place[2]}]" if len(place) == 3 else "the initial state"
            for place in self.initials
        )

    def of_initial(self, s: int) -> str:
        """For sentences, the initial state that they are about; nothing where there is only one."""
        return f" from {self.initial_names[s]}" if len(self.initial_names) > 1 else ""

    @property
    def keyframes(self) -> tuple[Keyframe, ...]:
        """What the start of the optimiser goes through."""
        return () if self.start is None or self.start.through is None else self.start.through

    @property
    def ends(self) -> bool:
        """Whether the task ends with its horizon.

        Success asks where a rollout is at its end, the cost depends on when it ends, or what the
        policy does there depends on the time.
        """
        _, terms = split_aggregates(parse(self.success))
        asks_for_the_end = any(term.aggregate == "final" for term in terms)
        is_timed = "t" in parse(self.cost).names or self.observes_time
        return asks_for_the_end or self.final_cost is not None or is_timed

    @property
    def named(self) -> set[str]:
        """Everything that expressions, initial states and a choice of coordinates name."""
        texts = self.cost, self.final_cost or "0", self.success, *self.expressions
        names = set().union(*(parse(text).names for text in texts))
        names.update(*(initial.q for initial in self.initials.values()))
        return names | set(self.observe.q if isinstance(self.observe, Observe) else ())

    @property
    def aggregated(self) -> tuple[str, ...]:
        """The quantities that the success takes a mean, minimum, maximum or final value of."""
        _, terms = split_aggregates(parse(self.success))
        return tuple(term.inner.written for term in terms)

    @property
    def expressions(self) -> tuple[str, ...]:
        """What the policy sees, where the file says so by expressions."""
        return self.observe if isinstance(self.observe, tuple) else ()

    @property
    def observes_time(self) -> bool:
        """Whether what the policy sees depends on the time."""
        return any("t" in parse(text).names for text in self.expressions)

    @property
    def depends_on_x(self) -> bool:
        """Whether it matters to a cost where along x the robot is."""
        names = parse(self.cost).names | parse(self.final_cost or "0").names
        return any(name.endswith(".x") for name in names)

    @property
    def is_timed(self) -> bool:
        """Whether cost or success names t, so that their functions need the time as well."""
        texts = self.cost, self.final_cost or "0", self.success
        return any("t" in parse(text).names for text in texts)


class Training(Part):
    """How the policy of this robot is learned; what the file leaves out is fit for most robots.

    iterations   outer iterations of a method
    alpha_start  weight of the cost in the first iteration
    alpha_end    weight of the cost after `anneal` iterations, which it goes to exponentially; the
                 paper's is 0.1, which leaves more noise in the policy and a higher cost
    anneal       outer iterations
    samples      states drawn at each time step to fit the policy
    pairs        opposite pairs of states over which the policy term of the cost is averaged
    tail         steps before the horizon's end from which the policy does not learn: what follows
                 the end costs an optimal trajectory nothing, so a walker lets itself fall there;
                 absent: a fifth of the horizon, or 0 where there is a final cost
    marginals    Sigma_f as standard deviations: what each step adds to the state marginals of q,
                 the process noise when absent.  The states that a policy learns from are drawn from
                 them, so that their spread decides how much of the feedback it learns
    """

    iterations: Annotated[int, whole(1)] = 50
    alpha_start: Positive = 1.0
    alpha_end: Positive = 1.0
    anneal: Annotated[int, whole(1)] = 50
    samples: Annotated[int, whole(1)] = 10
    pairs: Annotated[int, whole(0)] = 5
    tail: Annotated[int, whole(0)] | None = None
    marginals: Deviation | None = None
