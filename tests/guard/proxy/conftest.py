"""A tiny engine that says what a test tells it to, and a guard around it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from guard import cell
from guard.audit import AuditEvent
from guard.conversation import Conversation
from guard.digest import Digest, of_bytes
from guard.hazards import Claim, Population, Stage
from guard.points import Threshold
from guard.policy import Action, Audit, Content, Fields, Gate, GateMode, Policy, Requirement, Whole
from guard.proxy.app import create_app
from guard.proxy.guard import Evidence, Guard
from guard.scores import Judgement, ProbeScore, Score, ScoreUnavailable
from guard.store import Store
from guard.subjects.events import NO_WISHES, End, Event, Prefilled, Sampling, Step, Wishes
from guard.validity import State

MISUSE = Claim("clinical_misuse", Stage.PROMPT)
EMERGENCY = Claim("missed_emergency", Stage.PROMPT)
INJECTION = Claim("prompt_injection", Stage.CONTEXT)
LEAK = Claim("clinical_misuse", Stage.RESPONSE)
LATE = Claim("unsafe_omission", Stage.ANSWER)

WORDS = {MISUSE: "poison", EMERGENCY: "crushing", INJECTION: "ignore"}
"""The scripted monitors fire on these words."""


@dataclass
class Scripted:
    """An engine whose monitors look for words, and whose answer is a list of pieces."""

    pieces: Sequence[str] = ("Rest", " and", " drink", " water.")
    forbidden: str = "FORBIDDEN"
    answer_scores: tuple[Score, ...] = ()
    score: Callable[[Claim, Conversation, int], float | None] | None = None
    before_prefill: Callable[[], Awaitable[None]] | None = None
    before_step: Callable[[int], Awaitable[None]] | None = None
    places: int | None = None
    reason: str = "stop"
    closed: list[bool] = field(default_factory=list)
    asked: list[tuple[Conversation, Sampling]] = field(default_factory=list)

    async def generate(
        self, conversation: Conversation, sampling: Sampling, wishes: Wishes = NO_WISHES
    ) -> AsyncGenerator[Event, None]:
        """Answer as scripted."""
        self.asked.append((conversation, sampling))
        try:
            if self.before_prefill:
                await self.before_prefill()
            judgements = tuple(self._judge(conversation))
            yield Prefilled(judgements[: self.places], 7)
            said = ""
            for index, piece in enumerate(self.pieces):
                if self.before_step:
                    await self.before_step(index)
                await asyncio.sleep(0)
                said += piece
                yield Step(index, piece, (ProbeScore(LEAK, 5.0 if self.forbidden in said else -5.0),))
            scores = (ProbeScore(LEAK, 5.0 if self.forbidden in said else -5.0), *self.answer_scores)
            yield End(self.reason, scores, len(self.pieces))
        finally:
            self.closed.append(True)

    def _judge(self, conversation: Conversation) -> Iterator[Judgement]:
        for place in conversation.judged():
            claims = [claim for claim in WORDS if claim.stage is place.stage]
            scores = tuple(self._score(claim, conversation, place.turn) for claim in claims)
            yield Judgement(place, cell.locate(conversation, place.turn), scores)

    def _score(self, claim: Claim, conversation: Conversation, turn: int) -> Score:
        if self.score:
            value = self.score(claim, conversation, turn)
        else:
            text = " ".join(message.content for message in conversation.messages[: turn + 1])
            value = 5.0 if WORDS[claim] in text else -5.0
        return ScoreUnavailable(claim, "scripted") if value is None else ProbeScore(claim, value)


def demand(claim: Claim, action: Action, *, fail: Action = Action.BLOCK) -> Requirement:
    """A requirement of a test's policy."""
    return Requirement(
        claim=claim, action=action, max_miss=0.1, max_false_alarm=0.1, max_false_alarm_near=0.1,
        population=Population.LISTED, on_unavailable=fail, on_not_certified=fail, on_expired=fail, allow_measured=False,
    )  # fmt: skip


REQUIRES = (
    demand(MISUSE, Action.BLOCK),
    demand(EMERGENCY, Action.NOTICE),
    demand(INJECTION, Action.ESCALATE),
    demand(LEAK, Action.BLOCK),
)

POLICY = Policy(
    name="test", digest=of_bytes(b"policy"), requires=REQUIRES, rules={"identifiers": Action.BLOCK}, whole=Whole(),
    gate=Gate(mode=GateMode.TOKEN), fields=Fields(), audit=Audit(content=Content.NONE), system_prompt=None,
    demonstration=True,
)  # fmt: skip

THRESHOLDS = {
    (claim, lang, bucket): Threshold(claim, 0.0, True)
    for claim in (*WORDS, LEAK, LATE)
    for lang in cell.LANGUAGES
    for bucket, _ in cell.BUCKETS
}


@dataclass
class Made:
    """A guard under test, and what a test looks at."""

    guard: Guard
    engine: Scripted
    client: TestClient[Any]

    def ask(self, *messages: dict[str, Any] | str, headers: dict[str, str] | None = None, **fields: Any) -> Any:
        """Post a chat; a plain text is a user's message."""
        listed = [{"role": "user", "content": m} if isinstance(m, str) else m for m in messages]
        body = {"model": "phantom", "messages": listed} | fields
        return self.client.post("/v1/chat/completions", json=body, headers=headers)

    def events(self, response: Any) -> tuple[AuditEvent, ...]:
        """Events of a response's request."""
        return self.guard.store.events(response.headers["auscult-request"])

    def all_lines(self) -> bytes:
        """The whole chain."""
        return b"".join(self.guard.store.lines())


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Made]]:
    """Return a factory of guards with scripted engines."""
    opened: list[tuple[Store, TestClient[Any]]] = []
    count = itertools.count()

    def factory(
        engine: Scripted | None = None, *, policy: Policy = POLICY, certified: bool = True, state: State = State.VALID,
        keys: Any = None, body: int = 1_048_576, **fields: Any,
    ) -> Made:  # fmt: skip
        engine = engine or Scripted()
        store = fields.pop("store", None) or Store(f"sqlite:///{tmp_path}/audit{next(count)}.sqlite")
        evidence = Evidence(Digest("sha256:" + "c" * 64), THRESHOLDS, lambda: state) if certified else None
        guard = Guard(
            policy=policy, engine=engine, model="phantom", store=store, evidence=evidence,
            clock=lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), seed=lambda: 11, secret=b"s" * 32, **fields,
        )  # fmt: skip
        app = create_app(guard, body=body) if keys is None else create_app(guard, keys=keys, body=body)
        client = TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)
        client.__enter__()
        opened.append((store, client))
        return Made(guard, engine, client)

    yield factory
    for store, client in opened:
        client.__exit__(None, None, None)
        store.close()


@pytest.fixture
def scripted() -> type[Scripted]:
    """The engine's class."""
    return Scripted


@pytest.fixture
def policy_with() -> Callable[..., Policy]:
    """Return a function that changes fields of the test's policy."""
    return lambda **fields: replace(POLICY, **fields)
