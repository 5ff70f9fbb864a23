"""The Markdown document: everything that the store knows of a session, and nothing in it that acts as markup."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from store.export import markdown
from store.models import FailedCommand, FileChange, SessionDetail, Totals, TurnView
from tests.store.made_up import NOW

TURN = TurnView(
    n=1,
    started_at=NOW,
    prompt="Mend the pier.",
    answer="It **stands**.\n\n```python\nprint()\n```",
    files_changed=(FileChange(path="src/pier.py", kind="M"), FileChange(path="a `b`.py", kind="A")),
    failed_commands=(
        FailedCommand(command="pytest -q", exit_code=1),
        FailedCommand(command="cat <<E\nx\nE", exit_code=2),
    ),
    requests=2,
    usd=0.08604,
    memory="Tool memory:\n- Files changed: src/pier.py, a `b`.py",
)
DETAIL = SessionDetail(
    id="0b1c2d3e",
    agent="claude",
    project="harbour",
    cwd="/src/harbour",
    title="Mend <the> pier_now",
    models=("claude-opus-5-5",),
    first_at=NOW,
    last_at=NOW + 60,
    ended_at=NOW + 120,
    compactions=1,
    malformed_lines=1_234,
    forked_from="0a0a0a0a",
    totals=Totals(requests=2, input=1_000, output=200, cache_read=30_000, cache_write_1h=10_000, usd=0.08604),
    turns=(TURN,),
)

WHOLE = """\
# Mend \\<the\\> pier\\_now

- session: `0b1c2d3e`
- agent: `claude`
- project: `harbour`
- folder: `/src/harbour`
- model: `claude-opus-5-5`
- first: 2026-09-21 14:13:20 UTC
- last: 2026-09-21 14:14:20 UTC
- ended: 2026-09-21 14:15:20 UTC
- forked from: `0a0a0a0a`
- requests: 2
- tokens: 1,000 input, 200 output, 30,000 read from the cache, 10,000 written to it
- cost: $0.0860
- compactions: 1
- malformed lines: 1,234

## Turn 1

2026-09-21 14:13:20 UTC · 2 requests · $0.0860

**Prompt**

```text
Mend the pier.
```

**Files changed**

- modified `src/pier.py`
- added ``a `b`.py``

**Failed commands**

- exit 1: `pytest -q`
- exit 2:

  ```text
  cat <<E
  x
  E
  ```

**Answer**

````text
It **stands**.

```python
print()
```
````

**Turn memory**

```text
Tool memory:
- Files changed: src/pier.py, a `b`.py
```
"""


def test_the_document() -> None:
    assert markdown(DETAIL) == WHOLE


def test_what_is_not_known_leaves_no_line() -> None:
    bare = SessionDetail(id="s1", agent="codex", project="", cwd="", totals=Totals(usd=None), turns=(TurnView(n=1),))
    assert markdown(bare) == (
        "# s1\n\n- session: `s1`\n- agent: `codex`\n- requests: 0\n"
        "- tokens: 0 input, 0 output, 0 read from the cache, 0 written to it\n\n## Turn 1\n\n0 requests\n"
    )


EVIL = st.text(
    st.one_of(st.sampled_from("`~<>&*_[]()#!|\\-=+.:@/ \n\t\x1b\x9b\x07\x00\r\u2028\u202e\x1e"), st.characters()),
    max_size=60,
)


@given(title=EVIL, prompt=EVIL, path=EVIL, command=EVIL, answer=EVIL)
@settings(deadline=None)
def test_no_foreign_text_is_markup(title: str, prompt: str, path: str, command: str, answer: str) -> None:
    turn = replace(
        TURN,
        prompt=prompt or "x",
        answer=answer or "x",
        files_changed=(FileChange(path=path, kind="M"),),
        failed_commands=(FailedCommand(command=command, exit_code=1),),
    )
    made = markdown(replace(DETAIL, title=title, turns=(turn, TURN)))
    assert re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e\ud800-\udfff]", made) is None
    # Read as Markdown does: what is left outside of fences and spans are the document's own words.
    outside, fence = [], ""
    for line in made.split("\n"):
        mark = re.match(" {0,3}(`{3,})([^`]*)$", line)
        if fence:
            # A fence ends at the first line of as many marks or more, and of nothing else.
            if mark and len(mark[1]) >= len(fence) and not mark[2].strip():
                fence = ""
        elif mark:
            fence = mark[1]
        else:
            outside.append(re.sub(r"(?<!`)(`+)(?!`)(?:.*?[^`])\1(?!`)", "SPAN", line))
    assert not fence
    assert [line for line in outside if line.startswith("## ")] == ["## Turn 1", "## Turn 1"]
    for line in outside[1:]:
        assert re.search(r"[<`\[]", line) is None, line
    assert re.search(r"(?<!\\)(?:\\\\)*[<`\[*_]", outside[0][2:]) is None


@pytest.mark.parametrize(
    ("title", "heading"),
    [
        ("https://evil.example", "# https\\://evil.example"),
        ("see www.evil.example", "# see www\\.evil.example"),
        ("a@b.example", "# a\\@b.example"),
        ("## no\nheading", "# \\#\\# no heading"),
        ("\x1b[31mred", "# red"),
    ],
)
def test_a_title_is_no_link(title: str, heading: str) -> None:
    assert markdown(replace(DETAIL, title=title)).split("\n")[0] == heading
