"""OpenCode is told by the configuration in its environment, where the person uses Anthropic with it."""

from __future__ import annotations

import json

import pytest

from keepalive.launch import LaunchError, Start
from tests.keepalive.launching.asking import DEFAULT, GATEWAY, NO_PROXY, Place

CONTENT = "OPENCODE_CONFIG_CONTENT"


def configuration(base: str | None) -> str:
    return json.dumps({"provider": {"anthropic": {"options": {} if base is None else {"baseURL": base}}}})


def content(start: Start) -> object:
    return json.loads(start.environment[CONTENT])


@pytest.fixture
def by_key(place: Place) -> Place:
    place.environ["ANTHROPIC_API_KEY"] = "made-up"
    return place


def test_with_a_key_its_anthropic_provider_is_turned_to_us(by_key: Place) -> None:
    start = by_key.prepare("opencode", "run", "x")
    assert start.argv == ("opencode", "run", "x")
    assert start.environment == {CONTENT: configuration(GATEWAY + "/v1"), **NO_PROXY}
    assert (start.agent, start.upstream, start.note) == ("opencode", DEFAULT, "")


def test_its_own_login_counts_too(place: Place) -> None:
    place.write(place.home / ".local" / "share" / "opencode" / "auth.json", '{"anthropic": {"type": "api"}}')
    assert place.prepare("opencode").upstream == DEFAULT
    place.environ["XDG_DATA_HOME"] = str(place.home / "elsewhere")
    assert place.prepare("opencode").environment == {}


def test_who_does_not_use_anthropic_sees_no_new_provider(place: Place) -> None:
    place.write(place.home / ".config" / "opencode" / "opencode.json", '{"provider": {"openai": {}}}')
    start = place.prepare("opencode")
    assert (start.argv, start.environment) == (("opencode",), {})
    assert "as it is" in start.note
    assert content(place.prepare("opencode", upstream="https://said.example.com")) == json.loads(
        configuration(GATEWAY + "/v1")
    )


def test_what_is_in_its_environment_is_merged_with_ours(place: Place) -> None:
    place.environ[CONTENT] = (
        '{"model": "x", // mine\n "provider": {"anthropic": {"name": "A", "options": {"apiKey": "k",}}}}'
    )
    assert content(place.prepare("opencode")) == {
        "model": "x",
        "provider": {"anthropic": {"name": "A", "options": {"apiKey": "k", "baseURL": GATEWAY + "/v1"}}},
    }
    place.environ[CONTENT] = "{"
    with pytest.raises(LaunchError, match=CONTENT):
        place.prepare("opencode")


def test_the_address_that_wins_in_the_client_becomes_the_upstream(place: Place) -> None:
    def base(name: str) -> str:
        return f"https://{name}.example.com"

    place.environ["ANTHROPIC_BASE_URL"] = base("shell") + "/v1"
    place.environ["ANTHROPIC_API_KEY"] = "made-up"
    assert place.prepare("opencode").upstream == base("shell")
    (place.cwd / "deep").mkdir()
    root, place.cwd = place.cwd, place.cwd / "deep"
    person = place.home / ".config" / "opencode"
    place.environ["OPENCODE_CONFIG"] = "../named.json"
    places = {
        "a": person / "config.json",
        "b": person / "opencode.json",
        "c": person / "opencode.jsonc",
        "d": root / "named.json",
        "e": root / "opencode.json",
        "f": place.cwd / "opencode.jsonc",
        "g": place.home / ".opencode" / "opencode.json",
        "h": root / ".opencode" / "opencode.json",
        "i": place.cwd / ".opencode" / "opencode.jsonc",
    }
    for name, file in places.items():
        place.write(file, configuration(base(name) + "/v1/"))
        assert place.prepare("opencode").upstream == base(name)
    place.environ["OPENCODE_CONFIG_DIR"] = str(root / "dir")
    place.write(root / "dir" / "opencode.json", configuration(base("j") + "/v1"))
    assert place.prepare("opencode").upstream == base("j")
    place.environ[CONTENT] = configuration(base("k") + "/v1")
    assert place.prepare("opencode").upstream == base("k")
    assert place.prepare("opencode", upstream=base("option")).upstream == base("option")
    place.write(root.parent / "opencode.json", configuration(base("above the repository")))
    place.write(places["a"], "{")
    assert place.prepare("opencode").upstream == base("k")


def test_an_address_without_a_version_keeps_it_that_way(place: Place) -> None:
    place.write(place.cwd / "opencode.json", configuration("https://mine.example.com/anthropic"))
    start = place.prepare("opencode")
    assert (start.upstream, content(start)) == (
        "https://mine.example.com/anthropic",
        json.loads(configuration(GATEWAY)),
    )


def test_an_address_that_the_client_puts_together(place: Place) -> None:
    place.write(place.cwd / "opencode.json", configuration("{env:MINE}/v1"))
    place.environ["MINE"] = "https://mine.example.com"
    assert place.prepare("opencode").upstream == "https://mine.example.com"
    place.write(place.cwd / "opencode.json", configuration("{file:~/base}"))
    start = place.prepare("opencode")
    assert (start.environment, start.argv) == ({}, ("opencode",))


@pytest.mark.parametrize("url", ["http://127.0.0.1:4242/s/outer", "http://127.0.0.1:4242/s/outer/v1"])
def test_inside_a_launch_the_outer_ones_upstream_is_meant(by_key: Place, url: str) -> None:
    by_key.outer["outer"] = "https://company.example.com"
    for set_in in ({"ANTHROPIC_BASE_URL": url}, {CONTENT: configuration(url)}):
        by_key.environ |= set_in
        start = by_key.prepare("opencode")
        assert start.upstream == "https://company.example.com"
        assert content(start) == json.loads(configuration(GATEWAY + "/v1"))
        for name in set_in:
            del by_key.environ[name]
