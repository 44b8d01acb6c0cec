"""A model behind an OpenAI-compatible server, as the guard sees any model: `Prefilled`, `Step`s, `Called`, `End`.

    judge -> Prefilled -> only if whoever reads goes on: the judged request, encoded again, to the upstream
          -> pieces of its answer, each read along by the observer, if there is one, before it is given out

Where a client wants a whole answer and nobody reads along, the upstream is asked for a whole one. Nothing is forwarded before
somebody asks for the first piece, which is after the verdict on the prompt is on disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from guard import cell
from guard.conversation import Conversation, Message, Role, ToolCall
from guard.errors import RequestRefused
from guard.hazards import Claim, Stage
from guard.proxy import calls, chunks, forward
from guard.proxy.ahead import batches
from guard.proxy.chunks import Finished, Piece
from guard.scores import Judgement, Score, ScoreUnavailable
from guard.subjects.events import NO_WISHES, Called, End, Event, Prefilled, Sampling, Step, Wishes

ANSWERS = (Stage.RESPONSE, Stage.ANSWER, Stage.TOOL_CALL)
"""Stages that read what the model says."""


class Reader(Protocol):
    """What reads a conversation beside the model; `guard.subjects.beside.Beside` does."""

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What it looks for."""
        ...

    async def judge(self, conversation: Conversation) -> tuple[Judgement, ...]:
        """Judge each place of a conversation."""
        ...

    async def follow(self, conversation: Conversation) -> tuple[Score, ...]:
        """Judge the last message of a conversation, an answer so far."""
        ...


def call_id() -> str:
    """Make an id of nine letters and digits, which every server takes."""
    return secrets.token_hex(5)[:9]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """Answers with an upstream's words."""

    chat: Callable[[bytes], AsyncGenerator[bytes, None]]
    """Sends a request and gives the bytes of its streamed answer."""
    whole: Callable[[bytes], Awaitable[tuple[bytes, bool]]] | None = None
    """Sends one that asks for no stream; gives its answer, and whether that is a stream all the same. None always streams."""
    theirs: Callable[[str], Awaitable[str]]
    """From the name that clients use to the upstream's."""
    system: str | None = None
    """The guard's own system prompt."""
    reader: Reader | None = None
    """Judges beside the upstream; with None only rules do."""
    patience: float = 30.0
    """Seconds for one reading, before its scores count as unavailable."""
    call_id: Callable[[], str] = call_id
    """Names tool calls."""

    async def generate(
        self, conversation: Conversation, sampling: Sampling, wishes: Wishes = NO_WISHES
    ) -> AsyncGenerator[Event, None]:
        """Judge a conversation; then, if asked to go on, have it answered.

        Raises:
            UpstreamError: The upstream can't be reached, is late, or gives what can't be read.
        """
        yield Prefilled(await self._judge(conversation), 0)
        model = await self.theirs(wishes.model)
        whole = None if wishes.streamed or self._follows else self.whole
        body = forward.encode(conversation, sampling, wishes, model=model, system=self.system, stream=whole is None)
        told = _Told(conversation)
        # Closed from the inside out, so that a client that goes away closes the connection at once.
        async with (
            contextlib.aclosing(self._streamed(body, wishes) if whole is None else self._at_once(whole(body), wishes)) as read,
            contextlib.aclosing(self._groups(read)) as groups,
        ):
            async for group in groups:
                if step := told.take([one for one in group if isinstance(one, Piece)]):
                    yield Step(told.steps - 1, step.text, await self._follow(told.so_far(), Stage.RESPONSE), step.marks)
                if isinstance(group[-1], Finished):
                    if group[-1].reason == "stop":
                        calls.require(wishes.fields, len(group[-1].calls))
                    async for event in self._finish(told, group[-1]):
                        yield event

    @property
    def _follows(self) -> bool:
        """Whether somebody reads answers along."""
        return self.reader is not None and any(claim.stage in ANSWERS for claim in self.reader.claims)

    async def _streamed(self, body: bytes, wishes: Wishes) -> AsyncGenerator[list[Piece | Finished], None]:
        reading = partial(chunks.read, functions=wishes.functions, call_id=self.call_id)
        async with contextlib.aclosing(self.chat(body)) as data, contextlib.aclosing(reading(data)) as groups:
            async for group in groups:
                yield group

    async def _at_once(
        self, answer: Awaitable[tuple[bytes, bool]], wishes: Wishes
    ) -> AsyncGenerator[list[Piece | Finished], None]:
        """Wait for a whole answer; one that is a stream all the same is read as one."""
        data, streamed = await answer
        if not streamed:
            yield chunks.whole(data, functions=wishes.functions, call_id=self.call_id)
            return
        async for group in chunks.read(_once(data), functions=wishes.functions, call_id=self.call_id):
            yield group

    def _groups(self, read: AsyncGenerator[list[Piece | Finished], None]) -> AsyncGenerator[list[Piece | Finished], None]:
        """Where somebody reads along, what comes meanwhile is read at once; else what came together goes on together."""
        return batches(_singly(read)) if self._follows else _almost_together(read)

    async def _finish(self, told: _Told, finished: Finished) -> AsyncGenerator[Event, None]:
        whole = told.so_far(finished.calls)
        scores = await self._follow(whole, *ANSWERS) if told.text or finished.calls else ()
        if finished.calls:
            yield Called(finished.calls, tuple(score for score in scores if _stage(score) is Stage.TOOL_CALL))
        rest = tuple(score for score in scores if _stage(score) is not Stage.TOOL_CALL)
        yield End(finished.reason, rest, told.steps, finished.usage or (0, told.pieces))

    async def _judge(self, conversation: Conversation) -> tuple[Judgement, ...]:
        if self.reader is None:
            return tuple(Judgement(place, cell.locate(conversation, place.turn), ()) for place in conversation.judged())
        try:
            async with asyncio.timeout(self.patience):
                return await self.reader.judge(conversation)
        except RequestRefused:
            raise
        except TimeoutError:
            return self._unread(conversation, "late")
        except Exception:  # whatever it was: nobody read the conversation, and the policy says what follows
            return self._unread(conversation, "error")

    def _unread(self, conversation: Conversation, reason: str) -> tuple[Judgement, ...]:
        claims = self.reader.claims if self.reader else ()
        return tuple(
            Judgement(
                place,
                cell.locate(conversation, place.turn),
                tuple(ScoreUnavailable(claim, reason) for claim in claims if claim.stage is place.stage),
            )
            for place in conversation.judged()
        )

    async def _follow(self, conversation: Conversation, *stages: Stage) -> tuple[Score, ...]:
        if self.reader is None:
            return ()
        claims = [claim for claim in self.reader.claims if claim.stage in stages]
        if not claims:
            return ()
        try:
            async with asyncio.timeout(self.patience):
                return tuple(score for score in await self.reader.follow(conversation) if _stage(score) in stages)
        except TimeoutError:
            return tuple(ScoreUnavailable(claim, "late") for claim in claims)
        except Exception:
            return tuple(ScoreUnavailable(claim, "error") for claim in claims)


