"""The rows of metrics.csv as TensorBoard's scalars, in the folder `tensorboard` of a run.

They are written as the rows are.  A run that goes on writes them anew from its metrics.csv, so that
what was logged after its last checkpoint is not there twice.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from vgps.experiments.errors import MissingPackageError
from vgps.experiments.run_folder import RunFolder

FOLDER = "tensorboard"

Row = Mapping[str, float | str]
Log = Callable[[Row], object]


def require_tensorboard() -> None:
    """Refuse what would end in an error later.

    Raises:
        MissingPackageError: when what writes for TensorBoard is not installed.
    """
    try:
        import tensorboardX  # noqa: F401
    except ImportError:
        text = "--tensorboard needs tensorboardX, which is not installed: pip install tensorboardX"
        raise MissingPackageError(text) from None


@contextmanager
def scalars(folder: RunFolder) -> Iterator[Log]:
    """What takes the rows that follow those of the folder's metrics.csv, for as long as it lasts.

    The step is the row's iteration; words, and numbers that are not finite, are left out.
    """
    from tensorboardX import SummaryWriter

    place = folder.file(FOLDER)
    for old in place.glob("events.out.tfevents.*"):
        old.unlink()
    with SummaryWriter(str(place)) as writer:

        def log(row: Row) -> None:
            for name, value in row.items():
                if name != "iteration" and not isinstance(value, str) and math.isfinite(value):
                    writer.add_scalar(name, value, int(row["iteration"]))
            writer.flush()

        if folder.file("metrics.csv").exists():
            columns = folder.read_metrics()
            for values in zip(*(column.tolist() for column in columns.values()), strict=True):
                log(dict(zip(columns, values, strict=True)))
        yield log
