"""A seeded corpus of transcripts, so that the import can be measured and checked in any clone.

`python bench/corpus.py DIR --megabytes 300 --seed 1` writes what Claude Code (`DIR/projects/`) and Codex
(`DIR/codex/sessions/`) would have left, with the mix, the sizes and the quirks of real stores, and `DIR/truth.json`:
what an import must find, noted while it was written. The same arguments give the same bytes. `--from FOLDER` multiplies
real transcripts (`FOLDER/claude/`, `FOLDER/codex/`) instead, each copy with ids of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bench.making.claude import ClaudeSession
from bench.making.claude_records import VERSIONS, Version
from bench.making.claude_tools import Project, skewed
from bench.making.codex import CodexRollout
from bench.making.rewriting import rewrite
from bench.making.truth import FileTruth, TreeTruth
from bench.making.words import Words

TRUTH = "truth.json"
_NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
_CODEX_SHARE = 0.126
"""Of all bytes."""
_MEDIAN_BYTES, _SPREAD, _LARGEST_BYTES = 300_000, 1.45, 25_000_000
_MALFORMED_EVERY, _TORN_EVERY, _FORK_EVERY, _SUBAGENTS_EVERY, _CODEX_FORK_EVERY = 90, 45, 12, 11, 12
"""Every so many-th file has the quirk."""
_FORKABLE_BYTES = 3_000_000


class Corpus:
    """Writes one corpus."""

    def __init__(self, folder: Path, megabytes: float, seed: int) -> None:
        self._folder, self._wanted, self._seed = folder, megabytes * 1e6, seed
        self._words = Words(seed)
        rng = random.Random(f"{seed}/projects")
        self._projects = [Project(self._words, rng) for _ in range(14)]
        self.truth = TreeTruth()
        self._bytes = {"claude": 0, "codex": 0}
        self._written = {"claude": 0, "codex": 0}

    def write(self) -> TreeTruth:
        """All files, then the truth about them."""
        while (done := sum(self._bytes.values())) < self._wanted:
            client = "codex" if self._bytes["codex"] < _CODEX_SHARE * done else "claude"
            number = self._written[client]
            self._written[client] += 1
            rng = random.Random(f"{self._seed}/{client}/{number}")
            most = min(_LARGEST_BYTES, int(self._wanted / 8), int(self._wanted - done))
            size = min(most, skewed(rng, _MEDIAN_BYTES, _SPREAD, _LARGEST_BYTES))
            if client == "codex":
                self._codex(rng, number, size)
            else:
                self._claude(rng, number, size)
        (self._folder / TRUTH).write_text(json.dumps(self.truth.as_json()))
        return self.truth

    def _claude(self, rng: random.Random, number: int, size: int) -> None:
        version = rng.choices(VERSIONS, weights=[one.share for one in VERSIONS])[0]
        forks = number % _FORK_EVERY == 5
        if forks and rng.random() < 0.8:  # old clients fork too, but hardly
            version = VERSIONS[-1 - rng.randrange(2)]
        project, name = rng.choice(self._projects), _uuid(rng)
        folder = f"projects/{project.cwd.replace('/', '-')}"
        session = self._claude_session(rng, version, project, FileTruth(f"{folder}/{name}.jsonl", "claude", name))
        start = session.lines.clock
        _fill(session, size, malformed=number % _MALFORMED_EVERY == 3)
        self._save(session.lines.lines, session.truth, torn=number % _TORN_EVERY == 20)
        if number % _SUBAGENTS_EVERY == 7:
            for _ in range(rng.randint(1, 3)):
                agent = f"{rng.getrandbits(68):017x}"
                truth = FileTruth(f"{folder}/{name}/subagents/agent-{agent}.jsonl", "claude", name, agent)
                worker = self._claude_session(rng, version, project, truth, start + 60)
                _fill(worker, int(size * rng.uniform(0.1, 0.5)), malformed=False)
                self._save(worker.lines.lines, truth)
        if forks and session.size < _FORKABLE_BYTES:
            for _ in range(2 if number % 3 == 0 else 1):
                other = _uuid(rng)
                fork = session.fork(other, f"{folder}/{other}.jsonl", rng, whole=rng.random() < 0.5)
                _fill(fork, fork.size + int(size * rng.random()), malformed=False)
                self._save(fork.lines.lines, fork.truth)

    def _claude_session(
        self, rng: random.Random, version: Version, project: Project, truth: FileTruth, at: float | None = None
    ) -> ClaudeSession:
        start = _NEW_YEAR + 86_400 * (version.day + 9 * rng.random()) if at is None else at
        session = ClaudeSession(self._words, rng, truth, project, version, start)
        session.begin()
        return session

    def _codex(self, rng: random.Random, number: int, size: int) -> None:
        project = rng.choice(self._projects)
        rollout = self._rollout(rng, project, _NEW_YEAR + 86_400 * rng.uniform(95, 205))
        rollout.begin()
        _fill(rollout, size)
        self._save(rollout.lines, rollout.truth)
        if number % _CODEX_FORK_EVERY == 1 and rollout.size < _FORKABLE_BYTES:
            fork = self._rollout(rng, project, rollout.clock + 900)
            fork.begin(rollout)
            _fill(fork, fork.size + 60_000)
            self._save(fork.lines, fork.truth)

    def _rollout(self, rng: random.Random, project: Project, at: float) -> CodexRollout:
        moment, name = datetime.fromtimestamp(at, UTC), _uuid(rng)
        path = f"codex/sessions/{moment:%Y/%m/%d}/rollout-{moment:%Y-%m-%dT%H-%M-%S}-{name}.jsonl"
        return CodexRollout(self._words, rng, FileTruth(path, "codex", name), project, at)

    def _save(self, lines: list[bytes], truth: FileTruth, *, torn: bool = False) -> None:
        data = b"".join(lines)
        if torn:
            truth.torn = True
            data += lines[-1][: max(10, len(lines[-1]) // 2)]
        path = self._folder / truth.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        written = truth.last_at or _NEW_YEAR
        os.utime(path, (written, written))
        self._bytes[truth.client] += len(data)
        self.truth.files.append(truth)


def _fill(session: ClaudeSession | CodexRollout, size: int, *, malformed: bool = False) -> None:
    """Turns until the file is as large as it should be, one at least."""
    while True:
        session.turn()
        if malformed and isinstance(session, ClaudeSession):
            session.lines.malformed()
            malformed = False
        if session.size >= size:
            return


def _uuid(rng: random.Random) -> str:
    x = f"{rng.getrandbits(128):032x}"
    return f"{x[:8]}-{x[8:12]}-{x[12:16]}-{x[16:20]}-{x[20:]}"


def make(folder: Path, megabytes: float, seed: int = 1, source: Path | None = None) -> dict[str, object]:
    """Write a corpus into an empty folder; returns the totals of its truth."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty")
    if source is not None:
        truth = rewrite(source, folder, megabytes, seed)
        (folder / TRUTH).write_text(json.dumps(truth))
        return dict(truth["totals"])
    return Corpus(folder, megabytes, seed).write().totals()


def transcripts(folder: Path) -> Iterator[Path]:
    """Every transcript of a corpus, by path."""
    yield from sorted(folder.rglob("*.jsonl"))


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a seeded corpus of transcripts and the truth about it.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--megabytes", type=float, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--from", dest="source", type=Path, help="multiply these transcripts instead of making some up")
    options = parser.parse_args()
    print(json.dumps(make(options.folder, options.megabytes, options.seed, options.source), indent=2))


if __name__ == "__main__":
    main()
