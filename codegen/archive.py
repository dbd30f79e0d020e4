"""Named arrays in .npz files, read as what they are said to be or not at all.

A schema says for each name what kind of numbers it stands for and in which shape:

    {"W1": numbers("hidden", "n_in"), "b1": numbers("hidden"), "k": whole(least=1)}

A name in a shape stands for one size, the same wherever it occurs; the caller may say which.  What
there is of each initial state has a first axis of the size ``each``, which is left out where there
is a single one, as in files of versions that knew no more (``of_each``, ``split_each``).  Shape and
type are checked before there is memory for an array, and nothing is unpickled: a file may come
from anywhere.  Later code, some of which is compiled and checks nothing, relies on what is checked
here.
"""

import io
import math
import os
import stat
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO, Literal, NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import numpy as np
from numpy.lib import format as npy
from numpy.typing import ArrayLike, DTypeLike, NDArray

from vgps.codegen.description.identity import identity, named, same_mechanics
from vgps.codegen.description.robot import Robot
from vgps.codegen.errors import InputError

Arrays = dict[str, NDArray]
Shape = tuple[int | str, ...]

LARGEST = 256 * 2**20  # bytes to which a file is expanded, if it is not larger itself
_LONGEST = 60  # characters of a word of the file in a sentence
_LARGEST_WHOLE = 2**53  # of a whole number, which every double up to it can hold


class ArrayFileError(InputError, ValueError):
    """A file does not hold the arrays that it should.  One sentence with its path."""


class Entry(NamedTuple):
    """What an array must be."""

    kind: Literal["number", "real", "whole", "text"]
    shape: Shape | None  # None: any
    finite: bool = False
    least: int = 0  # of whole numbers
    below: str | None = None  # size that whole numbers are indices of
    each: str | None = None  # size of an axis before the shape, left out where it is 1
    optional: bool = False


Schema = dict[str, Entry]

_TYPES: dict[str, DTypeLike] = {"number": np.float64, "real": np.float64, "whole": np.int64}


def numbers(
    *shape: int | str, finite: bool = True, each: str | None = None, optional: bool = False
) -> Entry:
    """Doubles; as many arrays of them as ``each`` says."""
    return Entry("number", shape, finite, each=each, optional=optional)


def of_each(arrays: ArrayLike) -> NDArray:
    """One array of all these, as a schema's ``each`` has them in a file."""
    stacked = np.array(arrays)
    return stacked if len(stacked) > 1 else stacked[0]


def split_each(array: NDArray, entry: Entry) -> NDArray:
    """(S, ...), whether or not the array of a file has the axis of ``entry.each``."""
    own = len(entry.shape or ())
    return array.reshape(-1, *array.shape[array.ndim - own :])


def any_numbers(optional: bool = False) -> Entry:
    """Real numbers of any type and shape, which become doubles."""
    return Entry("real", None, optional=optional)


def whole(
    *shape: int | str, least: int = 0, below: str | None = None, optional: bool = False
) -> Entry:
    """Whole numbers of at least ``least``; indices of what there are ``below`` of."""
    return Entry("whole", shape, least=least, below=below, optional=optional)


def text(*shape: int | str, optional: bool = False) -> Entry:
    """Strings; a single one without a shape."""
    return Entry("text", shape, optional=optional)


def read_arrays(
    path: Path,
    what: str,
    schema: Schema,
    sizes: Mapping[str, int] = MappingProxyType({}),
    robot: Robot | None = None,
    others: bool = False,
    piped: bool = False,
) -> Arrays:
    """The arrays that ``schema`` names.

    Args:
        path: of an .npz file.
        what: it should be, such as "a policy".
        schema: the arrays.
        sizes: what names in shapes stand for, as far as they are known beforehand.
        robot: that they must have been made for, as far as the file says so itself.
        others: whether there may be more arrays, which are not read.
        piped: whether the file may be a pipe that somebody writes into.

    Raises:
        ArrayFileError: when the file is missing, damaged, of another kind or of another robot.
    """
    with opened(path, piped) as file:
        try:
            with ZipFile(file) as archive, warnings.catch_warnings():
                warnings.simplefilter("error")  # NumPy has some for headers that it did not write
                return _read(archive, what, schema, dict(sizes), robot, others)
        except Unfit as error:
            raise ArrayFileError(f"{path}: {error}") from None
        except Exception:
            # Damage surfaces as whatever zipfile, zlib, struct or NumPy's parser makes of it.
            raise ArrayFileError(f"{path}: is not an .npz file of numbers, or is damaged") from None


def require_arrays(
    arrays: Mapping[str, NDArray], schema: Schema, sizes: Mapping[str, int] = MappingProxyType({})
) -> None:
    """Refuse arrays in memory that are not as ``schema`` says.

    Raises:
        ValueError: for the first that is not.
    """
    known = dict(sizes)
    for name, entry in schema.items():
        if name in arrays:
            array = np.asarray(arrays[name])
            _check_type(name, entry, array.dtype, array.shape, known)
            _check_values(name, entry, array, known)
        elif not entry.optional:
            raise Unfit(f"{name} is missing")


class Unfit(ValueError):
    """Arrays are not as a schema says; without the name of the file."""


