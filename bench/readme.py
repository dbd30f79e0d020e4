"""The table in README.md, which stands between two comments that a page does not show.

Only a checkout has that file; it does not travel in the wheel.
"""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from vgps.bench.builds import BUILDS
from vgps.bench.rounds import Row
from vgps.bench.table import HEADER, cells
from vgps.codegen.errors import InputError

BEGIN, END = "<!-- bench: written by run.py bench --readme -->", "<!-- bench ends -->"
_PEERS = ("pin", "crocoddyl", "mujoco", "scipy")


class MarkerError(InputError):
    """One sentence: there is no README.md, or it has no place for the table."""


class Readme:
    """A file with a place for the table."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            MarkerError: where the file does not exist, has no place for the table, or several.
        """
        self.path = path
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise MarkerError(
                f"there is no {path}: only a checkout of the project has a {path.name} to write to"
            ) from None
        if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(END) < text.index(BEGIN):
            raise MarkerError(f"{path.name} needs one line '{BEGIN}' and below it '{END}'")
        self._before, rest = text.split(BEGIN)
        self._after = rest.split(END)[1]

    def write(self, rows: list[Row], rounds: int) -> None:
        """Replace what stands between the comments by the table of ``rows``."""
        how = f"Medians of {rounds} interleaved rounds, {min(rounds, BUILDS)} of builds"
        table = f"{markdown(rows)}\n\n{how}; one thread, but two compilers; {_peers()}."
        text = f"{self._before}{BEGIN}\n{table}\n{END}{self._after}"
        self.path.write_text(text, encoding="utf-8")


def markdown(rows: list[Row]) -> str:
    """The rows as a table in Markdown."""
    lines = [HEADER, ["---"] * len(HEADER), *(cells(row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _peers() -> str:
    """The peers' versions, as a list in one line."""
    installed = []
    for package in _PEERS:
        try:
            installed.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            installed.append(f"no {package}")
    return ", ".join(installed)
