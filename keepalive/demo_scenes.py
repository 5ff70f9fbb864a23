"""The demo's sessions as data: which projects there are, what each goes through, and what may be spent on each.

Durations are given in lifetimes of a 5m entry, the unit that the demo speeds up: with 30 seconds for five minutes a
minute shows two lifetimes. Pings fall due every lifetime minus five seconds; nobody comes back at such a moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from keepalive.demo_script import Call, Turn
from store.models import BudgetMode

OPUS, SONNET = "claude-opus-5-5", "claude-sonnet-5-5"

REPLY = "This answer comes from the provider stand-in of the demo; what the session says is in its script."
"""What the stand-in streams; long enough for several events."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One session. Durations inside `turns`, and `starts_after`, are in seconds already."""

    project: str
    title: str
    model: str
    ttl: Literal["5m", "1h"]
    prefix_tokens: int
    starts_after: float
    turns: tuple[Turn, ...]
    again: int | None = 0
    mode: BudgetMode = BudgetMode.AUTO
    pings: int | None = None
    """Pings an idle period; None leaves it to the policy."""

    @property
    def has_own_budget(self) -> bool:
        """Whether somebody set this session apart from the default."""
        return self.mode is not BudgetMode.AUTO or self.pings is not None


def scenes(lifetime: float) -> tuple[Scene, ...]:
    """All sessions; `lifetime`: seconds that a 5m entry lives."""

    def run(command: str, takes: float, result: str = "", *, code: int = 0, asks: float = 0.0) -> Call:
        return Call("run", command, takes * lifetime, result, code, asks_for=asks * lifetime)

    def write(path: str, *, creates: bool = False) -> Call:
        return Call("write", path, 0.04 * lifetime, creates=creates)

    def turn(prompt: str, *calls: Call, answer: str, streams: float = 0.03, pause: float) -> Turn:
        return Turn(prompt, calls, answer, streams * lifetime, pause * lifetime)

    return (
        Scene(  # works most of the time: each request starts the countdown again
            "api-refactor",
            "Split the router out of the app",
            OPUS,
            "5m",
            96_000,
            0.0,
            (
                turn(
                    "Move the routes out of app.py into a router of their own and keep their order.",
                    write("src/router.py", creates=True),
                    write("src/app.py"),
                    run("pytest -q", 0.15, "2 failed, 118 passed", code=1),
                    write("src/router.py"),
                    run("pytest -q", 0.15, "120 passed"),
                    answer="The routes live in src/router.py now, in the order they had. All 120 tests pass.",
                    streams=0.15,
                    pause=0.22,
                ),
                turn(
                    "Do the same for the error handlers.",
                    write("src/errors.py", creates=True),
                    run("ruff check src", 0.1, "src/errors.py:14 F401 unused import", code=1),
                    write("src/errors.py"),
                    run("pytest -q", 0.2, "120 passed"),
                    answer="The error handlers moved to src/errors.py. Lint and tests are clean.",
                    streams=0.15,
                    pause=0.22,
                ),
            ),
        ),
        Scene(  # its person is away past the original expiry and comes back to a warm cache: a saving
            "etl-nightly",
            "Why did the load stop at 03:12",
            OPUS,
            "5m",
            118_000,
            0.0,
            (
                turn(
                    "Why did last night's load stop at 03:12?",
                    run("grep -n ERROR logs/load.log", 0.02, "8812: ERROR connection reset by peer"),
                    answer="The warehouse closed the connection after 30 minutes and the loader does not reconnect.",
                    pause=1.12,
                ),
                turn(
                    "Then make it reconnect, three times at most.",
                    write("etl/loader.py"),
                    run("pytest -q tests/test_loader.py", 0.08, "14 passed"),
                    answer="The loader reconnects up to three times and says so in its log. 14 tests pass.",
                    pause=2.7,
                ),
                turn(
                    "Run it against yesterday's files.",
                    run("python -m etl --day yesterday --dry-run", 0.15, "41 files, 0 errors"),
                    answer="The dry run took all 41 files without an error.",
                    pause=1.4,
                ),
            ),
            again=1,
        ),
        Scene(  # idle for a long time, kept by pings
            "notes-app",
            "Offline sync for notes",
            SONNET,
            "5m",
            52_000,
            0.04 * lifetime,
            (
                turn(
                    "Sketch how notes could sync after being offline.",
                    write("docs/sync.md", creates=True),
                    answer="docs/sync.md compares two ways: last writer wins, and a log that is merged.",
                    pause=4.4,
                ),
            ),
        ),
        Scene(  # waits for a permission; marked 1h, so the countdown is twelve times as long
            "deploy-infra",
            "Canary for the web pool",
            OPUS,
            "1h",
            84_000,
            0.08 * lifetime,
            (
                turn(
                    "Roll the canary out to a tenth of the web pool.",
                    run("terraform plan -out canary.plan", 0.05, "Plan: 2 to add, 1 to change, 0 to destroy."),
                    run("terraform apply canary.plan", 0.15, "Apply complete! 2 added, 1 changed.", asks=2.6),
                    answer="The canary takes a tenth of the traffic; its error rate is that of the rest.",
                    pause=3.0,
                ),
            ),
        ),
        Scene(  # one ping allowed: then spent, then cold
            "docs-site",
            "Search for the docs",
            SONNET,
            "5m",
            44_000,
            0.02 * lifetime,
            (
                turn(
                    "Add a search field to the docs.",
                    write("site/search.js", creates=True),
                    write("site/index.html"),
                    answer="The docs have a search field; its index is built with the site.",
                    pause=3.3,
                ),
            ),
            pings=1,
        ),
        Scene(  # keep-alive switched off: goes cold, and the next prompt pays for it
            "checkout-tests",
            "Flaky checkout test",
            SONNET,
            "5m",
            63_000,
            0.0,
            (
                turn(
                    "Why is the checkout test flaky?",
                    run("pytest -q tests/checkout --count 20", 0.05, "3 failed, 17 passed", code=1),
                    answer="The test reads the cart before the discount is stored: 3 of 20 runs fail.",
                    pause=3.6,
                ),
            ),
            mode=BudgetMode.OFF,
        ),
        Scene(  # ends: nothing is sent for it afterwards
            "release-notes",
            "Notes for 2.4",
            SONNET,
            "5m",
            41_000,
            0.06 * lifetime,
            (
                turn(
                    "Write the notes for 2.4 from the merged changes.",
                    write("CHANGELOG.md"),
                    answer="The notes for 2.4 are in CHANGELOG.md: two features, five fixes.",
                    pause=0.5,
                ),
            ),
            again=None,
        ),
    )
