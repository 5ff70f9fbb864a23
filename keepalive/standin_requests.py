"""What the provider stand-in demands of a request before it looks at the prompt: a credential, a body, allowed fields.

Pure, and only what an agent client or a ping of ours can run into; it is no validator of the whole API.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping

from keepalive.standin_cache import Body, Json
from keepalive.standin_wire import error_json


class Refusal(Exception):
    """Ends a request with the provider's error answer."""

    def __init__(
        self,
        status: int,
        message: str,
        error_type: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.error_type = status, message, error_type
        self.headers = headers

    def body(self, request_id: str) -> Body:
        """The error as the provider puts it."""
        return error_json(self.status, self.message, request_id, self.error_type)


def credential(headers: Mapping[str, str]) -> str:
    """The key or bearer token of a request ("" when it has none). Header lookup must ignore case."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return headers.get("x-api-key") or (token.strip() if scheme.lower() == "bearer" else "")


def workspace_of(key: str) -> str:
    """The text before a key's last dash: `sk-ant-ws1-a` and `sk-ant-ws1-b` share a workspace and its entries."""
    return key.rpartition("-")[0] or key


def parse_body(raw: bytes, encoding: str) -> Body:
    """A request's JSON object, unpacked where it is compressed. Raises Refusal (400) for anything else."""
    if encoding.lower() not in ("identity", "gzip"):
        raise Refusal(400, f"The stand-in does not read content-encoding {encoding}.")
    try:
        body: Json = json.loads(gzip.decompress(raw) if encoding.lower() == "gzip" else raw)
    except (ValueError, OSError, EOFError, zlib.error) as error:
        raise Refusal(400, "The body is not valid JSON.") from error
    if not isinstance(body, dict):
        raise Refusal(400, "The body is not a JSON object.")
    return body


def check_message(body: Body) -> None:
    """Raise Refusal (400) for a message request with missing fields, or with what `max_tokens: 0` rules out."""
    for name, kind in (("model", str), ("messages", list), ("max_tokens", int)):
        if not isinstance(body.get(name), kind):
            raise Refusal(400, f"{name}: Field required")
    if body["max_tokens"] != 0:
        return
    thinking, output, choice = (body.get(name) for name in ("thinking", "output_config", "tool_choice"))
    refused = {
        "stream": body.get("stream") is True,
        "thinking.type enabled": isinstance(thinking, dict) and thinking.get("type") == "enabled",
        "output_config.format": isinstance(output, dict) and output.get("format") is not None,
        "tool_choice any or tool": isinstance(choice, dict) and choice.get("type") in ("any", "tool"),
    }
    if found := [name for name, is_set in refused.items() if is_set]:
        raise Refusal(400, f"max_tokens: 0 cannot be combined with {', '.join(found)}")
