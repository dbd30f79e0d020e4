"""The clock of a simulation that is watched, and what is asked of it.

The thread that calls `run` moves the robot; those of a server hand in messages and wait for frames.
While nobody watches, time stands still.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

import numpy as np
from pydantic import ValidationError

from vgps.policy.simulation import Simulation
from vgps.report.play.frames import Surface, about, frame_between
from vgps.report.play.messages import (
    MESSAGE,
    Message,
    Move,
    Pull,
    Raise,
    Release,
    Reset,
    Settings,
)

T = TypeVar("T")

FRAMES = 60.0  # a second
_LONGEST = 0.1  # s that are made up for after a delay
MOST_WATCHERS = 4  # browsers open six connections, and messages need one


class RefusedMessage(ValueError):
    """One sentence about a message that cannot be meant."""


class Shown(NamedTuple):
    """What a page shows, as JSON."""

    number: int  # of the frame, from 1 on
    frame: str
    ground: str  # points of its surface, which seldom changes


class Player:
    """A simulation and its clock.

    paused  whether time stands still
    rate    of simulated to real time
    """

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._lock = threading.Lock()  # of the simulation
        self._news = threading.Condition()  # of what is below
        self._watchers = 0
        self._shown = Shown(0, "", "")
        self.paused, self.rate = False, 1.0
        self._due = 0.0  # steps that should have been done by now
        self._notes = 0
        self._note = ""
        self._surface = Surface(simulation)

    def scene(self) -> dict[str, Any]:
        """What never changes (`frames.about`)."""
        return about(self._simulation)

    def do(self, body: bytes) -> None:
        """What a message says.

        Raises:
            RefusedMessage: for one that is malformed, or asks for what this robot does not have.
        """
        try:
            message = MESSAGE.validate_json(body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"])) or "message"
            raise RefusedMessage(f"{place}: {first['msg']}") from None
        with self._lock:
            self._do(message)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """A context in which time goes on.

        Raises:
            RefusedMessage: when there are enough who watch.
        """
        with self._news:
            if self._watchers >= MOST_WATCHERS:
                raise RefusedMessage(f"{MOST_WATCHERS} pages watch already")
            self._watchers += 1
            self._news.notify_all()
        try:
            yield
        finally:
            with self._news:
                self._watchers -= 1
                alone = self._watchers == 0
            if alone:
                with self._lock:
                    self._simulation.release()

    def next_frame(self, after: int) -> Shown:
        """The newest frame, once there is one with a number greater than ``after``."""
        with self._news:
            self._news.wait_for(lambda: self._shown.number > after)
            return self._shown

    def run(self) -> None:
        """Move the robot in real time until the process ends."""
        while True:
            with self._news:
                self._news.wait_for(lambda: self._watchers > 0)
            now = time.monotonic()
            following = now
            while self._watchers:
                before, now = now, time.monotonic()
                self.pass_time(now - before)
                following = max(following + 1.0 / FRAMES, now)
                time.sleep(max(0.0, following - time.monotonic()))

    def pass_time(self, seconds: float) -> None:
        """Simulate what happens in so many real seconds, and show it."""
        with self._lock:
            if not self.paused:
                self._due += self.rate * min(seconds, _LONGEST) / self._simulation.model.dt
            while self._due >= 1.0:
                self._due -= 1.0
                self._guarded(self._simulation.advance)
            shown = self._guarded(self._show)
        if shown is not None:
            with self._news:
                self._shown = Shown(self._shown.number + 1, *shown)
                self._news.notify_all()

    def _guarded(self, act: Callable[[], T]) -> T | None:
        """What it gives; where the motion diverges, None after a new start."""
        try:
            return act()
        except FloatingPointError as error:
            self._notes += 1
            self._note = f"the motion diverged ({error}) and was begun anew"
            self._reset()
            return None

    def _reset(self) -> None:
        self._simulation.reset()
        self._due = 0.0

    def _do(self, message: Message) -> None:
        simulation = self._simulation
        match message:
            case Pull(at=at):
                simulation.pull(np.array(at))
            case Release():
                simulation.release()
            case Move(target=target, at=at):
                if not any(simulation.targets_seen()[target : target + 1]):
                    raise RefusedMessage(f"target: the policy sees no target {target}")
                simulation.move_target(target, np.array(at))
            case Raise(beyond=beyond, by=by):
                try:
                    simulation.raise_ground(beyond, by)
                except ValueError as error:
                    raise RefusedMessage(str(error)) from None
            case Reset():
                self._reset()
            case Settings():
                self._set(message)

    def _set(self, given: Settings) -> None:
        simulation = self._simulation
        for name in ("paused", "rate"):
            if (value := getattr(given, name)) is not None:
                setattr(self, name, value)
        for name in ("noisy", "disturbed", "strength"):
            if (value := getattr(given, name)) is not None:
                setattr(simulation, name, value)

    def _show(self) -> tuple[str, str]:
        """The frame that is due, and the ground, as JSON."""
        frame = frame_between(self._simulation, self._due)
        settings = {"paused": self.paused, "rate": self.rate}
        notes = {"notes": self._notes, "note": self._note}
        ground = self._surface.around(frame["com"][0][0])
        try:
            return json.dumps(frame | settings | notes, allow_nan=False), json.dumps(ground)
        except ValueError:
            raise FloatingPointError("a force is not finite") from None
