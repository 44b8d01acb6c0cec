"""Files that are followed while the guard runs: read again when they change, and on SIGHUP."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

from guard import audit, rules
from guard.audit import AuditEvent, Bindings, Phase
from guard.policy import Policy
from guard.proxy.guard import Guard

EVERY = 2.0
"""Seconds between looks at the files."""


class Followed:
    """One file. What it said when it was read first may have been another than it says now: the first look tells."""

    def __init__(self, path: Path, *, same: Callable[[], bool], reload: Callable[[], object]) -> None:
        """Follow a file.

        Args:
            path: Where it is.
            same: Says whether the file says what is in force.
            reload: Takes what it says now; raises nothing.
        """
        self._path, self._same, self._reload = path, same, reload
        self._looked: tuple[int, ...] | None = None

    def look(self, *, asked: bool) -> None:
        """Look once; read the file again if it is another than at the last look, or if somebody asked for that."""
        signature = self._signature()
        before, self._looked = self._looked, signature
        if asked or (not self._same() if before is None else signature != before):
            self._reload()

    def _signature(self) -> tuple[int, ...]:
        try:
            stat = self._path.stat()
        except OSError:
            return ()
        return stat.st_mtime_ns, stat.st_size, stat.st_ino


async def watch(files: Sequence[Followed], *, every: float = EVERY) -> None:
    """Look at some files again and again, and on SIGHUP, until cancelled."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # not the main thread, or no such signal
        loop.add_signal_handler(signal.SIGHUP, asked.set)
    while True:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asked.wait(), every)
        by_hand = asked.is_set()
        asked.clear()
        for file in files:
            await asyncio.to_thread(file.look, asked=by_hand)


class Noted:
    """Writes to the audit trail what became of a file."""

    def __init__(self, guard: Guard) -> None:
        """Begin; nothing is written yet."""
        self._guard = guard
        self._sequence = 0

    def __call__(self, demanded: Policy, reason: str) -> None:
        """Queue an event; whether it could be written shows at the next request, which is not served then."""
        self._guard.store.submit(
            AuditEvent(
                request="",
                sequence=self._sequence,
                tenant="",
                recorded=audit.instant(self._guard.clock()),
                phase=Phase.STANDING,
                agent="guard",
                source=self._guard.source,
                entity=self._guard.model,
                bindings=Bindings(
                    policy=demanded.digest,
                    certificate=self._guard.certificate,
                    rules=rules.digest(frozenset(demanded.rules)),
                ),
                state=str(self._guard.state or "none"),
                reason=reason,
            )
        )
        self._sequence += 1
