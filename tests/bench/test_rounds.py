"""Rounds take turns, medians and ranges are those of the pairs, and no peer is passed over."""

import numpy as np
import pytest

from vgps.bench.agreement import require_close
from vgps.bench.rounds import (
    ROUND_SECONDS,
    Benchmark,
    Disagreement,
    Peer,
    Side,
    interleaved,
    measure,
    row,
)


class Clock:
    """A clock that only work moves, and a diary of who worked and how often."""

    def __init__(self):
        self.now, self.diary = 0.0, []

    def __call__(self):
        return self.now

    def worker(self, who, seconds):
        def work(n):
            self.now += n * seconds
            self.diary.append((who, n))

        return work


def peer_of(prepare):
    return Peer("Peer", ("peer",), prepare)


def test_sides_take_turns_and_fill_their_rounds():
    clock = Clock()
    sides = Side(clock.worker("ours", 1e-4)), Side(clock.worker("peer", 3e-3))
    seconds, dropped = interleaved(sides, 5, clock)
    rounds = clock.diary[-10:]
    assert [who for who, _ in rounds] == ["ours", "peer"] * 5
    assert all(n * {"ours": 1e-4, "peer": 3e-3}[who] >= ROUND_SECONDS for who, n in rounds)
    assert len({n for who, n in rounds if who == "ours"}) == 1
    np.testing.assert_allclose(seconds, [[1e-4] * 5, [3e-3] * 5])
    assert not dropped


def test_seconds_are_those_of_a_unit_without_overhead():
    clock = Clock()
    side = Side(clock.worker("peer", 5e-3), 10, clock.worker("overhead", 1e-3))
    (seconds,), _ = interleaved((side,), 3, clock)
    np.testing.assert_allclose(seconds, [(5e-3 - 1e-3) / 10] * 3)
    assert [n for _, n in clock.diary[-2:]] == [clock.diary[-1][1]] * 2


class Busy(Clock):
    """A machine on which other work interferes with some calls of the overhead."""

    def __init__(self, interfered):
        super().__init__()
        self.interfered, self.calls = interfered, 0

    def overhead(self, n):
        self.calls += 1
        self.now += n * (9e-3 if self.calls in self.interfered else 1e-3)

    def measured(self, rounds):
        ours = Side(self.worker("ours", 1e-3))
        peer = peer_of(lambda: Side(self.worker("peer", 5e-3), 1, self.overhead))
        return measure(Benchmark("work", "s", ours, peer), rounds, self)


def test_a_round_whose_overhead_takes_longer_than_the_call_is_dropped_and_counted():
    result = Busy({2, 4}).measured(5)
    assert result.peer_name == "Peer, 2 of 5 rounds dropped"
    assert (result.ratio, result.ratio_low, result.ratio_high) == pytest.approx((4, 4, 4))


def test_where_every_round_is_lost_there_is_no_ratio():
    result = Busy({1, 2, 3}).measured(3)
    assert result.ours == pytest.approx(1e-3)
    assert result[2:] == (None, "Peer: takes no longer than its overhead", "s", None, None, None)


def test_the_ratio_is_that_of_medians_and_its_range_that_of_pairs():
    result = row("work", "s", "Peer", [1.0, 2.0, 4.0], [9.0, 10.0, 8.0])
    assert result == ("work", 2.0, 9.0, "Peer", "s", 4.5, 2.0, 9.0)


def test_a_measured_row_is_peer_over_ours():
    clock = Clock()
    ours = Side(clock.worker("ours", 1e-3))
    peer = peer_of(lambda: Side(clock.worker("peer", 8e-3)))
    result = measure(Benchmark("work", "s", ours, peer), 3, clock)
    assert result.peer_name == "Peer"
    assert (result.ratio, result.ratio_low, result.ratio_high) == pytest.approx((8, 8, 8))


def test_a_missing_peer_is_named_and_has_no_ratio():
    def prepare():
        raise ModuleNotFoundError("No module named 'peer.core'", name="peer.core")

    clock = Clock()
    ours = Side(clock.worker("ours", 1e-3))
    result = measure(Benchmark("work", "s", ours, peer_of(prepare)), 3, clock)
    assert result.ours == pytest.approx(1e-3)
    assert result[2:] == (None, "Peer: not installed", "s", None, None, None)


def test_a_module_that_we_forgot_is_no_missing_peer():
    def prepare():
        raise ModuleNotFoundError("No module named 'ours'", name="ours")

    clock = Clock()
    with pytest.raises(ModuleNotFoundError):
        measure(Benchmark("work", "s", Side(clock.worker("ours", 1)), peer_of(prepare)), 3, clock)


def test_a_peer_that_disagrees_is_refused():
    def prepare():
        require_close("the answer", [42.0], [43.0], 1e-3)
        raise AssertionError("the check let a wrong number pass")

    clock = Clock()
    ours = Side(clock.worker("ours", 1e-3))
    result = measure(Benchmark("work", "s", ours, peer_of(prepare)), 3, clock)
    assert result.peer_name == "Peer: disagrees, the answer differs by 2.3e-02 of its largest entry"
    assert (result.peer, result.ratio, result.ratio_low, result.ratio_high) == (None,) * 4


def test_without_a_peer_there_is_only_ours():
    clock = Clock()
    result = measure(Benchmark("build", "s", Side(clock.worker("ours", 2.0))), 3, clock)
    assert result == ("build", 2.0, None, None, "s", None, None, None)


@pytest.mark.parametrize("ours", [[1.0, np.nan], [1.0, 2.1], [[1.0, 2.0]] * 2 + [[1.0, 3.0]]])
def test_numbers_that_differ_or_are_none_are_not_close(ours):
    with pytest.raises(Disagreement, match="v' differs"):
        require_close("v'", ours, [1.0, 2.0], 1e-2)


def test_close_numbers_pass():
    require_close("v'", [1.0, 2.0], [1.0, 2.01], 1e-2)
