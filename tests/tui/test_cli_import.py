"""`import`: what it says, what it refuses, how it is stopped, and that it starts light."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from store.ingest import importer
from store.ingest.importer import Progress, Report
from store.migrations import open_store
from tests.store.quirk_lines import OPUS, Claude, conversation, uuid
from tests.tui.cli_home import Cli
from tests.tui.test_cli import HEAVY, loaded_by
from tui import cli_import

NEVER_FOR_NOTHING = (*HEAVY, "pydantic", "rich", "msgspec", "sqlite_utils", "asyncio", "multiprocessing")


@pytest.fixture
def folder(cli: Cli) -> Path:
    """Three transcripts in the client's own folder."""
    made = cli.paths.claude_dir / "projects" / "-src"
    made.mkdir(parents=True)
    for number in range(1, 4):
        lines = conversation(Claude(number), turns=2, name=f"m{number}")
        (made / f"{uuid(number)}.jsonl").write_bytes(lines.bytes())
    return made


def stored(cli: Cli, query: str = "SELECT count(*) FROM sessions") -> object:
    with closing(open_store(cli.paths.store_file)) as db:
        return db.execute(query).fetchone()[0]


@pytest.mark.usefixtures("folder")
def test_the_clients_own_folders_in_words(cli: Cli) -> None:
    first = cli("import")
    assert (first.code, first.err) == (0, "")
    assert first.out.startswith("Read 3 transcripts (0.0 MB) in ")
    assert first.out.endswith(": 3 sessions, 6 turns, 18 requests.\n")
    assert cli("import").out == "Nothing new: 3 transcripts are as they were.\n"


def test_as_json(cli: Cli, folder: Path) -> None:
    path = folder / f"{uuid(1)}.jsonl"
    path.write_bytes(path.read_bytes() + b"{no json\n")
    size = sum(one.stat().st_size for one in folder.iterdir())
    told = cli("import", "--json").object()
    assert isinstance(told["seconds"], float)
    assert told == {
        "files": 3,
        "bytes": size,
        "sessions": 3,
        "requests": 18,
        "turns": 6,
        "malformed_lines": 1,
        "seconds": told["seconds"],
        "unchanged": 0,
        "errors": 0,
        "left_out": 0,
    }
    again = cli("import", "--json").object()
    assert (again["files"], again["bytes"], again["unchanged"]) == (0, 0, 3)


def test_paths_are_read_instead_of_the_folders(cli: Cli, folder: Path) -> None:
    told = cli("import", str(folder / f"{uuid(1)}.jsonl"), str(folder / f"{uuid(2)}.jsonl"), "--json").object()
    assert (told["files"], told["sessions"]) == (2, 2)
    assert cli("import", str(folder)).out.endswith(" requests; 2 were as before.\n")


def test_a_path_that_is_not_there_is_one_line(cli: Cli, folder: Path) -> None:
    assert cli("import", str(folder), "/no\x1b[31mwhere").refused() == "there is no /no [31mwhere"
    assert not cli.paths.store_file.exists()


def test_without_transcripts_it_says_what_to_do(cli: Cli) -> None:
    assert cli("import").out == "No transcripts found. Give a folder: warmside import PATH\n"
    assert cli("import", "--json").object()["files"] == 0


def test_what_cannot_be_read_is_a_line_each_and_no_failure(cli: Cli, folder: Path) -> None:
    bad = folder / "bad\x1b[2J.jsonl"
    bad.symlink_to("nowhere")
    told = cli("import")
    assert (told.code, told.err) == (0, f"warmside: {folder}/bad [2J.jsonl: No such file or directory\n")
    assert told.out.endswith(" requests; 1 could not be read.\n")
    assert cli("import").out == "Nothing new: 3 transcripts are as they were; 1 could not be read.\n"
    as_json = cli("import", "--json")
    assert (as_json.object()["errors"], as_json.err.count("\n")) == (1, 1)


def test_malformed_lines_are_told(cli: Cli, folder: Path) -> None:
    (folder / "x.jsonl").write_bytes(b"{no json\n[]\n")
    assert ", 2 malformed lines skipped" in cli("import").out


@pytest.mark.usefixtures("folder")
def test_what_was_read_has_its_price(cli: Cli) -> None:
    cli("import")
    assert stored(cli, f"SELECT count(*) FROM prices WHERE model = '{OPUS}'")  # noqa: S608


@pytest.mark.usefixtures("folder")
def test_lifetimes_are_the_configured_ones(cli: Cli) -> None:
    cli.config('[providers.anthropic.ttl_seconds]\n"1h" = 36\n')
    cli("import")
    assert stored(cli, "SELECT DISTINCT ttl_seconds FROM lineages") == 36.0


