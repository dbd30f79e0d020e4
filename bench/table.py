"""All rows of the command `bench`, and the text of a row's cells."""

from collections.abc import Callable

from vgps.bench.accelerations import acceleration_benchmarks
from vgps.bench.builds import BUILDS, build_benchmark, large_build_rows
from vgps.bench.contacts import linearization_benchmark, rollout_benchmark
from vgps.bench.fits import evaluations_row, fit_benchmark
from vgps.bench.growth import chain_rows
from vgps.bench.iterations import LENGTHS, iteration_benchmark
from vgps.bench.optimizations import optimization_rows
from vgps.bench.robots import CHAIN
from vgps.bench.rounds import Benchmark, Row, measure
from vgps.bench.share import share_rows
from vgps.experiments.progress import Watch, unwatched

ROBOTS = ("walker", "swimmer")
CHAINS, LONG_CHAINS = (20, 40), (80,)  # links
TREES = ("tree of 80",)
OPTIMISED = ("swimmer", "swingup")
HEADER = ("work", "ours", "peer", "by", "ratio (range)")
_PREFIXES = ((1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"))

Measure = Callable[[int], list[Row]]  # rounds -> rows


def parts(long: bool) -> list[Measure]:
    """The parts of the table in order; each takes from a second to two minutes.

    The ``long`` ones, which take minutes each, come where they belong.
    """
    chains, large = (CHAINS + LONG_CHAINS, TREES) if long else (CHAINS, ())
    built = (*(f"{CHAIN}{links}" for links in chains), *large)
    return [
        *(_each(acceleration_benchmarks, name) for name in ROBOTS),
        lambda rounds: chain_rows(chains, rounds),
        *(_each(acceleration_benchmarks, name) for name in large),
        *(lambda rounds, name=name: share_rows(name, rounds) for name in ROBOTS),
        _one(linearization_benchmark),
        _one(rollout_benchmark),
        *(_one(iteration_benchmark, name, T) for name in ROBOTS for T in LENGTHS),
        *(lambda rounds, name=name: optimization_rows(name, rounds) for name in OPTIMISED),
        _one(fit_benchmark),
        lambda rounds: [evaluations_row()],
        *(
            lambda rounds, name=name: [measure(build_benchmark(name), min(rounds, BUILDS))]
            for name in ROBOTS
        ),
        *(lambda rounds, name=name: large_build_rows(name) for name in built),
    ]


def _each(make: Callable[..., list[Benchmark]], *arguments: str) -> Measure:
    return lambda rounds: [measure(benchmark, rounds) for benchmark in make(*arguments)]


def _one(make: Callable[..., Benchmark], *arguments: str | int) -> Measure:
    return lambda rounds: [measure(make(*arguments), rounds)]


def cells(row: Row) -> tuple[str, str, str, str, str]:
    """The text of a row's cells, under ``HEADER``."""
    ratio = ""
    if row.ratio is not None:
        ratio = f"{row.ratio:.3g} ({row.ratio_low:.3g} to {row.ratio_high:.3g})"
    return (
        row.name,
        quantity(row.ours, row.unit),
        "" if row.peer is None else quantity(row.peer, row.unit),
        row.peer_name or "",
        ratio,
    )


def quantity(value: float, unit: str) -> str:
    """A value with its unit; seconds get the largest prefix that leaves at least 1, bytes MB."""
    if unit == "B":
        return f"{value / 1e6:.0f} MB"
    if unit != "s" and not unit.startswith("s/"):
        return (f"{value:.3g} {unit}" if value < 1000 else f"{value:.0f} {unit}").rstrip()
    scale, prefix = next((p for p in _PREFIXES if value >= p[0]), _PREFIXES[-1])
    return f"{value / scale:.3g} {prefix}{unit}"


def measured(rounds: int, long: bool = False, watch: Watch = unwatched) -> list[Row]:
    """All rows, after ``rounds`` interleaved rounds of each.

    Args:
        rounds: at least 1.
        long: whether those rows come too that take minutes each.
        watch: shows how many pieces are done.
    """
    rows: list[Row] = []
    measures = parts(long)
    with watch("bench", len(measures)) as update:
        for done, measure_some in enumerate(measures, start=1):
            rows += measure_some(rounds)
            update(done, rows[-1].name)
    return rows
