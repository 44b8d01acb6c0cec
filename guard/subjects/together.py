"""Several rows in one forward pass: their prompts, then a token of each.

Rows are told apart by masks and positions alone, so that a model is tried out first: see `trial.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from guard.probes.activations import HookPoint
from guard.subjects.causal import CausalSubject
from guard.subjects.slots import Kept, Slots, keep


@dataclass(frozen=True, slots=True)
class Begun:
    """A prompt that was read."""

    values: dict[HookPoint, torch.Tensor]
    """Per hook point (tokens, width)."""
    logits: torch.Tensor
    """(vocabulary,), after its last token."""
    kept: Kept
    """What the model remembers of it."""


@dataclass(frozen=True, slots=True)
class Stepped:
    """What one more token of each row gives."""

    values: dict[HookPoint, torch.Tensor]
    """Per hook point (rows, width)."""
    logits: torch.Tensor
    """(rows, vocabulary)."""


def begin(subject: CausalSubject, rows: Sequence[Sequence[int]], hook_points: Sequence[HookPoint]) -> list[Begun]:
    """Read prompts in one pass, padded on the right and masked; one alone as `forward` reads it.

    Raises:
        ScoringError: A hook did not fire, or the model does not keep plain keys and values.
    """
    if len(rows) == 1:
        forward = subject.forward(rows[0], hook_points)
        return [Begun(forward.values, forward.logits, keep(forward.cache.memory, 0, forward.cache.length))]
    for row in rows:
        subject.require_known(row)
    device, lengths = subject.model.device, [len(row) for row in rows]
    longest = max(lengths)
    ids = torch.tensor([[*row, *[0] * (longest - len(row))] for row in rows], device=device)
    places = torch.arange(longest, device=device).expand(len(rows), -1)
    mask = (places < torch.tensor(lengths, device=device).unsqueeze(1)).long()
    ends = sorted({length - 1 for length in lengths})
    values, logits, memory = subject.run(ids, hook_points, places, mask=mask, keep=torch.tensor(ends, device=device))
    found = []
    for number, length in enumerate(lengths):
        at = ends.index(length - 1) if logits.shape[1] == len(ends) else length - 1
        own = {point: value[number, :length] for point, value in values.items()}
        found.append(Begun(own, logits[number, at].float(), keep(memory, number, length)))
    return found


def step(
    subject: CausalSubject, slots: Slots, which: Sequence[int], tokens: Sequence[int], hook_points: Sequence[HookPoint]
) -> Stepped:
    """Feed a token to each of some rows: to all of them, or to one.

    The caller says `slots.grow` when all that belongs to the step went well: until then it can be done again, with one row at
    a time, too.

    Raises:
        ScoringError: A hook did not fire, or a token is none of the model's.
    """
    subject.require_known(tokens)
    device = subject.model.device
    ends = torch.tensor([slots.lengths[slot] for slot in which], device=device).unsqueeze(1)
    mask = (torch.arange(max(slots.lengths[slot] for slot in which) + 1, device=device) <= ends).long()
    ids = torch.tensor(list(tokens), device=device).unsqueeze(1)
    values, logits, _ = subject.run(ids, hook_points, ends, memory=slots.memory(which), mask=mask)
    return Stepped({point: value[:, 0] for point, value in values.items()}, logits[:, -1].float())
