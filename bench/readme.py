"""The table in README.md, which stands between two comments that a page does not show.

Only a checkout has that file; it does not travel in the wheel.
"""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from vgps.bench.builds import BUILDS
from vgps.bench.rounds import Row
from vgps.bench.table import HEADER, cells
from vgps.report.section import Section

BEGIN, END = "<!-- bench: written by run.py bench --readme -->", "<!-- bench ends -->"
_PEERS = ("pin", "crocoddyl", "casadi", "mujoco", "scipy")


class Readme(Section):
    """A file with a place for the table."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            MarkerError: as `Section`.
        """
        super().__init__(path, BEGIN, END)

    def write_table(self, rows: list[Row], rounds: int) -> None:
        """Replace what stands between the comments by the table of ``rows``."""
        how = f"Medians of {rounds} interleaved rounds, {min(rounds, BUILDS)} of builds"
        self.write(f"{markdown(rows)}\n\n{how}; one thread, but two compilers; {_peers()}.")


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
