"""Finds the places that set a base URL, and asks this machine's own ports whether somebody listens."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path

from keepalive.doctor.base_urls import BaseUrl, BaseUrls, local_port, names_launch
from keepalive.doctor.reading.around import Around
from keepalive.launching.start import BASE_URL
from keepalive.supervisor import PORT
from store import settings
from store.launches import token_hash

CONNECT_SECONDS = 0.3


def read(around: Around) -> BaseUrls:
    """The environment first, then the client's settings files in their order."""
    places: list[tuple[str | None, Path | None]] = [(around.environ.get(BASE_URL), None)]
    for layer in around.layers:
        env = layer.values.get("env")
        said = env.get(BASE_URL) if isinstance(env, Mapping) else None
        places.append((said if isinstance(said, str) else None, layer.path))
    given = [(url, path) for url, path in places if url]
    with around.store() as connection:
        live: set[str] = set()
        port = None
        if connection is not None:
            kept = settings.get(connection, PORT)
            port = kept if isinstance(kept, int) else None
            live = {row[0] for row in connection.execute("SELECT token_hash FROM launches WHERE ended_at IS NULL")}
    found = []
    for url, path in given:
        token, local = names_launch(url), local_port(url)
        over = token is not None and token_hash(token) not in live
        found.append(BaseUrl(url, path, listening=local is None or listens(local), launch_over=over))
    return BaseUrls(found, port)


def listens(port: int) -> bool:
    """Whether somebody accepts connections on this port of 127.0.0.1."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=CONNECT_SECONDS):
            return True
    except OSError:
        return False
