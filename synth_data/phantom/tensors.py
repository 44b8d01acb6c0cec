"""A batch on a device, in tensors whose shapes follow from the batch's alone: a step can be recorded once for each."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch

from synth_data.phantom.batches import Batch

PUPILS, WORDS = 32, 96
"""Most rows of a batch, and tokens of a message, that a sentence encoder reads."""


@dataclass(frozen=True, slots=True)
class Tensors:
    """A batch."""

    ids: torch.Tensor
    """(rows, tokens), int64."""
    aimed: torch.Tensor
    """(aims,), int64: places, in the flattened (rows, tokens - 1), whose next token is to be predicted."""
    weights: torch.Tensor
    """(aims,), float32: how much each counts."""
    begin: torch.Tensor
    """(rows,), int64: first token at which the truth can be known."""
    decision: torch.Tensor
    """(rows,), int64: the decision token."""
    truth: torch.Tensor
    """(rows, features), float32: 1, 0, or -1 where it is not known."""
    swap: torch.Tensor
    """(rows,), int64: number of the deciding feature that is set; -1 for none."""
    side: torch.Tensor
    """(rows,), int64: the side it is set to."""
    pupils: torch.Tensor
    """(32,), int64: rows that a sentence encoder reads; -1 for none."""
    taught: torch.Tensor
    """(32, 96), int64: what it reads; 0 beyond the end."""

    @classmethod
    def of(cls, batch: Batch, device: str, *, swapping: bool) -> Tensors:
        """Copy a batch; rows in which a feature is to be set teach no answer, and nothing is set, unless `swapping`.

        On a processor only the places that count are looked at; a GPU looks at all.
        """
        swap = batch.swap if swapping else np.full_like(batch.swap, -1)
        weights = (batch.weights[:, 1:] * (1.0 if swapping else (batch.swap < 0)[:, None])).reshape(-1)
        aimed = np.flatnonzero(weights) if device == "cpu" else np.arange(weights.size)
        rows = np.flatnonzero(batch.taught.any(1) & (swap < 0))[:PUPILS]
        pupils, taught = np.full(PUPILS, -1), np.zeros((PUPILS, WORDS), np.int64)
        pupils[: len(rows)] = rows
        words = batch.taught[rows, :WORDS]
        taught[: len(rows), : words.shape[1]] = words

        def put(array: Any, kind: type) -> torch.Tensor:
            there = torch.from_numpy(np.ascontiguousarray(array, dtype=kind))
            return there if device == "cpu" else there.pin_memory().to(device, non_blocking=True)

        whole, real = np.int64, np.float32
        return cls(
            put(batch.ids, whole), put(aimed, whole), put(weights[aimed], real), put(batch.begin, whole),
            put(batch.decision, whole), put(batch.truth, real), put(swap, whole), put(batch.side, whole),
            put(pupils, whole), put(taught, whole),
        )  # fmt: skip

    def copy(self, other: Tensors) -> None:
        """Take over another batch of the same shape."""
        for field in fields(self):
            getattr(self, field.name).copy_(getattr(other, field.name))
