"""A real tmux server of the test's own, with a program that stands where the sidebar would run."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.keepalive.keeper_home import eventually
from tui.cli_tmux import tmux_command

needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")

STUB = """\
#!/bin/sh
# q ends it well, x badly
echo SIDEBAR "$WARMSIDE_HOME"
while read -r line; do
    case $line in q) exit 0 ;; x) echo "warmside: it is broken"; exit 1 ;; esac
done
"""
_LOOK = (
    "#{session_name}:#{window_index} #{pane_id} #{pane_width}x#{pane_height}+#{pane_left}+#{pane_top}"
    " #{?@warmside,#{@warmside},-} #{window_active}#{pane_active}#{window_zoomed_flag} #{window_width}"
)


@dataclass(frozen=True)
class Seen:
    """A pane as tmux lists it."""

    window: str
    id: str
    place: str
    mark: str
    current: bool
    active: bool
    zoomed: bool
    window_width: int

    @property
    def width(self) -> int:
        return int(self.place.partition("x")[0])


@dataclass(frozen=True)
class Server:
    """One server."""

    socket: Path
    bin: Path
    """First on PATH; holds the program that stands for warmside."""

    def __call__(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(self.socket), "-f", "/dev/null", *arguments],
            env={**os.environ, "TMUX": "", "PATH": f"{self.bin}:{os.environ['PATH']}", "SHELL": "/bin/sh"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), arguments
        return done.stdout.rstrip("\n")

    def start(self, width: int = 150, command: str = "cat") -> None:
        self("new-session", "-d", "-s", "s", "-x", str(width), "-y", "45", command)

    def window(self, command: str = "cat") -> str:
        """A new window, switched to; its pane."""
        return self("new-window", "-t", "s:", "-P", "-F", "#{pane_id}", command)

    def split(self, target: str, *how: str, command: str = "cat") -> str:
        """A new pane."""
        return self("split-window", "-d", *how, "-t", target, "-P", "-F", "#{pane_id}", command)

    def environ(self, pane: str) -> dict[str, str]:
        """What a process in this pane has in its environment."""
        return {
            "TMUX": f"{self.socket},1,0",
            "TMUX_PANE": pane,
            "PATH": f"{self.bin}:{os.environ['PATH']}",
        }

    def press(self, pane: str, *options: str) -> Result:
        """`warmside tmux`, as if somebody looked at this pane."""
        return CliRunner().invoke(tmux_command, options, env=self.environ(pane))

    def opened(self, pane: str, *options: str) -> str:
        """The pane of a sidebar opened from here."""
        before = {one.id for one in self.panes()}
        result = self.press(pane, *options)
        assert (result.exit_code, result.output) == (0, "")
        (new,) = [one.id for one in self.panes() if one.id not in before and one.mark != "slot"]
        return new

    def panes(self) -> list[Seen]:
        """Every pane of the server."""
        found = []
        for line in self("list-panes", "-a", "-F", _LOOK).splitlines():
            window, pane, place, mark, flags, width = line.split()
            found.append(Seen(window, pane, place, mark, flags[0] == "1", flags[1] == "1", flags[2] == "1", int(width)))
        return found

    def marks(self) -> dict[str, str]:
        """Panes of ours: where each is and what."""
        return {one.id: f"{one.window} {one.mark}" for one in self.panes() if one.mark != "-"}

    def places(self) -> dict[str, str]:
        """Size and place of every pane that is not ours."""
        return {one.id: one.place for one in self.panes() if one.mark == "-"}

    def soon(self, marks: dict[str, str]) -> None:
        """Wait until exactly these panes of ours are there."""
        eventually(lambda: self.marks() == marks or None, 10)

    def hooks(self) -> list[str]:
        """What is left of us in the server's options: hooks, and what they run."""
        lines = (self("show-hooks", "-g"), self("show-hooks", "-gw"), self("show-options", "-g"))
        return [line for line in "\n".join(lines).splitlines() if "[907]" in line or "@warmside" in line]


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    """A server that is gone afterwards; it has no session yet."""
    programs = folder / "bin"
    programs.mkdir()
    (programs / "warmside").write_text(STUB)
    (programs / "warmside").chmod(0o755)
    made = Server(folder / "tmux", programs)
    try:
        yield made
    finally:
        subprocess.run(["tmux", "-S", str(made.socket), "kill-server"], capture_output=True, check=False)
