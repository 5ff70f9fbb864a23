"""What is said of each base URL, by where it leads."""

from __future__ import annotations

from pathlib import Path

import pytest

from keepalive.doctor.base_urls import BaseUrl, BaseUrls, check, local_port, names_launch

FILE = Path("/h/.claude/settings.json")
TOKEN = "0123456789abcdef0123456789abcdef"
OURS = f"http://127.0.0.1:4242/s/{TOKEN}"
OUT = f"take ANTHROPIC_BASE_URL out of {FILE}"


@pytest.mark.parametrize(
    ("url", "level", "words", "mend"),
    [
        (BaseUrl(OURS, FILE), "ok", "our gateway", None),
        (BaseUrl("http://localhost:4242", FILE), "ok", "our gateway", None),
        (BaseUrl(OURS, FILE, listening=False), "problem", "no keeper listens", "warmside keeper start"),
        (BaseUrl(OURS, FILE, launch_over=True), "problem", "a launch that is over", OUT),
        (BaseUrl(OURS.replace("4242", "4000"), FILE, listening=False), "problem", "had once", OUT),
        (BaseUrl("http://127.0.0.1:9", FILE, listening=False), "problem", "nobody listens", OUT),
        (BaseUrl("http://127.0.0.1:8080"), "note", "another program", None),
        (BaseUrl("https://llm.example/path"), "note", "keeps it as the launch's upstream", None),
        (BaseUrl("https://me:pass@llm.example"), "problem", "a password in it", "unset ANTHROPIC_BASE_URL"),
        (BaseUrl("llm.example"), "problem", "is no URL", "unset ANTHROPIC_BASE_URL"),
        (BaseUrl("http://127.0.0.1:port", FILE), "problem", "is no URL", OUT),
    ],
)
def test_each_way_that_a_url_can_lead(url: BaseUrl, level: str, words: str, mend: str | None) -> None:
    (one,) = check(BaseUrls([url], port=4242))
    assert (one.level, one.mend) == (level, mend)
    assert words in one.text
    assert str(url.file) in one.text if url.file else "in this shell" in one.text
    assert TOKEN not in one.text
    assert "pass@" not in one.text


def test_none_is_fine() -> None:
    assert [one.level for one in check(BaseUrls([]))] == ["ok"]


def test_the_parts_of_a_url_that_tell() -> None:
    assert local_port("http://localhost/") == 80
    assert local_port("https://[::1]/") == 443
    assert local_port("https://llm.example:1/") is None
    assert names_launch(f"{OURS}/v1/") == names_launch(OURS) == TOKEN
    assert names_launch("http://127.0.0.1/s/") is None
    assert names_launch("http://[broken") is None
