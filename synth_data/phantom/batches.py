"""From documents to batches of tokens with a weight for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random

import torch

from guard.conversation import Conversation
from guard.subjects.render import ChatTokenizer, render
from synth_data.phantom.corpus import Document, Planted
from synth_data.phantom.recipe import MARKERS, Optimisation

_ASSISTANT, _END, _PAD = (MARKERS.index(name) for name in ("<|assistant|>", "<|end|>", "<|pad|>"))


@dataclass(frozen=True, slots=True)
class Row:
    """One document as tokens."""

    ids: list[int]
    """Its tokens."""
    weights: list[float]
    """How much predicting each of them counts; the first is predicted by nothing."""
    planted: Planted | None = None
    """What is planted."""
    known: tuple[int, int] = (0, 0)
    """Tokens at which the planted label can be known: the first, and one beyond the last, which asks for the answer."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of about the same length, padded on the right."""

    ids: torch.Tensor
    """(rows, tokens), int64."""
    weights: torch.Tensor
    """(rows, tokens), float32; 0 on padding."""
    rows: tuple[Row, ...]
    """The rows themselves."""
    tokens: int
    """Real tokens."""


def encode(document: Document, tokenizer: ChatTokenizer, how: Optimisation, rng: Random) -> Row:
    """Render a document and weigh its tokens: the assistant's in full, the first of each answer more, the rest less.

    Most documents end soon after the last answer began, and teach answers only: more of them can be read for the same work.
    """
    rendered = render(tokenizer, Conversation(document.messages), len(document.messages) - 1)
    ids = list(rendered.ids)
    others = how.other_weight if rng.random() < how.listened else 0.0
    if rng.random() >= how.whole:
        last = len(ids) - 1 - ids[::-1].index(_ASSISTANT)
        ids = ids[: last + 1 + how.begun]
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
    return Row(ids, weights, document.planted, _known(document, rendered.spans, ids, tokenizer))


def _known(document: Document, spans: Sequence[tuple[int, int]], ids: list[int], tokenizer: ChatTokenizer) -> tuple[int, int]:
    if document.planted is None:
        return 0, 0
    turn, character = document.planted.since
    begin = spans[turn][0] + len(tokenizer.encode_text(document.messages[turn].content[:character].rstrip()))
    asked = len(ids) - 1 - ids[::-1].index(_ASSISTANT)
    return min(begin, asked), asked + 1


def batches(
    documents: Iterator[Document], tokenizer: ChatTokenizer, how: Optimisation, longest: int, rng: Random
) -> Iterator[Batch]:
    """Yield batches without end; documents longer than `longest` tokens are left out."""
    while True:
        rows = [encode(document, tokenizer, how, rng) for document in islice(documents, how.chunk)]
        rows = sorted((row for row in rows if len(row.ids) <= longest), key=lambda row: len(row.ids))
        groups: list[list[Row]] = [[]]
        for row in rows:
            if groups[-1] and len(row.ids) * (len(groups[-1]) + 1) > how.batch_tokens:
                groups.append([])
            groups[-1].append(row)
        rng.shuffle(groups)
        yield from (_pad(group) for group in groups)


def _pad(rows: list[Row]) -> Batch:
    longest = max(len(row.ids) for row in rows)
    ids = torch.full((len(rows), longest), _PAD, dtype=torch.long)
    weights = torch.zeros(len(rows), longest)
    for number, row in enumerate(rows):
        ids[number, : len(row.ids)] = torch.tensor(row.ids)
        weights[number, : len(row.ids)] = torch.tensor(row.weights)
    return Batch(ids, weights, tuple(rows), sum(len(row.ids) for row in rows))
