"""Our plugin in the real client: forks that hit, forks that must not happen, and signals that arrive at once.

The test plays the keeper: it asks through `ForkWarmer` alone, and judges by the provider's log.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from keepalive.fork_mark import is_fork
from keepalive.judge import ForkTerms, Result, judge
from keepalive.plugin_words import Ask, Context, Limit
from keepalive.standin import Reply, ToolCall
from keepalive.warmer import WarmAnswer
from tests.e2e.client import Client
from tests.e2e.home import KEY
from tests.e2e.plugin_stage import LOGINS, TOKEN, PluginStage, new_plugin_stage, wait_state
from tests.e2e.waiting import PATIENCE, until, wait_past

pytestmark = pytest.mark.e2e

AT_ONCE = 1.0
"""Seconds within which a signal has arrived."""


@pytest.fixture
def stage(claude: Path) -> Iterator[PluginStage]:
    """A stage with the plugin installed; afterwards no credential may stand in our folder."""
    with new_plugin_stage(claude) as running:
        running.install()
        yield running
        assert running.files_with(KEY) == []
        assert running.files_with(TOKEN) == []


def judged(answer: WarmAnswer, stage: PluginStage, session_id: str) -> Result:
    """The verdict on a fork, from the last real request in the provider's log."""
    real = [r for r in stage.log.requests(session_id, "") if not is_fork(r.body) and r.status == 200][-1]
    reply = 20  # what the stand-in says is a handful of tokens
    return judge(answer, real.prefix, time.time(), ForkTerms(reply))


def ask(stage: PluginStage, client: Client, text: str) -> None:
    """A whole turn, until the plugin has said that it is over."""
    session_id, before = client.session_id, time.time()
    client.ask(text)
    until(
        lambda: (said := stage.folder.announcement(session_id)) and (said.turn_ended_at or 0) > before,
        PATIENCE,
        "the end of the turn is told",
    )


def conversation(client: Client) -> str:
    """What the screen shows below the first prompt: the picture above it moves."""
    return client.screen().partition("❯ hello")[2]


@pytest.mark.parametrize("login", list(LOGINS))
def test_forks_read_the_whole_prefix_and_leave_no_trace(stage: PluginStage, login: str) -> None:
    client = stage.start_with(LOGINS[login])
    session_id = client.session_id
    said = stage.announced(client)
    assert (said.client, said.running, said.ended) == ("2.1.331", False, "")
    ask(stage, client, "hello")
    before, shown = stage.settled_transcript(session_id), conversation(client)
    for n in (1, 2):
        answer = stage.warm(session_id, plan=login == "subscription")
        assert answer.outcome == "answered", answer
        assert judged(answer, stage, session_id) == Result("hit")
        fork = until(lambda n=n: len(found := stage.forks(session_id)) == n and found[-1], 5, f"{n} forks")  # type: ignore[misc]
        assert answer.usage is not None
        assert (fork.read, fork.written) == (answer.usage.cache_read, answer.usage.cache_write)
        assert answer.sent_at is not None
        assert fork.at - AT_ONCE < answer.sent_at <= fork.at
    first, second = stage.forks(session_id)
    assert first.written > 0
    assert second.written == 0, "the second one reads what the first one wrote"
    assert stage.transcript(session_id) == before
    assert conversation(client) == shown
    ask(stage, client, "go on")
    real = [r for r in stage.log.requests(session_id, "") if not is_fork(r.body)][-1]
    assert real.read >= second.read, "the entry that the forks renewed is the one that the next prompt reads"


def test_nothing_leaves_under_a_plans_login_without_consent(stage: PluginStage) -> None:
    client = stage.start_with(LOGINS["subscription"])
    session_id = client.session_id
    said = stage.announced(client)
    ask(stage, client, "hello")
    before, shown = stage.settled_transcript(session_id), conversation(client)
    answer = stage.warm(session_id)
    assert answer == WarmAnswer("plan_login", detail="plan")
    assert judged(answer, stage, session_id) == Result("plan_login", "plan_login")
    # An ask of a keeper that knows nothing of it.
    (stage.folder.path / f"{session_id}.ask.json").write_text(
        json.dumps({"id": "a1", "to": said.instance, "notAfter": time.time() + 20}), encoding="utf-8"
    )
    refused = until(
        lambda: (a := stage.folder.answer(session_id, "a1")) and a.state != "forking" and a, 10, "an answer"
    )
    assert (refused.state, refused.reason) == ("refused", "plan")
    stage.folder.forget(session_id)
    assert stage.forks() == []
    assert stage.transcript(session_id) == before
    assert conversation(client) == shown
    assert judged(stage.warm(session_id, plan=True), stage, session_id) == Result("hit")
    assert len(stage.forks(session_id)) == 1


