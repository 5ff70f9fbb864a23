"""A long history in the store: how soon a search shows its first results, how long `sessions --json` takes, and the
sidebar's memory with the history open.

100,000 turns in 2,000 sessions, each with its dozen of requests, in made-up words by Zipf's law. The search runs in
process, as the sidebar runs it, beside the one statement that says it plainly: match, join, sort, thirty. CPU time is
what stays the same on a busy machine. The command is timed beside a bare start of Python, the sidebar weighed beside a
bare app. Memory is resident: what the process alone has (`own`), and the pages of libraries that it shares with every
other Python process, the keeper among them. Targets (design): first results within 50 ms at the 95th percentile, the
command within 100 ms over bare Python, 60 MB.
"""

from __future__ import annotations

import argparse
import compileall
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import psutil

from bench.making.claude_tools import Project, skewed
from bench.making.words import Words
from bench.measuring.programs import isolated, run
from bench.sidebar import BARE, Run
from store import history, sessions, turns
from store.database import immediate
from store.ingest.reading import TurnRow
from store.migrations import open_store
from store.search import search
from store.words import SEPARATOR
from tui.history_query import read

SESSIONS, TURNS, REQUESTS = 2_000, 50, 12
BATCH = 40
"""Sessions in one transaction."""
QUERIES, STARTS = 50, 15
KIND_S = 5.0
"""No more queries of a kind are started after so many seconds."""
PLAIN = 9
"""So many words are asked for plainly."""
SCREENFUL = 30
"""Turns that the sidebar asks for first."""
SEARCH_MS, COMMAND_MS, MEMORY_MB = 50.0, 100.0, 60.0
_PLAIN = f"""
SELECT t.session_id, t.n, t.prompt, t.answer, t.paths, t.failed FROM turns_fts f JOIN turns t ON t.id = f.rowid
WHERE turns_fts MATCH ? ORDER BY t.started_at DESC LIMIT {SCREENFUL}
"""  # noqa: S608
_MODEL = "claude-opus-5-5"
_HERE = Path(__file__).parents[1]


def fill(connection: sqlite3.Connection, words: Words, rng: random.Random, *, count: int) -> None:
    """Sessions of the last half year, all ended, with their turns and requests."""
    projects = [Project(words, rng) for _ in range(40)]
    newest = time.time() - 3600
    connection.execute("INSERT OR IGNORE INTO prices VALUES (?, 0, 0, 4, 20, 0.2, 5, 8, 'bench')", (_MODEL,))
    for first in range(0, count, BATCH):
        with immediate(connection):  # as many turns as an import writes at once
            for number in range(first, min(count, first + BATCH)):
                _session(connection, words, rng, projects, newest - number * 86_400 * 180 / count)


def _session(
    connection: sqlite3.Connection, words: Words, rng: random.Random, projects: list[Project], start: float
) -> None:
    project = projects[int(len(projects) * rng.random() ** 2)]
    name = f"{rng.getrandbits(64):016x}"
    sessions.save(
        connection,
        name,
        agent="codex" if rng.random() < 0.12 else "claude",
        cwd=project.cwd,
        title=" ".join(words.some(rng, 5)),
        status="ended",
        model=_MODEL,
        context_tokens=90_000,
        opened_at=start,
        last_activity_at=start + TURNS * 120,
        ended_at=start + TURNS * 120,
    )
    numbers = range(1, TURNS + 1)
    turns.save(connection, name, [_turn(words, rng, project, n, start) for n in numbers])
    connection.executemany(
        "INSERT INTO requests (message_id, session_id, evidence, model, started_at, input, output, cache_read,"
        " cache_write_1h, turn) VALUES (?, ?, 'transcript', ?, ?, 4, 300, 80000, 700, ?)",
        [(f"msg_{name}{n:04}{k:02}", name, _MODEL, start + n * 120 + k, n) for n in numbers for k in range(REQUESTS)],
    )


