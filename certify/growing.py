"""Reading conversations that begin alike: each shared beginning goes through the model once.

Comes in: conversations, such as one long chat cut off at several lengths with something planted at each. Goes out: after
every judged turn the scores of the tokens of the judged message, and last of its decision token. A causal model reads the
beginning of a text the same whatever follows, so a copy of what it remembers goes on from where two conversations part. An
observer, which has no such memory, reads each conversation by itself.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from guard.conversation import Conversation
from guard.errors import ScoringError
from guard.probes.linear import Stack
from guard.probes.reading import Key, Pass, Places, Subject, Unread, judged_turns, plan, text
from guard.progress import Advance
from guard.subjects.causal import Cache, CausalSubject

CHUNK = 1_024
"""Tokens of one forward pass."""

Logits = NDArray[np.float64]
"""(tokens, monitors)"""
Found = tuple[Key, Logits | Unread]
"""After which message of which conversation; the decision token is the last row."""


def logits(subject: Subject, stack: Stack, conversations: Sequence[Conversation], advance: Advance) -> Iterator[Found]:
    """Yield what every monitor of a stack says of the tokens of each judged message, in no promised order.

    Args:
        subject: The model.
        stack: The monitors.
        conversations: What is read.
        advance: Called with the number of places read.

    Raises:
        ScoringError: The model does not do what it did when it was loaded.
    """
    turns = [judged_turns(conversation) for conversation in conversations]
    if not isinstance(subject, CausalSubject):
        for key, values in subject.read(conversations, stack.hook_points, places=Places.TEXT, turns=turns):
            advance(1)
            yield key, values if isinstance(values, Unread) else stack.logits(values)
        return
    passes, unread = plan(subject, conversations, text, turns)
    for key, why in unread:
        advance(1)
        if isinstance(why, Unread):
            yield key, why
    for item, rows in _walked(subject, stack, sorted(passes, key=lambda item: item.ids)):
        for key, places in item.reads:
            advance(1)
            yield key, rows[list(places)]


@dataclass(frozen=True, slots=True)
class _Mark:
    """A place where conversations part."""

    depth: int
    """Tokens that they share."""
    cache: Cache | None
    """What the model remembers of them."""
    rows: tuple[Logits, ...]
    """What was said of them."""


def _walked(subject: CausalSubject, stack: Stack, passes: Sequence[Pass]) -> Iterator[tuple[Pass, Logits]]:
    """Read passes in the order of their tokens, so that those with one beginning are neighbours."""
    shared = [common(one.ids, other.ids) for one, other in pairwise(passes)] + [0]
    marks = [_Mark(0, None, ())]
    for index, item in enumerate(passes):
        while marks[-1].depth > (shared[index - 1] if index else 0):
            marks.pop()
        for depth in _partings(shared[index:], marks[-1].depth):
            marks.append(_read(subject, stack, item.ids, marks[-1], depth))
        end = marks[-1] if marks[-1].depth == len(item.ids) else _read(subject, stack, item.ids, marks[-1], len(item.ids))
        yield item, np.concatenate(end.rows)


def _partings(shared: Sequence[int], after: int) -> list[int]:
    """Return the depths beyond `after` at which later passes leave this one, the shallowest first."""
    found: list[int] = []
    for depth in shared:
        if depth <= after:
            break
        if not found or depth < found[-1]:
            found.append(depth)
    return found[::-1]


def _read(subject: CausalSubject, stack: Stack, ids: Sequence[int], start: _Mark, end: int) -> _Mark:
    """Go on from a mark, which stays as it is, to a depth."""
    rows = start.rows
    with torch.inference_mode():
        cache = copy.deepcopy(start.cache)
        for at in range(start.depth, end, CHUNK):
            found = subject.forward(ids[at : min(at + CHUNK, end)], stack.hook_points, cache)
            cache, rows = found.cache, (*rows, stack.logits(found.values))
    return _Mark(end, cache, rows)


def tokens(subject: Subject, conversation: Conversation) -> int:
    """Count the tokens that a model reads of a conversation, the template's included; 0 where it can't, or reads windows."""
    if not isinstance(subject, CausalSubject):
        return 0
    try:
        return len(subject.render(conversation, len(conversation) - 1).ids)
    except ScoringError:
        return 0


def common(one: Sequence[int], other: Sequence[int]) -> int:
    """Return how many tokens two texts share at their beginning."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
