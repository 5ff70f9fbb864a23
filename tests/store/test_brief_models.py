"""The shape of a brief is part of a command's contract."""

from __future__ import annotations

from store.brief_models import Brief, BriefFailure, BriefFile, BriefText, LeftOut


def test_these_are_the_fields() -> None:
    assert list(Brief.model_fields) == [
        *("session", "agent", "project", "cwd", "title", "model", "last_at", "turns", "compactions", "prompts"),
        *("answers", "files_changed", "failed_commands", "open_ends", "left_out", "cold_tokens", "cold_usd", "chars"),
        *("tokens", "usd", "markdown"),
    ]
    assert list(BriefText.model_fields) == ["turn", "at", "text", "cut"]
    assert list(BriefFile.model_fields) == ["path", "kind", "turn"]
    assert list(BriefFailure.model_fields) == ["command", "exit_code", "turn", "times"]
    assert list(LeftOut.model_fields) == ["what", "shown", "of"]