def test_a_check_that_fails_lets_nothing_go(stage: PluginStage) -> None:
    module = stage.home / ".claude" / "skills" / "warmside" / "hooks" / "register.ts"
    code, check = module.read_text(encoding="utf-8"), "mine.denied = await refusal("
    assert code.count(check) == 1
    module.write_text(code.replace(check, "throw new Error('made up')\n    " + check), encoding="utf-8")
    client = stage.start_with(LOGINS["subscription"])
    stage.announced(client)
    ask(stage, client, "hello")
    assert stage.warm(client.session_id) == WarmAnswer("silent", detail="broken")
    assert stage.forks() == []


def test_a_key_that_comes_as_bearer_is_no_plans_login(stage: PluginStage) -> None:
    client = stage.start_with({"ANTHROPIC_AUTH_TOKEN": KEY})
    stage.announced(client)
    ask(stage, client, "hello")
    assert judged(stage.warm(client.session_id), stage, client.session_id) == Result("hit")


def test_a_plugin_folder_of_one_session_works_too(claude: Path) -> None:
    with new_plugin_stage(claude) as stage:
        client = stage.start_with(LOGINS["api_key"], "--plugin-dir", str(stage.lay_aside()))
        stage.announced(client)
        ask(stage, client, "hello")
        assert judged(stage.warm(client.session_id), stage, client.session_id) == Result("hit")


def test_nothing_is_sent_during_a_turn_after_the_deadline_or_without_a_prompt(stage: PluginStage) -> None:
    client = stage.start_with(LOGINS["api_key"])
    session_id = client.session_id
    said = stage.announced(client)
    assert stage.warm(session_id).outcome == "nothing_to_fork"
    ask(stage, client, "hello")

    answered = client.say("slow: 6")
    wait_state(stage, session_id, "running", True)
    assert stage.warm(session_id).outcome == "busy"
    # The plugin's own check: the folder says nothing of a turn, and the client still refuses.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage.folder, "announcement", lambda session_id: replace(said, at=time.time()))
        assert stage.warm(session_id) == WarmAnswer("busy", detail="busy")
    client.wait(answered, "an answer")
    wait_state(stage, session_id, "running", False)

    assert stage.warm(session_id, seconds=0.0).outcome == "too_late"
    # The plugin's own check again: this ask is late as it comes.
    stage.folder.ask(session_id, Ask("a1", said.instance, time.time()))
    refused = until(lambda: stage.folder.answer(session_id, "a1"), 5, "an answer")
    assert (refused.state, refused.reason) == ("refused", "late")
    stage.folder.forget(session_id)
    new_id = client.clear()
    client.wait(lambda: stage.folder.active(new_id), "the new session is announced")
    assert stage.warm(new_id).outcome == "nothing_to_fork"
    assert stage.warm(session_id).outcome == "silent"
    client.leave()
    assert stage.warm(new_id, seconds=2.0).outcome == "silent"
    assert stage.forks() == []


def test_a_tool_that_the_model_tries_is_a_fault_and_costs_one_request(stage: PluginStage) -> None:
    client = stage.start_with(LOGINS["api_key"])
    session_id = client.session_id
    stage.announced(client)
    ask(stage, client, "hello")
    before = stage.settled_transcript(session_id)
    stage.fork_replies.append(Reply(tools=(ToolCall("Bash", {"command": "touch tried", "description": "x"}),)))
    answer = stage.warm(session_id)
    assert judged(answer, stage, session_id).stop == "fork_tool"
    assert len(stage.forks(session_id)) == 1, "the request that reports the denial is held back"
    assert not (stage.work / "tried").exists()
    assert stage.transcript(session_id) == before


def test_the_client_repeats_a_failed_fork_but_never_past_the_deadline(stage: PluginStage) -> None:
    client = stage.start_with(LOGINS["api_key"])
    session_id = client.session_id
    stage.announced(client)
    ask(stage, client, "hello")
    with stage.provider_away():
        deadline = time.time() + 2.5
        asked = stage.warm_beside(session_id, deadline)
        wait_past(deadline)
    answer = asked.result(PATIENCE)
    assert (answer.outcome, answer.detail) == ("unreachable", "late")
    ask(stage, client, "go on")
    assert stage.forks(session_id) == []


def test_an_error_of_the_provider_is_told(stage: PluginStage) -> None:
    client = stage.start_with(LOGINS["api_key"])
    session_id = client.session_id
    stage.announced(client)
    ask(stage, client, "hello")
    stage.standin.behaviour.fail_next(100, 400)
    answer = stage.warm(session_id)
    assert (answer.outcome, answer.status, answer.usage) == ("refused", 400, None)


