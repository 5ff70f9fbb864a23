"""The smallest change of a JSON file: it says what is wanted, and every other byte is where it was."""

from __future__ import annotations

import pytest
from hypothesis import given

from keepalive.install.refusal import InstallError
from keepalive.install.settings_edit import decode, load, new, put, put_raw, raw, remove
from tests.keepalive.install.json_documents import NAMES, OBJECTS, VALUES, documents


@given(documents(), NAMES, VALUES)
def test_a_member_that_is_put_is_there_and_nothing_else_has_moved(text: str, name: str, value: object) -> None:
    before = load(text)
    after = put(text, [name], value)
    assert load(after) == {**before, name: value}
    assert list(load(after)) == list({**before, name: None}), "in its old place, or last"
    if name in before:
        old, written = raw(text, name), raw(after, name)
        assert old is not None
        assert written is not None
        assert _one_value_changed(text, after, old, written)
        assert put_raw(after, [name], old) == text
    elif before:
        assert remove(after, [name]) == text, "what was added can be taken out without a trace"
    else:
        assert load(remove(after, [name])) == {}


def _one_value_changed(before: str, after: str, old: str, written: str) -> bool:
    """Whether the one text comes from the other by one value in one place."""
    places = (at for at in range(len(before)) if before.startswith(old, at))
    return any(after == before[:at] + written + before[at + len(old) :] for at in places)


@given(documents(), NAMES)
def test_a_member_that_is_removed_is_gone_and_all_others_are_as_written(text: str, name: str) -> None:
    after = remove(text, [name])
    assert load(after) == {k: v for k, v in load(text).items() if k != name}
    assert [raw(after, k) for k in load(after)] == [raw(text, k) for k in load(after)]
    if name not in load(text):
        assert after == text


@given(documents(), OBJECTS, NAMES, VALUES)
def test_a_member_of_a_member(text: str, inner: dict[str, object], name: str, value: object) -> None:
    text = put(text, ["statusLine"], inner)
    after = put(text, ["statusLine", name], value)
    assert load(after) == {**load(text), "statusLine": {**inner, name: value}}
    assert remove(after, ["statusLine"]) == remove(text, ["statusLine"])
    if inner and name not in inner:
        assert remove(after, ["statusLine", name]) == text


@given(documents())
def test_a_text_becomes_the_same_bytes_again(text: str) -> None:
    if not any("\ud800" <= ch <= "\udfff" for ch in text):
        assert decode(text.encode()).encode() == text.encode()


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("{}", '{\n  "k": {\n    "x": "ü",\n    "y": 1\n  }\n}'),
        ("{}\r\n", '{\r\n  "k": {\r\n    "x": "ü",\r\n    "y": 1\r\n  }\r\n}\r\n'),
        ('{"a":1}', '{"a":1,"k":{"x":"ü","y":1}}'),
        ('{"a": 1}', '{"a": 1, "k": {"x": "ü", "y": 1}}'),
        ('{ "a" : 1 }', '{ "a" : 1, "k" : {"x": "ü", "y": 1} }'),
        (
            '{\n\t"a": [\n1],\n\n\t"b": 2\n}\n',
            '{\n\t"a": [\n1],\n\n\t"b": 2,\n\t"k": {\n\t\t"x": "ü",\n\t\t"y": 1\n\t}\n}\n',
        ),
    ],
)
def test_a_new_member_is_written_as_the_file_is(text: str, after: str) -> None:
    assert put(text, ["k"], {"x": "ü", "y": 1}) == after


def test_a_new_file() -> None:
    assert new("k", {"a": 1}) == '{\n  "k": {\n    "a": 1\n  }\n}\n'


def test_half_a_character_stays_an_escape() -> None:
    after = put('{"a": 1}', ["k"], "\ud83d")
    assert after.encode() == b'{"a": 1, "k": "\\ud83d"}'


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is empty: write {} into it, or remove it"),
        (b"\xef\xbb\xbf \n", "it is empty: write {} into it, or remove it"),
        (b"[1]", "it is no JSON object"),
        (b'{"a": 1,}', "it is no valid JSON"),
        (b'{\n  // mine\n  "a": 1}', "in line 2 (comments cannot be kept)"),
        (b'{"a": 1} x', "it is no valid JSON: Extra data in line 1"),
        (b'{"a": NaN}', "it is no valid JSON"),
        (b'{"a": "\xff"}', "it is not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "it is not UTF-8"),
        (b'{"a":' + b"[" * 200_000, "nested too deeply"),
    ],
)
def test_what_is_no_plain_object_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(InstallError) as refused:
        decode(data)
    assert reason in str(refused.value)


def test_a_name_that_stands_twice_is_refused() -> None:
    text = '{"k": 1, "a": 2, "k": 3}'
    twice = pytest.raises(InstallError, match='"k" stands in it twice')
    with twice:
        put(text, ["k"], 1)
    with twice:
        raw(text, "k")
    with twice:
        remove(text, ["k"])
    assert raw(text, "a") == "2"


def test_a_member_of_what_is_no_object_is_refused() -> None:
    with pytest.raises(InstallError, match='"k" in it is no object'):
        put('{"k": 1}', ["k", "x"], 1)
    assert raw('{"k": 1}', "k", "x") is None
