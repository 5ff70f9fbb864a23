"""The way from our gateway to the provider: upstream, proxy and certificates of one launch. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from keepalive.launching.start import Asked, LaunchError, Start

LOOPBACK = ("127.0.0.1", "localhost")
_CA_VARIABLES = ("NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE")
_OUR_PATH = re.compile(r"/s/([A-Za-z0-9_-]+)(?:/v1)?/?")


def through_gateway(
    asked: Asked,
    agent: str,
    upstream: str,
    environment: Mapping[str, str],
    *,
    argv: Sequence[str] | None = None,
    note: str = "",
) -> Start:
    """A start whose client learns the gateway's address from this environment, or from arguments of its own."""
    proxy = proxy_to(upstream, asked.environ)
    return Start(
        agent=agent,
        argv=tuple(asked.command if argv is None else argv),
        environment={**environment, **no_proxy(asked.environ)},
        upstream=upstream,
        proxy=without_userinfo(proxy[1]) if proxy else None,
        ca_file=ca_file(asked.environ, asked.cwd),
        note=note,
    )


def usable(asked: Asked, upstream: str, default: str) -> str:
    """The URL that requests go to, without a slash at its end.

    Our own gateway (a launch inside a launch) would go round in circles: there the outer launch's upstream is meant,
    also where the gateway had another port then; `default` where the outer one is not known.
    """
    try:
        theirs, ours = urlsplit(upstream), urlsplit(asked.gateway_url)
        port = theirs.port
    except ValueError as error:
        raise LaunchError(_no_url(upstream)) from error
    if theirs.hostname in LOOPBACK:
        named = _OUR_PATH.fullmatch(theirs.path)
        outer = asked.upstream_of(named[1]) if named else None
        if outer is not None or port == ours.port:
            return outer or default
    if theirs.scheme not in ("http", "https") or not theirs.hostname:
        raise LaunchError(_no_url(upstream))
    if "@" in theirs.netloc:
        raise LaunchError("a base URL with a password in it cannot be used: it would be stored")
    return upstream.rstrip("/")


def _no_url(text: str) -> str:
    return f"not a URL that requests can go to: {text.rpartition('@')[2]}"  # what is before it may be a password


def no_proxy(environ: Mapping[str, str]) -> dict[str, str]:
    """NO_PROXY in both spellings with the loopback names added: else a proxy would get the calls to our gateway."""
    hosts = _around(environ)
    hosts += [host for host in LOOPBACK if host not in hosts]
    return {"NO_PROXY": ",".join(hosts), "no_proxy": ",".join(hosts)}


def proxy_to(upstream: str, environ: Mapping[str, str]) -> tuple[str, str] | None:
    """The proxy on the way to the upstream: the variable that names it, and its URL as it stands there."""
    parts = urlsplit(upstream)
    if parts.hostname in LOOPBACK or _goes_around(parts.netloc, parts.hostname or "", _around(environ)):
        return None
    names = ("HTTPS_PROXY", "https_proxy") if parts.scheme == "https" else ("HTTP_PROXY", "http_proxy")
    return next(((name, environ[name]) for name in (*names, "ALL_PROXY", "all_proxy") if environ.get(name)), None)


def without_userinfo(url: str) -> str:
    """A URL as it may be stored: no user name, no password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def ca_file(environ: Mapping[str, str], cwd: Path) -> str | None:
    """The person's own certificates, found from the folder that the client starts in."""
    return next((str(cwd / environ[name]) for name in _CA_VARIABLES if environ.get(name)), None)


def _around(environ: Mapping[str, str]) -> list[str]:
    named = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    return [host for host in (part.strip() for part in named.split(",")) if host]


def _goes_around(netloc: str, host: str, around: list[str]) -> bool:
    """Whether a host is one of these or below one of them; `*` is all of them."""
    if around == ["*"]:
        return True
    endings = [entry.lstrip(".").lower() for entry in around]
    return any(name == ending or name.endswith(f".{ending}") for ending in endings for name in (host, netloc.lower()))
