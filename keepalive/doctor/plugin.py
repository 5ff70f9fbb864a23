"""The plugin and the status line in Claude Code: there, whole, of this version. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from keepalive.doctor.finding import Finding, note, ok, problem
from keepalive.install.surroundings import LEAST
from store import client_version

INSTALL = "warmside install claude"
_MOST_NAMES = 3


@dataclass(frozen=True, slots=True)
class Plugin:
    """What lies in the client's folder, by names below `folder`.

    `missing`, `edited` (not as we wrote it), `old` (as an older version of us wrote it) and `beside` (not ours) are
    disjoint. `recorded`: our record tells of an install. `meets`: the folder `meet` is there and private.
    `elsewhere`: it is the plugin of a warmside with another state folder.
    `client`: Claude Code's version, '' where it is not known or there is none.
    """

    folder: Path
    meet: Path
    version: str
    files: int
    missing: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    old: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    recorded: bool = False
    meets: bool = False
    elsewhere: bool = False
    client: str = ""

    @property
    def there(self) -> bool:
        return len(self.missing) < self.files


@dataclass(frozen=True, slots=True)
class StatusLine:
    """`statusLine` in the person's settings. `program` is ours in it, None where another command or none stands there.

    `hidden_by` are settings files of a project or an administrator that have one of their own. `broken` says why the
    settings cannot be read.
    """

    settings: Path
    program: str | None = None
    runs: bool = False
    own: bool = False
    hidden_by: tuple[Path, ...] = ()
    broken: str = ""


def check(plugin: Plugin) -> list[Finding]:
    """Is it installed, current, unchanged; and can the client run it."""
    said = _files(plugin)
    if plugin.client and not client_version.at_least(plugin.client, LEAST):
        least = ".".join(map(str, LEAST))
        text = f"Claude Code {plugin.client} is too old for plugins: it needs {least} or newer"
        said.append(problem(text, "claude update") if plugin.there else note(text, "claude update"))
    return said


def _files(plugin: Plugin) -> list[Finding]:
    if not plugin.there:
        if plugin.recorded:
            return [problem(f"the plugin was installed and is gone from {plugin.folder}", INSTALL)]
        return [note(f"not installed: {plugin.files} files would be written to {plugin.folder}", INSTALL)]
    said = []
    if plugin.elsewhere:
        text = f"the plugin in {plugin.folder} belongs to a warmside with another WARMSIDE_HOME"
        return [problem(text, "WARMSIDE_HOME as it was set at the install, or `warmside uninstall claude` with it")]
    if plugin.edited:
        text = f"the plugin's {_names(plugin.edited)} in {plugin.folder} was changed by somebody"
        said.append(problem(text, f"move {plugin.folder} away, then: {INSTALL}"))
    if plugin.missing:
        said.append(problem(f"the plugin lacks {_names(plugin.missing)} in {plugin.folder}", INSTALL))
    if plugin.old:
        said.append(note(f"the plugin is of an older warmside; {plugin.version} is here", INSTALL))
    if not said:
        said.append(ok(f"the plugin {plugin.version} is in {plugin.folder}"))
    if plugin.beside:
        said.append(note(f"not warmside's, in {plugin.folder}: {_names(plugin.beside)}"))
    if not plugin.recorded:
        said.append(note("no record of its install: `uninstall` would take nothing back", INSTALL))
    if not plugin.meets:
        said.append(problem(f"{plugin.meet}, where plugin and keeper meet, is not there or not private", INSTALL))
    return said


def check_line(line: StatusLine) -> list[Finding]:
    """Is our line under the prompt."""
    if line.broken:
        return [problem(line.broken, f"edit {line.settings}")]
    said = []
    if line.program is None:
        what = "runs a command of yours, which would stay in it" if line.own else "is not set"
        said.append(note(f"statusLine in {line.settings} {what}", INSTALL))
    elif not line.runs:
        said.append(problem(f"statusLine in {line.settings} calls {line.program}, which cannot be run", INSTALL))
    else:
        said.append(ok(f"statusLine in {line.settings} calls {line.program}"))
    for path in line.hidden_by:
        said.append(note(f"{path} has a statusLine of its own: where it holds, the client shows that one"))
    return said


def _names(names: tuple[str, ...]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
