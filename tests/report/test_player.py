"""The clock of a simulation that is watched, and what messages do to it, without a server."""

import json
import threading

import numpy as np
import pytest
from ground_robots import RAISABLE
from played import playing

from vgps.codegen.description.robot import load
from vgps.policy.raised_ground import RaisedGround, landscape, robot_size
from vgps.report.play import frames
from vgps.report.play import player as play
from vgps.report.play.player import RefusedMessage


def shown(player, seconds=0.0):
    player.pass_time(seconds)
    return json.loads(player.next_frame(0).frame)


def do(player, **message):
    player.do(json.dumps(message).encode())


def test_time_passes_as_the_clock_says(swimmer):
    player, simulation = playing(swimmer)
    for _ in range(10):
        player.pass_time(0.03)
    assert simulation.t == 15
    do(player, do="set", rate=0.1)
    for _ in range(10):
        player.pass_time(0.03)
    assert simulation.t in (16, 17)  # 1.5 more
    do(player, do="set", paused=True)
    t = simulation.t
    player.pass_time(0.1)
    assert simulation.t == t and shown(player)["paused"]
    do(player, do="set", paused=False, rate=1.0)
    player.pass_time(60.0)  # a laptop that slept
    assert simulation.t <= t + 6


def test_slow_motion_moves_between_steps(cartpole):
    player, simulation = playing(cartpole)
    simulation.x = simulation.before = np.array([0.0, 0.5, 1.0, 0.0])
    do(player, do="set", rate=0.1)
    places = [shown(player, 0.1 * cartpole.dt)["com"][0][0] for _ in range(400)]
    moves = np.diff(places[100:])
    assert (moves > 0.0).all() and moves.max() < 3 * moves.min()


def test_a_pull_moves_the_robot_towards_the_hand(swimmer):
    player, simulation = playing(swimmer)
    before = shown(player)["com"][0]
    place = [before[0], before[1] + 3.0]
    do(player, do="pull", at=place)
    for _ in range(10):
        frame = shown(player, 0.1)
    assert frame["com"][0][1] > before[1] + 0.1
    assert frame["hand"]["to"] == place and frame["hand"]["force"][1] > 0.0
    do(player, do="release")
    assert shown(player)["hand"] is None


def test_settings_stay_until_they_are_changed(swimmer):
    player, _ = playing(swimmer)
    do(player, do="set", noisy=True)
    do(player, do="set", disturbed=True, strength=2.0)
    frame = shown(player, 0.1)
    assert frame["noisy"] and frame["disturbed"] and frame["strength"] == 2.0
    do(player, do="set", noisy=False)
    frame = shown(player)
    assert not frame["noisy"] and frame["disturbed"]


def test_a_reset_begins_anew(swimmer):
    player, simulation = playing(swimmer)
    player.pass_time(0.1)
    do(player, do="reset")
    assert simulation.t == 0 and shown(player)["t"] == 0.0


def test_a_target_is_moved(compiled):
    player, _ = playing(compiled(load("reacher")))
    do(player, do="move", target=0, at=[-0.1, 0.05])
    assert shown(player, 0.1)["targets"] == [[-0.1, 0.05]]
    assert player.scene()["movable"] == [True]


@pytest.mark.parametrize(("spread", "axis"), [("[0.04, 0]", 0), ("[0, 0.02]", 1)])
def test_a_target_that_is_a_single_number_is_a_command(compiled, spread, axis):
    player, _ = playing(compiled(load("reacher", {"targets.goal.spread": spread})))
    about = player.scene()
    (command,) = about["commands"]
    assert command["name"] == ("goal.x", "goal.y")[axis] and command["axis"] == axis
    reach = 3 * (0.04, 0.02)[axis]
    assert (command["low"], command["high"]) == pytest.approx((0.1 - reach, 0.1 + reach))
    assert about["movable"] == [False]


def test_a_place_and_what_is_not_seen_are_no_commands(compiled):
    unseen = {"task.observe": "{q: [shoulder], v: [elbow]}", "targets.goal.spread": "[0.04, 0]"}
    for changes, movable in (({}, [True]), (unseen, [False])):
        player, _ = playing(compiled(load("reacher", changes)))
        assert player.scene()["commands"] == [] and player.scene()["movable"] == movable


