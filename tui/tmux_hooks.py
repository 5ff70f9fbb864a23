"""What tmux itself does for the sidebar while nobody presses a key: follow, keep the width, go last, tidy up. Pure.

All of it is tmux's own commands over tmux's own formats. No program is started when a window is switched, so the
sidebar is there at once, and where warmside is gone the hooks find nothing of it and take themselves away. They know
panes by the option `@warmside` alone:

- `sidebar`: runs the sidebar and goes where the person goes;
- `fixed`: runs it and stays in its window;
- `slot`: an empty pane that keeps its place in a window where it was before. To follow is to swap with a slot, so that
  an agent is resized when the sidebar first comes to its window, and never again by a switch of windows.
"""

from __future__ import annotations

MARK = "@warmside"
WIDTH = "@warmside-width"
SIDE = "@warmside-side"
"""Of a pane: what it is, columns, `left` or `right`."""
BEFORE = "@warmside-before"
PANES = "@warmside-panes"
DURING = "@warmside-during"
"""Of a window: its layout and number of panes before, and its geometry since; while that is unchanged, the layout from
before is given back when the sidebar goes."""
FOR = "@warmside-for"
"""Of a window: its columns when the sidebar was last given its width. With other columns it was resized since, perhaps
while it was zoomed."""

MAIN_COLUMNS = 40
"""What the window must have beside the sidebar's width: an agent that is squeezed further is of no use."""

TEND = "@warmside-tend"
"""Of the server: what the hooks run."""

_HOOKS = ("window-layout-changed[907]", "session-window-changed[907]")
"""Hooks are arrays: at a place of our own all others stay. Global, since a hook of a session hides global ones."""

GEOMETRY = "#{P:#{pane_width}x#{pane_height}+#{pane_left}+#{pane_top} }"
"""A window's panes by size and place; unlike a layout it says nothing of which pane is where."""


_SESSION = "SESSION"
"""Stands for a session's id in what the hooks run. tmux names a window that lost its active pane by chance, and a hook
may find itself in another session: so every session with something of ours is tended, by its id."""


def _is(*marks: str) -> str:
    return f"#{{m/r:^({'|'.join(marks)})$,#{{{MARK}}}}}"


def _panes(condition: str, what: str) -> str:
    """A format: `what` of each pane of a window for which this holds."""
    return f"#{{P:#{{?{condition},{what},}}}}"


def _windows(condition: str, what: str) -> str:
    """A format: `what` of each window of the session for which this holds."""
    return f"#{{W:#{{?{condition},{what},}}}}"


def _of_sidebar(what: str) -> str:
    return f"#{{W:{_panes(_is('sidebar'), what)}}}"


def _all(*conditions: str) -> str:
    joined = conditions[-1]
    for condition in reversed(conditions[:-1]):
        joined = f"#{{&&:{condition},{joined}}}"
    return joined


def _no(condition: str) -> str:
    return f"#{{?{condition},,1}}"


def _when(condition: str, then: str, otherwise: str = "") -> str:
    """Looks at the session's current window."""
    return f"if-shell -F -t '{_SESSION}:' '{condition}' {{ {then} }}" + (f" {{ {otherwise} }}" if otherwise else "")


def _run(commands: str) -> str:
    """Commands whose formats are filled in when they run (tmux fills in none in a target)."""
    return f"run-shell -t '{_SESSION}:' -C \"{commands}\""


_SIDEBAR = _of_sidebar("#{pane_id}")
_SLOT = _panes(_is("slot"), "#{pane_id}")
_LEFT = f"#{{==:{_of_sidebar('#{' + SIDE + '}')},left}}"
_COLUMNS = _of_sidebar(f"#{{{WIDTH}}}")
_LAST_WINDOW = _windows("#{window_last_flag}", "#{window_id}")
_OURS = f"#{{P:#{{{MARK}}}}}"
_ALONE = _all("#{==:#{window_panes},1}", _OURS)
_DURING, _BEFORE, _MARK = (f"#{{{name}}}" for name in (DURING, BEFORE, MARK))


def _room(columns: str) -> str:
    return f"#{{e|>=:#{{window_width}},#{{e|+:{columns},{MAIN_COLUMNS}}}}}"


