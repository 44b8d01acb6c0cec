"""Moments and stretches of time, as signed text and command lines write them: RFC 3339, with a time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from guard.errors import InputError, VerificationError

SKEW = timedelta(minutes=5)
"""So far two honest clocks may be apart."""


def now() -> datetime:
    """Return the wall clock's moment."""
    return datetime.now(UTC)


def write(moment: datetime) -> str:
    """Write a moment in UTC, to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def parse(text: str) -> datetime:
    """Read a moment that somebody typed; without a time zone it is UTC.

    Raises:
        InputError: It is none.
    """
    try:
        moment = _read(text)
    except (ValueError, OverflowError) as error:
        raise InputError(f"not a time: {text[:40]!r}", "write it like 2026-11-25T12:00:00+00:00") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def signed(text: str, what: str) -> datetime:
    """Read a moment that stands in signed text; a local time could mean another day elsewhere.

    Raises:
        VerificationError: It is none, or has no time zone.
    """
    try:
        moment = _read(text)
    except (ValueError, OverflowError) as error:
        raise VerificationError(f"{what} has a date that is none: {text[:40]!r}") from error
    if moment.tzinfo is None:
        raise VerificationError(f"{what} has a date without a time zone: {text[:40]!r}")
    return moment


def _read(text: str) -> datetime:
    """Read a moment that can be written again: the first and the last hours of the calendar can't be in every time zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo:
        write(moment)
    return moment


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time, both ends included."""

    begins: datetime | None = None
    """None: always."""
    ends: datetime | None = None
    """None: for ever."""

    def covers(self, moment: datetime) -> bool:
        """Say whether a moment lies inside."""
        return (self.begins is None or self.begins <= moment) and (self.ends is None or moment <= self.ends)

    def narrowed(self, begins: datetime | None = None, ends: datetime | None = None) -> Window:
        """Return what of it lies from `begins` to `ends`."""
        first = [moment for moment in (self.begins, begins) if moment]
        last = [moment for moment in (self.ends, ends) if moment]
        return Window(max(first, default=None), min(last, default=None))

    def __str__(self) -> str:
        """In words."""
        begins = f"from {write(self.begins)}" if self.begins else "from the beginning"
        return f"{begins} {f'to {write(self.ends)}' if self.ends else 'without end'}"
