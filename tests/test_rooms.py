"""Data flows one way: each room imports from rooms before it, and no modules import each other."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# In the order in which data flows, the first name that fits a module counts.  What the package
# offers and the command line come last; bench/ stands beside them, known to the command line alone.
ROOMS = [
    ("vgps.codegen.errors", "vgps.codegen.folders"),
    ("vgps.codegen.description",),
    ("vgps.codegen.mechanics",),
    ("vgps.codegen.emission",),
    ("vgps.codegen",),
    ("vgps.solver",),
    ("vgps.policy",),
    ("vgps.experiments",),
    ("vgps.report", "vgps.bench"),
    ("vgps",),
]


def inside(module: str, room: str) -> bool:
    return module == room or module.startswith(f"{room}.")


def place(module: str) -> int:
    """The index of a module's room."""
    return next(i for i, names in enumerate(ROOMS) if any(inside(module, n) for n in names))


def sources() -> dict[str, Path]:
    """The files of the package by the names of their modules."""
    files = [*ROOT.glob("*.py")]
    for room in ("codegen", "solver", "policy", "experiments", "report", "bench"):
        files += (ROOT / room).rglob("*.py")
    return {_name(path.relative_to(ROOT)): path for path in files}


def _name(path: Path) -> str:
    parts = ["vgps", *path.with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, package: str, known: set[str]) -> Iterator[str]:
    """The modules of ``known`` that a file of ``package`` imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            # One dot is the package itself, each further one a package above.
            above = package.split(".")[: len(package.split(".")) + 1 - node.level]
            start = ".".join([*(above if node.level else []), *filter(None, [node.module])])
            # What is imported from a package may be one of its modules.
            named = [
                full if (full := f"{start}.{alias.name}") in known else start
                for alias in node.names
            ]
        else:
            continue
        yield from (name for name in named if name in known)


def arrows() -> dict[str, set[str]]:
    """For each module those that it imports."""
    files = sources()
    packages = {
        name: name if path.name == "__init__.py" else name.rpartition(".")[0]
        for name, path in files.items()
    }
    return {
        name: set(imports(path, packages[name], set(files))) - {name}
        for name, path in files.items()
    }


def circles(graph: dict[str, set[str]]) -> list[str]:
    """What is left when modules that import nothing of what is left are taken away one by one."""
    left = dict(graph)
    while free := [name for name, used in left.items() if not used & set(left)]:
        for name in free:
            del left[name]
    # Nor does a module belong to a circle that no other of them imports.
    while unused := set(left).difference(*left.values()):
        for name in unused:
            del left[name]
    return sorted(left)


def test_imports_flow_down():
    back = [
        f"{module} imports {used}"
        for module, every in sorted(arrows().items())
        for used in sorted(every)
        if place(used) > place(module)
    ]
    assert not back, "\n".join(back)


def test_bench_is_known_to_the_command_line_alone():
    users = [
        f"{module} imports {used}"
        for module, every in sorted(arrows().items())
        for used in sorted(every)
        if inside(used, "vgps.bench") and not inside(module, "vgps.bench")
        if place(module) < len(ROOMS) - 1
    ]
    assert not users, "\n".join(users)


def test_no_modules_import_each_other():
    assert not circles(arrows())


def test_a_circle_would_be_found():
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}
    assert circles(graph) == ["b", "c"]


@pytest.mark.parametrize("room", ["codegen", "solver", "policy", "experiments", "report"], ids=str)
def test_tests_of_a_room_import_no_later_room(room):
    known = set(sources())
    back = [
        f"{path.relative_to(ROOT)} imports {used}"
        for path in sorted((ROOT / "tests" / room).glob("*.py"))
        for used in sorted(set(imports(path, "", known)))
        # What a user imports is the package, whatever room it comes from.
        if used != "vgps" and place(used) > place(f"vgps.{room}")
    ]
    assert not back, "\n".join(back)
