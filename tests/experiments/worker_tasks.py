"""Tasks for workers; a module of their own, which each of their processes imports in no time."""

import os
import signal
import time
from collections import Counter


def noted(log, task):
    """Square a number, leaving a line in ``log``; a negative number is an error."""
    with log.open("a", encoding="utf-8") as file:  # appending a line is atomic
        file.write(f"{task}\n")
    time.sleep(0.05)
    if task < 0:
        raise ValueError("found\n a negative number")
    return task**2


def deadly(log, task):
    """As ``noted``, but 3 kills its process the first time and 7 each time."""
    result = noted(log, task)
    if task == 7 or (task == 3 and calls(log)[3] == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    return result


def threads(_task):
    return os.environ["OPENBLAS_NUM_THREADS"]


def calls(log):
    return Counter(map(int, log.read_text(encoding="utf-8").split()))
