"""The shape of a brief is part of a command's contract."""

from __future__ import annotations

from store.brief_models import Brief, BriefFailure, BriefFile, BriefText, LeftOut


def test_these_are_the_fields() -> None:
    assert list(Brief.__struct_fields__) == [
        *("session", "agent", "project", "cwd", "title", "model", "last_at", "turns", "compactions", "prompts"),
        *("answers", "files_changed", "failed_commands", "open_ends", "left_out", "cold_tokens", "cold_usd", "chars"),
        *("tokens", "usd", "markdown"),
    ]
    assert list(BriefText.__struct_fields__) == ["turn", "at", "text", "cut"]
    assert list(BriefFile.__struct_fields__) == ["path", "kind", "turn"]
    assert list(BriefFailure.__struct_fields__) == ["command", "exit_code", "turn", "times"]
    assert list(LeftOut.__struct_fields__) == ["what", "shown", "of"]
