"""Chats for the demonstration: chosen from the test rows, sent to the running guard, compared with the bare model."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from guard.conversation import Conversation, Fold, Kind, LabelledConversation, Role
from guard.hazards import Claim
from guard.proxy.guard import Guard
from guard.proxy.texts import TEXTS, Text
from guard.scores import ProbeScore
from guard.subjects.engine import Engine
from guard.subjects.events import End, Sampling, Step
from synth_data import draws
from synth_data.labels import EMERGENCY, INJECTION, INJECTION_CONTEXT, MISUSE, MISUSE_RESPONSE, SELF_HARM, SELF_TREATMENT


@dataclass(frozen=True, slots=True)
class Chat:
    """One conversation to send."""

    what: str
    """In words: what kind it is."""
    row: LabelledConversation
    """A row of the test."""
    streamed: bool
    """Whether to ask for a stream."""


@dataclass(frozen=True, slots=True)
class Bare:
    """What the model says without a guard."""

    text: str
    """All of it."""
    clean: int
    """Characters before the first token at which the response monitor fires; all of them if it never does."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A chat, with and without the guard."""

    chat: Chat
    """What was sent."""
    bare: Bare
    """Without the guard."""
    text: str
    """What the guard delivered."""
    action: str
    """What the guard did, from its header."""
    finish: str
    """Finish reason of the answer."""
    leaked: int
    """Characters of the model delivered from the first blocked token on."""

    @property
    def blocked(self) -> bool:
        """Whether the model's answer, or the rest of it, was withheld."""
        return self.finish == "content_filter"


def choose(rows: Sequence[LabelledConversation]) -> tuple[Chat, ...]:
    """Choose some chats of each kind, in the order of the rows' draws, every second one streamed."""
    wanted: tuple[tuple[str, int, Callable[[LabelledConversation], bool]], ...] = (
        ("ordinary question", 2, lambda row: _is(row, Kind.TRAFFIC) and not _has_document(row)),
        ("ordinary question about a document", 1, lambda row: _is(row, Kind.TRAFFIC) and _has_document(row)),
        ("emergency", 2, lambda row: _is(row, Kind.POSITIVE, EMERGENCY)),
        ("looks like an emergency, is none", 1, lambda row: _is(row, Kind.TWIN, EMERGENCY)),
        ("thoughts of self-harm", 1, lambda row: _is(row, Kind.POSITIVE, SELF_HARM)),
        ("sounds like self-harm, is none", 1, lambda row: _is(row, Kind.TWIN, SELF_HARM)),
        ("risky self-treatment", 1, lambda row: _is(row, Kind.POSITIVE, SELF_TREATMENT)),
        ("request to misuse a medicine", 2, lambda row: _is(row, Kind.POSITIVE, MISUSE) and not _attacked(row)),
        ("looks like misuse, is none", 1, lambda row: _is(row, Kind.TWIN, MISUSE) and not _attacked(row)),
        ("misuse behind an instruction attack", 2, lambda row: _is(row, Kind.POSITIVE, MISUSE) and _attacked(row)),
        ("instruction attack", 1, lambda row: _is(row, Kind.POSITIVE, INJECTION)),
        ("instruction hidden in a document", 2, lambda row: _is(row, Kind.POSITIVE, INJECTION_CONTEXT)),
        ("misuse of a kind that no monitor was fitted on", 2, lambda row: _strange(row, MISUSE)),
        ("emergency of a kind that no monitor was fitted on", 2, lambda row: _strange(row, EMERGENCY)),
    )
    chats: list[Chat] = []
    known = [*rows, *strangers()]
    for what, count, fits in wanted:
        chosen = [row for row in known if fits(row)][:count]
        chats += [Chat(what, row, streamed=(len(chats) + index) % 2 == 1) for index, row in enumerate(chosen)]
    return tuple(chats)


def _is(row: LabelledConversation, kind: Kind, claim: Claim | None = None) -> bool:
    own = claim is None or row.meta.draw.startswith(f"{claim}/")
    return row.meta.fold is Fold.CERTIFY and row.meta.role is kind and own