def _turn(words: Words, rng: random.Random, project: Project, n: int, start: float) -> TurnRow:
    paths = list(dict.fromkeys(project.file(rng) for _ in range(rng.randrange(5))))
    failed = [f"go test ./{word}/..." for word in words.some(rng, rng.random() < 0.3)]
    prompt = f"{words.rare(rng)} {words.prose.cut(rng, skewed(rng, 160, 1.2, 30_000))}"
    answer = words.prose.cut(rng, skewed(rng, 700, 0.9, 40_000))
    return TurnRow(
        n=n,
        started_at=start + n * 120,
        ended_at=start + n * 120 + 90,
        prompt=prompt.replace("\\n", "\n"),
        answer=answer.replace("\\n", "\n"),
        model=_MODEL,
        paths=SEPARATOR.join(paths),
        path_kinds="M" * len(paths),
        failed=SEPARATOR.join(failed),
        exit_codes=" ".join("1" for _ in failed),
        prompt_id=f"{rng.getrandbits(128):032x}",
        background=0,
        compactions=0,
    )


def queries(words: Words, rng: random.Random, projects: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Kinds of queries. A space at the end says that the word is whole: else it is the beginning of one."""
    common = [f"{word} " for word in words.words[:QUERIES]]
    middle = [f"{word} " for word in words.words[200 : 200 + QUERIES]]
    yield "a common word", common
    yield "a rare word", [f"{words.rare(rng)} " for _ in range(QUERIES)]
    yield "two words", [f"{rng.choice(words.words[:200])} {rng.choice(words.words[:2000])} " for _ in range(QUERIES)]
    yield "three words", [" ".join(rng.sample(words.words[:300], 3)) + " " for _ in range(QUERIES)]
    yield "a phrase", [f'"{one}{other.strip()}"' for one, other in pairwise(common)]
    yield "a word and nothing", [f"{rng.choice(words.words[:200])} zzzz{n} " for n in range(QUERIES)]
    typed = [word for word in words.some(rng, QUERIES * 3) if len(word) > 4]
    for letters in (1, 2, 3, 4):
        yield f"typing, {letters} letter{'s' * (letters > 1)}", [word[:letters] for word in typed[:QUERIES]]
    yield "typing, a rare letter", [*"aeioquxy"]
    yield "typing a second word", [f"{one}{word[:1]}" for one, word in zip(middle, typed, strict=False)]
    yield "a path", [f"files:{words.rare(rng)}" for _ in range(QUERIES)]
    yield "failed", [f"failed: {word}" for word in (*common, *middle)[::2]]
    yield "failed, of one agent", [f"failed: agent:codex {word}" for word in (*common, *middle)[::2]]
    small = [projects[-1 - n % (len(projects) // 2)] for n in range(QUERIES)]
    yield "in a small project", [f"project:{one} {word}" for one, word in zip(small, middle, strict=True)]
    yield "in a large project", [f"project:{projects[n % 3]} {word}" for n, word in enumerate(middle)]
    yield "between two days", [f"after:{100 + n}d before:{98 + n}d {word}" for n, word in enumerate(common)]
    yield "all filters", [f"project:{one} failed: after:150d {word}" for one, word in zip(small, common, strict=True)]


def p95(samples: Sequence[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(samples, n=20)[18] if len(samples) > 1 else samples[0]


def search_times(connection: sqlite3.Connection, words: Words) -> None:
    """A row for each kind of query; `x`: CPU time, that of the plain statement being 1."""
    known, now = history.overview(connection), time.time()

    def took(text: str) -> tuple[float, float, int, bool]:
        query = read(text, known, now, None)
        started, cpu = time.perf_counter(), time.thread_time()
        found = search(connection, query.words, query.filters, limit=SCREENFUL)
        cpu, wall = time.thread_time() - cpu, time.perf_counter() - started
        return wall * 1000, cpu * 1000, len(found.hits), found.complete

    plain = []
    for word in words.words[:PLAIN]:
        cpu = time.thread_time()
        connection.execute(_PLAIN, (word,)).fetchall()
        plain.append((time.thread_time() - cpu) * 1000)
    base = statistics.median(plain)
    print(f"\na common word in one plain statement: {base:.1f} ms")
    print(f"{'search, ms':24}{'n':>4}{'p50':>8}{'p95':>8}{'worst':>8}{'CPU p95':>9}{'x':>7}{'hits':>7}{'target':>8}")
    for name, texts in queries(words, random.Random("queries"), known.projects):
        samples = []
        give_up_at = time.perf_counter() + KIND_S
        for text in texts:
            if time.perf_counter() > give_up_at:
                break
            samples.append(took(text))
        walls, cpus, hits, whole = zip(*samples, strict=True)
        verdict = "ok" if p95(cpus) <= SEARCH_MS else "OVER"
        print(
            f"{name:24}{len(walls):4}{statistics.median(walls):8.1f}{p95(walls):8.1f}{max(walls):8.1f}{p95(cpus):9.1f}"
            f"{p95(cpus) / base:7.2f}{statistics.mean(hits):7.1f}{SEARCH_MS:8.0f} {verdict}"
            f"{'' if all(whole) else ' (some stopped early)'}"
        )


def memory(home: Path, words: Words) -> None:
    """The sidebar's, before the history is opened, with it, and after a dozen searches letter by letter."""
    (home / "config.toml").write_text('[providers.anthropic]\nupstream = "http://127.0.0.1:9"\n')
    environment = {**isolated(home, WARMSIDE_HOME=str(home)), "TERM": "xterm-256color"}
    texts = [text for _, some in queries(words, random.Random("memory"), ["x"] * 6) for text in some[:1]][:12]
    print(f"\n{'memory, MB':24}{'resident':>9}{'own':>7}{'x':>7}{'target':>8}")

    def weigh(name: str, run: Run, than: float) -> float:
        full = psutil.Process(run.process.pid).memory_full_info()
        resident, own = full.rss / 1e6, full.uss / 1e6
        verdict = "" if not than else "ok" if resident <= MEMORY_MB else "OVER"
        print(f"{name:24}{resident:9.1f}{own:7.1f}{resident / (than or resident):7.2f}{MEMORY_MB:8.0f} {verdict}")
        return resident

    with Run([sys.executable, "-c", BARE], environment) as bare:
        bare.drain(2.0)
        than = weigh("bare textual", bare, 0.0)
    command = [str(Path(sys.executable).with_name("warmside")), "--no-keeper"]
    with Run(command, environment) as first:  # which checks the configuration, as only a first one does
        first.drain(2.0)
    with Run(command, environment) as sidebar:
        sidebar.drain(4.0)
        weigh("the list", sidebar, than)
        sidebar.press("H", 3.0)
        weigh("with the history", sidebar, than)
        for text in texts:
            sidebar.press("/", 0.1)
            for letter in f"\x15{text}":
                sidebar.press(letter, 0.05)
            sidebar.press("\r", 0.6)
        weigh(f"after {len(texts)} searches", sidebar, than)


def command_times(home: Path) -> None:
    """Commands beside a bare start, in turns: a noisy machine is noisy for all."""
    program = str(Path(sys.executable).with_name("warmside"))
    commands = {
        "bare Python": [sys.executable, "-c", "pass"],
        "sessions --json": [program, "sessions", "--json"],
        "search WORD --json": [program, "search", "login", "--json"],
    }
    environment = isolated(home, WARMSIDE_HOME=str(home))
    walls: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(STARTS + 1):
        for name, command in commands.items():
            taken = run(command, environment).wall * 1000
            if number:  # the first of each warms up
                walls[name].append(taken)
    bare = statistics.median(walls["bare Python"])
    print(f"\n{'commands, ms':24}{'n':>4}{'p50':>8}{'p95':>8}{'least':>8}{'over':>7}{'target':>8}")
    for name, times in walls.items():
        over = statistics.median(times) - bare
        verdict = "" if name == "bare Python" else "ok" if over <= COMMAND_MS else "OVER"
        print(
            f"{name:24}{len(times):4}{statistics.median(times):8.1f}{p95(times):8.1f}{min(times):8.1f}{over:7.1f}"
            f"{COMMAND_MS:8.0f} {verdict}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=SESSIONS, help=f"of {TURNS} turns each")
    options = parser.parse_args()
    for name in ("store", "keepalive", "tui"):
        compileall.compile_dir(_HERE / name, quiet=1)
    words, rng = Words(1), random.Random("history")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        path = home / "warmside.db"
        with closing(open_store(path)) as connection:
            started = time.perf_counter()
            fill(connection, words, rng, count=options.sessions)
            seconds = time.perf_counter() - started
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            stored = options.sessions * TURNS
            print(
                f"{stored:,} turns, {stored * REQUESTS:,} requests, {path.stat().st_size / 1e6:.0f} MB: {seconds:.0f} s"
            )
            search_times(connection, words)
        command_times(home)
        memory(home, words)


if __name__ == "__main__":
    main()
