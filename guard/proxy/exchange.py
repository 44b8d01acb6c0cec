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
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence

from guard.audit import Counts, Outcome, Status, overall, worst
from guard.cell import Located
from guard.errors import RequestRefused, ScoringError, StoreError, UpstreamError
from guard.policy import Action, strictest
from guard.proxy import basis, texts, timing, waiting, wishes
from guard.proxy.answer import Answer
from guard.proxy.auth import Caller
from guard.proxy.basis import Basis
from guard.proxy.guard import Guard
from guard.proxy.hearing import Hearing, begun, event_takes_long
from guard.proxy.marks import Marks
from guard.proxy.parts import Calls, Part, Said, Withheld
from guard.proxy.reply import Finish, Usage
from guard.proxy.texts import Text
from guard.proxy.trail import Trail, counts
from guard.proxy.wire import ChatRequest
from guard.scores import Judgement
from guard.subjects.events import Called, End, Event, Sampling, Step
from guard.validity import State
from guard.verdict import Verdict


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
        self.stalled: Callable[[], object] = bool
        """Tells whether the client was sent away because it did not read."""
        self._guard = guard
        self._wishes = request.wishes
        self._conversation, foreign = basis.own(request.conversation, guard.policy.system_prompt, request.wishes.definitions)
        self._basis = Basis(
            policy=guard.demands,
            thresholds=guard.thresholds,
            state=guard.state or State.VALID,
            signals=guard.signals,
            foreign_prompt=bool(foreign),
            foreign_sampling=not _same(request.sampling, guard.sampling),
        )
        self._trail = Trail(guard, caller, self.id, self._basis, foreign, request.model)
        self._hearing = Hearing(guard, self._conversation, request.sampling, request.wishes, self._basis)
        self._languages: tuple[str, ...] = ()
        self._verdict = Verdict(Action.ALLOW, ())
        self._judgements: tuple[Judgement, ...] = ()
        self._answer: Answer | None = None
        self._usage: tuple[int, int] | None = None
        self._outcome, self._reason = Outcome.SERVED, ""
        self._delivered = self._finished = False

    @property
    def usage(self) -> Usage:
        """Token counts so far."""
        generated = self._answer.coverage.emitted_tokens if self._answer else 0
        prompt, generated = self._usage or (self._hearing.prompt_tokens, generated)
        return Usage(prompt, generated, prompt + generated)

    @property
    def verdict(self) -> Verdict:
        """On what the client sent; known after `hear`."""
        return self._verdict

    @property
    def judgements(self) -> tuple[Judgement, ...]:
        """Of what the client sent, places and scores; known after `hear`."""
        return self._judgements

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

    async def hear(self) -> None:
        """Judge what the client sent, and wait until that is on disk: not a byte of a response leaves before.

        Raises:
            StoreError: The audit trail can't be written; nothing is served.
            RequestRefused: Whoever judges is busy.
        """
        with self._noted():
            await self._hear()
            await self._trail.durable()

    async def open(self) -> None:
        """Judge what the client sent and, if it is to be answered, wait for the first piece of the answer.

        Raises:
            StoreError: The audit trail can't be written; nothing is served.
            RequestRefused: The model is busy, gives nothing although the policy would let the request through, or can't be
                reached.
        """
        with self._noted():
            await self._hear()
            if not self._hearing.answers and not _withholds(self._verdict):
                raise RequestRefused("the model can't answer now", code="model_unavailable", status=503)
            # A model in this process goes on meanwhile, so that the disk costs no time where the model is slower than it.
            await self._trail.durable()
            if not _withholds(self._verdict):
                await self._hearing.begin()

    async def parts(self) -> AsyncGenerator[Part, None]:
        """Yield the answer as it may leave.

        Raises:
            StoreError: The audit trail can't be written; the answer is not complete.
        """
        try:
            written = self._write(texts.choose(self._verdict))
            if _withholds(self._verdict):
                yield await self._withhold(written)
                return
            if written:
                yield Said(written + "\n\n")
            answer = self._answer = await begun(
                self._basis, self._conversation, buffered=wishes.buffered(self._wishes), start=self._start()
            )
            async with contextlib.aclosing(self._generate(answer)) as generated:
                async for said in generated:
                    yield said
            yield await self._conclude(answer, written)
            if self.finish_reason == "tool_calls":
                yield Calls(answer.calls)
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
            self._outcome, self._reason = Outcome.DISCONNECTED, "stalled" if self.stalled() else "disconnected"
        # Queued before anything is awaited: whoever calls may be on the point of being cancelled.
        ended = self._trail.ended(self.action, self._outcome, self._reason, self.status, self._answer)
        await self._hearing.close()
        # A store that fails here fails the next request before it is served.
        with contextlib.suppress(StoreError):
            await waiting.written(ended)

    @contextlib.contextmanager
    def _noted(self) -> Iterator[None]:
        """Note for the last event why nothing could be served."""
        try:
            yield
        except UpstreamError as failed:
            self._outcome, self._reason, failed.request = Outcome.ERROR, failed.code, self.id
            raise
        except RequestRefused as refused:
            self._outcome, self._reason, refused.request = Outcome.REFUSED, refused.code, self.id
            raise
        except Exception:
            self._fail()
            raise

    async def _hear(self) -> None:
        self._trail.begun()
        with timing.spent("judge"):
            judgements = await self._hearing.judge()
        self._judgements = tuple(judgements)
        self._languages = judgements[-1].cell.languages
        found = self._basis.judge(judgements)
        self._verdict = found[1]
        self.action = self._verdict.action
        self.status = overall(self._trail.scans(judgements), served=not _withholds(self._verdict))
        self._trail.judged(self._conversation, judgements, found)

    async def _generate(self, answer: Answer) -> AsyncGenerator[Said, None]:
        """Yield released text until the answer is complete, withheld or broken off."""
        known, with_marks = Marks(), bool(self._wishes.fields.get("logprobs"))
        try:
            while not answer.withheld:
                event = await self._hearing.next()
                if with_marks and isinstance(event, Step):
                    known.take(event.text, event.marks)
                long = event_takes_long(self._basis.policy, event)
                text = await asyncio.to_thread(self._take, answer, event) if long else self._take(answer, event)
                if text:
                    yield Said(text, known.release(text) if with_marks else ())
                if isinstance(event, End):
                    break
        except TimeoutError:
            self._break_off(answer, "late")
        except UpstreamError as failed:
            self._break_off(answer, failed.code)
        except Exception:  # what an engine raises says nothing but that the rest has not been judged
            self._break_off(answer, "error")

    def _take(self, answer: Answer, event: Event) -> str:
        match event:
            case Step():
                return answer.step(event)
            case Called():
                answer.call(event)
                return ""
            case End(reason="stop" | "length" | "withheld"):
                rest = answer.end(event)
                self._usage = event.usage
                # An upstream's own filter ends an answer as ours does.
                reasons: dict[str, Finish] = {"length": "length", "withheld": "content_filter"}
                self.finish_reason = reasons.get(event.reason, "tool_calls" if answer.calls else "stop")
                return rest
            case _:
                raise ScoringError("the engine said something out of order, or the prompt does not fit the model")

    def _break_off(self, answer: Answer, reason: str) -> None:
        answer.fail(reason)
        self._outcome, self._reason = Outcome.ERROR, reason

    async def _withhold(self, written: str) -> Withheld:
        await self._hearing.close()
        self.finish_reason = "content_filter"
        self._outcome, self._reason = Outcome.WITHHELD, "prompt"
        return Withheld(written)

    async def _conclude(self, answer: Answer, before: str) -> Part:
        """Record the answer, and return what is said after it; `before` is what was said before it."""
        await self._hearing.close()
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

    def _start(self) -> Located | None:
        """Return the cell of the last message, if it was judged there."""
        last = self._judgements[-1] if self._judgements else None
        return last.cell if last and last.at.turn == len(self._conversation) - 1 else None

    def _fail(self) -> None:
        self._outcome, self._reason = Outcome.ERROR, "guard"

    def _write(self, chosen: Sequence[Text]) -> str:
        return texts.write(chosen, self._languages, self._guard.emergency)


def _withholds(verdict: Verdict) -> bool:
    return verdict.action.rank >= Action.ESCALATE.rank


def _same(one: Sampling, other: Sampling) -> bool:
    """Compare what of the sampling settings was certified: not the seed, and not where an answer stops."""
    return (one.temperature, one.top_p) == (other.temperature, other.top_p)
