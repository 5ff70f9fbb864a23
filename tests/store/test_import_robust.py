"""Whatever a transcript holds or does: a clear count, nothing of the good lines lost, nothing fatal.

A second, healthy session lies beside every damaged one and must come through whole.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from store.ingest.importer import import_paths
from tests.store import quirks
from tests.store.damaged import BESIDE, ROLLOUTS, SAMPLES, between, check, check_new, healthy, only, place
from tests.store.quirks import Claude, claude_path, rollout_path, tokens, uuid
from tests.store.reference_counter import count_tree
from tests.store.stored_facts import detail, disagreements

NAMES = st.sampled_from((*SAMPLES, *ROLLOUTS))


@settings(deadline=None, max_examples=60)
@given(NAMES, st.floats(0, 1))
def test_truncated_anywhere(name: str, share: float) -> None:
    data = only(name)
    check_new({place(name): data[: int(len(data) * share)]})


@settings(deadline=None, max_examples=60)
@given(NAMES, st.floats(0, 1), st.binary(min_size=1, max_size=300))
def test_garbage_anywhere(name: str, share: float, junk: bytes) -> None:
    data = only(name)
    cut = int(len(data) * share)
    check_new({place(name): data[:cut] + junk + data[cut:]})


@settings(deadline=None, max_examples=60)
@given(NAMES, st.integers(0, 40), st.binary(min_size=1, max_size=300), st.booleans())
def test_garbage_between_lines(name: str, line: int, junk: bytes, ended: bool) -> None:
    lines = only(name).splitlines(keepends=True)
    check_new({place(name): b"".join([*lines[:line], junk + b"\n", *lines[line:], b"" if ended else junk])})


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_random_mutations(data: st.DataObject) -> None:
    """Bytes changed, taken out and doubled, a few times."""
    name = data.draw(NAMES)
    content = bytearray(only(name))
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, max(0, len(content) - 1)))
        end = min(len(content), start + data.draw(st.integers(1, 400)))
        what = data.draw(st.sampled_from(("set", "cut", "double", "swap")))
        if what == "set":
            content[start : start + 1] = data.draw(st.binary(min_size=1, max_size=2))
        elif what == "cut":
            del content[start:end]
        elif what == "double":
            content[end:end] = content[start:end]
        else:
            content[start:end] = reversed(content[start:end])
    check_new({place(name): bytes(content)})


def test_of_two_results_of_a_call_the_first_one_counts() -> None:
    """(Doubling bytes can make one; no client writes two.)"""
    name = "codex_failed_commands"
    content, ending = only(name), b'"output": "Exit code: 13\\nOutput:\\nno"}}'
    (line,) = [line for line in content.splitlines(keepends=True) if ending in line]
    check_new({place(name): content.replace(line, line.replace(ending, b'"output": "none yet"}}') + line)})


@pytest.mark.parametrize("whole", [True, False], ids=["valid", "malformed"])
def test_line_of_60_megabytes(whole: bool, tmp_path: Path, db: sqlite3.Connection) -> None:
    """(Written and read in pieces here: the counter would hold it three times over.)"""
    (path,) = quirks.write({claude_path(1): only("plain")}, tmp_path)
    quirks.write(healthy(), tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    middle = len(lines) // 2
    with path.open("wb") as file:
        file.writelines(lines[:middle])
        file.write(b'{"type":"user","message":{"role":"user","content":[{"type":"tool_result","content":"')
        for _ in range(60):
            file.write(b"x" * (1 << 20))
        file.write(b'","tool_use_id":"toolu_big"}]}}\n' if whole else b"\n")
        file.writelines(lines[middle:])
    size = path.stat().st_size
    totals = import_paths(db, [tmp_path])
    path.unlink()
    assert (totals.files, totals.errors, totals.malformed_lines) == (2, 0, 0 if whole else 1)
    assert totals.bytes > size
    assert [detail(db, uuid(number)).totals.requests for number in (1, BESIDE)] == [9, 2]
    assert len(detail(db, uuid(1)).turns) == 3


@pytest.mark.parametrize(
    "line",
    [
        b"\x00",
        b"\x00" * 5000,
        b'{"type":"user"}\x00\x00',
        b'\x00{"type":"user"}',
        b'{"type":"user","message":{"content":"a\x00b"}}',
        b"\xff\xfe\xfd",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
        b"{",
        b"}",
        b"[" * 1000,
        b"\x1e",
        b"\r",
        b"\xc3",
    ],
    ids=repr,
)
def test_bad_line(line: bytes, tmp_path: Path, db: sqlite3.Connection) -> None:
    check(db, tmp_path, between(line))


@pytest.mark.parametrize("field", ["message", "cwd", "unknown", "type"])
def test_invalid_utf8_within_a_record(field: str, tmp_path: Path, db: sqlite3.Connection) -> None:
    """Such a line is no JSON, wherever the bad byte is; the record is counted as malformed, not half believed."""
    record: dict[str, Any] = {"type": "user", "uuid": "u", "message": {"role": "user", "content": "Prompt?"}}
    record[field] = "BAD" if field != "message" else {"role": "user", "content": "BAD"}
    line = json.dumps(record).encode().replace(b"BAD", b"caf\xe9 \xff")
    assert check(db, tmp_path, between(line)).malformed_lines == 1


def test_nul_escapes_are_text(tmp_path: Path, db: sqlite3.Connection) -> None:
    """A NUL that is written as an escape is part of a good record, in every text that is kept."""
    lines = Claude()
    lines.user("A\x00B")
    lines.answer("msg_\x00", {"type": "text", "text": "a\x00b"}, cwd="/a\x00b")
    lines.edit("msg_2", "/a\x00b")
    lines.result(lines.bash("msg_3", "echo \x00"), "Exit code 1", error=True)
    check(db, tmp_path, {claude_path(1): lines.bytes()})


def test_separator_in_texts(tmp_path: Path, db: sqlite3.Connection) -> None:
    """Control characters in paths and commands, empty ones: as many entries as there are (a file without a name is
    none)."""
    lines = Claude()
    lines.user("Odd names.")
    for number, text in enumerate(("/a\x1e/b", "", "\x1e", " ", "/a\nb", "\x1f")):
        lines.edit(f"msg_{number}", text)
        lines.result(lines.bash(f"msg_{number}", text), f"Exit code {number + 1}", error=True)
    quirks.write(healthy() | {claude_path(1): lines.bytes()}, tmp_path)
    assert import_paths(db, [tmp_path]).errors == 0
    (turn,) = detail(db, uuid(1)).turns
    assert [failed.exit_code for failed in turn.failed_commands] == [1, 2, 3, 4, 5, 6]
    assert 4 <= len(turn.files_changed) <= 5
    assert "/a\nb" in [change.path for change in turn.files_changed]


def test_empty_file(tmp_path: Path, db: sqlite3.Connection) -> None:
    check(db, tmp_path, {claude_path(1): b"", rollout_path(2): b"", claude_path(3): b"\n", rollout_path(4): b"\n"})


@pytest.mark.parametrize("name", ["plain", "codex_plain"])
def test_without_newline_at_the_end(name: str, tmp_path: Path, db: sqlite3.Connection) -> None:
    """The last line waits, and is there as soon as its newline is."""
    data, where = only(name), place(name)
    check(db, tmp_path, {where: data[:-1]})
    (path,) = quirks.write({where: data}, tmp_path)
    import_paths(db, [tmp_path])
    assert disagreements(db, count_tree([path]), tmp_path)[1:] == []  # (the healthy one is not in this count)


def test_windows_newlines(tmp_path: Path, db: sqlite3.Connection) -> None:
    assert check(db, tmp_path, {claude_path(1): only("plain").replace(b"\n", b"\r\n")}).malformed_lines == 0


@pytest.mark.parametrize("where", ["line", "content", "toolUseResult", "unknown", "input"])
def test_deep_nesting(where: str, tmp_path: Path, db: sqlite3.Connection) -> None:
    """100,000 brackets: whether such a line is believed or not, its neighbours are."""
    deep = b"[" * 100_000 + b"]" * 100_000
    record = {
        "line": deep,
        "content": b'{"type":"user","message":{"content":%s}}',
        "toolUseResult": b'{"type":"user","message":{"content":[]},"toolUseResult":%s}',
        "unknown": b'{"type":"progress","data":%s}',
        "input": b'{"type":"assistant","message":{"content":[{"type":"tool_use","id":"t","input":%s}]}}',
    }[where]
    quirks.write(healthy() | between(record.replace(b"%s", deep), b'{"a":' * 100_000), tmp_path)
    totals = import_paths(db, [tmp_path])
    assert (totals.files, totals.errors) == (2, 0)
    assert totals.malformed_lines in (1, 2)
    assert [detail(db, uuid(number)).totals.requests for number in (1, BESIDE)] == [9, 2]


HUGE = ["1" + "0" * 400, "9" * 5000, str(2**63), str(2**64), str(-(2**63)), "-1", "1e400", "1.5", "-0.0"]


@pytest.mark.parametrize("number", HUGE, ids=lambda text: text[:12])
def test_numbers_that_are_no_counts(number: str, tmp_path: Path, db: sqlite3.Connection) -> None:
    """In usage, where a time, a code and an id should be: a number that counts nothing counts as none."""
    lines = Claude()
    lines.user("Count.")
    lines.answer("msg_1", usage=tokens(plain=-777, read=-777, output=-777))
    lines.answer("msg_2", usage={"input_tokens": 5, "output_tokens": -777, "cache_creation": -777})
    lines.answer("msg_3", usage={"cache_creation": {"ephemeral_1h_input_tokens": -777}})
    lines.add("system", subtype="turn_duration", durationMs=-777, timestamp=-777)
    lines.result(lines.bash("msg_4", "x"), f"Exit code {number}", error=True)
    lines.answer("msg_5")
    data = lines.bytes().replace(b"-777", number.encode())
    quirks.write(healthy() | {claude_path(1): data}, tmp_path)
    totals = import_paths(db, [tmp_path])
    assert (totals.files, totals.errors) == (2, 0)
    assert totals.malformed_lines in (0, 4)  # a reader may refuse a number of 5,000 digits
    shown = detail(db, uuid(1))
    assert shown.totals.requests in (5, 2)
    assert shown.totals.input >= 0
    assert shown.totals.output >= 40


def test_sums_beyond_64_bits(tmp_path: Path, db: sqlite3.Connection) -> None:
    """Each figure fits a column, their sum does not: the session still shows."""
    lines = Claude()
    lines.user("Count.")
    for number in range(4):
        lines.answer(f"msg_{number}", usage=tokens(plain=2**62, read=2**63 - 1, hour=2**62, output=2**62))
    quirks.write(healthy() | {claude_path(1): lines.bytes()}, tmp_path)
    assert import_paths(db, [tmp_path]).errors == 0
    assert detail(db, uuid(1)).totals.requests == 4
    assert detail(db, uuid(BESIDE)).totals.requests == 2


@pytest.mark.parametrize("literal", [b"NaN", b"Infinity", b"-Infinity"])
def test_literals_that_are_no_json(literal: bytes, tmp_path: Path, db: sqlite3.Connection) -> None:
    """JSON has them not, Python's own decoder takes them: either way the lines around them count."""
    lines = only("plain").split(b"\n")
    line = lines[5].replace(b'"parentUuid": null', b'"parentUuid": ' + literal)
    assert line != lines[5]
    usage = b'{"type":"assistant","message":{"id":"msg_n","model":"m","usage":{"output_tokens":%s}}}' % literal
    quirks.write(healthy() | between(line, usage, b'{"type":"user","message":{"content":%s}}' % literal), tmp_path)
    totals = import_paths(db, [tmp_path])
    assert (totals.files, totals.errors) == (2, 0)
    assert totals.malformed_lines in (0, 3)
    requests = 9 if totals.malformed_lines else 10
    assert [detail(db, uuid(number)).totals.requests for number in (1, BESIDE)] == [requests, 2]


