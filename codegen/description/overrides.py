"""Values in place of those of a robot file, by their dotted place."""

from typing import Any

from vgps.codegen.errors import RobotFileError, found, hint


def put(data: dict[str, Any], key: str, value: object, source: str) -> tuple[str | int, ...]:
    """Put a value into the data of a file.  A mapping that is missing on the way is made.

    Args:
        data: what the file holds.
        key: such as "task.horizon"; an item of a list goes by its name, as in
            "joints.knee.damping".
        value: what to put there; None leaves the key out.
        source: what errors name: the file and the override.

    Returns:
        The path to the value, such as ("joints", 2, "damping").

    Raises:
        RobotFileError: when there is no such place.
    """
    steps = key.split(".")
    path: tuple[str | int, ...] = ()
    inside: Any = data
    for depth, step in enumerate(steps):
        above = ".".join(steps[:depth])
        where: str | int = step
        if isinstance(inside, list):
            where = _index(inside, step, above, source)
        elif not isinstance(inside, dict):
            text = f"{above} is {found(inside)} and holds nothing"
            raise RobotFileError(source, None, None, text)
        path = (*path, where)
        if depth < len(steps) - 1:
            inside = inside.setdefault(where, {}) if isinstance(inside, dict) else inside[where]
        elif value is None and isinstance(inside, dict):
            inside.pop(where, None)
        else:
            inside[where] = value
    return path


def _index(items: list[Any], name: str, above: str, source: str) -> int:
    """Of the item of this name."""
    names = [item.get("name") if isinstance(item, dict) else None for item in items]
    if name in names:
        return names.index(name)
    known = hint(name, (name for name in names if isinstance(name, str)))
    raise RobotFileError(source, None, None, f"nothing in {above} is called {name!r}{known}")
