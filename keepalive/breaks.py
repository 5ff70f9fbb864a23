"""Why a request could not read what the one before it had left in the cache: the first difference that costs entries.

Pure. It looks where the provider looks and in its order (model, tools, speed, system, other settings, messages) and
names the first thing that differs; whether that cost anything, the usage decides. It never sees content.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from keepalive.prefix import continues
from keepalive.shape import Block, Shape
from store.break_models import REMEDIES, BreakCause

LOOKBACK = 20
"""Positions that one breakpoint may read, itself being the first."""
_SETTINGS_OF_SYSTEM = ("speed",)
_ALIGNED = 3
"""Messages that must agree before we say that something between was dropped or put in."""


@dataclass(frozen=True, slots=True)
class Break:
    """One difference. Sizes are bytes, hashes hexadecimal; of a setting `field` says from what to what."""

    cause: BreakCause
    part: Literal["", "tools", "system", "messages", "settings"] = ""
    position: int | None = None
    name: str = ""
    field: str = ""
    size_before: int | None = None
    size_after: int | None = None
    hash_before: str = ""
    hash_after: str = ""

    @property
    def remedy(self) -> str:
        """Code of what can be done about it, or ''."""
        return REMEDIES.get(self.cause, "")


def explain(before: Shape, after: Shape) -> Break | None:
    """The first difference that keeps `after` from reading what `before` left; None when it merely grew out of it, or
    was cut back by the client's normal way (see `prefix.compare`). Time is not looked at."""
    return next(_differences(before, after), None)


def blame(before: Shape | None, after: Shape, *, lapsed: bool, read: int) -> Break:
    """Why a request read `read` tokens, clearly less than expected; `lapsed`: the entry's time had passed.

    A difference is named also when the time had passed, unless the read shows that it was the time: entries of tools
    and system prompt would have been read, whatever became of the messages behind them.
    """
    if before is None:
        return Break("expired" if lapsed else "prefix_changed")
    found = explain(before, after)
    behind = found is None or found.part == "messages" or _reaches_messages_alone(found)
    if lapsed and behind and read == 0:
        return Break("expired")
    return found or _edited_tail(before, after) or Break("expired" if lapsed else "unexplained")


def expected_read(before: Shape | None, after: Shape, prefix_tokens: int) -> int:
    """Tokens that `after` should read of the `prefix_tokens` that `before` read and wrote: all, but where the person
    went back to an earlier prompt: then what both share, by its bytes."""
    if before is None or len(after.messages) > len(before.messages) or explain(before, after) is not None:
        return prefix_tokens
    if _common(before.messages, after.messages) == len(before.messages):
        return prefix_tokens
    whole = sum(block.size for block in before.blocks)
    shared = sum(block.size for block in before.blocks[: _common(_digests(before.blocks), _digests(after.blocks))])
    return prefix_tokens * shared // whole if whole else 0


def _differences(before: Shape, after: Shape) -> Iterator[Break]:
    if before.model != after.model:
        yield _setting("model", before.model, after.model)
    tools = before.part("tools"), after.part("tools")
    if _digests(tools[0]) != _digests(tools[1]):
        yield _tools(*tools)
    yield from _settings(before, after, of_system=True)
    system = before.part("system"), after.part("system")
    if _digests(system[0]) != _digests(system[1]):
        yield _system(*system)
    yield from _settings(before, after, of_system=False)
    messages = _messages(before, after)
    if before.has_image != after.has_image and not (messages and messages.cause in ("messages_shrunk",)):
        yield _image(before, after)
    if messages is not None:
        yield messages
    elif _out_of_reach(before, after):
        last = after.blocks[after.marks[-1]] if after.marks else before.blocks[before.marks[-1]]
        yield Break("marks_out_of_reach", "messages", last.place, last.name, f"{_moved(before, after)} blocks further")


def _setting(name: str, before: str, after: str) -> Break:
    changed = f"{before or 'none'} → {after or 'none'}"
    return Break(_SETTING_CAUSES[name], "settings", None, name, changed)


def _settings(before: Shape, after: Shape, *, of_system: bool) -> Iterator[Break]:
    old = dict(before.settings)
    for name, value in after.settings:
        was = old.get(name, "")
        if was == value or (name in _SETTINGS_OF_SYSTEM) != of_system:
            continue
        if name == "betas":
            earlier, later = set(filter(None, was.split(","))), set(filter(None, value.split(",")))
            changes = [f"+{beta}" for beta in sorted(later - earlier)] + [
                f"-{beta}" for beta in sorted(earlier - later)
            ]
            yield Break("betas_changed", "settings", None, "anthropic-beta", " ".join(changes))
        else:
            yield _setting(name, was, value)


_SETTING_CAUSES: dict[str, BreakCause] = {
    "model": "model_changed",
    "speed": "speed_changed",
    "tool_choice": "tool_choice_changed",
    "thinking": "thinking_changed",
    "effort": "effort_changed",
    "context_management": "context_management_changed",
}


def _reaches_messages_alone(found: Break) -> bool:
    return found.part == "settings" and found.name not in ("model", *_SETTINGS_OF_SYSTEM)


