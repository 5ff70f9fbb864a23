"""The command line: parses, calls, prints. What is needed for it is imported when it runs, so that each start is quick.

Output belongs to stdout, errors are one line on stderr with exit code 1, wrong usage is click's exit code 2. The status
line is the exception to all of it, and to click: it runs every few seconds under somebody's prompt.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

COMMANDS = {
    "run": ("tui.cli_run", "run", "Start an agent so that its cache can be kept warm."),
    "demo": ("tui.cli_demo", "demo", "Watch the whole loop on simulated agents: no key, no network."),
    "keeper": ("tui.cli_keeper", "keeper_group", "The background process: run, start, stop, status."),
    "import": ("tui.cli_import", "import_command", "Read transcripts into the store."),
    "sessions": ("tui.cli_read", "sessions_command", "List sessions, newest first."),
    "show": ("tui.cli_read", "show", "Show one session and its turns."),
    "search": ("tui.cli_search", "search_command", "Find turns by what was asked, answered, changed or failed."),
    "export": ("tui.cli_export", "export", "Write sessions as Markdown or JSON."),
    "brief": ("tui.cli_brief", "brief_command", "Write a resume brief of a session, to paste into a fresh one."),
    "impact": ("tui.cli_impact", "impact_command", "Turn memory against full history, in tokens and money."),
    "forget": ("tui.cli_forget", "forget", "Delete sessions from the store, for good."),
    "ledger": ("tui.cli_ledger", "ledger_command", "What keep-alive spent, saved and lost."),
    "warmcold": ("tui.cli_warmcold", "warmcold_command", "Compare turns after warm and cold resumes; no verdict."),
    "decide": ("tui.cli_decide", "decide", "The policy as a service: questions and answers as JSON lines."),
    "simulate": ("tui.cli_simulate", "simulate", "What ping policies would have cost on recorded idle gaps."),
    "statusline": ("tui.cli_statusline", "statusline_command", "One line for Claude Code's status line."),
    "install": ("tui.cli_install", "install", "Put warmside into Claude Code, or into your shells."),
    "uninstall": ("tui.cli_install", "uninstall", "Take back what `install` has written."),
    "doctor": ("tui.cli_doctor", "doctor", "What is found, what is missing, and what mends it."),
    "budget": ("tui.cli_budget", "budget", "Show or set what keep-alive may spend."),
    "tmux": ("tui.cli_tmux", "tmux_command", "Open or close the sidebar as a pane beside your agent."),
}
"""Name: module, object in it, and its line in the help (which must not import them all)."""


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given[:1] == ["statusline"]:
        from tui import statusline

        if statusline.quick(given[1:]):
            return
    if given[:1] == ["run"]:
        from tui import become

        if become.quick(given[1:]):
            return
    import click

    from tui.cli_group import main_group
    from tui.errors import one_line

    try:
        main_group.main(args=given, prog_name="warmside")
    except Exception as error:
        message = one_line(error)
        if message is None:
            raise
        click.echo(f"warmside: {message}", err=True)
        sys.exit(1)
