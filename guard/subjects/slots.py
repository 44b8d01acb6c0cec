"""Keys and values of several rows in one memory, so that a model can feed a token of each in one pass.

A row stands in its slot from the beginning on; places that it has not reached are masked, and zero, since a masked number that
is not finite would spoil the sum all the same. No row is moved when another grows, comes or goes, but for the last one, which
takes the place of one that left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers.cache_utils import Cache, DynamicLayer

from guard.errors import ScoringError

_ROOM = 64
"""Places that a new memory has beyond what its first row needs."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a model remembers of one row."""

    layers: tuple[tuple[torch.Tensor, torch.Tensor], ...]
    """Per layer keys and values, each (heads, tokens, size)."""
    length: int
    """Tokens."""


def keep(memory: Any, row: int, length: int) -> Kept:
    """Return one row of a model's memory, without copying it; tokens stand at its beginning.

    Raises:
        ScoringError: The memory is not one of plain full attention, or holds fewer tokens.
    """
    layers = getattr(memory, "layers", None)
    if not layers or any(type(layer) is not DynamicLayer for layer in layers):
        raise ScoringError("the model does not keep plain keys and values")
    if any(layer.get_seq_length() < length for layer in layers):
        raise ScoringError("the model remembers fewer tokens than it was fed")
    return Kept(tuple((layer.keys[row, :, :length], layer.values[row, :, :length]) for layer in layers), length)


class Slots:
    """The memory of some rows; one thread uses it."""

    def __init__(self) -> None:
        """Begin without a row."""
        self.lengths: list[int] = []
        """Tokens of each row."""
        self._layers: tuple[_Layer, ...] = ()

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.lengths)

    @torch.inference_mode()
    def join(self, row: Kept) -> None:
        """Copy a row into the next slot."""
        if not self._layers:
            self._layers = tuple(_Layer(*pair) for pair in row.layers)
        for layer, pair in zip(self._layers, row.layers, strict=True):
            layer.fit(len(self) + 1, row.length + 1)
            layer.write(len(self), *pair)
        self.lengths.append(row.length)

    @torch.inference_mode()
    def take(self, slot: int) -> Kept:
        """Remove a row and return what is remembered of it; the last row moves into its slot."""
        length = self.lengths[slot]
        kept = Kept(tuple(layer.read(slot, length) for layer in self._layers), length)
        self.drop(slot)
        return kept

    @torch.inference_mode()
    def drop(self, slot: int) -> None:
        """Remove a row; the last row moves into its slot."""
        last = len(self) - 1
        if slot != last:
            for layer in self._layers:
                layer.move(last, slot)
        self.lengths[slot] = self.lengths[last]
        self.lengths.pop()
        if not self.lengths:
            self._layers = ()

    @torch.inference_mode()
    def memory(self, slots: Sequence[int]) -> Cache:
        """Return the memory of some rows as the library's own type, with room for one more token of each.

        A pass that feeds that token writes it; only `grow` says that it counts. A pass that failed can be done again.

        Args:
            slots: All of them from 0 on, or one.
        """
        width = max(self.lengths[slot] for slot in slots) + 1
        device = self._layers[0].device
        rows = torch.tensor(list(slots), device=device)
        ends = torch.tensor([self.lengths[slot] for slot in slots], device=device)
        for layer in self._layers:
            layer.fit(len(self), width)
            layer.show(slice(slots[0], slots[-1] + 1), width, rows, ends)
        return Cache(layers=list(self._layers))

    def grow(self, slots: Sequence[int]) -> None:
        """Count the token that was fed to some rows."""
        for slot in slots:
            self.lengths[slot] += 1


class _Layer(DynamicLayer):  # type: ignore[misc]  # the library has no types
    """One layer's keys and values; what a pass sees of them is set before it."""

    def __init__(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        super().__init__()
        room = keys.shape[1] + _ROOM
        self.keys, self.values = (one.new_zeros(1, one.shape[0], room, one.shape[2]) for one in (keys, values))
        self.dtype, self.device = keys.dtype, keys.device
        self.is_initialized = True
        self.show(slice(0, 0), 1, *(torch.empty(0, dtype=torch.long),) * 2)

    def fit(self, rows: int, tokens: int) -> None:
        """Make room: twice as much as there was, if there is too little."""
        had_rows, heads, had, _ = self.keys.shape
        if rows <= had_rows and tokens <= had:
            return
        shape = (max(rows, 2 * had_rows) if rows > had_rows else had_rows, heads, max(tokens, 2 * had) if tokens > had else had)
        self.keys, self.values = (_larger(one, shape) for one in (self.keys, self.values))

    def write(self, slot: int, keys: torch.Tensor, values: torch.Tensor) -> None:
        for whole, part in ((self.keys, keys), (self.values, values)):
            whole[slot, :, : part.shape[1]] = part
            whole[slot, :, part.shape[1] :] = 0

    def read(self, slot: int, length: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.keys[slot, :, :length].clone(), self.values[slot, :, :length].clone()

    def move(self, slot: int, to: int) -> None:
        self.keys[to] = self.keys[slot]
        self.values[to] = self.values[slot]

    def show(self, shown: slice, width: int, rows: torch.Tensor, ends: torch.Tensor) -> None:
        self._shown, self._width, self._rows, self._ends = shown, width, rows, ends

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_arguments: Any, **_named: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write the next token of each row that is shown; return all that is shown."""
        if key_states.shape[0] != len(self._ends) or key_states.shape[2] != 1:
            raise ScoringError("the model did not feed one token to each row")
        self.keys[self._rows, :, self._ends] = key_states[:, :, 0]
        self.values[self._rows, :, self._ends] = value_states[:, :, 0]
        return self.keys[self._shown, :, : self._width], self.values[self._shown, :, : self._width]

    def get_seq_length(self) -> int:
        """Return the tokens of the longest row that is shown."""
        return self._width - 1


def _larger(old: torch.Tensor, shape: tuple[int, int, int]) -> torch.Tensor:
    new = old.new_zeros(*shape, old.shape[3])
    new[: old.shape[0], :, : old.shape[2]] = old
    return new
