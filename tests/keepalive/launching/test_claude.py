"""Claude Code is told by its own settings, and keeps what was set before."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive.launch import LaunchError, Start
from tests.keepalive.launching.asking import DEFAULT, FILE, GATEWAY, Place


def merged(start: Start) -> dict[str, object]:
    assert start.settings is not None
    loaded = json.loads(start.settings)
    assert isinstance(loaded, dict)
    return loaded


def env_of(start: Start) -> Mapping[str, str]:
    env = merged(start)["env"]
    assert isinstance(env, dict)
    return env


def test_claude_gets_our_settings_from_a_file_and_keeps_its_arguments(place: Place) -> None:
    start = place.prepare("/usr/bin/claude", "--resume", "abc", "-p", "hello")
    assert start.agent == "claude"
    assert start.argv == ("/usr/bin/claude", "--settings", str(FILE), "--resume", "abc", "-p", "hello")
    assert env_of(start) == {
        "ANTHROPIC_BASE_URL": GATEWAY,
        "ENABLE_TOOL_SEARCH": "true",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }
    assert start.environment == env_of(start)
    assert (start.upstream, start.proxy, start.ca_file, start.note) == (DEFAULT, None, None, "")


def test_the_token_is_on_no_command_line(place: Place) -> None:
    for own in ([], ["--settings", '{"model": "opus"}']):
        assert not any("made_up_token" in part for part in place.prepare("claude", *own).argv)


@pytest.mark.parametrize("form", ["inline", "equals", "file", "relative file"])
def test_the_persons_own_settings_are_kept(place: Place, form: str) -> None:
    own = json.dumps({"model": "opus", "env": {"MINE": "1", "ANTHROPIC_BASE_URL": "https://mine.example.com/x/"}})
    file = place.cwd / "mine.json"
    file.write_text(own, encoding="utf-8")
    arguments = {
        "inline": ["--settings", own],
        "equals": [f"--settings={own}"],
        "file": ["--settings", str(file)],
        "relative file": ["--settings", "mine.json"],
    }[form]
    start = place.prepare("claude", "-c", *arguments, "--verbose")
    assert start.argv == ("claude", "--settings", str(FILE), "-c", "--verbose")
    assert merged(start)["model"] == "opus"
    assert env_of(start)["MINE"] == "1"
    assert env_of(start)["ANTHROPIC_BASE_URL"] == GATEWAY
    assert start.upstream == "https://mine.example.com/x"


@given(
    st.dictionaries(st.text(), st.none() | st.booleans() | st.text() | st.lists(st.integers())),
    st.dictionaries(st.text(), st.text() | st.integers()),
)
def test_merging_loses_nothing_of_the_persons(
    tmp_path_factory: pytest.TempPathFactory, own: dict[str, object], env: dict[str, str | int]
) -> None:
    place = Place(tmp_path_factory.mktemp("place"))
    env = {key: value for key, value in env.items() if "PROXY" not in key.upper() and key != "ANTHROPIC_BASE_URL"}
    start = place.prepare("claude", "--settings", json.dumps({**own, "env": env}))
    got = merged(start)
    ours = {"ANTHROPIC_BASE_URL", "ENABLE_TOOL_SEARCH", "NO_PROXY", "no_proxy"}
    assert {key: value for key, value in got.items() if key != "env"} == {k: v for k, v in own.items() if k != "env"}
    assert {key: value for key, value in env_of(start).items() if key not in ours} == {
        key: value for key, value in env.items() if key not in ours
    }


@pytest.mark.parametrize("value", ["{broken", "/nowhere/at/all.json", "[1]", "{" * 100_000])
def test_settings_that_cannot_be_read_are_said_in_one_line(place: Place, value: str) -> None:
    (place.cwd / "[1]").write_text("[1]")
    with pytest.raises(LaunchError, match=r"^cannot read your --settings: .*$"):
        place.prepare("claude", "--settings", value)


def test_what_follows_two_dashes_is_the_clients(place: Place) -> None:
    start = place.prepare("claude", "--", "--settings", "/not/a/file", "--settings=x")
    assert start.argv == ("claude", "--settings", str(FILE), "--", "--settings", "/not/a/file", "--settings=x")


def test_the_base_url_that_wins_in_the_client_becomes_the_upstream(place: Place) -> None:
    def set_by(name: str) -> str:
        return f"https://{name}.example.com"

    assert place.prepare("claude").upstream == DEFAULT
    place.environ["ANTHROPIC_BASE_URL"] = set_by("shell")
    assert place.prepare("claude").upstream == set_by("shell")
    for which in ("user", "project", "local"):
        place.settings(which, ANTHROPIC_BASE_URL=set_by(which))
        assert place.prepare("claude").upstream == set_by(which)
    own = json.dumps({"env": {"ANTHROPIC_BASE_URL": set_by("argument")}})
    assert place.prepare("claude", "--settings", own).upstream == set_by("argument")
    assert place.prepare("claude", "--settings", own, upstream=set_by("option")).upstream == set_by("option")


def test_a_broken_settings_file_of_the_clients_is_its_own_affair(place: Place) -> None:
    (place.claude_dir / "settings.json").write_text("{", encoding="utf-8")
    (place.cwd / ".claude" / "settings.json").write_text('{"env": 3}', encoding="utf-8")
    assert place.prepare("claude").upstream == DEFAULT


def test_a_tool_search_that_was_set_is_kept(place: Place) -> None:
    place.environ["ENABLE_TOOL_SEARCH"] = "false"
    assert env_of(place.prepare("claude"))["ENABLE_TOOL_SEARCH"] == "false"
    place.settings("user", ENABLE_TOOL_SEARCH="auto")
    assert env_of(place.prepare("claude"))["ENABLE_TOOL_SEARCH"] == "auto"


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_the_proxy_is_the_launchs_own_and_stored_without_its_password(place: Place, name: str) -> None:
    full = "http://me:made-up-password@proxy.example.com:3128"
    place.environ[name] = full
    start = place.prepare("claude")
    assert start.proxy == "http://proxy.example.com:3128"
    assert start.environment[name] == full
    place.environ.clear()
    place.settings("user", **{name: full})
    start = place.prepare("claude")
    assert start.proxy == "http://proxy.example.com:3128"
    assert start.environment[name] == full, "the gateway asks the process's environment for the password"


def test_our_addresses_are_added_to_no_proxy_in_both_spellings(place: Place) -> None:
    place.environ["no_proxy"] = "intranet, localhost"
    start = place.prepare("claude")
    expected = "intranet,localhost,127.0.0.1"
    assert (start.environment["NO_PROXY"], start.environment["no_proxy"]) == (expected, expected)
    place.settings("local", NO_PROXY="other")
    assert env_of(place.prepare("claude"))["no_proxy"] == "other,127.0.0.1,localhost"


def test_certificates_of_the_launch_are_found_from_its_folder(place: Place) -> None:
    place.environ["SSL_CERT_FILE"] = "certs/own.pem"
    assert place.prepare("claude").ca_file == str(place.cwd / "certs/own.pem")
    place.settings("user", NODE_EXTRA_CA_CERTS="/etc/company.pem")
    assert place.prepare("claude").ca_file == "/etc/company.pem"
