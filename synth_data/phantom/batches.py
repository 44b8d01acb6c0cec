"""From documents to batches of tokens with a weight for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random

import torch

from guard.conversation import Conversation
from guard.subjects.render import ChatTokenizer, render
from synth_data.phantom.corpus import Document
from synth_data.phantom.recipe import MARKERS, Optimisation

_ASSISTANT, _END, _PAD = (MARKERS.index(name) for name in ("<|assistant|>", "<|end|>", "<|pad|>"))


@dataclass(frozen=True, slots=True)
class Row:
    """One document as tokens."""

    ids: list[int]
    """Its tokens."""
    weights: list[float]
    """How much predicting each of them counts; the first is predicted by nothing."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of about the same length, padded on the right."""

    ids: torch.Tensor
    """(rows, tokens), int64."""
    weights: torch.Tensor
    """(rows, tokens), float32; 0 on padding."""
    tokens: int
    """Real tokens."""


def encode(document: Document, tokenizer: ChatTokenizer, how: Optimisation) -> Row:
    """Render a document and weigh its tokens: the assistant's in full, the first of each answer more, the rest less."""
    ids = list(render(tokenizer, Conversation(document.messages), len(document.messages) - 1).ids)
    weights = []
    since = -1  # tokens since the assistant began to speak; -1 while somebody else does
    for token in ids:
        speaking = since >= 0
        weights.append(how.other_weight if not speaking else how.first_weight if since < how.first else 1.0)
        if token == _ASSISTANT:
            since = 0
        elif token == _END:
            since = -1
        elif speaking:
            since += 1
    return Row(ids, weights)


def batches(
    documents: Iterator[Document], tokenizer: ChatTokenizer, how: Optimisation, longest: int, rng: Random
) -> Iterator[Batch]:
    """Yield batches without end; documents longer than `longest` tokens are left out."""
    while True:
        rows = [encode(document, tokenizer, how) for document in islice(documents, how.chunk)]
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
    return Batch(ids, weights, sum(len(row.ids) for row in rows))
