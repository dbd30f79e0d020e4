"""Compiled kernels on disk that are run only if they are what was stored.

Numba unpickles whatever its cache holds, and runs it.  A file that is damaged would be a traceback
or, where the damage is in machine code, a wrong number or a crash.  Here each file begins with a
checksum; one that has another is as if it were not there, and the kernel is compiled and stored
again.  A checksum shows damage, not malice: whoever can write to this folder can run code.
"""

import hashlib
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import numba as nb
from numba.core import caching

_OURS_ALONE = "UserProvidedCacheLocator"  # Numba's for what stands in CACHE_DIR
_SIZE = hashlib.sha256().digest_size


class _CheckedFiles(caching.IndexDataCacheFile):
    """The index of a kernel's specialisations, and a file for each."""

    def _load_index(self) -> dict[Any, str]:
        try:
            stamp, overloads = pickle.loads(_read(Path(self._index_path)))
        except OSError:
            return {}
        return cast(dict[Any, str], overloads) if stamp == self._source_stamp else {}

    def _save_index(self, overloads: dict[Any, str]) -> None:
        self._write(Path(self._index_path), (self._source_stamp, overloads))

    def _load_data(self, name: str) -> Any:
        return pickle.loads(_read(Path(self._data_path(name))))

    def _save_data(self, name: str, data: Any) -> None:
        self._write(Path(self._data_path(name)), data)

    def _write(self, path: Path, content: Any) -> None:
        pickled = self._dump(content)
        with self._open_for_write(str(path)) as file:
            file.write(_checksum(path, pickled) + pickled)


@contextmanager
def cached_in(folder: Path) -> Iterator[None]:
    """Let Numba keep what is decorated in the block in ``folder``; it looks for one only then."""
    config: Any = nb.config
    module: Any = caching
    before = (
        config.CACHE_DIR,
        getattr(config, "CACHE_LOCATOR_CLASSES", ""),
        module.IndexDataCacheFile,
    )
    # The other locators know folders in which kernels of older sources may be.
    config.CACHE_DIR, config.CACHE_LOCATOR_CLASSES = str(folder), _OURS_ALONE
    module.IndexDataCacheFile = _CheckedFiles
    try:
        yield
    finally:
        config.CACHE_DIR, config.CACHE_LOCATOR_CLASSES, module.IndexDataCacheFile = before


def _read(path: Path) -> bytes:
    """What was stored; OSError where it is damaged, which to Numba means that there is nothing."""
    content = path.read_bytes()
    if content[:_SIZE] != _checksum(path, content[_SIZE:]):
        raise OSError(f"{path} is damaged")
    return content[_SIZE:]


def _checksum(path: Path, content: bytes) -> bytes:
    """Of content under this name, and of this Numba: one kernel is no substitute for another."""
    return hashlib.sha256(f"{nb.__version__}\0{path.name}\0".encode() + content).digest()
