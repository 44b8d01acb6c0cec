"""A causal language model as a subject: rendering, reading, and one step of generation."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

import torch
from torch import nn

from guard.certificate import SubjectBinding
from guard.conversation import Conversation
from guard.errors import ScoringError
from guard.probes.activations import Activations, HookPoint, Rendered
from guard.subjects.render import ChatTokenizer, render
from guard.subjects.taps import tapped


@dataclass(frozen=True, slots=True)
class Forward:
    """What one forward pass gives."""

    values: dict[HookPoint, torch.Tensor]
    """Per hook point (tokens, width)."""
    logits: torch.Tensor
    """(vocabulary,), after the last token."""
    cache: Any
    """Keys and values of everything fed so far; the library's own type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CausalSubject:
    """A loaded model. Its forward passes are serialised: hooks of two passes must not see each other's tensors."""

    binding: SubjectBinding
    """What a certificate says of it."""
    tokenizer: ChatTokenizer
    """Its tokenizer and chat template."""
    model: Any
    """The causal language model, in evaluation mode."""
    blocks: tuple[nn.Module, ...]
    """Its decoder blocks, in order."""
    system: str | None
    """The guard's system prompt."""
    stop_ids: frozenset[int]
    """Tokens that end an answer."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def context(self) -> int:
        """Longest row in tokens."""
        return self.binding.context

    @property
    def width(self) -> int:
        """Length of an activation vector."""
        return int(self.model.config.get_text_config().hidden_size)

    def render(self, conversation: Conversation, turn: int) -> Rendered:
        """Return the tokens up to message `turn`, the guard's system prompt first.

        Raises:
            ScoringError: The template refuses the conversation or leaves a text of it out.
        """
        return render(self.tokenizer, conversation, turn, self.system)

    def capture(
        self, rows: Sequence[Sequence[int]], hook_points: Sequence[HookPoint], positions: Sequence[Sequence[int]]
    ) -> dict[HookPoint, Activations]:
        """Read activations of token rows in one forward pass, padded on the right and masked.

        Args:
            rows: Token ids, each at most `context` long.
            hook_points: Where in the model.
            positions: Per row, the indices of the tokens that are read.

        Returns:
            Per hook point (rows, most positions of any row, width) and which of them are real.

        Raises:
            ScoringError: A row is too long, a position is outside its row, or a hook did not fire.
        """
        lengths = [len(row) for row in rows]
        if not rows or min(lengths) < 1 or max(lengths) > self.context:
            raise ScoringError(f"rows must have 1 to {self.context} tokens")
        if any(not 0 <= at < length for length, chosen in zip(lengths, positions, strict=True) for at in chosen):
            raise ScoringError("a position lies outside its row")
        ids, mask = _pad(rows)
        index, real = _pad(positions)
        with self._lock, torch.inference_mode(), tapped(self.blocks, hook_points) as taps:
            self.model.base_model(
                input_ids=ids.to(self.model.device), attention_mask=mask.long().to(self.model.device), use_cache=False
            )
            seen = taps.take()
            numbers = torch.arange(len(rows)).unsqueeze(1)
            return {point: Activations(seen[point][numbers, index].float(), real) for point in hook_points}

    def forward(self, ids: Sequence[int], hook_points: Sequence[HookPoint], cache: Any = None) -> Forward:
        """Feed the next tokens of one row.

        Args:
            ids: New tokens.
            hook_points: Where in the model they are read.
            cache: From the call before; None at the beginning.

        Raises:
            ScoringError: A hook did not fire, or it did not see exactly the new tokens.
        """
        known = signature(self.model.forward).parameters
        # Renamed in transformers 5.24.
        memory = "cache" if "cache" in known else "past_key_values"
        options = {memory: cache} | ({"logits_to_keep": 1} if "logits_to_keep" in known else {})
        with self._lock, torch.inference_mode(), tapped(self.blocks, hook_points) as taps:
            output = self.model(
                input_ids=torch.tensor([list(ids)], device=self.model.device),
                use_cache=True,
                **options,
            )
            values = {point: value[0] for point, value in taps.take().items()}
        if any(value.shape[0] != len(ids) for value in values.values()):
            raise ScoringError("a hook did not see the tokens that were fed")
        return Forward(values, output.logits[0, -1].float(), getattr(output, memory))


def _pad(rows: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (rows, longest) with zeros on the right, and which entries are real."""
    longest = max(1, *(len(row) for row in rows)) if len(rows) > 1 else max(1, len(rows[0]))
    values = torch.zeros(len(rows), longest, dtype=torch.long)
    real = torch.zeros(len(rows), longest, dtype=torch.bool)
    for number, row in enumerate(rows):
        values[number, : len(row)] = torch.tensor(list(row), dtype=torch.long)
        real[number, : len(row)] = True
    return values, real
