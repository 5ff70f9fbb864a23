"""How a client is started so that its requests pass the gateway, and what is kept of what was set before."""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive.launch import LaunchError, Start, is_claude, prepare, write_settings

GATEWAY = "http://127.0.0.1:4242/s/made_up_token"
DEFAULT = "https://default.example.com"
FILE = Path("/state/launches/launch-1.json")


class Place:
    """A project, a person's settings and a shell."""

    def __init__(self, root: Path) -> None:
        self.cwd = root / "project"
        self.claude_dir = root / "claude"
        (self.cwd / ".claude").mkdir(parents=True)
        self.claude_dir.mkdir()
        self.environ: dict[str, str] = {}
        self.outer: dict[str, str] = {}

    def settings(self, which: str, **env: str) -> None:
        places = {
            "local": self.cwd / ".claude" / "settings.local.json",
            "project": self.cwd / ".claude" / "settings.json",
            "user": self.claude_dir / "settings.json",
        }
        places[which].write_text(json.dumps({"env": env}), encoding="utf-8")

    def prepare(self, *command: str, upstream: str | None = None) -> Start:
        return prepare(
            command,
            gateway_url=GATEWAY,
            upstream=upstream,
            default_upstream=DEFAULT,
            upstream_of=self.outer.get,
            environ=self.environ,
            cwd=self.cwd,
            claude_dir=self.claude_dir,
            settings_file=FILE,
        )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


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


def test_claude_is_known_by_its_name() -> None:
    assert is_claude(["/opt/claude", "x"])
    assert not is_claude(["claude-next"])
    assert not is_claude([])


def test_settings_are_written_for_their_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "state" / "launches" / "launch-1.json"
    write_settings(file, '{"é": 1}')
    assert json.loads(file.read_text(encoding="utf-8")) == {"é": 1}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    link = file.parent / "launch-2.json"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        write_settings(link, "{}")
    assert not (tmp_path / "elsewhere").exists()
