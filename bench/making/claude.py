"""Made-up sessions of Claude Code: turns of a dozen requests, with the quirks that a count has to get right.

Several records repeat one request's usage, the first ones with a placeholder; commands fail; edits change files or
nothing; conversations are compacted, forked and interrupted.
"""

from __future__ import annotations

import copy
import random
from pathlib import PurePosixPath

from bench.making.claude_records import Lines, Version, usage_of
from bench.making.claude_tools import Call, Project, make_call, skewed
from bench.making.truth import FileTruth, Tokens
from bench.making.words import Words

_PLACEHOLDER, _NEVER_FILLED = 0.165, 0.1
"""Shares of requests of several records whose first one, or (some versions) every one, has a placeholder output."""
_TWO_RESULTS_APART = 0.3
_SYNTHETIC = 0.0015


class ClaudeSession:
    """One file, written turn by turn."""

    def __init__(
        self,
        words: Words,
        rng: random.Random,
        truth: FileTruth,
        project: Project,
        version: Version,
        clock: float,
    ) -> None:
        self.lines = Lines(words, rng, truth, project, version, clock)
        self._words, self._rng, self.truth, self._project, self._version = words, rng, truth, project, version
        self._class = "1h" if rng.random() < version.one_hour else "5m"
        if rng.random() < 0.01:
            self._class = "unknown"
        self._changes_class = rng.random() < 0.02
        self._model = version.model if rng.random() < 0.85 else "claude-haiku-4-5-20251001"
        self._limit = rng.randint(158_000, 176_000)
        self._prefix = 0
        self._new = rng.randint(14_000, 30_000)
        self._marks: list[tuple[int, FileTruth]] = []

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self.truth.bytes

    def begin(self) -> None:
        """What comes before the first prompt."""
        rng, lines = self._rng, self.lines
        if self.truth.agent_id:
            text = self._words.prose.cut(rng, skewed(rng, 900, 0.6))
            lines.record(f'"type":"user","message":{{"role":"user","content":"{text}"}}', passed=0.0)
            return
        if self._version.patch < 20 and rng.random() < 0.4:
            lines.raw(
                f'{{"type":"summary","summary":"{" ".join(self._words.some(rng, 5))}","leafUuid":"{lines.uuid()}"}}'
            )
        if self._version.patch >= 91:
            lines.aside("permission-mode", '"permissionMode":"auto"')
            lines.attachment(f'"type":"skill_listing","content":"{self._words.prose.cut(rng, 9_000)}"')
        chance = rng.random()
        if chance < 0.15:
            self._slash_command()
        elif chance < 0.18:  # the session goes on by itself: requests before any prompt
            self._notification()
            self._requests(rng.randint(1, 4))

    def turn(self) -> None:
        """One prompt and the work that it makes."""
        rng, lines = self._rng, self.lines
        lines.clock += skewed(rng, 90, 1.6, 40_000)
        if self.truth.agent_id:
            self._requests(skewed(rng, 8, 0.8, 60))
            return
        lines.snapshot()
        self._prompt()
        if rng.random() < 0.06:
            self._queued()
        self._requests(skewed(rng, 9.4, 0.85, 140))
        self._end_turn()
        self._between_turns()
        self._marks.append((len(lines.lines), copy.deepcopy(self.truth)))

    def fork(self, session: str, path: str, rng: random.Random, whole: bool) -> ClaudeSession:
        """Another session that begins with a copy of this one's records."""
        count, known = self._marks[-1 if whole or len(self._marks) < 2 else rng.randrange(len(self._marks) - 1)]
        truth = copy.deepcopy(known)
        truth.session, truth.path = session, path
        mine = ClaudeSession(self._words, rng, truth, self._project, self._version, self.lines.clock + 600)
        old, new = self.truth.session.encode(), session.encode()  # (of equal length)
        mine.lines.lines = [line.replace(old, new) for line in self.lines.lines[:count]]
        mine.lines.parent = f'"{mine.lines.uuid()}"'
        mine._prefix, mine._new = self._prefix, 900
        return mine

    def _prompt(self) -> None:
        rng = self._rng
        text = self._words.prose.cut(rng, skewed(rng, 160, 1.2, 30_000))
        text = f"{self._words.rare(rng)} {PurePosixPath(self._project.file(rng)).name}: {text}"
        content = f'"{text}"'
        if rng.random() < 0.25:
            image = '{"type":"image","source":{"type":"base64","media_type":"image/png","data":"%s"}}'
            blocks = [f'{{"type":"text","text":"{text}"}}']
            if rng.random() < 0.1:
                blocks.append(image % (f"{rng.getrandbits(4000):x}" * rng.randint(1, 100)))
            content = f"[{','.join(blocks)}]"
        more = ""
        if self._version.patch >= 119:
            more += ',"origin":{"kind":"human"}'
        if self._version.patch >= 168:
            more += ',"promptSource":"typed"'
        self.truth.prompt()
        self.lines.record(f'"type":"user","message":{{"role":"user","content":{content}}}{more}', passed=0.1)

    def _says(self, text: str, more: str = "") -> None:
        self.lines.record(f'"type":"user","message":{{"role":"user","content":"{text}"}}{more}', passed=0.1)

    def _slash_command(self) -> None:
        name = self._words.rare(self._rng)
        self.truth.slash_commands += 1
        self._says("Caveat: the messages below were generated by the user.", ',"isMeta":true')
        self._says(f"<command-name>/{name}</command-name>\\n<command-message>{name}</command-message>")
        self._says(f"<local-command-stdout>{self._words.prose.cut(self._rng, 200)}</local-command-stdout>")

    def _notification(self) -> None:
        self.truth.notifications += 1
        origin = ',"origin":{"kind":"task-notification"}' if self._version.patch >= 119 else ""
        self._says(f"<task-notification>{self._words.prose.cut(self._rng, 150)}</task-notification>", origin)

    def _queued(self) -> None:
        if self._version.patch < 91:
            return
        self.truth.queued += 1
        text = self._words.prose.cut(self._rng, 120)
        self.lines.attachment(f'"type":"queued_command","prompt":"{text}","commandMode":"prompt"')

    def _between_turns(self) -> None:
        rng = self._rng
        if rng.random() < 0.05:
            self._slash_command()
        if rng.random() < 0.02:
            self.truth.shell_commands += 1
            self._says("<bash-input>ls</bash-input>")
            self._says(f"<bash-stdout>{self._words.code.cut(rng, 400)}</bash-stdout><bash-stderr></bash-stderr>")
        if rng.random() < 0.05:
            self._notification()
            self._requests(rng.randint(1, 3))
        if rng.random() < 0.04:
            self.truth.interrupts += 1
            self._says("[Request interrupted by user]")

    def _end_turn(self) -> None:
        rng, lines = self._rng, self.lines
        if rng.random() < 0.8:
            lines.system(
                "stop_hook_summary",
                '"hookCount":1,"hookInfos":[{"command":"hooks stop","durationMs":41}],"hookErrors":[],'
                '"preventedContinuation":false,"stopReason":"","hasOutput":false,"level":"suggestion"',
            )
        if rng.random() < 0.8:
            lines.system("turn_duration", f'"durationMs":{rng.randint(4_000, 900_000)}')
        if self._version.patch < 91:
            return
        lines.aside("last-prompt", f'"lastPrompt":"{self._words.prose.cut(rng, 80)}"')
        lines.aside("ai-title", f'"aiTitle":"{" ".join(self._words.some(rng, 5)).capitalize()}"')
        for name, value in (("permissionMode", "auto"), ("mode", "normal")):
            lines.aside("permission-mode" if name == "permissionMode" else name, f'"{name}":"{value}"')
        for _ in range(rng.randrange(7)):
            size = skewed(rng, 900, 1.4, 60_000)
            lines.attachment(f'"type":"hook_success","hookName":"Stop","stdout":"{self._words.prose.cut(rng, size)}"')

    def _requests(self, count: int) -> None:
        for left in reversed(range(count)):
            if self._rng.random() < _SYNTHETIC:
                self._synthetic()
            self._request(last=left == 0)
            if self._prefix > self._limit:
                self._compact()

    def _request(self, *, last: bool) -> None:
        rng = self._rng
        calls = [] if last else [make_call(rng, self._words, self._project) for _ in range(_how_many_calls(rng))]
        blocks = [] if rng.random() < 0.5 else [self._thinking()]
        if last or rng.random() < 0.42:
            text = self._words.prose.cut(rng, skewed(rng, 700 if last else 120, 0.9, 40_000))
            blocks.append(f'{{"type":"text","text":"{text}"}}')
        ids = [f"toolu_01{rng.getrandbits(88):022x}" for _ in calls]
        blocks += [
            f'{{"type":"tool_use","id":"{call_id}","name":"{call.name}","input":{call.input}}}'
            for call_id, call in zip(ids, calls, strict=True)
        ]
        message_id, tokens, placeholder = f"msg_01{rng.getrandbits(88):022x}", self._spend(), 0
        if len(blocks) > 1 and rng.random() < _PLACEHOLDER:
            placeholder = rng.randint(1, 8)
        if 17 <= self._version.patch <= 37 and rng.random() < _NEVER_FILLED:
            tokens = tokens._replace(output=rng.randint(1, 3))
        written = self._class if tokens.cache_write_5m or tokens.cache_write_1h else None
        self.truth.request(message_id, self._model, tokens, written)
        apart = len(calls) > 1 and rng.random() < _TWO_RESULTS_APART
        for number, block in enumerate(blocks):
            end = number == len(blocks) - 1
            shown = tokens._replace(output=placeholder) if placeholder and not end else tokens
            stop = ('"end_turn"' if last else '"tool_use"') if end and rng.random() < 0.75 else "null"
            source = self._answer_record(message_id, block, shown, stop)
            place = number - (len(blocks) - len(calls))
            if apart and place >= 0:
                self._result(ids[place], calls[place], source)
        if not apart:
            for call_id, call in zip(ids, calls, strict=True):
                self._result(call_id, call, self.lines.parent[1:-1])

    def _thinking(self) -> str:
        rng = self._rng
        text = self._words.prose.cut(rng, skewed(rng, 350, 1.0, 40_000)) if rng.random() < 0.5 else ""
        return f'{{"type":"thinking","thinking":"{text}","signature":"{rng.getrandbits(skewed(rng, 2_400, 0.6)):x}"}}'

    def _answer_record(self, message_id: str, block: str, tokens: Tokens, stop: str) -> str:
        usage = usage_of(tokens, self._class, new=self._version.patch >= 120)
        return self.lines.record(
            f'"message":{{"model":"{self._model}","id":"{message_id}","type":"message","role":"assistant",'
            f'"content":[{block}],"stop_reason":{stop},"stop_sequence":null,"usage":{usage}}},'
            f'"requestId":"req_011{message_id[6:]}","type":"assistant"',
            passed=skewed(self._rng, 2.0, 1.0, 300),
        )

    def _spend(self) -> Tokens:
        """The usage of the next request: the prefix is read, what came since is written."""
        rng = self._rng
        if self._changes_class and self._class != "unknown" and rng.random() < 0.02:
            self._class = "1h" if self._class == "5m" else "5m"
        new, read = self._new, self._prefix
        self._prefix, self._new = read + new, skewed(rng, 500, 1.1, 30_000)
        one_hour = self._class == "1h"
        return Tokens(
            input=rng.randint(1, 12),
            output=skewed(rng, 150, 1.2, 32_000),
            cache_read=read,
            cache_write_5m=0 if one_hour else new,
            cache_write_1h=new if one_hour else 0,
        )

    def _result(self, call_id: str, call: Call, source: str) -> None:
        if self._version.progress:
            self.lines.progress(call)
        error = ',"is_error":true' if call.error else ',"is_error":false' if call.name == "Bash" else ""
        self.lines.record(
            f'"type":"user","message":{{"role":"user","content":[{{"tool_use_id":"{call_id}","type":"tool_result",'
            f'"content":{call.content}{error}}}]}},"toolUseResult":{call.result},"sourceToolAssistantUUID":"{source}"',
            passed=skewed(self._rng, 0.6, 1.5, 900),
        )
        if call.changed:
            self.truth.changed(call.changed)
            if self._rng.random() < 0.35:
                self.lines.snapshot()
        if call.exit_code is not None:
            self.truth.failed(call.command, call.exit_code)

    def _synthetic(self) -> None:
        usage = usage_of(Tokens(), "5m", new=False)
        self.lines.record(
            f'"message":{{"id":"{self.lines.uuid()}","model":"<synthetic>","role":"assistant","type":"message",'
            f'"stop_reason":"stop_sequence","usage":{usage},"content":[{{"type":"text","text":"API Error"}}]}},'
            f'"isApiErrorMessage":true,"type":"assistant"',
            passed=1.0,
        )

    def _compact(self) -> None:
        rng = self._rng
        trigger = "manual" if rng.random() < 0.1 else "auto"
        self.truth.compactions += 1
        self.lines.system(
            "compact_boundary",
            '"content":"Conversation compacted","compactMetadata":'
            f'{{"trigger":"{trigger}","preTokens":{self._prefix}}}',
        )
        text = "This session is being continued from a previous conversation.\\n" + self._words.prose.cut(rng, 9_000)
        self._says(text, ',"isCompactSummary":true,"isVisibleInTranscriptOnly":true')
        self._prefix, self._new = 0, rng.randint(20_000, 34_000)


def _how_many_calls(rng: random.Random) -> int:
    count = 1
    while count < 7 and rng.random() < 0.22:
        count += 1
    return count
