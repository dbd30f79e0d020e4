"""Methods of other packages beside those of `policy.methods`, by entry points.

A package whose pyproject.toml says

    [project.entry-points."vgps.methods"]
    my-method = "my_package:MY_METHOD"

makes its `Method` known wherever the name of a method is taken.  Nothing is looked up, and nothing
of another package imported, before a name is asked for that is not one of ours.
"""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from vgps.codegen.errors import InputError
from vgps.policy.methods import METHODS, Method

GROUP = "vgps.methods"


class PluginError(InputError):
    """A method of another package cannot be used.  One sentence that names the package."""


def method_names() -> list[str]:
    """Of ours, then of those that other packages bring."""
    others = {entry.name for entry in entry_points(group=GROUP)} - METHODS.keys()
    return [*METHODS, *sorted(others)]


def is_method(name: str) -> bool:
    """Whether there is a method of this name; it may still be a broken one."""
    return name in METHODS or bool(entry_points(group=GROUP, name=name))


@cache
def method_of(name: str) -> Method:
    """The method of this name; ours come first.

    Raises:
        KeyError: when there is none.
        PluginError: when another package brings it and it cannot be used.
    """
    if name in METHODS:
        return METHODS[name]
    found = sorted(entry_points(group=GROUP, name=name), key=_package)
    if not found:
        raise KeyError(name)
    if len(found) > 1:
        packages = " and ".join(map(_package, found))
        raise PluginError(f"the method '{name}' is brought by {packages}: uninstall all but one")
    (entry,) = found
    with _answering_for(name, _package(entry)):
        method = entry.load()
        if not isinstance(method, Method):
            raise TypeError(
                f"{entry.value} is a {type(method).__name__}, not a vgps.policy.methods.Method"
            )
    return method._replace(package=_package(entry))


@contextmanager
def answering_for(name: str, method: Method) -> Iterator[None]:
    """Turn what goes wrong in a method of another package into a sentence that names this.

    Numbers that diverge, and what the method itself refuses, are said as for ours.

    Raises:
        PluginError: caused by whatever was raised; never for our own methods.
    """
    if method.package is None:
        yield
        return
    with _answering_for(name, method.package):
        yield


@contextmanager
def _answering_for(name: str, package: str) -> Iterator[None]:
    try:
        yield
    except (FloatingPointError, InputError, MemoryError):
        raise
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise PluginError(
            f"the method '{name}' of the package {package} cannot be used: {said} "
            f"({Path(last.filename).name}:{last.lineno})"
        ) from error


def _package(entry: EntryPoint) -> str:
    assert entry.dist is not None  # only an entry that is made by hand has none
    return entry.dist.name
