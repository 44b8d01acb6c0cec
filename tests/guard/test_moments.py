"""Moments and windows: with a time zone, both ends included."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from guard import moments
from guard.errors import InputError, VerificationError
from guard.moments import Window

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_moment_is_written_in_utc_and_reads_back() -> None:
    """Whatever zone it was given in."""
    assert moments.write(NOON.astimezone(timezone(2 * HOUR))) == "2026-11-25T12:00:00+00:00"
    assert moments.parse(moments.write(NOON)) == moments.signed(moments.write(NOON), "it") == NOON


def test_what_is_typed_may_lack_a_zone_and_what_is_signed_may_not() -> None:
    """At a keyboard a day is a day in UTC; in signed text it could be another day elsewhere."""
    assert moments.parse("2026-11-25T12:00") == NOON
    with pytest.raises(InputError, match="not a time"):
        moments.parse("noon")
    with pytest.raises(VerificationError, match="it has a date without a time zone"):
        moments.signed("2026-11-25T12:00", "it")
    with pytest.raises(VerificationError, match="it has a date that is none"):
        moments.signed("noon", "it")


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_moment_that_no_calendar_has_in_utc_is_none(text: str) -> None:
    """The first and the last hours, in zones where UTC would be beyond them."""
    with pytest.raises(InputError, match="not a time"):
        moments.parse(text)
    with pytest.raises(VerificationError, match="it has a date that is none"):
        moments.signed(text, "it")


@pytest.mark.parametrize(
    ("window", "inside", "outside"),
    [
        (Window(), [NOON], []),
        (Window(NOON), [NOON, NOON + HOUR], [NOON - timedelta(seconds=1)]),
        (Window(None, NOON), [NOON, NOON - HOUR], [NOON + timedelta(seconds=1)]),
        (Window(NOON, NOON), [NOON], [NOON - HOUR, NOON + HOUR]),
    ],
)
def test_a_window_includes_both_ends(window: Window, inside: list[datetime], outside: list[datetime]) -> None:
    """And nothing beyond them."""
    assert all(window.covers(moment) for moment in inside)
    assert not any(window.covers(moment) for moment in outside)


def test_a_window_can_only_become_narrower() -> None:
    """The later beginning and the earlier end count."""
    one = Window(NOON, NOON + 2 * HOUR)
    assert one.narrowed(NOON + HOUR, NOON + 3 * HOUR) == Window(NOON + HOUR, NOON + 2 * HOUR)
    assert one.narrowed() == one
    assert Window().narrowed(ends=NOON) == Window(None, NOON)
    assert str(one) == "from 2026-11-25T12:00:00+00:00 to 2026-11-25T14:00:00+00:00"
    assert str(Window()) == "from the beginning without end"
