"""Four made-up turns, with files, failed commands and what happened to the cache."""

from __future__ import annotations

from store.models import CacheEvent, FailedCommand, FileChange, TurnView, Usage
from tests.tui.session_sample import at

TURN = TurnView(
    n=14,
    started_at=at(14, 12),
    ended_at=at(14, 14, 10),
    prompt="split the store so that ingest runs without the app",
    answer="The split is done. One test still fails: the fixture needs a path.",
    files_changed=(
        FileChange(path="store/ingest.py", kind="M"),
        FileChange(path="tui/app.py", kind="M"),
        FileChange(path="tests/store/test_ingest.py", kind="A"),
    ),
    failed_commands=(FailedCommand(command="pytest -q tests/store", exit_code=1),),
    requests=38,
    usage=Usage(output=9_100),
    usd=0.84,
    context_after=386_000,
)
TURNS = (
    TURN,
    TurnView(
        n=13,
        started_at=at(13, 47),
        ended_at=at(14, 11, 5),
        prompt="move the lock into the writer, then run the whole suite twice and compare",
        answer="The lock now belongs to the writer; 412 tests pass.",
        files_changed=(
            FileChange(path="store/database.py", kind="M"),
            FileChange(path="store/writer.py", kind="M"),
            FileChange(path="store/lock.py", kind="D"),
            FileChange(path="tests/store/test_writer_and_lock.py", kind="M"),
            FileChange(path="docs/locking.md", kind="M"),
        ),
        requests=52,
        usage=Usage(output=14_000),
        usd=0.61,
        context_after=341_000,
        cache_event=CacheEvent(kind="kept", cause="ping", tokens=338_000, usd=1.93),
    ),
    TurnView(
        n=12,
        started_at=at(13, 34),
        ended_at=at(13, 34, 48),
        prompt="why does ingest hold the lock so long?",
        answer="It parses inside the transaction. Three ways out, the second one is the smallest change by far.",
        requests=4,
        usage=Usage(output=1_200),
        usd=2.97,
        context_after=338_000,
        cache_event=CacheEvent(kind="lapsed", tokens=331_000, usd=2.07),
    ),
    TurnView(
        n=11,
        started_at=at(13, 9),
        ended_at=at(13, 15, 22),
        prompt="add the linear server and file the three findings",
        answer="Three issues filed: WS-41, WS-42, WS-43.",
        files_changed=(FileChange(path=".mcp.json", kind="M"),),
        failed_commands=(FailedCommand(command="linear auth --check", exit_code=2),),
        requests=29,
        usage=Usage(output=6_000),
        usd=1.40,
        context_after=331_000,
        cache_event=CacheEvent(kind="changed", cause="tools_changed", tokens=121_000, usd=0.76),
    ),
)
