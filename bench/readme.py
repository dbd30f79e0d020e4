"""The table in README.md, between two comments that nobody sees."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from vgps.bench.builds import BUILDS
from vgps.bench.rounds import Row
from vgps.bench.table import HEADER, cells
from vgps.codegen.errors import InputError

BEGIN, END = "<!-- bench: written by run.py bench --readme -->", "<!-- bench ends -->"
_PEERS = ("pin", "crocoddyl", "mujoco", "scipy")


class MarkerError(InputError):
    """One sentence about a file in which the table has no place."""


class Readme:
    """A file with a place for the table.  Raises MarkerError when it has none, or several."""

    def __init__(self, path: Path):
        self.path = path
        text = path.read_text()
        if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(END) < text.index(BEGIN):
            raise MarkerError(f"{path.name} needs one line '{BEGIN}' and below it '{END}'")
        self._before, rest = text.split(BEGIN)
        self._after = rest.split(END)[1]

    def write(self, rows: list[Row], rounds: int) -> None:
        """Replace what stands between the comments."""
        how = f"Medians of {rounds} interleaved rounds, {min(rounds, BUILDS)} of builds"
        table = f"{markdown(rows)}\n\n{how}; one thread, but two compilers; {_peers()}."
        self.path.write_text(f"{self._before}{BEGIN}\n{table}\n{END}{self._after}")


def markdown(rows: list[Row]) -> str:
    lines = [HEADER, ["---"] * len(HEADER), *(cells(row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _peers() -> str:
    installed = []
    for package in _PEERS:
        try:
            installed.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            installed.append(f"no {package}")
    return ", ".join(installed)
