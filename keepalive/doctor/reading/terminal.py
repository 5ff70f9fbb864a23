"""Reads what the environment and tmux say of this terminal."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

from keepalive import config
from keepalive.doctor.reading.around import Around
from keepalive.doctor.terminal import Terminal

ASK_SECONDS = 1.0
_OPTIONS = {"set-clipboard": "-sv", "allow-passthrough": "-gwv"}
_ABOUT = ("TERM", "TERM_PROGRAM", "COLORTERM", "NO_COLOR", "LC_ALL", "LC_CTYPE", "LANG")


def read(around: Around) -> Terminal:
    """Nothing is asked of the terminal itself."""
    try:
        desktop = config.load(around.paths.config_file).notify.desktop
    except config.ConfigError:
        desktop = False  # a finding of its own
    environ = {name: around.environ[name] for name in _ABOUT if name in around.environ}
    tmux = _tmux(around.environ) if around.environ.get("TMUX") else None
    return Terminal(environ, tmux, desktop)


def _tmux(environ: Mapping[str, str]) -> dict[str, str]:
    """Options of the tmux around us; one that it does not know, or does not tell in time, is left out."""
    found = {}
    for name, how in _OPTIONS.items():
        try:
            said = subprocess.run(
                ["tmux", "show-options", how, name],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=ASK_SECONDS,
                env=dict(environ),
                check=False,
            )
        except (OSError, ValueError, subprocess.TimeoutExpired):
            continue
        if said.returncode == 0 and said.stdout.strip():
            found[name] = said.stdout.split()[0]
    return found
