"""The canary watch: while the guard serves, some canaries are scored again every hour.

One score beyond eps voids the certificate for good: this is no longer the model, or the set-up, that was certified. A replay
that could not be made counts the same, for nobody knows then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from guard.conversation import Conversation
from guard.errors import RequestRefused
from guard.probes.canary import Canary, moved
from guard.scores import Judgement

EVERY = 3_600.0
"""Seconds between replays."""
SOME = 32
"""Canaries in one replay; the next replay takes the next ones."""


class Judging(Protocol):
    """What judges a conversation; `guard.subjects.engine.Engine` does."""

    async def judge(self, conversation: Conversation) -> tuple[Judgement, ...]:
        """Return its judgements."""
        ...


async def holds(engine: Judging, canaries: Sequence[Canary], eps: float) -> bool:
    """Say whether every canary scores as it did, within eps; False, too, if one can't be scored."""
    for canary in canaries:
        try:
            judged = await engine.judge(canary.conversation)
        except RequestRefused:
            continue  # busy: the model is fine, and the next round asks again
        except Exception:  # whatever it was, the watch must not end with the certificate still in force
            return False
        if moved(canary, judged) > eps:
            return False
    return True


async def watch(
    engine: Judging,
    canaries: Sequence[Canary],
    eps: float,
    void: Callable[[], object],
    *,
    every: float = EVERY,
    some: int = SOME,
) -> None:
    """Replay some canaries again and again; call `void` and end when one has moved."""
    at = 0
    while True:
        await asyncio.sleep(every)
        chosen = [canaries[(at + step) % len(canaries)] for step in range(min(some, len(canaries)))]
        at = (at + some) % len(canaries)
        if not await holds(engine, chosen, eps):
            void()
            return
