"""Finding a decoder's blocks, and reading what comes out of them without touching it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import nn

from guard.errors import ScoringError, SubjectError
from guard.probes.activations import HookPoint


def hidden(output: Any) -> torch.Tensor:
    """Return the hidden states in a block's output: (rows, tokens, width)."""
    first = output[0] if isinstance(output, (tuple, list)) else output
    if not isinstance(first, torch.Tensor) or first.ndim != 3:
        raise ScoringError("a block's output is not (rows, tokens, width)")
    return first


def find_blocks(model: nn.Module) -> tuple[nn.Module, ...]:
    """Return a decoder's blocks, found by watching it run rather than by a table of names.

    They are the longest module list whose members are called once each, in order, and put out hidden states.

    Raises:
        SubjectError: There is no such list.
    """
    lists = [(name, tuple(module)) for name, module in model.named_modules() if isinstance(module, nn.ModuleList)]
    calls: dict[str, list[int]] = {name: [] for name, _ in lists}
    handles = []
    for name, members in lists:
        for index, member in enumerate(members):
            handles.append(member.register_forward_hook(_watch(calls[name], index)))
    try:
        with torch.inference_mode():
            model(input_ids=torch.tensor([[0, 1, 2]]), use_cache=False)
    except Exception as error:
        raise SubjectError(f"the model can't run three tokens ({type(error).__name__})") from error
    finally:
        for handle in handles:
            handle.remove()
    running = [members for name, members in lists if members and calls[name] == list(range(len(members)))]
    if not running:
        raise SubjectError("the model has no list of blocks that run in order", "use a decoder-only chat model")
    return max(running, key=len)


def _watch(calls: list[int], index: int) -> Any:
    def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
        with contextlib.suppress(ScoringError, IndexError):
            hidden(output)
            calls.append(index)

    return hook


class Taps:
    """What the hooks saw in one forward pass."""

    def __init__(self, points: Sequence[HookPoint]) -> None:
        """Expect exactly these hook points."""
        self._points = tuple(points)
        self._seen: dict[HookPoint, torch.Tensor] = {}

    def hook(self, point: HookPoint) -> Any:
        """Return a forward hook that keeps a block's output and changes nothing."""

        def keep(_module: nn.Module, _inputs: Any, output: Any) -> None:
            self._seen[point] = hidden(output).detach()

        return keep

    def take(self) -> dict[HookPoint, torch.Tensor]:
        """Return per hook point (rows, tokens, width).

        Raises:
            ScoringError: A hook did not fire: whatever the model said was not read.
        """
        missing = [str(point) for point in self._points if point not in self._seen]
        if missing:
            raise ScoringError(f"nothing was read at {', '.join(missing)}")
        return self._seen


@contextlib.contextmanager
def tapped(blocks: Sequence[nn.Module], points: Sequence[HookPoint]) -> Iterator[Taps]:
    """Register hooks for the length of one forward pass.

    Raises:
        ScoringError: The model has no such block.
    """
    if any(not 0 <= point.layer < len(blocks) for point in points):
        raise ScoringError(f"the model has blocks 0 to {len(blocks) - 1}")
    taps = Taps(points)
    handles = [blocks[point.layer].register_forward_hook(taps.hook(point)) for point in points]
    try:
        yield taps
    finally:
        for handle in handles:
            handle.remove()
