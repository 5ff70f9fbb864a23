"""A made-up history: four sessions of three days, a feed that hands them out, fails or waits as a test wants."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from store.cache_strip import CacheHistory
from store.history import Overview, Place, SessionLine
from store.ledger_models import SessionLedger
from store.models import FailedCommand, FileChange, SessionDetail, Status, TurnView
from store.row import row_of
from store.search import Filters, Found, Hit
from tests.tui.sample import NOW
from tui.history_feed import OpenedSession

DAY = 86_400.0
HOSTILE = "[bold red]red[/] \x1b[31mred\x1b[0m \x1b]0;title\x07 \u202eabc [link=http://x]x[/link] \x9b2J"
"""What a transcript may hold, and no line may act on."""
NAMES = ("api-refactor", "etl-nightly", "api-refactor", "docs-site")
TIMES = (NOW - 600, NOW - 7200, NOW - DAY, NOW - 5 * DAY)
PLACES = tuple(Place(f"s{n}", at) for n, at in enumerate(TIMES))


def turn(n: int, at: float, **fields: object) -> TurnView:
    """A turn that asked for something and failed once."""
    known: dict[str, object] = {
        "n": n,
        "started_at": at,
        "ended_at": at + 60,
        "prompt": f"why does ingest hold the lock in turn {n}?",
        "answer": "It parses inside the transaction.\n\nThe lock is held for 40 ms.",
        "files_changed": (FileChange(path="/home/sam/src/x/store/ingest.py", kind="M"),),
        "failed_commands": (FailedCommand(command="pytest -q tests/ingest", exit_code=1),),
        "requests": 4,
        "usd": 0.38,
        "context_after": 121_000,
        "memory": "Tool memory:\n- Files changed: store/ingest.py",
    }
    return row_of(TurnView, known | fields)


def session(session_id: str, turns: int = 6) -> OpenedSession:
    """A session of as many turns, the last of which began at its place's time."""
    index = int(session_id[1:])
    at = TIMES[index]
    detail = SessionDetail(
        id=session_id,
        agent="claude",
        project=NAMES[index],
        cwd="/home/sam/src/x",
        title=f"title of {session_id}",
        status=Status.ENDED,
        ended_at=at,
        model="claude-opus-5-5",
        turns=tuple(turn(n, at - 100 * (turns - n)) for n in range(1, turns + 1)),
    )
    return OpenedSession(detail, CacheHistory(), SessionLedger())


def hit(session_id: str, number: int, snippet: str = "why does ingest hold the lock") -> Hit:
    """A turn that was found by `lock`."""
    index = int(session_id[1:])
    start = snippet.find("lock")
    ranges = ((start, start + 4),) if start >= 0 else ()
    return Hit(
        session=session_id,
        turn=number,
        at=TIMES[index] - 100 * (6 - number),
        field="prompt",
        snippet=snippet,
        ranges=ranges,
        project=NAMES[index],
        title=f"title of {session_id}",
        failed=True,
    )


HITS = (hit("s0", 5), hit("s0", 2), hit("s1", 6), hit("s3", 1))


class SampleHistory:
    """Implements `HistoryFeed`. `gate`, when set, is waited for by searches, which an interrupt ends."""

    def __init__(self, places: tuple[Place, ...] = PLACES, hits: tuple[Hit, ...] = HITS) -> None:
        self.all_places, self.hits = places, hits
        self.turns = 6
        self.calls: list[tuple[str, object]] = []
        self.broken: Exception | None = None
        self.gate: threading.Event | None = None
        self.number = 1
        self.interrupts = 0
        self.export_said = "exported: ~/exports/s0.md"
        self._interrupted = threading.Event()

    def overview(self) -> Overview:
        self._call("overview", None)
        return Overview(
            sessions=len(self.all_places),
            turns=24,
            projects=tuple(dict.fromkeys(NAMES)),
            agents=("claude", "codex"),
        )

    def places(self, filters: Filters) -> tuple[Place, ...]:
        self._call("places", filters)
        wanted = filters.sessions.project
        return tuple(one for one in self.all_places if wanted in (None, NAMES[int(one.session[1:]) % len(NAMES)]))

    def lines(self, ids: Sequence[str]) -> tuple[SessionLine, ...]:
        self._call("lines", tuple(ids))
        return tuple(
            SessionLine(
                id=one,
                agent="claude",
                project=NAMES[int(one[1:]) % len(NAMES)],
                title=f"title of {one}",
                first_prompt="",
                model="claude-opus-5-5",
                turns=6,
                usd=4.12,
            )
            for one in ids
        )

    def search(self, words: str, filters: Filters, limit: int) -> Found:
        self._call("search", words)
        gate = self.gate
        if gate is not None:
            self._interrupted.clear()
            while not gate.wait(0.002):
                if self._interrupted.is_set():
                    raise InterruptedError("interrupted")
        found = self.hits if "nothing" not in words else ()
        return Found(found[:limit])

    def interrupt(self) -> None:
        self.interrupts += 1
        self._interrupted.set()

    def opened(self, session_id: str) -> OpenedSession:
        self._call("opened", session_id)
        return session(session_id, self.turns)

    def export(self, session_id: str) -> str:
        self._call("export", session_id)
        return self.export_said

    def version(self) -> int:
        return self.number

    def called(self, name: str) -> list[object]:
        """With what a method was called, in order."""
        return [given for one, given in self.calls if one == name]

    def _call(self, name: str, given: object) -> None:
        self.calls.append((name, given))
        if self.broken is not None:
            raise self.broken
