"""A model that costs nothing: an OpenAI-compatible server in raw ASGI, for `proxy.py` and `leak.py`. Run by uvicorn.

An answer is 64 tokens of plain words. A question `leak AT PIECES` has a forbidden text stand in it at token AT, cut into so
many pieces; a question `slow MS` or the variable BENCH_DELAY_MS puts a pause before each token.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from itertools import pairwise
from typing import Any

FORBIDDEN = os.environ.get("BENCH_FORBIDDEN", "jane.roe@example.org")
"""What no client may get a character of: an e-mail address, which rules of every kind can find."""
TOKENS = 64
"""Of an answer."""
DELAY = float(os.environ.get("BENCH_DELAY_MS", "0")) / 1000
"""Seconds before each token."""
_WORDS = ("Drink", "some", "water", "and", "rest", "for", "a", "while", "then", "see", "how", "it", "goes", "today")
_ASKED = re.compile(r"leak (\d+) (\d+)")
_SLOW = re.compile(r"slow (\d+)")


def tokens(asked: str) -> list[str]:
    """Return the tokens of the answer to a question."""
    plain = [_WORDS[index % len(_WORDS)] + " " for index in range(TOKENS)]
    if found := _ASKED.search(asked):
        at, pieces = int(found[1]), int(found[2])
        cuts = [len(FORBIDDEN) * index // pieces for index in range(pieces + 1)]
        forbidden = [FORBIDDEN[first:last] for first, last in pairwise(cuts)]
        plain[at : at + pieces] = [*forbidden[:-1], forbidden[-1] + " "]
    return plain


def _chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    value = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "mock", "choices": [choice]}
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def events(asked: str) -> list[bytes]:
    """Return the events of a streamed answer."""
    texts = tokens(asked)
    first = _chunk({"role": "assistant", "content": texts[0]})
    return [first, *(_chunk({"content": text}) for text in texts[1:]), _chunk({}, "stop"), b"data: [DONE]\n\n"]


def whole(asked: str) -> bytes:
    """Return a whole answer."""
    message = {"role": "assistant", "content": "".join(tokens(asked))}
    usage = {"prompt_tokens": 9, "completion_tokens": TOKENS, "total_tokens": 9 + TOKENS}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    value = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "mock",
        "choices": [choice],
        "usage": usage,
    }
    return json.dumps(value).encode()


_PLAIN = (events(""), whole(""))
_MODELS = json.dumps(
    {"object": "list", "data": [{"id": "mock", "object": "model", "created": 1, "owned_by": "bench"}]}
).encode()


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer."""
    if scope["type"] != "http":
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    if scope["method"] == "GET":
        await _send(send, _MODELS)
        return
    asked = json.loads(body)
    question = next((str(one["content"]) for one in reversed(asked["messages"]) if one["role"] == "user"), "")
    special = "leak " in question or "slow " in question
    if not asked.get("stream"):
        await _send(send, whole(question) if special else _PLAIN[1])
        return
    slow = _SLOW.search(question)
    pause = float(slow[1]) / 1000 if slow else DELAY
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    for event in events(question) if special else _PLAIN[0]:
        if pause:
            await asyncio.sleep(pause)
        await send({"type": "http.response.body", "body": event, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send(send: Any, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
