"""The states of a certificate: from its dates and from what was seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.errors import InputError
from guard.validity import SUSPENDING, Signal, State, after, state

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
END = BEGIN + timedelta(days=90)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (-1, State.SUSPENDED),
        (0, State.VALID),
        (75.9, State.VALID),
        (76, State.EXPIRING),
        (90, State.EXPIRING),
        (90.001, State.EXPIRED),
    ],
)
def test_dates_alone(days: float, expected: State) -> None:
    """Valid, then expiring for fourteen days, then expired; before its beginning the clock must be wrong."""
    assert state(BEGIN, END, BEGIN + timedelta(days=days)) is expected


@given(days=st.floats(-400, 400), signals=st.sets(st.sampled_from(list(Signal))))
def test_a_voiding_signal_voids_whatever_the_date(days: float, signals: set[Signal]) -> None:
    """No date makes a void certificate anything else, and nothing but such a signal voids."""
    found = state(BEGIN, END, BEGIN + timedelta(days=days), signals)
    assert (found is State.VOID) == bool(signals - SUSPENDING)


@pytest.mark.parametrize("signal", sorted(SUSPENDING))
def test_a_suspending_signal_suspends_a_certificate_in_force(signal: Signal) -> None:
    """Drift, a stale revocation list and a clock error suspend; past its end a certificate is expired all the same."""
    assert state(BEGIN, END, BEGIN, [signal]) is State.SUSPENDED
    assert state(BEGIN, END, END - timedelta(days=1), [signal]) is State.SUSPENDED
    assert state(BEGIN, END, END + timedelta(days=1), [signal]) is State.EXPIRED


@pytest.mark.parametrize("now", list(State))
def test_there_is_no_way_back_from_void(now: State) -> None:
    """Void stays void; every other state follows the present."""
    assert after(State.VOID, now) is State.VOID
    assert after(State.SUSPENDED, now) is now


def test_dates_without_a_zone_or_in_the_wrong_order_are_refused() -> None:
    """A local time could mean another day elsewhere."""
    with pytest.raises(InputError):
        state(BEGIN.replace(tzinfo=None), END, BEGIN)
    with pytest.raises(InputError):
        state(END, BEGIN, BEGIN)
