"""Responses, built anew from a short list of fields: nothing of a model's or an upstream's own response is copied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from guard.errors import RequestRefused

Finish = Literal["stop", "length", "content_filter"]
"""Why an answer ended."""

DONE = b"data: [DONE]\n\n"
"""Last event of a stream."""

_encode = msgspec.json.Encoder().encode


class _Answer(msgspec.Struct, omit_defaults=True, frozen=True):
    role: str | None = None
    content: str | None = None


class Usage(msgspec.Struct, frozen=True):
    """Token counts."""

    prompt_tokens: int
    """Of the rendered prompt."""
    completion_tokens: int
    """That the model generated, released or not."""
    total_tokens: int
    """Sum of both."""


class Frame(msgspec.Struct, frozen=True):
    """What all parts of one response share."""

    id: str
    """Of the request."""
    created: int
    """Seconds since 1970."""
    model: str
    """Name of the model."""

    def completion(self, content: str, finish: Finish, usage: Usage, receipt: Mapping[str, Any] | None = None) -> bytes:
        """Encode a whole answer."""
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": content, "refusal": None},
            "logprobs": None,
            "finish_reason": finish,
        }
        return _encode(self._common("chat.completion") | {"choices": [choice], "usage": usage} | _extension(receipt))

    def role(self) -> bytes:
        """Encode the first chunk of a stream."""
        return self._chunk(_Answer(role="assistant", content=""), None)

    def text(self, text: str) -> bytes:
        """Encode a chunk with text."""
        return self._chunk(_Answer(content=text), None)

    def finish(self, finish: Finish, receipt: Mapping[str, Any] | None = None) -> bytes:
        """Encode the chunk that says why the answer ended."""
        return self._chunk(_Answer(), finish, receipt)

    def usage(self, usage: Usage) -> bytes:
        """Encode the chunk with the token counts."""
        return _event(self._common("chat.completion.chunk") | {"choices": [], "usage": usage})

    def _chunk(self, delta: _Answer, finish: Finish | None, receipt: Mapping[str, Any] | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _event(self._common("chat.completion.chunk") | {"choices": [choice]} | _extension(receipt))

    def _common(self, kind: str) -> dict[str, Any]:
        return {"id": f"chatcmpl-{self.id}", "object": kind, "created": self.created, "model": self.model}


def _extension(receipt: Mapping[str, Any] | None) -> dict[str, Any]:
    return {} if receipt is None else {"auscult": receipt}


def _event(value: Any) -> bytes:
    return b"data: " + _encode(value) + b"\n\n"


def error(problem: str, *, code: str, kind: str, param: str | None = None) -> bytes:
    """Encode an error in the OpenAI shape."""
    return _encode({"error": {"message": problem, "type": kind, "param": param, "code": code}})


def error_event(problem: str, *, code: str) -> bytes:
    """Encode an error that comes when the stream has begun already; no `[DONE]` follows it."""
    return b"data: " + error(problem, code=code, kind="server_error") + b"\n\n"


_KINDS = {401: "authentication_error", 404: "not_found_error"}


def refusal(refused: RequestRefused) -> bytes:
    """Encode why a request is not served."""
    kind = _KINDS.get(refused.status, "invalid_request_error" if refused.status < 500 else "server_error")
    return error(refused.problem, code=refused.code, kind=kind, param=refused.param)


def models(name: str) -> bytes:
    """Encode the list of models: the one that is served."""
    entry = {"id": name, "object": "model", "created": 0, "owned_by": "auscult"}
    return _encode({"object": "list", "data": [entry]})
