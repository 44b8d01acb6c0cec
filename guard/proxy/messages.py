"""The messages of a request: from decoded JSON to a conversation that every monitor and rule can read, or a refusal."""

from __future__ import annotations

from typing import Any, NoReturn

import msgspec

from guard.conversation import Conversation, Message, Role
from guard.errors import RequestRefused, RowError
from guard.proxy import calls
from guard.rows import read_message

MOST_MESSAGES = 512
"""Messages in one request."""


def read(value: Any) -> Conversation:
    """Check the messages of a chat.

    Raises:
        RequestRefused: Something in them can't be judged, or their order makes no sense.
    """
    if not isinstance(value, list) or not value:
        _refuse("messages must be a list with at least one message", "invalid_value", "messages")
    if len(value) > MOST_MESSAGES:
        _refuse("there are too many messages", "too_many_messages", "messages")
    messages = tuple(read_one(f"messages[{index}]", item) for index, item in enumerate(value))
    _check_order(messages)
    return Conversation(tuple(calls.renamed(messages)))


def _refuse(problem: str, code: str, param: str | None = None) -> NoReturn:
    raise RequestRefused(problem, code=code, param=param) from None


def read_one(where: str, value: Any) -> Message:
    """Check one message by itself; `where` names it in a refusal.

    Raises:
        RequestRefused: Something in it can't be judged.
    """
    if not isinstance(value, dict):
        _refuse("a message is not an object", "invalid_type", where)
    # An earlier answer is often sent back as it came, with these fields empty.
    value = {name: item for name, item in value.items() if item is not None or name not in _EMPTY}
    if value.get("name") is not None:
        _refuse("names of speakers are not served", "unsupported_parameter", f"{where}.name")
    if set(value) - {"role", "content", "tool_calls", "tool_call_id"}:
        _refuse("a message holds a field that is not served", "unknown_parameter", where)
    if isinstance(value.get("content"), list):
        value["content"] = join(f"{where}.content", value["content"])
    try:
        message = read_message(value)
    except (RowError, TypeError):
        _refuse("a message is not in the format that is served", "invalid_message", where)
    if message.role is Role.USER and not message.content.strip():
        _refuse("a user message is empty", "empty_message", where)
    made = tuple(calls.plain(f"{where}.tool_calls[{number}]", call) for number, call in enumerate(message.tool_calls))
    return msgspec.structs.replace(message, tool_calls=made)


_EMPTY = ("refusal", "annotations", "audio", "function_call", "tool_calls", "name")


def join(where: str, parts: list[Any]) -> str:
    """Join parts of text.

    Raises:
        RequestRefused: A part is something else.
    """
    texts: list[str] = []
    for part in parts:
        match part:
            case {"type": "text", "text": str(text)} if len(part) == 2:
                texts.append(text)
            case _:
                _refuse("only text can be judged", "unsupported_content", where)
    return "\n".join(texts)


def _check_order(messages: tuple[Message, ...]) -> None:
    """Refuse what no monitor would read: calls without results, results without calls, an end that nobody answers."""
    waiting: list[str] = []
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        if message.role is Role.TOOL:
            if message.tool_call_id not in waiting:
                _refuse("a tool message answers no call before it", "invalid_message", where)
            waiting.remove(message.tool_call_id)
            continue
        if waiting:
            _refuse("a tool call is not answered by a tool message", "invalid_message", where)
        waiting = [call.id for call in message.tool_calls]
        if len(set(waiting)) != len(waiting):
            _refuse("two tool calls of a message share an id", "invalid_message", where)
        if message.role is Role.ASSISTANT and not message.content and not message.tool_calls:
            _refuse("an assistant message is empty", "empty_message", where)
    last = f"messages[{len(messages) - 1}]"
    if waiting:
        _refuse("a tool call is not answered by a tool message", "invalid_message", last)
    if messages[-1].role is Role.ASSISTANT:
        _refuse("an assistant's text is not continued", "unsupported_continuation", last)
    if messages[-1].role not in (Role.USER, Role.TOOL):
        _refuse("the last message must be a user's or a tool's", "invalid_message", last)
