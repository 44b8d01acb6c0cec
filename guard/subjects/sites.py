"""Every place in a decoder that can be read: the blocks, and in them attention and feed-forward, found by watching a run."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import nn

from guard.errors import ScoringError, SubjectError
from guard.probes.activations import HookPoint
from guard.subjects.blocks import run_three
from guard.subjects.taps import hidden

_NEVER = re.compile(r"norm|drop|rotary|router|embed|^ln|layer$", re.IGNORECASE)
_ATTENTION = re.compile(r"attn|attention", re.IGNORECASE)
_FEED_FORWARD = re.compile(r"mlp|ffn|feed_?forward|moe|^ff$", re.IGNORECASE)
Inner = Literal["attn_out", "mlp_out"]


@dataclass(frozen=True, slots=True)
class Sites:
    """The places of a model."""

    modules: Mapping[HookPoint, nn.Module]
    """Whose output stands at which hook point."""
    width: int
    """Length of an activation vector, the same at all of them."""
    vocabulary: int
    """Rows of the embedding: ids below it are tokens of the model's."""
    overwritten: frozenset[HookPoint]
    """Where the model goes on to change an output in place, so that it must be copied when it is read."""


@dataclass(slots=True)
class _Watched:
    """A module that may be a place; what it does decides."""

    module: nn.Module
    depth: int = 0
    """In the block."""
    outputs: list[tuple[torch.Tensor, torch.Tensor] | None] = field(default_factory=list)
    """Of each call: hidden states, and a copy of them as they came out; None where there are none."""
    inputs: int = 0
    """Most hidden states that it was given in one call: two where the residual is added inside."""

    @property
    def width(self) -> int:
        """Length of an activation vector, if it ran once and put out hidden states of three tokens, else 0."""
        kept = self.outputs[0] if len(self.outputs) == 1 else None
        return kept[1].shape[2] if kept and kept[1].shape[:2] == (1, 3) else 0

    @property
    def overwritten(self) -> bool:
        """Whether the output was changed after it came out."""
        return any(kept is not None and not torch.equal(*kept) for kept in self.outputs)

    def listen(self) -> list[Any]:
        """Register hooks."""

        def before(_module: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any]) -> None:
            tensors = [one for one in (*inputs, *named.values()) if isinstance(one, torch.Tensor) and one.is_floating_point()]
            self.inputs = max(self.inputs, len({id(one) for one in tensors if one.ndim == 3 and one.shape[:2] == (1, 3)}))

        def after(_module: nn.Module, _inputs: Any, output: Any) -> None:
            self.outputs.append(None)
            with contextlib.suppress(ScoringError):
                found = hidden(output)
                self.outputs[-1] = (found, found.clone())

        return [
            self.module.register_forward_pre_hook(before, with_kwargs=True),
            self.module.register_forward_hook(after),
        ]


def find_sites(model: Any, blocks: Sequence[nn.Module]) -> Sites:
    """Find what can be read of a model, by letting it read three tokens.

    `attn_out` and `mlp_out` are the outputs of a block's attention and feed-forward as a whole, before they are scaled,
    normed or added to the residual stream by the block. A block in which there is not exactly one such module, or whose
    module adds the residual itself, does not have that site.

    Raises:
        SubjectError: A block does not put out hidden states of one width, once.
    """
    watched = [_Watched(block) for block in blocks]
    inner = [_inner(block) for block in blocks]
    everything = [*watched, *(one for kinds in inner for found in kinds.values() for one in found)]
    handles = [handle for one in everything for handle in one.listen()]
    try:
        run_three(model)
    finally:
        for handle in handles:
            handle.remove()
    width = watched[0].width
    if not width or any(one.width != width for one in watched):
        raise SubjectError("the model does not run its blocks once each, with hidden states of one width")
    places = {HookPoint(layer): one for layer, one in enumerate(watched)}
    for layer, kinds in enumerate(inner):
        for site, found in kinds.items():
            ran = [one for one in found if one.outputs]
            whole = [one for one in ran if one.depth == min(other.depth for other in ran)]
            if len(whole) == 1 and whole[0].width == width and whole[0].inputs == 1:
                places[HookPoint(layer, site)] = whole[0]
    return Sites(
        {point: one.module for point, one in sorted(places.items())},
        width,
        int(model.get_input_embeddings().weight.shape[0]),
        frozenset(point for point, one in places.items() if one.overwritten),
    )


def _inner(block: nn.Module) -> dict[Inner, list[_Watched]]:
    """List a block's modules that are an attention or a feed-forward by their names."""
    found: dict[Inner, list[_Watched]] = {"attn_out": [], "mlp_out": []}
    for path, module in block.named_modules():
        kind = _kind(path.rpartition(".")[2], type(module).__name__) if path else None
        if kind:
            found[kind].append(_Watched(module, path.count(".")))
    return found


def _kind(name: str, of_class: str) -> Inner | None:
    """Return what a module is by its attribute's name, or else by its class's."""
    if _NEVER.search(name) or _NEVER.search(of_class):
        return None
    for word in (name, of_class):
        if _ATTENTION.search(word):
            return "attn_out"
        if _FEED_FORWARD.search(word):
            return "mlp_out"
    return None
