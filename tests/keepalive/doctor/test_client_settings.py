"""What is said of settings, hooks and the subscription's question."""

from __future__ import annotations

from pathlib import Path

from keepalive.doctor.client_settings import ClientSettings, Consent, check, check_consent

OFF = "/h/.claude/settings.json: disableAllHooks is set: plugin and status line stay inactive"


def test_an_obstacle_is_a_problem_once_the_plugin_is_there() -> None:
    for installed, level in ((True, "problem"), (False, "note")):
        (one,) = check(ClientSettings([OFF], installed=installed))
        assert (one.level, one.text, one.mend) == (level, OFF, "set disableAllHooks to false in that file")


def test_hooks_are_counted_by_file() -> None:
    said = check(ClientSettings(hooks=[Path("/a"), Path("/b"), Path("/a")]))
    assert [one.text.partition(":")[0] for one in said] == ["/a has 2 SubagentStop hooks", "/b has a SubagentStop hook"]
    assert [one.level for one in check(ClientSettings())] == ["ok"]


def test_only_a_subscription_that_was_not_asked_about_has_something_to_do() -> None:
    for login in ("subscription", "api_key", ""):
        for answer in (True, False, None):
            (one,) = check_consent(Consent(login, answer))
            open_question = login == "subscription" and answer is None
            assert one.level == ("note" if open_question else "ok")
            assert (one.mend is not None) == open_question
            assert (" on, as you said" in one.text) == (answer is True)
