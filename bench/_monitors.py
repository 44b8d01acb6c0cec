"""Random monitors: what they say does not matter where only their cost is measured."""

from __future__ import annotations

import numpy as np

from guard.probes.activations import HookPoint
from guard.probes.linear import LinearProbe, Stack


def layers_of(blocks: int, count: int) -> list[int]:
    """Return `count` blocks spread over the upper middle of a model, where monitors read."""
    return sorted({int(at) for at in np.linspace(0.4 * blocks, 0.8 * blocks, count)})


def probe(layer: int, width: int, seed: int) -> LinearProbe:
    """Return a random probe."""
    draw = np.random.default_rng(seed)
    weight = draw.normal(size=width).astype(np.float32)
    return LinearProbe(HookPoint(layer), weight, 0.0, np.zeros(width, np.float32), np.ones(width, np.float32))


def stack(monitors: int, layers: list[int], width: int) -> Stack:
    """Return monitors that read one block each, all `layers` in turn."""
    return Stack([(probe(layers[index % len(layers)], width, index),) for index in range(monitors)])
