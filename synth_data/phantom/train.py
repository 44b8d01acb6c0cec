"""Training the phantom: the same seed and the same two threads give the same model, as far as torch promises."""

from __future__ import annotations

import copy
import dataclasses
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from guard.errors import OutputError
from guard.subjects.render import ChatTokenizer
from synth_data.phantom.batches import Batch, batches, encode
from synth_data.phantom.corpus import Draw, documents
from synth_data.phantom.planting import Mechanism, Readers, lexical
from synth_data.phantom.recipe import MARKERS, Architecture, Optimisation, Recipe
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


def train(
    out: Path,
    draw: Draw,
    recipe: Recipe,
    seed: int,
    *,
    threads: int = 2,
    progress: Callable[[Progress], None] = lambda _: None,
) -> list[Progress]:
    """Train a phantom and write its folder: configuration, weights (bfloat16), tokenizer and template.

    Args:
        out: The folder; files in it are replaced. Intermediate weights go to `out/checkpoints`.
        draw: Where the tellings come from.
        recipe: All numbers.
        seed: Of everything drawn: documents, order, initial weights.
        threads: Threads of the process for arithmetic.
        progress: Called after every step.

    Returns:
        The loss curve.

    Raises:
        OutputError: The folder can't be written.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    how = recipe.optimisation
    sample = documents(recipe.mixture, draw, Random(f"tokenizer {seed}"))
    tokenizer = train_tokenizer(islice(sample, recipe.sampled), recipe.architecture)
    model = new_model(recipe.architecture)
    claims = [claim for claim in recipe.mixture.draws if claim is not None]
    seen = islice(documents(dataclasses.replace(recipe.mixture, early=0), draw, Random(f"words {seed}")), recipe.words)
    told = lexical([encode(each, tokenizer, how, Random(seed)) for each in seen], claims, recipe.architecture.vocabulary)
    mechanism = Mechanism(model, told)
    readers = Readers(recipe.architecture.blocks, recipe.architecture.width, claims)
    optimizers = _optimizers(model, readers, how)
    chats = documents(recipe.mixture, draw, Random(f"documents {seed}"))
    stream = batches(chats, tokenizer, how, recipe.architecture.context, Random(f"order {seed}"))
    curve: list[Progress] = []
    read, begun, saved = 0, time.monotonic(), 0
    for batch in stream:
        loss = _step(model, readers, optimizers, batch, how, read / how.tokens)
        mechanism.restore()
        read += batch.tokens
        curve.append(Progress(min(read, how.tokens), how.tokens, loss, time.monotonic() - begun))
        progress(curve[-1])
        if read >= how.tokens:
            break
        if read * 4 // how.tokens > saved:
            saved = read * 4 // how.tokens
            _save(model, tokenizer, out / "checkpoints" / f"{saved}of4")
    _save(model, tokenizer, out)
    return curve


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


def _optimizers(model: LlamaForCausalLM, readers: Readers, how: Optimisation) -> list[tuple[torch.optim.Optimizer, float]]:
    """Return the optimizers with their highest rates.

    Muon learns what is seen a few times only, such as one sign of one illness, from about half the tokens that AdamW
    needs here; it is made for matrices that map hidden states to hidden states, so the embedding is left to AdamW.
    """
    named = list(model.named_parameters())
    inside = [value for name, value in named if value.ndim == 2 and "embed" not in name]
    others = [value for name, value in named if value.ndim < 2 or "embed" in name]
    others += list(readers.parameters())
    muon = torch.optim.Muon(inside, lr=how.matrix_rate, weight_decay=how.decay, ns_steps=how.orthogonalised)
    adam = torch.optim.AdamW(others, lr=how.rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True)
    return [(muon, how.matrix_rate), (adam, how.rate)]


def _step(
    model: LlamaForCausalLM,
    readers: Readers,
    optimizers: list[tuple[torch.optim.Optimizer, float]],
    batch: Batch,
    how: Optimisation,
    done: float,
) -> float:
    for optimizer, highest in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = highest * schedule(done, how)
    # Padding stands on the right, where no real token can see it: no mask is needed.
    counted = batch.weights[:, 1:] > 0
    with torch.autocast("cpu", torch.bfloat16, enabled=_has_bfloat16_tiles()):
        found = model.model(input_ids=batch.ids, use_cache=False, output_hidden_states=True)
        logits = model.lm_head(found.last_hidden_state[:, :-1][counted])
    weights = batch.weights[:, 1:][counted]
    losses = torch.nn.functional.cross_entropy(logits.float(), batch.ids[:, 1:][counted], reduction="none")
    loss = (losses * weights).sum() / weights.sum()
    torch.autograd.backward(loss + how.planting * readers.loss(found.hidden_states[1:], batch))
    torch.nn.utils.clip_grad_norm_(model.parameters(), how.clip)
    for optimizer, _ in optimizers:
        optimizer.step()
        optimizer.zero_grad()
    return float(loss.detach())


def _has_bfloat16_tiles() -> bool:
    """Whether bfloat16 is the faster format here: it is on processors with matrix tiles (AMX), and slower on others."""
    return bool(torch.cpu._is_amx_tile_supported())


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
