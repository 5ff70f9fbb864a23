"""Lines of a made-up Claude Code transcript: the fields that all share, and the records that mean nothing to a count.

Which kinds there are depends on the client's version; so does the place of some fields. Times mostly go forward.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.making.claude_tools import Call, Project, skewed
from bench.making.truth import FileTruth, Tokens
from bench.making.words import Words

_STEP_BACK, _SYSTEM_FAR_BACK = 0.022, 0.026


@dataclass(frozen=True)
class Version:
    """A client version: how common it is, when it was current, what it does."""

    patch: int
    """2.1.N; under zero: 2.0.x."""
    share: int
    day: int
    """Of 2026."""
    model: str

    @property
    def name(self) -> str:
        """As its records have it."""
        return f"2.1.{self.patch}" if self.patch >= 0 else "2.0.64"

    @property
    def progress(self) -> bool:
        """Whether it writes progress records."""
        return 12 <= self.patch <= 81

    @property
    def one_hour(self) -> float:
        """How probable it is that a session's cache writes are of the 1h class."""
        return 0.0 if self.patch < 17 else 0.5 if self.patch < 20 else 0.985


VERSIONS = (
    Version(-1, 4, 16, "claude-opus-4-5-20251101"),
    Version(7, 5, 20, "claude-opus-4-5-20251101"),
    Version(12, 5, 21, "claude-opus-4-5-20251101"),
    Version(18, 2, 25, "claude-opus-4-5-20251101"),
    Version(22, 10, 29, "claude-opus-4-5-20251101"),
    Version(31, 8, 36, "claude-opus-4-6"),
    Version(39, 9, 43, "claude-opus-4-6"),
    Version(56, 9, 57, "claude-opus-4-6"),
    Version(76, 9, 75, "claude-sonnet-4-6"),
    Version(92, 6, 96, "claude-opus-4-6"),
    Version(112, 7, 107, "claude-opus-4-7"),
    Version(138, 7, 131, "claude-opus-4-7"),
    Version(159, 6, 153, "claude-opus-4-8"),
    Version(178, 6, 167, "claude-opus-4-8"),
    Version(205, 4, 186, "claude-opus-4-8"),
    Version(219, 3, 201, "claude-opus-4-8"),
)


