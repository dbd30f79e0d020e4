"""Ways in which a file can be other than it was written, drawn at random."""

import io
import struct
import zipfile
from pathlib import Path

import numpy as np

ARRAYS = ".npz"
INDICES = ("observed", "k", "iteration", "memory_best")


def damaged(path: Path, strangers: list[Path], rng: np.random.Generator) -> str:
    """Damage a file; what was done.

    Args:
        path: the file.
        strangers: files of other kinds or robots that may come to stand in its place.
        rng: draws the damage.
    """
    ways = [flipped, cut, emptied, removed, of_noise]
    if path.suffix == ARRAYS:
        ways += [reshaped, retyped, with_a_strange_number, without_a_name, with_a_name, as_a_bomb]
        ways += [reshaped, retyped, with_a_strange_number]  # more often
    choice = rng.integers(len(ways) + (2 if strangers else 0))
    if choice >= len(ways):
        stranger = strangers[rng.integers(len(strangers))]
        path.write_bytes(stranger.read_bytes())
        return f"replaced by {stranger.parent.name}/{stranger.name}"
    return ways[choice](path, rng)


def flipped(path, rng):
    """One to three bits."""
    content = bytearray(path.read_bytes())
    places = rng.integers(len(content), size=rng.integers(1, 4))
    for place in places:
        content[place] ^= 1 << rng.integers(8)
    path.write_bytes(content)
    return f"bits flipped in bytes {places.tolist()}"


def cut(path, rng):
    content = path.read_bytes()
    length = rng.integers(len(content))
    path.write_bytes(content[:length])
    return f"cut after {length} bytes"


def emptied(path, rng):
    path.write_bytes(b"")
    return "emptied"


def removed(path, rng):
    path.unlink()
    return "removed"


def of_noise(path, rng):
    path.write_bytes(rng.bytes(rng.integers(1, 2000)))
    return "noise"


def reshaped(path, rng):
    arrays, name = _drawn(path, rng)
    array = arrays[name]
    ways = [array[None], array.ravel(), array[..., None], array.ravel()[:0]]
    if array.ndim > 0 and len(array) > 1:
        ways += [array[:-1], np.concatenate([array, array[:1]]), array[0]]
    if array.ndim > 1:
        ways += [array.T, array[..., :-1]]
    ways = [way for way in ways if way.shape != array.shape]
    arrays[name] = ways[rng.integers(len(ways))]
    np.savez(path, **arrays)
    return f"{name} of shape {arrays[name].shape}"


def retyped(path, rng):
    arrays, name = _drawn(path, rng)
    kinds = ["f4", "f2", "c16", "O", "U9", "S9", "M8[s]", "V8", "?"]
    kind = kinds[rng.integers(len(kinds))]
    array = arrays[name]
    arrays[name] = np.zeros(array.shape, kind) if array.dtype.kind == "U" else _cast(array, kind)
    np.savez(path, **arrays)
    return f"{name} of type {kind}"


def _cast(array, kind):
    return np.zeros(array.shape, kind) if kind in ("M8[s]", "V8") else array.astype(kind)


def with_a_strange_number(path, rng):
    """One that is not finite, or no index."""
    arrays, name = _drawn(path, rng)
    array = np.array(arrays[name])
    numbers = {"f": [np.nan, np.inf, -np.inf], "i": [-1, -(2**63), 2**63 - 1]}
    choices = numbers.get(array.dtype.kind)
    if name in INDICES:
        choices = [*choices, 1000, 10**6, 2**40]
    if not choices:
        arrays[name], value = np.array("\0{}[nan]"), "text"
    else:
        value = choices[rng.integers(len(choices))]
        array.reshape(-1)[rng.integers(array.size)] = value
        arrays[name] = array
    np.savez(path, **arrays)
    return f"{name} with {value}"


def without_a_name(path, rng):
    arrays, name = _drawn(path, rng)
    del arrays[name]
    np.savez(path, **arrays)
    return f"without {name}"


def with_a_name(path, rng):
    arrays, _ = _drawn(path, rng)
    np.savez(path, **arrays, more=np.zeros((2, 3, 4)))
    return "with more"


def as_a_bomb(path, rng):
    """An array that would take 64 GiB, as its header says, or 4 GiB, as the directory says."""
    arrays, name = _drawn(path, rng)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (2**33,)}
    )
    way = ["header", "directory"][rng.integers(2)]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for other, array in arrays.items():
            content = io.BytesIO()
            np.save(content, array)
            archive.writestr(
                f"{other}.npy", header.getvalue() if other == name else content.getvalue()
            )
    if way == "directory":
        content = bytearray(path.read_bytes())
        place = content.rfind(b"PK\x01\x02")  # of the last file
        struct.pack_into("<I", content, place + 24, 2**32 - 2)  # its size
        path.write_bytes(content)
    return f"{name} as a bomb ({way})"


def _drawn(path, rng):
    """The arrays, and the name of one."""
    with np.load(path) as arrays:
        arrays = dict(arrays)
    return arrays, list(arrays)[rng.integers(len(arrays))]
