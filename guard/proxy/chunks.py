"""What an upstream says, chunk by chunk or at once: bytes in, pieces of an answer out, built from a short list of fields.

Pieces that came at once are given out at once, so that an answer that comes in a rush is not judged letter by letter.

Names, ids, headers, reasoning and whatever else is in a chunk stay behind. A chunk that can't be read, a second choice, a
call of a tool that nobody defined, an end without a reason: an `UpstreamError`, and the answer is broken off.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

import msgspec

from guard import sse
from guard.conversation import ToolCall
from guard.errors import UpstreamError

MOST_CALLS = 128
"""Tool calls of one answer."""
MOST_CHARACTERS = 4_194_304
"""Characters of one answer, arguments of calls included."""
MOST_TOKENS = 100_000_000
"""Tokens that a count may tell of; a longer number is none, and digits enough would be a text that nobody judged."""
_DONE = "[DONE]"


class _Function(msgspec.Struct, gc=False):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct):
    index: int = 0
    function: _Function | None = None


class _Token(msgspec.Struct):
    token: str
    logprob: float
    bytes: list[int] | None = None


class _Logprobs(msgspec.Struct):
    content: list[_Token] | None = None


class _Delta(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[_Call] | None = None
    function_call: _Function | None = None


class _Choice(msgspec.Struct):
    delta: _Delta | None = None
    index: int = 0
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Chunk(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: Any = None


class _Said(_Choice):
    message: _Delta | None = None


class _Answer(msgspec.Struct):
    choices: list[_Said] | None = None
    usage: _Usage | None = None
    error: Any = None


_NOTHING = _Delta()
_decode = msgspec.json.Decoder(_Chunk).decode
_decode_whole = msgspec.json.Decoder(_Answer).decode


class Piece(msgspec.Struct, frozen=True, gc=False):
    """More text of an answer."""

    text: str
    """May be empty where only tokens are told of."""
    marks: tuple[tuple[int, float], ...] = ()
    """Bytes and log probability of each token in it, if the upstream tells."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The whole of an answer has come; comes last."""

    reason: Literal["stop", "length", "withheld"]
    """Why it ended; `withheld` where the upstream's own filter ended it."""
    calls: tuple[ToolCall, ...]
    """What it calls."""
    usage: tuple[int, int] | None
    """Tokens of prompt and answer, if the upstream tells."""


_REASONS: dict[str, Literal["stop", "length", "withheld"]] = {
    "stop": "stop",
    "tool_calls": "stop",
    "length": "length",
    "content_filter": "withheld",
}


@dataclass(slots=True)
class _Building:
    """A call under way."""

    name: str = ""
    arguments: list[str] = field(default_factory=list)


async def read(
    data: AsyncIterator[bytes], *, functions: frozenset[str], call_id: Callable[[], str]
) -> AsyncGenerator[list[Piece | Finished], None]:
    """Yield the pieces of one answer, those together that came together; `Finished` is the last.

    Args:
        data: Bytes as they come.
        functions: Names of the tools that may be called.
        call_id: Names a call; the upstream's own names stay behind.

    Raises:
        UpstreamError: It can't be read, or ends before its end.
    """
    events, answer = sse.Reader(), _Reading(functions)
    async for part in data:
        together: list[Piece | Finished] = []
        try:
            for event in events.feed(part):
                if event == _DONE:
                    together.append(answer.finished(call_id))
                    break
                if piece := answer.take(event):
                    together.append(piece)
        except UpstreamError:
            if together:
                yield together
            raise
        if together:
            yield together
            if isinstance(together[-1], Finished):
                return
    yield [answer.finished(call_id)]


def whole(data: bytes, *, functions: frozenset[str], call_id: Callable[[], str]) -> list[Piece | Finished]:
    """Read an answer that came at once; see `read`.

    Raises:
        UpstreamError: It can't be read, or has no end.
    """
    answer = _Reading(functions)
    piece = answer.take_whole(data)
    finished = answer.finished(call_id)
    return [finished] if piece is None else [piece, finished]


