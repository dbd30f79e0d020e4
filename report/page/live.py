"""The page of a run while it learns: written anew every few seconds, as iterations end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vgps.experiments.progress import Update, Watch
from vgps.experiments.run import read_run
from vgps.report.page.run import write_run_page

_LEAST = 4.0  # s from one to the next
_SHARE = 20.0  # times as long as it takes to write one, which is a twentieth of the time at most
_STAGES = ("iteration", "finish")  # after each unit of which the folder holds a whole run


def drawn_live(watch: Watch, folder: Path) -> Watch:
    """The same ``watch``, while the page of the run in a folder follows what is learned."""
    due = 0.0

    @contextmanager
    def drawing(what: str, total: int) -> Iterator[Update]:
        with watch(what, total) as update:

            def draw(done: int, text: str) -> None:
                nonlocal due
                update(done, text)
                started = time.monotonic()
                if what not in _STAGES or started < due:
                    return
                write_run_page(read_run(folder), live=True)
                now = time.monotonic()
                due = now + max(_LEAST, _SHARE * (now - started))

            yield draw

    return drawing
