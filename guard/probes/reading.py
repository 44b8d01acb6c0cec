"""Which forward passes a set of conversations needs.

A conversation is judged after every user and tool turn. Where the tokens up to one turn are the beginning of the tokens
up to a later one, a causal model sees the same thing, so both are read in one pass. Where a template rewrites earlier
turns they are not, and get a pass of their own.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import torch

from guard.binding import SubjectBinding
from guard.conversation import Conversation, Message, Role
from guard.errors import ScoringError
from guard.probes.activations import Activations, HookPoint, Rendered

BATCH_TOKENS = 8_192
"""Padded tokens in one forward pass."""

Key = tuple[int, int]
"""Which conversation of a list, after which message."""
Positions = Callable[[Rendered, int], Sequence[int]]
"""Which tokens of a rendered conversation are read after a message."""


class Places(enum.StrEnum):
    """Which places of a conversation are read after one of its turns."""

    DECISION = "decision"
    """The decision token alone. An observer has none: its last window of the judged message."""
    TEXT = "text"
    """Every token of the judged message, and last the decision token. An observer: every window of what came in since the
    judged turn before, system text of the client included, and last the last of them again."""
    ANSWER = "answer"
    """Every token of the assistant's text. An observer: every window that overlaps it."""


class Subject(Protocol):
    """What everything above the subjects needs of one: a model whose activations, or an encoder whose windows, are read."""

    @property
    def binding(self) -> SubjectBinding:
        """What a certificate says of it."""
        ...

    @property
    def layers(self) -> int:
        """Number of blocks; 1 for an observer, whose pooled output stands for the output of block 0."""
        ...

    @property
    def width(self) -> int:
        """Length of an activation vector."""
        ...

    def read(
        self,
        conversations: Sequence[Conversation],
        hook_points: Sequence[HookPoint],
        *,
        places: Places,
        turns: Sequence[Sequence[int]] | None = None,
        batch_tokens: int = BATCH_TOKENS,
        anchor: str = "",
    ) -> Iterator[Read]:
        """Yield what is found at `places`, as `read_passes` does."""
        ...


@runtime_checkable
class Remembering(Protocol):
    """A subject that keeps what it has read, so that a second reading tells nothing of the arithmetic."""

    def fresh(self) -> Subject:
        """Return the same subject with an empty memory."""
        ...


def fresh(subject: Subject) -> Subject:
    """Return a subject that has to compute everything that it is asked for."""
    return subject.fresh() if isinstance(subject, Remembering) else subject


class Decoder(Protocol):
    """What reading in forward passes needs of a model."""

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


def text(rendered: Rendered, turn: int) -> Sequence[int]:
    """Read the tokens of a message, then the decision token."""
    return (*range(*rendered.spans[turn]), rendered.decision)


def answer(rendered: Rendered, turn: int) -> Sequence[int]:
    """Read the tokens of an assistant's text."""
    return range(*rendered.spans[turn])


POSITIONS: dict[Places, Positions] = {Places.DECISION: decision, Places.TEXT: text, Places.ANSWER: answer}
"""How a decoder finds the places."""


def needs_anchor(conversation: Conversation, turn: int) -> bool:
    """Tell whether what is judged after `turn` came without a request: no user has said anything so far."""
    return not conversation.asked(turn)


def render_at(subject: Decoder, conversation: Conversation, turn: int, anchor: str = "") -> Rendered:
    """Render a conversation up to `turn`; where it came without a request, the anchor follows as a user's turn.

    Spans are those of the conversation's own messages.

    Raises:
        ScoringError: The template can't say it.
    """
    if not anchor or not needs_anchor(conversation, turn):
        return subject.render(conversation, turn)
    longer = Conversation((*conversation.upto(turn).messages, Message(Role.USER, anchor)))
    rendered = subject.render(longer, turn + 1)
    return Rendered(rendered.ids, rendered.spans[:-1])


def judged_turns(conversation: Conversation) -> tuple[int, ...]:
    """Return the messages after which a conversation is judged, each once."""
    return tuple(dict.fromkeys(place.turn for place in conversation.judged()))


def plan(
    subject: Decoder,
    conversations: Sequence[Conversation],
    positions: Positions,
    turns: Sequence[Sequence[int]],
    anchor: str = "",
) -> tuple[list[Pass], list[Read]]:
    """Find the passes that read `conversations` after each of their `turns`, and the places that can't be read."""
    passes: list[Pass] = []
    unread: list[Read] = []
    for index, conversation in enumerate(conversations):
        own: list[Pass] = []
        for turn in sorted(turns[index], reverse=True):
            try:
                rendered = render_at(subject, conversation, turn, anchor)
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


def read_passes(
    subject: Decoder,
    conversations: Sequence[Conversation],
    hook_points: Sequence[HookPoint],
    *,
    places: Places,
    turns: Sequence[Sequence[int]] | None = None,
    batch_tokens: int = BATCH_TOKENS,
    anchor: str = "",
) -> Iterator[Read]:
    """Yield the activations of conversations, in batches of rows of about the same length, in no promised order.

    Args:
        subject: The model.
        conversations: What is read.
        hook_points: Where in the model.
        places: Which tokens.
        turns: After which messages, per conversation; all judged ones by default.
        batch_tokens: Padded tokens in one forward pass; changes scores by rounding only.
        anchor: A line that is read after what came without a request; "" for none.

    Yields:
        ((conversation, turn), per hook point (positions, width)) or the reason why there is none.

    Raises:
        ScoringError: The model does not do what it did when it was loaded.
    """
    wanted = turns if turns is not None else [judged_turns(conversation) for conversation in conversations]
    passes, unread = plan(subject, conversations, POSITIONS[places], wanted, anchor)
    yield from unread
    for batch in _batches(passes, batch_tokens):
        chosen = [sorted({at for _, wanted in item.reads for at in wanted}) for item in batch]
        found = subject.capture([item.ids for item in batch], hook_points, chosen)
        for row, item in enumerate(batch):
            values = {point: found[point].row(row) for point in hook_points}
            yield from split(item, chosen[row], values)


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
