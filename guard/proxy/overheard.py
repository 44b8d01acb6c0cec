"""An answer that somebody else gave and wants judged: the same gate, watch and trail as for our own; nothing is generated."""

from __future__ import annotations

import asyncio
import contextlib

from guard import rules
from guard.audit import Outcome, Status, overall
from guard.conversation import Conversation, Message, Role, ToolCall
from guard.errors import StoreError
from guard.hazards import Stage
from guard.policy import Action
from guard.proxy import basis
from guard.proxy.answer import Answer
from guard.proxy.auth import Caller
from guard.proxy.basis import SPOKEN, Basis
from guard.proxy.guard import Guard
from guard.proxy.hearing import LONG, begun
from guard.proxy.trail import Trail
from guard.proxy.waiting import written
from guard.scores import ProbeScore, Score, ScoreUnavailable
from guard.subjects.events import Called, End, Step
from guard.validity import State
from guard.verdict import Verdict


class Overheard:
    """One answer under judgement. `judge`, then `finish`; each once."""

    def __init__(self, guard: Guard, caller: Caller, conversation: Conversation) -> None:
        """Prepare; `conversation` is what it answers, as far as that is known."""
        self.id = guard.identifier()
        """Names it in events and headers."""
        self.action = Action.ALLOW
        """What is to be done about it."""
        self.status = Status.NOT_RUN
        """Of what was judged."""
        self._guard = guard
        self._conversation = conversation
        foreign = basis.own(conversation, guard.policy.system_prompt)[1] if conversation.messages else ""
        self._basis = Basis(
            policy=guard.demands,
            thresholds=guard.thresholds,
            state=guard.state or State.VALID,
            signals=guard.signals,
            foreign_prompt=bool(foreign),
        )
        self._trail = Trail(guard, caller, self.id, self._basis, foreign)
        self._answer: Answer | None = None

    async def judge(self, text: str, calls: tuple[ToolCall, ...]) -> Verdict:
        """Judge it, and wait until that is on disk.

        Raises:
            StoreError: The audit trail can't be written.
        """
        self._trail.begun()
        answer = self._answer = await begun(self._basis, self._conversation, buffered=True)
        scores = await self._scores(text, calls)
        if calls or len(text) >= LONG or rules.apart(self._basis.policy.rules):
            await asyncio.to_thread(_read, answer, text, calls, scores)
        else:
            _read(answer, text, calls, scores)
        self.action = answer.verdict.action
        self.status = overall(self._trail.scans(answer.judgements), served=not answer.withheld)
        self._trail.answered(answer)
        await self._trail.durable()
        return answer.verdict

    async def finish(self) -> None:
        """Write the last event."""
        outcome = Outcome.WITHHELD if self._answer and self._answer.withheld else Outcome.SERVED
        ended = self._trail.ended(self.action, outcome, "overheard", self.status, self._answer)
        with contextlib.suppress(StoreError):
            await written(ended)

    @property
    def languages(self) -> tuple[str, ...]:
        """Language candidates of what it answers, or of the answer itself."""
        return self._answer.judgements[-1].cell.languages if self._answer else ()

    async def _scores(self, text: str, calls: tuple[ToolCall, ...]) -> tuple[Score, ...]:
        if self._guard.follow is None:
            return ()
        whole = Conversation((*self._conversation.messages, Message(Role.ASSISTANT, text, calls)))
        try:
            async with asyncio.timeout(self._guard.patience):
                return await self._guard.follow(whole)
        except TimeoutError:
            reason = "late"
        except Exception:  # whatever it was: nobody read it, and the policy says what follows
            reason = "error"
        demands = [demand for stage in SPOKEN for demand in self._basis.policy.at(stage)]
        return tuple(ScoreUnavailable(demand.claim, reason) for demand in demands)


def _read(answer: Answer, text: str, calls: tuple[ToolCall, ...], scores: tuple[Score, ...]) -> None:
    if text:
        answer.step(Step(0, text, _at(scores, Stage.RESPONSE)))
    if calls:
        answer.call(Called(calls, _at(scores, Stage.TOOL_CALL)))
    answer.end(End("stop", _at(scores, Stage.RESPONSE, Stage.ANSWER), int(bool(text))))


def _at(scores: tuple[Score, ...], *stages: Stage) -> tuple[Score, ...]:
    return tuple(score for score in scores if isinstance(score, ProbeScore | ScoreUnavailable) and score.claim.stage in stages)
