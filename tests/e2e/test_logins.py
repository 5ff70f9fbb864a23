"""A subscription login is observed and never pinged; an API key beside it is."""

from __future__ import annotations

import pytest

from tests.e2e.harness import Stage
from tests.e2e.home import TTL_SECONDS

pytestmark = pytest.mark.e2e

TOKEN = "sk-ant-oat01-made-up-for-tests-0001"


def test_a_subscription_token_is_never_used_for_a_ping(stage: Stage) -> None:
    plan = stage.start(login={"CLAUDE_CODE_OAUTH_TOKEN": TOKEN})
    key = stage.start()
    for client in (plan, key):
        client.ask("first question")
        client.ask("second question")
    row = plan.wait_row(lambda row: row.keepalive.why == "plan_login", "the reason on the row")
    assert (row.login, row.cache.state, row.cache.ttl) == ("subscription", "warm", "1h")
    assert (row.keepalive.warmer, row.keepalive.next_ping_at) == (None, None)

    stage.wait_pings(key.session_id, 1, TTL_SECONDS)
    row = plan.wait_row(lambda row: row.cache.state == "expired", "an expired entry", TTL_SECONDS)
    assert row.keepalive.pings == 0
    assert {ping.session_id for ping in stage.log.pings()} == {key.session_id}
    assert stage.files_with(TOKEN) == []