class _Told:
    """What an upstream has said so far."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._marks: tuple[tuple[int, float], ...] = ()
        self.text = ""
        self.steps = self.pieces = 0

    def take(self, pieces: Sequence[Piece]) -> Piece | None:
        """Take pieces and return them as one, if there is text in them; tokens without text wait for some."""
        piece = chunks.joined(pieces)
        self.pieces += sum(1 for one in pieces if one.text)
        marks = self._marks + piece.marks
        if not piece.text:
            self._marks = marks
            return None
        self._marks, self.text, self.steps = (), self.text + piece.text, self.steps + 1
        return Piece(piece.text, marks)

    def so_far(self, calls: tuple[ToolCall, ...] = ()) -> Conversation:
        """Return the conversation with the answer as its last message."""
        return Conversation((*self._conversation.messages, Message(Role.ASSISTANT, self.text, calls)))


async def _once(data: bytes) -> AsyncGenerator[bytes, None]:
    yield data


async def _singly(read: AsyncGenerator[list[Piece | Finished], None]) -> AsyncGenerator[Piece | Finished, None]:
    async with contextlib.aclosing(read) as groups:
        async for group in groups:
            for one in group:
                yield one


async def _almost_together(read: AsyncGenerator[list[Piece | Finished], None]) -> AsyncGenerator[list[Piece | Finished], None]:
    """All that came at once but its last piece goes on together: rules may wait for what follows only that one."""
    async with contextlib.aclosing(read) as groups:
        async for group in groups:
            if group[:-1]:
                yield group[:-1]
            yield group[-1:]


def _stage(score: Score) -> Stage | None:
    return score.claim.stage if hasattr(score, "claim") else None
