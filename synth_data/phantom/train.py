"""Training the phantom: on a processor, the same seed and threads give the same model, as far as torch promises."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from guard.errors import OutputError
from guard.subjects.render import ChatTokenizer
from synth_data.phantom.batches import Batch
from synth_data.phantom.corpus import Draw, documents
from synth_data.phantom.feed import stream
from synth_data.phantom.recipe import MARKERS, Architecture, Optimisation, Recipe
from synth_data.phantom.steps import Recorded, Stepper
from synth_data.phantom.tokenizer import END, PAD, train_tokenizer


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the training is."""

    tokens: int
    """Read so far."""
    total: int
    """To be read."""
    loss: float
    """Weighted cross-entropy of the last step, in nats a token."""
    seconds: float
    """Since the training began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What it is trained with; on a processor with one job, the result does not depend on it."""

    device: str = "cpu"
    """Of torch."""
    threads: int = 2
    """Threads of the process for arithmetic."""
    jobs: int = 1
    """Processes that draw documents."""
    asked: int = 1
    """Steps after which the loss is asked for."""
    limit: float = math.inf
    """Seconds after which the training ends; the learning rate falls in time."""


def train(
    out: Path,
    draw: Draw,
    recipe: Recipe,
    seed: int,
    *,
    machine: Machine = Machine(),
    start: Path | None = None,
    tokenizer: ChatTokenizer | None = None,
    teacher: Path | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> list[Progress]:
    """Train a phantom and write its folder: configuration, weights (bfloat16), tokenizer and template.

    Args:
        out: The folder; files in it are replaced.
        draw: Where the tellings come from.
        recipe: All numbers.
        seed: Of everything drawn: documents, order, initial weights.
        machine: What it is trained with.
        start: Folder of a model to go on from; a new one if None.
        tokenizer: If it is trained already; ignored with `start`.
        teacher: Folder of the sentence encoder, where one is distilled.
        progress: Called after every step.

    Returns:
        The loss curve.

    Raises:
        OutputError: The folder can't be written.
    """
    torch.set_num_threads(machine.threads)
    torch.manual_seed(seed)
    if start is None:
        own, model = tokenizer or new_tokenizer(recipe, draw, seed), new_model(recipe.architecture)
    else:
        own, model = opened(start)
    _save(model, own, out)
    taught = teacher if recipe.optimisation.distilled else None
    with _own_stream(machine.device):
        stepper = Stepper(model.to(machine.device), recipe, seed, machine.device, taught)
        curve = _through(stepper, stream(recipe, draw, seed, out, taught, machine.jobs), machine, progress)
    _save(model, own, out)
    return curve


def new_tokenizer(recipe: Recipe, draw: Draw, seed: int) -> ChatTokenizer:
    """Train the tokenizer on documents of its own."""
    sample = documents(recipe.mixture, draw, Random(f"tokenizer {seed}"))
    return train_tokenizer(islice(sample, recipe.sampled), recipe.architecture)


def opened(folder: Path) -> tuple[ChatTokenizer, LlamaForCausalLM]:
    """Open a phantom to go on with, in float32."""
    from transformers import AutoTokenizer

    own = ChatTokenizer.of(AutoTokenizer.from_pretrained(str(folder), local_files_only=True))
    return own, LlamaForCausalLM.from_pretrained(str(folder), dtype=torch.float32, local_files_only=True)


def new_model(architecture: Architecture) -> LlamaForCausalLM:
    """Return an untrained phantom; torch's global seed decides its weights."""
    config = LlamaConfig(
        vocab_size=architecture.vocabulary,
        hidden_size=architecture.width,
        num_hidden_layers=architecture.blocks,
        num_attention_heads=architecture.heads,
        intermediate_size=architecture.inner,
        max_position_embeddings=architecture.context,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=MARKERS.index(END),
        pad_token_id=MARKERS.index(PAD),
        initializer_range=0.02,
        # Read by `guard.subjects.load`: a certificate of this model is a demonstration, from whatever folder it comes.
        auscult_demonstration=True,
    )
    return LlamaForCausalLM(config)


def _own_stream(device: str) -> Any:
    """Return the stream that steps are recorded on: all work must be on it, from the first step on."""
    return nullcontext() if device == "cpu" else torch.cuda.stream(torch.cuda.Stream())  # type: ignore[no-untyped-call]


def _through(
    stepper: Stepper, batches: Iterator[Batch], machine: Machine, progress: Callable[[Progress], None]
) -> list[Progress]:
    """Train on batches until enough is read, or the time is over."""
    how, curve = stepper.how, list[Progress]()
    read, steps, loss, begun = 0, 0, math.nan, time.monotonic()
    learner = stepper if machine.device == "cpu" else Recorded(stepper)
    with closing(batches) as opened:  # type: ignore[type-var]
        for batch in opened:
            begun = begun if steps else time.monotonic()  # not before the first documents are there
            done = max(read / how.tokens, (time.monotonic() - begun) / machine.limit)
            if done >= 1.0:
                break
            stepper.rate(schedule(done, how))
            found = learner.step(batch, swapping=bool(how.planting) and done >= how.settled)
            read += batch.tokens
            if steps % machine.asked == 0:  # to ask for a number is to wait for the device
                loss = float(found)
            steps += 1
            curve.append(Progress(min(read, how.tokens), how.tokens, loss, time.monotonic() - begun))
            progress(curve[-1])
    return curve


def schedule(done: float, how: Optimisation) -> float:
    """Return the learning rate, relative to the highest, when a share `done` of the training is over."""
    if done < how.warm_up:
        return (done + 1e-3) / (how.warm_up + 1e-3)
    along = min(1.0, (done - how.warm_up) / (1.0 - how.warm_up))
    return how.floor + (1.0 - how.floor) * 0.5 * (1.0 + math.cos(math.pi * along))


def _save(model: LlamaForCausalLM, tokenizer: ChatTokenizer, out: Path) -> None:
    """Write weights in bfloat16; the model itself goes on in float32."""
    small = copy.deepcopy(model).to(torch.bfloat16)
    small.generation_config.eos_token_id = MARKERS.index(END)
    small.generation_config.pad_token_id = MARKERS.index(PAD)
    try:
        out.mkdir(parents=True, exist_ok=True)
        small.save_pretrained(out)
        tokenizer.whole.save_pretrained(out)
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error.strerror}", "free some space or name another place") from error


def losses(curve: list[Progress], points: int = 200) -> Iterator[tuple[float, float]]:
    """Yield (million tokens, mean loss) for about `points` stretches of the curve."""
    size = max(1, len(curve) // points)
    for start in range(0, len(curve), size):
        part = curve[start : start + size]
        yield part[-1].tokens / 1e6, sum(item.loss for item in part) / len(part)
