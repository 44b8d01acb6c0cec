"""The watch on revocation lists: while the guard serves, they are read again every minute.

A certificate or a key that a list withdraws voids for good. Lists that are too old, that can't be read or verified, or that
have gone, suspend: what was withdrawn since then is not known. A fresh list ends that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from guard.errors import RolledBack
from guard.proxy.standing import Standing
from guard.revocation import Concern, Known
from guard.validity import Signal

EVERY = 60.0
"""Seconds between looks."""


def look(known: Known, concern: Concern, standing: Standing, now: datetime) -> None:
    """Tell a certificate's standing what the lists say now."""
    if known.withdrawn(concern, now):
        standing.signal(Signal.REVOKED)
    if known.stale(now) or known.early(now):
        standing.signal(Signal.STALE_REVOCATIONS)
    else:
        standing.clear(Signal.STALE_REVOCATIONS)


async def watch(
    read: Callable[[], Known],
    first: Known,
    concern: Concern,
    standing: Standing,
    clock: Callable[[], datetime],
    *,
    every: float = EVERY,
) -> None:
    """Look again and again.

    Args:
        read: Reads and verifies the lists.
        first: What was known at the start.
        concern: What a list could withdraw.
        standing: Is told.
        clock: The wall clock.
        every: Seconds between looks.
    """
    seen = first.numbers
    while True:
        await asyncio.sleep(every)
        try:
            known = await asyncio.to_thread(read)
            known.require_from_now_on(seen)
            if seen.keys() - known.numbers.keys():
                raise RolledBack("a revocation list has gone")
        except Exception:  # whatever it was, the watch must not end with the certificate still in force
            standing.signal(Signal.STALE_REVOCATIONS)
            continue
        seen = known.numbers
        look(known, concern, standing, clock())