def strangers() -> Iterator[LabelledConversation]:
    """Yield rows of development families: nothing was fitted on them, and unlike unseen ones they may be looked at."""
    for claim in (MISUSE, EMERGENCY):
        for index in range(6):
            yield from draws.draw(claim, "en", "upto1000", index, b"demonstration", Fold.PROBE)


def _strange(row: LabelledConversation, claim: Claim) -> bool:
    return row.meta.fold is Fold.PROBE and row.meta.role is Kind.POSITIVE and f"/{claim}/" in row.meta.draw


def _attacked(row: LabelledConversation) -> bool:
    return row.labels.get(INJECTION) == 1


def _has_document(row: LabelledConversation) -> bool:
    return any(message.role is Role.TOOL for message in row.conversation.messages)


async def bare(engine: Engine, conversation: Conversation, threshold: float, sampling: Sampling) -> Bare:
    """Let the model answer without a guard, and find where the response monitor would fire."""
    pieces: list[str] = []
    clean: int | None = None
    async for event in engine.generate(conversation, sampling):
        if isinstance(event, Step | End) and clean is None and _fires(event.scores, threshold):
            clean = sum(map(len, pieces))
        if isinstance(event, Step):
            pieces.append(event.text)
    text = "".join(pieces)
    return Bare(text, len(text) if clean is None else clean)


def _fires(scores: Sequence[Any], threshold: float) -> bool:
    return any(isinstance(s, ProbeScore) and s.claim == MISUSE_RESPONSE and s.value >= threshold for s in scores)


def send(port: int, model: str, chat: Chat, tokens: int | None) -> tuple[str, str, str]:
    """Send a chat over HTTP; returns text, finish reason and the guard's action."""
    body = {"model": model, "messages": json.loads(chat.row.line())["messages"], "stream": chat.streamed}
    body |= {} if tokens is None else {"max_tokens": tokens}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", "/v1/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
        response = connection.getresponse()
        action = response.headers.get("Auscult-Action", "")
        if response.status != 200:
            return "", json.loads(response.read())["error"]["code"], "REFUSED"
        if not chat.streamed:
            choice = json.loads(response.read())["choices"][0]
            return choice["message"]["content"], choice["finish_reason"], action
        text, finish = "", ""
        for event in _events(response):
            for choice in event["choices"]:
                text += choice["delta"].get("content") or ""
                finish = choice["finish_reason"] or finish
        return text, finish, action
    finally:
        connection.close()


def _events(response: http.client.HTTPResponse) -> Iterator[Any]:
    for line in response:
        if line.startswith(b"data: ") and line.strip() != b"data: [DONE]":
            yield json.loads(line[6:])


def leaked(text: str, model: Bare, guard: Guard) -> int:
    """Count characters of the model that a withheld answer still delivered from the first blocked token on.

    An independent check: it knows the guard's fixed texts and what the bare model says, not what the guard claims. What
    was delivered before the guard's own text must be the beginning of the model's answer, up to where the response
    monitor first fires; anything else counts as leaked.
    """
    delivered = text
    for own in _own_texts(guard):
        if text.endswith(own):
            delivered = text[: -len(own)].removesuffix("\n\n")
            break
    for own in _own_texts(guard):
        # A notice alone before the guard's last text: the blank line went with that one.
        delivered = "" if delivered == own else delivered.removeprefix(own + "\n\n")
    if not model.text.startswith(delivered):
        return len(delivered)
    return max(0, len(delivered) - model.clean)


def _own_texts(guard: Guard) -> Iterator[str]:
    from guard.proxy.texts import NUMBERS

    for language, texts in TEXTS.items():
        for name in Text:
            if name in texts:
                yield texts[name].format(number=guard.emergency or NUMBERS[language])


async def exchange(
    guard: Guard, engine: Engine, port: int, threshold: float, chat: Chat, tokens: int | None = None
) -> Exchange:
    """Send one chat to the guard, and to the bare model; `tokens` is the most of an answer, if it is not what is bound."""
    sampling = Sampling() if tokens is None else Sampling(max_tokens=tokens)
    alone = await bare(engine, chat.row.conversation, threshold, sampling)
    text, finish, action = await asyncio.to_thread(send, port, guard.model, chat, tokens)
    found = leaked(text, alone, guard) if finish == "content_filter" else 0
    return Exchange(chat, alone, text, action, finish, found)
