"""LiteLLM's generic guardrail (beta): a gateway sends the texts of a request or an answer and does what it is told.

`POST /beta/litellm_basic_guardrail_api`. What can't be judged is blocked. A notice can stand after an answer, as the gateway
lets texts be changed; before one it can't, so that a request with a notice goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from guard.conversation import Conversation, Message, Role, ToolCall
from guard.errors import RequestRefused
from guard.policy import Action
from guard.proxy import calls, messages, reply, texts, wishes
from guard.proxy.guard import Guard
from guard.proxy.wire import ChatRequest
from guard.subjects.events import Wishes
from guard.verdict import Verdict

MOST_TEXTS = 512
"""Texts of one request."""
_KNOWN = frozenset(
    (
        "input_type", "texts", "images", "tools", "tool_calls", "structured_messages", "request_data", "request_headers",
        "litellm_call_id", "litellm_trace_id", "litellm_version", "additional_provider_specific_params", "model",
    )
)  # fmt: skip
"""Fields of the contract; those that hold no text of the conversation are read past."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a gateway sent."""

    conversation: Conversation
    """Of the request; of an answer, what it answers as far as that is known."""
    definitions: str = ""
    """Text of the tools."""
    texts: tuple[str, ...] = ()
    """Of an answer."""
    calls: tuple[ToolCall, ...] = ()
    """Of an answer."""
    is_answer: bool = False
    """Whether it is an answer."""


def read(value: dict[str, Any], allow: frozenset[str]) -> Sent | None:
    """Read a request of the gateway; None where it holds what nobody can judge.

    Raises:
        RequestRefused: It is not in the form of the contract.
    """
    if set(value) - _KNOWN - allow:
        raise RequestRefused("the request holds a field that is not known", code="unknown_parameter")
    given, kind = [] if value.get("texts") is None else value["texts"], value.get("input_type")
    if kind not in ("request", "response") or not isinstance(given, list) or len(given) > MOST_TEXTS:
        raise RequestRefused("the request is not in the form of a guardrail's", code="invalid_value")
    if not all(isinstance(text, str) for text in given):
        raise RequestRefused("texts holds what is no text", code="invalid_value", param="texts")
    if value.get("images"):
        return None
    try:
        known = tuple(_message(item) for item in value.get("structured_messages") or ())
        made = tuple(_call(number, item) for number, item in enumerate(value.get("tool_calls") or ()))
    except (RequestRefused, TypeError):
        return None
    if kind == "response":
        return Sent(conversation=Conversation(known), texts=tuple(given), calls=made, is_answer=True)
    return _request(value, known, made, given)


def _request(value: dict[str, Any], known: tuple[Message, ...], made: tuple[ToolCall, ...], given: list[str]) -> Sent | None:
    seen = "\n".join(message.content for message in known)
    others = [text for text in given if text.strip() and text not in seen]
    extra = tuple(Message(Role.USER, text) for text in others)
    said = (*known, *((Message(Role.ASSISTANT, "", made),) if made else ()), *extra)
    if not said:
        return None
    # A conversation is judged after a user's or a tool's turn: what comes after the last of them is judged with it.
    last = next((at for at in reversed(range(len(said))) if said[at].role in (Role.USER, Role.TOOL)), None)
    if last is None:
        said = tuple(Message(Role.USER, message.content) for message in said if message.content)
    elif last != len(said) - 1:
        said = (*said[:last], *said[last + 1 :], said[last])
    if not said:
        return None
    return Sent(conversation=Conversation(said), definitions="\n".join(wishes.texts(value.get("tools") or [])))


def _message(value: Any) -> Message:
    """Read one message; an order that a chat must have is not asked for, and a tool's result may come without its call."""
    return messages.read_one("structured_messages", value)


def _call(number: int, value: Any) -> ToolCall:
    match value:
        case {"function": {"name": str() | None as name, "arguments": str(arguments)}}:
            made = calls.plain(f"tool_calls[{number}]", ToolCall(id=f"call{number}", name=name or "_", arguments=arguments))
            return made if name else msgspec.structs.replace(made, name="")
    raise RequestRefused("a tool call is not in the form that is served", code="invalid_value", param="tool_calls")


def asked(guard: Guard, sent: Sent) -> ChatRequest:
    """Return the request as the guard judges one."""
    told = Wishes(definitions=sent.definitions)
    return ChatRequest(model=guard.model, conversation=sent.conversation, sampling=guard.sampling, wishes=told)


def blocked(reason: str) -> bytes:
    """Encode that it must not go on."""
    return reply.encode({"action": "BLOCKED", "blocked_reason": reason})


def body(guard: Guard, sent: Sent, verdict: Verdict, languages: tuple[str, ...]) -> bytes:
    """Encode what the gateway is to do."""
    written = texts.write(texts.choose(verdict), languages, guard.emergency)
    if verdict.action.rank >= Action.ESCALATE.rank:
        return blocked(written)
    if verdict.action is Action.NOTICE and sent.is_answer and sent.texts:
        told = [*sent.texts[:-1], f"{sent.texts[-1]}\n\n{written}"]
        return reply.encode({"action": "GUARDRAIL_INTERVENED", "texts": told})
    return reply.encode({"action": "NONE"})
