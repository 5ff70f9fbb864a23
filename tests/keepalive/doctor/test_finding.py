"""The words for a finding."""

from __future__ import annotations

from keepalive.doctor.finding import Finding, note, ok, problem


def test_each_level_has_its_word() -> None:
    assert ok("there") == Finding("ok", "there", None)
    assert note("old", "update") == Finding("note", "old", "update")
    assert problem("gone", "install") == Finding("problem", "gone", "install", area="")