def test_a_module_that_is_loaded_anew_answers_nothing_twice(stage: PluginStage) -> None:
    client = stage.start_with(LOGINS["api_key"])
    session_id = client.session_id
    said = stage.announced(client)
    ask(stage, client, "hello")
    stage.folder.ask(session_id, Ask("a1", said.instance, time.time() + 60))
    until(lambda: (a := stage.folder.answer(session_id, "a1")) and a.state == "done", 10, "an answer")
    module = stage.home / ".claude" / "skills" / "warmside" / "hooks" / "register.ts"
    module.write_text(module.read_text(encoding="utf-8") + "\n// another version\n", encoding="utf-8")
    client.type("/reload-plugins")
    again = until(lambda: (s := stage.folder.active(session_id)) and s.instance != said.instance and s, 10, "a new one")
    assert again.running is None, "it has seen no turn yet"
    wait_past(again.at + 3.0)
    assert len(stage.forks(session_id)) == 1
    assert judged(stage.warm(session_id), stage, session_id) == Result("hit"), "and it knows that the session rests"


def test_nothing_is_sent_when_a_fork_would_not_send_what_is_cached(stage: PluginStage) -> None:
    client = stage.start_with(LOGINS["api_key"])
    session_id = client.session_id
    stage.announced(client)
    ask(stage, client, "hello")
    ask(stage, client, "second question")
    client.type("/effort high")
    client.wait(lambda: "high · /effort" in client.screen(), "another effort")
    assert stage.warm(session_id).outcome == "nothing_to_fork"
    ask(stage, client, "third question")
    assert judged(stage.warm(session_id), stage, session_id) == Result("hit")
    client.type("/model sonnet")
    client.wait(lambda: "Yes, switch" in client.screen(), "a question")
    client.press("Enter")
    client.wait(lambda: "Set model to" in client.screen(), "another model")
    assert stage.warm(session_id).outcome == "nothing_to_fork"
    ask(stage, client, "fourth question")
    client.type("/compact")
    client.wait(lambda: "Compacted" in client.screen(), "a compaction")
    assert stage.warm(session_id).outcome == "nothing_to_fork"
    ask(stage, client, "fifth question")
    assert judged(stage.warm(session_id), stage, session_id) == Result("hit")
    assert len(stage.forks(session_id)) == 2


def test_signals_arrive_at_once(stage: PluginStage) -> None:
    client = stage.start_with(LOGINS["api_key"])
    session_id = client.session_id
    stage.announced(client)
    answered = client.say("slow: 3")
    begun = until(lambda: stage.standin.in_flight and time.time(), 10, "the request leaves")
    said = wait_state(stage, session_id, "running", True, AT_ONCE)
    assert said.turn_started_at is not None
    assert abs(said.turn_started_at - begun) < AT_ONCE
    client.wait(answered, "an answer")
    said = wait_state(stage, session_id, "running", False, AT_ONCE)
    assert said.turn_ended_at is not None
    size = stage.log.requests(session_id, "")[-1].prefix
    wait_state(stage, session_id, "context", Context(tokens=size, window=1_000_000))

    client.say("slow: 20")
    wait_state(stage, session_id, "running", True)
    client.press("Escape")
    wait_state(stage, session_id, "running", False)
    client.press("C-u")  # the client gives the prompt back that it had no answer to

    new_id = client.clear()
    wait_state(stage, session_id, "ended", "clear", AT_ONCE)
    wait_state(stage, new_id, "ended", "", 2 * AT_ONCE)
    client.leave()
    wait_state(stage, new_id, "ended", "prompt_input_exit", AT_ONCE)
    assert {path.stat().st_mode & 0o777 for path in stage.folder.path.iterdir()} == {0o600}
    assert stage.folder.clean(lambda session: True) == 2
    assert list(stage.folder.path.iterdir()) == []


def test_the_rate_limits_of_a_plan_are_reported(stage: PluginStage) -> None:
    resets = int(time.time()) + 3_600
    stage.standin.behaviour.rate_limit_headers = {
        "anthropic-ratelimit-unified-status": "allowed",
        "anthropic-ratelimit-unified-5h-status": "allowed",
        "anthropic-ratelimit-unified-5h-utilization": "0.42",
        "anthropic-ratelimit-unified-5h-reset": str(resets),
    }
    client = stage.start_with(LOGINS["subscription"])
    stage.announced(client)
    ask(stage, client, "hello")
    wait_state(stage, client.session_id, "limits", (Limit("five_hour", 0.42, resets),))


def test_a_plugin_without_its_folder_writes_nothing(stage: PluginStage) -> None:
    client = stage.start_with(LOGINS["api_key"])
    stage.announced(client)
    shutil.rmtree(stage.folder.path)
    client.ask("hello")
    client.leave()
    assert not stage.folder.path.exists()


def test_a_fork_through_the_gateway_hits_and_can_be_told_apart(stage: PluginStage) -> None:
    client = stage.start()
    session_id = client.session_id
    stage.announced(client)
    ask(stage, client, "hello")
    answer = stage.warm(session_id)
    assert judged(answer, stage, session_id) == Result("hit")
    real, fork = (r for r in stage.log.records() if r.session_id == session_id)
    assert (is_fork(real.body), is_fork(fork.body), fork.agent_id) == (False, True, "")
    client.leave()
