"""Where clients that are started plainly send their requests: base URLs in the environment and in settings. Pure.

Of a URL only scheme, host and port are shown: its path may hold a launch's token, the rest a password.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from keepalive.doctor.finding import Finding, note, ok, problem
from keepalive.doctor.hiding import address
from keepalive.launching.start import BASE_URL

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_LAUNCH = re.compile(r"/s/[A-Za-z0-9_-]+(?:/v1)?/?")


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """One place that sets it. `file` None: the environment that this was started in."""

    url: str
    file: Path | None = None
    listening: bool = True
    """Whether somebody accepts connections there; asked of this machine's own ports only."""
    launch_over: bool = False
    """It names a launch of ours that has ended, or that the store does not know."""


@dataclass(frozen=True, slots=True)
class BaseUrls:
    """`port` is the gateway's, kept for good; None before the first keeper."""

    found: Sequence[BaseUrl]
    port: int | None = None


def local_port(url: str) -> int | None:
    """The port of a loopback URL, None for any other."""
    try:
        parts = urlsplit(url.strip())
        return (parts.port or (443 if parts.scheme == "https" else 80)) if parts.hostname in _LOOPBACK else None
    except ValueError:
        return None


def names_launch(url: str) -> str | None:
    """The token of the launch that a URL names."""
    try:
        path = urlsplit(url.strip()).path
    except ValueError:
        return None
    return path.removesuffix("/").removesuffix("/v1").removeprefix("/s/") if _LAUNCH.fullmatch(path) else None


def check(urls: BaseUrls) -> list[Finding]:
    """A line for each place."""
    if not urls.found:
        return [ok(f"{BASE_URL} is not set anywhere: `warmside run` sets it for each client that it starts")]
    return [_one(url, urls.port) for url in urls.found]


def _one(said: BaseUrl, gateway: int | None) -> Finding:
    where = f"in {said.file}" if said.file else "in this shell"
    out = f"take {BASE_URL} out of {said.file}" if said.file else f"unset {BASE_URL}"
    shown = address(said.url)
    if not shown:
        return problem(f"{BASE_URL} {where} is no URL", out)
    text = f"{BASE_URL} {where} is {shown}"
    port = local_port(said.url)
    if port is None:
        if "@" in urlsplit(said.url.strip()).netloc:
            return problem(f"{text}, with a password in it: `warmside run` refuses it", out)
        return note(f"{text}: `warmside run` keeps it as the launch's upstream")
    launch = names_launch(said.url) is not None
    if port == gateway:
        if not said.listening:
            return problem(f"{text}: our gateway, and no keeper listens there", "warmside keeper start")
        if said.launch_over:
            return problem(f"{text}: our gateway, for a launch that is over", out)
        return ok(f"{text}: our gateway")
    if launch and not said.listening:
        return problem(f"{text}: a port that our gateway had once, and nobody listens there", out)
    if not said.listening:
        return problem(f"{text}, where nobody listens", out)
    return note(f"{text}: another program on this machine; `warmside run` keeps it as the launch's upstream")
