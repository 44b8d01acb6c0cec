"""Responses, built anew from a short list of fields: nothing of a model's or an upstream's own response is copied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import msgspec

from guard.conversation import ToolCall
from guard.errors import RequestRefused
from guard.proxy.marks import Mark

Finish = Literal["stop", "length", "tool_calls", "content_filter"]
"""Why an answer ended."""

DONE = b"data: [DONE]\n\n"
"""Last event of a stream."""

encode = msgspec.json.Encoder().encode
Receipt = Mapping[str, Any] | None
"""What the guard did, if the client asked for it."""


class Usage(msgspec.Struct, frozen=True):
    """Token counts."""

    prompt_tokens: int
    """Of the rendered prompt."""
    completion_tokens: int
    """That the model generated, released or not."""
    total_tokens: int
    """Sum of both."""


class Writer(Protocol):
    """Writes one answer in the form that a client asked for, streamed or whole."""

    def begin(self) -> bytes:
        """Write what comes before all text."""
        ...

    def text(self, said: str, marks: tuple[Mark, ...]) -> bytes:
        """Write released text."""
        ...

    def calls(self, calls: tuple[ToolCall, ...]) -> bytes:
        """Write released tool calls."""
        ...

    def end(self, finish: Finish, usage: Usage, receipt: Receipt) -> bytes:
        """Write why the answer ended."""
        ...

    def done(self) -> bytes:
        """Write the mark after which nothing comes."""
        ...

    def broken(self) -> bytes:
        """Write that the answer could not be completed; no mark follows."""
        ...

    def whole(self, answer: Whole, finish: Finish, usage: Usage, receipt: Receipt) -> bytes:
        """Write an answer that is not streamed."""
        ...


@dataclass(frozen=True, slots=True)
class Whole:
    """An answer that was put together."""

    text: str
    """All that is said."""
    marks: tuple[Mark, ...] = ()
    """Tokens of it."""
    calls: tuple[ToolCall, ...] = ()
    """What it calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatWriter:
    """Writes a chat completion, or its chunks."""

    id: str
    """Of the request."""
    created: int
    """Seconds since 1970."""
    model: str
    """Name of the model."""
    with_marks: bool = False
    """Whether token probabilities were asked for."""
    with_usage: bool = False
    """Whether a stream ends with a chunk of token counts."""

    def begin(self) -> bytes:
        """Encode the first chunk of a stream."""
        return self._chunk({"role": "assistant", "content": ""})

    def text(self, said: str, marks: tuple[Mark, ...]) -> bytes:
        """Encode a chunk with text."""
        return self._chunk({"content": said}, marks=marks)

    def calls(self, calls: tuple[ToolCall, ...]) -> bytes:
        """Encode a chunk with whole tool calls."""
        return self._chunk({"tool_calls": [{"index": number} | _call(call) for number, call in enumerate(calls)]})

    def end(self, finish: Finish, usage: Usage, receipt: Receipt) -> bytes:
        """Encode the chunk that says why the answer ended, and if asked for the one with the token counts."""
        last = self._chunk({}, finish=finish, receipt=receipt)
        if not self.with_usage:
            return last
        return last + event(self._common("chat.completion.chunk") | {"choices": [], "usage": usage})

    def done(self) -> bytes:
        """Return the mark."""
        return DONE

    def broken(self) -> bytes:
        """Encode an error that comes when the stream has begun already."""
        return error_event("the answer could not be completed", code="guard_error")

    def whole(self, answer: Whole, finish: Finish, usage: Usage, receipt: Receipt) -> bytes:
        """Encode a whole answer."""
        message: dict[str, Any] = {"role": "assistant", "content": answer.text, "refusal": None}
        if answer.calls:
            message |= {"content": answer.text or None, "tool_calls": [_call(call) for call in answer.calls]}
        choice = {"index": 0, "message": message, "logprobs": self._marks(answer.marks), "finish_reason": finish}
        return encode(self._common("chat.completion") | {"choices": [choice], "usage": usage} | _extension(receipt))

    def _chunk(
        self, delta: dict[str, Any], *, marks: tuple[Mark, ...] = (), finish: Finish | None = None, receipt: Receipt = None
    ) -> bytes:
        probabilities = self._marks(marks) if marks else None
        choice = {"index": 0, "delta": delta, "logprobs": probabilities, "finish_reason": finish}
        return event(self._common("chat.completion.chunk") | {"choices": [choice]} | _extension(receipt))

    def _marks(self, marks: tuple[Mark, ...]) -> dict[str, Any] | None:
        if not self.with_marks:
            return None
        content = [
            {"token": mark.data.decode(errors="replace"), "logprob": mark.logprob, "bytes": list(mark.data), "top_logprobs": []}
            for mark in marks
        ]
        return {"content": content, "refusal": None}

    def _common(self, kind: str) -> dict[str, Any]:
        return {"id": f"chatcmpl-{self.id}", "object": kind, "created": self.created, "model": self.model}


def _call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _extension(receipt: Receipt) -> dict[str, Any]:
    return {} if receipt is None else {"auscult": receipt}


def event(value: Any) -> bytes:
    """Encode one event of a stream."""
    return b"data: " + encode(value) + b"\n\n"


def error(problem: str, *, code: str, kind: str, param: str | None = None) -> bytes:
    """Encode an error in the OpenAI shape."""
    return encode({"error": {"message": problem, "type": kind, "param": param, "code": code}})


def error_event(problem: str, *, code: str) -> bytes:
    """Encode an error that comes when the stream has begun already; no `[DONE]` follows it."""
    return b"data: " + error(problem, code=code, kind="server_error") + b"\n\n"


_KINDS = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}


def refusal(refused: RequestRefused) -> bytes:
    """Encode why a request is not served."""
    kind = _KINDS.get(refused.status, "invalid_request_error" if refused.status < 500 else "server_error")
    return error(refused.problem, code=refused.code, kind=kind, param=refused.param)


def models(names: Sequence[str]) -> bytes:
    """Encode the list of models that are served."""
    entries = [{"id": name, "object": "model", "created": 0, "owned_by": "auscult"} for name in names]
    return encode({"object": "list", "data": entries})
