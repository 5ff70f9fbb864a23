"""The score of both rules: right on rows that are counted by hand, and on the real ones ours is no fit to halves."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.cache_truth import GAPS, RULES, Gap, Score, bare, load, main, ours, score
from store.expectation import Waiting

HEADER = (
    "session,kind,gap_seconds,request_to_request_seconds,prefix_tokens,next_cache_read,next_cache_creation,next_input,"
    "ttl_before,ttl_after,model_before,model_after,compacted,client_version,at_utc,last_of_session"
)


def row(kind: str = "user", gap: float = 10.0, read: int = 1_000, *, ttl: str = "5m", session: int = 1) -> str:
    return f"{session},{kind},{gap},{gap},1000,{read},0,3,{ttl},{ttl},a,a,0,2.1.37,2026-01-01T00:00:00,0"


def table(folder: Path, *rows: str) -> Path:
    path = folder / "gaps.csv"
    path.write_text("\n".join((HEADER, *rows)) + "\n", encoding="utf-8")
    return path


def test_rows_become_what_was_known_before_them(tmp_path: Path) -> None:
    rows = [row("tool"), row("tool"), row("user", read=499), row("tool"), row("user", session=2, ttl="")]
    gaps = load(table(tmp_path, *rows))
    assert [gap.waiting.turn_requests for gap in gaps] == [1, 2, 3, 1, 1]
    assert [gap.cold for gap in gaps] == [False, False, True, False, False]
    assert [gap.waiting.lifetime for gap in gaps] == [300.0] * 4 + [None]


def test_a_score_counts_cold_as_the_thing_to_find() -> None:
    def gap(seconds: float, read: int) -> Gap:
        return Gap(1, Waiting(seconds, 300.0), 1_000, read)

    counted = score([gap(400, 0), gap(400, 900), gap(10, 0), gap(10, 0), gap(10, 900)], bare)
    assert counted == Score(hits=1, false_alarms=1, missed=2, right_warm=1)
    assert (counted.accuracy, counted.precision) == (0.4, 0.5)
    assert counted.recall == pytest.approx(1 / 3)
    assert score([], bare).accuracy == 0


def test_without_the_data_it_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["cache_truth.py", str(tmp_path / "none.csv")])
    main()
    assert capsys.readouterr().out == f"skipped: {tmp_path / 'none.csv'} is not there\n"


def test_both_rules_stand_side_by_side(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["cache_truth.py", str(table(tmp_path, row("user"), row("tool", 400, 0)))])
    main()
    printed = capsys.readouterr().out
    assert printed.startswith("people's prompts: 1, cold 0\n")
    assert all(printed.count(f"    {name}") == 4 for name in RULES)


@pytest.mark.skipif(not GAPS.is_file(), reason="the shared data is not here")
@pytest.mark.parametrize("half", [None, 0, 1])
def test_on_real_prompts_it_is_no_worse_and_finds_more(half: int | None) -> None:
    prompts = [gap for gap in load(GAPS) if gap.waiting.waited == "user" and half in (None, gap.session % 2)]
    before, after = score(prompts, bare), score(prompts, ours)
    assert after.accuracy >= before.accuracy
    assert after.recall > before.recall
