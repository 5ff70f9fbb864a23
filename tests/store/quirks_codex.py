"""Quirks of Codex rollouts."""

from __future__ import annotations

import json

from tests.store.quirk_lines import CWD, START, Codex, Tree, quirk, rollout, rollout_path, uuid


@quirk
def codex_plain() -> Tree:
    """Nothing odd."""
    return {rollout_path(1): rollout().bytes()}


@quirk
def codex_token_count_repeats() -> Tree:
    """The same running total again, null info, and again after it; the first is null as in every real file."""
    lines = Codex()
    lines.meta(1)
    lines.prompt("Count.")
    lines.event("token_count", info=None, rate_limits={})
    lines.context()
    lines.request()
    lines.raw(lines.lines[-1])
    lines.event("token_count", info=None)
    lines.raw(lines.lines[-2])
    lines.request(plain=5, cached=0, output=7, reasoning=0)
    lines.raw(lines.lines[-1])
    return {rollout_path(1): lines.bytes()}


@quirk
def codex_running_total_restarts() -> Tree:
    """The running total falls (a new thread goes on in the file) and comes back to an earlier figure."""
    lines = rollout(turns=1)
    lines.running = 0
    lines.request()
    lines.request()
    lines.running = 0
    lines.request()
    return {rollout_path(1): lines.bytes()}


@quirk
def codex_cache_write() -> Tree:
    """A version that says what it wrote to the cache."""
    lines = rollout(turns=1)
    lines.request(cache_write_input_tokens=30)
    return {rollout_path(1): lines.bytes()}


@quirk
def codex_fork() -> Tree:
    """A parent, and its fork, which begins with the parent's records, all stamped at the fork's start."""
    parent = rollout(1)
    child = Codex(2, at=START + 900)
    at = child.at
    child.meta(2, at=at, forked_from_id=uuid(1))
    child.meta(1, at=at + 0.001)
    for turn in range(1, 3):
        child.add("turn_context", {"cwd": CWD, "model": "gpt-5.4"}, at=at + 0.1)
        child.prompt(f"Look at part {turn}.", at=at + 0.1)
        call = child.call("exec_command", {"cmd": f"make part-{turn}"}, at=at + 0.2)
        child.output(call, f"Process exited with code {turn}\nOutput:\n", at=at + 0.2)
        child.request(output=10 + turn, at=at + 0.3)
        child.request(cached=2000 + turn, at=at + 0.499)
    child.request(plain=1, at=at + 0.5)
    child.context()
    child.prompt("Another way.")
    child.output(child.call("exec_command", {"cmd": "make other"}), "Process exited with code 7\nOutput:\n")
    child.request(plain=11)
    child.request(plain=12)
    return {rollout_path(1): parent.bytes(), rollout_path(2): child.bytes()}


@quirk
def codex_resumed() -> Tree:
    """session_meta several times without a fork: everything is the file's own, fast or not."""
    lines = Codex()
    lines.meta(1, at=START)
    lines.prompt("Quick.", at=START + 0.1)
    lines.request(at=START + 0.2)
    lines.meta(1)
    lines.meta(3, forked_from_id=uuid(9))
    lines.prompt("Go on.")
    lines.request()
    return {rollout_path(1): lines.bytes()}


_SUCCESS = "Success. Updated the following files:\n"


@quirk
def codex_files_changed() -> Tree:
    """By event, by output (plain, after a code line, JSON), a failed patch, an output after its event."""
    lines = rollout(turns=1)
    call = lines.call("apply_patch", "*** Begin Patch", custom=True)
    lines.event(
        "patch_apply_end",
        call_id=call,
        success=True,
        changes={"/a/one": {"type": "update"}, "/a/two": {"type": "add"}, "/a/three": {"type": "delete"}},
    )
    lines.output(call, _SUCCESS + "M /a/one\nA /a/two\nD /a/three\n", custom=True)
    call = lines.call("apply_patch", "*** Begin Patch", custom=True)
    lines.event("patch_apply_end", call_id=call, success=False, changes={"/a/failed": {"type": "update"}})
    lines.output(call, "verification failed", custom=True)
    lines.output(
        lines.call("apply_patch", "x", custom=True), _SUCCESS + "M four\nA dir/five six\nD seven\n", custom=True
    )
    text = "Exit code: 0\nWall time: 0 seconds\nOutput:\n" + _SUCCESS + "M eight\n"
    lines.output(lines.call("apply_patch", "x", custom=True), text, custom=True)
    lines.prompt("More.")
    wrapped = json.dumps({"output": _SUCCESS + "A nine\n", "metadata": {"exit_code": 0}})
    lines.output(lines.call("apply_patch", "x", custom=True), wrapped, custom=True)
    lines.output(lines.call("apply_patch", {"input": "x"}), _SUCCESS + "M ten\n")
    lines.output(lines.call("exec_command", {"cmd": "cat notes"}), "Output:\n" + _SUCCESS + "M not_this\n")
    return {rollout_path(1): lines.bytes()}


