"""A limit to the time that one reading may take, for rules that an installation brings along.

The packaged rules take time in proportion to the length of a text and are read where they are asked. Of any other rule
nobody knows, so that it reads on a thread of its own, and whoever asked waits for `SECONDS` at most. What does not come back
keeps its thread: when none is left, every such rule is late. A rule that never lets go of the interpreter, such as a
backtracking regular expression, holds up the whole process all the same.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
SECONDS = 2.0
"""For one reading."""
THREADS = 4
"""Readings at once; they end with the process."""
_Asked = tuple[Future[Any], Callable[[], Any]]


class Hands:
    """A few threads for what may never come back."""

    def __init__(self, most: int = THREADS) -> None:
        """Begin with none; at most `most` are started."""
        self._most = most
        self._started = 0
        self._changed = threading.Condition()
        self._waiting: deque[_Asked] = deque()

    def ask(self, work: Callable[[], T], seconds: float) -> T:
        """Return what some work gives.

        Raises:
            TimeoutError: It does not give it in time, or nobody has time for it.
            Exception: Whatever it raises.
        """
        future: Future[T] = Future()
        asked = future, work
        with self._changed:
            self._waiting.append(asked)
            if self._started < self._most:
                self._started += 1
                threading.Thread(target=self._work, name="auscult-rule", daemon=True).start()
            self._changed.notify()
        try:
            return future.result(seconds)
        finally:
            # What was not begun by now is of no use to anybody, and threads that never come back would let it pile up.
            with self._changed, contextlib.suppress(ValueError):
                self._waiting.remove(asked)

    def _work(self) -> None:
        while True:
            _do(*self._next())  # nothing of it is kept here while nobody asks

    def _next(self) -> _Asked:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting)
            return self._waiting.popleft()


def _do(future: Future[Any], work: Callable[[], Any]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:
        future.set_exception(error)


HANDS = Hands()
"""Those of this process."""
