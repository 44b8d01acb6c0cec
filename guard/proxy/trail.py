"""The audit trail of one request: begun, one event for each judged message, ended.

Comes in: judgements and what followed. Goes out: events in the store, in order. The digest of a text is kept only where
the policy asks for it, and then keyed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future

import msgspec

from guard import audit, digest
from guard.audit import AuditEvent, Bindings, Counts, Outcome, Phase, Scan, Status
from guard.conversation import Conversation
from guard.digest import Digest
from guard.errors import StoreError
from guard.hazards import Stage
from guard.policy import Action, Content
from guard.proxy import kept, timing
from guard.proxy.answer import Answer
from guard.proxy.auth import Caller
from guard.proxy.basis import ANSWER_STAGES, Basis
from guard.proxy.guard import Guard
from guard.proxy.waiting import written
from guard.scores import Judgement, ProbeScore, ScoreUnavailable
from guard.store import COMPANY_SECONDS
from guard.verdict import Findings, Verdict


class Trail:
    """Writes the events of one request."""

    def __init__(self, guard: Guard, caller: Caller, request: str, basis: Basis, client_prompt: str, model: str = "") -> None:
        """Begin a trail; nothing is written yet. `model` is the one that was asked for, if not the guard's own."""
        self._guard = guard
        self._model = model or guard.model
        self._caller = caller
        self._request = request
        self._basis = basis
        self._sequence = 0
        self._begun: asyncio.TimerHandle | None = None
        self._waiting: AuditEvent | None = None
        self._scanned: tuple[Sequence[Judgement], tuple[Scan, ...]] = ((), ())
        self._written: list[Future[Digest]] = []
        prompt = guard.policy.system_prompt
        self._bindings = Bindings(
            policy=guard.policy.digest,
            certificate=guard.certificate,
            system_prompt=digest.of_bytes(prompt.encode()) if prompt is not None else "none",
            client_prompt=guard.digest_of(caller.tenant, client_prompt) if client_prompt else "none",
            rules=guard.rules,
        )

    def begun(self) -> None:
        """Queue the event that a request has come.

        Raises:
            StoreError: The store is known to be unable to write; nothing is to be done about the request then.
        """
        if self._guard.store.closed:
            raise StoreError("the audit store is closed")
        # What is judged at once is written with it; a model that reads for longer has it written meanwhile.
        self._waiting = self._event(Phase.BEGUN)
        self._begun = asyncio.get_running_loop().call_later(COMPANY_SECONDS, self._flush)

    def judged(self, conversation: Conversation, judgements: Sequence[Judgement], found: tuple[Findings, Verdict]) -> None:
        """Queue what was found at each judged message; `found` is what was found at all of them."""
        events: list[AuditEvent] = []
        turns = dict.fromkeys(judgement.at.turn for judgement in judgements)
        for turn in turns:
            one = len(turns) == 1
            here = judgements if one else [judgement for judgement in judgements if judgement.at.turn == turn]
            findings, verdict = found if one else self._basis.judge(here)
            message = conversation.messages[turn]
            events.append(self._judged(here, findings, verdict, str(message.role), message.content))
        self._submit(*events)

    def answered(self, answer: Answer) -> None:
        """Queue what was found in the answer."""
        self._submit(self._judged(answer.judgements, answer.findings, answer.verdict, "assistant", answer.text, answer))

    async def durable(self) -> None:
        """Wait until everything queued is on disk; no text leaves before that.

        Raises:
            StoreError: It could not be written.
        """
        self._flush()
        with timing.spent("audit"):
            while self._written:
                # Events are written in their order, so that the last one is the one to wait for.
                await written(self._written[-1])
                for one in self._written:
                    one.result()
                self._written.clear()

    def ended(self, action: Action, outcome: Outcome, reason: str, status: Status, answer: Answer | None) -> Future[Digest]:
        """Queue the last event; the client may be gone, so nobody has to wait for it."""
        event = self._event(
            Phase.ENDED,
            action=str(action),
            outcome=outcome,
            reason=reason,
            status=status,
            counts=counts(answer) if answer else Counts(),
            timings=timing.record(),
        )
        self._flush()
        return self._guard.store.submit(event, patient=True)

    def _submit(self, *events: AuditEvent) -> None:
        self._flush()
        self._written.append(self._guard.store.submit(*events))

    def _flush(self) -> None:
        if self._begun is not None:
            self._begun.cancel()
            self._begun = None
        if self._waiting is not None:
            event, self._waiting = self._waiting, None
            self._written.append(self._guard.store.submit(event, patient=True))

    def scans(self, judgements: Sequence[Judgement]) -> tuple[Scan, ...]:
        """Write down all that looked at some places, and all that should have but did not."""
        if judgements is not self._scanned[0]:
            self._scanned = judgements, self._scans(judgements)
        return self._scanned[1]

    def _scans(self, judgements: Sequence[Judgement]) -> tuple[Scan, ...]:
        seen = {
            (score.claim, judgement.at)
            for judgement in judgements
            for score in judgement.scores
            if isinstance(score, ProbeScore | ScoreUnavailable)
        }
        missing = [
            Scan(by=str(demand.claim), status=Status.ERROR, reason="missing")
            for judgement in judgements
            for demand in self._basis.policy.at(judgement.at.stage)
            if (demand.claim, judgement.at) not in seen
        ]
        stages = {judgement.at.stage for judgement in judgements}
        uncertified = () if self._guard.evidence else self._guard.policy.requires
        claims = [demand.claim for demand in uncertified if demand.claim.stage in stages]
        looked = audit.scans(judgements, self._basis.thresholds)
        return (*looked, *missing, *audit.not_run(claims, "no_certificate"))

    def _judged(
        self, judgements: Sequence[Judgement], findings: Findings, verdict: Verdict, role: str, text: str,
        answer: Answer | None = None,
    ) -> AuditEvent:  # fmt: skip
        where = judgements[-1]
        scans = self.scans(judgements)
        looked = any(scan.status is Status.SCANNED for scan in scans)
        return self._event(
            Phase.JUDGED,
            turn=where.at.turn,
            role=role,
            lang=where.cell.languages,
            bucket=where.cell.bucket,
            status=audit.overall(scans, served=verdict.action.rank < Action.ESCALATE.rank),
            scans=scans,
            not_demanded=self._not_demanded(judgements),
            findings=audit.found(findings),
            action=str(verdict.action),
            shadow=_shadow(verdict),
            counts=counts(answer) if answer else Counts(judged_characters=where.cell.characters if looked else 0),
            text=self._digest(text),
            content=kept.content(self._guard.policy.audit, text, request=self._request, sequence=self._sequence),
        )

    def _not_demanded(self, judgements: Sequence[Judgement]) -> tuple[str, ...]:
        stages = {judgement.at.stage for judgement in judgements}
        stages |= set(ANSWER_STAGES) if stages & set(ANSWER_STAGES) else set()
        return tuple(str(stage) for stage in Stage if stage in stages and not self._basis.policy.at(stage))

    def _digest(self, text: str) -> str:
        wanted = self._guard.policy.audit.content is Content.KEYED_HASH
        return self._guard.digest_of(self._caller.tenant, text) if wanted and text else ""

    def _event(self, phase: Phase, **values: object) -> AuditEvent:
        event = AuditEvent(
            request=self._request,
            sequence=self._sequence,
            tenant=self._caller.tenant,
            recorded=audit.instant(self._guard.clock()),
            phase=phase,
            agent=self._caller.agent,
            source=self._guard.source,
            entity=self._model,
            bindings=self._bindings,
            state=str(self._basis.state) if self._guard.evidence else "none",
            required=self._guard.policy.required,
            **values,  # type: ignore[arg-type]
        )
        self._sequence += 1
        return event


def _shadow(verdict: Verdict) -> str:
    """What would have been done, where that is more than what is done."""
    return str(verdict.shadow) if verdict.shadow.rank > verdict.action.rank else ""


def counts(answer: Answer) -> Counts:
    """Count an answer; where nothing is demanded of answers, nothing was judged."""
    counted = Counts.of(answer.coverage)
    return counted if answer.watched else msgspec.structs.replace(counted, judged_tokens=0, judged_characters=0)
