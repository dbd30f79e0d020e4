"""Settings of one run of a method, from arguments, config.yaml or a comparison alike."""

from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from vgps.codegen.description.robot import Robot
from vgps.codegen.errors import InputError, hint
from vgps.policy.choices import Bound, Finish, Optimizer, Oracle

if TYPE_CHECKING:
    from vgps.policy.methods import Method

_SAMPLES = 10  # the paper's, section 6


class MethodError(InputError, ValueError):
    """A task that the method cannot learn, in one sentence."""


def _method_of(name: str) -> "Method":
    # They bring Numba, for which a command line that only asks for the defaults should not wait.
    from vgps.policy.plugins import method_of

    return method_of(name)


def is_sampling(method: str) -> bool:
    """Whether the method of this name runs its policy to learn.  KeyError for an unknown one."""
    return _method_of(method).samples


def own_oracle(method: str) -> Oracle | None:
    """How the method's DDP oracle acts by itself; None for one without an oracle, or KeyError."""
    return _method_of(method).oracle


def _at_least(least: int) -> AfterValidator:
    def check(value: int | None) -> int | None:
        if value is not None and value < least:
            text = "must be at least {least}, found {found}"
            raise PydanticCustomError("too_small", text, {"least": least, "found": value})
        return value

    return AfterValidator(check)


class RunSettings(BaseModel):
    """What a run is asked to do beyond what the robot's file says.  The defaults stand here alone.

    Raises:
        pydantic.ValidationError: a ValueError, with one sentence for each setting that cannot be.
        PluginError: when the method is one of another package and cannot be used.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str = Field(
        "vgps",
        description="how the policy is searched: vgps, gps, adapted-gps, dagger, weighted-dagger, "
        "adapted-dagger, cost-weighted, or a method of another package",
    )
    hidden: Annotated[int, _at_least(1)] = Field(5, description="number of hidden units")
    seed: Annotated[int, _at_least(0)] = Field(0, description="seed of everything random")
    iterations: Annotated[int | None, _at_least(1)] = Field(
        None, description="outer iterations; as the robot's file says when absent"
    )
    optimizer: Optimizer = Field(
        "lbfgs", description="what fits the policy to the trajectory distribution"
    )
    bound: Bound = Field(
        "closed", description="integral over actions in closed form, or sampled as in equation 3"
    )
    samples: Annotated[int | None, _at_least(1)] = Field(
        None,
        description="rollouts of the policy in each iteration, for methods that sample it; "
        f"{_SAMPLES} when absent",
    )

    oracle: Oracle | None = Field(
        None,
        description="what dataset aggregation imitates: the mean actions of the DDP controller, or "
        "its noise as well; noisy for adapted-dagger when absent, otherwise mean",
    )

    finish: Finish | None = Field(
        None,
        description="last stage, which makes the policy bear its noise and the task's for as long "
        "as one likes; average-cost for vgps when absent, otherwise none",
    )

    @field_validator("method")
    @classmethod
    def _known(cls, name: str) -> str:
        from vgps.policy.plugins import method_names

        try:
            _method_of(name)
        except KeyError:
            text = "must be the name of a method, found '{name}'{hint}"
            context = {"name": name, "hint": hint(name, method_names())}
            raise PydanticCustomError("unknown", text, context) from None
        return name

    @field_validator("samples")
    @classmethod
    def _of_a_method_that_samples(cls, samples: int | None, info: ValidationInfo) -> int | None:
        method = info.data.get("method")
        if samples is not None and method is not None and not is_sampling(method):
            text = "must be left out: {method} does not run its policy to learn"
            raise PydanticCustomError("no_samples", text, {"method": method})
        return samples

    @field_validator("oracle")
    @classmethod
    def _of_a_method_with_one(cls, oracle: Oracle | None, info: ValidationInfo) -> Oracle | None:
        method = info.data.get("method")
        if oracle is not None and method is not None and own_oracle(method) is None:
            text = "must be left out: {method} has no oracle"
            raise PydanticCustomError("no_oracle", text, {"method": method})
        return oracle

    def replaced(self, **changes: Any) -> Self:
        """These settings with others in their place, validated again."""
        return type(self).model_validate(self.model_dump() | changes)

    def resolved(self, robot: Robot) -> Self:
        """These settings with nothing left to the robot's file or to the method.

        Raises:
            MethodError: as `require_initial_states`.
        """
        self.require_initial_states(robot)
        return self.replaced(
            iterations=self.last_iteration(robot),
            samples=self.rollouts or None,
            oracle=self.oracle or own_oracle(self.method),
            finish=self.finish or ("average-cost" if self.method == "vgps" else "none"),
        )

    def require_initial_states(self, robot: Robot) -> None:
        """Refuse a task with more initial states than the method learns from.

        Raises:
            MethodError: names the method and how many there are.
        """
        count, place = len(robot.task.initials), robot.initial_place
        if count > 1 and not _method_of(self.method).several:
            raise MethodError(f"{self.method} learns from one initial state, {place} has {count}")
        if 0 < self.rollouts < count:
            raise MethodError(
                f"{self.method} with samples {self.rollouts} does not begin at all {count} initial "
                f"states of {place}: samples must be at least {count}"
            )

    def last_iteration(self, robot: Robot) -> int:
        """Number of outer iterations."""
        return self.iterations or robot.training.iterations

    @property
    def rollouts(self) -> int:
        """Number of rollouts of the policy in each iteration; 0 for methods that have none."""
        return self.samples or (_SAMPLES if is_sampling(self.method) else 0)
