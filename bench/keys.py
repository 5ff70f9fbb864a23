"""From a key to what it paints, in the sidebar with 10,000 stored sessions: alone, and while an import runs beside it.

The peer is the sidebar itself in the same run, since the question is what an import costs the person at the keys.
Target (design): 50 ms at the 95th percentile while an import runs. The corpus is bench/corpus.py's.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from bench.corpus import make
from bench.sidebar import Run, fill

KEYS, PAUSE_SECONDS, MEGABYTES = 200, 0.06, 300


def strokes(run: Run, busy: subprocess.Popen[bytes] | None = None) -> list[float]:
    """Seconds from each key to the first thing that is drawn after it; as long as `busy` runs, where it is given."""
    took = []
    for n in range(KEYS):
        if busy is not None and busy.poll() is not None:
            break
        run.drain(PAUSE_SECONDS)
        took.append(run.answer(b"j" if n % 20 < 10 else b"k"))
    return took


def told(name: str, took: list[float]) -> float:
    """One row; returns the 95th percentile in milliseconds."""
    p95 = 1e3 * statistics.quantiles(took, n=20)[-1]
    print(f"{name:24} {1e3 * statistics.median(took):8.1f} {p95:8.1f} {1e3 * max(took):8.1f} {len(took):6}")
    return p95


def importing(corpus: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """The import of the corpus into the same store."""
    program = str(Path(sys.executable).with_name("warmside"))
    return subprocess.Popen(
        [program, "import", str(corpus)],
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home, corpus = Path(folder) / "home", Path(folder) / "corpus"
        home.mkdir()
        (home / "config.toml").write_text('[providers.anthropic]\nupstream = "http://127.0.0.1:9"\n')
        make(corpus, MEGABYTES, 1)
        fill(home / "warmside.db")
        environment = {
            **os.environ,
            "TERM": "xterm-256color",
            "WARMSIDE_HOME": str(home),
            "HOME": str(home),
            "CLAUDE_CONFIG_DIR": str(home),
        }
        sidebar = [str(Path(sys.executable).with_name("warmside")), "--no-keeper"]
        with Run(sidebar, environment) as run:
            run.until(b"bench-")
            run.drain(2.0)
            print(f"{'key to paint, ms':24} {'p50':>8} {'p95':>8} {'worst':>8} {'keys':>6}")
            alone = told("alone", strokes(run))
            began = time.perf_counter()
            process = importing(corpus, environment)
            try:
                took = strokes(run, process)
            finally:
                process.wait(120)
            beside = told("while an import runs", took)
        print(f"{beside / alone:.1f} x; {MEGABYTES} MB were imported in {time.perf_counter() - began:.1f} s beside it")


if __name__ == "__main__":
    main()
