"""The exponent of a power law is found again."""

import pytest

from vgps.bench import growth
from vgps.bench.rounds import Benchmark, Row, Side


@pytest.fixture
def law(monkeypatch):
    """Chains that cost 3e-9 links^2 s one at a time, and a peer that costs 1e-7 links s."""
    side = Side(lambda repeats: None)
    ways = ("one at a time", "in batch")

    def benchmarks(name):
        return [Benchmark(f"{name}: accelerations, {how}", "s/state", side) for how in ways]

    def measured(benchmark, rounds):
        links = int(benchmark.name.split(":")[0].removeprefix("chain of "))
        peer = 1e-7 * links if "one" in benchmark.name else None
        ours = 3e-9 * links**2
        return Row(benchmark.name, ours, peer, "Peer", "s/state", None, None, None)

    monkeypatch.setattr(growth, "acceleration_benchmarks", benchmarks)
    monkeypatch.setattr(growth, "measure", measured)


def test_the_slope_is_that_of_the_logarithms(law):
    *rows, one, batch = growth.chain_rows((20, 40, 80), 1)
    assert len(rows) == 6
    assert one.name == "chains of 20 to 80: accelerations, one at a time, power of links"
    assert (one.ours, one.peer) == pytest.approx((2.0, 1.0)) and one.unit == ""
    assert batch.ours == pytest.approx(2.0) and batch.peer is None
