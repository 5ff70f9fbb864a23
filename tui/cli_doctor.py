"""`doctor`: what is found, what is missing, and the command that mends it. Exit code 1 with a problem."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from keepalive.doctor.finding import Finding
    from keepalive.doctor.reading.around import Around


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True)
@click.option("--deep", is_flag=True, help="Read the whole store too and say whether it is sound.")
def doctor(as_json: bool, deep: bool) -> None:
    """Look at clients, shells, plugin, settings, keeper, store, prices and terminal. Changes nothing.

    Each finding comes with what mends it. Exit code 1 when one of them is a problem.
    """
    from keepalive.doctor.examine import AREAS, examine
    from keepalive.doctor.reading.around import Around
    from keepalive.paths import find_paths
    from tui import doctor_text
    from tui.status_text import wants_colour

    areas = {**AREAS, "config": lambda around: with_keys(AREAS["config"](around), around)}
    findings = examine(Around.here(os.environ, find_paths(), deep=deep), areas)
    if as_json:
        keys = ("area", "level", "text", "mend")
        rows = [{key: asdict(finding)[key] for key in keys} for finding in findings]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        colour = sys.stdout.isatty() and wants_colour(os.environ)
        click.echo("\n".join(doctor_text.lines(findings, colour=colour)), color=colour)
    if any(finding.level == "problem" for finding in findings):
        sys.exit(1)


def with_keys(found: list[Finding], around: Around) -> list[Finding]:
    """What is said of `config.toml`, and what is wrong with its `[keys]`, which only the sidebar can tell."""
    from keepalive import config
    from keepalive.doctor.finding import problem
    from tui.keys_of_file import mistakes

    file = around.paths.config_file
    if any(one.level == "problem" for one in found):
        return found  # it cannot be read
    said = [
        problem(f"{mistake}; the sidebar does not open", f"edit {file}")
        for mistake in mistakes(config.load(file).keys, file)
    ]
    return [*(one for one in found if one.level != "ok"), *said] if said else found
