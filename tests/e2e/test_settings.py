"""What the person has set stays, and what would send the client elsewhere does not win."""

from __future__ import annotations

import pytest

from tests.e2e.harness import Stage
from tests.e2e.home import CLOSED

pytestmark = pytest.mark.e2e


def test_upstream_beats_settings_file_and_proxy_and_own_settings_are_merged(stage: Stage) -> None:
    stage.write_settings(
        {
            "permissions": {"defaultMode": "acceptEdits", "allow": ["Bash"]},
            "env": {"ANTHROPIC_BASE_URL": CLOSED, "HTTP_PROXY": CLOSED, "FROM_FILE": "file"},
        }
    )
    done = stage.print_run(
        "--settings",
        '{"env": {"FOO": "1"}}',
        "-p",
        "run: echo $FOO,$FROM_FILE,$ENABLE_TOOL_SEARCH",
        to=stage.provider_url,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Hello from the stand-in.\n"
    asked, told = stage.log.requests()
    assert "1,file,true" in str(told.body["messages"])
    (row,) = stage.sessions()
    assert (row.id, row.agent, row.cwd) == (asked.session_id, "claude", str(stage.work))
    assert row.totals.requests == 2


def test_without_upstream_requests_go_where_the_settings_file_said(stage: Stage) -> None:
    stage.write_settings({"env": {"ANTHROPIC_BASE_URL": stage.provider_url}})
    done = stage.print_run("-p", "hello", to=None)
    assert (done.returncode, done.stdout) == (0, "Hello from the stand-in.\n"), done.stderr
    (asked,) = stage.log.requests()
    (row,) = stage.sessions()
    assert row.id == asked.session_id
