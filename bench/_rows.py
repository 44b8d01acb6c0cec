"""Rows of the generator, and probes fitted on them, for benches that need monitors which mean something."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import numpy as np

from certify.extract import Examples, Read, examples, read_rows, windows
from certify.fit import Setting, fit
from guard.conversation import Fold, Kind, LabelledConversation
from guard.hazards import Claim
from guard.probes.activations import HookPoint
from guard.probes.linear import LinearProbe
from guard.probes.reading import Places
from guard.subjects.causal import CausalSubject
from synth_data import draws

LANG = "en"
BUCKET = "upto1000"
SETTING = Setting("logistic", 0.01)


def middle(subject: CausalSubject) -> int:
    """Return the block at six tenths of the depth, where monitors read best on the models tried (`smollm2.md`: 18 of 30)."""
    return round(0.6 * len(subject.blocks))


def drawn(claim: Claim | None, number: int, fold: Fold, seed: bytes, bucket: str = BUCKET) -> Iterator[LabelledConversation]:
    """Yield the rows of `number` draws."""
    for index in range(number):
        yield from draws.draw(claim, LANG, bucket, index, seed, fold)


def mixture(claims: Sequence[Claim], number: int, fold: Fold, seed: bytes) -> list[LabelledConversation]:
    """Return draws of some claims and as many ordinary conversations: what a monitor is fitted on."""
    return [row for claim in (*claims, None) for row in drawn(claim, number, fold, seed)]


def positives(claim: Claim, fold: Fold, seed: bytes) -> Iterator[LabelledConversation]:
    """Yield positives without end."""
    for index in count():
        for row in draws.draw(claim, LANG, BUCKET, index, seed, fold):
            if row.meta.role is Kind.POSITIVE:
                yield row


def probes(
    subject: CausalSubject,
    claims: Sequence[Claim],
    rows: Sequence[LabelledConversation],
    places: Places,
    window: int = 16,
    chats: Sequence[LabelledConversation] = (),
) -> dict[Claim, LinearProbe]:
    """Fit one probe a claim: on the decision token, or on windows of the judged message's tokens.

    Args:
        subject: The model.
        claims: What the probes are of.
        rows: Labelled rows; the last judged turn of each is an example.
        places: What is read.
        window: Tokens of a window.
        chats: Long ordinary conversations, of which every turn is one more benign example.
    """
    point = HookPoint(middle(subject))
    read = read_rows(subject, rows, (point,), places)
    turns = read_rows(subject, chats, (point,), places).at.values()

    def given(read: Read, claim: Claim) -> Examples:
        return examples(read, claim) if places is Places.DECISION else windows(read, claim, window)

    found = {}
    for claim in claims:
        own = given(read, claim)
        if chats:
            own = _with_benign(own, [t[-1:] if places is Places.DECISION else _means(t[:-1], window) for t in turns])
        found[claim] = fit(SETTING, own, 0, point)
    return found


def _means(tokens: np.ndarray[Any, Any], window: int) -> np.ndarray[Any, Any]:
    starts = range(0, max(1, len(tokens) - window + 1), window)
    return np.stack([tokens[start : start + window].mean(axis=0) for start in starts])


def _with_benign(own: Examples, more: Sequence[np.ndarray[Any, Any]]) -> Examples:
    first = int(own.rows.max()) + 1
    return Examples(
        np.concatenate([own.values, *more]),
        np.concatenate([own.labels, np.zeros(sum(map(len, more)), dtype=np.bool_)]),
        np.concatenate([own.weights, *(np.full(len(m), 1 / len(m)) for m in more)]),
        np.concatenate([own.rows, *(np.full(len(m), first + n) for n, m in enumerate(more))]),
    )
