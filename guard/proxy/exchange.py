"""One request from its beginning to its end, the same for streamed and whole answers.

    begun -> the engine reads the prompt -> rules -> findings -> verdict -> judged; both on disk before any byte leaves
        BLOCK, ESCALATE   a fixed text; nothing of the model
        ALLOW, NOTICE     each token through the gate; judged, on disk, before the answer counts as complete
    ended, after the last byte

Whatever goes wrong on the way, an exception, a score that is late or not a number, a place that was not judged, is an
unavailable score, and the policy says what follows from that.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, replace

from guard import rules
from guard.audit import Counts, Outcome, Status, overall, worst
from guard.errors import RequestRefused, ScoringError, StoreError
from guard.policy import Action, strictest
from guard.proxy import basis, texts
from guard.proxy.answer import Answer
from guard.proxy.auth import Caller
from guard.proxy.basis import Basis
from guard.proxy.guard import Guard
from guard.proxy.reply import Finish, Usage
from guard.proxy.texts import Text
from guard.proxy.trail import Trail, counts
from guard.proxy.wire import ChatRequest
from guard.scores import Judgement
from guard.subjects.events import End, Event, Prefilled, Sampling, Step
from guard.validity import State
from guard.verdict import Verdict

LONG = 20_000
"""From so many characters on, rules run on a thread, so that other requests don't wait."""


@dataclass(frozen=True, slots=True)
class Said:
    """Text of the model, or a notice before it."""

    text: str
    """Judged, or the guard's own."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """The rest of the answer, or all of it, does not leave; this is said instead."""

    text: str
    """The guard's own."""


Part = Said | Withheld


