"""The function that makes `claude` mean `warmside run -- claude`: its text, its place, in and out of a file. Pure.

The function must never stand between a person and their client: where warmside is gone, broken, or already there (a
shell inside a launch), the client starts as if there were no function. Only one marked block is ever written, and
taking it out gives back the bytes that were there before.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from keepalive.launching.start import RUN_PID

Shell = Literal["bash", "zsh", "fish"]
SHELLS: tuple[Shell, ...] = ("bash", "zsh", "fish")
_BEGIN, _END = "# >>> warmside", "# <<< warmside <<<"
_NEW, _JOINED = "new file", "line end added"
_BLOCK = re.compile(rf"^{_BEGIN}(?: \((?P<how>[^)\n]*)\))? >>>\n.*?^{_END}\n", re.DOTALL | re.MULTILINE)
_LEFT = re.compile(rf"^(?:{_BEGIN}\b.*>>>|{_END})\r?$", re.MULTILINE)
_SOON = 2
"""Seconds within which a client that ended badly may never have started."""

_POSIX = """\
# `{first}` starts through warmside; `command {first}` goes around it. `warmside uninstall shell` takes this block away.
case $- in
*i*)
    function __warmside_run {{
        if [ ! -x {warmside} ] || {{ [ -n "${{{pid}-}}" ] && kill -0 "${pid}" 2>/dev/null; }}; then
            command "$@"
            return
        fi
        local code=0 begun=${{SECONDS%.*}}
        {warmside} run -- "$@" || code=$?
        # Ended at once: did it start at all? Asked only now, so that a good start waits for nothing.
        if [ "$code" -ne 0 ] && [ $((${{SECONDS%.*}} - begun)) -le {soon} ] &&
            ! {warmside} run --check </dev/null >/dev/null 2>&1; then
            command "$@"
            return
        fi
        return "$code"
    }}
{functions}
    ;;
esac
"""
_POSIX_FUNCTION = """\
    typeset -f {name} >/dev/null || function {name} {{ __warmside_run {name} "$@"; }}"""
_FISH = """\
# `{first}` starts through warmside; `command {first}` goes around it. `warmside uninstall shell` takes this file away.
if status is-interactive
    function __warmside_run
        if not test -x {warmside}; or begin; set -q {pid}; and kill -0 ${pid} 2>/dev/null; end
            command $argv
            return
        end
        set -l begun (date +%s)
        {warmside} run -- $argv
        set -l code $status
        # Ended at once: did it start at all? Asked only now, so that a good start waits for nothing.
        if test $code -ne 0; and test (math (date +%s) - $begun) -le {soon}
            if not {warmside} run --check </dev/null >/dev/null 2>&1
                command $argv
                return
            end
        end
        return $code
    end
{functions}
end
"""
_FISH_FUNCTION = """\
    if not functions -q {name}
        function {name}
            __warmside_run {name} $argv
        end
    end"""


class DamagedBlock(Exception):
    """The file holds a part of our block only, or more than one; one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a shell's block goes."""

    shell: Shell
    file: Path
    whole: bool
    """The file is ours alone."""


def place(shell: Shell, environ: Mapping[str, str]) -> Place:
    """The file that the shell reads at every interactive start."""
    home = Path(environ.get("HOME") or Path.home())
    if shell == "bash":
        return Place(shell, home / ".bashrc", whole=False)
    if shell == "zsh":
        return Place(shell, Path(environ.get("ZDOTDIR") or home) / ".zshrc", whole=False)
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    return Place(shell, config / "fish" / "conf.d" / "warmside.fish", whole=True)


def body(shell: Shell, warmside: Path, clients: Sequence[str]) -> str:
    """What the block does, without its marks. `warmside`: the executable, absolute."""
    fish = shell == "fish"
    functions = "\n".join((_FISH_FUNCTION if fish else _POSIX_FUNCTION).format(name=name) for name in clients)
    return (_FISH if fish else _POSIX).format(
        first=clients[0],
        warmside=_fish_quoted(str(warmside)) if fish else shlex.quote(str(warmside)),
        pid=RUN_PID,
        soon=_SOON,
        functions=functions,
    )


def added(text: str | None, inner: str, *, folders: int = 0) -> str:
    """The file's text with the block in it, at its end or where one was before; None: there is no file yet.

    `folders`: how many have to be made for the file, so that taking it out can take them too.

    Raises:
        DamagedBlock
    """
    if text is not None and (found := _find(text)) is not None:
        how = f" ({found['how']})" if found["how"] else ""
        return text[: found.start()] + _block(how, inner) + text[found.end() :]
    if text is None:
        return _block(f" ({_NEW}{f', folders {folders}' if folders else ''})", inner)
    joined = bool(text) and not text.endswith("\n")
    return text + ("\n" if joined else "") + _block(f" ({_JOINED})" if joined else "", inner)


@dataclass(frozen=True, slots=True)
class Removed:
    """What is left. `text` is None where the file was new with the block and nothing else came into it."""

    text: str | None
    folders: int = 0
    """How many folders above the file were made for it."""


def removed(text: str) -> Removed | None:
    """The file's text without the block; None: there was none.

    Raises:
        DamagedBlock
    """
    found = _find(text)
    if found is None:
        return None
    before, after, how = text[: found.start()], text[found.end() :], found["how"] or ""
    if how == _JOINED and not after:
        before = before.removesuffix("\n")
    if not before and not after and how.startswith(_NEW):
        folders = how.rpartition("folders ")[2]
        return Removed(None, int(folders) if folders.isdigit() else 0)
    return Removed(before + after)


def own_alias(text: str, clients: Sequence[str]) -> str | None:
    """A client for which the person's own file sets an alias: that one goes first, and may go around us."""
    return next((name for name in clients if re.search(rf"^\s*alias\s+{re.escape(name)}[= ]", text, re.M)), None)


def _block(how: str, inner: str) -> str:
    return f"{_BEGIN}{how} >>>\n{inner}{_END}\n"


def _find(text: str) -> re.Match[str] | None:
    found = list(_BLOCK.finditer(text))
    marks = len(_LEFT.findall(text))
    if len(found) > 1 or marks != 2 * len(found):
        raise DamagedBlock(f"the block from `{_BEGIN}` to `{_END}` is not whole, or is there twice: remove it by hand")
    return found[0] if found else None


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
