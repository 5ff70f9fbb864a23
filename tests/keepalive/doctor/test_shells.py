"""What is said of the function in a shell's file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from keepalive.doctor.shells import Shell, check

GOOD = Shell("bash", Path("/h/.bashrc"), "/opt/warmside", runs=True, clients=("claude",), wanted=("claude",))
MEND = "warmside install shell --shell bash"


def said(shell: Shell) -> list[tuple[str, str | None]]:
    return [(one.level, one.mend) for one in check([shell])]


def test_a_function_that_works_is_fine() -> None:
    (one,) = check([GOOD])
    assert (one.level, one.text) == ("ok", "bash: the function is in /h/.bashrc (claude)")


def test_what_is_wrong_has_its_mend() -> None:
    assert said(replace(GOOD, program=None)) == [("note", MEND)]
    assert said(replace(GOOD, runs=False)) == [("problem", MEND)]
    assert said(replace(GOOD, wanted=("claude", "codex"))) == [("note", MEND)]
    assert said(replace(GOOD, damaged="half a block")) == [("problem", f"edit /h/.bashrc, then: {MEND}")]
    assert said(replace(GOOD, alias="claude"))[1] == ("note", "take the alias `claude` out of /h/.bashrc")
    assert [one.level for one in check([])] == ["note"]