def _make_slot() -> str:
    """An empty pane at the edge of the window, where there is room and nothing is zoomed."""
    edge = f"#{{window_id}}.{{top-#{{?{_LEFT},left,right}}}}"
    return _when(
        _all(_no(_SLOT), _no("#{window_zoomed_flag}"), _room(_COLUMNS)),
        # One run: between a split and its mark nothing else may look.
        _run(
            f"set -w -t #{{window_id}} {BEFORE} '#{{window_layout}}'"
            f" ; set -w -t #{{window_id}} {PANES} #{{window_panes}} ; set -w -t #{{window_id}} {FOR} #{{window_width}}"
            f" ; split-window -d -f -h #{{?{_LEFT},-b,}} -l {_COLUMNS} -t #{{window_id}} ''"
            f" ; set -p -t '{edge}' {MARK} slot ; set -p -t '{edge}' {WIDTH} {_COLUMNS}"
        )
        + " ; "
        + _run(f"set -w -t #{{window_id}} {DURING} '{GEOMETRY}'"),
    )


def _follow() -> str:
    """Bring the session's sidebar into its current window, unless one is there."""
    return _when(
        _all(f"#{{m/r:^%[0-9]+$,{_SIDEBAR}}}", _no(_panes(_is("sidebar", "fixed"), "1"))),
        _make_slot() + " ; " + _when(_SLOT, _run(f"swap-pane -d -Z -s {_SIDEBAR} -t {_SLOT}")),
    )


def _go_last() -> str:
    """Where nothing but ours is left in a window, it must not keep the window; a sidebar that follows goes along."""
    return _when(
        _all(_ALONE, _panes(_is("sidebar"), "1"), "#{e|>:#{session_windows},1}"),
        _when(_LAST_WINDOW, _run(f"select-window -t {_LAST_WINDOW}"), f"previous-window -t '{_SESSION}:'"),
    )


def _kill_alone() -> str:
    return _each(_ALONE, "kill-pane -t #{P:#{pane_id}} ; ")


def _keep_width() -> str:
    """tmux shares a new width out among all panes; ours gets its own back, as long as there is room."""
    resized = _all(_OURS, _no("#{window_zoomed_flag}"), f"#{{!=:#{{window_width}},#{{{FOR}}}}}")
    each = _panes(_all(_MARK, _room(f"#{{{WIDTH}}}")), f"resize-pane -t #{{pane_id}} -x #{{{WIDTH}}} ; ")
    return _each(resized, f"{each}set -w -t #{{window_id}} {FOR} #{{window_width}} ; ")


def _keep_books() -> str:
    """A window whose panes changed beside the sidebar keeps what the person made of it."""
    changed = _all(_OURS, _no("#{window_zoomed_flag}"), f"#{{!=:{GEOMETRY},{_DURING}}}", _BEFORE)
    return _each(changed, f"set -wu -t #{{window_id}} {BEFORE} ; ")


def _clear() -> str:
    """Without a sidebar its slots go; where neither is any more, the layout from before comes back."""
    same = _all(_BEFORE, f"#{{==:#{{window_panes}},#{{{PANES}}}}}")
    again = f"#{{?{same},select-layout -t #{{window_id}} '{_BEFORE}' ; ,}}"
    forget = "".join(f"set -wu -t #{{window_id}} {option} ; " for option in (BEFORE, PANES, DURING, FOR))
    return (
        _when(_no(_SIDEBAR), _each(_SLOT, _panes(_is("slot"), "kill-pane -t #{pane_id} ; ")))
        + " ; "
        + _each(_all(_DURING, _no(_OURS)), again + forget)
    )


def _each(condition: str, commands: str) -> str:
    """For every window of the session for which this holds; without one there would be no command to run."""
    return _when(_windows(condition, "1"), _run(_windows(condition, commands)))


def _tend_session() -> str:
    return " ; ".join((_go_last(), _follow(), _kill_alone(), _keep_width(), _keep_books(), _clear()))


def tend() -> str:
    """A format of commands: what is right after any change. They may run at any time, and any number of times."""
    something = f"#{{W:{_OURS}{_DURING}}}"
    return f"#{{S:#{{?{something},#{{s/{_SESSION}/#{{session_id}}/:{TEND}}} ; ,}}}}"


def _tend_or_leave() -> str:
    """Without a sidebar on the server the hooks go."""
    off = " ; ".join((*(f"set-hook -gu {name}" for name in _HOOKS), f"set -gu {TEND}"))
    return f"run-shell -C \"{tend()}\" ; if-shell -F '{_no(f'#{{S:#{{W:{_OURS}}}}}')}' {{ {off} }}"


def install() -> list[list[str]]:
    """tmux's arguments that set every hook; setting them again changes nothing."""
    return [
        ["set-option", "-g", TEND, _tend_session()],
        *(["set-hook", "-g", name, _tend_or_leave()] for name in _HOOKS),
    ]
