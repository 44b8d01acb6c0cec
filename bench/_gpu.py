"""A large random model, a filled cache, and the arms of a decoding step on it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM, StaticCache

from guard.probes.activations import HookPoint
from guard.probes.linear import Stack
from guard.subjects.blocks import find_blocks
from guard.subjects.taps import tapped

UNREACHED = 1e6
"""A threshold that random monitors never reach."""


def build(shape: Mapping[str, int], device: str, dtype: torch.dtype) -> Any:
    """Return a random Llama in evaluation mode, made on the device."""
    with torch.device("meta"):
        model = LlamaForCausalLM(LlamaConfig(**shape, attn_implementation="sdpa")).to(dtype)
    model = model.to_empty(device=device)
    generator = torch.Generator(device).manual_seed(0)
    for tensor in model.parameters():
        if tensor.ndim > 1:
            tensor.data.normal_(0.0, 0.02, generator=generator)
        else:
            tensor.data.fill_(1.0)
    # Its frequencies are a buffer, which a model made without memory lacks.
    model.model.rotary_emb = type(model.model.rotary_emb)(config=model.config).to(device)
    return model.eval()


def wait() -> None:
    """Wait until the device has done what it was asked for."""
    if torch.cuda.is_available():
        torch.cuda.current_stream().synchronize()


def pinned(*shape: int, dtype: torch.dtype) -> torch.Tensor:
    """Return zeros on the host that a device can write to without the host's help."""
    zeros = torch.zeros(*shape, dtype=dtype)
    return zeros.pin_memory() if torch.cuda.is_available() else zeros


@dataclass
class Rig:
    """A batch of rows whose prompt has been read, from the end of which any arm decodes."""

    model: Any
    """The model."""
    batch: int
    """Rows."""
    context: int
    """Tokens of the prompt."""
    steps: int
    """Steps of one visit."""
    cache: Any = field(init=False)
    """Keys and values, of fixed shape."""
    token: torch.Tensor = field(init=False)
    """(batch, 1), on the device: what is fed next."""
    token_on_host: torch.Tensor = field(init=False)
    """(batch, 1): what a server sends out."""

    def __post_init__(self) -> None:
        """Read a random prompt."""
        self.blocks = find_blocks(self.model) if self.model.device.type == "cpu" else tuple(self.model.model.layers)
        self._memory = "cache" if "cache" in signature(self.model.forward).parameters else "past_key_values"
        self.cache = StaticCache(config=self.model.config, max_cache_len=self.context + self.steps)
        generator = torch.Generator().manual_seed(0)
        ids = torch.randint(0, self.model.config.vocab_size, (self.batch, self.context), generator=generator)
        ids = ids.to(self.model.device)
        self.model.base_model(input_ids=ids, use_cache=True, **{self._memory: self.cache})
        self._last = ids[:, -1:].clone()
        self.token = self._last.clone()
        self.token_on_host = pinned(self.batch, 1, dtype=torch.long)

    def rewind(self) -> None:
        """Go back to the end of the prompt."""
        for layer in self.cache.layers:
            layer.cumulative_length.fill_(self.context)
        self.token.copy_(self._last)
        wait()

    def forward(self) -> torch.Tensor:
        """Feed a token and choose the next on the device; returns the logits (batch, vocabulary)."""
        output = self.model(input_ids=self.token, use_cache=True, logits_to_keep=1, **{self._memory: self.cache})
        logits = output.logits[:, -1]
        self.token.copy_(logits.argmax(dim=-1, keepdim=True))
        return logits


class Arm:
    """One way to take a step. Without a stack, nothing is read."""

    def __init__(self, rig: Rig, stack: Stack | None = None, *, naive: bool = False, graph: bool = False) -> None:
        """Prepare it.

        Args:
            rig: What decodes.
            stack: Monitors that read along.
            naive: Whether hidden states go to the host and are scored there, every step.
            graph: Whether the step is one CUDA graph, the monitors in it.
        """
        self._rig, self._stack, self._naive = rig, stack, naive
        self._points = stack.hook_points if stack else ()
        self._values: dict[HookPoint, torch.Tensor] = {}
        self._on_host = [pinned(rig.batch, len(stack), dtype=torch.float32) for _ in range(2)] if stack else []
        self.scores: torch.Tensor | None = None
        self.logits: torch.Tensor | None = None
        self._graph = self._captured() if graph else None

    def _captured(self) -> Any:
        self._rig.rewind()
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side), tapped(self._rig.blocks, self._points) as taps:
            for _ in range(3):
                self._step(taps)
        torch.cuda.current_stream().wait_stream(side)
        self._rig.rewind()
        graph = torch.cuda.CUDAGraph()
        with tapped(self._rig.blocks, self._points) as taps, torch.cuda.graph(graph):
            self._step(taps)
        return graph

    def _step(self, taps: Any) -> None:
        self.logits = self._rig.forward()
        if self._stack is not None:
            self._values = {point: value[:, -1] for point, value in taps.take().items()}
            self.scores = None if self._naive else self._stack.scores(self._values)

    def __call__(self) -> float:
        """Decode from the end of the prompt and return seconds a step."""
        self._rig.rewind()
        if self._graph is not None:
            return self._timed(self._graph.replay)
        with tapped(self._rig.blocks, self._points) as taps:
            return self._timed(lambda: self._step(taps))

    def _timed(self, work: Callable[[], None]) -> float:
        rig, alarms = self._rig, 0
        began = time.perf_counter()
        for step in range(rig.steps):
            work()
            if self.scores is not None:
                self._on_host[step % 2].copy_(self.scores, non_blocking=True)
                # Of the step before: they came with its token, so that reading them waits for nothing.
                alarms += int((self._on_host[(step + 1) % 2].numpy() >= UNREACHED).any())
            elif self._stack is not None:
                states = {point: value.float().cpu() for point, value in self._values.items()}
                alarms += int((self._stack.logits(states) >= UNREACHED).any())
            rig.token_on_host.copy_(rig.token, non_blocking=True)
            wait()
            rig.token_on_host.tolist()
        took = (time.perf_counter() - began) / rig.steps
        if alarms:
            raise RuntimeError("a random monitor reached a threshold that none can reach")
        return took

    @property
    def last_values(self) -> dict[HookPoint, torch.Tensor]:
        """(batch, width) per hook point, of the last step of the last visit, on the host."""
        return {point: value.detach().cpu() for point, value in self._values.items()}

    @property
    def last_scores(self) -> torch.Tensor:
        """(batch, monitors), of the last step of the last visit, as they are on the device."""
        if self.scores is None:
            raise RuntimeError("this arm has no scores on the device")
        return self.scores.detach().cpu()
