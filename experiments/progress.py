"""How long work tells how far it is; whoever calls decides what is shown."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

Update = Callable[[int, str], None]  # (units done, what to say about them)
# watch(what, total) gives a context whose value is called as units of ``total`` are done.
Watch = Callable[[str, int], AbstractContextManager[Update]]


@contextmanager
def unwatched(what: str, total: int) -> Iterator[Update]:
    """Shows nothing."""
    yield lambda done, text: None


def counted(watch: Watch, counts: Counter[str]) -> Watch:
    """The same ``watch``, while ``counts`` tells how many units of what have been done."""

    @contextmanager
    def counting(what: str, total: int) -> Iterator[Update]:
        with watch(what, total) as update:

            def count(done: int, text: str) -> None:
                counts[what] += 1
                update(done, text)

            yield count

    return counting
