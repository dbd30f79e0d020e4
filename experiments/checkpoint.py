"""What a run goes on from, to the same bits: checkpoint.npz, finish.npz and policy.npz."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from vgps.codegen.archive import (
    ArrayFileError,
    Arrays,
    Schema,
    numbers,
    read_arrays,
    text,
    whole,
)
from vgps.codegen.description.robot import Robot
from vgps.experiments.run_folder import RunFolder
from vgps.experiments.schema import first_refusal
from vgps.experiments.selection import Best
from vgps.policy.finish import FinishState
from vgps.policy.gaussian import Policy
from vgps.policy.plugins import method_of
from vgps.policy.settings import RunSettings
from vgps.policy.state import SearchState
from vgps.policy.store import (
    FINISH,
    finish_from_arrays,
    policy_to_arrays,
    require_state,
    state_from_arrays,
    state_schema,
    state_sizes,
    state_to_arrays,
)

_BEST: Schema = {
    "best_k": whole(least=1, below="after_last", optional=True),
    "best_theta": numbers("n_theta", optional=True),
    "best_success": numbers(optional=True),
    "best_cost": numbers(optional=True),
}


class Checkpoint(NamedTuple):
    """After an iteration."""

    state: SearchState
    best: Best | None  # None in checkpoints of early versions
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


class FinishCheckpoint(NamedTuple):
    """After a round of the finish."""

    state: FinishState
    random: dict[str, Any]


def store_policy(folder: RunFolder, robot: Robot, policy: Policy, row: int) -> None:
    """Write policy.npz, what the run has come to by this row of metrics.csv, counted from 1."""
    folder.write_arrays(
        "policy.npz", robot, policy_to_arrays(policy) | {"iteration": np.array(row)}
    )


def store_checkpoint(folder: RunFolder, robot: Robot, checkpoint: Checkpoint) -> None:
    """Write checkpoint.npz."""
    state, best, random = checkpoint
    chosen = {} if best is None else best._asdict()
    arrays = {f"best_{name}": np.asarray(value) for name, value in chosen.items()}
    arrays["random"] = np.array(json.dumps(random))
    folder.write_arrays("checkpoint.npz", robot, state_to_arrays(state) | arrays)


def store_finish(
    folder: RunFolder, robot: Robot, state: FinishState, rng: np.random.Generator, k: int
) -> None:
    """Write finish.npz, of the finish that follows k iterations of the search."""
    arrays = {name: np.asarray(value) for name, value in state._asdict().items()}
    arrays |= {"k": np.array(k), "random": np.array(json.dumps(rng.bit_generator.state))}
    folder.write_arrays("finish.npz", robot, arrays)


def read_checkpoint(folder: RunFolder, settings: RunSettings, robot: Robot) -> Checkpoint | None:
    """The last checkpoint, None before the first.

    Raises:
        ArrayFileError: when the file is damaged, or not of a run of this robot and these settings.
    """
    path = folder.file("checkpoint.npz")
    if not path.exists():
        return None
    memory = method_of(settings.method).memory
    schema = state_schema(memory) | _BEST | {"random": text()}
    sizes = state_sizes(robot, settings)
    arrays = read_arrays(path, f"a checkpoint of {settings.method}", schema, sizes, robot)
    with _refusing(path):
        state = state_from_arrays(arrays, memory)
        require_state(state, robot, settings, memory)
        random = _Generator.model_validate_json(str(arrays["random"])).model_dump()
    return Checkpoint(state, _best(arrays), random)


def _best(arrays: Arrays) -> Best | None:
    if any(name not in arrays for name in _BEST):
        return None
    k, theta, success, cost = (arrays[name] for name in _BEST)
    return Best(int(k), theta, float(success), float(cost))


def read_finish(
    folder: RunFolder, settings: RunSettings, robot: Robot, k: int
) -> FinishCheckpoint | None:
    """The last checkpoint of the finish that follows k iterations, None before the first.

    Raises:
        ArrayFileError: when the file is damaged, or not of a run of this robot and these settings.
    """
    path = folder.file("finish.npz")
    if not path.exists():
        return None
    schema = FINISH | {"k": whole(least=1), "random": text()}
    arrays = read_arrays(path, "a finish", schema, state_sizes(robot, settings), robot)
    with _refusing(path):
        state = finish_from_arrays(arrays)
        random = _Generator.model_validate_json(str(arrays["random"])).model_dump()
    return FinishCheckpoint(state, random) if int(arrays["k"]) == k else None


def rounds_of_finish(folder: RunFolder, settings: RunSettings, robot: Robot, k: int) -> int:
    """How many rounds a folder holds of the finish that follows k iterations."""
    if settings.finish != "average-cost" or k < settings.last_iteration(robot):
        return 0
    stored = read_finish(folder, settings, robot, k)
    return 0 if stored is None else stored.state.rounds


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """Name the file in what is raised."""
    try:
        yield
    except ValidationError as error:
        raise ArrayFileError(
            f"{path}: the state of the random generator: {first_refusal(error)[1]}"
        ) from None
    except ValueError as error:
        raise ArrayFileError(f"{path}: {error}") from None
