"""config.toml: read whole, or refused in one line that names file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from keepalive.config import BudgetDefaults, Config, ConfigError, HistoryConfig, load, still_kept, without_pings
from store.ingest.keeping import EVERYTHING, Keeping
from store.models import BudgetMode


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_no_file_is_the_default(tmp_path: Path) -> None:
    config = load(tmp_path / "config.toml")
    assert config == Config()
    assert (config.ttl("5m"), config.ttl("1h"), config.ttl(None)) == (300.0, 3600.0, None)
    assert (config.budget.usd_per_ping, config.budget.usd_per_day, config.budget.min_prefix_tokens) == (0.25, 3, 20_000)
    assert (config.budget.mode, config.budget.pings, config.budget.usd_per_session) == (BudgetMode.AUTO, None, None)
    assert (config.budget.ttl, config.budget.agent, config.budget.project) == ({}, {}, {})
    assert (config.warnings.cold_usd, config.notify.bell, config.notify.desktop) == (1.0, True, False)
    assert (config.history, config.keeping) == (HistoryConfig(), EVERYTHING)
    assert config.keys == {}
    assert (config.look.theme, config.look.ascii) == ("auto", "auto")


def test_every_key_is_read(tmp_path: Path) -> None:
    config = load(
        write(
            tmp_path,
            """
