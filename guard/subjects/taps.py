"""Reading what comes out of a module in a forward pass, without touching it."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from guard.errors import ScoringError
from guard.probes.activations import HookPoint

_WORDS = {"resid_post": "block", "attn_out": "attention output", "mlp_out": "feed-forward output"}


def hidden(output: Any) -> torch.Tensor:
    """Return the hidden states in a module's output: (rows, tokens, width).

    Raises:
        ScoringError: There are none.
    """
    first = output[0] if isinstance(output, (tuple, list)) and output else output
    if not isinstance(first, torch.Tensor) or first.ndim != 3:
        raise ScoringError("a module's output is not (rows, tokens, width)")
    return first


class _AllRead(Exception):
    """Everything that was asked for has been read: what the model would do now changes none of it."""


class Taps:
    """What the hooks saw in one forward pass."""

    def __init__(self, points: Sequence[HookPoint], *, stop: bool = False, copied: Collection[HookPoint] = ()) -> None:
        """Expect exactly these hook points; end the pass at the last of them if `stop`."""
        self._points = tuple(dict.fromkeys(points))
        self._stop = stop
        self._copied = copied
        self._seen: dict[HookPoint, torch.Tensor] = {}

    def keep(self, point: HookPoint, output: Any) -> None:
        """Keep a module's output.

        Raises:
            ScoringError: It is none of hidden states.
        """
        found = hidden(output).detach()
        self._seen[point] = found.clone() if point in self._copied else found
        if self._stop and len(self._seen) == len(self._points):
            raise _AllRead

    def take(self) -> dict[HookPoint, torch.Tensor]:
        """Return per hook point (rows, tokens, width).

        Raises:
            ScoringError: A hook did not fire: whatever the model said was not read.
        """
        missing = [str(point) for point in self._points if point not in self._seen]
        if missing:
            raise ScoringError(f"nothing was read at {', '.join(missing)}")
        return self._seen


class Ears:
    """Hooks that stay from one forward pass to the next, as long as the same places are read, and hear nothing in between.

    Registering hooks for each token would cost more than reading it. They are registered again where others have put hooks
    behind them since, so that what is heard is what the model goes on with. One pass at a time.
    """

    def __init__(self, places: Mapping[HookPoint, nn.Module], copied: Collection[HookPoint] = ()) -> None:
        """Know every place of a model, and which outputs it changes in place later, so that they must be copied."""
        self._places = places
        self._copied = copied
        self._points: tuple[HookPoint, ...] = ()
        self._handles: list[Any] = []
        self._taps: Taps | None = None

    @contextlib.contextmanager
    def listening(self, points: Sequence[HookPoint], *, stop: bool = False) -> Iterator[Taps]:
        """Listen for the length of a `with` block.

        Args:
            points: What is read.
            stop: End the forward pass, and the `with` block, as soon as all of them have been read once.

        Raises:
            ScoringError: The model has no such place.
        """
        points = tuple(dict.fromkeys(points))
        if points != self._points or not self._are_last():
            self._register(points)
        taps = self._taps = Taps(points, stop=stop, copied=self._copied)
        try:
            yield taps
        except _AllRead:
            pass
        finally:
            self._taps = None

    def close(self) -> None:
        """Remove the hooks."""
        for handle in self._handles:
            handle.remove()
        self._points, self._handles = (), []

    def _register(self, points: tuple[HookPoint, ...]) -> None:
        for point in points:
            if point not in self._places:
                raise ScoringError(f"the model has no {_WORDS[point.site]} {point.layer} that can be read")
        self.close()
        self._handles = [self._places[point].register_forward_hook(self._hook(point)) for point in points]
        self._points = points

    def _are_last(self) -> bool:
        """Whether nobody has registered a hook behind ours, or taken ours away."""
        return all(
            next(reversed(self._places[point]._forward_hooks), None) == handle.id
            for point, handle in zip(self._points, self._handles, strict=True)
        )

    def _hook(self, point: HookPoint) -> Any:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
            if self._taps is not None:
                self._taps.keep(point, output)

        return hook


@contextlib.contextmanager
def tapped(
    places: Mapping[HookPoint, nn.Module] | Sequence[nn.Module],
    points: Sequence[HookPoint],
    *,
    stop: bool = False,
    copied: Collection[HookPoint] = (),
) -> Iterator[Taps]:
    """Register hooks for the length of a `with` block, after whatever other hooks there are: see `Ears`.

    Args:
        places: Every place of a model, or its blocks alone.
        points: What is read.
        stop: End the forward pass, and the `with` block, as soon as all of them have been read once.
        copied: Where the output is copied, because the model changes it in place later.

    Raises:
        ScoringError: The model has no such place.
    """
    if not isinstance(places, Mapping):
        places = {HookPoint(layer): block for layer, block in enumerate(places)}
    ears = Ears(places, copied)
    try:
        with ears.listening(points, stop=stop) as taps:
            yield taps
    finally:
        ears.close()
