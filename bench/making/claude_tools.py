"""Tool calls of a made-up Claude Code session and what came of them.

Results are what a transcript is mostly made of: the text for the model and beside it the client's own copy, in shapes
that differ by tool. Sizes follow the field study: half are under some kilobytes, a few are a megabyte.
"""

from __future__ import annotations

import json
import math
import random
from dataclasses import dataclass
from itertools import accumulate

from bench.making.words import Words

_TOOLS = {"Bash": 35, "Read": 24, "Edit": 17, "Grep": 10, "TaskUpdate": 5, "Glob": 4, "Write": 3, "Task": 2}
_NAMES, _WEIGHTS = list(_TOOLS), list(accumulate(_TOOLS.values()))
_FAILED, _NO_CODE = 0.064, 0.009
"""Shares of shell results that failed with an exit code, and that are errors without one (denied, timed out)."""
_EDIT_ERROR, _EMPTY_PATCH = 0.05, 0.02
_CODES = (1, 1, 1, 1, 2, 2, 127, 128, 101, 137)
_LARGEST = 1_000_000
"""Characters of one result; its record holds them twice."""
_HUGE = 0.0003
_FAILURES = ("Exit code {code}", "Exit code {code}\\n{text}")


@dataclass(frozen=True)
class Call:
    """One tool call and its result; JSON fragments but for `command` and `changed`, which are plain text."""

    name: str
    input: str
    content: str
    """Value of the result's `content`."""
    result: str
    """Value of `toolUseResult`."""
    error: bool = False
    command: str = ""
    exit_code: int | None = None
    changed: str | None = None


def skewed(rng: random.Random, median: float, sigma: float, most: int = _LARGEST) -> int:
    """A log-normal size: half are below the median, the mean is far above."""
    return max(1, min(most, int(median * math.exp(sigma * rng.gauss(0.0, 1.0)))))


def _shown(rng: random.Random, median: float, sigma: float) -> int:
    """Size of what a command or a file shows: now and then somebody prints a whole log."""
    return rng.randint(250_000, _LARGEST) if rng.random() < _HUGE else skewed(rng, median, sigma)


class Project:
    """One working folder with its files."""

    def __init__(self, words: Words, rng: random.Random) -> None:
        self.cwd = f"/src/{words.rare(rng)}/{words.rare(rng)}"
        self.branch = rng.choice(("main", "main", f"{words.rare(rng)}/{words.rare(rng)}"))
        folders = ["/".join(words.rare(rng) for _ in range(rng.randint(1, 3))) for _ in range(8)]
        self.files = [
            f"{self.cwd}/{rng.choice(folders)}/{words.rare(rng)}{rng.choice(('.go', '.py', '.ts', '_test.go', '.md'))}"
            for _ in range(60)
        ]

    def file(self, rng: random.Random) -> str:
        """One of its files; a few are touched most."""
        return self.files[int(len(self.files) * rng.random() ** 2)]


def make_call(rng: random.Random, words: Words, project: Project) -> Call:
    """Any tool's call."""
    return _MAKERS[rng.choices(_NAMES, cum_weights=_WEIGHTS)[0]](rng, words, project)


def _bash(rng: random.Random, words: Words, project: Project) -> Call:
    command = _command(rng, words, project)
    asked = f'{{"command":{json.dumps(command)},"description":"{" ".join(words.some(rng, 4))}"}}'
    chance = rng.random()
    if chance < _FAILED:
        code = rng.choice(_CODES)
        text = rng.choice(_FAILURES).format(code=code, text=words.code.cut(rng, skewed(rng, 500, 1.2)))
        return Call("Bash", asked, f'"{text}"', f'"Error: {text}"', error=True, command=command, exit_code=code)
    if chance < _FAILED + _NO_CODE:
        text = "The user doesn't want to proceed with this tool use. The tool use was rejected."
        return Call("Bash", asked, f'"{text}"', f'"Error: {text}"', error=True, command=command)
    text = words.code.cut(rng, _shown(rng, 900, 1.4))
    stderr = words.prose.cut(rng, 120) if rng.random() < 0.046 else ""
    kept = f'{{"stdout":"{text}","stderr":"{stderr}","interrupted":false,"isImage":false}}'
    return Call("Bash", asked, f'"{text}"', kept, command=command)


def _command(rng: random.Random, words: Words, project: Project) -> str:
    one, two = words.some(rng, 2)
    kind = rng.randrange(6)
    if kind == 0:
        return f"go test ./internal/{one}/... -run Test{two.capitalize()} 2>&1 | tail -{rng.randint(5, 60)}"
    if kind == 1:
        return f'git log --oneline | grep -i "{one}\\|{two}"'
    if kind == 2:
        return f"sed -n '{rng.randint(1, 300)},{rng.randint(301, 900)}p' {project.file(rng)}"
    if kind == 3:
        return f"cd {project.cwd} && python -m pytest tests/{one} -x -q"
    if kind == 4:
        lines = "\n".join(f"  {' '.join(words.some(rng, 6))}" for _ in range(rng.randint(1, 12)))
        return f"git commit -m \"$(cat <<'EOF'\n{one} {two}\n\n{lines}\nEOF\n)\""
    return f"rg --files | grep {one}"


