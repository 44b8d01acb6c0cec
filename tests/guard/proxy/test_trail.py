"""When events are written: the first one soon, whatever the model does; what belongs together at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from guard.audit import Phase
from guard.store import COMPANY_SECONDS
from tests.guard.proxy.conftest import POLICY

Make = Callable[..., Any]
WELL = "I have a cold, what should I do?"


def test_the_first_event_does_not_wait_for_a_slow_model(make: Make, scripted: Any) -> None:
    """Whoever kills the guard while the model reads finds that a request had come."""
    seen: list[int] = []

    async def read() -> None:
        """Read for longer than a write waits for others."""
        for _ in range(100):
            await asyncio.sleep(COMPANY_SECONDS)
            if made.guard.store.head()[0]:
                break
        seen.append(made.guard.store.head()[0])

    made = make(scripted(before_prefill=read))
    response = made.ask(WELL)
    assert seen == [1]
    phases = [event.phase for event in made.events(response)]
    assert phases == [Phase.BEGUN, Phase.JUDGED, Phase.JUDGED, Phase.ENDED]


def test_events_keep_their_order_and_numbers(make: Make) -> None:
    """However they are queued."""
    made = make(policy=POLICY)
    for response in [made.ask(WELL), made.ask(WELL, stream=True)]:
        events = made.events(response)
        assert [event.sequence for event in events] == list(range(len(events)))
        assert [event.recorded for event in events] == sorted(event.recorded for event in events)
