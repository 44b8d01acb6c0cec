"""What a certificate is worth while the guard runs: its dates, the signals so far, and two clocks that must agree.

Comes in: signals from whoever watches (canaries, revocations, drift). Goes out: the state for each request, and one
audit event for each transition, with the certificate's digest.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from guard import audit
from guard.audit import AuditEvent, Bindings, Phase
from guard.errors import InputError
from guard.policy import Policy
from guard.store import Store
from guard.validity import SUSPENDING, Signal, State, after, state

SKEW = timedelta(minutes=5)
"""So far the wall clock may drift from the monotonic one before the dates can't be trusted."""


class Standing:
    """The state of one certificate; call it for the present one. `Evidence.state` may be such an object."""

    def __init__(
        self,
        bindings: Bindings,
        begins: datetime,
        ends: datetime,
        *,
        store: Store,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
        entity: str = "",
        source: str = "auscult",
    ) -> None:
        """Begin with no signal.

        Args:
            bindings: Digests of policy and certificate, for events.
            begins: `notBefore` of the certificate.
            ends: `notAfter`.
            store: Where transitions are recorded.
            clock: The wall clock.
            monotonic: A clock that nobody can set, in seconds.
            entity: Name of the model, for events.
            source: Name of the guard, for events.
        """
        self._bindings, self._begins, self._ends = bindings, begins, ends
        self._store, self._clock, self._monotonic = store, clock, monotonic
        self._entity, self._source = entity, source
        self._started = (clock(), monotonic())
        self._signals: set[Signal] = set()
        self._lock = threading.Lock()
        self._last: State | None = None
        self._sequence = 0

    def __call__(self) -> State:
        """Return the present state, and record it if it is another than before."""
        with self._lock:
            moment = self._clock()
            signals = self._signals | ({Signal.CLOCK} if self._skewed(moment) else set())
            now = state(self._begins, self._ends, moment, signals)
            now = after(self._last, now) if self._last else now
            if now is not self._last:
                self._record(moment, now, signals)
            self._last = now
            return now

    @property
    def signals(self) -> frozenset[Signal]:
        """What was seen so far."""
        with self._lock:
            return frozenset(self._signals)

    def bind(self, demanded: Policy) -> None:
        """Name this policy in events from now on."""
        with self._lock:
            self._bindings = msgspec.structs.replace(self._bindings, policy=demanded.digest)

    def signal(self, signal: Signal) -> State:
        """Take note of a signal and return the state that follows."""
        with self._lock:
            self._signals.add(signal)
        return self()

    def clear(self, signal: Signal) -> State:
        """Take note that a suspending signal has passed and return the state that follows.

        Raises:
            InputError: The signal voids; there is no way back from that but another certificate.
        """
        if signal not in SUSPENDING:
            raise InputError(f"a certificate that was voided by {signal} stays void", "certify again")
        with self._lock:
            self._signals.discard(signal)
        return self()

    def _skewed(self, moment: datetime) -> bool:
        wall, monotonic = self._started
        return abs((moment - wall) - timedelta(seconds=self._monotonic() - monotonic)) > SKEW

    def _record(self, moment: datetime, now: State, signals: set[Signal]) -> None:
        before = str(self._last) if self._last else "start"
        why = ", ".join(sorted(signals)) or "dates"
        # Whether it could be written shows at the next request, which is not served then.
        self._store.submit(
            AuditEvent(
                request="",
                sequence=self._sequence,
                tenant="",
                recorded=audit.instant(moment),
                phase=Phase.STANDING,
                agent="guard",
                source=self._source,
                entity=self._entity,
                bindings=self._bindings,
                state=str(now),
                reason=f"{before} -> {now}: {why}",
            )
        )
        self._sequence += 1
