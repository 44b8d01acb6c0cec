"""Freezing a suite: the score margin of this set-up, and the canaries that will guard it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from guard.conversation import LabelledConversation
from guard.errors import ProtocolError
from guard.probes import canary
from guard.probes.judge import judge
from guard.probes.suite import Suite
from guard.progress import Phase, silent
from guard.scores import ProbeScore
from guard.subjects.causal import CausalSubject

CANARIES = 300
"""Conversations that are replayed wherever the certificate is used."""

MARGIN = 4.0
"""eps is so many times the largest difference that batching, padding and chunking made."""

SMALLEST = 1e-5
"""eps is at least this: float32 arithmetic differs by so much between processors."""

_COMPARED = 96


def ranked(rows: Sequence[LabelledConversation]) -> list[LabelledConversation]:
    """Return the rows that are judged before an answer, in an order that only their ids decide."""
    usable = [row for row in rows if row.conversation.judged() and not row.meta.written]
    return sorted(usable, key=lambda row: hashlib.sha256(row.id.encode()).digest())


def margin(subject: CausalSubject, suite: Suite, rows: Sequence[LabelledConversation]) -> float:
    """Return eps: `MARGIN` times the largest difference of a score between ways of batching the same conversations.

    Raises:
        ProtocolError: A conversation has no score, so that nothing can be compared.
    """
    conversations = [row.conversation for row in ranked(rows)[:_COMPARED]]
    ways = [judge(subject, suite, conversations, batch_tokens=tokens) for tokens in (1, 2_048, 16_384)]
    values = [
        [score.value for judged in way for j in judged for score in j.scores if isinstance(score, ProbeScore)] for way in ways
    ]
    if len({len(each) for each in values}) != 1 or not values[0]:
        raise ProtocolError("the select rows have conversations without a score")
    spread = max(max(each) - min(each) for each in zip(*values, strict=True))
    return float(max(MARGIN * spread, SMALLEST))


def freeze(
    subject: CausalSubject, suite: Suite, rows: Sequence[LabelledConversation], phase: Phase = silent
) -> dict[str, bytes]:
    """Return the files of the suite with its canaries, drawn from select rows.

    Raises:
        ProtocolError: No row has all its scores.
    """
    advance = phase("scoring canaries", CANARIES)
    chosen: list[LabelledConversation] = []
    judged = []
    candidates = ranked(rows)[: 2 * CANARIES]
    for row, found in zip(candidates, judge(subject, suite, [r.conversation for r in candidates]), strict=True):
        if len(chosen) < CANARIES and all(isinstance(score, ProbeScore) for j in found for score in j.scores):
            chosen.append(row)
            judged.append(found)
            advance(1)
    if not chosen:
        raise ProtocolError("no select row has all its scores, so that there are no canaries")
    return {**suite.write(), canary.FILE: canary.write(chosen, judged)}
