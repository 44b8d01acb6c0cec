"""`POST /v1/responses`, without state: the request becomes a chat, which is read and judged as every chat is.

What would need something kept from another request is refused by name: `previous_response_id`, `conversation`, `store: true`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

from guard.errors import RequestRefused

_SAME = frozenset(("model", "stream", "temperature", "top_p", "parallel_tool_calls", "user"))
_READ = frozenset(("input", "instructions", "max_output_tokens", "tools", "tool_choice", "text", "store"))
# May be sent when they ask for nothing; otherwise they are refused by name.
_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "background": (None, False),
    "conversation": (None,),
    "include": (None, []),
    "max_tool_calls": (None,),
    "metadata": (None, {}),
    "previous_response_id": (None,),
    "prompt": (None,),
    "prompt_cache_key": (None,),
    "reasoning": (None,),
    "safety_identifier": (None,),
    "service_tier": (None, "auto"),
    "stream_options": (None,),
    "top_logprobs": (None, 0),
    "truncation": (None, "disabled"),
}
_STATE = frozenset(("background", "conversation", "previous_response_id", "prompt", "store"))


def to_chat(value: dict[str, Any], allow: frozenset[str]) -> dict[str, Any]:
    """Turn a request into that of a chat; its values are checked where those of a chat are.

    Args:
        value: The decoded request.
        allow: Fields that the policy lets through.

    Raises:
        RequestRefused: It asks for what needs state, or for something that is not served.
    """
    for name, given in value.items():
        if name in _NEUTRAL and not any(given == item and type(given) is type(item) for item in _NEUTRAL[name]):
            why = "nothing is kept from one request to the next" if name in _STATE else "the field is not served"
            _refuse(f"{name}: {why}", "unsupported_parameter", name)
        if name not in _SAME | _READ | allow and name not in _NEUTRAL:
            _refuse("the request holds a field that is not served", "unknown_parameter")
    if value.get("store") is not None and value["store"] is not False:
        _refuse("store: nothing is kept from one request to the next", "unsupported_parameter", "store")
    chat = {name: given for name, given in value.items() if name in _SAME or name in allow - _READ}
    chat["messages"] = [*_instructions(value.get("instructions")), *_messages(value.get("input"))]
    if value.get("max_output_tokens") is not None:
        chat["max_completion_tokens"] = value["max_output_tokens"]
    if value.get("tools") not in (None, []):
        chat["tools"] = _tools(value["tools"])
    if value.get("tool_choice") is not None and value.get("tools"):
        chat["tool_choice"] = _choice(value["tool_choice"])
    elif value.get("tool_choice") not in (None, "auto", "none"):
        _refuse("tool_choice asks for a tool, and none is defined", "invalid_value", "tool_choice")
    if value.get("text") is not None:
        chat |= _form(value["text"])
    return chat


def _refuse(problem: str, code: str, param: str | None = None) -> NoReturn:
    raise RequestRefused(problem, code=code, param=param)


def _instructions(given: Any) -> Iterator[dict[str, Any]]:
    if given is None:
        return
    if not isinstance(given, str):
        _refuse("instructions has the wrong type", "invalid_type", "instructions")
    yield {"role": "developer", "content": given}


def _messages(given: Any) -> list[dict[str, Any]]:
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    if not isinstance(given, list) or not given:
        _refuse("input is not a text or a list of items", "invalid_value", "input")
    messages: list[dict[str, Any]] = []
    for number, item in enumerate(given):
        message = _item(f"input[{number}]", item)
        # Calls that were made in one turn come as items of their own, and belong to one message.
        if messages and "tool_calls" in message and messages[-1]["role"] == "assistant":
            messages[-1]["tool_calls"] = [*messages[-1].get("tool_calls", []), *message["tool_calls"]]
        else:
            messages.append(message)
    return messages


def _item(where: str, item: Any) -> dict[str, Any]:
    match item:
        case {"type": "function_call", "call_id": str(call), "name": str(name), "arguments": str(arguments)}:
            _only(where, item, "type", "call_id", "name", "arguments", "id", "status")
            made = {"id": call, "type": "function", "function": {"name": name, "arguments": arguments}}
            return {"role": "assistant", "content": None, "tool_calls": [made]}
        case {"type": "function_call_output", "call_id": str(call), "output": str() | list() as output}:
            _only(where, item, "type", "call_id", "output", "id", "status")
            return {"role": "tool", "tool_call_id": call, "content": _content(where, output)}
        case {"role": str(role), "content": str() | list() as content} if item.get("type", "message") == "message":
            _only(where, item, "type", "role", "content", "id", "status", "phase")
            return {"role": role, "content": _content(where, content)}
    return _refuse("an item of the input is of a kind that is not served", "unsupported_content", where)


def _only(where: str, item: dict[str, Any], *names: str) -> None:
    if set(item) - set(names):
        _refuse("an item of the input holds a field that is not served", "unknown_parameter", where)


def _content(where: str, content: str | list[Any]) -> Any:
    if isinstance(content, str):
        return content
    parts = []
    for part in content:
        match part:
            case {"type": "input_text" | "output_text", "text": str(text)} if not set(part) - _PART:
                # What an answer was given with may come back with it, as long as it is empty.
                if part.get("annotations") or part.get("logprobs"):
                    _refuse("a part of the input holds a field that is not served", "unknown_parameter", where)
                parts.append({"type": "text", "text": text})
            case {"type": "refusal", "refusal": str(text)} if len(part) == 2:
                parts.append({"type": "text", "text": text})
            case _:
                _refuse("only text can be judged", "unsupported_content", where)
    return parts


_PART = {"type", "text", "annotations", "logprobs"}


def _tools(given: Any) -> Any:
    if not isinstance(given, list):
        return given
    return [_tool(one) for one in given]


def _tool(one: Any) -> dict[str, Any]:
    match one:
        case {"type": "function", **function}:
            return {"type": "function", "function": {name: item for name, item in function.items() if item is not None}}
    return _refuse("only tools of the type function are served", "unsupported_parameter", "tools")


def _choice(given: Any) -> Any:
    match given:
        case {"type": "function", "name": str(name)} if len(given) == 2:
            return {"type": "function", "function": {"name": name}}
    return given


def _form(given: Any) -> dict[str, Any]:
    match given:
        case {"format": {"type": "json_schema", **schema}} if len(given) == 1:
            kept = {name: item for name, item in schema.items() if item is not None}
            return {"response_format": {"type": "json_schema", "json_schema": kept}}
        case {"format": dict(form)} if len(given) == 1:
            return {"response_format": form}
        case {}:
            if not given:
                return {}
    return _refuse("text holds a field that is not served", "unsupported_parameter", "text")