@pytest.mark.usefixtures("folder")
def test_a_broken_configuration_is_no_reason_to_read_nothing(cli: Cli) -> None:
    cli.config("nonsense = 1\n")
    told = cli("import")
    assert told.code == 0
    assert told.err.endswith("going on with the usual lifetimes\n")
    assert told.err.count("\n") == 1
    assert stored(cli, "SELECT DISTINCT ttl_seconds FROM lineages") == 3600.0


@pytest.mark.usefixtures("folder")
def test_only_what_may_be_stored_is(cli: Cli) -> None:
    cli.config("[history]\nstore_text = false\n")
    assert cli("import").out.endswith(": 3 sessions, 6 turns, 18 requests.\n")
    assert stored(cli, "SELECT group_concat(prompt || answer || failed, '') FROM turns") == ""
    cli.config('[history]\nignore_paths = ["/home/x"]\n')
    assert cli("forget", "--before", "2100-01-01", "--yes").code == 0
    assert cli("forget", "--undo", uuid(1)).code == 0
    assert cli("import").out == "Nothing new: 0 transcripts are as they were; 3 left out, forgotten or to be ignored.\n"
    assert stored(cli) == 0


@pytest.mark.usefixtures("folder")
def test_nothing_is_read_while_it_is_not_certain_what_may_be_stored(cli: Cli) -> None:
    cli.config("[history]\nstore_text = flase\n")
    refused = cli("import").refused()
    assert refused.endswith("nothing is read while it is not certain what may be stored")
    assert stored(cli) == 0
    cli.config("nonsense = 1\n[history]\nstore_text = false\n")
    assert cli("import").code == 0
    assert stored(cli, "SELECT group_concat(prompt, '') FROM turns") == ""


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_number_of_readers_may_be_said(cli: Cli, workers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    untouched = importer._read_all

    def noted(news: object, workers: int) -> object:
        asked.append(workers)
        return untouched(news, workers)  # type: ignore[arg-type]

    monkeypatch.setattr(importer, "_read_all", noted)
    assert cli("import", "--workers", workers, "--json").object()["files"] == 3
    assert asked == [int(workers)]
    assert cli("import", "--workers", "0").code == 2


# --- how it is stopped -----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("folder")
def test_ctrl_c_says_how_to_go_on(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(progress: Progress) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(importer, "_BATCH_BYTES", 1)
    with monkeypatch.context() as patch:
        patch.setattr(cli_import, "_progress", lambda shown: with_report(interrupt))
        told = cli("import", "--workers", "1")
    assert told.code == cli_import.STOPPED == 130
    assert told.out == ""
    assert told.err == "warmside: stopped; what was read is stored, the same command goes on from there\n"
    assert stored(cli) == 1
    assert cli("import").out.endswith(" requests; 1 were as before.\n")
    assert stored(cli) == 3


@contextmanager
def with_report(report: Report) -> Iterator[Report]:
    yield report


# --- who sees the bar ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tty", "shown", "expected"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
def test_the_bar_is_for_a_terminal_alone(
    monkeypatch: pytest.MonkeyPatch, tty: bool, shown: bool, expected: bool
) -> None:
    def report(progress: Progress) -> None:
        pass

    monkeypatch.setattr("tui.import_bar.bar", lambda: with_report(report))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: tty, raising=False)
    with cli_import._progress(shown=shown) as given:
        assert (given is report) is expected
        assert (given is None) is not expected


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("options", "shown"), [([], True), (["--json"], False)])
def test_json_is_without_a_bar(cli: Cli, options: list[str], shown: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def progress(*, shown: bool) -> object:
        asked.append(shown)
        return with_report(lambda progress: None)

    monkeypatch.setattr(cli_import, "_progress", progress)
    assert cli("import", *options).code == 0
    assert asked == [shown]


# --- how light it is -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("folder")
def test_a_look_that_finds_nothing_new_loads_nothing_heavy(cli: Cli) -> None:
    cli("import")
    for options in ([], ["--json"]):
        code = f"from tui.cli import main; main({['import', *options]})"
        assert loaded_by(code, *NEVER_FOR_NOTHING, "store.models", "store.ingest.reading") == []


@pytest.mark.usefixtures("folder")
def test_an_import_beside_no_terminal_loads_no_bar() -> None:
    code = "from tui.cli import main; main(['import'])"
    assert loaded_by(code, *(name for name in HEAVY if name != "genai_prices"), "rich", "tui.import_bar") == []
