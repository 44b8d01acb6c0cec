"""Rows without a model: activations are noise with a signal planted in the first coordinate."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from certify.dataset import TRIPLE
from certify.extract import Read
from guard.conversation import Fold, Kind, LabelledConversation
from guard.probes.activations import HookPoint

from .made_up import EMERGENCY, row

WIDTH = 6
POINTS = (HookPoint(0), HookPoint(1), HookPoint(2))
Signal = Callable[[LabelledConversation], Sequence[float]]
"""What is planted in the first coordinate of each of the three layers of a row."""


def fold_rows(fold: Fold, draws: int = 60, families: int = 4) -> list[LabelledConversation]:
    """Draws of one claim in several families, and as many ordinary conversations."""
    found = []
    for index in range(draws):
        draw = f"{fold}/{EMERGENCY}/en/upto1000/{index}"
        for kind in TRIPLE:
            labels = {EMERGENCY: int(kind is Kind.POSITIVE)}
            found.append(row(draw, kind, labels, fold=fold, family=f"f{index % families}"))
        found.append(row(f"{fold}/traffic/en/upto1000/{index}", Kind.TRAFFIC, {EMERGENCY: 0}, fold=fold, family="talk"))
    return found


def read_of(rows: Sequence[LabelledConversation], signal: Signal, seed: int) -> Read:
    """Noise at three layers, with a signal in each."""
    rng = np.random.default_rng(seed)
    at = {}
    for number, one in enumerate(rows):
        values = rng.normal(size=(1, 3, WIDTH)).astype(np.float32)
        values[0, :, 0] += np.asarray(signal(one), dtype=np.float32)
        at[number, 0] = values
    return Read(tuple(rows), POINTS, at, {})


def at_layer(layer: int, size: float = 4.0) -> Signal:
    """A signal at one layer that tells positives from everything else."""
    return lambda one: [size * (one.label(EMERGENCY) or 0) if index == layer else 0.0 for index in range(3)]
