"""Linear probes: frozen numbers, applied as one affine map.

What is fitted offline is `((h - mean) / scale) . weight + bias`; what runs is the same map, folded once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from guard.errors import ScoringError, VerificationError
from guard.probes.activations import HookPoint

Vector = NDArray[np.float32]
"""(width,)"""


@dataclass(frozen=True, slots=True)
class LinearProbe:
    """A direction at one hook point, with the standardisation that it was fitted on."""

    hook_point: HookPoint
    """Where it reads."""
    weight: Vector
    """(width,), on standardised activations."""
    bias: float
    """Added to the dot product."""
    mean: Vector
    """(width,), subtracted first."""
    scale: Vector
    """(width,), divided by; positive."""

    def __post_init__(self) -> None:
        """Check shapes and numbers.

        Raises:
            VerificationError: A number is not finite, a scale is not positive, or shapes differ.
        """
        arrays = (self.weight, self.mean, self.scale)
        if any(array.dtype != np.float32 or array.ndim != 1 or array.shape != self.weight.shape for array in arrays):
            raise VerificationError(f"the probe at {self.hook_point} is not made of float32 vectors of one length")
        if not (np.isfinite(self.bias) and all(np.isfinite(array).all() for array in arrays)):
            raise VerificationError(f"the probe at {self.hook_point} holds a number that is not finite")
        if not (self.scale > 0).all():
            raise VerificationError(f"the probe at {self.hook_point} divides by a scale that is not positive")

    @property
    def width(self) -> int:
        """Length of the activations that it reads."""
        return int(self.weight.shape[0])

    def folded(self) -> tuple[NDArray[np.float64], float]:
        """Return (weight, bias) of the same map on raw activations."""
        weight = self.weight.astype(np.float64) / self.scale
        return weight, float(self.bias - weight @ self.mean.astype(np.float64))


class Stack:
    """All probes of several monitors, one matrix product per hook point."""

    def __init__(self, monitors: Sequence[Sequence[LinearProbe]]) -> None:
        """Fold the probes; a monitor with several of them takes the mean of their logits."""
        self._count = len(monitors)
        groups: dict[HookPoint, list[tuple[int, NDArray[np.float64], float]]] = {}
        for index, probes in enumerate(monitors):
            for probe in probes:
                weight, bias = probe.folded()
                groups.setdefault(probe.hook_point, []).append((index, weight / len(probes), bias / len(probes)))
        self._maps = {
            point: (
                torch.tensor([index for index, _, _ in rows]),
                torch.tensor(np.stack([weight for _, weight, _ in rows]), dtype=torch.float32),
                torch.tensor([bias for _, _, bias in rows], dtype=torch.float32),
            )
            for point, rows in sorted(groups.items())
        }

    @property
    def hook_points(self) -> tuple[HookPoint, ...]:
        """Everything that must be captured, sorted."""
        return tuple(self._maps)

    def logits(self, values: Mapping[HookPoint, torch.Tensor]) -> NDArray[np.float64]:
        """Score every token.

        Args:
            values: Per hook point (tokens, width).

        Returns:
            (tokens, monitors).

        Raises:
            ScoringError: A hook point is missing, or has another width than the probes.
        """
        total: torch.Tensor | None = None
        for point, (index, weight, bias) in self._maps.items():
            found = values.get(point)
            if found is None or found.shape[-1] != weight.shape[1]:
                raise ScoringError(f"no activations of the right width at {point}")
            part = torch.nn.functional.linear(found.float(), weight.to(found.device), bias.to(found.device)).cpu()
            if total is None:
                total = torch.zeros(part.shape[0], self._count, dtype=torch.float64)
            total[:, index] += part.double()
        if total is None:
            tokens = next((value.shape[0] for value in values.values()), 0)
            return np.zeros((tokens, 0))
        return np.asarray(total.numpy(), dtype=np.float64)
