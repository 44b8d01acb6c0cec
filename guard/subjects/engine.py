"""One thread that owns the model; everybody else only touches queues.

Work is taken in turns: each answer under way gets one token, then whatever was asked for meanwhile is begun. A consumer
that goes away stops its answer at the next token.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from guard.conversation import Conversation
from guard.errors import AuscultError, RequestRefused, ScoringError
from guard.probes.judge import judge
from guard.probes.suite import Suite
from guard.scores import Judgement
from guard.subjects.causal import CausalSubject
from guard.subjects.decode import generate
from guard.subjects.events import Event, Sampling


@dataclass(slots=True, eq=False)
class _Job:
    """A request to the engine thread; `events` is drained by the loop that it came from."""

    start: Callable[[], Iterator[Any]]
    loop: asyncio.AbstractEventLoop
    events: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)
    gone: threading.Event = field(default_factory=threading.Event)
    steps: Iterator[Any] | None = None

    def tell(self, event: Any) -> None:
        # The loop may be closed already when the program ends; then nobody is waiting.
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self.events.put_nowait, event)


class _Done:
    """Nothing more will come."""


_STOPPED = ScoringError("the engine has stopped")


class Engine:
    """Judges and answers on a thread of its own."""

    def __init__(self, subject: CausalSubject, suite: Suite, *, waiting: int = 64, answering: int = 16) -> None:
        """Start the thread.

        Args:
            subject: The model; nobody else should use it now.
            suite: The monitors.
            waiting: Requests that may wait; more are refused.
            answering: Answers under way at one time, each with its own cache.
        """
        self.subject = subject
        self.suite = suite
        self._answering = answering
        self._waiting: queue.Queue[_Job | None] = queue.Queue(waiting)
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

    async def generate(self, conversation: Conversation, sampling: Sampling) -> AsyncGenerator[Event, None]:
        """Judge a conversation and answer it: `Prefilled`, then `Step`s, then `End`.

        Close the iterator, or cancel the task that reads it, to stop.

        Raises:
            ScoringError: The model failed, or the engine has stopped.
            RequestRefused: Too many requests are waiting.
        """
        start = partial(generate, self.subject, self.suite, conversation, sampling)
        # Closed by hand: an inner generator would otherwise end whenever the garbage collector finds it.
        async with contextlib.aclosing(self._run(start)) as run:
            async for event in run:
                yield event

    def close(self) -> None:
        """Stop after the current step; everything under way ends with a ScoringError."""
        self._closed.set()
        # A full queue needs no wake-up: the thread is not waiting on it.
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(None)
        self._thread.join()

    async def _run(self, start: Callable[[], Iterator[Any]]) -> AsyncGenerator[Any, None]:
        if self._closed.is_set():
            raise _STOPPED
        job = _Job(start, asyncio.get_running_loop())
        try:
            self._waiting.put_nowait(job)
        except queue.Full:
            raise RequestRefused("the model is busy; try again", code="server_busy", status=503) from None
        try:
            while True:
                event = await self._next(job)
                if isinstance(event, _Done):
                    return
                if isinstance(event, AuscultError):
                    raise event
                yield event
        finally:
            job.gone.set()

    async def _next(self, job: _Job) -> Any:
        """Wait for the job's next event; look up now and then, in case the engine ended before it saw the job."""
        while True:
            try:
                return await asyncio.wait_for(job.events.get(), timeout=1.0)
            except TimeoutError:
                if not self._thread.is_alive() and job.events.empty():
                    return _STOPPED

    def _work(self) -> None:
        active: deque[_Job] = deque()
        while not self._closed.is_set():
            self._take(active)
            if active:
                job = active.popleft()
                if _advance(job):
                    active.append(job)
        for job in (*active, *_drain(self._waiting)):
            job.tell(_STOPPED)

    def _take(self, active: deque[_Job]) -> None:
        """Begin what is waiting; block only when there is nothing else to do."""
        while len(active) < self._answering:
            try:
                job = self._waiting.get(block=not active)
            except queue.Empty:
                return
            if job is None:
                return
            active.append(job)


def _advance(job: _Job) -> bool:
    """Do one step of a job; return whether there is more to do."""
    if job.gone.is_set():
        job.steps = None
        return False
    try:
        job.steps = job.steps if job.steps is not None else job.start()
        event = next(job.steps, _Done)
    except AuscultError as error:
        job.tell(error)
        return False
    except Exception as error:
        # A library's error text may hold a piece of the conversation: only its kind is passed on.
        job.tell(ScoringError(f"the model failed ({type(error).__name__})"))
        return False
    job.tell(_Done() if event is _Done else event)
    return event is not _Done


def _drain(waiting: queue.Queue[_Job | None]) -> Iterator[_Job]:
    while True:
        try:
            job = waiting.get_nowait()
        except queue.Empty:
            return
        if job is not None:
            yield job
