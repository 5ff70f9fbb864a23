"""Gemini CLI is told by its variable, where that does not change how it logs in."""

from __future__ import annotations

import json

from tests.keepalive.launching.asking import GATEWAY, NO_PROXY, Place

PROVIDER = "https://generativelanguage.googleapis.com"
BASE = "GOOGLE_GEMINI_BASE_URL"


def login(place: Place, chosen: object) -> None:
    place.write(place.home / ".gemini" / "settings.json", json.dumps({"security": {"auth": {"selectedType": chosen}}}))


def test_with_an_api_key_in_its_settings_it_goes_through_us(place: Place) -> None:
    login(place, "gemini-api-key")
    start = place.prepare("gemini", "-p", "x")
    assert (start.argv, start.environment) == (("gemini", "-p", "x"), {BASE: GATEWAY, **NO_PROXY})
    assert (start.upstream, start.note) == (PROVIDER, "")


def test_with_any_other_login_it_is_started_as_it_is(place: Place) -> None:
    place.environ["GEMINI_API_KEY"] = "made-up"
    for chosen in ("oauth-personal", "vertex-ai", None, 3):
        login(place, chosen)
        start = place.prepare("gemini")
        assert (start.argv, start.environment, start.upstream) == (("gemini",), {}, PROVIDER)
        assert "as it is" in start.note
    place.write(place.home / ".gemini" / "settings.json", "{")
    assert place.prepare("gemini").environment == {}


def test_the_projects_settings_go_first(place: Place) -> None:
    login(place, "gemini-api-key")
    place.write(place.cwd / ".gemini" / "settings.json", '{"security": {"auth": {"selectedType": "vertex-ai"}}}')
    assert place.prepare("gemini").environment == {}


def test_a_base_url_of_the_persons_becomes_the_upstream(place: Place) -> None:
    place.write(place.home / ".gemini" / ".env", f"{BASE}=https://file.example.com\n")
    assert place.prepare("gemini").upstream == "https://file.example.com"
    place.write(place.cwd / ".env", f"{BASE}=https://project.example.com\n")
    assert place.prepare("gemini").upstream == "https://project.example.com"
    place.environ[BASE] = "https://shell.example.com/x/"
    assert place.prepare("gemini").upstream == "https://shell.example.com/x"
    start = place.prepare("gemini", upstream="https://option.example.com")
    assert (start.upstream, start.environment[BASE]) == ("https://option.example.com", GATEWAY)
