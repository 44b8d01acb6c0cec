"""Writes answers in the form of `/v1/responses`: one message item, then an item for each tool call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from guard.conversation import ToolCall
from guard.proxy import reply
from guard.proxy.marks import Mark
from guard.proxy.reply import Finish, Receipt, Usage, Whole

_WHY = {"length": "max_output_tokens", "content_filter": "content_filter"}


@dataclass(slots=True, kw_only=True)
class ResponseWriter:
    """Writes one response, or its events in order."""

    id: str
    """Of the request."""
    created: int
    """Seconds since 1970."""
    model: str
    """Name of the model."""
    asked: dict[str, Any] = field(default_factory=dict)
    """What the response repeats of the request: tools, and how they are chosen."""
    _number: int = field(default=0, init=False)
    _said: list[str] = field(default_factory=list, init=False)
    _items: list[dict[str, Any]] = field(default_factory=list, init=False)
    _ended: bool = field(default=False, init=False)

    def begin(self) -> bytes:
        """Encode the events before all text."""
        empty = self._response("in_progress", [], None)
        message = self._message("", "in_progress") | {"content": []}
        return b"".join(
            (
                self._event("response.created", response=empty),
                self._event("response.in_progress", response=empty),
                self._event("response.output_item.added", output_index=0, item=message),
                self._event("response.content_part.added", **self._place(), part=_part("")),
            )
        )

    def text(self, said: str, marks: tuple[Mark, ...]) -> bytes:
        """Encode text; probabilities are not served in this form."""
        self._said.append(said)
        return self._event("response.output_text.delta", **self._place(), delta=said, logprobs=[])

    def calls(self, calls: tuple[ToolCall, ...]) -> bytes:
        """Encode whole tool calls, after the end of the text."""
        written = [self._text_done("completed")]
        for number, call in enumerate(calls, 1):
            item = _called(self.id, number, call)
            place = {"item_id": item["id"], "output_index": number}
            started = item | {"arguments": "", "status": "in_progress"}
            written += [
                self._event("response.output_item.added", output_index=number, item=started),
                self._event("response.function_call_arguments.delta", **place, delta=call.arguments),
                self._event("response.function_call_arguments.done", **place, name=call.name, arguments=call.arguments),
                self._event("response.output_item.done", output_index=number, item=item),
            ]
            self._items.append(item)
        return b"".join(written)

    def end(self, finish: Finish, usage: Usage, receipt: Receipt) -> bytes:
        """Encode the events after all text."""
        text, status = "".join(self._said), _status(finish)
        message = self._message(text, status)
        whole = self._response(status, [message, *self._items], usage, finish, receipt)
        return self._text_done(status) + self._event(f"response.{status}", response=whole)

    def _text_done(self, status: str) -> bytes:
        """Encode the end of the message, once."""
        if self._ended:
            return b""
        self._ended = True
        text = "".join(self._said)
        return b"".join(
            (
                self._event("response.output_text.done", **self._place(), text=text, logprobs=[]),
                self._event("response.content_part.done", **self._place(), part=_part(text)),
                self._event("response.output_item.done", output_index=0, item=self._message(text, status)),
            )
        )

    def done(self) -> bytes:
        """Return nothing: the last event is the mark."""
        return b""

    def broken(self) -> bytes:
        """Encode that the answer could not be completed."""
        return self._event("error", code="guard_error", message="the answer could not be completed", param=None)

    def whole(self, answer: Whole, finish: Finish, usage: Usage, receipt: Receipt) -> bytes:
        """Encode a whole response."""
        status = _status(finish)
        items = [_called(self.id, number, call) for number, call in enumerate(answer.calls, 1)]
        message = [self._message(answer.text, status)] if answer.text or not items else []
        return reply.encode(self._response(status, [*message, *items], usage, finish, receipt))

    def _event(self, kind: str, **fields: Any) -> bytes:
        number, self._number = self._number, self._number + 1
        return f"event: {kind}\n".encode() + reply.event({"type": kind, "sequence_number": number} | fields)

    def _place(self) -> dict[str, Any]:
        return {"item_id": f"msg_{self.id}", "output_index": 0, "content_index": 0}

    def _message(self, text: str, status: str) -> dict[str, Any]:
        parts = [_part(text)]
        return {"id": f"msg_{self.id}", "type": "message", "role": "assistant", "status": status, "content": parts}

    def _response(
        self, status: str, output: list[dict[str, Any]], usage: Usage | None, finish: Finish = "stop", receipt: Receipt = None
    ) -> dict[str, Any]:
        reason = _WHY.get(finish)
        counts = usage and {
            "input_tokens": usage.prompt_tokens,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": usage.completion_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": usage.total_tokens,
        }
        value = {
            "id": f"resp_{self.id}", "object": "response", "created_at": self.created, "model": self.model,
            "status": status, "error": None, "incomplete_details": {"reason": reason} if reason else None,
            "output": output, "usage": counts, "store": False, "previous_response_id": None,
            "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
        }  # fmt: skip
        return value | self.asked | ({} if receipt is None else {"auscult": receipt})


def _status(finish: Finish) -> str:
    return "incomplete" if finish in _WHY else "completed"


def _part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": []}


def _called(request: str, number: int, call: ToolCall) -> dict[str, Any]:
    return {
        "id": f"fc_{request}_{number}", "type": "function_call", "status": "completed", "call_id": call.id,
        "name": call.name, "arguments": call.arguments,
    }  # fmt: skip