def _tools(before: Sequence[Block], after: Sequence[Block]) -> Break:
    at = _common(_digests(before), _digests(after))
    old, new = _at(before, at), _at(after, at)
    names_before, names_after = [tool.name for tool in before], [tool.name for tool in after]
    added = [name for name in names_after if name not in names_before]
    removed = [name for name in names_before if name not in names_after]
    if old and new and old.name == new.name:
        return _between("tool_changed", old, new, _changed_fields(old, new))
    if new and new.name in added:
        return _between("tool_added", None, new, _others(len(added)))
    if old and old.name in removed:
        return _between("tool_removed", old, None, _others(len(removed)))
    if old and new:
        return _between("tools_reordered", old, new)
    return _between("tool_added" if new else "tool_removed", old, new)


def _changed_fields(old: Block, new: Block) -> str:
    earlier, later = dict(old.fields), dict(new.fields)
    changed = [name for name in {**earlier, **later} if earlier.get(name) != later.get(name)]
    return ", ".join(changed) or "order of its fields"


def _others(count: int) -> str:
    return "" if count == 1 else f"{count} tools"


def _system(before: Sequence[Block], after: Sequence[Block]) -> Break:
    at = _common(_digests(before), _digests(after))
    old, new = _at(before, at), _at(after, at)
    rest_before, rest_after = _digests(before[at:]), _digests(after[at:])
    if len(after) > len(before) and rest_after[len(after) - len(before) :] == rest_before:
        return _between("system_changed", None, new, "added")
    if len(before) > len(after) and rest_before[len(before) - len(after) :] == rest_after:
        return _between("system_changed", old, None, "removed")
    return _between("system_changed", old, new, "text")


def _messages(before: Shape, after: Shape) -> Break | None:
    old, new = before.messages, after.messages
    at = _common(old, new)
    if continues(at, len(old), len(new)) or not old:
        return None
    if dropped := _aligned(old[at:], new[at:]):
        return _dropped(before, at, dropped)
    if _aligned(new[at:], old[at:]):
        return _between("message_inserted", None, _at(after.message(at), 0))
    if len(new) < len(old):
        size_before, size_after = (sum(block.size for block in shape.part("messages")) for shape in (before, after))
        field = f"{len(old)} → {len(new)} messages"
        return Break("messages_shrunk", "messages", at, "", field, size_before, size_after)
    return _edited(before, after, at)


def _dropped(before: Shape, at: int, count: int) -> Break:
    first = _at(before.message(at), 0)
    size = sum(block.size for place in range(at, at + count) for block in before.message(place))
    hashed = first.digest.hex() if first else ""
    field = "" if count == 1 else f"{count} messages"
    return Break("message_dropped", "messages", at, first.name if first else "", field, size, None, hashed)


def _aligned(longer: Sequence[bytes], shorter: Sequence[bytes]) -> int:
    """How many of the first are missing in the second, so that it goes on with what follows them; 0 for no such."""
    for count in range(1, len(longer)):
        run = min(_ALIGNED, len(longer) - count, len(shorter))
        if run and longer[count : count + run] == shorter[:run]:
            return count
    return 0


def _edited(before: Shape, after: Shape, place: int) -> Break:
    old, new = before.message(place), after.message(place)
    at = _common(_digests(old), _digests(new))
    if len(new) < len(old) and _digests(old[at + 1 :]) == _digests(new[at:]):
        return _between("message_edited", _at(old, at), None, "block removed")
    if len(new) > len(old) and _digests(new[at + 1 :]) == _digests(old[at:]):
        return _between("message_edited", None, _at(new, at), "block added")
    return _between("message_edited", _at(old, at), _at(new, at), place=place)


def _image(before: Shape, after: Shape) -> Break:
    """Presence of any image is a setting of the whole request; the block is the first one that is new or gone."""
    old = next((block for block in before.blocks if block.image), None)
    new = next((block for block in after.blocks if block.image), None)
    return _between("image_removed" if old else "image_added", old, new)


def _edited_tail(before: Shape, after: Shape) -> Break | None:
    """A conversation that goes on, but whose last messages, already written, were dropped or changed."""
    at = _common(before.messages, after.messages)
    if at == len(before.messages) or before.marks == []:
        return None
    return _edited(before, after, at)


def _out_of_reach(before: Shape, after: Shape) -> bool:
    """No breakpoint of `after` looks back as far as the last one of `before`, though all before it is unchanged."""
    if not before.marks:
        return False
    last = before.marks[-1]
    if _common(_digests(before.blocks), _digests(after.blocks)) <= last:
        return False
    return not any(last <= mark < last + LOOKBACK for mark in after.marks)


def _moved(before: Shape, after: Shape) -> int:
    return max((mark - before.marks[-1] for mark in after.marks), default=0)


def _between(
    cause: BreakCause, old: Block | None, new: Block | None, field: str = "", place: int | None = None
) -> Break:
    block = new or old
    return Break(
        cause,
        block.part if block else "messages",
        block.place if block else place,
        block.name if block else "",
        field,
        old.size if old else None,
        new.size if new else None,
        old.digest.hex() if old else "",
        new.digest.hex() if new else "",
    )


def _at(blocks: Sequence[Block], position: int) -> Block | None:
    return blocks[position] if position < len(blocks) else None


def _digests(blocks: Sequence[Block]) -> list[bytes]:
    return [block.digest for block in blocks]


def _common(one: Sequence[bytes], other: Sequence[bytes]) -> int:
    """Length of the beginning that both share."""
    for position, (mine, theirs) in enumerate(zip(one, other, strict=False)):
        if mine != theirs:
            return position
    return min(len(one), len(other))
