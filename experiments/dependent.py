"""Processes that work for this one: they end when it ends, and leave Ctrl-C to it."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

_PAUSE = 0.2  # s, between two looks


@contextmanager
def leaving_interrupts_here() -> Iterator[None]:
    """Let processes that are started in the context never notice Ctrl-C, which reaches them too."""
    # Unlike a handler, what is blocked is inherited by a new program.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with(parent: int) -> None:
    """End this process when its parent has: nobody waits for its work any more.

    Args:
        parent: number of the process that has started this one.
    """
    Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    # Not by a signal at the parent's death: Linux alone has it, and sends it when the thread ends
    # that has started the process.
    while os.getppid() == parent:
        time.sleep(_PAUSE)
    os._exit(1)
