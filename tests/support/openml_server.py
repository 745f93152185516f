"""A small OpenML on this machine: the addresses that openml-python asks for a dataset, and the ways they can fail."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import openml
import pytest

ERROR = (
    '<oml:error xmlns:oml="http://openml.org/openml"><oml:code>{}</oml:code><oml:message>{}</oml:message></oml:error>'
)


@dataclass
class Server:
    """Add datasets with `add`; set `mode` to make it fail; `asked` is what was asked for, in order."""

    port: int = 0
    mode: str = "well"  # silent: accepts and never answers; html: someone else answers; corrupt: bytes were lost
    asked: list[str] = field(default_factory=list)
    answers: dict[str, bytes] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1/xml"

    def add(self, number: int, arff: str, *, parquet: bytes | None = None, **fields: str | None) -> None:
        """A dataset in OpenML's words; `fields` are those of its description (None leaves one out)."""
        content = arff.encode()
        host = f"http://127.0.0.1:{self.port}"
        description: dict[str, Any] = {
            "id": number,
            "name": f"dataset_{number}",
            "version": 1,
            "description": "A test.",
            "format": "ARFF",
            "licence": "Public",
            "url": f"{host}/data/v1/download/{number}/dataset.arff",
            "parquet_url": f"{host}/dataset{number}/dataset_{number}.pq" if parquet else None,
            "default_target_attribute": "target",
            "visibility": "public",
            "status": "active",
            "md5_checksum": hashlib.md5(content).hexdigest(),
            **fields,
        }
        lines = [
            f"<oml:{key}>{escape(str(value))}</oml:{key}>" for key, value in description.items() if value is not None
        ]
        head = '<oml:data_set_description xmlns:oml="http://openml.org/openml">'
        self.answers[f"/api/v1/xml/data/{number}"] = f"{head}{''.join(lines)}</oml:data_set_description>".encode()
        self.answers[f"/data/v1/download/{number}/dataset.arff"] = content
        if parquet:
            self.answers[f"/dataset{number}/dataset_{number}.pq"] = parquet


@contextmanager
def asked_by_the_client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A running server that openml-python asks instead of OpenML's."""
    with serving() as running:
        monkeypatch.setattr(openml.config, "server", running.url)
        yield running


@contextmanager
def serving() -> Iterator[Server]:
    """A running server; it has stopped, and refuses connections, once the block is left."""
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            server.asked.append(path)
            if server.mode == "silent":
                server.stopping.wait(30)  # a client that waits longer is told that the connection is closed
            elif server.mode == "html":
                self.answer(503, b"<html><body>Closed<br></body></html>", "text/html")
            elif path not in server.answers:
                self.answer(412, ERROR.format(111, "Unknown dataset").encode(), "text/xml; charset=utf-8")
            else:
                content = server.answers[path]
                corrupt = server.mode == "corrupt" and path.endswith(".arff")
                self.answer(200, content[:-9] if corrupt else content, "text/plain; charset=utf-8")

        def do_HEAD(self) -> None:
            self.do_GET()

        def answer(self, status: int, content: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("ETag", f'"{hashlib.md5(content).hexdigest()}"')
            self.send_header("Last-Modified", "Mon, 06 Jan 2025 10:00:00 GMT")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Tests need no access log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        server.port = http.server_address[1]
        thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            http.shutdown()
            thread.join()
