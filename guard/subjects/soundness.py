"""What reading takes for granted of a model and its tokenizer, tried out once when they are loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch

from guard.errors import SubjectError
from guard.probes.activations import Activations, HookPoint
from guard.subjects.blocks import sample
from guard.subjects.render import ChatTokenizer

_CLOSE = 1e-3
"""Largest relative distance that counts as rounding, of float32."""
_COARSE = 0.1
"""And of coarser types."""
_PRECISE = (torch.float32, torch.float64)


class Readable(Protocol):
    """What is tried out."""

    @property
    def model(self) -> Any:
        """The model."""
        ...

    def capture(
        self, rows: Sequence[Sequence[int]], hook_points: Sequence[HookPoint], positions: Sequence[Sequence[int]]
    ) -> dict[HookPoint, Activations]:
        """Read rows at rest."""
        ...

    def forward(self, ids: Sequence[int], hook_points: Sequence[HookPoint], cache: Any = None) -> Any:
        """Feed the next tokens of one row."""
        ...


def require_sound(subject: Readable, points: Sequence[HookPoint]) -> bool:
    """Let a model read four tokens at rest, in pieces, and with another token at the end.

    Returns:
        Whether it goes on from a cache with several tokens at once as it should; some can with one token only.

    Raises:
        SubjectError: Its activations are not finite, an earlier token sees a later one, a padded row is read otherwise than
            alone, or going on from a cache gives other numbers than reading at once.
    """
    one, two, three, other = sample(subject.model)
    limit = _CLOSE if subject.model.dtype in _PRECISE else _COARSE
    last = max(point for point in points if point.site == "resid_post")
    try:
        whole = _at_rest(subject, [[one, two, three]], points)[0]
        shorter, padded = _at_rest(subject, [[one, two, other], [one, two, three, other]], [last])
    except Exception as error:
        raise _cannot("at rest", error) from error
    if not all(torch.isfinite(value).all() for value in whole.values()):
        raise SubjectError("the model's activations are not finite", "check its weights and its dtype")
    if not _close(shorter[last][:2], whole[last][:2], limit):
        raise SubjectError("the model is not causal: what it makes of a token depends on later ones", "use a chat model")
    if not _close(padded[last][:3], whole[last], limit):
        raise SubjectError("the model reads a row in a padded batch otherwise than alone")
    try:
        begun = subject.forward([one, two], points)
        rest = subject.forward([three], points, begun.cache)
    except Exception as error:
        raise _cannot("step by step", error) from error
    pieces = {point: torch.cat([begun.values[point], rest.values[point]]) for point in points}
    if not all(_close(pieces[point], whole[point], limit) for point in points):
        raise SubjectError("the model reads otherwise when it goes on from its cache")
    return _goes_on(subject, [one, two, three], last, whole[last], limit)


def _at_rest(
    subject: Readable, rows: Sequence[Sequence[int]], points: Sequence[HookPoint]
) -> list[dict[HookPoint, torch.Tensor]]:
    found = subject.capture(rows, points, [range(len(row)) for row in rows])
    return [{point: found[point].row(index) for point in points} for index in range(len(rows))]


def _cannot(how: str, error: Exception) -> SubjectError:
    """Whatever a library raises on a model that it can't run in this way: our caller needs one line."""
    return SubjectError(f"the model can't be read {how} ({type(error).__name__}: {str(error)[:200]})")


def _goes_on(subject: Readable, ids: Sequence[int], point: HookPoint, whole: torch.Tensor, limit: float) -> bool:
    try:
        begun = subject.forward(ids[:1], [point])
        return _close(subject.forward(ids[1:], [point], begun.cache).values[point], whole[1:], limit)
    except Exception:
        return False


def _close(found: torch.Tensor, expected: torch.Tensor, limit: float) -> bool:
    return bool((found.float() - expected.float()).norm() <= limit * expected.float().norm())


def agree(model: Any, found: torch.Tensor, expected: torch.Tensor) -> bool:
    """Tell whether two ways of reading the same gave the same, but for the rounding of the model's type."""
    return _close(found, expected, _CLOSE if model.dtype in _PRECISE else _COARSE)


def require_fit(model: Any, tokenizer: ChatTokenizer) -> None:
    """Check that every id that a conversation can be rendered to has a row in the model's embedding.

    Surplus added tokens that the chat template does not use do no harm: no text becomes one.

    Raises:
        SubjectError: The tokenizer is another model's.
    """
    rows = int(model.get_input_embeddings().weight.shape[0])
    beyond = tokenizer.largest_id
    if beyond >= rows:
        raise SubjectError(f"the tokenizer has ids up to {beyond}, but the model knows {rows} tokens", "use the model's own")
