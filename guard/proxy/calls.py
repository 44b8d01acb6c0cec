"""Tool calls that a request brings along, and those that an answer must make or may not.

Those of a request get names of one form, arguments in one spelling, and ids that are the guard's own: what goes to an upstream
is then what was judged, no escape hides a text from a rule, and no id carries one past it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NoReturn

import msgspec

from guard.conversation import Message, ToolCall
from guard.errors import RequestRefused, UpstreamError
from guard.proxy.strict import strict_json

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What a function is called."""


def plain(where: str, call: ToolCall) -> ToolCall:
    """Check a call, and write its arguments again; `where` names it in a refusal.

    Raises:
        RequestRefused: Its name is of another form, or its arguments are no JSON object of which there is only one reading.
    """
    if not NAME.fullmatch(call.name):
        _refuse("the name of a function is not 1 to 64 letters, digits, _ or -", f"{where}.function.name")
    try:
        value = strict_json(call.arguments.encode() or b"{}")
    except (RequestRefused, UnicodeError):
        value = None
    if not isinstance(value, dict):
        _refuse("the arguments of a call are not one JSON object with each key once", f"{where}.function.arguments")
    return msgspec.structs.replace(call, arguments=json.dumps(value, ensure_ascii=False))


def _refuse(problem: str, param: str) -> NoReturn:
    raise RequestRefused(problem, code="invalid_message", param=param) from None


def renamed(messages: Iterable[Message]) -> Iterator[Message]:
    """Give calls ids of the guard's own, by their order, and results those of their calls.

    Args:
        messages: In an order that was checked: each result comes after the message with its call.
    """
    ids: dict[str, str] = {}
    count = 0
    for message in messages:
        if message.tool_calls:
            # Nine letters and digits: some upstreams take no other form.
            ids = {call.id: f"call{count + number:05}" for number, call in enumerate(message.tool_calls)}
            count += len(ids)
            calls = tuple(msgspec.structs.replace(call, id=ids[call.id]) for call in message.tool_calls)
            yield msgspec.structs.replace(message, tool_calls=calls)
        elif message.tool_call_id:
            yield msgspec.structs.replace(message, tool_call_id=ids[message.tool_call_id])
        else:
            yield message


def require(fields: Mapping[str, Any], count: int) -> None:
    """Hold an answer that came to its end against what the client said of calls.

    Args:
        fields: What else the request asks for, as in `Wishes`.
        count: How many calls the answer makes, all of tools that may be called.

    Raises:
        UpstreamError: It makes none and has to, or more than one and may not.
    """
    choice = fields.get("tool_choice")
    if not count and (choice == "required" or isinstance(choice, Mapping)):
        raise UpstreamError("the model behind the guard called no tool, although it has to", code="upstream_tool_choice")
    if count > 1 and fields.get("parallel_tool_calls") is False:
        raise UpstreamError("the model behind the guard called several tools at once", code="upstream_tool_choice")
