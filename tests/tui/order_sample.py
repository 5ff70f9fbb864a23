"""A made-up board of projects: shared folders, one name in two places, a hostile one, and any board at all."""

from __future__ import annotations

from hypothesis import strategies as st
from msgspec.structs import replace

from store.models import BoardView, CacheStateName, SessionView, Status, WaitingFor
from tests.tui import sample
from tests.tui.sample import NOW


def placed(session: SessionView, cwd: str, title: str = "", **changes: object) -> SessionView:
    """The session in another folder, with another title."""
    project = cwd.rstrip("/").rpartition("/")[2]
    return replace(session, cwd=cwd, project=project, title=title, **changes)


HOSTILE = "/home/sam/src/[bold red]\x1b]0;owned\x07wide 日本語 名前 and much longer than any column"
PROJECTS = BoardView(
    sessions=(
        placed(
            sample.DOCS,
            "/home/sam/work/client-a/api",
            "write the guide",
            last_activity_at=NOW - 1500,
            opened_at=NOW - 9000,
        ),
        placed(
            sample.API,
            "/home/sam/work/client-a/api",
            "split the store",
            last_activity_at=NOW - 252,
            opened_at=NOW - 8000,
        ),
        placed(
            sample.WEB,
            "/home/sam/work/client-b/api",
            "end-to-end tests",
            last_activity_at=NOW - 48,
            opened_at=NOW - 7000,
        ),
        placed(
            sample.ETL,
            "/home/sam/src/etl-nightly",
            "backfill October",
            last_activity_at=NOW - 160,
            opened_at=NOW - 6000,
        ),
        placed(sample.BILLING, "/home/sam/src/billing", last_activity_at=NOW - 1800, opened_at=NOW - 5000),
        placed(sample.DEPLOY, HOSTILE, "roll \x1b[2Jout", last_activity_at=NOW - 115, opened_at=NOW - 4000),
        placed(sample.SEARCH, "/home/sam/src/etl-nightly", last_activity_at=NOW - 3, opened_at=NOW - 3000),
        placed(sample.NOTES, "/home/sam/src/notes-app", last_activity_at=NOW - 1135, opened_at=NOW - 2000),
    ),
    ended_today=sample.ENDED,
    keeper=sample.BOARD.keeper,
    today=sample.BOARD.today,
    next_pings=sample.BOARD.next_pings,
)


def board(*sessions: SessionView) -> BoardView:
    """A board of open sessions."""
    return BoardView(sessions=sessions)


_TIMES = st.none() | st.floats(NOW - 100_000, NOW + 5_000)


@st.composite
def _caches(draw: st.DrawFn) -> SessionView:
    """A session in any state, still without a name."""
    cache = sample.cache(
        draw(st.none() | st.floats(-4_000, 4_000)),
        state=draw(st.sampled_from(CacheStateName)),
        ttl=draw(st.sampled_from(("5m", "1h", None))),
        usd=draw(st.none() | st.floats(0, 200)),
        tokens=draw(st.none() | st.integers(0, 2_000_000)),
        probability=draw(st.none() | st.floats(0, 1)),
    )
    session = sample.session(
        "",
        cache,
        sample.keep(draw(st.sampled_from(("kept", "pings_spent", "off", "")))),
        waiting=draw(st.none() | st.sampled_from(WaitingFor)),
        status=draw(st.sampled_from((Status.IDLE, Status.BUSY, Status.UNKNOWN))),
        login=draw(st.sampled_from(("api_key", "subscription"))),
    )
    cwd = draw(st.sampled_from(("", "/a/api", "/b/api", "/b/x/api", "/c/x/api/", "/web", HOSTILE)))
    changes = {"last_activity_at": draw(_TIMES), "opened_at": draw(_TIMES)}
    return placed(session, cwd, draw(st.sampled_from(("", "fix it", "日本語"))), **changes)


@st.composite
def boards(draw: st.DrawFn) -> BoardView:
    """Any board: up to nine sessions, each open or ended, in any sequence."""
    sessions = [replace(one, id=f"s{number}") for number, one in enumerate(draw(st.lists(_caches(), max_size=9)))]
    sessions = draw(st.permutations(sessions))
    ended = draw(st.lists(st.booleans(), min_size=len(sessions), max_size=len(sessions)))
    over = {"status": Status.ENDED, "waiting_for": None, "ended_at": NOW - 60}
    return BoardView(
        sessions=tuple(one for one, gone in zip(sessions, ended, strict=True) if not gone),
        ended_today=tuple(replace(one, **over) for one, gone in zip(sessions, ended, strict=True) if gone),
    )
