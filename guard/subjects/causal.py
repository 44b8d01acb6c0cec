"""A causal language model as a subject: rendering, reading, and one step of generation."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

import torch
from torch import nn

from guard.binding import SubjectBinding
from guard.conversation import Conversation
from guard.errors import ScoringError, SubjectError
from guard.probes.activations import Activations, HookPoint, Rendered
from guard.probes.reading import BATCH_TOKENS, Places, Read, read_passes
from guard.subjects.render import ChatTokenizer, render
from guard.subjects.sites import Sites, find_sites
from guard.subjects.soundness import require_sound
from guard.subjects.taps import Ears, Taps, tapped

_MEMORIES = ("cache", "past_key_values", "cache_params", "state")
"""What models call their keys and values, newest name first."""


@dataclass(frozen=True, slots=True)
class Cache:
    """What a model remembers of one row."""

    memory: Any
    """Keys and values, or states; the library's own type. Feeding more tokens changes it in place."""
    length: int
    """Tokens fed so far."""


@dataclass(frozen=True, slots=True)
class Forward:
    """What one forward pass gives."""

    values: dict[HookPoint, torch.Tensor]
    """Per hook point (tokens, width)."""
    logits: torch.Tensor
    """(vocabulary,), after the last token."""
    cache: Cache
    """Of everything fed so far."""


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
    _sites: Sites = field(init=False, repr=False)
    _ears: Ears = field(init=False, repr=False)
    _memory: str = field(init=False, repr=False)
    _accepts: frozenset[str] = field(init=False, repr=False)
    _one_by_one: bool = field(default=False, init=False, repr=False)
    """Whether the model can go on from its cache with one token only."""

    def __post_init__(self) -> None:
        """Find every place that can be read, and try out what reading takes for granted.

        Raises:
            SubjectError: The model can't be hooked, or reads otherwise in one way than in another.
        """
        known = signature(self.model.forward).parameters
        memory = next((name for name in _MEMORIES if name in known), None)
        if memory is None:
            raise SubjectError("the model keeps nothing of what it has read", "use a decoder-only chat model")
        object.__setattr__(self, "_memory", memory)
        object.__setattr__(self, "_accepts", frozenset(known) & {"logits_to_keep", "position_ids"})
        sites = find_sites(self.model, self.blocks)
        object.__setattr__(self, "_sites", sites)
        object.__setattr__(self, "_ears", Ears(sites.modules, sites.overwritten))
        object.__setattr__(self, "_one_by_one", not require_sound(self, self.hook_points))

    @property
    def context(self) -> int:
        """Longest row in tokens."""
        return self.binding.context

    @property
    def layers(self) -> int:
        """Number of decoder blocks."""
        return len(self.blocks)

    @property
    def width(self) -> int:
        """Length of an activation vector."""
        return self._sites.width

    @property
    def hook_points(self) -> tuple[HookPoint, ...]:
        """Every place that can be read, sorted: each was seen to fire once when the model was loaded."""
        return tuple(self._sites.modules)

    def tapped(self, hook_points: Sequence[HookPoint], *, stop: bool = False) -> AbstractContextManager[Taps]:
        """Listen at hook points: see `tapped` in `taps`."""
        return tapped(self._sites.modules, hook_points, stop=stop, copied=self._sites.overwritten)

    def render(self, conversation: Conversation, turn: int) -> Rendered:
        """Return the tokens up to message `turn`, the guard's system prompt first.

        Raises:
            ScoringError: The template refuses the conversation or leaves a text of it out.
        """
        return render(self.tokenizer, conversation, turn, self.system)

    def read(
        self,
        conversations: Sequence[Conversation],
        hook_points: Sequence[HookPoint],
        *,
        places: Places,
        turns: Sequence[Sequence[int]] | None = None,
        batch_tokens: int = BATCH_TOKENS,
        anchor: str = "",
    ) -> Iterator[Read]:
        """Yield what is found at some places of conversations: see `read_passes`."""
        return read_passes(
            self, conversations, hook_points, places=places, turns=turns, batch_tokens=batch_tokens, anchor=anchor
        )

    def capture(
        self, rows: Sequence[Sequence[int]], hook_points: Sequence[HookPoint], positions: Sequence[Sequence[int]]
    ) -> dict[HookPoint, Activations]:
        """Read activations of token rows in one forward pass, padded on the right and masked.

        The pass ends at the last hook point: what comes after it is not computed. Activations stay on the model's device.

        Args:
            rows: Token ids, each at most `context` long.
            hook_points: Where in the model.
            positions: Per row, the indices of the tokens that are read.

        Returns:
            Per hook point (rows, most positions of any row, width) and which of them are real.

        Raises:
            ScoringError: A row is too long or holds no token of the model's, a position is outside its row, the model has
                no such place, or a hook did not see exactly these tokens.
        """
        lengths = [len(row) for row in rows]
        if not rows or min(lengths) < 1 or max(lengths) > self.context:
            raise ScoringError(f"rows must have 1 to {self.context} tokens")
        if any(not 0 <= at < length for length, chosen in zip(lengths, positions, strict=True) for at in chosen):
            raise ScoringError("a position lies outside its row")
        for row in rows:
            self.require_known(row)
        device = self.model.device
        ids, mask = (part.to(device) for part in _pad(rows))
        index, real = (part.to(device) for part in _pad(positions))
        numbers = torch.arange(len(rows), device=device).unsqueeze(1)
        with self._lock, torch.inference_mode():
            with self.tapped(hook_points, stop=True) as taps:
                if hook_points:
                    self.model.base_model(input_ids=ids, attention_mask=mask.long(), use_cache=False)
            seen = taps.take()
            if any(value.shape[:2] != ids.shape for value in seen.values()):
                raise ScoringError("a hook did not see the tokens that were fed")
            return {point: Activations(seen[point][numbers, index].float(), real) for point in hook_points}

    def forward(self, ids: Sequence[int], hook_points: Sequence[HookPoint], cache: Cache | None = None) -> Forward:
        """Feed the next tokens of one row.

        Args:
            ids: New tokens.
            hook_points: Where in the model they are read.
            cache: From the call before; None at the beginning. The call takes it over: it can't be used again.

        Raises:
            ScoringError: There is no token, or no such place, a hook did not fire, or it did not see exactly the new tokens.
        """
        if not ids:
            raise ScoringError("there is no token to read")
        self.require_known(ids)
        if cache is None or len(ids) == 1 or not self._one_by_one:
            return self._feed(ids, hook_points, cache)
        steps: list[Forward] = []
        for one in ids:
            steps.append(self._feed([one], hook_points, steps[-1].cache if steps else cache))
        values = {point: torch.cat([step.values[point] for step in steps]) for point in hook_points}
        return Forward(values, steps[-1].logits, steps[-1].cache)

    def run(
        self,
        ids: torch.Tensor,
        hook_points: Sequence[HookPoint],
        positions: torch.Tensor,
        *,
        memory: Any = None,
        mask: torch.Tensor | None = None,
        keep: int | torch.Tensor = 1,
    ) -> tuple[dict[HookPoint, torch.Tensor], torch.Tensor, Any]:
        """Let the model read tokens on top of what it remembers, which it changes in place.

        Args:
            ids: (rows, tokens), the model's own, on its device.
            hook_points: Where in the model they are read.
            positions: (rows, tokens), their places in the text; some models count for themselves.
            memory: The library's own type; None at the beginning.
            mask: (rows, tokens fed so far and now), 1 for what is real; None where all is.
            keep: How many of the last tokens logits are wanted for, or of which ones; a model may give those of all.

        Returns:
            Per hook point (rows, tokens, width); logits (rows, some tokens, vocabulary); the memory.

        Raises:
            ScoringError: A hook did not fire, or it did not see exactly these tokens.
        """
        options: dict[str, Any] = {self._memory: memory}
        if mask is not None:
            options["attention_mask"] = mask
        if "logits_to_keep" in self._accepts:
            options["logits_to_keep"] = keep
        if "position_ids" in self._accepts:
            # As the library's own generation does: some models do not count what is in their cache.
            options["position_ids"] = positions
        with self._lock, torch.inference_mode(), self._ears.listening(hook_points) as taps:
            output = self.model(input_ids=ids, use_cache=True, **options)
            values = taps.take()
        if any(value.shape[:2] != ids.shape for value in values.values()):
            raise ScoringError("a hook did not see the tokens that were fed")
        remembered = getattr(output, self._memory, None)
        if remembered is None:
            raise ScoringError("the model gives back nothing of what it has read")
        return values, output.logits, remembered

    def _feed(self, ids: Sequence[int], hook_points: Sequence[HookPoint], cache: Cache | None) -> Forward:
        device, past = self.model.device, cache.length if cache else 0
        positions = torch.arange(past, past + len(ids), device=device).unsqueeze(0)
        fed = torch.tensor([list(ids)], device=device)
        found, logits, memory = self.run(fed, hook_points, positions, memory=cache.memory if cache else None)
        values = {point: value[0] for point, value in found.items()}
        return Forward(values, logits[0, -1].float(), Cache(memory, past + len(ids)))

    def require_known(self, ids: Sequence[int]) -> None:
        """Refuse ids without an embedding: on an accelerator they would end the process.

        Raises:
            ScoringError: There is such an id.
        """
        if not 0 <= min(ids) <= max(ids) < self._sites.vocabulary:
            raise ScoringError("a token is none of the model's")


def _pad(rows: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (rows, longest) with zeros on the right, and which entries are real."""
    longest = max(1, *(len(row) for row in rows)) if len(rows) > 1 else max(1, len(rows[0]))
    values = torch.zeros(len(rows), longest, dtype=torch.long)
    real = torch.zeros(len(rows), longest, dtype=torch.bool)
    for number, row in enumerate(rows):
        values[number, : len(row)] = torch.tensor(list(row), dtype=torch.long)
        real[number, : len(row)] = True
    return values, real
