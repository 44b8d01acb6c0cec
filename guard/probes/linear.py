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
    """All probes of several monitors: one matrix product over everything that was captured of a token."""

    def __init__(self, monitors: Sequence[Sequence[LinearProbe]]) -> None:
        """Fold the probes; a monitor with several of them takes the mean of their logits."""
        widths = {probe.hook_point: probe.width for probes in monitors for probe in probes}
        self._widths = dict(sorted(widths.items()))
        ends = np.cumsum([0, *self._widths.values()])
        begin = dict(zip(self._widths, ends.tolist(), strict=False))
        weight, bias = np.zeros((len(monitors), int(ends[-1]))), np.zeros(len(monitors))
        for index, probes in enumerate(monitors):
            for probe in probes:
                own, offset = probe.folded()
                weight[index, begin[probe.hook_point] :][: probe.width] += own / len(probes)
                bias[index] += offset / len(probes)
        on_host = (torch.tensor(weight, dtype=torch.float32), torch.tensor(bias, dtype=torch.float32))
        self._maps = {torch.device("cpu"): on_host}

    def __len__(self) -> int:
        """Count the monitors."""
        return len(self._maps[torch.device("cpu")][1])

    @property
    def hook_points(self) -> tuple[HookPoint, ...]:
        """Everything that must be captured, sorted."""
        return tuple(self._widths)

    def scores(self, values: Mapping[HookPoint, torch.Tensor]) -> torch.Tensor:
        """Score every token where its activations are: nothing moves to the host, and nothing waits for the device.

        A hook point that is not finite makes every score of that token so.

        Args:
            values: Per hook point (tokens, width), all on one device.

        Returns:
            (tokens, monitors), float32, on that device.

        Raises:
            ScoringError: A hook point is missing, or has another width than the probes.
        """
        for point, width in self._widths.items():
            if point not in values or values[point].shape[-1] != width:
                raise ScoringError(f"no activations of the right width at {point}")
        found = [values[point] for point in self._widths]
        if not found:
            tokens = next((value.shape[0] for value in values.values()), 0)
            return torch.zeros(tokens, len(self))
        device = found[0].device
        if device not in self._maps:
            weight, bias = self._maps[torch.device("cpu")]
            self._maps[device] = (weight.to(device), bias.to(device))
        joined = found[0] if len(found) == 1 else torch.cat(found, dim=-1)
        return torch.nn.functional.linear(joined.float(), *self._maps[device])

    def logits(self, values: Mapping[HookPoint, torch.Tensor]) -> NDArray[np.float64]:
        """Score every token and bring the scores, and nothing else, to the host; (tokens, monitors).

        Raises:
            ScoringError: As `scores`.
        """
        return np.asarray(self.scores(values).cpu().numpy(), dtype=np.float64)
