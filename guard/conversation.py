"""What is judged: conversations, and labelled ones as rows of a dataset.

Comes in: JSON lines in the documented row format, or a parsed chat request. Goes out: frozen values.
Knows nothing of models, tokens or scores.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from guard.hazards import Claim, Stage


class Role(enum.StrEnum):
    """Who speaks, in the words of the OpenAI chat format."""

    SYSTEM = "system"
    DEVELOPER = "developer"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class ToolCall(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call that the assistant made."""

    id: str
    """Joins the call with its result."""
    name: str
    """Which tool."""
    arguments: str
    """JSON text, as the model wrote it."""


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One turn."""

    role: Role
    """Who speaks."""
    content: str = ""
    """What is said; for a tool, its result."""
    tool_calls: tuple[ToolCall, ...] = ()
    """Calls, on an assistant turn."""
    tool_call_id: str = ""
    """Which call a tool turn answers."""


class Judged(msgspec.Struct, frozen=True):
    """A place at which a conversation is judged: after message `turn`, for monitors of `stage`."""

    turn: int
    """Index of the last message that is read."""
    stage: Stage
    """Which monitors read there."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """Messages in order, without the guard's own system prompt."""

    messages: tuple[Message, ...]
    """At least one."""

    def __len__(self) -> int:
        """Count the messages."""
        return len(self.messages)

    def upto(self, turn: int) -> Conversation:
        """Return the conversation up to and with message `turn`."""
        return Conversation(self.messages[: turn + 1])

    def characters(self, turn: int) -> int:
        """Count Unicode characters up to and with message `turn`, tool arguments included."""
        return sum(
            len(message.content) + sum(len(call.arguments) for call in message.tool_calls)
            for message in self.messages[: turn + 1]
        )

    def asked(self, turn: int) -> bool:
        """Tell whether a user has said anything up to and with message `turn`."""
        return any(message.role is Role.USER for message in self.messages[: turn + 1])

    def judged(self) -> tuple[Judged, ...]:
        """List where this conversation is judged, in order.

        A user turn is read by the `prompt` monitors, a tool turn by the `context` monitors, and both at the token that
        asks the model for its next turn. System and developer text of the client is context: it is read after the
        user turn that follows it.
        """
        places: list[Judged] = []
        pending = False
        for turn, message in enumerate(self.messages):
            match message.role:
                case Role.SYSTEM | Role.DEVELOPER:
                    pending = True
                case Role.USER:
                    places.append(Judged(turn, Stage.PROMPT))
                    if pending:
                        places.append(Judged(turn, Stage.CONTEXT))
                    pending = False
                case Role.TOOL:
                    places.append(Judged(turn, Stage.CONTEXT))
                    pending = False
                case Role.ASSISTANT:
                    pass
        return tuple(places)


class Fold(enum.StrEnum):
    """What a row may be used for."""

    TRAIN = "train"
    SELECT = "select"
    CERTIFY = "certify"
    PROBE = "probe"
    UNSEEN = "unseen"


class Kind(enum.StrEnum):
    """What a row is within its draw."""

    POSITIVE = "positive"
    TWIN = "twin"
    HARD_NEGATIVE = "hard_negative"
    TRAFFIC = "traffic"


class Meta(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a row; only `scenario`, `draw`, `role`, `family` and `fold` matter to `certify`.

    Unknown fields are let through when read (external files carry their own) and are not kept.
    """

    scenario: str = ""
    """Digest of the meaning key."""
    draw: str = ""
    """The unit of every statistic."""
    role: Kind | None = None
    """Which of the rows of its draw."""
    family: str = ""
    """Scenarios with one meaning bank and grammar."""
    fold: Fold | None = None
    """What it may be used for."""
    rule: str = ""
    """The rule that gave the label."""
    group: str = ""
    """Rows of one group are not independent."""
    pair: str = ""
    """Rows of one pair differ in one thing."""
    stage: Stage | None = None
    """Where the shorthand label holds."""
    onset: dict[str, tuple[int, int]] = {}
    """Per claim: message and character where the hazard begins."""
    facts: dict[str, bool | str] = {}
    """What the label was read off."""
    slots: dict[str, str] = {}
    """The chosen meanings."""
    traits: dict[str, str] = {}
    """How it is told: channel, register, voice, population, time, intent, directness, turns."""
    native: str = ""
    """Which native speaker reviewed the language's texts; "" for nobody."""
    sources: tuple[str, ...] = ()
    """Fact rows that it was built from."""
    written: bool = False
    """Whether the generator wrote the assistant's text, rather than the subject."""


@dataclass(frozen=True, slots=True)
class LabelledConversation:
    """One row of a dataset."""

    id: str
    """Unique in its file."""
    conversation: Conversation
    """What is judged."""
    labels: Mapping[Claim, int]
    """1 hazard, 0 benign; a claim that is absent is not scored."""
    lang: str = ""
    """BCP 47, or empty when unknown."""
    source: str = ""
    """Where the row comes from."""
    meta: Meta = field(default_factory=Meta)
    """What else is known."""
    any_benign: bool = False
    """No monitor at all should fire (`hazard: any`, label 0)."""

    def label(self, claim: Claim) -> int | None:
        """Return the label of a claim, or None where the row says nothing about it."""
        return 0 if self.any_benign else self.labels.get(claim)

    def line(self) -> bytes:
        """Encode the row as one JSON line, with its newline."""
        row: dict[str, Any] = {"id": self.id, "messages": [_plain(message) for message in self.conversation.messages]}
        if self.any_benign:
            row |= {"label": 0, "hazard": "any"}
        else:
            row["labels"] = {str(claim): label for claim, label in self.labels.items()}
        row |= {"lang": self.lang, "source": self.source, "meta": msgspec.to_builtins(self.meta)}
        return msgspec.json.encode(row) + b"\n"


def _plain(message: Message) -> dict[str, Any]:
    plain: dict[str, Any] = {"role": str(message.role), "content": message.content}
    if message.tool_calls:
        plain["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.tool_call_id:
        plain["tool_call_id"] = message.tool_call_id
    return plain
