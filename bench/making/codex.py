"""Made-up rollouts of Codex: token counts that repeat, forks that begin with their parent's records.

Input there includes cached tokens; the truth has them apart, as the store does.
"""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime

from bench.making.claude_tools import Project, skewed
from bench.making.truth import FileTruth, Tokens
from bench.making.words import Words

_VERSIONS = ("0.118.0", "0.125.0", "0.133.0", "0.139.0", "0.140.0", "0.145.0-alpha.30")
_REPEATED, _NO_INFO, _FAILED, _LOST_ARGUMENTS = 0.1, 0.01, 0.07, 0.002
_CODES = (1, 1, 1, 2, 101, 127)


class CodexRollout:
    """One rollout, written turn by turn."""

    def __init__(self, words: Words, rng: random.Random, truth: FileTruth, project: Project, clock: float) -> None:
        self._words, self._rng, self.truth, self._project = words, rng, truth, project
        self._version = rng.choice(_VERSIONS)
        self._model = rng.choice(("gpt-5.4", "gpt-5.4", "gpt-5.3-codex"))
        self._ends = rng.random() < 0.6
        """Whether it writes exec_command_end; else only the tool's output tells the exit code."""
        self.clock, self.lines = clock, list[bytes]()
        self._requests, self._copying = 0, False
        self._prefix = rng.randint(11_000, 24_000)
        self._sum = [0, 0, 0, 0]

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self.truth.bytes

    def begin(self, parent: CodexRollout | None = None) -> None:
        """The head of the file; a fork's is followed by its parent's records, all stamped at once."""
        self._meta(self.truth.session, parent.truth.session if parent else None)
        if parent is None:
            return
        start = self.clock
        self._meta(parent.truth.session, None, copied=True)
        for line in parent.lines[1:]:
            self.clock = min(start + 0.4, self.clock + 0.0005)
            self._raw(b'{"timestamp":"' + self._stamp().encode() + line[len('{"timestamp":"') + 24 :])
        self.clock = start + 5
        self._requests = parent._requests
        self._sum = list(parent._sum)
        self._prefix = parent._prefix

    def turn(self) -> None:
        """One prompt and its requests."""
        rng = self._rng
        self.clock += skewed(rng, 120, 1.4, 40_000)
        turn_id = f"{rng.getrandbits(64):016x}"
        self._event("task_started", f'"turn_id":"{turn_id}","model_context_window":258400')
        self._line(
            "turn_context",
            f'{{"turn_id":"{turn_id}","cwd":"{self._project.cwd}","approval_policy":"never","model":"{self._model}",'
            f'"effort":"medium","user_instructions":"{self._words.prose.cut(rng, 2_600)}"}}',
        )
        text = self._words.prose.cut(rng, skewed(rng, 150, 1.1, 20_000))
        self._item("message", f'"role":"user","content":[{{"type":"input_text","text":"{text}"}}]')
        self.truth.prompt()
        self._event("user_message", f'"message":"{text}","images":[],"local_images":[],"text_elements":[]')
        for left in reversed(range(skewed(rng, 7, 0.7, 60))):
            self._request(last=left == 0)
        if rng.random() < 0.03:
            self.truth.interrupts += 1
            self._event("turn_aborted", f'"turn_id":"{turn_id}","reason":"interrupted"')
        else:
            self._event("task_complete", f'"turn_id":"{turn_id}","duration_ms":{rng.randint(3_000, 900_000)}')

    def _request(self, *, last: bool) -> None:
        rng, words = self._rng, self._words
        self.clock += skewed(rng, 4, 0.9, 200)
        secret = f"{rng.getrandbits(skewed(rng, 3_000, 0.7)):x}"
        self._item("reasoning", f'"summary":[],"content":null,"encrypted_content":"{secret}"')
        calls = 0 if last else 1 + (rng.random() < 0.35)
        if last or rng.random() < 0.4:
            text = words.prose.cut(rng, skewed(rng, 700 if last else 200, 0.9, 20_000))
            self._item("message", f'"role":"assistant","content":[{{"type":"output_text","text":"{text}"}}]')
            self._event("agent_message", f'"message":"{text}","phase":"commentary"')
        for _ in range(calls):
            if rng.random() < 0.12:
                self._patch()
            else:
                self._exec()
        self._count()
        if self._prefix > 230_000:
            self.truth.compactions += 1
            self._line("compacted", f'{{"message":"{words.prose.cut(rng, 5_000)}"}}')
            self._prefix = rng.randint(14_000, 30_000)

    def _exec(self) -> None:
        rng, words = self._rng, self._words
        call_id = f"call_{rng.getrandbits(96):024x}"
        command = f"rg -n {' '.join(words.some(rng, 1))} {self._project.file(rng)} | head -{rng.randint(1, 90)}"
        arguments = json.dumps({"cmd": command, "workdir": self._project.cwd})
        readable = rng.random() >= _LOST_ARGUMENTS
        shown = json.dumps(arguments if readable else arguments[:-9])
        self._item("function_call", f'"name":"exec_command","arguments":{shown},"call_id":"{call_id}"')
        code = rng.choice(_CODES) if rng.random() < _FAILED else 0
        text = words.code.cut(rng, skewed(rng, 1_400, 1.3, 300_000))
        if self._ends:
            self._event(
                "exec_command_end",
                f'"call_id":"{call_id}","command":["/bin/zsh","-lc",{json.dumps(command)}],"cwd":"{self._project.cwd}",'
                f'"stdout":"","stderr":"","aggregated_output":"{text}","exit_code":{code},"status":"completed"',
            )
        head = f"Chunk ID: {call_id[5:11]}\\nWall time: 0.0500 seconds\\nProcess exited with code {code}\\n"
        self._item("function_call_output", f'"call_id":"{call_id}","output":"{head}Output:\\n{text}"')
        if code:
            self.truth.failed(command if readable else "", code)

    def _patch(self) -> None:
        rng = self._rng
        call_id, path = f"call_{rng.getrandbits(96):024x}", self._project.file(rng)
        diff = self._words.code.cut(rng, skewed(rng, 900, 1.0, 60_000))
        patch = f"*** Begin Patch\\n*** Update File: {path}\\n@@\\n+{diff}\\n*** End Patch\\n"
        self._item(
            "custom_tool_call", f'"status":"completed","call_id":"{call_id}","name":"apply_patch","input":"{patch}"'
        )
        success = rng.random() > 0.04
        said = f"Success. Updated the following files:\\nM {path}\\n" if success else "Failed to find expected lines"
        if self._ends:
            self._event(
                "patch_apply_end",
                f'"call_id":"{call_id}","stdout":"{said}","stderr":"","success":{"true" if success else "false"},'
                f'"changes":{{"{path}":{{"type":"update","unified_diff":"{diff}","move_path":null}}}}',
            )
        inner = said.replace("\\n", "\\\\n")
        output = f'{{\\"output\\":\\"{inner}\\",\\"metadata\\":{{\\"exit_code\\":0,\\"duration_seconds\\":0.0}}}}'
        self._item("custom_tool_call_output", f'"call_id":"{call_id}","output":"{output}"')
        if success:
            self.truth.changed(path)

    def _count(self) -> None:
        """What the request cost; sometimes said twice, sometimes without figures."""
        rng = self._rng
        if rng.random() < _NO_INFO:
            self._event("token_count", f'"info":null,"rate_limits":{_LIMITS}')
        new, reasoning = skewed(rng, 700, 1.0, 30_000), skewed(rng, 90, 1.0, 8_000)
        cached = self._prefix - self._prefix % 128
        self._prefix += new
        output = reasoning + skewed(rng, 140, 1.0, 16_000)
        last = [self._prefix, cached, output, reasoning]
        self._sum = [total + one for total, one in zip(self._sum, last, strict=True)]
        info = f'{{"total_token_usage":{_usage(self._sum)},"last_token_usage":{_usage(last)}}}'
        for _ in range(1 + (rng.random() < _REPEATED)):
            self._event("token_count", f'"info":{info},"rate_limits":{_LIMITS}')
        tokens = Tokens(input=self._prefix - cached, output=output, cache_read=cached, reasoning=reasoning)
        self.truth.request(f"{self.truth.path}#{self._requests}", self._model, tokens, None)
        self._requests += 1

    def _meta(self, session: str, parent: str | None, *, copied: bool = False) -> None:
        forked = f'"forked_from_id":"{parent}",' if parent else ""
        rng = random.Random(session) if copied else self._rng
        self._line(
            "session_meta",
            f'{{"id":"{session}",{forked}"cwd":"{self._project.cwd}","originator":"codex-tui",'
            f'"cli_version":"{self._version}","source":"cli","model_provider":"openai",'
            f'"base_instructions":{{"text":"{self._words.prose.cut(rng, 12_000)}"}}}}',
        )

    def _item(self, kind: str, more: str) -> None:
        self._line("response_item", f'{{"type":"{kind}",{more}}}')

    def _event(self, kind: str, more: str) -> None:
        self._line("event_msg", f'{{"type":"{kind}",{more}}}')

    def _line(self, kind: str, payload: str) -> None:
        self.clock += 0.02
        self._raw(f'{{"timestamp":"{self._stamp()}","type":"{kind}","payload":{payload}}}'.encode() + b"\n")

    def _stamp(self) -> str:
        moment = datetime.fromtimestamp(round(self.clock * 1000) / 1000, UTC)
        self.truth.saw(moment.timestamp())
        return moment.isoformat(timespec="milliseconds")[:-6] + "Z"

    def _raw(self, data: bytes) -> None:
        self.lines.append(data)
        self.truth.lines += 1
        self.truth.bytes += len(data)


_LIMITS = '{"limit_id":"codex","primary":{"used_percent":8.0,"window_minutes":300},"secondary":null,"plan_type":"pro"}'


def _usage(figures: list[int]) -> str:
    given, cached, output, reasoning = figures
    return (
        f'{{"input_tokens":{given},"cached_input_tokens":{cached},"output_tokens":{output},'
        f'"reasoning_output_tokens":{reasoning},"total_tokens":{given + output}}}'
    )
