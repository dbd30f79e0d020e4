"""How long work tells how far it is; whoever calls decides what is shown."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

Update = Callable[[int, str], None]  # (units done, what to say about them)
# watch(what, total) gives a context whose value is called as units of ``total`` are done.
Watch = Callable[[str, int], AbstractContextManager[Update]]


@contextmanager
def unwatched(what: str, total: int) -> Iterator[Update]:
    """Shows nothing."""
    yield lambda done, text: None
