"""Whether a certificate may be leaned on now: VALID, EXPIRING, EXPIRED, SUSPENDED, VOID.

Comes in: the certificate's dates, a moment, and the signals that the runtime has seen. Goes out: a `State`. Pure: the
caller owns the clock, and writes each transition into the audit chain.

    VALID -> EXPIRING (14 days or less are left) -> EXPIRED
    VALID -> SUSPENDED   drift alarm, stale revocation list, clock error
    any   -> VOID        digest, serving set-up, canary, signature, revocation, labelled alarm; there is no way back
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import datetime, timedelta

from guard.errors import InputError

EXPIRING = timedelta(days=14)
"""So much before its end a certificate counts as expiring."""


class State(enum.StrEnum):
    """What a certificate is worth at a moment."""

    VALID = "VALID"
    EXPIRING = "EXPIRING"
    EXPIRED = "EXPIRED"
    SUSPENDED = "SUSPENDED"
    VOID = "VOID"


class Signal(enum.StrEnum):
    """Something that the runtime saw and that speaks against a certificate."""

    DRIFT = "drift"
    STALE_REVOCATIONS = "stale_revocations"
    CLOCK = "clock"
    DIGEST = "digest"
    SERVING = "serving"
    CANARY = "canary"
    SIGNATURE = "signature"
    REVOKED = "revoked"
    LABELLED_ALARM = "labelled_alarm"


SUSPENDING = frozenset({Signal.DRIFT, Signal.STALE_REVOCATIONS, Signal.CLOCK})
"""Signals that suspend; each can pass. All others void, for good."""


def state(not_before: datetime, not_after: datetime, now: datetime, signals: Iterable[Signal] = ()) -> State:
    """Return the state of a certificate at a moment; the worst that applies.

    1. A signal that voids: VOID, whatever the date.
    2. Past its end: EXPIRED. At `not_after` itself it still holds.
    3. A signal that suspends, or a moment before `not_before` (a wrong clock): SUSPENDED.
    4. Near its end: EXPIRING. Otherwise VALID.

    Raises:
        InputError: A date without a time zone, or dates in the wrong order.
    """
    if any(moment.tzinfo is None for moment in (not_before, not_after, now)):
        raise InputError("a validity needs dates with a time zone")
    if not_after < not_before:
        raise InputError("a validity ends before it begins")
    seen = frozenset(signals)
    if seen - SUSPENDING:  # (1)
        return State.VOID
    if now > not_after:  # (2)
        return State.EXPIRED
    if seen or now < not_before:  # (3)
        return State.SUSPENDED
    return State.EXPIRING if not_after - now <= EXPIRING else State.VALID  # (4)


def after(before: State, now: State) -> State:
    """Return what follows a state: VOID stays VOID, everything else is what it is now."""
    return State.VOID if before is State.VOID else now
