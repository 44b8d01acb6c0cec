"""What listening costs on a GPU: decoding steps of a random 8-billion-parameter model with and without taps and monitors.

    python bench/gpu_overhead.py [--out FILE] [--budget 330] [--tiny]

The model has the shape of Llama 3.1 8B and random weights in bfloat16: what it says is noise, what it costs is not. Every
round times each arm once, in random order, some steps at a time from the same cache of fixed shape; a step ends when its
token is on the host, as a server must have it. The taps and the stack of monitors are the guard's own. Scores stay on the
device until the host reads them, one step late. `eager` runs the model as it is; in `graph`, model, taps and monitors are
one CUDA graph. The naive arm copies the hidden states to the host at every step and scores them there.
`--tiny` tries it on a small model on any machine. What is done is written after every part, so that a cut run counts, too.
"""

from __future__ import annotations

import argparse
import json
import time
from functools import partial
from pathlib import Path
from typing import Any

import _arms
import _monitors
import numpy as np
import torch
from _gpu import Arm, Rig, build, wait

from guard.probes.linear import Stack
from guard.subjects.taps import tapped

SHAPE = {
    "vocab_size": 128_256, "hidden_size": 4_096, "intermediate_size": 14_336, "num_hidden_layers": 32,
    "num_attention_heads": 32, "num_key_value_heads": 8, "max_position_embeddings": 8_192,
}  # fmt: skip
"""Llama 3.1 8B."""
TINY = {
    "vocab_size": 512, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 6,
    "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 1_024,
}  # fmt: skip
READERS = ((1, 1), (4, 1), (16, 1), (4, 4), (16, 4))
"""Monitors, and the blocks that they read."""
MODES = ("eager", "graph")
CONTEXT = 512
"""Tokens of the prompt."""
STEPS = 8
"""Decoded in one visit of an arm."""
CAPTURES = 6
"""Of each arm, where it is a CUDA graph."""


def readers(model: Any) -> dict[str, Stack]:
    """Return the stacks that are tried, by name."""
    config = model.config
    return {
        f"{monitors} on {blocks}": _monitors.stack(
            monitors, _monitors.layers_of(config.num_hidden_layers, blocks), config.hidden_size
        )
        for monitors, blocks in READERS
    }


def check(rig: Rig, stacks: dict[str, Stack], *, graph: bool) -> dict[str, object]:
    """Compare logits with and without taps bit by bit, beside a control, and scores with those of the host.

    The control is two passes without taps: where the model's own arithmetic differs from run to run, taps can't be told apart.
    """
    bare = [_logits(rig, None)[0] for _ in range(6)]
    stack = list(stacks.values())[-1]
    tapped_runs = [_logits(rig, stack) for _ in range(6)]
    values, found = tapped_runs[-1][1], stack.scores(tapped_runs[-1][1]).cpu()
    result: dict[str, object] = {
        "passes_equal_bare_to_bare": sum(torch.equal(bare[0], other) for other in bare[1:]),
        "passes_equal_bare_to_tapped": sum(torch.equal(bare[0], other) for other, _ in tapped_runs[1:]),
        "of": 5,
        "logits_finite": bool(torch.isfinite(bare[0]).all()),
        "largest_logit_gap_bare_to_bare": max(float((bare[0] - other).abs().max()) for other in bare[1:]),
        "largest_logit_gap_bare_to_tapped": max(float((bare[0] - other).abs().max()) for other, _ in tapped_runs[1:]),
        "scores_apart_from_host": _apart(found, stack.scores({point: value.cpu() for point, value in values.items()})),
    }
    if graph:
        arm = Arm(rig, stack, graph=True)
        arm()
        result["scores_in_graph_apart_from_host"] = _apart(arm.last_scores, stack.scores(arm.last_values))
    return result


def _logits(rig: Rig, stack: Stack | None) -> tuple[torch.Tensor, Any]:
    rig.rewind()
    with tapped(rig.blocks, stack.hook_points if stack else ()) as taps:
        logits = rig.forward().clone()
        return logits, {point: value[:, -1].clone() for point, value in taps.take().items()}


def _apart(one: torch.Tensor, other: torch.Tensor) -> float:
    """Return the largest difference, relative to the score where it is larger than 1."""
    return float(((one - other).abs() / other.abs().clamp_min(1.0)).max())


def decode(rig: Rig, stacks: dict[str, Stack], rounds: int) -> dict[str, Any]:
    """Time all arms of one batch as the model runs by itself."""
    widest = list(stacks)[-1]
    arms = {_arms.BARE: Arm(rig), _arms.AGAIN: Arm(rig)} | {name: Arm(rig, stack) for name, stack in stacks.items()}
    arms[f"naive, {widest}"] = Arm(rig, stacks[widest], naive=True)
    for arm in arms.values():
        arm()
    return _arms.added(_arms.interleave(arms, rounds))


