"""Quirks of Claude Code files that show in requests, tokens, lines, times and models."""

from __future__ import annotations

from tests.store.quirk_lines import (
    HAIKU,
    OPUS,
    PROJECT,
    START,
    Claude,
    Record,
    Tree,
    claude_path,
    conversation,
    quirk,
    stamp,
    tokens,
    uuid,
)


@quirk
def plain() -> Tree:
    """Nothing odd."""
    return {claude_path(1): conversation(Claude()).bytes()}


@quirk
def malformed_lines() -> Tree:
    """Lines that are no JSON object, empty lines between them, all in mid-file."""
    lines = Claude()
    lines.raw(b"")
    conversation(lines, 1)
    lines.raw(b'{"type":"user","message":{"role":"user","con')
    lines.raw(b"")
    lines.raw(b"   ")
    for junk in (b"[1, 2]", b'"text"', b"null", b"17", b"plain words", b'{"a":1}{"b":2}', b"{}}", b"\x00\x00\x00"):
        lines.raw(junk)
    conversation(lines, 2, "after")
    return {claude_path(1): lines.bytes()}


@quirk
def torn_last_line() -> Tree:
    """The file ends within a record."""
    lines = conversation(Claude())
    whole = lines.bytes()
    lines.answer("msg_torn")
    return {claude_path(1): whole + lines.lines[-1][:150]}


@quirk
def unknown_record_types() -> Tree:
    """Types that came later, some without any common field."""
    lines = conversation(Claude(), 1)
    for kind in ("bridge-session", "mode", "last-prompt", "from-the-future"):
        lines.record({"type": kind, "sessionId": uuid(1), "message": {"id": "msg_no", "usage": tokens()}})
    lines.record({"type": "file-history-delta", "messageId": "x", "delta": [1, {"a": None}]})
    lines.record({})
    lines.record({"type": 7})
    lines.add("system", subtype="from_the_future", content="?")
    conversation(lines, 2, "after")
    return {claude_path(1): lines.bytes()}


@quirk
def steps_back_in_time() -> Tree:
    """The first record in line order is neither the first nor the last in time; some carry no time at all."""
    lines = Claude()
    lines.add("system", subtype="stop_hook_summary", timestamp=stamp(START + 14.6 * 3600))
    lines.user("Go back.", timestamp=stamp(START - 60))
    conversation(lines, 2)
    lines.record({"type": "ai-title", "aiTitle": "Harbour", "sessionId": uuid(1)})
    lines.record({"type": "file-history-snapshot", "messageId": "m", "snapshot": {"timestamp": stamp(START - 9e6)}})
    lines.add("system", subtype="turn_duration", durationMs=5, timestamp=stamp(START - 7200))
    return {claude_path(1): lines.bytes()}


@quirk
def large_lines() -> Tree:
    """Lines of 200 KB, results and answers."""
    lines = conversation(Claude(), 1)
    call = lines.bash("msg_big", "cat big")
    lines.result(call, "x" * 200_000, detail={"stdout": "x" * 200_000, "stderr": "", "interrupted": False})
    lines.answer("msg_long", {"type": "text", "text": "ü" * 100_000})
    return {claude_path(1): lines.bytes()}


@quirk
def repeated_ids() -> Tree:
    """Records of one request: the first usage is a placeholder, tool results lie between, eight share one id."""
    lines = Claude()
    lines.user("Count me once.")
    for output in (1, 1, 5, 250):
        lines.answer("msg_a", usage=tokens(output=output))
    call = lines.bash("msg_b", "ls")
    lines.result(call, "harbour.py")
    lines.answer("msg_b", usage=tokens(plain=9, read=7, five=5, hour=0, output=900), model=HAIKU)
    for _ in range(8):
        lines.answer("msg_c")
    return {claude_path(1): lines.bytes()}


@quirk
def id_goes_on_after_a_prompt() -> Tree:
    """A request's last record lies behind the next prompt: it belongs to the turn of its first."""
    lines = Claude()
    lines.user("First.")
    lines.answer("msg_a", usage=tokens(output=1))
    lines.user("Second.")
    lines.answer("msg_a", usage=tokens(output=500))
    lines.answer("msg_b")
    return {claude_path(1): lines.bytes()}


@quirk
def placeholder_for_good() -> Tree:
    """Old versions never wrote the final figure."""
    lines = Claude()
    lines.user("Answer.")
    for _ in range(3):
        lines.answer("msg_a", usage=tokens(output=1))
    return {claude_path(1): lines.bytes()}


@quirk
def synthetic_answers() -> Tree:
    """The client's own answers are no requests, wherever they stand."""
    lines = Claude()
    nothing = tokens(0, 0, 0, 0, 0)
    lines.answer("msg_s0", model="<synthetic>", usage=nothing)
    lines.user("Hello?")
    lines.answer("msg_s1", model="<synthetic>", usage=nothing, isApiErrorMessage=True)
    lines.answer("msg_a")
    lines.answer("msg_s2", model="<synthetic>", usage=nothing)
    return {claude_path(1): lines.bytes()}


@quirk
def only_synthetic() -> Tree:
    """A session in which no request was ever made: no turn 0, one turn without requests."""
    lines = Claude()
    lines.answer("msg_s0", model="<synthetic>", usage=tokens(0, 0, 0, 0, 0))
    lines.user("Hello?")
    lines.answer("msg_s1", model="<synthetic>", usage=tokens(0, 0, 0, 0, 0))
    return {claude_path(1): lines.bytes()}


