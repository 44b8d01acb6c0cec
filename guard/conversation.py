"""What is judged: conversations, and labelled ones as rows of a dataset.

Comes in: JSON lines in the documented row format, or a parsed chat request. Goes out: frozen values.
Knows nothing of models, tokens or scores.
"""

from __future__ import annotations

import enum
import gzip
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from guard import files
from guard.errors import InputError, RowError
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
    sources: tuple[str, ...] = ()
    """Fact rows that it was built from."""
    written: bool = False
    """Whether the generator wrote the assistant's text, rather than the subject."""


class _Row(msgspec.Struct, kw_only=True, omit_defaults=True):
    id: str
    text: str | None = None
    messages: tuple[Any, ...] | None = None
    labels: dict[str, int | None] | None = None
    label: int | None = None
    hazard: str | None = None
    lang: str = ""
    source: str = ""
    meta: Meta = msgspec.field(default_factory=Meta)


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


def read_message(value: Any) -> Message:
    """Read one message of the OpenAI chat format: string content, function tool calls, nothing else.

    Raises:
        RowError: A field is missing, unknown, or of a kind that nobody can judge. The value is never in the text.
    """
    if not isinstance(value, dict):
        raise RowError("a message is not an object")
    unknown = sorted(set(value) - {"role", "content", "tool_calls", "tool_call_id"})
    if unknown:
        raise RowError(f"a message has a field that nothing judges: {unknown[0][:40]!r}")
    try:
        role = Role(value.get("role", ""))
    except ValueError as error:
        raise RowError(f"a message has an unknown role; known are {', '.join(Role)}") from error
    content = value.get("content")
    if content is None and role is Role.ASSISTANT:
        content = ""
    if not isinstance(content, str):
        raise RowError("the content of a message is not a string")
    given = value.get("tool_calls") or []
    if not isinstance(given, list):
        raise RowError("tool_calls is not a list")
    calls = tuple(_read_call(call) for call in given)
    if calls and role is not Role.ASSISTANT:
        raise RowError("only an assistant message can carry tool calls")
    call_id = value.get("tool_call_id") or ""
    if not isinstance(call_id, str) or (call_id and role is not Role.TOOL):
        raise RowError("tool_call_id must be a string on a tool message")
    return Message(role, content, calls, call_id)


def _read_call(value: Any) -> ToolCall:
    match value:
        case {"id": str(id_), "type": "function", "function": {"name": str(name), "arguments": str(arguments)}}:
            if len(value) == 3 and len(value["function"]) == 2:
                return ToolCall(id=id_, name=name, arguments=arguments)
    raise RowError("a tool call is not {id, type: function, function: {name, arguments}}")


_STAGE_OF_ROLE = {
    Role.USER: Stage.PROMPT,
    Role.SYSTEM: Stage.CONTEXT,
    Role.DEVELOPER: Stage.CONTEXT,
    Role.TOOL: Stage.CONTEXT,
    Role.ASSISTANT: Stage.RESPONSE,
}
_decode = msgspec.json.Decoder(_Row).decode


def read_row(line: bytes) -> LabelledConversation:
    """Read one line of a dataset, shorthand labels included.

    Raises:
        RowError: It is not in the documented format.
    """
    try:
        row = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RowError(f"not a row: {error}") from error
    if (row.text is None) == (row.messages is None):
        raise RowError("a row has either text or messages")
    if row.text is not None:
        messages: tuple[Message, ...] = (Message(Role.USER, row.text),)
    else:
        messages = tuple(read_message(message) for message in row.messages or ())
    if not messages:
        raise RowError("a row has no messages")
    labels, any_benign = _read_labels(row, messages)
    return LabelledConversation(row.id, Conversation(messages), labels, row.lang, row.source, row.meta, any_benign)


def _read_labels(row: _Row, messages: tuple[Message, ...]) -> tuple[dict[Claim, int], bool]:
    if row.labels is not None:
        if row.hazard is not None or row.label is not None:
            raise RowError("a row has either labels or the shorthand for one")
        pairs = [(_claim(text), label) for text, label in row.labels.items()]
    elif row.hazard == "any":
        if row.label not in (0, None):
            raise RowError('hazard "any" goes with label 0')
        return {}, row.label == 0
    elif row.hazard is not None:
        stage = row.meta.stage or _STAGE_OF_ROLE[messages[-1].role]
        pairs = [(_claim(f"{row.hazard}@{stage}"), row.label)]
    else:
        raise RowError("a row has neither labels nor hazard")
    if any(label not in (0, 1, None) for _, label in pairs):
        raise RowError("a label is not 1, 0 or null")
    return {claim: label for claim, label in pairs if label is not None}, False


def _claim(text: str) -> Claim:
    try:
        return Claim.parse(text)
    except InputError as error:
        raise RowError(error.problem, error.remedy) from error


def read_rows(path: Path) -> Iterator[LabelledConversation]:
    """Yield the rows of a `.jsonl` or `.jsonl.gz` file.

    Raises:
        InputError: The file can't be read.
        RowError: A line is broken; the message names file and line.
    """
    data = files.read(path)
    if path.suffix == ".gz":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"{path} is not a whole gzip file") from error
    for number, line in enumerate(data.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            yield read_row(line)
        except InputError as error:
            raise RowError(f"{path}, line {number}: {error.problem}", error.remedy) from error
