"""The page of `vgps play`: what is served, what is refused, and how the command ends."""

import json
import signal
import socket
import threading
from contextlib import contextmanager
from http.client import HTTPConnection

import pytest
from command_line import run, started
from played import playing
from quick import quick_ones

from vgps.report.play import server as serve
from vgps.report.play.server import LARGEST, PlayServer, PortError, open_browser, serving

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def server(swimmer):
    player, _ = playing(swimmer)
    threading.Thread(target=player.run, daemon=True).start()
    with PlayServer(player, 0) as server, serving(server):
        yield server


@contextmanager
def asked(server, method, path, headers=None, body=None):
    """The answer to a request; without headers of ours it is what a browser would send."""
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    try:
        connection.request(method, path, body, {} if headers is None else headers)
        yield connection.getresponse()
    finally:
        connection.close()


def status(*request):
    with asked(*request) as answer:
        return answer.status


def told(server, message):
    body = json.dumps(message)
    with asked(server, "POST", f"/{server.token}/do", JSON, body) as answer:
        return answer.status, answer.read().decode()


@contextmanager
def streamed(server):
    """The events of the stream, (name, data), one after another."""
    with asked(server, "GET", f"/{server.token}/stream") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/event-stream"

        def events():
            while True:
                name, data, end = (answer.readline().decode() for _ in range(3))
                assert end == "\n"
                yield name.removeprefix("event: ").strip(), json.loads(data.removeprefix("data: "))

        yield events()


def frames_until(events, condition):
    for name, data in events:
        if name == "frame" and condition(data):
            return data


def test_the_page_and_its_files(server):
    with asked(server, "GET", f"/{server.token}/") as answer:
        page = answer.read().decode()
        assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/html")
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "http" not in page  # nothing is fetched from elsewhere
    for name in ("colours.css", "play.css", "play.js", "scene.js"):
        assert name in page
        assert status(server, "GET", f"/{server.token}/{name}") == 200
    assert server.url == f"http://127.0.0.1:{server.server_port}/{server.token}/"
    assert server.server_address[0] == "127.0.0.1"


def test_the_stream_tells_what_messages_do(server):
    with streamed(server) as events:
        name, about = next(events)
        assert name == "scene" and about["robot"] == "swimmer" and about["highest"] == 0
        first = frames_until(events, lambda frame: True)
        later = frames_until(events, lambda frame: frame["t"] > first["t"])
        place = [later["com"][0][0], later["com"][0][1] + 2.0]
        assert told(server, {"do": "pull", "at": place}) == (204, "")
        pulled = frames_until(events, lambda frame: frame["hand"])
        assert pulled["hand"]["to"] == place
        assert told(server, {"do": "set", "paused": True})[0] == 204
        frames_until(events, lambda frame: frame["paused"])
        assert told(server, {"do": "set", "paused": False})[0] == 204


@pytest.mark.parametrize("path", ["/", "/wrong/", "/wrong/do", "//", "/{token}x/", "/wrong/stream"])
def test_a_wrong_token(server, path):
    for method in ("GET", "POST"):
        assert status(server, method, path.format(token=server.token), JSON, "{}") == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:{port}"},
        {"Host": "127.0.0.1"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
    ],
    ids=str,
)
def test_another_host_or_origin(server, headers):
    given = {name: text.format(port=server.server_port) for name, text in headers.items()}
    assert status(server, "GET", f"/{server.token}/", given) == 403
    assert status(server, "GET", f"/{server.token}/stream", given) == 403
    body = '{"do": "reset"}'
    assert status(server, "POST", f"/{server.token}/do", JSON | given, body) == 403


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_its_own_host_and_origin(server, name):
    place = f"{name}:{server.server_port}"
    own = {"Host": place, "Origin": f"http://{place}"}
    assert status(server, "POST", f"/{server.token}/do", JSON | own, '{"do": "reset"}') == 204


def test_requests_that_are_refused(server):
    do = f"/{server.token}/do"
    assert told(server, {"do": "fly"})[0] == 400
    assert "fly" in told(server, {"do": "fly"})[1]
    assert status(server, "POST", do, {"Content-Type": "text/plain"}, '{"do": "reset"}') == 415
    assert status(server, "POST", do, JSON, "x" * (LARGEST + 1)) == 413
    assert status(server, "POST", do, JSON | {"Content-Length": "9" * 30}, "") == 413
    assert status(server, "POST", do, JSON | {"Content-Length": "-1"}, "") == 411
    assert status(server, "POST", do, JSON | {"Content-Length": "two"}, "") == 411
    assert status(server, "GET", do) == 404
    assert status(server, "GET", f"/{server.token}/../run.py") == 404
    assert status(server, "POST", f"/{server.token}/", JSON, "{}") == 404
    assert status(server, "DELETE", f"/{server.token}/") == 501
    assert told(server, {"do": "reset"})[0] == 204


@pytest.mark.parametrize(
    "sent", [b"\x00\xff\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b""]
)
def test_what_is_no_request(server, capfd, sent):
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=20) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass
    assert told(server, {"do": "reset"})[0] == 204
    assert capfd.readouterr() == ("", "")


def test_a_page_that_is_left_in_the_middle(server, capfd):
    for _ in range(3):
        with streamed(server) as events:
            next(events)
    with streamed(server) as events:
        frames_until(events, lambda frame: True)
    assert capfd.readouterr() == ("", "")


def test_a_port_that_is_taken(server):
    with pytest.raises(PortError, match=rf"^--port {server.server_port}: "):
        PlayServer(server.player, server.server_port)
    with pytest.raises(PortError, match="^--port 70000: must be at most 65535$"):
        PlayServer(server.player, 70000)


@pytest.mark.parametrize(
    ("platform", "variables", "opened"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("darwin", {}, True),
    ],
)
def test_a_browser_is_opened_where_there_is_a_screen(monkeypatch, platform, variables, opened):
    urls = []
    monkeypatch.setattr(serve.webbrowser, "open", urls.append)
    monkeypatch.setattr(serve.sys, "platform", platform)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    open_browser("http://127.0.0.1:1/")
    assert urls == (["http://127.0.0.1:1/"] if opened else [])


@pytest.mark.parametrize("number", quick_ones([signal.SIGINT, signal.SIGTERM], [signal.SIGINT]))
def test_a_signal_ends_the_command(cartpole_run, number):
    """Whether somebody watches or not."""
    folder, _ = cartpole_run
    with started("play", folder, "--no-open", "--json") as process:
        url = json.loads(process.stdout.readline())["url"]
        if number == signal.SIGINT:
            host, token = url.removeprefix("http://").split("/")[:2]
            connection = HTTPConnection(host, timeout=20)
            connection.request("GET", f"/{token}/stream")
            assert connection.getresponse().readline() == b"event: scene\n"
        process.send_signal(number)
        assert process.wait(20) == 128 + number
        assert "Traceback" not in process.stderr.read()


def test_what_the_command_refuses(cartpole_run, tmp_path):
    folder, _ = cartpole_run
    refused = run("play", tmp_path / "none", "--no-open")
    assert refused.returncode == 2 and str(tmp_path / "none") in refused.stderr
    for port, said in (("-1", "at least 0"), ("70000", "at most 65535")):
        refused = run("play", folder, "--no-open", "--port", port)
        assert refused.returncode == 2 and said in refused.stderr
