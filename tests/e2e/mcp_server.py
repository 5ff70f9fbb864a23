"""A tool server on stdin and stdout, as clients start one: it has one tool, which tells the tide.

Its argument is a file that it makes once its tools are known: a client does not wait for a slow server.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

TOOL = {
    "name": "harbour_tide",
    "description": "Tells the tide at a harbour.",
    "inputSchema": {"type": "object", "properties": {"harbour": {"type": "string"}}},
}


def answer(method: str, params: dict[str, object]) -> dict[str, object]:
    if method == "initialize":
        version = params.get("protocolVersion", "2025-06-18")
        info = {"name": "harbour", "version": "1"}
        return {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": info}
    if method == "tools/list":
        return {"tools": [TOOL]}
    if method == "tools/call":
        return {"content": [{"type": "text", "text": "High."}]}
    return {}


def main() -> None:
    for line in sys.stdin:
        message = json.loads(line)
        if "id" in message and "method" in message:
            result = answer(message["method"], message.get("params") or {})
            sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}) + "\n")
            sys.stdout.flush()
            if message["method"] == "tools/list":
                Path(sys.argv[1]).touch()


if __name__ == "__main__":
    main()