[providers.anthropic]
upstream = "https://gateway.example.com/anthropic/"
[providers.anthropic.ttl_seconds]
"5m" = 30
"1h" = 360.5
[budget]
mode = "hold"
pings = 3
usd_per_ping = 0.5
usd_per_session = 4.5
usd_per_day = 2
min_prefix_tokens = 1000
[budget.ttl."5m"]
pings = 1
[budget.ttl."1h"]
min_prefix_tokens = 50000
[budget.agent.claude]
usd_per_ping = 0.1
[budget.project."my.app"]
mode = "off"
usd_per_session = 0
[history]
catch_up = false
store_text = false
ignore_paths = ["~/secret/*", "/srv"]
[warnings]
cold_usd = 2.5
[notify]
bell = false
desktop = true
[look]
theme = "contrast"
ascii = "no"
[keys]
up = ["k", "up"]
ping = "P"
sort = []
"anything else" = "is not known here"
""",
        )
    )
    assert config.providers.anthropic.upstream == "https://gateway.example.com/anthropic"
    assert (config.ttl("5m"), config.ttl("1h")) == (30.0, 360.5)
    budget = config.budget
    assert (budget.mode, budget.pings, budget.usd_per_session) == (BudgetMode.HOLD, 3, 4.5)
    assert (budget.usd_per_ping, budget.usd_per_day, budget.min_prefix_tokens) == (0.5, 2, 1000)
    assert budget.ttl == {"5m": BudgetDefaults(pings=1), "1h": BudgetDefaults(min_prefix_tokens=50_000)}
    assert budget.agent == {"claude": BudgetDefaults(usd_per_ping=0.1)}
    assert budget.project == {"my.app": BudgetDefaults(mode=BudgetMode.OFF, usd_per_session=0.0)}
    assert (config.look.theme, config.look.ascii) == ("contrast", "no")
    assert config.history.catch_up is False
    assert config.keeping == Keeping(False, (f"{Path.home()}/secret/*", "/srv"))
    assert config.warnings.cold_usd == 2.5
    assert (config.notify.bell, config.notify.desktop) == (False, True)
    keys = {"up": ("k", "up"), "ping": ("P",), "sort": (), "anything else": ("is not known here",)}
    assert config.keys == keys


def test_a_class_that_is_left_out_keeps_its_lifetime(tmp_path: Path) -> None:
    config = load(write(tmp_path, '[providers.anthropic.ttl_seconds]\n"5m" = 20\n'))
    assert (config.ttl("5m"), config.ttl("1h")) == (20.0, 3600.0)


@pytest.mark.parametrize(
    ("text", "line", "key", "what"),
    [
        ("[budget]\nusd_per_day = 1\nusd_per_dya = 2\n", 3, "budget.usd_per_dya", "unknown key"),
        ("\n[bugdet]\nmode = 'off'\n", 2, "bugdet", "unknown key"),
        ("[budget]\n\n[budget.caps]\nx = 1\n", 3, "budget.caps", "unknown key"),
        ("[budget]\nmode = 'off'\n[providers.openai]\nx = 1\n", 3, "providers.openai", "unknown key"),
        ('[providers.anthropic.ttl_seconds]\n"2h" = 7200\n', 2, "providers.anthropic.ttl_seconds.2h", "unknown key"),
        ('[providers.anthropic.ttl_seconds]\n"5m" = 0\n', 2, "providers.anthropic.ttl_seconds.5m", "greater than 0"),
        ('[providers.anthropic.ttl_seconds]\n"1h" = -1\n', 2, "providers.anthropic.ttl_seconds.1h", "greater than 0"),
        ('[providers.anthropic.ttl_seconds]\n"1h" = inf\n', 2, "providers.anthropic.ttl_seconds.1h", "finite"),
        ("[budget]\nusd_per_day = '3'\n", 2, "budget.usd_per_day", "valid number"),
        ("[budget]\nusd_per_day = nan\n", 2, "budget.usd_per_day", "finite"),
        ("[budget]\nusd_per_ping = inf\n", 2, "budget.usd_per_ping", "finite"),
        ("[budget]\nusd_per_ping = -0.1\n", 2, "budget.usd_per_ping", "greater than or equal to 0"),
        ("[budget]\npings = true\n", 2, "budget.pings", "valid integer"),
        ("[budget]\npings = 1.5\n", 2, "budget.pings", "valid integer"),
        ("[budget]\nmode = 'always'\n", 2, "budget.mode", "'off', 'auto' or 'hold'"),
        ("budget = 3\n", 1, "budget", "dictionary"),
        ("[budget]\nusd_per_session = -1\n", 2, "budget.usd_per_session", "greater than or equal to 0"),
        ("[budget]\nttl = 3\n", 2, "budget.ttl", "dictionary"),
        ('[budget]\n[budget.ttl."2h"]\npings = 1\n', 2, "budget.ttl.2h", "unknown key"),
        ('[budget.ttl."5m"]\npings = 1\n[budget.ttl."1h"]\npings = 1.5\n', 4, "budget.ttl.1h.pings", "valid integer"),
        ('[budget.ttl."1h"]\npings = 1\n\nusd_per_day = 1\n', 4, "budget.ttl.1h.usd_per_day", "unknown key"),
        ("[budget.agent.claude]\nmode = 'on'\n", 2, "budget.agent.claude.mode", "'off', 'auto' or 'hold'"),
        ("[budget.agent]\nclaude = 'off'\n", 2, "budget.agent.claude", "dictionary"),
        (
            "[budget.agent.codex]\n[budget.agent.claude]\nusd_per_ping = nan",
            3,
            "budget.agent.claude.usd_per_ping",
            "finite",
        ),
        (
            "[budget.project.a]\npings = 1\n[budget.project.b]\npings = -1\n",
            4,
            "budget.project.b.pings",
            "than or equal",
        ),
        ("[budget.project.'my.app']\npnigs = 1\n", 2, "budget.project.my.app.pnigs", "unknown key"),
        ("[budget.project]\nb = { mode = 'off', pnigs = 1 }\n", 2, "budget.project.b.pnigs", "unknown key"),
        ("[budget]\nmode = 'off'\nproject.b.usd_per_session = '1'\n", 3, "budget.project.b.usd_per_session", "number"),
        ("[look]\ntheme = 'solarized'\n", 2, "look.theme", "'auto', 'terminal', 'dark', 'light' or 'contrast'"),
        ("[look]\nascii = true\n", 2, "look.ascii", "'auto', 'yes' or 'no'"),
        ("[keys]\nup = 'k'\nping = 3\n", 3, "keys.ping", 'not a key like "k" or a list like ["k", "up"]'),
        ("[keys]\nping = ['p', 3]\n", 2, "keys.ping", "not a key like"),
        ("[keys]\n[keys.ping]\nkey = 'p'\n", 2, "keys.ping", "not a key like"),
        ("keys = 'k'\n", 1, "keys", "dictionary"),
        ("[history]\nstore_text = 'no'\n", 2, "history.store_text", "valid boolean"),
        ("[history]\nignore_paths = '/srv'\n", 2, "history.ignore_paths", "not a list of folders"),
        ("[history]\nignore_paths = ['/srv', 3]\n", 2, "history.ignore_paths.1", "valid string"),
        ("[history]\nignore_paths = ['secret']\n", 2, "history.ignore_paths", "does not begin with /, ~ or *"),
        ("[history]\nignore_paths = ['']\n", 2, "history.ignore_paths", "does not begin with /, ~ or *"),
        ("[providers.anthropic]\nupstream = 'api.example.com'\n", 2, "providers.anthropic.upstream", "https://host"),
        (
            "[providers.anthropic]\nupstream = 'https://u:p@example.com'\n",
            2,
            "providers.anthropic.upstream",
            "password",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, line: int, key: str, what: str) -> None:
    path = write(tmp_path, text)
    message = refusal(path)
    assert message.startswith(f"{path}:{line}: {key}: "), message
    assert what in message
    assert "u:p@" not in message


def test_broken_toml_is_one_line(tmp_path: Path) -> None:
    path = write(tmp_path, "[budget]\nmode = \n")
    assert refusal(path).startswith(f"{path}: ")
    assert "line 2" in refusal(path)


def test_what_is_no_text_or_no_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"mode = '\xff'")
    assert refusal(tmp_path / "config.toml") == f"{tmp_path / 'config.toml'}: not UTF-8 text"
    (tmp_path / "folder").mkdir()
    assert refusal(tmp_path / "folder") == f"{tmp_path / 'folder'}: Is a directory"


def test_the_config_of_a_broken_file_allows_no_ping_at_all() -> None:
    config = without_pings()
    assert config.budget.mode is BudgetMode.OFF
    # A session's own budget may say auto: then these caps are what stops it.
    assert (config.budget.usd_per_ping, config.budget.usd_per_day) == (0.0, 0.0)


@pytest.mark.parametrize("text", ["[warnings]\ncold_usd = -1", '[notify]\nbell = "yes"', "[notify]\nsound = true"])
def test_wrong_warnings_are_refused(tmp_path: Path, text: str) -> None:
    assert ":2:" in refusal(write(tmp_path, text))


KEPT = HistoryConfig(store_text=False, ignore_paths=("/srv",))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("[budget\n", HistoryConfig()),
        ("nonsense = 1\n", HistoryConfig()),
        ("nonsense = 1\n[history]\nstore_text = false\nignore_paths = ['/srv']\n", KEPT),
        ("[budget\n[history]\nstore_text = false\n", None),
        ("[history]\nstore_text = 'no'\n", None),
        ("[history]\nignore_paths = '/srv'\n", None),
        ("[hist]\nnonsense = 1\n", HistoryConfig()),
    ],
)
def test_a_wrong_file_stores_nothing_that_its_owner_may_want_nowhere(
    tmp_path: Path, text: str, kept: HistoryConfig | None
) -> None:
    path = write(tmp_path, text)
    refusal(path)
    assert still_kept(path) == kept
    config = without_pings(path)
    if kept is None:
        assert config.keeping.ignores("/any/folder")
        assert (config.keeping.text, config.history.catch_up) == (False, False)
    else:
        assert config.history == kept
    assert without_pings().keeping.ignores("/any/folder"), "nobody said where the file is"


def test_without_a_file_everything_is_kept_and_an_unreadable_one_says_nothing(tmp_path: Path) -> None:
    assert still_kept(tmp_path / "none") == HistoryConfig()
    assert still_kept(tmp_path) is None
    (tmp_path / "config.toml").write_bytes(b"store_text = \xff")
    assert still_kept(tmp_path / "config.toml") is None
