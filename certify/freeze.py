"""Freezing a suite: the score margin of this set-up, and the canaries that will guard it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np

from certify import caching
from guard.conversation import LabelledConversation
from guard.errors import ProtocolError
from guard.probes import canary
from guard.probes.judge import judge
from guard.probes.reading import Subject, fresh
from guard.probes.suite import Suite
from guard.progress import Phase, silent
from guard.scores import ProbeScore
from guard.subjects.causal import CausalSubject

CANARIES = 300
"""Conversations that are replayed wherever the certificate is used."""

MARGIN = 4.0
"""eps is so many times the largest difference that batching, padding, chunking and caching made."""

SMALLEST = 1e-5
"""eps is at least this: float32 arithmetic differs by so much between processors."""

_COMPARED = 32
"""Conversations that are read in batches of several sizes."""

_BATCHES = (1, 512, 16_384)
"""Padded tokens in one forward pass: each conversation alone, some together, many together."""

_CACHED = 6
"""Prompts, and as many answers, that are fed in pieces: a step of one token costs as much as a whole short text."""


def ranked(rows: Sequence[LabelledConversation]) -> list[LabelledConversation]:
    """Return the rows that are judged before an answer, in an order that only their ids decide."""
    return _mixed(row for row in rows if row.conversation.judged() and not row.meta.written)


def _mixed(rows: Iterable[LabelledConversation]) -> list[LabelledConversation]:
    return sorted(rows, key=lambda row: hashlib.sha256(row.id.encode()).digest())


def margin(subject: Subject, suite: Suite, rows: Sequence[LabelledConversation]) -> float:
    """Return eps: `MARGIN` times the largest difference of a score between ways of reading the same conversations.

    Conversations are read in batches of several sizes, so that neighbours and padding differ, each time without a memory
    of what was read before; on a model, some of them are fed in pieces and token by token on a cache, too.

    Raises:
        ProtocolError: A conversation has no score, so that nothing can be compared, or a difference is not finite.
    """
    chosen = ranked(rows)
    conversations = [row.conversation for row in chosen[:_COMPARED]]
    ways = [judge(fresh(subject), suite, conversations, batch_tokens=tokens) for tokens in _BATCHES]
    values = [
        [score.value for judged in way for j in judged for score in j.scores if isinstance(score, ProbeScore)] for way in ways
    ]
    if len({len(each) for each in values}) != 1 or not values[0]:
        raise ProtocolError("the select rows have conversations without a score")
    moved = [max(each) - min(each) for each in zip(*values, strict=True)]
    if isinstance(subject, CausalSubject):
        written = _mixed(row for row in rows if row.meta.written)[:_CACHED]
        fed = [row.conversation for row in (*chosen[:_CACHED], *written)]
        moved += caching.differences(subject, suite, fed)
    if not np.isfinite(moved).all():
        raise ProtocolError("a score is not the same number when the text is read in another way: its difference is not finite")
    return float(max(MARGIN * max(moved), SMALLEST))


def freeze(subject: Subject, suite: Suite, rows: Sequence[LabelledConversation], phase: Phase = silent) -> dict[str, bytes]:
    """Return the files of the suite with its canaries, drawn from select rows.

    Raises:
        ProtocolError: No row has all its scores.
    """
    advance = phase("scoring canaries", CANARIES)
    chosen: list[LabelledConversation] = []
    judged = []
    candidates = ranked(rows)[: 2 * CANARIES]
    # The second half is only read where some of the first can't be.
    for part in (candidates[:CANARIES], candidates[CANARIES:]):
        wanted = part if len(chosen) < CANARIES else []
        for row, found in zip(wanted, judge(fresh(subject), suite, [r.conversation for r in wanted]), strict=True):
            if len(chosen) < CANARIES and all(isinstance(score, ProbeScore) for j in found for score in j.scores):
                chosen.append(row)
                judged.append(found)
                advance(1)
    if not chosen:
        raise ProtocolError("no select row has all its scores, so that there are no canaries")
    return {**suite.write(), canary.FILE: canary.write(chosen, judged)}
