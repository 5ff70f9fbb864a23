"""Stands between a client and our gateway and writes down what the client sends, without a change."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.e2e.fixed_upstream import Message, read_message


@dataclass
class Tap:
    """Forwards connections to a port of this machine; what goes there is kept, a buffer for each connection."""

    to_port: int
    port: int = 0
    _sent: list[bytearray] = field(default_factory=list)
    _sockets: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    @contextmanager
    def open(self) -> Iterator[Tap]:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]
            self._run(self._accept, server)
            try:
                yield self
            finally:
                for one in (server, *self._sockets):
                    with suppress(OSError):  # its other side has left
                        one.shutdown(socket.SHUT_RDWR)
                for thread in self._threads:
                    thread.join(10)
                for one in self._sockets:
                    one.close()

    def messages(self) -> list[Message]:
        """Every whole request so far."""
        found = []
        for sent in self._sent:
            stream = io.BytesIO(bytes(sent))
            while message := read_message(stream):
                found.append(message)
        return found

    def _run(self, job: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=job, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return  # told to stop
            gateway = socket.create_connection(("127.0.0.1", self.to_port))
            self._sockets += [client, gateway]
            kept = bytearray()
            self._sent.append(kept)
            self._run(_pump, client, gateway, kept)
            self._run(_pump, gateway, client, None)


def _pump(source: socket.socket, target: socket.socket, keep: bytearray | None) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            if keep is not None:
                keep += data
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
