"""A limit to the time that one reading may take, for rules that an installation brings along.

The packaged rules take time in proportion to the length of a text and are read where they are asked. Of any other rule
nobody knows, so that it reads on a thread of its own, and whoever asked waits for `SECONDS` at most. What does not come back
keeps its thread: when none is left, every such rule is late. A rule that never lets go of the interpreter, such as a
backtracking regular expression, holds up the whole process all the same.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
SECONDS = 2.0
"""For one reading."""
THREADS = 4
"""Readings at once; they end with the process."""


class Hands:
    """A few threads for what may never come back."""

    def __init__(self, most: int = THREADS) -> None:
        """Begin with none; at most `most` are started."""
        self._most = most
        self._started = 0
        self._lock = threading.Lock()
        self._waiting: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = queue.SimpleQueue()

    def ask(self, work: Callable[[], T], seconds: float) -> T:
        """Return what some work gives.

        Raises:
            TimeoutError: It does not give it in time, or nobody has time for it.
            Exception: Whatever it raises.
        """
        future: Future[T] = Future()
        self._waiting.put((future, work))
        with self._lock:
            if self._started < self._most:
                self._started += 1
                threading.Thread(target=self._work, name="auscult-rule", daemon=True).start()
        try:
            return future.result(seconds)
        finally:
            future.cancel()  # what was not begun by now is of no use to anybody

    def _work(self) -> None:
        while True:
            future, work = self._waiting.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)


HANDS = Hands()
"""Those of this process."""