def _fork(parent: int, child: int) -> Tree:
    """The child's file begins with its parent's records (its own sessionId written into half of them)."""
    first = conversation(Claude(parent), 2, "shared")
    copied = list(first.lines)
    conversation(first, 1, "parent_only")
    second = Claude(child, at=START + 5000)
    for number, line in enumerate(copied):
        second.raw(line.replace(uuid(parent).encode(), uuid(child).encode()) if number % 2 else line)
    conversation(second, 2, "child_only")
    return {claude_path(parent): first.bytes(), claude_path(child): second.bytes()}


@quirk
def fork_after_parent() -> Tree:
    """A fork whose path sorts behind its parent's."""
    return _fork(1, 2)


@quirk
def fork_before_parent() -> Tree:
    """A fork whose path sorts before its parent's: the fork keeps the shared requests."""
    return _fork(2, 1)


@quirk
def copied_into_four_files() -> Tree:
    """A whole session as the beginning of three others, in another project too."""
    first = conversation(Claude(5), 2, "shared")
    tree = {claude_path(5): first.bytes()}
    for session, folder in ((3, PROJECT), (7, PROJECT), (9, "claude/-home-x-annex")):
        other = Claude(session, at=START + 1000 * session)
        other.lines = list(first.lines)
        conversation(other, 1, f"own_{session}")
        tree[f"{folder}/{uuid(session)}.jsonl"] = other.bytes()
    return tree


@quirk
def copy_within_one_file() -> Tree:
    """Records that a resumed session holds twice."""
    lines = conversation(Claude(), 2)
    lines.lines += lines.lines[3:9]
    conversation(lines, 1, "after")
    return {claude_path(1): lines.bytes()}


def _writes(*usages: Record) -> bytes:
    lines = Claude()
    lines.user("Write.")
    for number, usage in enumerate(usages):
        lines.answer(f"msg_{number}", usage=usage)
    return lines.bytes()


@quirk
def ttl_classes() -> Tree:
    """Last write: 5m, 1h, a changed class, without a class, read only after a write, nothing written."""
    return {
        claude_path(1): _writes(tokens(five=10, hour=0), tokens(five=20, hour=0)),
        claude_path(2): _writes(tokens(five=0, hour=10)),
        claude_path(3): _writes(tokens(five=10, hour=0), tokens(five=0, hour=30), tokens(five=0, hour=0)),
        claude_path(4): _writes(tokens(five=10, hour=0), tokens(five=77, hour=0, classes=False)),
        claude_path(5): _writes(tokens(five=0, hour=0)),
        claude_path(6): _writes(tokens(five=0, hour=0, classes=False)),
        claude_path(7): _writes(tokens(five=0, hour=9), tokens(five=9, hour=0)),
    }


@quirk
def subagents() -> Tree:
    """Subagents in files of their own, in the folder of their session."""
    main = conversation(Claude(1), 2)
    tree = {claude_path(1): main.bytes()}
    for name in ("a1f3", "a9c0"):
        lines = Claude(1, at=START + 20, agent=name)
        lines.user("You are to search.")
        lines.answer(f"msg_{name}_1", model=HAIKU, usage=tokens(five=300, hour=0))
        lines.result(lines.bash(f"msg_{name}_2", "find ."), "Exit code 1", error=True)
        lines.edit(f"msg_{name}_3", f"/a/{name}")
        tree[f"{PROJECT}/{uuid(1)}/subagents/agent-{name}.jsonl"] = lines.bytes()
    return tree


@quirk
def subagent_beside() -> Tree:
    """Older clients wrote a subagent's file beside the main one: its records name the session."""
    tree = {claude_path(2): conversation(Claude(2), 1).bytes()}
    lines = Claude(2, agent="4e1b2c3d")
    lines.record({"type": "file-history-snapshot", "messageId": "m", "snapshot": {}})
    lines.user("You are to search.")
    lines.answer("msg_beside", model=HAIKU)
    tree[f"{PROJECT}/agent-4e1b2c3d.jsonl"] = lines.bytes()
    return tree


@quirk
def one_session_in_two_folders() -> Tree:
    """Resumed in another working folder: a second file of the same name, which begins with the first one's records."""
    first = conversation(Claude(4), 2, "shared")
    again = Claude(4, at=START + 4000)
    again.lines = list(first.lines)
    conversation(again, 2, "later")
    return {claude_path(4): first.bytes(), f"claude/-home-x-annex/{uuid(4)}.jsonl": again.bytes()}


@quirk
def old_progress_records() -> Tree:
    """2.1.12 to 2.1.81: progress records that hold whole messages of a subagent."""
    lines = conversation(Claude(), 1)
    inner = {"type": "assistant", "message": {"id": "msg_inner", "model": OPUS, "usage": tokens(), "content": []}}
    lines.add("progress", data={"type": "agent_progress", "message": inner}, toolUseID="t", parentToolUseID="t")
    lines.add("progress", data={"type": "bash_progress", "output": "Exit code 1"}, toolUseID="t")
    conversation(lines, 1, "after")
    return {claude_path(1): lines.bytes()}


@quirk
def several_models() -> Tree:
    """The person switches models and back."""
    lines = Claude()
    lines.user("Switch.")
    for number, model in enumerate((OPUS, HAIKU, OPUS, "claude-fable-5-1[1m]")):
        lines.answer(f"msg_{number}", model=model)
    return {claude_path(1): lines.bytes()}


@quirk
def empty_files() -> Tree:
    """No byte, only empty lines, only notes."""
    notes = Claude(3)
    notes.record({"type": "summary", "summary": "Harbour", "leafUuid": "x"})
    return {claude_path(1): b"", claude_path(2): b"\n\n  \n", claude_path(3): notes.bytes()}