def _read(rng: random.Random, words: Words, project: Project) -> Call:
    path = project.file(rng)
    first, end = words.code.span(rng, _shown(rng, 2_200, 1.25))
    plain, shown = words.code.lines(first, end), words.numbered.lines(first, end)
    kept = (
        f'{{"type":"text","file":{{"filePath":"{path}","content":"{plain}","numLines":{end - first},"startLine":1,'
        f'"totalLines":{end - first}}}}}'
    )
    return Call("Read", f'{{"file_path":"{path}"}}', f'"{shown}"', kept)


def _edit(rng: random.Random, words: Words, project: Project) -> Call:
    path = project.file(rng)
    old, new = (words.code.cut(rng, skewed(rng, 250, 1.0, 20_000)) for _ in range(2))
    asked = f'{{"replace_all":false,"file_path":"{path}","old_string":"{old}","new_string":"{new}"}}'
    if rng.random() < _EDIT_ERROR:
        text = "<tool_use_error>String to replace not found in file.</tool_use_error>"
        return Call("Edit", asked, f'"{text}"', f'"Error: {text}"', error=True)
    empty = rng.random() < _EMPTY_PATCH
    hunk = ",".join(f'"-{line}"' for line in old.split("\\n")) + "," + ",".join(f'"+{x}"' for x in new.split("\\n"))
    at = rng.randint(1, 900)
    patch = f'[{{"oldStart":{at},"oldLines":9,"newStart":{at},"newLines":9,"lines":[{hunk}]}}]'
    kept = (
        f'{{"filePath":"{path}","oldString":"{old}","newString":"{new}",'
        f'"originalFile":"{words.code.cut(rng, skewed(rng, 5_000, 1.15))}",'
        f'"structuredPatch":{"[]" if empty else patch},"userModified":false,"replaceAll":false}}'
    )
    shown = f"The file {path} has been updated. Here's the result of running `cat -n`:\\n"
    content = f'"{shown}{words.numbered.cut(rng, 700)}"'
    return Call("Edit", asked, content, kept, changed=None if empty else path)


def _write(rng: random.Random, words: Words, project: Project) -> Call:
    path = project.file(rng)
    text = words.code.cut(rng, skewed(rng, 3_000, 1.1, 100_000))
    created = rng.random() < 0.8
    patch = '[{"oldStart":1,"oldLines":1,"newStart":1,"newLines":1,"lines":["-a","+b"]}]'
    kept = (
        f'{{"type":"{"create" if created else "update"}","filePath":"{path}","content":"{text}",'
        f'"structuredPatch":{"[]" if created else patch},"originalFile":{"null" if created else chr(34) * 2}}}'
    )
    asked = f'{{"file_path":"{path}","content":"{text}"}}'
    return Call("Write", asked, f'"File created successfully at: {path}"', kept, changed=path)


def _grep(rng: random.Random, words: Words, project: Project) -> Call:
    asked = f'{{"pattern":"{words.some(rng, 1)[0]}","path":"{project.cwd}","output_mode":"content"}}'
    text = words.code.cut(rng, skewed(rng, 900, 1.3))
    return Call("Grep", asked, f'"{text}"', f'{{"mode":"content","filenames":[],"numFiles":0,"content":"{text}"}}')


def _glob(rng: random.Random, words: Words, project: Project) -> Call:
    found = [project.file(rng) for _ in range(rng.randint(1, 40))]
    names = ",".join(f'"{path}"' for path in found)
    kept = f'{{"filenames":[{names}],"durationMs":339,"numFiles":{len(found)},"truncated":false}}'
    return Call("Glob", f'{{"pattern":"**/*{words.rare(rng)}*"}}', '"' + "\\n".join(found) + '"', kept)


def _task_update(rng: random.Random, words: Words, project: Project) -> Call:
    number = rng.randint(1, 30)
    kept = f'{{"success":true,"taskId":"{number}","updatedFields":["status"]}}'
    return Call("TaskUpdate", f'{{"taskId":"{number}","status":"completed"}}', f'"Updated task #{number} status"', kept)


def _task(rng: random.Random, words: Words, project: Project) -> Call:
    prompt, answer = words.prose.cut(rng, 900), words.prose.cut(rng, skewed(rng, 4_000, 0.7))
    block = f'[{{"type":"text","text":"{answer}"}}]'
    kept = (
        f'{{"status":"completed","prompt":"{prompt}","agentId":"{rng.getrandbits(28):07x}","content":{block},'
        f'"totalDurationMs":51795,"totalTokens":{rng.randint(9_000, 90_000)},"totalToolUseCount":23}}'
    )
    return Call("Task", f'{{"subagent_type":"Explore","prompt":"{prompt}"}}', block, kept)


_MAKERS = {
    "Bash": _bash,
    "Read": _read,
    "Edit": _edit,
    "Write": _write,
    "Grep": _grep,
    "Glob": _glob,
    "TaskUpdate": _task_update,
    "Task": _task,
}
