"""One step of training, and, on a GPU, its recording: a small model leaves a GPU waiting for the processor otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import LlamaForCausalLM

from synth_data.phantom.batches import Batch
from synth_data.phantom.muon import Muon
from synth_data.phantom.planting import Planting, listening
from synth_data.phantom.recipe import Recipe
from synth_data.phantom.teacher import Teacher
from synth_data.phantom.tensors import Tensors


class Stepper:
    """The model, what is thrown away after the training, and the optimizers."""

    def __init__(self, model: LlamaForCausalLM, recipe: Recipe, seed: int, device: str, taught: Path | None) -> None:
        """Build what trains `model`, which is on the device already; `taught` is the sentence encoder's folder."""
        self.model, self.how, self.device = model, recipe.optimisation, device
        self.planting = Planting(recipe.architecture, self.how, seed).to(device)
        self.teacher = None
        if taught is not None:
            self.teacher = Teacher(taught, recipe.architecture.width, self.planting.block, device).to(device)
        self.optimizers = self._optimizers()
        self.parameters = [value for optimizer, _ in self.optimizers for value in optimizer.param_groups[0]["params"]]
        for value in self.parameters:
            value.grad = torch.zeros_like(value)

    def _optimizers(self) -> list[tuple[torch.optim.Optimizer, float]]:
        """Return the optimizers with their highest rates.

        Muon learns what is seen a few times only, such as one sign of one illness, from about half the tokens that AdamW
        needs here; it is made for matrices that map hidden states to hidden states, so the embedding is left to AdamW.
        """
        named = list(self.model.named_parameters())
        inside = [value for name, value in named if value.ndim == 2 and "embed" not in name]
        others = [value for name, value in named if value.ndim < 2 or "embed" in name]
        others += [*self.planting.parameters(), *(self.teacher.parameters() if self.teacher else ())]
        fast = self.device != "cpu"
        # Rates are tensors on a GPU: a recorded step reads them anew.
        rates: list[Any] = [
            torch.tensor(rate, device=self.device) if fast else rate for rate in (self.how.matrix_rate, self.how.rate)
        ]
        muon = Muon(inside, lr=rates[0], decay=self.how.decay)
        adam = torch.optim.AdamW(others, lr=rates[1], betas=(0.9, 0.95), weight_decay=0.0, fused=True, capturable=fast)
        return [(muon, self.how.matrix_rate), (adam, self.how.rate)]

    def rate(self, share: float) -> None:
        """Set the learning rates, relative to the highest."""
        for optimizer, highest in self.optimizers:
            for group in optimizer.param_groups:
                if isinstance(group["lr"], torch.Tensor):
                    group["lr"].fill_(highest * share)
                else:
                    group["lr"] = highest * share

    def step(self, batch: Batch, *, swapping: bool) -> torch.Tensor:
        """Learn from one batch and return its loss, in nats a token, still on the device."""
        return self.learn(Tensors.of(batch, self.device, swapping=swapping))

    def learn(self, there: Tensors) -> torch.Tensor:
        """Forward, backward and the optimizers."""
        how, model = self.how, self.model
        torch._foreach_zero_([value.grad for value in self.parameters if value.grad is not None])
        # Padding stands on the right, where no real token can see it: no mask is needed.
        enabled = arithmetic(self.device) == "bfloat16"
        with torch.autocast(self.device, torch.bfloat16, enabled=enabled, cache_enabled=self.device == "cpu"):
            with listening(model, self.planting, there) as states:
                last = _read(model.model, there.ids)
            logits = model.lm_head(last[:, :-1].reshape(-1, last.shape[-1])[there.aimed])
            truth = there.ids[:, 1:].reshape(-1)[there.aimed]
            losses = torch.nn.functional.cross_entropy(logits.float(), truth, reduction="none")
            loss = (losses * there.weights).sum() / there.weights.sum().clamp(min=1.0)
            total = loss
            if how.planting:
                total = total + how.planting * self.planting.loss(states, there)
            if self.teacher is not None:
                total = total + how.distilled * self.teacher.loss(states, there)
        torch.autograd.backward(total)
        torch.nn.utils.clip_grad_norm_(model.parameters(), how.clip)
        for optimizer, _ in self.optimizers:
            optimizer.step()
        return loss.detach()


class Recorded:
    """Steps of a GPU, recorded for each shape the second time it comes, and played back from then on."""

    def __init__(self, stepper: Stepper) -> None:
        """Wrap a stepper that is on a GPU."""
        self.stepper = stepper
        self._pool = torch.cuda.graph_pool_handle()
        self._seen: set[tuple[int, ...]] = set()
        self._graphs: dict[tuple[int, ...], tuple[Any, Tensors, torch.Tensor]] = {}

    def step(self, batch: Batch, *, swapping: bool) -> torch.Tensor:
        """Learn from one batch and return its loss; it is overwritten by the next batch of this shape."""
        there = Tensors.of(batch, self.stepper.device, swapping=swapping)
        shape = tuple(there.ids.shape)
        if shape not in self._seen:
            self._seen.add(shape)
            return self.stepper.learn(there)
        if shape not in self._graphs:
            torch.cuda.synchronize()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, pool=self._pool, stream=torch.cuda.current_stream()):
                loss = self.stepper.learn(there)
            self._graphs[shape] = graph, there, loss
        graph, static, loss = self._graphs[shape]
        if static is not there:
            static.copy(there)
        graph.replay()
        return loss


def _read(model: Any, ids: torch.Tensor) -> torch.Tensor:
    """Return the last hidden states, as the model's own forward pass does without padding, which asks for values on its way."""
    state = model.embed_tokens(ids)
    places = torch.arange(ids.shape[1], device=ids.device)[None]
    turned = model.rotary_emb(state, places)
    for block in model.layers:
        state = block(state, attention_mask=None, position_ids=places, position_embeddings=turned)
    last: torch.Tensor = model.norm(state)
    return last


def arithmetic(device: str) -> str:
    """Return the faster number type for training: of processors only those with matrix tiles (AMX) are fast in bfloat16."""
    return "bfloat16" if device != "cpu" or torch.cpu._is_amx_tile_supported() else "float32"
