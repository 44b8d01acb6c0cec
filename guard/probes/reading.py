"""Which forward passes a set of conversations needs.

A conversation is judged after every user and tool turn. Where the tokens up to one turn are the beginning of the tokens
up to a later one, a causal model sees the same thing, so both are read in one pass. Where a template rewrites earlier
turns they are not, and get a pass of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch

from guard.conversation import Conversation, Role
from guard.errors import ScoringError
from guard.probes.activations import Activations, HookPoint, Rendered

BATCH_TOKENS = 8_192
"""Padded tokens in one forward pass."""

Key = tuple[int, int]
"""Which conversation of a list, after which message."""
Positions = Callable[[Rendered, int], Sequence[int]]
"""Which tokens of a rendered conversation are read after a message."""


class Subject(Protocol):
    """What reading needs of a model."""

    @property
    def context(self) -> int:
        """Longest row in tokens."""
        ...

    def render(self, conversation: Conversation, turn: int) -> Rendered:
        """Return the tokens up to message `turn`; raises ScoringError where the template can't say them."""
        ...

    def capture(
        self, rows: Sequence[Sequence[int]], hook_points: Sequence[HookPoint], positions: Sequence[Sequence[int]]
    ) -> dict[HookPoint, Activations]:
        """Return activations of token rows at positions."""
        ...


@dataclass(slots=True)
class Pass:
    """One row of a forward pass and what is read from it."""

    ids: tuple[int, ...]
    """The tokens."""
    reads: list[tuple[Key, tuple[int, ...]]] = field(default_factory=list)
    """What for, and at which positions."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A place that can't be read."""

    reason: str
    """`too_long`, `not_rendered` or `empty`: a word that can stand in an audit record."""


Read = tuple[Key, dict[HookPoint, torch.Tensor] | Unread]
"""Per hook point (positions, width)."""


def decision(rendered: Rendered, _turn: int) -> Sequence[int]:
    """Read the decision token only."""
    return (rendered.decision,)


def judged_turns(conversation: Conversation) -> tuple[int, ...]:
    """Return the messages after which a conversation is judged, each once."""
    return tuple(dict.fromkeys(place.turn for place in conversation.judged()))


def plan(
    subject: Subject, conversations: Sequence[Conversation], positions: Positions, turns: Sequence[Sequence[int]]
) -> tuple[list[Pass], list[Read]]:
    """Find the passes that read `conversations` after each of their `turns`, and the places that can't be read."""
    passes: list[Pass] = []
    unread: list[Read] = []
    for index, conversation in enumerate(conversations):
        own: list[Pass] = []
        for turn in sorted(turns[index], reverse=True):
            try:
                rendered = subject.render(conversation, turn)
            except ScoringError:
                unread.append(((index, turn), Unread("not_rendered")))
                continue
            wanted = tuple(positions(rendered, turn))
            if len(rendered.ids) > subject.context:
                unread.append(((index, turn), Unread("too_long")))
            elif not wanted:
                unread.append(((index, turn), Unread("empty")))
            else:
                _join(own, rendered.ids).reads.append(((index, turn), wanted))
        passes += own
    return passes, unread


def _join(passes: list[Pass], ids: tuple[int, ...]) -> Pass:
    for candidate in passes:
        if candidate.ids[: len(ids)] == ids:
            return candidate
    passes.append(Pass(ids))
    return passes[-1]


def read(
    subject: Subject,
    conversations: Sequence[Conversation],
    hook_points: Sequence[HookPoint],
    *,
    positions: Positions = decision,
    turns: Sequence[Sequence[int]] | None = None,
    batch_tokens: int = BATCH_TOKENS,
) -> Iterator[Read]:
    """Yield the activations of conversations, in batches of rows of about the same length, in no promised order.

    Args:
        subject: The model.
        conversations: What is read.
        hook_points: Where in the model.
        positions: Which tokens; the decision token by default.
        turns: After which messages, per conversation; all judged ones by default.
        batch_tokens: Padded tokens in one forward pass; changes scores by rounding only.

    Yields:
        ((conversation, turn), per hook point (positions, width)) or the reason why there is none.

    Raises:
        ScoringError: The model does not do what it did when it was loaded.
    """
    wanted = turns if turns is not None else [judged_turns(conversation) for conversation in conversations]
    passes, unread = plan(subject, conversations, positions, wanted)
    yield from unread
    for batch in _batches(passes, batch_tokens):
        places = [sorted({at for _, chosen in item.reads for at in chosen}) for item in batch]
        found = subject.capture([item.ids for item in batch], hook_points, places)
        for row, item in enumerate(batch):
            values = {point: found[point].row(row) for point in hook_points}
            yield from split(item, places[row], values)


def split(item: Pass, places: Sequence[int], values: dict[HookPoint, torch.Tensor]) -> Iterator[Read]:
    """Divide the activations of one pass, captured at `places`, among what it was read for."""
    index = {at: number for number, at in enumerate(places)}
    for key, chosen in item.reads:
        rows = torch.tensor([index[at] for at in chosen])
        yield key, {point: value[rows] for point, value in values.items()}


def _batches(passes: list[Pass], batch_tokens: int) -> Iterator[list[Pass]]:
    batch: list[Pass] = []
    for item in sorted(passes, key=lambda item: len(item.ids)):
        if batch and len(item.ids) * (len(batch) + 1) > batch_tokens:
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch


def answer_turns(conversation: Conversation) -> tuple[int, ...]:
    """Return the last message if it is an assistant's, which is read as an answer."""
    last = len(conversation) - 1
    return (last,) if conversation.messages[last].role is Role.ASSISTANT else ()