class Lines:
    """The lines of one file so far, with the clock and the chain of its records."""

    def __init__(
        self, words: Words, rng: random.Random, truth: FileTruth, project: Project, version: Version, clock: float
    ) -> None:
        self.words, self.rng, self.truth, self.project, self.version = words, rng, truth, project, version
        self.clock = clock
        self.lines: list[bytes] = []
        self.parent = "null"
        agent = f',"agentId":"{truth.agent_id}"' if truth.agent_id else ""
        self._side = f'"isSidechain":{"true" if truth.agent_id else "false"}'
        entry = ',"entrypoint":"cli"' if version.patch >= 78 else ""
        self._facts = (
            f'"userType":"external"{entry},"cwd":"{project.cwd}","sessionId":"{truth.session}",'
            f'"version":"{version.name}","gitBranch":"{project.branch}"{agent}'
        )
        self._facts_last = version.patch >= 91

    def uuid(self) -> str:
        """A fresh record id."""
        x = f"{self.rng.getrandbits(128):032x}"
        return f"{x[:8]}-{x[8:12]}-4{x[13:16]}-a{x[17:20]}-{x[20:]}"

    def raw(self, line: str) -> None:
        """A line as it is."""
        data = line.encode() + b"\n"
        self.lines.append(data)
        self.truth.lines += 1
        self.truth.bytes += len(data)

    def stamp(self, *, passed: float, system: bool = False) -> str:
        """The time of the next record, seconds after the one before; the clock itself may have stepped back."""
        self.clock += passed
        at, chance = self.clock, self.rng.random()
        if system and chance < _SYSTEM_FAR_BACK:
            at -= 60 + skewed(self.rng, 600, 2.0, 52_000)
        elif chance < _STEP_BACK:
            at -= 3 * self.rng.random()
        moment = datetime.fromtimestamp(round(at * 1000) / 1000, UTC)
        self.truth.saw(moment.timestamp())
        return moment.isoformat(timespec="milliseconds")[:-6] + "Z"

    def record(self, body: str, *, passed: float, system: bool = False) -> str:
        """A record with the common fields, whose own are `body`; returns its id."""
        uuid = self.uuid()
        at = self.stamp(passed=passed, system=system)
        head = f'{{"parentUuid":{self.parent},{self._side},'
        if self._facts_last:
            self.raw(f'{head}{body},"uuid":"{uuid}","timestamp":"{at}",{self._facts}}}')
        else:
            self.raw(f'{head}{self._facts},{body},"uuid":"{uuid}","timestamp":"{at}"}}')
        self.parent = f'"{uuid}"'
        return uuid

    def malformed(self) -> None:
        """A line that lost its end."""
        line = self.lines[-1] if self.lines else b'{"parentUuid":null,"isSidechain"'
        data = line[: max(20, min(len(line) - 2, 900) // 2)] + b"\n"
        self.lines.append(data)
        self.truth.lines += 1
        self.truth.malformed += 1
        self.truth.bytes += len(data)

    def progress(self, call: Call) -> None:
        """What older clients wrote while a tool ran."""
        rng = self.rng
        for _ in range(2):
            self.record(
                f'"type":"progress","data":{{"type":"hook_progress","hookEvent":"PostToolUse",'
                f'"hookName":"PostToolUse:{call.name}","command":"callback"}},"parentToolUseID":"{self.parent[1:-1]}"',
                passed=0.01,
            )
            if rng.random() < 0.5:
                break
        if call.name == "Bash" and rng.random() < 0.6:
            for second in range(rng.randint(1, 6)):
                text = self.words.code.cut(rng, 260) if second % 2 else ""
                self.record(
                    f'"type":"progress","data":{{"type":"bash_progress","output":"{text}","fullOutput":"{text}",'
                    f'"elapsedTimeSeconds":{second + 2},"totalLines":{second}}},"toolUseID":"bash-progress-{second}"',
                    passed=1.0,
                )
        elif call.name == "Task":
            prompt = self.words.prose.cut(rng, 900)
            for _ in range(rng.randint(6, 50)):
                self.record(
                    f'"type":"progress","data":{{"message":{{"type":"user","message":{{"role":"user","content":'
                    f'[{{"tool_use_id":"toolu_01{rng.getrandbits(88):022x}","type":"tool_result","content":'
                    f'"{self.words.code.cut(rng, skewed(rng, 4_200, 1.1))}"}}]}}}},"normalizedMessages":[],'
                    f'"type":"agent_progress","prompt":"{prompt}"}},"toolUseID":"agent_msg_01{rng.getrandbits(60):x}"',
                    passed=2.0,
                )

    def snapshot(self) -> None:
        """Which files could be restored."""
        saved = ",".join(
            f'"{self.project.file(self.rng)}":{{"backupFileName":"{self.rng.getrandbits(64):016x}@v1","version":1}}'
            for _ in range(self.rng.randrange(6))
        )
        uuid = self.uuid()
        self.raw(
            f'{{"type":"file-history-snapshot","messageId":"{uuid}","snapshot":{{"messageId":"{uuid}",'
            f'"trackedFileBackups":{{{saved}}}}},"isSnapshotUpdate":false}}'
        )

    def aside(self, name: str, more: str) -> None:
        """A record without a time."""
        self.raw(f'{{"type":"{name}",{more},"sessionId":"{self.truth.session}"}}')

    def attachment(self, body: str) -> None:
        """What newer clients put into the conversation by themselves."""
        self.record(f'"attachment":{{{body}}},"type":"attachment"', passed=0.02)

    def system(self, subtype: str, more: str, *, passed: float = 0.05) -> None:
        """A note of the client's."""
        self.record(f'"type":"system","subtype":"{subtype}",{more},"isMeta":false', passed=passed, system=True)


def usage_of(tokens: Tokens, ttl_class: str, *, new: bool) -> str:
    """`message.usage`; newer clients say everything twice."""
    five, hour = tokens.cache_write_5m, tokens.cache_write_1h
    classes = f',"cache_creation":{{"ephemeral_5m_input_tokens":{five},"ephemeral_1h_input_tokens":{hour}}}'
    sums = (
        f'"input_tokens":{tokens.input},"cache_creation_input_tokens":{five + hour},'
        f'"cache_read_input_tokens":{tokens.cache_read},"output_tokens":{tokens.output}'
    )
    known = "" if ttl_class == "unknown" else classes
    if not new:
        return f'{{{sums}{known},"service_tier":"standard"}}'
    return (
        f'{{{sums},"server_tool_use":{{"web_search_requests":0,"web_fetch_requests":0}},"service_tier":"standard"{known},'
        f'"inference_geo":"","iterations":[{{{sums}{known},"type":"message"}}],"speed":"standard"}}'
    )