class Exchange:
    """One request. `open`, then `parts`, then `finish`; each once."""

    def __init__(self, guard: Guard, caller: Caller, request: ChatRequest) -> None:
        """Prepare; nothing happens yet."""
        self.id = guard.identifier()
        """Names the request in events and headers."""
        self.action = Action.ALLOW
        """The strictest so far."""
        self.status = Status.NOT_RUN
        """Of what was judged so far."""
        self.finish_reason: Finish = "stop"
        """Why the answer ended; known after `parts`."""
        self._guard = guard
        self._sampling = request.sampling
        self._conversation, foreign = basis.own(request.conversation, guard.policy.system_prompt)
        self._basis = Basis(
            policy=guard.demands,
            thresholds=guard.thresholds,
            state=guard.state or State.VALID,
            foreign_prompt=bool(foreign),
            foreign_sampling=_settings(request.sampling) != _settings(guard.sampling),
        )
        self._trail = Trail(guard, caller, self.id, self._basis, foreign)
        self._events: AsyncIterator[Event] | None = None
        self._stack = contextlib.AsyncExitStack()
        self._languages: tuple[str, ...] = ()
        self._verdict = Verdict(Action.ALLOW, ())
        self._answer: Answer | None = None
        self._prompt_tokens = 0
        self._outcome, self._reason = Outcome.SERVED, ""
        self._delivered = self._finished = False

    @property
    def usage(self) -> Usage:
        """Token counts so far."""
        generated = self._answer.coverage.emitted_tokens if self._answer else 0
        return Usage(self._prompt_tokens, generated, self._prompt_tokens + generated)

    @property
    def receipt(self) -> dict[str, object]:
        """What the guard did, for clients that ask for it."""
        return {
            "request": self.id,
            "action": self.action,
            "status": self.status,
            "certificate": self._guard.certificate,
            "state": self._guard.state or "none",
            "policy": self._guard.policy.digest,
            "counts": counts(self._answer) if self._answer else Counts(),
        }

    async def open(self) -> None:
        """Judge what the client sent, and wait until that is on disk: not a byte of a response leaves before.

        Raises:
            StoreError: The audit trail can't be written; nothing is served.
            RequestRefused: The engine is busy, or gave nothing although the policy would let the request through.
        """
        try:
            self._trail.begun()
            judgements = await self._prefill()
            self._languages = judgements[-1].cell.languages
            self._verdict = self._basis.judge(judgements)[1]
            self.action = self._verdict.action
            self.status = overall(self._trail.scans(judgements), served=not _withholds(self._verdict))
            self._trail.judged(self._conversation, judgements)
            if self._events is None and not _withholds(self._verdict):
                raise RequestRefused("the model can't answer now", code="model_unavailable", status=503)
            # The engine goes on meanwhile, so that the disk costs no time where the model is slower than it.
            await self._trail.durable()
        except RequestRefused as refused:
            self._outcome, self._reason = Outcome.REFUSED, refused.code
            raise
        except Exception:
            self._fail()
            raise

    async def parts(self) -> AsyncGenerator[Part, None]:
        """Yield the answer as it may leave.

        Raises:
            StoreError: The audit trail can't be written; the answer is not complete.
        """
        try:
            written = self._write(texts.choose(self._verdict))
            if _withholds(self._verdict) or self._events is None:
                yield await self._withhold(written)
                return
            if written:
                yield Said(written + "\n\n")
            answer = self._answer = Answer(self._basis, self._conversation)
            async with contextlib.aclosing(self._generate(answer, self._events)) as generated:
                async for text in generated:
                    yield Said(text)
            yield await self._conclude(answer, written)
        except Exception:
            self._fail()
            raise

    def delivered(self) -> None:
        """Take note that the client was sent everything."""
        self._delivered = True

    async def finish(self) -> None:
        """Write the last event and stop the engine, after the last byte or when the client has gone. Idempotent."""
        if self._finished:
            return
        self._finished = True
        if not self._delivered and self._outcome in (Outcome.SERVED, Outcome.WITHHELD):
            self._outcome, self._reason = Outcome.DISCONNECTED, "disconnected"
        # Queued before anything is awaited: whoever calls may be on the point of being cancelled.
        ended = self._trail.ended(self.action, self._outcome, self._reason, self.status, self._answer)
        await self._stack.aclose()
        # A store that fails here fails the next request before it is served.
        with contextlib.suppress(StoreError):
            await asyncio.shield(asyncio.wrap_future(ended))

    async def _prefill(self) -> Sequence[Judgement]:
        """Let the engine read the conversation, and add what rules say."""
        try:
            events = self._guard.engine.generate(self._conversation, self._sampling)
            self._stack.push_async_callback(events.aclose)
            async with asyncio.timeout(self._guard.patience):
                first = await anext(events)
            if not isinstance(first, Prefilled) or _places(first.judgements) != self._conversation.judged():
                raise ScoringError("the engine did not judge every place")
            judgements = list(first.judgements)
            self._events, self._prompt_tokens = events, first.tokens
        except RequestRefused:
            raise
        except TimeoutError:
            judgements = basis.unavailable(self._basis.policy, self._conversation, "late")
        except Exception:  # what an engine raises says nothing of the conversation but that nobody judged it
            judgements = basis.unavailable(self._basis.policy, self._conversation, "error")
        chosen = tuple(self._basis.policy.rules)
        if self._conversation.characters(len(self._conversation) - 1) < LONG:
            return rules.join(judgements, self._conversation, chosen)
        return await asyncio.to_thread(rules.join, judgements, self._conversation, chosen)

    async def _generate(self, answer: Answer, events: AsyncIterator[Event]) -> AsyncGenerator[str, None]:
        """Yield released text until the answer is complete, withheld or broken off."""
        try:
            while not answer.withheld:
                async with asyncio.timeout(self._guard.patience):
                    event = await anext(events)
                if text := self._take(answer, event):
                    yield text
                if isinstance(event, End):
                    break
        except TimeoutError:
            self._break_off(answer, "late")
        except Exception:  # what an engine raises says nothing but that the rest has not been judged
            self._break_off(answer, "error")

    def _take(self, answer: Answer, event: Event) -> str:
        match event:
            case Step():
                return answer.step(event)
            case End(reason="stop" | "length"):
                self.finish_reason = "stop" if event.reason == "stop" else "length"
                return answer.end(event)
            case _:
                raise ScoringError("the engine said something out of order, or the prompt does not fit the model")

    def _break_off(self, answer: Answer, reason: str) -> None:
        answer.fail(reason)
        self._outcome, self._reason = Outcome.ERROR, reason

    async def _withhold(self, written: str) -> Withheld:
        await self._stack.aclose()
        self.finish_reason = "content_filter"
        self._outcome, self._reason = Outcome.WITHHELD, "prompt"
        return Withheld(written)

    async def _conclude(self, answer: Answer, before: str) -> Part:
        """Record the answer, and return what is said after it; `before` is what was said before it."""
        await self._stack.aclose()
        self.action = strictest(self.action, answer.verdict.action)
        if answer.withheld and self._outcome is Outcome.SERVED:
            self._outcome, self._reason = Outcome.WITHHELD, "answer"
        complete = self._outcome is Outcome.SERVED
        if answer.watched:
            self.status = worst(self.status, overall(self._trail.scans(answer.judgements), served=complete))
        self._trail.answered(answer)
        await self._trail.durable()
        if not complete:
            self.finish_reason = "content_filter"
            return Withheld(self._write(texts.choose(answer.verdict) if answer.withheld else (Text.UNAVAILABLE,)))
        self._reason = self.finish_reason
        later = self._write(texts.choose(answer.verdict))
        return Said("" if later in ("", before) else "\n\n" + later)

    def _fail(self) -> None:
        self._outcome, self._reason = Outcome.ERROR, "guard"

    def _write(self, chosen: Sequence[Text]) -> str:
        return texts.write(chosen, self._languages, self._guard.emergency)


def _withholds(verdict: Verdict) -> bool:
    return verdict.action.rank >= Action.ESCALATE.rank


def _places(judgements: tuple[Judgement, ...]) -> tuple[object, ...]:
    return tuple(judgement.at for judgement in judgements)


def _settings(sampling: Sampling) -> Sampling:
    """What of the sampling settings was certified: not the seed, and not where an answer stops."""
    return replace(sampling, seed=0, max_tokens=0, stop=())
