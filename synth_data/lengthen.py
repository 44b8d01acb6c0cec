"""Making conversations long: ordinary chat before the part that matters, the same for a positive and its twin.

What is added comes from the families of ordinary chat and says nothing about the label. It stands in front, so that the part
that matters is judged after all of it, as it is at run time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from guard.conversation import Conversation, Kind, Message, Role
from synth_data.scenario import Telling

SHORTEST, LONGEST = 1_200, 7_000
"""Characters that a long conversation aims at, drawn uniformly."""
_TURNS = 60
"""Most chats that are put in front; enough for the longest."""

Ordinary = Callable[[Random], Telling]
"""Tells one ordinary chat."""


def prelude(ordinary: Ordinary, rng: Random) -> tuple[Message, ...]:
    """Return ordinary turns, each answered, of a length drawn from the generator."""
    aim = rng.randint(SHORTEST, LONGEST)
    messages: tuple[Message, ...] = ()
    for _ in range(_TURNS):
        told = ordinary(rng)
        longer = (*messages, *told.messages, told.reply)
        if size(longer) > aim and messages:
            break
        messages = longer
        if size(messages) > aim:
            break
    return messages


def size(messages: tuple[Message, ...]) -> int:
    """Count characters as a cell does."""
    return Conversation(messages).characters(len(messages) - 1) if messages else 0


def after(telling: Telling, before: tuple[Message, ...]) -> Telling:
    """Put turns in front of a telling; the place where its hazard begins moves along."""
    onset = None if telling.onset is None else (telling.onset[0] + len(before), telling.onset[1])
    # What the deployment says of itself stays first.
    head = telling.messages[: int(telling.messages[0].role is Role.SYSTEM)]
    return replace(telling, messages=(*head, *before, *telling.messages[len(head) :]), onset=onset)


def tell(told: tuple[tuple[Kind, Telling], ...], before: tuple[Message, ...]) -> tuple[tuple[Kind, Telling], ...]:
    """Put the same turns in front of every telling of a draw."""
    return tuple((kind, after(telling, before)) for kind, telling in told)
