"""Reading rows of a dataset, and messages of the chat format they are made of.

Comes in: JSON lines in the documented row format. Goes out: `LabelledConversation`. An error names file and line, and never
carries a value of the row.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from guard import files
from guard.conversation import Conversation, LabelledConversation, Message, Meta, Role, ToolCall
from guard.errors import InputError, RowError
from guard.hazards import Claim, Stage


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
