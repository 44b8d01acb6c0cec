"""What goes to an upstream: the request that was read and judged, encoded again from a short list of fields. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from guard.conversation import Conversation, Message
from guard.subjects.events import Sampling, Wishes

_encode = msgspec.json.Encoder().encode


def encode(
    conversation: Conversation, sampling: Sampling, wishes: Wishes, *, model: str, system: str | None, stream: bool = True
) -> bytes:
    """Encode a request.

    Args:
        conversation: What was judged.
        sampling: With what the client asked for; only that is sent, for what an upstream does by itself is not ours to say.
        wishes: What else it asked for.
        model: Name of the model at the upstream.
        system: The guard's own system prompt, put first.
        stream: Whether the answer is to come in chunks.
    """
    # Definitions were judged as the first message; they go where they came from.
    messages = conversation.messages[1:] if wishes.definitions else conversation.messages
    own = [{"role": "system", "content": system}] if system else []
    body: dict[str, Any] = {"model": model, "messages": [*own, *map(_message, messages)], "stream": stream}
    if stream:
        body["stream_options"] = {"include_usage": True}
    return _encode(body | dict(_sampling(sampling, wishes.given)) | dict(wishes.fields))


def _sampling(sampling: Sampling, given: frozenset[str]) -> Iterator[tuple[str, Any]]:
    values: dict[str, Any] = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "max_completion_tokens": sampling.max_tokens,
        "stop": list(sampling.stop),
        "seed": sampling.seed,
    }
    return ((name, value) for name, value in values.items() if name in given)


def _message(message: Message) -> dict[str, Any]:
    plain: dict[str, Any] = {"role": str(message.role), "content": message.content}
    if message.tool_calls:
        plain["content"] = message.content or None
        plain["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.tool_call_id:
        plain["tool_call_id"] = message.tool_call_id
    return plain
