"""The import beside other programs that read the same transcripts, in one run on one corpus.

The corpus is made up (bench/corpus.py) or, with `--from`, real transcripts multiplied; the page cache is warm and
every program starts from an empty home. What the import counted is held against what the corpus is known to say.
Targets (design): 300 MB within 1.5 s on two cores, four times agentsview's speed, 150 MB over all processes, an
unchanged re-scan within 0.1 s beside Python's start.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.corpus import TRUTH, make, transcripts
from bench.measuring.agreement import disagreements
from bench.measuring.peers import Peer, install_all
from bench.measuring.programs import ProgramError, Run, isolated, run
from bench.measuring.stages import part, stages

ROUNDS = 3
STAGES_MB = 100
_HERE = Path(__file__).parents[1]
REAL = _HERE.parent / "shared" / "data" / "transcripts"
"""Real transcripts, where a clone has them beside it."""


def ours() -> Peer:
    """The import, measured like its peers."""
    program = str(Path(sys.executable).with_name("warmside"))
    command: Callable[[Path], list[str]] = lambda corpus: [program, "import", str(corpus), "--json"]  # noqa: E731
    return Peer(
        name="warmside",
        what="warmside import (requests, turns, search)",
        command=command,
        again=command,
        environment=lambda corpus, home: isolated(home, WARMSIDE_HOME=str(home)),
        counted=lambda home, run: run.output.replace("\n", " "),
        clients=("claude", "codex"),
    )


@dataclass
class Measured:
    """All runs of one program."""

    peer: Peer
    megabytes: float
    fresh: list[Run] = field(default_factory=list)
    again: list[Run] = field(default_factory=list)
    memory: Run | None = None
    counted: str = ""

    @property
    def best(self) -> Run:
        """The quickest run."""
        return min(self.fresh, key=lambda one: one.wall)

    @property
    def speed(self) -> float:
        """MB/s of what it reads."""
        return self.megabytes / self.best.wall


def measure(corpus: Path, folder: Path, peers: list[Peer]) -> list[Measured]:
    """Each program in turn, several times: a noisy machine is noisy for all."""
    rows = [Measured(peer, _megabytes(corpus, peer)) for peer in peers]
    for number in range(ROUNDS + 1):
        for row in rows:
            home = folder / f"{row.peer.name}-{number}"
            home.mkdir()
            environment = row.peer.environment(corpus, home)
            if number == ROUNDS:
                row.memory = run(row.peer.command(corpus), environment, memory=True)
            else:
                row.fresh.append(run(row.peer.command(corpus), environment))
                if row.peer.again is not None:
                    row.again.append(run(row.peer.again(corpus), environment))
            if number == 0:
                row.counted = row.peer.counted(home, row.fresh[0])
                if row.peer.name == "warmside":
                    check(corpus, home, row.fresh[0])
            shutil.rmtree(home)
    return rows


def check(corpus: Path, home: Path, first: Run) -> None:
    """Say whether the import found what the corpus says."""
    wrong = disagreements(corpus, home / "warmside.db", json.loads(first.output))
    print("warmside's counts: as the corpus says" if not wrong else f"warmside's counts: {len(wrong)} DISAGREE")
    for line in wrong[:10]:
        print(f"  {line[:200]}")


def claude_tokens(corpus: Path) -> str:
    """What a peer that reads the Claude part alone should have counted, for a corpus that says it by file."""
    files = json.loads((corpus / TRUTH).read_text())["files"]
    kept = [file["kept_tokens"] for file in files if file["client"] == "claude"]
    sums = {name: sum(one[name] for one in kept) for name in kept[0]} if kept else {}
    if not sums:
        return ""
    written = sums["cache_write_5m"] + sums["cache_write_1h"]
    return f"{sums['input']:,} input, {sums['output']:,} output, {sums['cache_read']:,} read, {written:,} written"


def _megabytes(corpus: Path, peer: Peer) -> float:
    places = {"claude": corpus / "projects", "codex": corpus / "codex"}
    return sum(path.stat().st_size for name in peer.clients for path in transcripts(places[name])) / 1e6


def report(rows: list[Measured], truth: str) -> None:
    """The table: best of all runs, then every run."""
    print(f"\n{'':12}{'MB':>6}{'wall s':>8}{'CPU s':>8}{'MB/s':>7}{'again s':>9}{'RSS MB':>8}{'PSS MB':>8}   all walls")
    for row in rows:
        again = f"{min(one.wall for one in row.again):9.2f}" if row.again else f"{'-':>9}"
        assert row.memory is not None
        print(
            f"{row.peer.name:12}{row.megabytes:6.0f}{row.best.wall:8.2f}{row.best.cpu:8.2f}{row.speed:7.0f}{again}"
            f"{row.memory.rss:8.0f}{row.memory.pss:8.0f}   {' '.join(f'{one.wall:.2f}' for one in row.fresh)}"
        )
    print(f"load of the machine: {' '.join(f'{one:.1f}' for one in os.getloadavg())} on {os.cpu_count()} cores")
    if truth:
        print(f"the corpus, Claude part: tokens: {truth}")
    for row in rows:
        print(f"{row.peer.what}: {row.counted}")
        if row is not rows[0]:
            walls = [theirs.wall / mine.wall for mine, theirs in zip(rows[0].fresh, row.fresh, strict=True)]
            print(
                f"  it takes {statistics.median(walls):.1f} times warmside's wall time (median, run by run) and"
                f" {row.best.cpu / rows[0].best.cpu:.1f} times its CPU time; by MB/s of the best runs warmside is"
                f" {rows[0].speed / row.speed:.1f} times as fast"
            )


def where_time_goes(corpus: Path) -> None:
    """The stages of an import, one process."""
    files = part(corpus, STAGES_MB)
    megabytes = sum(one.size for one in files) / 1e6
    print(f"\nwhere the time goes, one process, {megabytes:.0f} MB in {len(files)} files")
    known: dict[str, float] = {}
    for name, seconds in stages(files):
        known[name] = seconds
        print(f"  {name:24}{seconds:7.3f} s {megabytes / seconds:8.0f} MB/s")
    steps = {
        "decode": known["decode"] - known["lines"],
        "rules": known["turns and rows"] - known["decode"],
        "SQLite": known["SQLite, without search"],
        "FTS": known["SQLite, with search"] - known["SQLite, without search"],
    }
    whole = known["lines"] + sum(steps.values())
    print(
        "  "
        + ", ".join(f"{name} {seconds / whole:.0%}" for name, seconds in {"lines": known["lines"], **steps}.items())
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=float, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--from", dest="source", type=Path, help="multiply these transcripts instead of making some up")
    parser.add_argument("--peers", type=Path, help="where the peers are, or are to be kept (default: thrown away)")
    options = parser.parse_args()
    for name in ("store", "keepalive", "tui"):
        compileall.compile_dir(_HERE / name, quiet=1)
    sources = [options.source] if options.source else [None, REAL] if REAL.is_dir() else [None]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        peers = [ours()]
        for peer in install_all(options.peers or folder / "peers"):
            if isinstance(peer, Peer):
                peers.append(peer)
            else:
                print(peer)
        for number, source in enumerate(sources):
            corpus = folder / f"corpus-{number}"
            totals = make(corpus, options.megabytes, options.seed, source)
            for path in transcripts(corpus):
                path.read_bytes()  # the page cache is warm for whoever comes first
            kind = "real transcripts multiplied" if source else "made up"
            print(f"\n{kind}: {totals['bytes']:,} bytes in {totals['files']} files, {totals['requests']:,} requests")
            try:
                report(measure(corpus, folder, peers), claude_tokens(corpus))
            except ProgramError as error:
                print(error)
            where_time_goes(corpus)
            shutil.rmtree(corpus)


if __name__ == "__main__":
    main()