def replay(rig: Rig, stacks: dict[str, Stack], visits: int) -> dict[str, Any]:
    """Time all arms of one batch as CUDA graphs, each captured several times.

    Two captures of one thing differ by up to a per cent, for they lie elsewhere in memory: the capture is the unit of the
    bootstrap, not the visit.
    """
    widest = list(stacks)[-1]
    kinds: dict[str, dict[str, Any]] = {_arms.BARE: {}, _arms.AGAIN: {}}
    kinds |= {name: {"stack": stack} for name, stack in stacks.items()}
    kinds[f"naive, {widest}"] = {"stack": stacks[widest], "naive": True}
    # Captured in turn, so that no arm has the first memory to itself.
    arms = {f"{name}#{n}": Arm(rig, graph=True, **how) for n in range(CAPTURES) for name, how in kinds.items()}
    for arm in arms.values():
        arm()
    found = _arms.interleave(arms, visits)
    means = {name: np.array([np.median(found[f"{name}#{n}"]) for n in range(CAPTURES)]) for name in kinds}
    draw, bare = np.random.default_rng(0), means[_arms.BARE]
    result: dict[str, Any] = {}
    for name, own in means.items():
        picks = draw.integers(0, CAPTURES, size=(2, 4_000, CAPTURES))
        spread = 100 * (own[picks[0]].mean(axis=1) / bare[picks[1]].mean(axis=1) - 1)
        result[name] = {
            "milliseconds": round(1e3 * float(own.mean()), 4),
            "added_per_cent": round(100 * float(own.mean() / bare.mean() - 1), 3),
            "interval_95": [round(float(q), 3) for q in np.quantile(spread, [0.025, 0.975])],
            "milliseconds_by_capture": [round(1e3 * float(each), 4) for each in own],
        }
    result["monitors alone, microseconds"] = {name: round(alone(rig, stack), 2) for name, stack in stacks.items()}
    return result


def alone(rig: Rig, stack: Stack, times: int = 200) -> float:
    """Return the microseconds of the monitors' own kernels: a graph of nothing else, replayed back to back."""
    made = {"device": "cuda", "dtype": rig.model.dtype}
    rows = {point: torch.randn(rig.batch, 1, rig.model.config.hidden_size, **made)[:, -1] for point in stack.hook_points}
    stack.scores(rows)
    wait()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(10):
            stack.scores(rows)
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    graph.replay()
    wait()
    begin.record()
    for _ in range(times):
        graph.replay()
    end.record()
    wait()
    torch.cuda.synchronize()
    return float(begin.elapsed_time(end)) * 1e3 / (10 * times)


def prefill(model: Any, rows: int, rounds: int) -> dict[str, Any]:
    """Time reading a batch of prompts: bare, scored at the decision token, and scored at every token.

    The last block is among those read, so that no arm may stop early.
    """
    config = model.config
    ids = torch.randint(0, config.vocab_size, (rows, CONTEXT), generator=torch.Generator().manual_seed(1)).to(model.device)
    last = config.num_hidden_layers - 1
    stack = _monitors.stack(16, [*_monitors.layers_of(config.num_hidden_layers, 3), last], config.hidden_size)

    def run(read: Stack | None, *, every: bool) -> float:
        wait()
        began = time.perf_counter()
        with tapped(model.model.layers, read.hook_points if read else ()) as taps:
            model.base_model(input_ids=ids, use_cache=False)
            if read is not None:
                seen = taps.take()
                picked = {p: (v.flatten(0, 1) if every else v[:, -1]) for p, v in seen.items()}
                read.scores(picked).cpu()
        wait()
        return time.perf_counter() - began

    arms = {
        _arms.BARE: partial(run, None, every=False),
        _arms.AGAIN: partial(run, None, every=False),
        "16 on 4, decision token": partial(run, stack, every=False),
        "16 on 4, every token": partial(run, stack, every=True),
    }
    for arm in arms.values():
        arm()
    found: dict[str, Any] = _arms.added(_arms.interleave(arms, rounds))
    for row in found.values():
        row["tokens_per_second"] = round(rows * CONTEXT / row["milliseconds"] * 1e3)
    return found


def main() -> None:
    """Run every part that the budget allows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path)
    parser.add_argument("--budget", type=float, default=330.0, help="seconds in all")
    parser.add_argument("--rounds", type=int, default=20, help="of the arms without a graph")
    parser.add_argument("--visits", type=int, default=5, help="of each captured graph")
    parser.add_argument("--mode", action="append", choices=MODES)
    parser.add_argument("--tiny", action="store_true")
    options = parser.parse_args()
    began = time.perf_counter()
    cuda = torch.cuda.is_available() and not options.tiny
    result: dict[str, Any] = {"machine": _arms.machine(), "context": CONTEXT, "steps": STEPS, "decode": {}, "check": {}}

    def note() -> None:
        result["seconds"] = round(time.perf_counter() - began, 1)
        text = json.dumps(result, indent=1)
        if options.out:
            options.out.write_text(text + "\n")

    with torch.inference_mode():
        dtype = torch.bfloat16 if cuda else torch.float32
        model = build(TINY if options.tiny else SHAPE, "cuda" if cuda else "cpu", dtype)
        stacks = readers(model)
        size = sum(tensor.numel() for tensor in model.parameters()) / 1e9
        result |= {
            "model": f"Llama, {size:.2f} billion random weights, {model.dtype}, sdpa",
            "arms": "monitors on blocks; the first two are the same and show the noise",
        }
        note()
        for batch in (1, 8, 32):
            rig = Rig(model, batch, CONTEXT, STEPS)
            # The graph comes last: a capture that fails can spoil what comes after it.
            for mode in [mode for mode in options.mode or MODES if cuda or mode == "eager"]:
                name = f"batch {batch}, {mode}"
                if time.perf_counter() - began > options.budget:
                    result.setdefault("cut", f"before {name}")
                    break
                result["check"][name] = check(rig, stacks, graph=mode == "graph")
                run = replay(rig, stacks, options.visits) if mode == "graph" else decode(rig, stacks, options.rounds)
                result["decode"][name] = run
                note()
                print(name, json.dumps(run), flush=True)
            del rig
        if time.perf_counter() - began < options.budget:
            result["prefill, batch 8"] = prefill(model, 8, options.rounds)
    note()
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