def test_duplicate_keys(tmp_path: Path, db: sqlite3.Connection) -> None:
    """The last one of a name wins, as in every decoder."""
    lines = only("plain").split(b"\n")
    lines[-3] = lines[-3].replace(b'"type": "assistant",', b'"type": "user", "type": "assistant",', 1)
    lines[-4] = lines[-4].replace(b'"output_tokens": ', b'"output_tokens": 9999, "output_tokens": ')
    lines[0] = lines[0].replace(b'"content": ', b'"content": "<bash-input>", "content": ')
    check(db, tmp_path, {claude_path(1): b"\n".join(lines)})


SURROGATES = {
    "prompt": b'{"type":"user","message":{"content":"a \\ud800 b"}}',
    "id": b'{"type":"assistant","message":{"id":"msg_\\ud83d","model":"m","usage":{"output_tokens":1}}}',
    "model": b'{"type":"assistant","message":{"id":"msg_x","model":"\\ud83d","usage":{"output_tokens":1}}}',
    "answer": b'{"type":"assistant","message":{"id":"msg_x","content":[{"type":"text","text":"\\udfff"}]}}',
    "path": b'{"type":"user","toolUseResult":{"filePath":"/\\udfff","structuredPatch":[1]}}',
    "cwd": b'{"type":"system","cwd":"/\\ud800","version":"\\ud800","gitBranch":"\\udc00"}',
    "title": b'{"type":"ai-title","aiTitle":"\\ud800"}',
    "key": b'{"type":"system","\\ud800":1}',
    "skipped": b'{"type":"progress","data":"\\ud800 \\udc00 \\ud83d\\ude80"}',
}


@pytest.mark.parametrize("field", SURROGATES)
def test_lone_surrogates(field: str, tmp_path: Path, db: sqlite3.Connection) -> None:
    """Half a character, as clients write it when they cut a text: an object all the same, so not malformed."""
    quirks.write(healthy() | between(SURROGATES[field]), tmp_path)
    totals = import_paths(db, [tmp_path])
    assert (totals.files, totals.errors, totals.malformed_lines) == (2, 0, 0)
    counts = [detail(db, uuid(number)).totals.requests for number in (1, BESIDE)]
    assert counts == [10 if field in ("id", "model", "answer") else 9, 2]


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=40))
@example("2026-05-28T20:26:40.000Z")
@example("2026-05-28T20:26:40Z")
@example("2026-02-30T20:26:40.000Z")
@example("9999-99-99T99:99:99.999Z")
@example("0000-00-00T00:00:00.000Z")
@example("not a time")
def test_any_text_as_a_time(text: str) -> None:
    """A time that cannot be read is none; the record counts."""
    lines = Claude()
    lines.user("When?")
    lines.answer("msg_1", timestamp=text)
    lines.answer("msg_2")
    check_new({claude_path(1): lines.bytes()})
