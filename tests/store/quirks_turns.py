"""Quirks of Claude Code files that show in prompts, notices, files changed and failed commands."""

from __future__ import annotations

from tests.store.quirk_lines import CWD, Claude, Tree, claude_path, conversation, quirk


@quirk
def what_is_no_prompt() -> Tree:
    """Everything of type user that no person typed as a prompt, an edit behind each; turn membership shows mistakes."""
    lines = Claude()
    lines.user("A real one.")
    for number, text in enumerate(
        (
            "<local-command-stdout>done</local-command-stdout>",
            "<bash-stdout>ok</bash-stdout><bash-stderr></bash-stderr>",
            "<bash-stderr>no</bash-stderr>",
            "<system-reminder>Mind the gap.</system-reminder>",
        )
    ):
        lines.user(text if number % 2 else [{"type": "text", "text": text}])
        lines.edit(f"msg_t{number}", f"{CWD}/t{number}")
    lines.user("Base directory for this skill: /x", isMeta=True)
    lines.user("This session is being continued.", isCompactSummary=True, isVisibleInTranscriptOnly=True)
    lines.user("From the coordinator.", origin={"kind": "coordinator"})
    lines.user("From a channel.", origin={"kind": "channel", "server": "x"})
    lines.user([{"type": "tool_result", "tool_use_id": "t", "content": "ok"}, {"type": "text", "text": "Not typed."}])
    lines.user("")
    lines.user([])
    lines.user([{"type": "document", "source": {}}])
    lines.edit("msg_last", f"{CWD}/last")
    return {claude_path(1): lines.bytes()}


@quirk
def what_is_a_prompt() -> Tree:
    """Strings, blocks, an image alone, an origin that is human, words that look like marks further on."""
    lines = Claude()
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}
    for number, content in enumerate(
        (
            "One.",
            [{"type": "text", "text": "Two."}],
            [image],
            [image, {"type": "text", "text": "[Image #1] four"}],
            "Five: <command-name> is what it said",
            [{"type": "text", "text": "Six "}, {"type": "text", "text": "<bash-input>no</bash-input>"}],
            "ünïcödé \U0001f680 \u2028 seven",
        )
    ):
        lines.user(content)
        lines.answer(f"msg_{number}")
    lines.user("Eight.", origin={"kind": "human"}, promptSource="typed", promptId="p8")
    lines.user("Nine.", isMeta=False)
    lines.edit("msg_end", f"{CWD}/nine")
    return {claude_path(1): lines.bytes()}


@quirk
def separate_counts() -> Tree:
    """Slash commands, ! commands, notifications both ways, queued prompts and others, interruptions both ways."""
    lines = Claude()
    lines.user("Start.")
    lines.answer("msg_1")
    lines.user("<command-name>/clear</command-name>\n<command-message>clear</command-message>")
    lines.user("<command-message>review</command-message>\n<command-name>/review</command-name>")
    lines.user("<bash-input>git status</bash-input>")
    lines.user("<bash-stdout>clean</bash-stdout><bash-stderr></bash-stderr>")
    lines.user("<task-notification>\n<task-id>b1</task-id>\n</task-notification>")
    lines.user("Task b2 is done.", origin={"kind": "task-notification"})
    lines.user("Task b4 is done.", origin={"kind": "task-notification"}, isMeta=True)
    lines.user([{"type": "text", "text": "<task-notification>b3</task-notification>"}], origin={"kind": "human"})
    lines.add("attachment", attachment={"type": "queued_command", "prompt": "And then?", "commandMode": "prompt"})
    lines.add("attachment", attachment={"type": "hook_success", "commandMode": "prompt"})
    lines.record({"type": "queue-operation", "operation": "enqueue", "timestamp": lines.tick(), "content": "And?"})
    lines.user([{"type": "text", "text": "[Request interrupted by user]"}])
    lines.user("[Request interrupted by user for tool use]")
    lines.user("End.")
    lines.answer("msg_2")
    return {claude_path(1): lines.bytes()}


@quirk
def queued_notification() -> Tree:
    """A notification that waited in the queue is an attachment: neither a queued prompt nor a record of type user."""
    lines = conversation(Claude(), 1)
    lines.add("attachment", attachment={"type": "queued_command", "prompt": "x", "commandMode": "task-notification"})
    lines.answer("msg_after")
    return {claude_path(1): lines.bytes()}


