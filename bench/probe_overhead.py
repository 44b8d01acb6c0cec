"""What listening costs: decoding steps of the phantom with and without taps, interleaved in one run.

    python bench/probe_overhead.py [--rounds 40] [--subject phantom] > bench/results/probe_overhead.json

Each round decodes the same tokens in three arms, in random order: bare, bare again (the noise floor), and with the taps and
linear monitors of a suite of five. Only ratios inside one run count.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import time
from collections.abc import Sequence

import numpy as np
import torch

from guard.conversation import Conversation, Message, Role
from guard.hazards import Claim
from guard.probes.activations import HookPoint
from guard.probes.aggregation import Aggregation
from guard.probes.linear import LinearProbe, Stack
from guard.probes.monitor import Monitor
from guard.subjects.causal import CausalSubject
from guard.subjects.load import load

CLAIMS = (
    "missed_emergency@prompt", "clinical_misuse@prompt", "prompt_injection@prompt", "prompt_injection@context",
    "clinical_misuse@response",
)  # fmt: skip
STEPS = 48


def monitors(width: int, layers: int) -> list[Monitor]:
    """Return random monitors spread over the blocks: what they say does not matter here."""
    draw = np.random.default_rng(0)
    made = []
    for index, claim in enumerate(CLAIMS):
        weight = draw.normal(size=width).astype(np.float32)
        ones, zeros = np.ones(width, np.float32), np.zeros(width, np.float32)
        probe = LinearProbe(HookPoint(index % layers), weight, 0.0, zeros, ones)
        made.append(Monitor(Claim.parse(claim), (probe,), Aggregation("last")))
    return made


def decode(subject: CausalSubject, points: Sequence[HookPoint], stack: Stack | None) -> float:
    """Decode `STEPS` tokens greedily and return seconds per token."""
    conversation = Conversation((Message(Role.USER, "How do I store insulin while we travel?"),))
    forward = subject.forward(list(subject.render(conversation, 0).ids), points, None)
    began = time.perf_counter()
    for _ in range(STEPS):
        forward = subject.forward([int(forward.logits.argmax())], points, forward.cache)
        if stack is not None:
            stack.logits(forward.values)
    return (time.perf_counter() - began) / STEPS


def main() -> None:
    """Run the arms and print JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--subject", default="phantom")
    options = parser.parse_args()
    torch.set_num_threads(1)
    subject = load(options.subject)
    suite = monitors(subject.width, len(subject.blocks))
    stack = Stack([monitor.probes for monitor in suite])
    points = sorted({point for monitor in suite for point in monitor.hook_points})
    arms = {"bare": ((), None), "bare_again": ((), None), "monitored": (points, stack)}
    seconds: dict[str, list[float]] = {name: [] for name in arms}
    order, draw = list(arms), random.Random(0)  # noqa: S311
    for _ in range(options.rounds):
        draw.shuffle(order)
        for name in order:
            seconds[name].append(decode(subject, *arms[name]))
    rounds = range(options.rounds)
    ratio = {name: sorted(seconds[name][i] / seconds["bare"][i] for i in rounds) for name in ("bare_again", "monitored")}
    result = {
        "subject": subject.binding.name,
        "monitors": len(suite),
        "rounds": options.rounds,
        "steps": STEPS,
        "milliseconds_per_token": {name: round(1e3 * statistics.median(each), 3) for name, each in seconds.items()},
        "ratio_to_bare": {
            name: {
                "median": round(statistics.median(each), 4),
                "middle_half": [round(each[len(each) // 4], 4), round(each[3 * len(each) // 4], 4)],
            }
            for name, each in ratio.items()
        },
        "engine": subject.binding.engine,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, one thread, load {os.getloadavg()[0]:.1f}",
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
