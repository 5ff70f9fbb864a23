"""Codex is told on its command line, for the provider that it uses, where that provider's address is known."""

from __future__ import annotations

import json
import tomllib

import pytest

from keepalive.launch import LaunchError, Start
from tests.keepalive.launching.asking import GATEWAY, NO_PROXY, Place

PROVIDER = "https://api.openai.com/v1"
OWN = f'openai_base_url="{GATEWAY}"'


@pytest.fixture
def by_key(place: Place) -> Place:
    place.write(place.codex_dir / "auth.json", json.dumps({"auth_mode": "apikey", "OPENAI_API_KEY": "made-up"}))
    return place


def config(place: Place, text: str, name: str = "config") -> None:
    place.write(place.codex_dir / f"{name}.toml", text)


def set_by(start: Start) -> dict[str, object]:
    """What the argument of ours says, as the client reads it."""
    assert start.argv[1] == "-c"
    return tomllib.loads(start.argv[2])


def test_with_an_api_key_it_goes_through_us(by_key: Place) -> None:
    start = by_key.prepare("/opt/codex", "exec", "-c", "model=x", "-c", 'a="b"', "a prompt")
    assert start.argv == ("/opt/codex", "-c", OWN, "exec", "-c", "model=x", "-c", 'a="b"', "a prompt")
    assert set_by(start) == {"openai_base_url": GATEWAY}
    assert (start.environment, start.upstream, start.note, start.agent) == (NO_PROXY, PROVIDER, "", "codex")


def test_a_key_in_the_environment_is_one(place: Place) -> None:
    place.environ["CODEX_API_KEY"] = "made-up"
    assert place.prepare("codex").upstream == PROVIDER
    assert place.prepare("codex").argv[1:] == ("-c", OWN)


@pytest.mark.parametrize("login", [None, "{", "[]", '{"auth_mode": "chatgpt"}', '{"OPENAI_API_KEY": null}'])
def test_with_any_other_login_it_is_started_as_it_is(place: Place, login: str | None) -> None:
    if login is not None:
        place.write(place.codex_dir / "auth.json", login)
    start = place.prepare("codex", "-c", "openai_base_url=")
    assert (start.argv, start.environment) == (("codex", "-c", "openai_base_url="), {})
    assert "as it is" in start.note
    assert place.prepare("codex", upstream="https://said.example.com/v1").argv == ("codex", "-c", OWN)


def test_an_address_of_the_persons_own_becomes_the_upstream_whatever_the_login(place: Place) -> None:
    config(place, 'openai_base_url = "https://file.example.com/v1/"')
    start = place.prepare("codex", "x")
    assert (start.upstream, set_by(start)) == ("https://file.example.com/v1", {"openai_base_url": GATEWAY})
    config(place, 'openai_base_url = "https://profile.example.com/v1"', "work.config")
    for profile in (["-p", "work"], ["--profile", "work"], ["--profile=work"], ["-pwork"]):
        assert place.prepare("codex", *profile).upstream == "https://profile.example.com/v1"
    for argument in (
        ["-c", 'openai_base_url="https://line.example.com/v1"'],
        ["--config", "openai_base_url=https://line.example.com/v1"],
        ['--config=openai_base_url = "https://line.example.com/v1"'],
        ["-copenai_base_url='https://line.example.com/v1'"],
    ):
        start = place.prepare("codex", "-p", "work", "exec", *argument, "x", "--", "-c", "openai_base_url=y")
        assert start.upstream == "https://line.example.com/v1", argument
        rest = ("-p", "work", "exec", "x", "--", "-c", "openai_base_url=y")
        assert start.argv == ("codex", "-c", OWN, *rest), "theirs would come after ours and win"


def test_a_provider_of_the_persons_own_is_turned_to_us(place: Place) -> None:
    config(
        place,
        'model_provider = "mine"\n[model_providers.mine]\nbase_url = "https://mine.example.com/x"\n'
        '[model_providers.other]\nbase_url = "https://other.example.com/y"\n',
    )
    start = place.prepare("codex")
    assert start.upstream == "https://mine.example.com/x"
    assert set_by(start) == {"model_providers": {"mine": {"base_url": GATEWAY}}}
    start = place.prepare("codex", "-c", 'model_provider="other"')
    assert start.upstream == "https://other.example.com/y"
    assert start.argv[2:] == (f'model_providers.other.base_url="{GATEWAY}"', "-c", 'model_provider="other"')


@pytest.mark.parametrize(
    "text", ['model_provider = "ollama"', 'model_provider = "missing"', "model_provider = 3", "=", ""]
)
def test_a_provider_without_a_known_address_is_left(place: Place, text: str) -> None:
    config(place, text)
    assert place.prepare("codex").argv == ("codex",)


@pytest.mark.parametrize("flag", ["--oss", "--local-provider=ollama", "--remote"])
def test_what_talks_to_no_provider_is_left(by_key: Place, flag: str) -> None:
    assert by_key.prepare("codex", flag, "x").argv == ("codex", flag, "x")
    with pytest.raises(LaunchError, match="--upstream"):
        by_key.prepare("codex", flag, upstream="https://said.example.com")
    assert by_key.prepare("codex", "--", flag).argv == ("codex", "-c", OWN, "--", flag)