def test_the_ground_is_raised(build_text, compiled):
    foot = build_text(RAISABLE)
    ground = RaisedGround(foot, compiled(landscape(foot.robot, robot_size(foot))))
    player, _ = playing(foot, ground=ground)
    assert player.scene()["highest"] > 0.05
    do(player, do="raise", beyond=1.0, by=0.05)
    for _ in range(10):
        player.pass_time(0.1)
    surface = np.array(json.loads(player.next_frame(0).ground))
    assert surface[0, 1] == pytest.approx(-0.25, abs=1e-4)
    assert surface[-1, 1] == pytest.approx(-0.2, abs=2e-3)


def test_uneven_ground_is_shown_around_the_robot(on_ground):
    player, simulation = playing(on_ground("0.1 + steep*sin(3*x)"))
    for x in (0.0, 3.0, 500.0):
        simulation.x = simulation.before = np.eye(simulation.model.nx)[0] * x
        player.pass_time(0.0)
        surface = np.array(json.loads(player.next_frame(0).ground))
        assert surface[0, 0] < x < surface[-1, 0]
        np.testing.assert_allclose(
            surface[:, 1], 0.1 + 0.2 * np.sin(3.0 * surface[:, 0]), atol=1e-3
        )


def test_what_diverges_is_said_and_begun_anew(swimmer):
    player, simulation = playing(swimmer, gain=1e3)
    simulation.x = simulation.x + 1.0
    for _ in range(20):
        if shown(player, 0.1)["notes"]:
            break
    frame = shown(player)
    assert frame["notes"] == 1 and "diverged" in frame["note"]
    assert frame["t"] == 0.0 and np.isfinite(simulation.x).all()


def test_a_force_that_cannot_be_shown_is_divergence(swimmer, monkeypatch):
    player, _ = playing(swimmer)
    frame_of = frames.frame_of
    endless = {"forces": [[np.inf]]}
    monkeypatch.setattr(frames, "frame_of", lambda *given: frame_of(*given) | endless)
    player.pass_time(0.1)
    monkeypatch.undo()
    assert shown(player)["notes"] == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "JSON"),
        (b"\xff{", "JSON|utf"),
        (b"[" * 4000, "JSON"),
        (b"[]", "object"),
        (b"null", "object"),
        (b"{}", "do"),
        (b'{"do": "fly"}', "fly"),
        (b'{"do": "pull"}', "pull.at"),
        (b'{"do": "pull", "at": [1]}', "pull.at"),
        (b'{"do": "pull", "at": [1, "2"]}', "pull.at.1"),
        (b'{"do": "pull", "at": [NaN, 0]}', "pull.at.0"),
        (b'{"do": "pull", "at": [1e999, 0]}', "pull.at.0"),
        (b'{"do": "pull", "at": [0, 1e7]}', "pull.at.1"),
        (b'{"do": "pull", "at": [0, 1], "x": 1}', "pull.x"),
        (b'{"do": "set", "rate": 0}', "set.rate"),
        (b'{"do": "set", "rate": 2}', "set.rate"),
        (b'{"do": "set", "paused": 1}', "set.paused"),
        (b'{"do": "set", "strength": 1e9}', "set.strength"),
        (b'{"do": "move", "target": -1, "at": [0, 0]}', "move.target"),
        (b'{"do": "move", "target": 0, "at": [0, 0]}', "target: the policy sees no target 0"),
        (b'{"do": "move", "target": 1000000000000000000000, "at": [0, 0]}', "target"),
        (b'{"do": "raise", "beyond": 1, "by": 0.1}', "the ground of swimmer cannot be raised"),
        (b'{"do": "raise", "beyond": 1}', "raise.by"),
    ],
)
def test_messages_that_are_refused(swimmer, body, said):
    player, simulation = playing(swimmer)
    before = simulation.x
    with pytest.raises(RefusedMessage, match=said):
        player.do(body)
    assert simulation.x is before and simulation.hand is None


def test_it_runs_while_somebody_watches(swimmer):
    player, simulation = playing(swimmer)
    threading.Thread(target=player.run, daemon=True).start()
    with player.watched():
        first = player.next_frame(0)
        later = player.next_frame(first.number)
        while json.loads(later.frame)["t"] == 0.0:
            later = player.next_frame(later.number)
        do(player, do="pull", at=[0.0, 1.0])
    assert later.number > first.number
    assert simulation.hand is None  # nobody is left whose hand it could be


def test_only_so_many_watch(swimmer, monkeypatch):
    monkeypatch.setattr(play, "MOST_WATCHERS", 1)
    player, _ = playing(swimmer)
    with player.watched(), pytest.raises(RefusedMessage, match="1 pages watch"), player.watched():
        pass
    with player.watched():
        pass
