"""Muon: momentum whose updates are made orthogonal (Jordan et al. 2024), for all matrices of one shape at a time.

torch has it too; many small matrices, one after another, would leave a GPU idle most of the time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch

_COEFFICIENTS = 3.4445, -4.7750, 2.0315
_STEPS = 5


class Muon(torch.optim.Optimizer):
    """For weight matrices that map hidden states to hidden states."""

    def __init__(
        self, matrices: Iterable[torch.Tensor], lr: float | torch.Tensor, decay: float, momentum: float = 0.95
    ) -> None:
        """Group the matrices by shape."""
        super().__init__(list(matrices), {"lr": lr, "decay": decay, "momentum": momentum})
        self._moved: dict[torch.Size, torch.Tensor] = {}

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Move every matrix once."""
        for group in self.param_groups:
            shapes: dict[torch.Size, list[torch.Tensor]] = defaultdict(list)
            for matrix in group["params"]:
                shapes[matrix.shape].append(matrix)
            for shape, matrices in shapes.items():
                slope = torch.stack([matrix.grad for matrix in matrices if matrix.grad is not None])
                moved = self._moved.setdefault(shape, torch.zeros_like(slope))
                moved.lerp_(slope, 1 - group["momentum"])
                update = orthogonal(slope.lerp(moved, group["momentum"]))
                rate = group["lr"] * max(1.0, shape[0] / shape[1]) ** 0.5
                torch._foreach_mul_(matrices, 1 - group["lr"] * group["decay"])
                torch._foreach_sub_(matrices, list((update.to(matrices[0].dtype) * rate).unbind()))


def orthogonal(matrices: torch.Tensor) -> torch.Tensor:
    """Return the nearest orthogonal matrices, about: (count, rows, columns), by Newton-Schulz steps in bfloat16."""
    a, b, c = _COEFFICIENTS
    turned = matrices.shape[-2] > matrices.shape[-1]
    value = matrices.bfloat16()
    value = value.mT if turned else value
    value = value / (value.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(_STEPS):
        gram = value @ value.mT
        value = a * value + (b * gram + c * gram @ gram) @ value
    found: torch.Tensor = value.mT if turned else value
    return found
