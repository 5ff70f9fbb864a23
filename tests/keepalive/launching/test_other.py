"""Any other command gets the variable that many honour."""

from __future__ import annotations

from tests.keepalive.launching.asking import GATEWAY, Place


def test_another_command_gets_the_variable_and_is_told(place: Place) -> None:
    place.environ.update(ANTHROPIC_BASE_URL="https://mine.example.com", HTTPS_PROXY="http://a:b@proxy.example.com")
    start = place.prepare("/opt/bin/some-agent", "--settings", "{its own")
    assert start.argv == ("/opt/bin/some-agent", "--settings", "{its own")
    assert start.environment == {
        "ANTHROPIC_BASE_URL": GATEWAY,
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }
    assert (start.agent, start.upstream) == ("some-agent", "https://mine.example.com")
    assert (start.proxy, start.settings) == ("http://proxy.example.com", None)
    assert "some-agent" in start.note
    assert "\n" not in start.note
