"""Foreign text inside a Markdown document: code fences and spans that it cannot end, and words that are no markup."""

from __future__ import annotations

import re

from store.plain_text import one_line, plain

# What Markdown or an extension of it gives a meaning inside a line; `:` and `@` make links of addresses.
_MARKUP = re.compile(r"([\\`*_\[\]<>#~|&:@!$^={}()])|\b(www)(?=\.)")


def fence(text: str) -> str:
    """The text with its lines, as a code block."""
    text = plain(text)
    mark = "`" * max(3, _longest_run(text) + 1)
    return f"{mark}text\n{text.strip(chr(10))}\n{mark}"


def span(text: str) -> str:
    """The text as one line of code."""
    text = one_line(text)
    mark = "`" * (_longest_run(text) + 1)
    # A space keeps the text's own backticks apart from the mark; Markdown takes one away at each end.
    space = " " if not text or text[0] in "` " or text[-1] in "` " else ""
    return f"{mark}{space}{text}{space}{mark}"


def escape(text: str) -> str:
    """The text as words of a line."""
    return _MARKUP.sub(lambda found: f"\\{found[1]}" if found[1] else f"{found[2]}\\", one_line(text))


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
