"""Reading a model's events for one request: its judgements, then its answer, each with a limit to how long it may take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

from guard import rules
from guard.cell import Located
from guard.conversation import Conversation
from guard.errors import RequestRefused, ScoringError, UpstreamError
from guard.policy import Policy
from guard.proxy import basis, timing
from guard.proxy.answer import Answer
from guard.proxy.basis import Basis
from guard.proxy.guard import Guard
from guard.scores import Judgement
from guard.subjects.events import Called, Event, Prefilled, Sampling, Step, Wishes

LONG = 5_000
"""From so many characters on, rules run on a thread, so that other requests don't wait."""


def takes_long(policy: Policy, conversation: Conversation) -> bool:
    """Tell whether rules may take so long that nobody else should wait for them."""
    return conversation.characters(len(conversation) - 1) >= LONG or rules.apart(policy.rules)


def event_takes_long(policy: Policy, event: Event) -> bool:
    """Tell the same of an event of an answer: of calls always, for which rules that remember read everything again."""
    long = isinstance(event, Called) or (isinstance(event, Step) and len(event.text) >= LONG)
    return long or rules.apart(policy.rules)


async def begun(judged_on: Basis, conversation: Conversation, *, buffered: bool, start: Located | None = None) -> Answer:
    """Return an answer to a conversation, of which nothing is said yet; rules that remember have read what came before."""
    if takes_long(judged_on.policy, conversation):
        return await asyncio.to_thread(Answer, judged_on, conversation, buffered=buffered, start=start)
    return Answer(judged_on, conversation, buffered=buffered, start=start)


class Hearing:
    """The events of one request. `judge`, then `begin` if it is to be answered, then `next` to the end; then `close`."""

    def __init__(self, guard: Guard, conversation: Conversation, sampling: Sampling, wishes: Wishes, judged_on: Basis) -> None:
        """Prepare; nothing is asked of the model yet."""
        self.answers = False
        """Whether the model goes on after its judgements; known after `judge`."""
        self.prompt_tokens = 0
        """Length of the prompt, where the model tells; known after `judge`."""
        self._guard = guard
        self._conversation = conversation
        self._sampling = sampling
        self._wishes = wishes
        self._basis = judged_on
        self._events: AsyncGenerator[Event, None] | None = None
        self._first: Event | Exception | None = None

    async def judge(self) -> Sequence[Judgement]:
        """Let the model read the conversation, and add what rules say.

        Raises:
            RequestRefused: It is busy.
        """
        policy = self._basis.policy
        try:
            judgements = await self._prefilled()
        except RequestRefused:
            raise
        except TimeoutError:
            judgements = basis.unavailable(policy, self._conversation, "late")
        except Exception:  # what an engine raises says nothing of the conversation but that nobody judged it
            judgements = basis.unavailable(policy, self._conversation, "error")
        chosen = tuple(policy.rules)
        if not takes_long(policy, self._conversation):
            return rules.join(judgements, self._conversation, chosen)
        try:
            async with asyncio.timeout(self._guard.patience):
                return await asyncio.to_thread(rules.join, judgements, self._conversation, chosen)
        except TimeoutError:
            return rules.unread(judgements, chosen, "timeout")

    async def begin(self) -> None:
        """Wait for the first piece of the answer; what goes wrong with it is told by `next`, as with the others.

        Raises:
            UpstreamError: Nothing has been sent yet, so that the client can be told with a status of its own.
        """
        try:
            self._first = await self._read(self._silence)
        except UpstreamError:
            raise
        except Exception as error:
            self._first = error

    async def next(self) -> Event:
        """Return the next event of the answer.

        Raises:
            TimeoutError: It is late.
            Exception: Whatever the model raises.
        """
        first, self._first = self._first, None
        if isinstance(first, Exception):
            raise first
        return first if first is not None else await self._read(self._silence)

    async def close(self) -> None:
        """Stop the model."""
        if self._events is not None:
            await self._events.aclose()

    async def _prefilled(self) -> list[Judgement]:
        self._events = self._guard.engine.generate(self._conversation, self._sampling, self._wishes)
        async with asyncio.timeout(self._guard.patience):
            first = await anext(self._events)
        places = self._conversation.judged()
        if not isinstance(first, Prefilled) or tuple(judgement.at for judgement in first.judgements) != places:
            raise ScoringError("the engine did not judge every place")
        self.answers, self.prompt_tokens = True, first.tokens
        return list(first.judgements)

    async def _read(self, wait: float) -> Event:
        if self._events is None:
            raise ScoringError("the engine was not asked")
        with timing.spent("model"):
            async with asyncio.timeout(wait):
                return await anext(self._events)

    @property
    def _silence(self) -> float:
        return self._guard.patience if self._guard.silence is None else self._guard.silence
