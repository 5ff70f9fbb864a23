"""A short script for a simulated agent, for the tests of the demo's parts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from keepalive.demo_script import Call, Script, Turn

SESSION = "11111111-2222-4333-8444-555555555555"
CALLS = (
    Call("write", "src/new.py", 0.0, creates=True),
    Call("run", "pytest -q", 0.0, "2 failed", exit_code=1, asks_for=0.01),
    Call("write", "src/old.py", 0.0),
    Call("run", "ls", 0.0, "src"),
)
TURN = Turn("Do it.", CALLS, "Done.", 0.0, 0.0)


def script(folder: Path, **changed: object) -> Script:
    """One turn, 20,000 tokens before it, everything below `folder`."""
    plain = Script(
        url="http://127.0.0.1:1/s/token",
        key="sk-ant-demo-0001",
        session_id=SESSION,
        cwd=str(folder / "work" / "notes-app"),
        claude_dir=str(folder / "claude"),
        title="A title",
        model="claude-opus-5-5",
        ttl="5m",
        prefix_tokens=20_000,
        starts_after=0.0,
        turns=(TURN,),
        again=None,
        at_most=60.0,
    )
    return replace(plain, **changed)  # type: ignore[arg-type]
