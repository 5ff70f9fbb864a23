"""The way from the gateway to the provider: upstream, proxy, a launch inside a launch."""

from __future__ import annotations

import pytest

from keepalive.launch import LaunchError
from tests.keepalive.launching.asking import DEFAULT, Place


def test_the_proxy_is_the_one_for_the_upstreams_scheme(place: Place) -> None:
    place.environ.update(HTTP_PROXY="http://plain.example.com", HTTPS_PROXY="http://tls.example.com")
    assert place.prepare("claude").proxy == "http://tls.example.com"
    assert place.prepare("claude", upstream="http://gateway.example.com").proxy == "http://plain.example.com"


@pytest.mark.parametrize("hosts", ["default.example.com", ".example.com", "a.b, example.com", "*"])
def test_no_proxy_goes_around_it(place: Place, hosts: str) -> None:
    place.environ.update(HTTPS_PROXY="http://proxy.example.com", no_proxy=hosts)
    assert place.prepare("claude").proxy is None


def test_a_loopback_upstream_needs_no_proxy(place: Place) -> None:
    place.environ.update(HTTP_PROXY="http://proxy.example.com")
    assert place.prepare("claude", upstream="http://127.0.0.1:9").proxy is None


@pytest.mark.parametrize("command", [["claude"], ["some-agent", "--fast"]])
def test_a_launch_inside_a_launch_goes_where_the_outer_one_went(place: Place, command: list[str]) -> None:
    place.outer["outer_token"] = "https://company.example.com"
    for url in (
        "http://127.0.0.1:4242/s/outer_token",
        "http://localhost:4242/s/outer_token/",
        "http://127.0.0.1:1111/s/outer_token",  # the gateway had another port then
    ):
        place.environ["ANTHROPIC_BASE_URL"] = url
        assert place.prepare(*command).upstream == "https://company.example.com"
    for url in ("http://127.0.0.1:4242/s/forgotten", "http://127.0.0.1:4242"):
        place.environ["ANTHROPIC_BASE_URL"] = url
        assert place.prepare(*command).upstream == DEFAULT, "never our own gateway"


def test_another_server_on_loopback_is_an_upstream_like_any(place: Place) -> None:
    place.environ["ANTHROPIC_BASE_URL"] = "http://127.0.0.1:1111/s/not_ours"
    assert place.prepare("claude").upstream == "http://127.0.0.1:1111/s/not_ours"


@pytest.mark.parametrize("url", ["company.example.com", "ftp://x.example.com", "https://", "http://x:port", "http://["])
def test_what_is_no_url_is_refused(place: Place, url: str) -> None:
    with pytest.raises(LaunchError, match="not a URL"):
        place.prepare("claude", upstream=url)


def test_a_password_in_the_base_url_is_refused_and_not_repeated(place: Place) -> None:
    with pytest.raises(LaunchError) as caught:
        place.prepare("claude", upstream="https://me:made-up-password@x.example.com")
    assert "made-up-password" not in str(caught.value)
