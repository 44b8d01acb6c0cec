"""One thread that owns the model; everybody else only touches queues.

Each answer under way gets one token, then whatever was asked for meanwhile is begun. Several answers share a forward pass
where the model can do that, as is tried out at the start, and take turns where it can't. A consumer that goes away stops its
answer at the next token.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from functools import partial
from typing import Any

from guard.conversation import Conversation
from guard.errors import AuscultError, RequestRefused, ScoringError
from guard.probes.judge import judge
from guard.probes.suite import Suite
from guard.scores import Judgement
from guard.subjects.batch import Batch
from guard.subjects.causal import CausalSubject
from guard.subjects.decode import generate
from guard.subjects.events import NO_WISHES, Event, Sampling, Wishes
from guard.subjects.jobs import AHEAD, Asked, Done, Job
from guard.subjects.trial import Trial, why_alone

BATCH = 8
"""Most answers in one forward pass."""
_PAUSE = 0.001
"""Seconds until slow readers are looked at again, when there is nothing else to do."""

_log = logging.getLogger("auscult.engine")

_STOPPED = ScoringError("the engine has stopped")


class Engine:
    """Judges and answers on a thread of its own."""

    def __init__(
        self,
        subject: CausalSubject,
        suite: Suite,
        *,
        waiting: int = 64,
        answering: int = 16,
        ahead: int = AHEAD,
        batch: int = BATCH,
        trial: Trial | None = None,
    ) -> None:
        """Try out whether answers can share passes, and start the thread.

        Args:
            subject: The model; nobody else should use it now.
            suite: The monitors.
            waiting: Requests that may wait; more are refused.
            answering: Answers under way at one time, each with its own cache.
            ahead: Events of one answer that may wait for their reader, who else holds his own answer up.
            batch: Most answers in one forward pass; 1 lets them take turns.
            trial: Texts on which no score may move by eps when they share passes, or answers take turns.
        """
        self._ahead = ahead
        self.subject = subject
        self.suite = suite
        self.alone = why_alone(subject, suite, trial) if batch > 1 else "one row a pass was asked for"
        """Why answers take turns; empty where they share passes."""
        if self.alone and batch > 1:
            _log.warning("answers take turns: %s", self.alone)
        self._batch = None if self.alone else Batch(subject, suite, batch)
        self._answering = answering
        self._waiting: queue.Queue[Job | None] = queue.Queue(waiting)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, name="auscult-engine", daemon=True)
        self._thread.start()

    async def judge(self, conversation: Conversation) -> tuple[Judgement, ...]:
        """Judge a conversation at rest.

        Raises:
            ScoringError: The model failed, or the engine has stopped.
            RequestRefused: Too many requests are waiting.
        """
        async with contextlib.aclosing(self._run(lambda: iter(judge(self.subject, self.suite, [conversation])))) as run:
            judgements: tuple[Judgement, ...] = await anext(run)
            return judgements

    async def generate(
        self, conversation: Conversation, sampling: Sampling, wishes: Wishes = NO_WISHES
    ) -> AsyncGenerator[Event, None]:
        """Judge a conversation and answer it: `Prefilled`, then `Step`s, then `End`.

        It can do nothing beyond that, so that `wishes` only name the model.

        Close the iterator, or cancel the task that reads it, to stop.

        Raises:
            ScoringError: The model failed, or the engine has stopped.
            RequestRefused: Too many requests are waiting.
        """
        turns = partial(generate, self.subject, self.suite, conversation, sampling)
        # Closed by hand: an inner generator would otherwise end whenever the garbage collector finds it.
        async with contextlib.aclosing(self._run(Asked(conversation, sampling) if self._batch is not None else turns)) as run:
            async for event in run:
                yield event

    def close(self) -> None:
        """Stop after the current step; everything under way ends with a ScoringError."""
        self._closed.set()
        # A full queue needs no wake-up: the thread is not waiting on it.
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(None)
        self._thread.join()

    async def _run(self, work: Callable[[], Iterator[Any]] | Asked) -> AsyncGenerator[Any, None]:
        if self._closed.is_set():
            raise _STOPPED
        job = Job(work, asyncio.get_running_loop(), most=self._ahead)
        try:
            self._waiting.put_nowait(job)
        except queue.Full:
            raise RequestRefused("the model is busy; try again", code="server_busy", status=503) from None
        try:
            while True:
                event = await self._next(job)
                job.taken += 1
                if isinstance(event, Done):
                    return
                if isinstance(event, AuscultError):
                    raise event
                yield event
        finally:
            job.gone.set()

    async def _next(self, job: Job) -> Any:
        """Wait for the job's next event; look up now and then, in case the engine ended before it saw the job."""
        while True:
            try:
                return await asyncio.wait_for(job.events.get(), timeout=1.0)
            except TimeoutError:
                if not self._thread.is_alive() and job.events.empty():
                    return _STOPPED

    def _work(self) -> None:
        turns: deque[Job] = deque()
        while not self._closed.is_set():
            self._take(turns)
            busy = False
            if turns:
                job = turns.popleft()
                busy = not job.full
                if job.advance():
                    turns.append(job)
            if not (self._round() or busy):
                # Whoever reads slowly holds up his own answer, and others for a moment only.
                time.sleep(_PAUSE)
        for job in (*turns, *(self._batch.jobs if self._batch is not None else ()), *_drain(self._waiting)):
            job.tell(_STOPPED)

    def _round(self) -> bool:
        """Give each answer that shares passes a token; return whether there was anything to do."""
        if self._batch is None:
            return False
        try:
            return self._batch.round()
        except Exception as error:
            # Nobody knows then what their memory holds: all of them end, and the engine lives on.
            for job in self._batch.jobs:
                job.fail(error)
            self._batch = self._batch.emptied()
            return True

    def _take(self, turns: deque[Job]) -> None:
        """Begin what is waiting; block only when there is nothing else to do."""
        while (under_way := len(turns) + (len(self._batch) if self._batch is not None else 0)) < self._answering:
            try:
                job = self._waiting.get(block=not under_way)
            except queue.Empty:
                return
            if job is None:
                return
            if self._batch is not None and isinstance(job.work, Asked):
                self._batch.add(job, job.work)
            else:
                turns.append(job)


def _drain(waiting: queue.Queue[Job | None]) -> Iterator[Job]:
    while True:
        try:
            job = waiting.get_nowait()
        except queue.Empty:
            return
        if job is not None:
            yield job
