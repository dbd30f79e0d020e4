"""The page of `vgps play` in a real browser: the robot moves, and the mouse pushes it."""

import math
import threading
import time
from contextlib import contextmanager

from ground_robots import FOOT
from played import playing

from vgps.codegen.description.robot import load
from vgps.policy.raised_ground import RaisedGround, landscape, robot_size
from vgps.report.play.server import PlayServer, serving

TWO_PICTURES = """() => new Promise(
    done => requestAnimationFrame(() => requestAnimationFrame(done))
)"""


@contextmanager
def opened(chromium, model, ground=None):
    """The page of a robot that turns its joints, its simulation, and what went wrong on the page."""
    player, simulation = playing(model, action=2.0, ground=ground)
    threading.Thread(target=player.run, daemon=True).start()
    faults = []
    with PlayServer(player, 0) as server, serving(server):
        page = chromium.new_page(viewport={"width": 1000, "height": 700})
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.goto(server.url)
        until(lambda: page.locator("#robot").inner_text())
        yield page, simulation, faults
        assert not faults
        page.close()


def until(condition):
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it has not come to that in 10 s")


def seconds(page):
    return float(page.locator("#time").inner_text().removesuffix(" s"))


@contextmanager
def standing_still(page):
    """Time stands still, so that what the mouse is at stays there."""
    page.keyboard.press("Space")
    until(lambda: page.locator("#pause").inner_text() == "Play")
    yield
    page.keyboard.press("Space")
    until(lambda: page.locator("#pause").inner_text() == "Pause")


def find(page, cursor, near=(500, 350)):
    """The place nearest to ``near`` on the stage where the mouse has this cursor."""
    places = [(x, y) for x in range(200, 801, 20) for y in range(130, 571, 20)]
    for x, y in sorted(places, key=lambda place: math.dist(place, near)):
        page.mouse.move(x, y)
        page.evaluate(TWO_PICTURES)  # with which the cursor follows
        if page.locator("#stage").evaluate("stage => stage.style.cursor") == cursor:
            return x, y
    raise AssertionError(f"nowhere is the cursor {cursor}")


def test_the_robot_moves_and_is_pulled(chromium, swimmer):
    with opened(chromium, swimmer) as (page, simulation, _):
        assert page.locator("#robot").inner_text() == "swimmer"
        before = seconds(page)
        first = page.locator("#stage").screenshot()
        until(lambda: seconds(page) > before + 0.3)
        with standing_still(page):
            x, y = find(page, "grab")
            y_before = swimmer.points(simulation.x[: swimmer.nq])["com"][1]
            page.mouse.down()
            page.mouse.move(x, y - 150, steps=4)
        until(lambda: simulation.hand is not None and simulation.impulse[1] > 0.0)
        until(lambda: swimmer.points(simulation.x[: swimmer.nq])["com"][1] > y_before + 0.1)
        page.mouse.up()
        until(lambda: simulation.hand is None)
        assert page.locator("#stage").screenshot() != first


def test_its_controls(chromium, swimmer):
    with opened(chromium, swimmer) as (page, simulation, _):
        page.click("#noisy")
        page.click("#disturbed")
        page.click("text=½")
        until(lambda: simulation.noisy and simulation.disturbed)
        until(lambda: page.locator("#rate [aria-pressed=true]").inner_text() == "½")
        page.locator("#strength").fill("1")
        until(lambda: simulation.strength == 10.0)
        page.keyboard.press("r")
        page.click("#pause")
        until(lambda: page.locator("#pause").inner_text() == "Play")
        t = simulation.t
        time.sleep(0.2)
        assert simulation.t == t
        page.click("#reset")
        until(lambda: simulation.t == 0)


def test_targets_are_dragged_and_commands_have_a_slider(chromium, compiled):
    with opened(chromium, compiled(load("reacher"))) as (page, simulation, _):
        assert not page.locator("#commands input").count()
        x, y = find(page, "move")
        before = simulation.x[2:4].copy()
        page.mouse.down()
        page.mouse.move(x + 50, y - 50, steps=4)
        until(lambda: (simulation.x[2:4] - before > 0.01).all())
        page.mouse.up()
    told = compiled(load("reacher", {"targets.goal.spread": "[0.04, 0]"}))
    with opened(chromium, told) as (page, simulation, _):
        page.locator("#commands input").fill("0.16")
        until(lambda: abs(simulation.x[2] - 0.16) < 1e-3)
        assert simulation.x[3] == 0.1


def test_the_ground_is_dragged(chromium, build_text, compiled):
    foot = build_text(FOOT)
    ground = RaisedGround(foot, compiled(landscape(foot.robot, robot_size(foot))))
    with opened(chromium, foot, ground) as (page, _, _):
        with standing_still(page):
            x, y = find(page, "ns-resize", near=(500, 570))
            page.mouse.down()
            page.mouse.move(x, y - 25, steps=4)
            page.mouse.up()
        until(lambda: ground.right > ground.left)
        highest = ground.unit * (ground.right - ground.left)
        assert 0.0 < highest <= ground.highest


def test_it_says_when_the_command_has_ended(chromium, swimmer):
    with opened(chromium, swimmer) as (page, _, faults):
        page.route("**/stream", lambda route: route.abort())
        page.evaluate("location.reload()")
        note = page.locator("#note")
        note.wait_for(state="visible")
        assert "has ended" in note.inner_text()
        faults.clear()
