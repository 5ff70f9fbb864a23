"""An upstream that answers every request with the same bytes, and a raw client: for comparing what went over the wire.

Both speak HTTP by hand, so that nothing tidies up. Blocking sockets with time-outs; one thread per connection.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

TIMEOUT = 20.0


@dataclass(frozen=True, slots=True)
class Message:
    """One HTTP message. `start` is the request or status line; `body` has its chunked framing taken off."""

    start: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def header(self, name: bytes) -> bytes | None:
        return next((value for key, value in self.headers if key.lower() == name), None)

    def without(self, *names: bytes) -> Message:
        """Without some headers (lower case), the order of the others kept."""
        kept = tuple((key, value) for key, value in self.headers if key.lower() not in names)
        return Message(self.start, kept, self.body)

    def encode(self) -> bytes:
        """The message again, unchunked."""
        lines = [self.start, *(key + b": " + value for key, value in self.headers)]
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body


def read_message(stream: BinaryIO) -> Message | None:
    """The next message of a connection; None when it was closed instead."""
    start = stream.readline().rstrip(b"\r\n")
    if not start:
        return None
    headers = []
    while line := stream.readline().rstrip(b"\r\n"):
        key, _, value = line.partition(b":")
        headers.append((key, value.strip()))
    head = Message(start, tuple(headers), b"")
    if (head.header(b"transfer-encoding") or b"").lower() == b"chunked":
        body = b"".join(_chunks(stream))
    else:
        body = stream.read(int(head.header(b"content-length") or 0))
    return Message(start, head.headers, body)


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while size := int(stream.readline().split(b";")[0], 16):
        yield stream.read(size)
        stream.readline()
    stream.readline()


def exchange(port: int, request: bytes) -> Message:
    """Send raw bytes to a port of this machine and read the answer."""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT) as connection, connection.makefile("rb") as stream:
        connection.sendall(request)
        answer = read_message(stream)
        assert answer is not None, "no answer"
        return answer


@dataclass
class FixedUpstream:
    """What arrived, and what is answered: the same bytes each time."""

    answer: bytes
    port: int = 0
    received: list[Message] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def serving(self) -> Iterator[FixedUpstream]:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]
            thread = threading.Thread(target=self._accept, args=(server,), daemon=True)
            thread.start()
            try:
                yield self
            finally:
                server.shutdown(socket.SHUT_RDWR)
                thread.join(TIMEOUT)

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return  # told to stop
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(TIMEOUT)
        with connection, connection.makefile("rb") as stream:
            try:
                while message := read_message(stream):
                    self.received.append(message)
                    connection.sendall(self.answer)
            except OSError:
                return  # the other side has left


def chunked(head: bytes, *pieces: bytes) -> bytes:
    """An answer in chunks; `head` is the status line and the headers, each with its line end."""
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n\r\n"


def sized(head: bytes, body: bytes) -> bytes:
    """An answer that says its length."""
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body
