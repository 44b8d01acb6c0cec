"""What listening costs: steps of the guard's own decoding loop with and without monitors.

    nice python bench/step_time.py [--subject phantom --subject smollm2] [--rounds 40] > bench/results/step_time.json

Every round lets each arm write the same answer, in random order: `transformers` alone, the guard's loop without a monitor
twice (the second is the noise floor), and with 1, 4 and 16 response monitors that read up to four blocks. One thread,
processor time; only ratios inside one run count. A subject that is not installed is left out, and the file says so.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from functools import partial
from inspect import signature
from typing import Any

import _arms
import _monitors
import torch

from guard.conversation import Conversation, Message, Role
from guard.errors import SubjectError
from guard.hazards import Claim
from guard.probes.aggregation import Aggregation
from guard.probes.monitor import Monitor
from guard.probes.suite import Suite
from guard.subjects.causal import CausalSubject
from guard.subjects.decode import generate
from guard.subjects.events import Sampling, Step
from guard.subjects.load import load

ASKED = Conversation((Message(Role.USER, "How do I store insulin while we travel?"),))
READERS = ((1, 1), (4, 4), (16, 4))
"""Monitors, and the blocks that they read."""
PLAIN = "transformers alone"


def suite(subject: CausalSubject, monitors: int, blocks: int) -> Suite:
    """Return random response monitors, each on one block."""
    layers = _monitors.layers_of(len(subject.blocks), blocks)
    return Suite.of(
        Monitor(
            Claim.parse(f"hazard_{index}@response"),
            (_monitors.probe(layers[index % len(layers)], subject.width, index),),
            Aggregation("rolling_max", window=8),
        )
        for index in range(monitors)
    )


def guarded(subject: CausalSubject, judges: Suite, tokens: int) -> float:
    """Let the guard's loop write an answer and return seconds a token, the first apart."""
    times = []
    for event in generate(subject, judges, ASKED, Sampling(max_tokens=tokens)):
        if isinstance(event, Step):
            times.append(_arms.clock())
    return (times[-1] - times[0]) / (len(times) - 1)


def plain(subject: CausalSubject, tokens: int) -> float:
    """Write the same answer with the model alone and return seconds a token, the first apart."""
    memory = "cache" if "cache" in signature(subject.model.forward).parameters else "past_key_values"
    ids, cache, times = torch.tensor([list(subject.render(ASKED, 0).ids)]), None, []
    with torch.inference_mode():
        for _ in range(tokens + 1):
            output = subject.model(input_ids=ids, use_cache=True, logits_to_keep=1, **{memory: cache})
            cache, ids = getattr(output, memory), output.logits[:, -1].argmax(dim=-1, keepdim=True)
            ids.item()
            times.append(_arms.clock())
    return (times[-1] - times[1]) / (len(times) - 2)


def measure(name: str, rounds: int) -> dict[str, Any]:
    """Time all arms on one subject."""
    subject = replace(load(name), stop_ids=frozenset())
    tokens = 48 if subject.width < 512 else 12
    nothing = Suite(())
    arms = {
        _arms.BARE: partial(guarded, subject, nothing, tokens),
        _arms.AGAIN: partial(guarded, subject, nothing, tokens),
        PLAIN: partial(plain, subject, tokens),
    } | {
        f"{monitors} on {min(blocks, len(subject.blocks))}": partial(guarded, subject, suite(subject, monitors, blocks), tokens)
        for monitors, blocks in READERS
    }
    for arm in arms.values():
        arm()
    return {"tokens": tokens, "rounds": rounds, "engine": subject.binding.engine} | {
        "steps": _arms.added(_arms.interleave(arms, rounds))
    }


def main() -> None:
    """Run the subjects and print JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--subject", action="append")
    options = parser.parse_args()
    torch.set_num_threads(1)
    result: dict[str, Any] = {"machine": _arms.machine(threads=1), "subjects": {}}
    for name in options.subject or ["phantom", "smollm2"]:
        try:
            result["subjects"][name] = measure(name, options.rounds)
        except SubjectError as error:
            result["subjects"][name] = {"left out": error.problem}
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
