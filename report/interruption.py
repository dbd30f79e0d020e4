"""Signals that ask a command to end: SIGINT, which is Ctrl-C, SIGTERM and SIGHUP."""

import signal
import sys
from types import FrameType, TracebackType
from typing import Self

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_A_MOMENT = 0.01  # s


def end_silently() -> None:
    """From now on let them end the process at once, for when there is nothing to save."""
    _handle(signal.SIG_DFL)


class Interruptible:
    """A context in which the first of them raises KeyboardInterrupt, and a second ends the process.

    What is saved is whole at every moment, so that the second loses nothing but pictures.

    received  the one that came, or None
    """

    received: signal.Signals | None = None

    def __enter__(self) -> Self:
        sys.unraisablehook = self._raise_again
        _handle(self._raise)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        end_silently()
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.unraisablehook = sys.__unraisablehook__

    def _raise(self, number: int, frame: FrameType | None) -> None:
        self.received = signal.Signals(number)
        end_silently()
        raise KeyboardInterrupt

    def _raise_again(self, unraisable: "sys.UnraisableHookArgs") -> None:
        """What is raised in a destructor or in a function called from C is lost otherwise."""
        if self.received is None or not isinstance(unraisable.exc_value, KeyboardInterrupt):
            sys.__unraisablehook__(unraisable)
            return
        # Not at once: what is raised in this hook is lost as well.
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, _A_MOMENT)


def _handle(handler: object) -> None:
    for number in _ENDING:
        # nohup has SIGHUP ignored, and a shell SIGINT for what it starts in the background.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)  # type: ignore[arg-type]
