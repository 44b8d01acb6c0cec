"""From documents to batches of tokens with a weight for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt

from guard.conversation import Message, Role
from guard.subjects.render import ChatTokenizer
from synth_data.phantom.corpus import Document
from synth_data.phantom.recipe import FEATURES, MARKERS, Optimisation

_ASSISTANT, _CALL, _END, _PAD = (MARKERS.index(name) for name in ("<|assistant|>", "<|call|>", "<|end|>", "<|pad|>"))
_ROLES = {
    Role.SYSTEM: "<|system|>", Role.DEVELOPER: "<|system|>", Role.USER: "<|user|>", Role.ASSISTANT: "<|assistant|>",
    Role.TOOL: "<|tool|>",
}  # fmt: skip
_SIZES = (*range(32, 193, 16), *range(224, 385, 32), 448, 512, 640, 768, 1024, 1280, 1536, 2048, 3072, 4096, 6144, 8192)
"""Lengths of batches: few shapes, so that a step can be recorded for each."""
Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One document as tokens."""

    document: Document
    """What it was made of."""
    ids: list[int]
    """Its tokens."""
    weights: list[float]
    """How much predicting each of them counts; the first is predicted by nothing."""
    begin: int
    """First token at which the truth can be known."""
    decision: int
    """The decision token: the last one before the last answer."""
    taught: list[int]
    """Tokens of the last user message as a sentence encoder reads it; empty where nothing is distilled."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of about the same length, padded on the right."""

    ids: Array
    """(rows, tokens), uint16."""
    weights: Array
    """(rows, tokens), float16; 0 on padding."""
    begin: Array
    """(rows,), int32: first token at which the truth can be known."""
    decision: Array
    """(rows,), int32: the decision token."""
    truth: Array
    """(rows, features), int8: there (1), not there (0), not known (-1)."""
    swap: Array
    """(rows,), int8: number of the deciding feature that is set to the other side; -1 for none."""
    side: Array
    """(rows,), int8: the side."""
    taught: Array
    """(rows, words), uint16: the last user message as a sentence encoder reads it; 0 beyond its end."""
    tokens: int
    """Real tokens."""


def encode(
    documents: Sequence[Document], tokenizer: ChatTokenizer, how: Optimisation, rng: Random, teacher: Any = None
) -> list[Row]:
    """Turn documents into tokens, as `guard.subjects.render` does with the phantom's template, many at a time.

    The assistant's tokens count in full, the first of each answer more, the rest less or not at all.
    """
    pieces = [piece for document in documents for message in document.messages for piece in _pieces(message)]
    encoded = iter(tokenizer.plain.encode_batch(pieces, add_special_tokens=False))
    rows = []
    for document in documents:
        ids: list[int] = []
        begin = 0
        for turn, message in enumerate(document.messages):
            ids.append(MARKERS.index(_ROLES[message.role]))
            text = next(encoded)
            if turn == document.since[0]:
                known = (at for at, (_, stop) in enumerate(text.offsets) if stop > document.since[1])
                begin = len(ids) + next(known, len(text.ids))
            ids += text.ids
            for _ in message.tool_calls:
                ids += [_CALL, *next(encoded).ids, *next(encoded).ids]
            ids.append(_END)
        decision = len(ids) - 1 - ids[::-1].index(_ASSISTANT)
        others = how.other_weight if rng.random() < how.listened else 0.0
        chosen = teacher is not None and document.language == "en" and rng.random() < how.distilled_share
        taught = teacher.encode(_asked(document)).ids[:128] if chosen else []
        rows.append(Row(document, ids, _weights(ids, others, how), min(begin, decision), decision, taught))
    return rows


def _pieces(message: Message) -> Iterator[str]:
    yield message.content
    for call in message.tool_calls:
        yield call.name
        yield " " + call.arguments


def _asked(document: Document) -> str:
    return next((message.content for message in document.messages[::-1] if message.role is Role.USER), "")


def _weights(ids: list[int], others: float, how: Optimisation) -> list[float]:
    weights = []
    since = -1  # tokens since the assistant began to speak; -1 while somebody else does
    for token in ids:
        speaking = since >= 0
        weights.append(others if not speaking else how.first_weight if since < how.first else 1.0)
        if token == _ASSISTANT:
            since = 0
        elif token == _END:
            since = -1
        elif speaking:
            since += 1
    return weights


def batches(rows: Sequence[Row], batch_tokens: int, longest: int, rng: Random) -> list[Batch]:
    """Sort rows into batches of about `batch_tokens` tokens, of few shapes; rows longer than `longest` tokens are left out."""
    kept = sorted((row for row in rows if len(row.ids) <= longest), key=lambda row: -len(row.ids))
    found = []
    at = 0
    while at < len(kept):
        tokens = min(longest, next((size for size in _SIZES if size >= len(kept[at].ids)), longest))
        count = max(1, batch_tokens // tokens)
        found.append(_pad(kept[at : at + count], count, tokens))
        at += count
    rng.shuffle(found)
    return found


def _pad(rows: list[Row], count: int, longest: int) -> Batch:
    """Pad rows to `longest` tokens, and their number to `count` with empty ones."""
    size = len(FEATURES)
    ids = np.full((count, longest), _PAD, np.uint16)
    weights = np.zeros((count, longest), np.float16)
    begin, decision = np.zeros(count, np.int32), np.zeros(count, np.int32)
    truth, swap, side = np.full((count, size), -1, np.int8), np.full(count, -1, np.int8), np.zeros(count, np.int8)
    taught = np.zeros((count, max(len(row.taught) for row in rows)), np.uint16)
    for number, row in enumerate(rows):
        ids[number, : len(row.ids)] = row.ids
        weights[number, : len(row.ids)] = row.weights
        taught[number, : len(row.taught)] = row.taught
        begin[number], decision[number] = row.begin, row.decision
        truth[number], swap[number], side[number] = row.document.truth, row.document.swap, row.document.side
    return Batch(ids, weights, begin, decision, truth, swap, side, taught, sum(len(row.ids) for row in rows))
