"""The page of a player on a loopback port, for whoever has its address.

GET   /TOKEN/         the page, and the files that belong to it
GET   /TOKEN/stream   server-sent events: `scene` once, `ground` when it changes, and frames
POST  /TOKEN/do       a message (`messages`)

The address holds a random token.  What comes under another name of this machine (DNS rebinding) or
from the page of another site is refused, too.
"""

import json
import os
import secrets
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from hmac import compare_digest
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from typing_extensions import override

from vgps.codegen.errors import InputError
from vgps.report.play.player import Player, RefusedMessage

HOST = "127.0.0.1"
LARGEST = 4096  # bytes of a message
_LAST_PORT = 65535
_PATIENCE = 10.0  # s for a request, and for a page to take a frame
_POLL = 0.1  # s between looks for the end
_REPORT = Path(__file__).parents[1]
_FILES = {
    "": (_REPORT / "play" / "play.html", "text/html"),
    "play.css": (_REPORT / "play" / "play.css", "text/css"),
    "play.js": (_REPORT / "play" / "play.js", "text/javascript"),
    "colours.css": (_REPORT / "page" / "colours.css", "text/css"),
    "scene.js": (_REPORT / "page" / "scene.js", "text/javascript"),
}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class PortError(InputError):
    """One sentence about a port that cannot be had."""


class PlayServer(ThreadingHTTPServer):
    """Serves one player.

    url  where
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, player: Player, port: int) -> None:
        """Listen on ``port`` of the loopback interface, any that is free for 0.

        Raises:
            PortError: when it is taken, not ours to take, or none.
        """
        if port > _LAST_PORT:
            raise PortError(f"--port {port}: must be at most {_LAST_PORT}")
        self.player = player
        self.token = secrets.token_urlsafe(16)
        try:
            super().__init__((HOST, port), _Handler)
        except OSError as error:
            raise PortError(f"--port {port}: {error.strerror}") from None
        self.names = {f"{host}:{self.server_port}" for host in (HOST, "localhost")}
        self.url = f"http://{HOST}:{self.server_port}/{self.token}/"

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a connection that has been closed."""


@contextmanager
def serving(server: PlayServer) -> Iterator[None]:
    """A context in which a thread of its own answers."""
    thread = threading.Thread(target=server.serve_forever, args=(_POLL,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()


def open_browser(url: str) -> None:
    """Show a page in the user's browser, where there is a screen for one."""
    if sys.platform != "linux" or {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys():
        webbrowser.open(url)


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: PlayServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "vgps", ""
    timeout = _PATIENCE

    def do_GET(self) -> None:
        path = self._path()
        if path is None:
            self._refuse(HTTPStatus.FORBIDDEN)
        elif path == "stream":
            self._stream()
        elif path in _FILES:
            file, kind = _FILES[path]
            self._answer(HTTPStatus.OK, file.read_bytes(), f"{kind}; charset=utf-8")
        else:
            self._refuse(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        path = self._path()
        length = self.headers.get("Content-Length", "")
        if path is None:
            self._refuse(HTTPStatus.FORBIDDEN)
        elif path != "do":
            self._refuse(HTTPStatus.NOT_FOUND)
        elif self.headers.get_content_type() != "application/json":
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        elif not (length.isascii() and length.isdigit()):
            self._refuse(HTTPStatus.LENGTH_REQUIRED)
        elif len(length) > 9 or int(length) > LARGEST:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            try:
                self.server.player.do(self.rfile.read(int(length)))
            except RefusedMessage as error:
                self._answer(HTTPStatus.BAD_REQUEST, str(error).encode(), "text/plain")
            else:
                self._answer(HTTPStatus.NO_CONTENT)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of requests."""

    def _path(self) -> str | None:
        """What is asked for; None where nothing is given to who asks."""
        hosts, origins = self.headers.get_all("Host", []), self.headers.get_all("Origin", [])
        if len(hosts) != 1 or hosts[0] not in self.server.names:
            return None
        if any(
            origin not in {f"http://{name}" for name in self.server.names} for origin in origins
        ):
            return None
        _, token, path = [*self.path.split("/", 2), "", ""][:3]
        return path if compare_digest(token.encode(), self.server.token.encode()) else None

    def _stream(self) -> None:
        player = self.server.player
        try:
            with player.watched():
                self._begin(HTTPStatus.OK, {"Content-Type": "text/event-stream"}, close=True)
                self._event("scene", json.dumps(player.scene()))
                number, ground = 0, None
                while True:
                    shown = player.next_frame(number)
                    if shown.ground != ground:
                        self._event("ground", shown.ground)
                    self._event("frame", shown.frame)
                    number, ground = shown.number, shown.ground
        except RefusedMessage as error:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, str(error).encode(), "text/plain")

    def _event(self, name: str, data: str) -> None:
        self.wfile.write(f"event: {name}\ndata: {data}\n\n".encode())

    def _refuse(self, status: HTTPStatus) -> None:
        # What was sent with it is not read, and would be taken for the next request.
        self._begin(status, {"Content-Length": "0"}, close=True)

    def _answer(self, status: HTTPStatus, body: bytes = b"", kind: str = "") -> None:
        about = {"Content-Type": kind} if kind else {}
        if status != HTTPStatus.NO_CONTENT:
            about["Content-Length"] = str(len(body))
        self._begin(status, about, close=False)
        self.wfile.write(body)

    def _begin(self, status: HTTPStatus, about: dict[str, str], close: bool) -> None:
        self.send_response(status)
        for name, value in (_HEADERS | about).items():
            self.send_header(name, value)
        if close:
            self.send_header("Connection", "close")
        self.end_headers()
