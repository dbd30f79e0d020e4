"""How the cost of a state grows with the number of links: the exponent n in seconds ~ links^n."""

from math import log

from vgps.bench.accelerations import acceleration_benchmarks
from vgps.bench.robots import CHAIN
from vgps.bench.rounds import Row, measure


def chain_rows(links: tuple[int, ...], rounds: int) -> list[Row]:
    """The acceleration of chains of so many links each, and the exponents of ours and the peer."""
    names = [f"{CHAIN}{n}" for n in links]
    of_each = [
        [measure(benchmark, rounds) for benchmark in acceleration_benchmarks(name)]
        for name in names
    ]
    rows = [row for each in of_each for row in each]
    # A long chain may have no batch, which is the second of them.
    ends = zip(of_each[0], of_each[-1], strict=False)
    return rows + [_exponent(links, few, many) for few, many in ends]


def _exponent(links: tuple[int, ...], few: Row, many: Row) -> Row:
    """The slope between the shortest and the longest chain, both axes logarithmic."""
    stretch = log(links[-1] / links[0])
    ours = log(many.ours / few.ours) / stretch
    peer = None
    if few.peer is not None and many.peer is not None:
        peer = log(many.peer / few.peer) / stretch
    how = few.name.removeprefix(f"{CHAIN}{links[0]}: ")
    title = f"chains of {links[0]} to {links[-1]}: {how}, power of links"
    return Row(title, ours, peer, few.peer_name, "", None, None, None)
