"""Arrays are read as their schema says or refused before there is memory for them."""

import os
import tracemalloc
import zipfile

import numpy as np
import pytest

from vgps.codegen.archive import (
    LARGEST,
    ArrayFileError,
    any_numbers,
    numbers,
    read_arrays,
    require_arrays,
    text,
    whole,
)

SCHEMA = {
    "W": numbers("hidden", "n"),
    "b": numbers("hidden"),
    "index": whole("n", below="nx"),
    "said": text(optional=True),
}
SOUND = {"W": np.arange(6.0).reshape(2, 3), "b": np.ones(2), "index": np.array([0, 3, 2])}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "some.npz"


@pytest.fixture
def refusal(path):
    """The sentence about the arrays that the test has written, without the path."""

    def read(arrays=None, schema=SCHEMA, **sizes):
        if arrays is not None:
            np.savez(path, **(SOUND | arrays))
        with pytest.raises(ArrayFileError) as caught:
            read_arrays(path, "an example", schema, sizes)
        assert str(caught.value).startswith(f"{path}: ")
        return str(caught.value).removeprefix(f"{path}: ")

    return read


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_what_fits_is_read(path, save):
    save(path, **SOUND, said=np.array("yes"))
    arrays = read_arrays(path, "an example", SCHEMA, {"nx": 4})
    assert arrays["said"] == "yes" and arrays["index"].dtype == np.int64
    for name, array in SOUND.items():
        np.testing.assert_array_equal(arrays[name], array)
        arrays[name][:] = 0  # may be written to


def test_order_and_byte_order_of_the_file_do_not_matter(path):
    np.savez(path, **SOUND | {"W": np.asfortranarray(SOUND["W"]).astype(">f8")})
    W = read_arrays(path, "an example", SCHEMA)["W"]
    assert W.flags.c_contiguous and W.dtype == np.float64 and W.dtype.isnative
    np.testing.assert_array_equal(W, SOUND["W"])


@pytest.mark.parametrize(
    "arrays, sizes, sentence",
    [
        ({"b": np.ones(3)}, {}, "b has shape (3,), expected (2,)"),
        ({"W": np.ones((2, 3, 1))}, {}, "W has shape (2, 3, 1), expected (hidden, n)"),
        ({}, {"hidden": 5}, "W has shape (2, 3), expected (5, 3)"),
        ({"b": np.ones(2, "f4")}, {}, "b must hold float64, found float32"),
        ({"b": np.array([None, None])}, {}, "b must hold float64, found object"),
        ({"b": np.ones(2, complex)}, {}, "b must hold float64, found complex128"),
        ({"b": np.array(["1", "2"])}, {}, "b must hold float64, found <U1"),
        ({"b": np.array([1, np.nan])}, {}, "b has entries that are not finite"),
        ({"index": np.ones(3)}, {}, "index must hold whole numbers, found float64"),
        ({}, {"nx": 3}, "index must lie between 0 and 2, found 3"),
        ({"index": np.array([0, -1, 2])}, {"nx": 9}, "index must lie between 0 and 8, found -1"),
        ({"said": np.ones(1)}, {}, "said must hold text, found float64"),
        ({"more": np.ones(1)}, {}, "is not an example: it holds 'more'"),
    ],
)
def test_what_does_not_fit(refusal, arrays, sizes, sentence):
    assert refusal(arrays, **sizes) == sentence


def test_no_index_is_too_large_for_a_double(refusal):
    for value in (2**63 - 1, np.uint64(2**64 - 1)):
        assert "found" in refusal({"index": np.array([0, 1, value], type(value))})


def test_what_is_missing_is_named(path, refusal):
    np.savez(path, W=SOUND["W"], other=1)
    assert refusal() == "is not an example: it lacks b, index, and holds W, other"


def test_words_of_the_file_do_not_break_the_sentence(refusal):
    said = refusal({"two\nlines\x1b[2J": np.ones(1)})
    assert said == "is not an example: it holds 'two\\nlines\\x1b[2J'"
    assert len(refusal({"long" * 1000: np.ones(1)})) < 120


def test_arrays_in_memory_are_held_to_the_same(path):
    require_arrays(SOUND, SCHEMA, {"nx": 4})
    with pytest.raises(ValueError, match="index must lie between 0 and 2, found 3"):
        require_arrays(SOUND, SCHEMA, {"nx": 3})
    with pytest.raises(ValueError, match="b is missing"):
        require_arrays({"W": SOUND["W"]}, SCHEMA)


def test_files_that_are_none(path, refusal):
    assert refusal() == "cannot be read: No such file or directory"
    path.mkdir()
    assert refusal() == "cannot be read: Is a directory"
    path.rmdir()
    os.mkfifo(path)
    assert refusal() == "cannot be read: it is not a regular file"
    path.unlink()
    with path.open("wb") as file:
        np.save(file, np.ones(3))
    assert refusal() == "is not an .npz file of numbers, or is damaged"


def member(path, content, compression=zipfile.ZIP_DEFLATED, **header):
    """An .npz in which b is what the test says."""
    np.savez(path, W=SOUND["W"], index=SOUND["index"])
    described = {"descr": "<f8", "fortran_order": False, "shape": (2,)} | header
    with (
        zipfile.ZipFile(path, "a", compression) as archive,
        archive.open("b.npy", "w", force_zip64=True) as file,
    ):
        np.lib.format.write_array_header_1_0(file, described)
        for piece in content:
            file.write(piece)


def peak(read):
    """Its result, and the largest number of bytes that Python and NumPy held meanwhile."""
    tracemalloc.start()
    try:
        return read(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_nothing_is_made_for_sizes_that_are_only_declared(path, refusal):
    free = SCHEMA | {"b": any_numbers()}
    for shape in ((2**40,), (2**40, 2**40), (-1,), (3,)):
        member(path, [bytes(16)], shape=shape)
        sentence, most = peak(lambda: refusal(schema=free))
        assert most < 2**22
        assert sentence == f"b does not have as many numbers as its shape {shape} says" or (
            sentence == "is not an .npz file of numbers, or is damaged"
        )


def test_a_small_file_that_expands_without_end_is_not_expanded(path, refusal):
    pieces = LARGEST // 2**20 + 1
    member(path, (bytes(2**20) for _ in range(pieces)), shape=(pieces * 2**17,))
    assert path.stat().st_size < 2**20
    sentence, most = peak(lambda: refusal(schema=SCHEMA | {"b": any_numbers()}))
    assert sentence == f"b would take {pieces} MiB" and most < 2**22


def test_other_compressions_are_refused(path, refusal):
    """LZMA takes as much memory as its header asks for."""
    member(path, [bytes(16)], zipfile.ZIP_LZMA)
    assert refusal() == "b is compressed in a way that NumPy does not write"


def test_headers_that_are_not_plain(path, refusal):
    for descr in ("|O", [("a", "<f8")], "<f16", "<U2", "m8[s]"):
        member(path, [bytes(16)], descr=descr)
        assert refusal()
