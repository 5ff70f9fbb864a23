"""The corpus: the same bytes for the same seed, the shape of real stores, and a truth that a plain count shares."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bench.corpus import TRUTH, make, transcripts
from tests.store.reference_counter import count_tree
from tests.store.reference_model import FileCount

SEED, MEGABYTES = 29, 5.0
PROGRAM = Path(__file__).parents[2] / "bench" / "corpus.py"
REAL = Path(__file__).parents[2].parent / "shared" / "data" / "transcripts"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    make(folder, MEGABYTES, SEED)
    return folder


@pytest.fixture(scope="module")
def truth(corpus: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((corpus / TRUTH).read_text())
    return loaded


def _facts(count: FileCount) -> dict[str, Any]:
    """What a plain count says of a file, in the words of the truth."""
    names = ("lines", "prompts", "slash_commands", "shell_commands", "notifications", "queued", "interrupts", "models")
    tokens = count.tokens
    return {
        **{name: getattr(count, name) for name in names},
        **{name: getattr(count, name) for name in ("session", "agent_id", "first_at", "last_at", "last_write")},
        "malformed": len(count.malformed),
        "compactions": len(count.compactions),
        "requests": len(count.requests),
        "tokens": {
            "input": tokens.input,
            "output": tokens.output,
            "cache_read": tokens.read,
            "cache_write_5m": tokens.write_5m,
            "cache_write_1h": tokens.write_1h,
            "reasoning": tokens.reasoning,
        },
        "turns": [
            {
                "n": n,
                "requests": len(turn.requests),
                "files": list(dict.fromkeys(turn.files)),
                "failed": [list(one) for one in turn.failed],
            }
            for n, turn in count.kept_turns.items()
            if not count.agent_id
        ],
    }


def test_a_plain_count_finds_what_the_truth_says(corpus: Path, truth: dict[str, Any]) -> None:
    tree = count_tree(transcripts(corpus))
    said = {file["path"]: file for file in truth["files"]}
    assert {file.path.relative_to(corpus).as_posix() for file in tree.files} == said.keys()
    for file in tree.files:
        known = said[file.path.relative_to(corpus).as_posix()]
        facts = _facts(file)
        assert facts == {name: known[name] for name in facts}
        assert len(tree.kept(file)) == known["kept_requests"]
    totals = truth["totals"]
    assert totals["requests"] == len(tree.keeper)
    assert totals["tokens"]["output"] == tree.tokens.output
    assert totals["turns"] == sum(len(_facts(file)["turns"]) for file in tree.files)


def _bytes(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in transcripts(folder)
    }


def test_the_same_seed_gives_the_same_bytes_in_another_process(corpus: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(PROGRAM), str(tmp_path / "again"), f"--megabytes={MEGABYTES}", f"--seed={SEED}"]
    environment = {**os.environ, "PYTHONHASHSEED": "5", "TZ": "Asia/Tokyo"}
    printed = subprocess.run(command, check=True, capture_output=True, env=environment).stdout
    assert _bytes(tmp_path / "again") == _bytes(corpus)
    assert (tmp_path / "again" / TRUTH).read_bytes() == (corpus / TRUTH).read_bytes()
    assert json.loads(printed) == json.loads((corpus / TRUTH).read_text())["totals"]


def test_another_seed_gives_another_corpus(corpus: Path, tmp_path: Path) -> None:
    make(tmp_path / "other", 0.5, SEED + 1)
    assert _bytes(tmp_path / "other")
    assert not _bytes(tmp_path / "other").keys() & _bytes(corpus).keys()


def test_it_is_as_large_as_asked_for_and_has_every_quirk(corpus: Path, truth: dict[str, Any]) -> None:
    totals = truth["totals"]
    size = sum(path.stat().st_size for path in transcripts(corpus))
    assert MEGABYTES * 1e6 <= size <= MEGABYTES * 1e6 * 1.4
    for quirk in ("malformed", "copies", "notifications", "slash_commands", "failed_commands", "files_changed"):
        assert totals[quirk] > 0, quirk
    assert {file["client"] for file in truth["files"]} == {"claude", "codex"}
    assert any(file["agent_id"] for file in truth["files"])
    assert any(file["turns"] and file["turns"][0]["n"] == 0 for file in truth["files"])
    assert {"5m", "1h"} <= {file["last_write"] for file in truth["files"]}


def test_its_records_are_mixed_like_real_ones(corpus: Path) -> None:
    kinds: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    ids: Counter[str] = Counter()
    lengths = []
    for path in transcripts(corpus / "projects"):
        for line in path.read_bytes().splitlines():
            lengths.append(len(line))
            try:
                record = json.loads(line)
            except ValueError:
                continue
            kinds[record["type"]] += 1
            sizes[record["type"]] += len(line)
            if record["type"] == "assistant":
                ids[record["message"]["id"]] += 1
    records, whole = sum(kinds.values()), sum(lengths)
    assert 0.3 < kinds["assistant"] / records < 0.5
    assert 0.15 < kinds["user"] / records < 0.32
    assert 0.4 < sizes["user"] / whole < 0.75
    assert 700 < sorted(lengths)[len(lengths) // 2] < 1_600
    assert max(ids.values()) > 3
    assert 1.7 < sum(ids.values()) / len(ids) < 3.2


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("kept")
    with pytest.raises(FileExistsError):
        make(tmp_path, 1.0)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def _claude_line(message_id: str, output: int) -> str:
    usage = {"input_tokens": 2, "output_tokens": output, "cache_read_input_tokens": 30}
    message = {"id": message_id, "model": "claude-opus-5-5", "usage": usage, "content": []}
    return json.dumps({"type": "assistant", "sessionId": "0a0a0a0a-1111-2222-3333-0123456789ab", "message": message})


def test_multiplied_transcripts_share_no_id_and_keep_the_rest(tmp_path: Path) -> None:
    source = tmp_path / "real" / "claude" / "-src-a"
    source.mkdir(parents=True)
    one, two = "msg_01" + "a" * 22, "msg_01" + "b" * 22
    lines = [_claude_line(one, 1), _claude_line(one, 40), '{"type":"us', _claude_line(two, 5)]
    original = ("\n".join(lines) + "\n").encode()
    (source / "0a0a0a0a-1111-2222-3333-0123456789ab.jsonl").write_bytes(original)

    totals = make(tmp_path / "many", len(original) * 2.5 / 1e6, source=tmp_path / "real")

    copies = list(transcripts(tmp_path / "many"))
    assert totals["copies_of_each"] == len(copies) == 3
    assert totals["requests"] == 6
    assert totals["malformed"] == 3
    assert totals["tokens"] == {"input": 12, "output": 135, "cache_read": 180, "cache_write": 0}
    names = {path.stem for path in copies}
    assert len(names | {"0a0a0a0a-1111-2222-3333-0123456789ab"}) == 4
    tree = count_tree(copies)
    assert len(tree.keeper) == 6
    assert tree.copies == 0
    for path in copies:
        data = path.read_bytes()
        assert len(data) == len(original)
        assert path.stem.encode() in data  # the name and the records agree
        assert data.split(b"\n")[2] == b'{"type":"us'


@pytest.mark.skipif(not REAL.is_dir(), reason="the real transcripts are not here")
def test_real_transcripts_multiplied_are_counted_right(tmp_path: Path) -> None:
    totals = make(tmp_path / "many", 1.0, source=REAL)
    tree = count_tree(transcripts(tmp_path / "many"))
    tokens = tree.tokens
    assert totals["copies_of_each"] == 1
    assert totals["requests"] == len(tree.keeper)
    assert totals["malformed"] == sum(len(file.malformed) for file in tree.files)
    assert totals["tokens"] == {
        "input": tokens.input,
        "output": tokens.output,
        "cache_read": tokens.read,
        "cache_write": tokens.write_5m + tokens.write_1h,
    }
