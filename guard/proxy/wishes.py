"""What a request may ask beyond a plain chat: tools, the form of the answer, token probabilities, penalties. Pure.

Comes in: the decoded request. Goes out: `Wishes`, checked value by value and built anew, so that an upstream gets nothing that
was not understood; and all text in them in one piece, because definitions are context and are judged as such.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NoReturn

from guard.errors import RequestRefused
from guard.subjects.events import Wishes

ALL: frozenset[str] = frozenset(
    (
        "tools", "tool_choice", "parallel_tool_calls", "response_format", "logprobs", "presence_penalty",
        "frequency_penalty",
    )
)  # fmt: skip
"""Fields that somebody can do; an in-process model can do none of them."""
MOST_TOOLS = 128
"""Tools of one request."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SAMPLING = ("temperature", "top_p", "max_tokens", "max_completion_tokens", "stop", "seed")
# Whatever a policy says: with these an upstream would give what nobody can judge, or several answers.
_NEVER = frozenset(
    (
        "model", "messages", "stream", "stream_options", "n", "best_of", "top_logprobs", "logit_bias", "functions",
        "function_call", "audio", "modalities", "prediction", "store", "user", *_SAMPLING, *ALL,
    )
)  # fmt: skip


def read(value: Mapping[str, Any], model: str, *, can: frozenset[str], allow: frozenset[str]) -> Wishes:
    """Read the wishes of a request.

    Args:
        value: Its fields; those that are not served have been refused.
        model: Name of the model.
        can: Fields of `ALL` that whoever answers can do.
        allow: Fields that the policy lets through although nothing judges them.

    Raises:
        RequestRefused: A wish is malformed, or of a kind that is not served.
    """
    fields = {name: _READERS[name](value[name]) for name in sorted(can) if value.get(name) is not None}
    defined = frozenset(tool["function"]["name"] for tool in fields.get("tools", ()))
    _check_choice(fields, defined)
    judged = [fields[name] for name in ("tools", "response_format") if name in fields]
    if fields.get("tools") == []:
        del fields["tools"]
    if can:
        fields |= {name: value[name] for name in sorted(allow - _NEVER) if name in value}
    return Wishes(
        model=model,
        given=frozenset(name for name in _SAMPLING if value.get(name) is not None),
        fields=fields,
        functions=_callable(fields, defined),
        definitions="\n".join(text for one in judged for text in texts(one)) if _has_text(fields) else "",
    )


def buffered(wishes: Wishes) -> bool:
    """Tell whether the answer is of use only as a whole."""
    return bool(wishes.fields.get("response_format", {"type": "text"}) != {"type": "text"})


def _has_text(fields: Mapping[str, Any]) -> bool:
    return bool(fields.get("tools")) or "json_schema" in fields.get("response_format", {})


def texts(value: Any) -> Iterator[str]:
    """Yield every text in a decoded JSON value, names of fields included, unescaped."""
    match value:
        case str():
            yield value
        case Mapping():
            for name, item in value.items():
                yield name
                yield from texts(item)
        case Iterable():
            for item in value:
                yield from texts(item)
        case None | bool():
            return
        case _:
            yield str(value)


def _refuse(problem: str, param: str) -> NoReturn:
    raise RequestRefused(problem, code="invalid_value", param=param)


def _tools(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or len(value) > MOST_TOOLS:
        _refuse(f"tools is not a list of at most {MOST_TOOLS}", "tools")
    tools = [_tool(one) for one in value]
    if len({tool["function"]["name"] for tool in tools}) != len(tools):
        _refuse("two tools share a name", "tools")
    return tools


def _tool(value: Any) -> dict[str, Any]:
    match value:
        case {"type": "function", "function": dict(function)} if len(value) == 2:
            return {"type": "function", "function": _described("tools", function, "parameters")}
    raise RequestRefused("only tools of the type function are served", code="unsupported_parameter", param="tools")


def _described(where: str, value: dict[str, Any], schema: str) -> dict[str, Any]:
    """Check what tools and forms have in common: a name, a description, a schema, and whether it is strict."""
    kinds: dict[str, type] = {"name": str, "description": str, schema: dict, "strict": bool}
    if set(value) - set(kinds):
        raise RequestRefused(f"{where} holds a field that is not served", code="unknown_parameter", param=where)
    kept = {name: value[name] for name in kinds if value.get(name) is not None}
    if not all(isinstance(item, kinds[name]) for name, item in kept.items()) or not _NAME.fullmatch(kept.get("name", "")):
        _refuse(f"{where} holds a name, a description or a schema that is none", where)
    return kept


def _choice(value: Any) -> Any:
    match value:
        case "none" | "auto" | "required":
            return value
        case {"type": "function", "function": {"name": str(name)}} if len(value) == 2 and len(value["function"]) == 1:
            return {"type": "function", "function": {"name": name}}
    return _refuse("tool_choice is none of none, auto, required or a function", "tool_choice")


def _check_choice(fields: Mapping[str, Any], functions: frozenset[str]) -> None:
    match fields.get("tool_choice"):
        case {"function": {"name": name}} if name not in functions:
            _refuse("tool_choice names a tool that is not defined", "tool_choice")
        case "required" if not functions:
            _refuse("tool_choice asks for a tool, and none is defined", "tool_choice")


def _callable(fields: Mapping[str, Any], defined: frozenset[str]) -> frozenset[str]:
    """Return the tools that may be called: whatever the upstream does, the client's choice holds."""
    match fields.get("tool_choice"):
        case "none":
            return frozenset()
        case {"function": {"name": str(name)}}:
            return frozenset((name,))
    return defined


def _form(value: Any) -> dict[str, Any]:
    match value:
        case {"type": "text" | "json_object" as kind} if len(value) == 1:
            return {"type": kind}
        case {"type": "json_schema", "json_schema": dict(schema)} if len(value) == 2:
            return {"type": "json_schema", "json_schema": _described("response_format", schema, "schema")}
    return _refuse("response_format is none of text, json_object or json_schema", "response_format")


def _flag(name: str) -> Callable[[Any], bool]:
    def read_flag(value: Any) -> bool:
        return value if isinstance(value, bool) else _refuse(f"{name} is not true or false", name)

    return read_flag


def _penalty(name: str) -> Callable[[Any], float]:
    def read_penalty(value: Any) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool) or not -2 <= value <= 2:
            _refuse(f"{name} is out of range", name)
        return value

    return read_penalty


_READERS: dict[str, Callable[[Any], Any]] = {
    "tools": _tools,
    "tool_choice": _choice,
    "parallel_tool_calls": _flag("parallel_tool_calls"),
    "response_format": _form,
    "logprobs": _flag("logprobs"),
    "presence_penalty": _penalty("presence_penalty"),
    "frequency_penalty": _penalty("frequency_penalty"),
}
