"""What the arguments of a tool call say, without their JSON spelling.

Comes in: JSON text. Goes out: its names and values as one text, a line each, so that no escape hides a word from a rule:
in JSON a line break is a backslash and an "n", and what follows them begins no word.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from guard.conversation import ToolCall
from guard.rules.passage import Passage, Reading, Reads


def read(reads: Reads, call: ToolCall, known: object = None, settled: int = 0) -> Reading:
    """Read the arguments of a call as they stand, and then what they say; what only the latter shows is all of them.

    Args:
        reads: The rule.
        call: What it reads.
        known: What it remembers of everything before.
        settled: As in a `Passage`.

    Raises:
        RecursionError: They are nested too deeply to be looked into, and as they stand nothing was found.
    """
    whole = len(call.arguments)
    raw = reads.read(Passage(call.arguments, known, settled=settled, call=call))
    try:
        said = text(call.arguments)
    except RecursionError:
        if raw.spans:
            return raw
        raise
    inner = reads.read(Passage(said, raw.known))
    spans = raw.spans if len(inner.spans) <= len(raw.spans) else ((0, whole),)
    return Reading(spans, raw.settled, raw.keep, inner.known)


def text(arguments: str) -> str:
    """Return names and values, a line each; those of JSON within a value too, one level deep. "" where it is no JSON.

    Raises:
        RecursionError: It is nested too deeply.
    """
    return "\n".join(_texts(arguments, inner=True))


def _texts(written: str, *, inner: bool) -> Iterator[str]:
    try:
        # Pairs, so that a name that stands twice hides nothing; numbers as written, for some have no value.
        value = json.loads(written, strict=False, object_pairs_hook=_Pairs, parse_int=str, parse_float=str, parse_constant=str)
    except ValueError:
        return
    for leaf in _leaves(value):
        yield leaf
        if inner and leaf.lstrip()[:1] in ("{", "[", '"'):
            yield from _texts(leaf, inner=False)


class _Pairs(tuple[tuple[str, Any], ...]):
    __slots__ = ()


def _leaves(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, _Pairs):
            waiting.extend(part for name, item in reversed(one) for part in (item, name))
        elif isinstance(one, list):
            waiting.extend(reversed(one))
