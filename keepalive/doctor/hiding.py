"""What may be shown: no password, no key, no path token of a launch. Pure.

The checks say nothing secret by themselves; all they say passes through here all the same, since it holds names and
messages of files that are not ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

HIDDEN = "***"
LEAST = 8
"""Characters of a value that is hidden by itself: shorter ones (`1`, `true`) hide nothing and would be cut out of
words."""

_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|_AUTH\b|HEADERS", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^/\s]*@")
_PATH_TOKEN = re.compile(r"(?<=/s/)[A-Za-z0-9_-]{8,}")


def secrets_in(environs: Iterable[Mapping[str, object]]) -> tuple[str, ...]:
    """Values whose names say that they are secret, the longest first."""
    values = {
        str(value)
        for environ in environs
        for name, value in environ.items()
        if _SECRET_NAME.search(str(name)) and isinstance(value, str) and len(value) >= LEAST
    }
    return tuple(sorted(values, key=lambda value: (-len(value), value)))


def hidden(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without them."""
    for value in secrets:
        text = text.replace(value, HIDDEN)
    return _PATH_TOKEN.sub(HIDDEN, _USERINFO.sub(f"{HIDDEN}@", text))


def address(url: str) -> str:
    """Scheme, host and port of a URL and nothing else of it; '' for what is none."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host:
        return ""
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{'' if port is None else f':{port}'}"
