"""Names of a foreign file as those of a robot file, in which a name occurs once."""

import re

import yaml

from vgps.codegen.description.fields import RESERVED

_LONGEST = 48  # letters of a foreign name, with room for an ending


class Names:
    """The names that are taken so far."""

    def __init__(self) -> None:
        # Coordinates of a floating base, and the parameter of a task to begin with.
        self.taken = {*RESERVED, "x", "y", "angle", "v_target"}

    def give(self, name: str, kind: str, numbered: bool = False) -> str:
        """A free name, the nearest to one of another file.

        Args:
            name: as it is there, perhaps nothing.
            kind: "link" or the like, added where another part has the name.
            numbered: whether several parts are called by it, which then count from 1.
        """
        plain = plain_name(name, kind)
        wanted = [] if numbered else [plain, f"{plain}_{kind}"]
        free = next((word for word in wanted if self._is_free(word)), None)
        number = 1
        while free is None:
            word = f"{plain}_{number}"
            free, number = word if self._is_free(word) else None, number + 1
        self.taken.add(free)
        return free

    def _is_free(self, word: str) -> bool:
        # YAML reads words such as `on` as something else.
        return word not in self.taken and yaml.safe_load(word) == word


def plain_name(name: str, otherwise: str) -> str:
    """The letters, digits and underscores of a name, from its first letter on."""
    plain = re.sub(r"[^A-Za-z0-9]+", "_", name)
    return re.sub(r"^[^A-Za-z]+", "", plain)[:_LONGEST].rstrip("_") or otherwise
