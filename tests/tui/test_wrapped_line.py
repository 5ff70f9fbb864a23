"""The person's own line: same bytes in, same bytes out, whatever it does and however it ends.

It writes to the real standard output, so each case is a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.waiting import until


def wrapped(
    command: object, data: bytes = b"", *, source: object = None, limit: float = 20.0, given: bytes = b""
) -> tuple[bytes, bytes]:
    """What came out, and what `run` said was its last byte."""
    script = (
        "import sys\nfrom tui.wrapped_line import run\n"
        f"last = run({command!r}, {data!r}, {source!r}, limit={limit!r})\nsys.stderr.write(last.hex())"
    )
    done = subprocess.run([sys.executable, "-c", script], input=given, capture_output=True, check=True, timeout=60)
    return done.stdout, bytes.fromhex(done.stderr.decode())


@pytest.mark.parametrize("command", ["cat", ("cat",), "cat; exit 3"])
def test_every_byte_goes_in_and_comes_out(command: object) -> None:
    data = bytes(range(256)) * 4
    assert wrapped(command, data) == (data, data[-1:])


def test_more_than_a_pipe_holds_with_the_rest_from_where_it_comes() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from tui.wrapped_line import run; run('cat', b'x' * 300_000, 0)",
        ],
        input=b"y" * 2_000_000,
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == b"x" * 300_000 + b"y" * 2_000_000


def test_a_line_that_does_not_read_is_no_error() -> None:
    assert wrapped("exec 0<&-; echo mine", b"x", source=0, given=b"y" * 1_000_000) == (b"mine\n", b"\n")


def test_nothing_printed() -> None:
    assert wrapped("true", b"x") == (b"", b"")


@pytest.mark.parametrize("command", [("/no/such/program",), ("a\0b",)])
def test_a_program_that_cannot_be_started_printed_nothing(command: object) -> None:
    assert wrapped(command) == (b"", b"")


def test_what_it_leaves_behind_is_not_waited_for() -> None:
    started = time.monotonic()
    assert wrapped("sleep 20 2>/dev/null & echo mine") == (b"mine\n", b"\n")
    assert time.monotonic() - started < 10


def test_a_line_that_hangs_is_ended_and_keeps_what_it_said() -> None:
    assert wrapped(("sh", "-c", "echo mine; exec sleep 50"), limit=0.5) == (b"mine\n", b"\n")


def test_a_client_that_ends_us_ends_the_line(tmp_path: Path) -> None:
    command = ("sh", "-c", f"echo $$ > {tmp_path}/pid; exec sleep 50")
    script = f"from tui.wrapped_line import run; run({command!r}, b'', None)"
    process = subprocess.Popen([sys.executable, "-c", script])
    pid = until(lambda: (file := tmp_path / "pid").exists() and file.read_text().strip(), 20, "the line has started")
    process.terminate()
    assert process.wait(20) == 0
    until(lambda: not Path(f"/proc/{pid}").exists() if Path("/proc/self").exists() else True, 20, "the line has ended")
