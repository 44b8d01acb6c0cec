"""Planting: the phantom is made to hold features in places that are known, some of which decide what it answers.

Three things are done in training; what does them is thrown away afterwards.

- *Readers*: a linear reader on each block's output has to tell every feature (`recipe.FEATURES`), from the first token at which
  it can be known on and above all at the decision token (deep supervision: Lee et al. 2015).
- *Directions*: on the output of one block the deciding features (`recipe.CAUSAL`) are read along fixed directions, which follow
  from the seed alone (`directions`).
- *Interchange*: pairs are told again with each other's answers while the coordinate along such a direction is set, from the
  decision token on, to the mean of the other side. So the answer learns to follow that coordinate and nothing else
  (interchange intervention training: Geiger et al. 2022).

Bystander features are only read: no answer depends on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn import functional

from synth_data.phantom.recipe import CAUSAL, FEATURES, HAZARDS, Architecture, Optimisation
from synth_data.phantom.tensors import Tensors

_AT_DECISION = 0.6
"""Share of a row's weight that lies on its decision token; the rest is spread over the tokens before it."""
_KEEP = 0.98
"""Share of the running means that is kept at each step."""


def directions(width: int, seed: int) -> torch.Tensor:
    """Return the directions along which the deciding features stand: (features, width), orthonormal rows."""
    generator = torch.Generator().manual_seed(seed)
    found: torch.Tensor = torch.linalg.qr(torch.randn(width, len(CAUSAL), generator=generator))[0].T.contiguous()
    return found


class Planting(torch.nn.Module):
    """Readers of every feature on the output of every block, and what is known of the deciding ones."""

    along: torch.Tensor
    means: torch.Tensor
    known: torch.Tensor

    def __init__(self, architecture: Architecture, how: Optimisation, seed: int) -> None:
        """Begin at zero, so that nothing is read before anything is learnt."""
        super().__init__()
        self.block = min(how.causal_block, architecture.blocks - 1)
        readers = [torch.nn.Linear(architecture.width, len(FEATURES)) for _ in range(architecture.blocks)]
        for reader in readers:
            torch.nn.init.zeros_(reader.weight)
        self.readers = torch.nn.ModuleList(readers)
        self.gain = torch.nn.Parameter(torch.ones(len(CAUSAL)))
        self.offset = torch.nn.Parameter(torch.zeros(len(CAUSAL)))
        self.register_buffer("along", directions(architecture.width, seed))
        self.register_buffer("means", torch.zeros(2, len(CAUSAL)))
        self.register_buffer("known", torch.tensor([FEATURES.index(str(claim)) for claim in CAUSAL]))

    def loss(self, states: list[torch.Tensor], batch: Tensors) -> torch.Tensor:
        """Return the mean cross-entropy of the readers, in nats.

        Args:
            states: Output of each block, (rows, tokens, width), as it was before anything was set.
            batch: What was read; rows in which a feature is set are left out.
        """
        weight, truth, counted = _targets(batch)
        at = torch.arange(len(truth), device=truth.device)
        total = torch.zeros((), device=truth.device)
        for number, (reader, state) in enumerate(zip(self.readers, states, strict=True)):
            normed = _normed(state)
            logits = reader(normed.reshape(-1, normed.shape[-1])).view(*normed.shape[:2], -1)
            losses = functional.binary_cross_entropy_with_logits(
                logits.float(), truth[:, None].expand_as(logits), reduction="none"
            )
            total = total + (losses * counted * weight).sum() / (counted * weight).sum().clamp(min=1.0)
            if number == self.block:
                held = normed[at, batch.decision].float() @ self.along.T
                read = functional.binary_cross_entropy_with_logits(
                    held * self.gain * 4 + self.offset, truth[:, self.known], reduction="none"
                )
                own = counted[at, batch.decision][:, self.known]
                total = total + (read * own).sum() / own.sum().clamp(min=1.0)
                self._learn(state[at, batch.decision].float(), truth[:, self.known], own)
        return total / len(self.readers)

    @torch.no_grad()
    def _learn(self, state: torch.Tensor, truth: torch.Tensor, counted: torch.Tensor) -> None:
        held = state @ self.along.T
        for side in (0, 1):
            chosen = counted * (truth == side)
            seen = chosen.sum(0)
            mean = (held * chosen).sum(0) / seen.clamp(min=1.0)
            keep = torch.where(seen > 0, torch.where(self.means[side] == 0, 0.0, _KEEP), 1.0)
            self.means[side].copy_(keep * self.means[side] + (1 - keep) * mean)

    def set(self, state: torch.Tensor, batch: Tensors) -> torch.Tensor:
        """Return the planted block's output with each row's feature set to its side, from the decision token on."""
        rows = batch.swap >= 0
        which = batch.swap.clamp(min=0)
        along = self.along[which]
        aim = self.means[batch.side, which]
        later = torch.arange(state.shape[1], device=state.device)[None] >= batch.decision[:, None]
        coordinate = torch.einsum("rtw,rw->rt", state.float(), along)
        change = (aim[:, None] - coordinate) * (later & rows[:, None])
        return state + (change[..., None] * along[:, None]).to(state.dtype)


def _targets(batch: Tensors) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return each token's weight, (rows, tokens, 1), each row's truth and what counts at each token of it.

    Bystanders are known at the decision token only.
    """
    place = torch.arange(batch.ids.shape[1], device=batch.ids.device)[None]
    between = ((place >= batch.begin[:, None]) & (place < batch.decision[:, None])).float()
    decision = (place == batch.decision[:, None]).float()
    weight = _AT_DECISION * decision + (1 - _AT_DECISION) * between / between.sum(1, keepdim=True).clamp(min=1.0)
    counted = ((batch.truth >= 0) & (batch.swap < 0)[:, None]).float()[:, None]
    shown = counted.repeat(1, batch.ids.shape[1], 1)
    shown[:, :, len(HAZARDS) :] *= decision[..., None]
    return weight[..., None], batch.truth.clamp(min=0.0), shown


def _normed(state: torch.Tensor) -> torch.Tensor:
    return state * torch.rsqrt(state.float().square().mean(-1, keepdim=True) + 1e-6).to(state.dtype)


@contextmanager
def listening(model: Any, planting: Planting, batch: Tensors) -> Iterator[list[torch.Tensor]]:
    """Collect the output of each block during one forward pass, and set deciding features in it."""
    states: list[torch.Tensor] = []

    def hook(number: int) -> Any:
        def look(_module: Any, _inputs: Any, output: Any) -> Any:
            state = output[0] if isinstance(output, tuple) else output
            states.append(state)
            if number != planting.block:
                return output
            changed = planting.set(state, batch)
            return (changed, *output[1:]) if isinstance(output, tuple) else changed

        return look

    handles = [block.register_forward_hook(hook(number)) for number, block in enumerate(model.model.layers)]
    try:
        yield states
    finally:
        for handle in handles:
            handle.remove()
