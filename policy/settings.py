"""Settings of one run of a method, wherever they come from: arguments, config.yaml or a comparison."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from vgps.codegen.description.robot import Robot
from vgps.codegen.errors import hint

if TYPE_CHECKING:
    from vgps.policy.methods import Method

_SAMPLES = (
    10  # rollouts of the policy in one iteration, by methods that sample it (paper, section 6)
)


def _samples(method: str) -> bool:
    """Whether a method runs its policy to learn."""
    return _methods()[method].samples


def _methods() -> "Mapping[str, Method]":
    # They bring Numba, for which a command line that only wants to know the defaults should not wait.
    from vgps.policy.methods import METHODS

    return METHODS


def _at_least(least: int) -> AfterValidator:
    def check(value: int) -> int:
        if value < least:
            text = "must be at least {least}, found {found}"
            raise PydanticCustomError("too_small", text, {"least": least, "found": value})
        return value

    return AfterValidator(check)


Count = Annotated[int, _at_least(1)]


class RunSettings(BaseModel):
    """What a run is asked to do beyond what the robot's file says.  The defaults stand here alone.

    method      a name of `policy.methods.METHODS`
    hidden      number of hidden units
    seed        of everything random
    iterations  outer iterations; None: as the robot's file says
    optimizer   what fits the policy to the trajectory distribution
    bound       integral over actions in closed form, or sampled (paper, eq. 3)
    samples     rollouts of the policy in each iteration, for methods that sample it; None: 10

    Raises:
        pydantic.ValidationError: a ValueError, with one sentence for each setting that cannot be.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str = "vgps"
    hidden: Count = 5
    seed: Annotated[int, _at_least(0)] = 0
    iterations: Count | None = None
    optimizer: Literal["lbfgs", "sgd"] = "lbfgs"
    bound: Literal["closed", "sampled"] = "closed"
    samples: Count | None = None

    @field_validator("method")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in _methods():
            text = "no method '{name}'{hint}"
            raise PydanticCustomError(
                "unknown", text, {"name": name, "hint": hint(name, _methods())}
            )
        return name

    @field_validator("samples")
    @classmethod
    def _of_a_method_that_samples(cls, samples: int | None, info: ValidationInfo) -> int | None:
        method = info.data.get("method")
        if samples is not None and method is not None and not _samples(method):
            text = "{method} does not run its policy to learn: leave it out"
            raise PydanticCustomError("no_samples", text, {"method": method})
        return samples

    def replaced(self, **changes: Any) -> Self:
        """These settings with others in their place, validated again."""
        return type(self).model_validate(self.model_dump() | changes)

    def resolved(self, robot: Robot) -> Self:
        """These settings with nothing left to the robot's file or to the method."""
        samples = self.samples or (_SAMPLES if _samples(self.method) else None)
        return self.replaced(
            iterations=self.iterations or robot.training.iterations, samples=samples
        )
