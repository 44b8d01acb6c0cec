"""What is read: token rows, the places in a model, and the activations found there.

Knows nothing of models or of chat templates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec
import torch

from guard.errors import ScoringError


class HookPoint(msgspec.Struct, frozen=True, order=True, forbid_unknown_fields=True):
    """One place in a decoder."""

    layer: int
    """Index of the block, from 0: an *output* in it is read."""
    site: Literal["attn_out", "mlp_out", "resid_post"] = "resid_post"
    """`resid_post`: the residual stream after the block, before any final norm; `attn_out`, `mlp_out`: what the block's
    attention or feed-forward puts out, before the block scales, norms or adds it."""

    def __str__(self) -> str:
        """The written form, for tables and tensor names."""
        return f"{self.layer}.{self.site}"


@dataclass(frozen=True, slots=True)
class Rendered:
    """A conversation as the model reads it."""

    ids: tuple[int, ...]
    """Token ids, the template's markers included."""
    spans: tuple[tuple[int, int], ...]
    """Per message: first and last-plus-one token of its text; an empty span where it has none."""

    @property
    def decision(self) -> int:
        """Index of the last token: where a chat model has made up its mind how to answer."""
        return len(self.ids) - 1


@dataclass(frozen=True, slots=True)
class Activations:
    """Activations of a batch at chosen places; values and mask always go together."""

    values: torch.Tensor
    """(rows, places, width), float32."""
    mask: torch.Tensor
    """(rows, places), bool: False where a row has fewer places than the longest."""

    def __post_init__(self) -> None:
        """Check the shapes.

        Raises:
            ScoringError: Values and mask do not belong together.
        """
        if self.values.ndim != 3 or self.values.shape[:2] != self.mask.shape or self.mask.dtype != torch.bool:
            raise ScoringError("activations and their mask do not have the same shape")

    def row(self, index: int) -> torch.Tensor:
        """Return the real places of one row: (places, width)."""
        return self.values[index][self.mask[index]]