def opened(path: Path, piped: bool) -> IO[bytes]:
    """A file to read; a pipe only where ``piped`` says that somebody writes into it.

    Raises:
        ArrayFileError: when there is no such file.
    """
    try:
        mode = os.stat(path).st_mode
        if piped and stat.S_ISFIFO(mode):
            with path.open("rb") as pipe:  # in which a reader of archives could not jump about
                return io.BytesIO(pipe.read(LARGEST))
        # Opening a pipe would wait for someone to write into it.
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise OSError("it is not a regular file")
        return path.open("rb")
    except (OSError, ValueError) as error:  # ValueError: a path that no system has
        reason = getattr(error, "strerror", None) or error
        raise ArrayFileError(f"{path}: cannot be read: {reason}") from None


def _read(
    archive: ZipFile,
    what: str,
    schema: Schema,
    sizes: dict[str, int],
    robot: Robot | None,
    others: bool,
) -> Arrays:
    present = [name.removesuffix(".npy") for name in archive.namelist()]
    missing = [name for name in schema if name not in present and not schema[name].optional]
    if missing:
        lacks, holds = ", ".join(missing), ", ".join(map(_shown, present[:8])) or "nothing"
        raise Unfit(f"is not {what}: it lacks {lacks}, and holds {holds}")
    foreign = [name for name in present if name not in (*schema, "robot")]
    if foreign and not others:
        raise Unfit(f"is not {what}: it holds '{_shown(foreign[0])}'")
    if "robot" in present:
        made_for = str(_array(archive, "robot", text(), sizes))
        _require_robot(made_for, robot)
    return {
        name: _array(archive, name, entry, sizes)
        for name, entry in schema.items()
        if name in present
    }


def _require_robot(made_for: str, robot: Robot | None) -> None:
    if robot is None or same_mechanics(made_for, identity(robot)):
        return
    if named(made_for) == robot.name:
        now = robot.path or "it"
        raise Unfit(f"was made for '{robot.name}' with other mechanics than {now} has now")
    raise Unfit(f"was made for '{_shown(named(made_for))}', not for '{robot.name}'")


def _array(archive: ZipFile, name: str, entry: Entry, sizes: dict[str, int]) -> NDArray:
    info = archive.getinfo(f"{name}.npy")
    archive_size = archive.fp.seek(0, os.SEEK_END) if archive.fp else 0
    if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise Unfit(f"{name} is compressed in a way that NumPy does not write")
    if info.file_size > max(LARGEST, archive_size):
        raise Unfit(f"{name} would take {info.file_size / 2**20:.0f} MiB")
    with archive.open(info) as stream:
        version = npy.read_magic(stream)
        header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = header(stream)
        _check_type(name, entry, dtype, shape, sizes)
        size = math.prod(shape) * dtype.itemsize
        if min(shape, default=0) < 0 or stream.tell() + size != info.file_size:
            raise Unfit(f"{name} does not have as many numbers as its shape {shape} says")
        content = stream.read()  # to the end, where the checksum is compared
    array = np.ndarray(shape, dtype, content, order="F" if fortran else "C")
    _check_values(name, entry, array, sizes)
    return array.astype(_TYPES.get(entry.kind, dtype), order="C")


def _check_type(
    name: str, entry: Entry, dtype: np.dtype, shape: tuple[int, ...], sizes: dict[str, int]
) -> None:
    """The first occurrence of a name in a shape decides its size, which ``sizes`` then holds."""
    allowed, expected = {
        "number": (dtype.newbyteorder("=") == np.float64, "float64"),
        "real": (dtype.kind in "fiu", "real numbers"),
        "whole": (dtype.kind in "iu", "whole numbers"),
        "text": (dtype.kind == "U", "text"),
    }[entry.kind]
    if not allowed:
        raise Unfit(f"{name} must hold {expected}, found {_shown(str(dtype))}")
    if entry.shape is None:
        return
    wanted = entry.shape
    if entry.each is not None:
        count = sizes.setdefault(entry.each, shape[0] if len(shape) > len(wanted) else 1)
        wanted = wanted if count == 1 else (entry.each, *wanted)
    if len(shape) == len(wanted):
        for size, length in zip(wanted, shape, strict=True):
            if isinstance(size, str):
                sizes.setdefault(size, length)
    known = tuple(sizes.get(size, size) if isinstance(size, str) else size for size in wanted)
    if shape != known:
        expected = f"({', '.join(map(str, known))}{',' if len(known) == 1 else ''})"
        raise Unfit(f"{name} has shape {shape}, expected {expected}")


def _check_values(name: str, entry: Entry, array: NDArray, sizes: Mapping[str, int]) -> None:
    if not array.size:
        return
    if entry.finite and not np.isfinite(array).all():
        raise Unfit(f"{name} has entries that are not finite")
    if entry.kind == "whole":
        end = _LARGEST_WHOLE if entry.below is None else sizes.get(entry.below, _LARGEST_WHOLE)
        for value in (int(array.min()), int(array.max())):
            if not entry.least <= value < end:
                raise Unfit(f"{name} must lie between {entry.least} and {end - 1}, found {value}")


def _shown(word: str) -> str:
    """A word of the file as part of a sentence, whatever is in it."""
    plain = word if word.isprintable() else word.encode("unicode_escape").decode("ascii")
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}..."
