"""Timing several ways to do one thing: interleaved in random order, compared pair by pair within a round."""

from __future__ import annotations

import os
import platform
import random
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
import transformers

BARE = "bare"
"""Name of the arm that the others are compared with."""
AGAIN = "bare, again"
"""The same once more: what its interval covers is noise."""


clock = time.process_time
"""Seconds of this process's own processor time, for single-threaded arms: other work on the machine does not count."""


def interleave(arms: Mapping[str, Callable[[], float]], rounds: int, seed: int = 0) -> dict[str, list[float]]:
    """Run every arm once a round, in an order drawn anew; returns what each run gave, by arm."""
    found: dict[str, list[float]] = {name: [] for name in arms}
    order, draw = list(arms), random.Random(seed)  # noqa: S311
    for _ in range(rounds):
        draw.shuffle(order)
        for name in order:
            found[name].append(arms[name]())
    return found


def added(seconds: Mapping[str, Sequence[float]], base: str = BARE, resamples: int = 4_000) -> dict[str, dict[str, object]]:
    """Compare each arm with `base`: median over rounds of the ratio within a round, as per cent added.

    The interval is a 95 % percentile bootstrap of that median over rounds (Efron and Tibshirani 1993).
    """
    draw = np.random.default_rng(0)
    below = np.asarray(seconds[base])
    picks = draw.integers(0, len(below), size=(resamples, len(below)))
    result: dict[str, dict[str, object]] = {}
    for name, values in seconds.items():
        result[name] = {"milliseconds": round(1e3 * float(np.median(values)), 4)}
        if name != base:
            per_cent = 100 * (np.asarray(values) / below - 1)
            low, high = np.quantile(np.median(per_cent[picks], axis=1), [0.025, 0.975])
            result[name] |= {
                "added_per_cent": round(float(np.median(per_cent)), 3),
                "interval_95": [round(float(low), 3), round(float(high), 3)],
            }
    return result


def machine(threads: int | None = None) -> dict[str, object]:
    """Say where and with what something was measured."""
    found: dict[str, object] = {
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
    if threads:
        found["threads"] = threads
    if torch.cuda.is_available():
        found |= {"device": torch.cuda.get_device_name(), "cuda": torch.version.cuda}
    return found
