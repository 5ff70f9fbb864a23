"""What is said of open sessions."""

from __future__ import annotations

from dataclasses import replace

from keepalive.doctor.sessions import MOST, Open, Sessions, check

HERE = Open("claude", "11111111-2222", "parser", 7, plugin="0.1.0", through=True)
RELOAD = "/reload-plugins in that session, or restart it"


def said(session: Open, wanted: str | None = "0.1.0") -> tuple[str, str, str | None]:
    (one,) = check(Sessions([session], wanted))
    return one.level, one.text, one.mend


def test_each_state_of_the_plugin() -> None:
    name = "parser (claude, pid 7)"
    assert said(HERE) == ("ok", f"{name}: through the gateway, plugin active", None)
    silent = replace(HERE, plugin=None, through=False)
    assert said(silent) == ("note", f"{name}: watched only, plugin not active", RELOAD)
    assert said(silent, None) == ("ok", f"{name}: watched only, without the plugin", None)
    assert said(replace(HERE, through=False)) == ("ok", f"{name}: beside the gateway, plugin active", None)
    text = f"{name}: through the gateway, plugin 0.0.9 active, 0.1.0 is installed"
    assert said(replace(HERE, plugin="0.0.9")) == ("note", text, RELOAD)


def test_another_client_has_no_plugin() -> None:
    other = Open("codex", "33333333-4444", "", None, through=False)
    assert said(other) == ("ok", "33333333 (codex): watched only", None)


def test_what_is_to_be_done_comes_first_and_the_list_ends() -> None:
    many = [*(replace(HERE, pid=n) for n in range(MOST)), replace(HERE, plugin=None, pid=99)]
    found = check(Sessions(many, "0.1.0"))
    assert found[0].mend == RELOAD
    assert len(found) == MOST + 1
    assert found[-1].text == "and 1 more open sessions"
    assert [one.text for one in check(Sessions([], None))] == ["no open session"]
