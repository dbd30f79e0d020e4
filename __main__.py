"""The process around a command: `run.py`, `python -m vgps` and the command `vgps`.

Exit status: that of the command; 128 + n when signal n has ended it, such as 130 after Ctrl-C.
"""

import os
import shutil
import sys

from vgps.report import interruption, streams

_NARROWEST = 20  # columns; in fewer than ten the parser never ends to break the lines of its help


def main() -> int:
    """Do what the arguments of this process say; the exit status."""
    interruption.end_silently()  # while the command line is being imported
    streams.prepare()
    # No picture needs one, and Matplotlib refuses to be imported with one that it does not know.
    os.environ.pop("MPLBACKEND", None)
    if shutil.get_terminal_size().columns < _NARROWEST:
        os.environ["COLUMNS"] = str(_NARROWEST)
    from vgps.run import main as command

    interruptible = interruption.Interruptible()
    try:
        with interruptible:
            return streams.finish(command())
    except SystemExit as end:  # of the parser
        return streams.finish(end.code if isinstance(end.code, int) else 1)
    except BrokenPipeError:
        return streams.abandoned()
    except BaseException:
        # Whatever an import, say, has made of the KeyboardInterrupt in its middle.
        if interruptible.received is None:
            raise
    print(
        "interrupted; the same command goes on from what is saved, "
        "a training run also by `train ROBOT --resume RUN`",
        file=sys.stderr,
    )
    return streams.finish(128 + interruptible.received)


if __name__ == "__main__":
    if sys.argv[0] == __file__:
        sys.argv[0] = "vgps"  # in help
    sys.exit(main())
