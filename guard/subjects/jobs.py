"""What the engine thread is asked for, and the way back to whoever asked."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from guard.conversation import Conversation
from guard.errors import AuscultError, ScoringError
from guard.subjects.events import Sampling

AHEAD = 256
"""Events of one answer that may wait for their reader."""


class Done:
    """Nothing more will come."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An answer that is wanted."""

    conversation: Conversation
    """What is answered."""
    sampling: Sampling
    """How its tokens are chosen."""


@dataclass(slots=True, eq=False)
class Job:
    """A request to the engine thread; `events` is drained by the loop that it came from."""

    work: Callable[[], Iterator[Any]] | Asked
    """What is done in turns, an event a turn; or an answer that may share its passes with others."""
    loop: asyncio.AbstractEventLoop
    """Where the reader lives."""
    most: int = AHEAD
    """Events that may wait for him."""
    events: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)
    """What he was told."""
    gone: threading.Event = field(default_factory=threading.Event)
    """Set when he does not listen any more."""
    taken: int = 0
    """Events that he has taken."""
    _told: int = 0
    _steps: Iterator[Any] | None = None

    @property
    def full(self) -> bool:
        """Whether he has to read before more is done."""
        return self._told - self.taken >= self.most

    @property
    def low(self) -> bool:
        """Whether he has read so much that it is worth going on."""
        return self._told - self.taken <= self.most // 2

    def tell(self, event: Any) -> None:
        """Hand over an event, an error, or `Done`."""
        self._told += 1
        # The loop may be closed already when the program ends; then nobody is waiting.
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self.events.put_nowait, event)

    def fail(self, error: Exception) -> None:
        """Hand over an error as one of ours."""
        # A library's error text may hold a piece of the conversation: only its kind is passed on.
        ours = error if isinstance(error, AuscultError) else ScoringError(f"the model failed ({type(error).__name__})")
        self.tell(ours)

    def advance(self) -> bool:
        """Take one turn; return whether there is more to do."""
        if self.gone.is_set():
            self._steps = None
            return False
        if self.full:
            return True
        try:
            if self._steps is None and not isinstance(self.work, Asked):
                self._steps = self.work()
            event = next(self._steps, Done) if self._steps else Done
        except Exception as error:
            self.fail(error)
            return False
        self.tell(Done() if event is Done else event)
        return event is not Done
