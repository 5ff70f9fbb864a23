"""`decide` as a process: an answer as soon as a line was read, and a quiet end."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.keepalive.test_decide_service import QUESTION

COMMAND = [sys.executable, "-c", "from tui.cli import main; main()", "decide"]


def test_each_answer_is_flushed_before_the_next_question() -> None:
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as service:
        assert service.stdin is not None
        assert service.stdout is not None
        for line, key in ((json.dumps(QUESTION), "ping"), ("{", "error"), (json.dumps(QUESTION), "reason")):
            service.stdin.write(line.encode() + b"\n")
            service.stdin.flush()
            assert key in json.loads(service.stdout.readline())
        out, err = service.communicate()
    assert (out, err, service.returncode) == (b"", b"", 0)


def test_who_stops_reading_gets_no_traceback() -> None:
    line = json.dumps(QUESTION).encode() + b"\n"
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as service:
        assert service.stdin is not None
        assert service.stdout is not None
        service.stdout.close()
        service.stdin.write(20 * line)
        service.stdin.close()
        assert service.stderr is not None
        err = service.stderr.read()
        service.wait()
    assert b"Traceback" not in err
