"""Reading a conversation while it grows, and what would be heard if a hazard stood at some place of it.

A causal model reads the beginning of a text the same whatever follows. So one pass over the longest conversation gives the
scores of every shorter one, and a hazard is read on a copy of the cache at the place where it is planted.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from certify.long_input import Grown, Heard
from guard.conversation import Conversation, Message, Role
from guard.probes.activations import Rendered
from guard.probes.linear import Stack
from guard.subjects.causal import CausalSubject

CHUNK = 1_024
"""Tokens of one forward pass."""
Rows = list[list[float]]
"""Per token, per column of the stack."""


@dataclass(frozen=True, slots=True)
class Planting:
    """A length, and what is planted at the end of a conversation of that length."""

    length: int
    """Tokens that the conversation has at most, the hazard included."""
    turns: int
    """Messages of ordinary chat that come before the hazard."""
    tails: dict[tuple[int, str], tuple[Message, ...]]
    """By number of the claim and name: the hazard's turn, and what follows it; ends with a user's turn."""


class _Walk:
    """A prompt that is fed piece by piece; what was said of its tokens so far."""

    def __init__(self, subject: CausalSubject, stack: Stack, cache: object = None) -> None:
        self._subject, self._stack, self.cache = subject, stack, cache
        self.rows: Rows = []

    def feed(self, ids: Sequence[int]) -> None:
        for start in range(0, len(ids), CHUNK):
            found = self._subject.forward(ids[start : start + CHUNK], self._stack.hook_points, self.cache)
            self.cache = found.cache
            self.rows += self._stack.logits(found.values).tolist()

    def fork(self) -> _Walk:
        return _Walk(self._subject, self._stack, copy.deepcopy(self.cache))


def users(conversation: Conversation) -> list[int]:
    """Return the turns after which a conversation is judged."""
    return [turn for turn, message in enumerate(conversation.messages) if message.role is Role.USER]


def hear(subject: CausalSubject, stack: Stack, chat: Conversation, plantings: Sequence[Planting]) -> dict[int, list[Grown]]:
    """Read a long ordinary chat once, and each planted hazard on a copy of the cache.

    Args:
        subject: The model.
        stack: Columns in pairs: for each claim the probe of the decision token, then the probe of the text.
        chat: Ends with a user's turn.
        plantings: Where hazards go.

    Returns:
        By length, per claim what was heard.
    """
    rendered = subject.render(chat, len(chat) - 1)
    tails = [
        (plan, name, Conversation((*chat.messages[: plan.turns], *tail)))
        for plan in plantings
        for name, tail in plan.tails.items()
    ]
    readings = [(plan, name, talk, subject.render(talk, len(talk) - 1)) for plan, name, talk in tails]
    readings.sort(key=lambda reading: _common(reading[3].ids, rendered.ids))
    walk, planted = _Walk(subject, stack), {}
    with torch.inference_mode():
        for plan, name, talk, own in readings:
            shared = _common(own.ids, rendered.ids)
            walk.feed(rendered.ids[len(walk.rows) : shared])
            fork = walk.fork()
            fork.feed(own.ids[shared:])
            planted[plan.length, name] = (walk.rows[:shared] + fork.rows, talk, own)
        walk.feed(rendered.ids[len(walk.rows) :])
    asked = {turn: _decision(subject, chat, rendered, turn) for turn in users(chat)}
    found: dict[int, list[Grown]] = {}
    for plan in plantings:
        benign = {turn: at for turn, at in asked.items() if turn <= plan.turns}
        heard: list[dict[str, Heard]] = [{} for _ in range(len(stack) // 2)]
        for claim, name in plan.tails:
            rows, talk, own = planted[plan.length, (claim, name)]
            later = {turn: _decision(subject, talk, own, turn) for turn in users(talk) if turn >= plan.turns}
            earlier = {turn: at for turn, at in asked.items() if turn < plan.turns}
            heard[claim][name] = _heard(rows, own, earlier | later, claim)
        found[plan.length] = [Grown(_heard(walk.rows, rendered, benign, claim), own) for claim, own in enumerate(heard)]
    return found


def _heard(rows: Rows, rendered: Rendered, asked: dict[int, int], claim: int) -> Heard:
    messages = tuple(tuple(row[2 * claim + 1] for row in rows[slice(*rendered.spans[turn])]) for turn in asked)
    return Heard(messages, tuple(rows[at][2 * claim] for at in asked.values()))


def _decision(subject: CausalSubject, talk: Conversation, rendered: Rendered, turn: int) -> int:
    """Return the token that asks for the answer to a turn."""
    upto = rendered if turn == len(talk) - 1 else subject.render(talk, turn)
    if rendered.ids[: len(upto.ids)] != upto.ids:
        raise RuntimeError("the template rewrites earlier turns, so that one pass can't read them all")
    return upto.decision


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """Return how many tokens two prompts share; at least one is left to feed."""
    shared = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return min(shared, len(one) - 1)
