"""A certificate while the guard runs: signals, clocks, and a record of each transition."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from guard.audit import Bindings
from guard.errors import InputError
from guard.proxy.standing import Standing
from guard.store import Store
from guard.validity import Signal, State

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


class Clocks:
    """A wall clock and a monotonic one that a test moves."""

    def __init__(self) -> None:
        """Begin on the second day."""
        self.wall = BEGIN + timedelta(days=1)
        self.seconds = 1000.0

    def move(self, **delta: float) -> None:
        """Let time pass on both."""
        self.wall += timedelta(**delta)
        self.seconds += timedelta(**delta).total_seconds()


@pytest.fixture
def clocks() -> Clocks:
    """Two clocks that agree."""
    return Clocks()


@pytest.fixture
def store(tmp_path: Path) -> Any:
    """An open store."""
    opened = Store(f"sqlite:///{tmp_path}/audit.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def standing(clocks: Clocks, store: Store) -> Standing:
    """A certificate of ninety days."""
    return Standing(
        Bindings(policy="p", certificate="c"), BEGIN, BEGIN + timedelta(days=90), store=store,
        clock=lambda: clocks.wall, monotonic=lambda: clocks.seconds,
    )  # fmt: skip


def reasons(store: Store) -> list[str]:
    """What was recorded."""
    store.close()
    return [event.reason for event in store.events("")]


def test_each_transition_is_recorded_once(standing: Standing, clocks: Clocks, store: Store) -> None:
    """From valid over expiring to expired, with the certificate's digest."""
    for days in (0, 1, 75, 1, 14):
        clocks.move(days=days)
        standing()
        standing()
    assert reasons(store) == ["start -> VALID: dates", "VALID -> EXPIRING: dates", "EXPIRING -> EXPIRED: dates"]
    assert {event.bindings.certificate for event in store.events("")} == {"c"}


def test_a_suspension_passes_and_a_void_does_not(standing: Standing, store: Store) -> None:
    """What suspends can be cleared; what voids stays."""
    assert standing.signal(Signal.DRIFT) is State.SUSPENDED
    assert standing.clear(Signal.DRIFT) is State.VALID
    assert standing.signal(Signal.CANARY) is State.VOID
    with pytest.raises(InputError):
        standing.clear(Signal.CANARY)
    assert standing.signal(Signal.DRIFT) is State.VOID
    assert reasons(store)[-1] == "VALID -> VOID: canary"


@pytest.mark.parametrize("jump", [timedelta(hours=1), -timedelta(hours=1)])
def test_a_clock_that_was_set_suspends(standing: Standing, clocks: Clocks, jump: timedelta) -> None:
    """The dates can't be trusted while the two clocks disagree."""
    assert standing() is State.VALID
    clocks.wall += jump
    assert standing() is State.SUSPENDED
    clocks.wall -= jump
    assert standing() is State.VALID


def test_it_serves_as_evidence(standing: Standing, make: Callable[..., Any]) -> None:
    """A guard asks it at each request."""
    made = make(state=State.VALID)
    assert standing() is State.VALID
    object.__setattr__(made.guard.evidence, "state", standing)
    assert made.ask("I have a cold, what should I do?").headers["auscult-action"] == "ALLOW"
    standing.signal(Signal.REVOKED)
    assert made.ask("I have a cold, what should I do?").headers["auscult-action"] == "BLOCK"
