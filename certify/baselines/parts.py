"""What a cheaper reader sees of a conversation: the judged message, and the text before it.

A reader of text stands where the monitor stands: it judges a conversation after each message that the monitor judges, and
the highest of its scores counts. It is shown the whole conversation so far, so that a monitor can't beat it by having
read more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from guard.conversation import Conversation, LabelledConversation, Message, Role
from guard.hazards import Claim, Stage

_CLIENT = (Role.SYSTEM, Role.DEVELOPER)


@dataclass(frozen=True, slots=True)
class Part:
    """A conversation up to one judged message, as text."""

    message: str
    """What is judged."""
    before: str
    """Everything said before it, by whomever."""
    turns: int
    """Messages up to and with the judged one."""


def parts(conversation: Conversation, stage: Stage, from_turn: int = 0) -> tuple[Part, ...]:
    """Return what is judged at a stage, from a message on, in order."""
    if stage in (Stage.PROMPT, Stage.CONTEXT):
        turns = [place.turn for place in conversation.judged() if place.stage is stage]
    else:
        turns = [turn for turn, message in enumerate(conversation.messages) if message.role is Role.ASSISTANT][-1:]
    return tuple(_part(conversation.messages[: turn + 1], stage) for turn in turns if turn >= from_turn)


def _part(messages: Sequence[Message], stage: Stage) -> Part:
    last = messages[-1]
    if stage is Stage.CONTEXT and last.role is Role.USER:
        # System text of the client is judged after the user turn that follows it.
        judged = [message.content for message in messages if message.role in _CLIENT]
        rest = [message.content for message in messages if message.role not in _CLIENT]
        return Part("\n".join(judged), "\n".join(rest), len(messages))
    return Part(last.content, "\n".join(message.content for message in messages[:-1]), len(messages))


def last_part(row: LabelledConversation, stage: Stage) -> Part | None:
    """Return the last judged part of a row, on which readers are fitted, as monitors are; None where nothing is judged."""
    return next(reversed(parts(row.conversation, stage)), None)


def scored_parts(row: LabelledConversation, claim: Claim) -> tuple[Part, ...]:
    """Return the parts at which a row counts: of a positive only those from the onset of the hazard on."""
    onset = row.meta.onset.get(str(claim)) if row.label(claim) == 1 else None
    return parts(row.conversation, claim.stage, onset[0] if onset else 0)
