"""Compiled kernels that were damaged on disk are compiled again: no traceback, and no wrong number."""

import numba as nb
import pytest

from vgps.solver.kernel_cache import cached_in


@pytest.fixture
def compiled(tmp_path):
    """A kernel as a new process would have it: what was compiled is on disk alone."""

    def compile_it(factor=2.0):
        def scaled(x):
            return factor * x

        with cached_in(tmp_path):
            return nb.njit(cache=True)(scaled)

    return compile_it


def hits(kernel):
    return sum(kernel.stats.cache_hits.values())


def files(folder, suffix):
    (path,) = folder.rglob(f"*{suffix}")
    return path


def test_a_second_process_finds_it(compiled):
    assert compiled()(3.0) == 6.0
    again = compiled()
    assert again(3.0) == 6.0 and hits(again) == 1


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
@pytest.mark.parametrize("damage", ["emptied", "cut", "replaced", "flipped", "removed"])
def test_damage_is_mended(compiled, tmp_path, suffix, damage):
    assert compiled()(3.0) == 6.0
    path = files(tmp_path, suffix)
    content = path.read_bytes()
    if damage == "removed":
        path.unlink()
    elif damage == "flipped":
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 8]) + content[middle + 1 :])
    else:
        kinds = {
            "emptied": b"",
            "cut": content[: len(content) // 2],
            "replaced": b"\x80\x04N." * 99,
        }
        path.write_bytes(kinds[damage])
    mended = compiled()
    assert mended(3.0) == 6.0 and hits(mended) == 0
    found = compiled()
    assert found(3.0) == 6.0 and hits(found) == 1


def test_a_file_counts_under_its_own_name_only(compiled, tmp_path):
    assert compiled()(3.0) == 6.0
    files(tmp_path, ".nbc").write_bytes(files(tmp_path, ".nbi").read_bytes())
    again = compiled()
    assert again(3.0) == 6.0 and hits(again) == 0