class _Reading:
    def __init__(self, functions: frozenset[str]) -> None:
        self._functions = functions
        self._building: dict[int, _Building] = {}
        self._reason: str | None = None
        self._usage: tuple[int, int] | None = None
        self._length = 0

    def take(self, event: str) -> Piece | None:
        """Take the data of one event."""
        try:
            chunk = _decode(event)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise _garbage("a chunk that can't be read") from None
        found = self._common(chunk)
        return None if found is None else self._choice(found, found.delta)

    def take_whole(self, data: bytes) -> Piece | None:
        """Take a whole answer."""
        try:
            answer = _decode_whole(data)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise _garbage("an answer that can't be read") from None
        found = self._common(answer)
        if found is None:
            return None
        message = found.message or _NOTHING
        for index, call in enumerate(message.tool_calls or ()):
            call.index = index  # they stand in order, without numbers
        return self._choice(found, message)

    def _common(self, said: _Chunk | _Answer) -> Any:
        """Return the one choice, if there is any."""
        if said.error is not None:
            raise UpstreamError("the model behind the guard reported an error", code="upstream_reported_error")
        if said.usage is not None:
            counts = said.usage.prompt_tokens, said.usage.completion_tokens
            self._usage = counts if all(0 <= count <= MOST_TOKENS for count in counts) else None
        if not said.choices:
            return None
        if len(said.choices) > 1 or said.choices[0].index != 0:
            raise _garbage("more than one answer")
        return said.choices[0]

    def _choice(self, choice: _Choice, said: _Delta | None) -> Piece | None:
        delta = said or _NOTHING
        text = delta.content or ""
        if delta.refusal:
            text += delta.refusal
        if self._reason is not None and (text or delta.tool_calls):
            raise _garbage("more after the end")
        if delta.function_call is not None:
            raise _garbage("a call in a form that is not read")
        self._length += len(text)
        if self._length > MOST_CHARACTERS:
            raise _garbage("an answer without an end")
        for call in delta.tool_calls or ():
            self._call(call)
        # Some write an empty reason until there is one.
        if choice.finish_reason:
            self._reason = choice.finish_reason
        marks = tuple(map(_mark, choice.logprobs.content or ())) if choice.logprobs else ()
        return Piece(text, marks) if text or marks else None

    def _call(self, call: _Call) -> None:
        if not 0 <= call.index < MOST_CALLS:
            raise _garbage("too many calls")
        building = self._building.setdefault(call.index, _Building())
        if call.function is None:
            return
        # Some send the name once, some with every piece of the arguments.
        if call.function.name and call.function.name != building.name:
            building.name += call.function.name
        if call.function.arguments:
            self._length += len(call.function.arguments)
            if self._length > MOST_CHARACTERS:
                raise _garbage("an answer without an end")
            building.arguments.append(call.function.arguments)

    def finished(self, call_id: Callable[[], str]) -> Finished:
        """Return the end of the answer."""
        reason = _REASONS.get(self._reason or "")
        if reason is None:
            raise UpstreamError("the model behind the guard broke off", code="upstream_broken")
        calls = tuple(self._whole(one, call_id) for _, one in sorted(self._building.items())) if reason == "stop" else ()
        return Finished(reason, calls, self._usage)

    def _whole(self, call: _Building, call_id: Callable[[], str]) -> ToolCall:
        if call.name not in self._functions:
            raise _garbage("a call of a tool that the request does not define, or does not let it call")
        try:
            value = json.loads("".join(call.arguments) or "{}", parse_constant=_no_constant)
            # Written again, so that what is judged has no second spelling: no escapes, no key that stands twice.
            # No infinity either, which a number may be that is too large.
            arguments = json.dumps(value, ensure_ascii=False, allow_nan=False)
            arguments.encode()
        except (ValueError, RecursionError):
            raise _garbage("a call whose arguments are no JSON") from None
        if not isinstance(value, dict):
            raise _garbage("a call whose arguments are no JSON object")
        return ToolCall(id=call_id(), name=call.name, arguments=arguments)


def _no_constant(_: str) -> NoReturn:
    raise ValueError


def _mark(token: _Token) -> tuple[int, float]:
    size = len(token.bytes) if token.bytes is not None else len(token.token.encode())
    return size, token.logprob


def _garbage(what: str) -> UpstreamError:
    return UpstreamError(f"the model behind the guard sent {what}", code="upstream_garbage")


def joined(pieces: Iterable[Piece]) -> Piece:
    """Join pieces into one."""
    listed = list(pieces)
    return Piece("".join([one.text for one in listed]), tuple([mark for one in listed for mark in one.marks]))