@quirk
def codex_failed_commands() -> Tree:
    """By event, by text in both forms, by both, after `Output:`, tools that are no shell, polls of a running one."""
    lines = Codex()
    lines.meta(1)
    lines.context()
    lines.prompt("Run.")
    call = lines.call("exec_command", {"cmd": "by event"})
    lines.ended(call, 127, "by event")
    lines.output(call, "Process exited with code 127\nOutput:\n")
    call = lines.call("exec_command", {"cmd": "fine"})
    lines.ended(call, 0, "fine")
    lines.output(call, "Process exited with code 0\nOutput:\nProcess exited with code 3\n")
    text = "Command: x\nChunk ID: 2\nProcess exited with code 2\nOriginal token count: 1\nOutput:\nno\n"
    lines.output(lines.call("exec_command", {"cmd": "by text"}), text)
    for number, name in enumerate(("shell", "shell_command", "local_shell", "container.exec", "view_image")):
        lines.output(lines.call(name, {"command": f"tool {number}"}), f"Exit code: {number + 10}\nOutput:\nno")
    lines.output(lines.call("shell", {"command": "later"}), "It said\nExit code: 4")
    lines.output(lines.call("exec_command", {"cmd": "quoted"}), "a Process exited with code 4\nOutput:\n")
    lines.output(lines.call("exec_command", {"cmd": "in output"}), "Chunk ID: 3\nOutput:\nProcess exited with code 5\n")
    running = lines.call("exec_command", {"cmd": "slow"})
    lines.output(running, "Chunk ID: 4\nProcess running with session ID 7\nOutput:\n")
    lines.prompt("Wait.")
    lines.ended(running, 1, "slow")
    lines.output(lines.call("write_stdin", {"session_id": 7, "chars": ""}), "Process exited with code 1\nOutput:\n")
    both = lines.call("exec_command", {"cmd": "text first"})
    lines.output(both, "Process exited with code 6\nOutput:\n")
    lines.prompt("And then.")
    lines.ended(both, 6, "text first")
    return {rollout_path(1): lines.bytes()}


@quirk
def codex_bad_arguments() -> Tree:
    """Function arguments that are no JSON."""
    lines = Codex()
    lines.meta(1)
    lines.prompt("Run.")
    for number, arguments in enumerate(('{"cmd": "ma', "", "[]", "null", '{"cmd": 7}')):
        lines.output(lines.call("exec_command", arguments), f"Process exited with code {number + 1}\nOutput:\n")
    return {rollout_path(1): lines.bytes()}


@quirk
def codex_compacted_and_aborted() -> Tree:
    """Compactions and interruptions."""
    lines = rollout(turns=1)
    lines.add("compacted", {"message": "Summary.", "replacement_history": [{"type": "message", "role": "user"}]})
    lines.event("turn_aborted", reason="interrupted")
    lines.request()
    lines.add("compacted", {"message": "Summary."})
    return {rollout_path(1): lines.bytes()}


@quirk
def codex_several_models() -> Tree:
    """A request's model is that of the turn_context before it."""
    lines = Codex()
    lines.meta(1)
    for model in ("gpt-5.4", "gpt-5.5", "gpt-5.4"):
        lines.context(model)
        lines.prompt(f"With {model}.")
        lines.request()
    return {rollout_path(1): lines.bytes()}


@quirk
def codex_turn_zero() -> Tree:
    """Requests before the first prompt."""
    lines = Codex()
    lines.meta(1)
    lines.context()
    lines.request()
    lines.prompt("Now.")
    lines.request()
    return {rollout_path(1): lines.bytes()}


@quirk
def codex_newest_records() -> Tree:
    """Record types of 0.169.0 beside the ones that are counted, and unknown ones, malformed lines, torn end."""
    lines = rollout(turns=1)
    lines.add("world_state", {"cwd": CWD})
    lines.add("token_usage_record", {"response_id": "resp_1", "input": 1100, "cached_input": 1000, "output": 50})
    item = {"type": "CommandExecution", "id": "call_1_1", "status": "completed", "exit_code": 0}
    lines.event("item_completed", item=item)
    lines.event("thread_settings_applied", ordinal=4)
    lines.add("from_the_future", [1])
    lines.raw(b'{"timestamp":')
    lines.raw(b"")
    lines.add("event_msg", None)
    lines.record({"type": "event_msg"})
    lines.request()
    whole = lines.bytes()
    lines.request()
    return {rollout_path(1): whole + lines.lines[-1][:-9]}
