"""checkpoint.npz and policy.npz of a run folder: from where a run goes on, to the same bits."""

import json
from typing import Any, Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from vgps.codegen.description.robot import Robot
from vgps.experiments.run_folder import RunFolder
from vgps.experiments.schema import first_refusal
from vgps.policy.archive import ArrayFileError, read_arrays, text
from vgps.policy.methods import METHODS
from vgps.policy.settings import RunSettings
from vgps.policy.state import SearchState
from vgps.policy.store import (
    policy_to_arrays,
    require_state,
    state_from_arrays,
    state_schema,
    state_sizes,
    state_to_arrays,
)


class Checkpoint(NamedTuple):
    """After an iteration."""

    state: SearchState
    random: dict[str, Any]  # state of the bit generator


class _Numbers(BaseModel):
    """A position in a stream of PCG64, and which stream."""

    model_config = ConfigDict(extra="forbid", strict=True)

    state: int
    inc: int

    @field_validator("state", "inc")
    @classmethod
    def _of_128_bits(cls, value: int) -> int:
        if not 0 <= value < 2**128:
            raise PydanticCustomError("bits", "must be a whole number of 128 bits")
        return value

    @field_validator("inc")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise PydanticCustomError("odd", "must be odd")
        return value


class _Generator(BaseModel):
    """What NumPy says of the state of its default generator."""

    model_config = ConfigDict(extra="forbid", strict=True)

    bit_generator: Literal["PCG64"]
    state: _Numbers
    has_uint32: Literal[0, 1]
    uinteger: int

    @field_validator("uinteger")
    @classmethod
    def _of_32_bits(cls, value: int) -> int:
        if not 0 <= value < 2**32:
            raise PydanticCustomError("bits", "must be a whole number of 32 bits")
        return value


def store_policy(folder: RunFolder, robot: Robot, state: SearchState) -> None:
    """Write policy.npz."""
    iteration = {"iteration": np.array(state.k)}
    folder.write_arrays("policy.npz", robot, policy_to_arrays(state.policy) | iteration)


def store_checkpoint(
    folder: RunFolder, robot: Robot, state: SearchState, rng: np.random.Generator
) -> None:
    """Write checkpoint.npz."""
    random = {"random": np.array(json.dumps(rng.bit_generator.state))}
    folder.write_arrays("checkpoint.npz", robot, state_to_arrays(state) | random)


def read_checkpoint(folder: RunFolder, settings: RunSettings, robot: Robot) -> Checkpoint | None:
    """The last checkpoint, None before the first.

    Raises:
        ArrayFileError: when the file is damaged, or not of a run of this robot and these settings.
    """
    path = folder.file("checkpoint.npz")
    if not path.exists():
        return None
    memory = METHODS[settings.method].memory
    schema = state_schema(memory) | {"random": text()}
    sizes = state_sizes(robot, settings)
    arrays = read_arrays(path, f"a checkpoint of {settings.method}", schema, sizes, robot)
    try:
        state = state_from_arrays(arrays, memory)
        require_state(state, robot, settings, memory)
        random = _Generator.model_validate_json(str(arrays["random"])).model_dump()
    except ValidationError as error:
        raise ArrayFileError(
            f"{path}: the state of the random generator: {first_refusal(error)[1]}"
        ) from None
    except ValueError as error:
        raise ArrayFileError(f"{path}: {error}") from None
    return Checkpoint(state, random)