@quirk
def files_changed() -> Tree:
    """Edits, a new empty file, and all that looks like a change and is none."""
    lines = Claude()
    lines.user("Change.")
    lines.edit("m1", "/a/edit")
    lines.edit("m2", "/a/created", type="create", structuredPatch=[], content="x")
    lines.edit("m3", "/a/rewritten", type="update", content="x")
    lines.edit("m4", "/a/unchanged", structuredPatch=[])
    lines.edit("m5", "/a/unchanged_update", type="update", structuredPatch=[])
    lines.edit("m6", "/a/refused", error=True)
    lines.edit("m7", "/a/fine", error=False)
    call = lines.bash("m8", "touch /a/by_shell")
    lines.result(call, "ok", detail={"stdout": "", "stderr": "warning", "interrupted": False})
    lines.result("toolu_read", "text", detail={"type": "text", "file": {"filePath": "/a/read"}})
    lines.result("toolu_plan", "plan", detail={"plan": "x", "isAgent": False, "filePath": "/a/plan.md"})
    lines.result("toolu_text", "no", error=True, detail="Error: /a/string")
    lines.result("toolu_null", "no", detail={"filePath": None, "structuredPatch": []})
    lines.user("Change again.")
    lines.edit("m9", "/a/edit")
    lines.edit("m10", "/a/other")
    lines.edit("m11", "/a/edit")
    return {claude_path(1): lines.bytes()}


@quirk
def failed_commands() -> Tree:
    """Exit codes, errors without a code, successes that talk of codes, one result twice, the same command twice."""
    lines = Claude()
    lines.user("Run.")
    lines.result(lines.bash("m1", "make"), "Exit code 2\nmake: ***", error=True, detail="Error: Exit code 2\nmake: ***")
    blocks = [{"type": "text", "text": "Exit code 127\nno such"}]
    lines.result(lines.bash("m2", "nope"), blocks, error=True)
    lines.result(lines.bash("m3", "grep x"), "", detail={"returnCodeInterpretation": "No matches found"})
    lines.result(lines.bash("m4", "denied"), "The user doesn't want to proceed", error=True)
    lines.result(lines.bash("m5", "timeout"), "Command timed out after 2m\nExit code 143", error=True)
    lines.result(lines.bash("m6", "cat log"), "Exit code 1\nis what the log says", error=False)
    lines.result(lines.bash("m7", "cat log2"), "Exit code 1\nis what the log says")
    lines.result(
        lines.bash("m8", "warn"), "fine", detail={"stdout": "fine", "stderr": "Exit code 1", "interrupted": False}
    )
    lines.result("toolu_unknown", "Exit code 5", error=True)
    twice = lines.bash("m9", "make twice")
    lines.result(twice, "Exit code 3", error=True)
    lines.result(twice, "Exit code 3", error=True)
    lines.user("Run two at once.")
    left, right = lines.bash("m10", "left"), lines.bash("m10", "right")
    lines.result(right, "Exit code 8", error=True)
    lines.result(left, "Exit code 9", error=True)
    return {claude_path(1): lines.bytes()}


@quirk
def same_command_fails_twice() -> Tree:
    """Two calls of the same command, failing alike, in one turn."""
    lines = Claude()
    lines.user("Try.")
    for number in range(2):
        lines.result(lines.bash(f"m{number}", "make"), "Exit code 2\nno", error=True)
    return {claude_path(1): lines.bytes()}


@quirk
def result_in_the_next_turn() -> Tree:
    """A command fails and a file changes after the next prompt was typed: file order decides."""
    lines = Claude()
    lines.user("Slow one.")
    call = lines.bash("m1", "slow")
    lines.user("Never mind.")
    lines.result(call, "Exit code 4", error=True)
    lines.edit("m2", "/a/late")
    return {claude_path(1): lines.bytes()}


@quirk
def compactions() -> Tree:
    """By the client, by the person, and the small ones that are none."""
    lines = conversation(Claude(), 1)
    for trigger in ("auto", "manual", "auto"):
        lines.add("system", subtype="microcompact_boundary", microcompactMetadata={"trigger": "auto"})
        lines.add("system", subtype="compact_boundary", compactMetadata={"trigger": trigger, "preTokens": 167361})
        lines.user("This session is being continued from a previous one.", isCompactSummary=True)
        lines.answer(f"msg_after_{len(lines.lines)}")
    return {claude_path(1): lines.bytes()}


@quirk
def turn_zero() -> Tree:
    """Before the first prompt: a request; a changed file alone; a failed command alone; nothing that counts."""
    requests, changed, failed, nothing = Claude(1), Claude(2), Claude(3), Claude(4)
    requests.answer("msg_before")
    changed.result("toolu_x", "ok", detail={"filePath": "/a/zero", "structuredPatch": [{"lines": ["+x"]}]})
    failed.result("toolu_y", "Exit code 6", error=True)
    nothing.add("system", subtype="bridge_status")
    nothing.result("toolu_z", "ok")
    for lines in (requests, changed, failed, nothing):
        conversation(lines, 1, f"msg_{lines.session}")
    return {claude_path(lines.session): lines.bytes() for lines in (requests, changed, failed, nothing)}


@quirk
def no_prompt_at_all() -> Tree:
    """A session that somebody's notice started."""
    lines = Claude()
    lines.user("<task-notification>x</task-notification>")
    lines.answer("msg_a")
    return {claude_path(1): lines.bytes()}
