"""Servers that misbehave in chosen ways."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

import pytest


class RawServer:
    """Accepts connections and lets a function write whatever it likes."""

    def __init__(self, answer):
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.requests = []
        self.connections = 0
        self._open = []
        self.closing = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        with suppress(OSError), connection:
            while request := self._request(connection):
                self.requests.append(request)
                if not self._answer(connection, self):
                    return

    def _request(self, connection):
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(65536)
            if not piece:
                return None
            head += piece
        head, _, body = head.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        while len(body) < length:
            body += connection.recv(65536)
        return (head + b"\r\n\r\n" + body).decode()

    def close(self):
        self.closing.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=5)


def response(body=b"", status="200 OK", **headers):
    """Build an answer."""
    named = {"content-length": len(body), **{name.replace("_", "-"): value for name, value in headers.items()}}
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items() if value is not None)
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


@pytest.fixture
def answers():
    """Build HTTP answers."""
    return response


@pytest.fixture
def raw_server():
    """Start servers that send given bytes, or let a function talk; it returns whether the connection stays open."""
    servers = []

    def start(answer):
        def send(connection, _server):
            connection.sendall(answer)
            return True

        servers.append(RawServer(answer if callable(answer) else send))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def silent():
    """Talk that never says anything."""

    def wait(_connection, server):
        server.closing.wait(30)
        return False

    return wait


@pytest.fixture
def dripping():
    """Talk that says one byte at a time, for ever."""

    def talk(start=b"", drop=b"x"):
        def drip(connection, server):
            connection.sendall(start)
            while not server.closing.wait(0.05):
                connection.sendall(drop)
            return False

        return drip

    return talk
