"""What the provider stand-in remembers of each request, so that a test can say what reached the provider.

In memory an entry is exact. A line for a file holds no credential: somebody may point a client with a real key here.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass

from keepalive.standin_cache import Body, Json
from keepalive.standin_wire import Kind

_CREDENTIALS = ("x-api-key", "authorization", "proxy-authorization", "cookie")


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One finished request."""

    n: int
    """Order of arrival, from 1; the log itself is in order of completion."""
    at: float
    """Wall time at which the request started."""
    ended_at: float
    method: str
    path: str
    """Path and query as sent."""
    body: bytes
    """As sent, so possibly compressed."""
    headers: tuple[tuple[str, str], ...]
    """Names in their case, in the order of the wire."""
    session_id: str | None
    agent_id: str | None
    key_hash: str | None
    kind: Kind
    usage: Body | None
    """Usage of the complete answer, also where the client left in its middle; None when it never began."""
    stop_reason: str | None
    """Why the complete answer ends; None when it never began."""
    status: int | None
    """None when the client left before an answer began."""
    response_bytes: int
    """Bytes of the answer's body that were handed to the connection."""
    client_gone: bool
    """The client left before the answer was complete."""

    def line(self) -> str:
        """The entry as one line of JSON, the body as text where it is JSON."""
        text = _json_text(self.body)
        record: Body = {
            "n": self.n,
            "at": self.at,
            "ended_at": self.ended_at,
            "method": self.method,
            "path": self.path,
            "headers": [[name, _told(name, value)] for name, value in self.headers],
            "session_id": self.session_id,
            "agent_id": self.agent_id,
            "key_hash": self.key_hash,
            "kind": self.kind,
            "usage": self.usage,
            "stop_reason": self.stop_reason,
            "status": self.status,
            "response_bytes": self.response_bytes,
            "client_gone": self.client_gone,
            "body_sha256": hashlib.sha256(self.body).hexdigest(),
        }
        if text is None:
            record["body_base64"] = base64.b64encode(self.body).decode()
        else:
            record["body_text"] = text
        return json.dumps(record)


def hash_key(key: str) -> str:
    """A short name for a key that does not give it away."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]


def _told(name: str, value: str) -> Json:
    return f"sha256:{hash_key(value)}" if name.lower() in _CREDENTIALS else value


def _json_text(body: bytes) -> str | None:
    try:
        json.loads(body)
        return body.decode()
    except ValueError:
        return None
