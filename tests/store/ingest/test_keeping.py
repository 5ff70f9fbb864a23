"""What is kept of a transcript: everything, numbers without the text, or nothing of some folders."""

from __future__ import annotations

import pytest

from store.ingest.keeping import EVERYTHING, Keeping
from tests.store.ingest.made_up_reads import file_read, found, request, turn


@pytest.mark.parametrize(
    ("pattern", "path", "ignored"),
    [
        ("/home/x/secret", "/home/x/secret", True),
        ("/home/x/secret", "/home/x/secret/deep/er", True),
        ("/home/x/secret/", "/home/x/secret/", True),
        ("/home/x/secret", "/home/x/secrets", False),
        ("/home/x/secret/*", "/home/x/secret", False),
        ("/home/x/secret/*", "/home/x/secret/deep/er", True),
        ("*/client-*", "/src/client-a/part", True),
        ("*/client-*", "/src/my-client", False),
        ("/home/x/[ab]", "/home/x/a/c", True),
        ("/home/X", "/home/x", False),
        ("*", "/any", True),
        ("*", "", False),
    ],
)
def test_a_pattern_is_a_folder_and_all_below_it(pattern: str, path: str, ignored: bool) -> None:
    assert Keeping(ignored=(pattern,)).ignores(path) is ignored
    assert Keeping(ignored=("/other", pattern)).ignores(path) is ignored
    assert not EVERYTHING.ignores(path)


def test_the_working_folder_and_the_transcripts_path_count() -> None:
    read = file_read(found("/t/-home-x-harbour/s1.jsonl"), turns=[turn()])
    assert EVERYTHING.keeps(read) is read
    assert Keeping(ignored=("/home/x/harbour",)).keeps(read) is None
    assert Keeping(ignored=("/t/*",)).keeps(read) is None
    assert Keeping(ignored=("/home/x/harbou",)).keeps(read) is read


def test_without_text_the_numbers_stay() -> None:
    told = turn(answer="as good as new", paths=["/src/a.py"])._replace(failed="make\x1emake", exit_codes="2 1")
    read = file_read(turns=[told, turn(2)], requests=[request("m1")], title="Mend the pier")
    kept = Keeping(text=False).keeps(read)
    assert kept is not None
    first, second = kept.turns
    assert (first.prompt, first.answer, first.failed, first.exit_codes) == ("", "", "\x1e", "2 1")
    assert (second.failed, second.exit_codes) == ("", "")
    assert (first.paths, first.path_kinds, first.started_at, first.prompt_id) == (
        "/src/a.py",
        "M",
        told.started_at,
        "p1",
    )
    assert (kept.facts.title, kept.facts.prompts, kept.requests) == ("", 2, read.requests)
    assert read.facts.title == "Mend the pier", "what was read goes on to be read"


def test_a_rule_names_its_folders() -> None:
    assert EVERYTHING.rule == Keeping(text=False).rule == ""
    assert Keeping(ignored=("/a",)).rule != Keeping(ignored=("/b",)).rule != ""
    assert Keeping(ignored=("/a",)).rule == Keeping(text=False, ignored=("/a",)).rule
