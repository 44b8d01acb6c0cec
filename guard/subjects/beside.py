"""An observer at work: it judges a conversation, and reads along what another model answers.

One thread reads; everybody else waits for it without holding up the event loop. Of an answer that grows only the windows that
are new cost a forward pass, for the observer remembers the others.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from guard.conversation import Conversation
from guard.errors import RequestRefused
from guard.hazards import Claim, Stage
from guard.probes.judge import judge, stage_scores
from guard.probes.reading import Places, Subject, fresh
from guard.probes.suite import Suite
from guard.scores import Judgement, Score

T = TypeVar("T")
FOLLOWED = (Stage.RESPONSE, Stage.ANSWER, Stage.TOOL_CALL)
"""Stages that read the model's own text."""


class Beside:
    """Judges beside a model that it can't look into."""

    def __init__(self, subject: Subject, suite: Suite, *, waiting: int = 256) -> None:
        """Start the thread.

        Args:
            subject: What reads.
            suite: The monitors.
            waiting: Readings that may wait; more are refused.
        """
        self._most = waiting
        self._waiting = 0
        self._lock = threading.Lock()
        self._subject = subject
        self._suite = suite
        self._thread = ThreadPoolExecutor(1, "auscult-observer")

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What it looks for."""
        return self._suite.claims

    async def judge(self, conversation: Conversation) -> tuple[Judgement, ...]:
        """Judge each place of a conversation.

        Raises:
            ScoringError: It can't be read.
        """
        return await self._run(lambda: judge(self._subject, self._suite, [conversation])[0])

    async def judge_anew(self, conversation: Conversation) -> tuple[Judgement, ...]:
        """Judge each place of a conversation, none of it from memory.

        Raises:
            ScoringError: It can't be read.
        """
        return await self._run(lambda: judge(fresh(self._subject), self._suite, [conversation])[0])

    @property
    def anew(self) -> Anew:
        """The same with an empty memory each time, for canaries: a score from memory says nothing of the arithmetic."""
        return Anew(self)

    async def follow(self, conversation: Conversation) -> tuple[Score, ...]:
        """Judge the last message, an answer so far, by the monitors that read answers.

        Raises:
            ScoringError: It can't be read.
        """
        return await self._run(lambda: self._follow(conversation))

    def close(self) -> None:
        """Stop the thread after what it is reading."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= self._most:
            raise RequestRefused("the observer is busy; try again", code="server_busy", status=503)
        with self._lock:
            self._waiting += 1
        running = self._thread.submit(work)
        # Counted down when the thread is done with it, which may be after whoever asked has gone.
        running.add_done_callback(self._done)
        return await asyncio.wrap_future(running)

    def _done(self, _: Future[Any]) -> None:
        with self._lock:
            self._waiting -= 1

    def _follow(self, conversation: Conversation) -> tuple[Score, ...]:
        points = sorted({point for monitor in self._suite.at(*FOLLOWED) for point in monitor.hook_points})
        if not points:
            return ()
        turns = [[len(conversation) - 1]]
        ((_, found),) = self._subject.read([conversation], points, places=Places.ANSWER, turns=turns)
        return stage_scores(self._suite, found, *FOLLOWED)


@dataclass(frozen=True, slots=True)
class Anew:
    """Judges without memory; what the canary watch asks."""

    beside: Beside
    """Whose subject reads."""

    async def judge(self, conversation: Conversation) -> tuple[Judgement, ...]:
        """Judge each place of a conversation.

        Raises:
            ScoringError: It can't be read.
        """
        return await self.beside.judge_anew(conversation)
