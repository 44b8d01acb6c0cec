"""Numbers for Prometheus, on a port of their own: counted from audit events and from what is seen outside, never from text.

Labels are ours: routes that are served, names of monitors and rules, actions. Nothing that a client chooses becomes a label.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from guard.audit import AuditEvent, Phase
from guard.errors import InputError
from guard.proxy.outer import Seen
from guard.validity import State

_FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_SLOW = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


class Metrics:
    """All numbers of one running guard."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        """Make them, all at zero."""
        own = self.registry = registry or CollectorRegistry()
        """Where they are."""
        self._requests = Counter("auscult_requests", "HTTP requests.", ["route", "status"], registry=own)
        self._seconds = Histogram("auscult_request_seconds", "Whole requests.", ["route"], buckets=_SLOW, registry=own)
        self._overhead = Histogram(
            "auscult_overhead_seconds", "Until a response began, without waiting for the model.", ["route"], buckets=_FAST,
            registry=own,
        )  # fmt: skip
        self._phases = Histogram("auscult_phase_seconds", "By phase.", ["phase"], buckets=_FAST, registry=own)
        self._events = Counter("auscult_audit_events", "Audit events on disk.", ["phase"], registry=own)
        self._actions = Counter("auscult_actions", "Ended requests.", ["action", "outcome", "status"], registry=own)
        self._findings = Counter("auscult_findings", "Findings.", ["by", "kind"], registry=own)
        self._scans = Counter("auscult_scans", "What looked, and what did not.", ["by", "status"], registry=own)
        self._shadows = Counter("auscult_shadow_actions", "What would have been done.", ["action"], registry=own)
        self._judged = Counter("auscult_judged_characters", "Of answers.", registry=own)
        self._released = Counter("auscult_released_characters", "Of answers.", registry=own)
        self._state = Gauge("auscult_certificate_state", "1 for the present state.", ["state"], registry=own)
        self._failing = Gauge("auscult_store_failing", "1 if the last audit write failed.", registry=own)
        self._alone = Gauge("auscult_answers_alone", "1 if answers of a model in this process take turns.", registry=own)

    def event(self, event: AuditEvent) -> None:
        """Count an audit event."""
        self._events.labels(event.phase).inc()
        for found in event.findings:
            self._findings.labels(found.by, found.kind).inc()
        for scan in event.scans:
            self._scans.labels(scan.by, scan.status).inc()
        if event.shadow:
            self._shadows.labels(event.shadow).inc()
        if event.phase is Phase.ENDED:
            self._actions.labels(event.action, event.outcome, event.status).inc()
            self._judged.inc(event.counts.judged_characters)
            self._released.inc(event.counts.released_characters)

    def seen(self, one: Seen) -> None:
        """Count a request that has ended."""
        self._requests.labels(one.route, str(one.status)).inc()
        self._seconds.labels(one.route).observe(one.seconds)
        self._overhead.labels(one.route).observe(one.overhead)
        for phase, seconds in one.spent.items():
            self._phases.labels(phase).observe(seconds)

    def follow(self, state: Callable[[], State | None], failing: Callable[[], bool], *, alone: bool = False) -> None:
        """Ask for the certificate's state, and whether the store fails, whenever somebody asks for the numbers.

        Args:
            state: Of the certificate.
            failing: Whether the last audit write failed.
            alone: Whether answers take turns; that is known from the start.
        """
        self._alone.set(alone)
        for name in ("none", *State):
            self._state.labels(str(name)).set_function(partial(_is, state, str(name)))
        self._failing.set_function(lambda: float(failing()))


def _is(state: Callable[[], State | None], name: str) -> float:
    return float(str(state() or "none") == name)


@contextlib.contextmanager
def served(metrics: Metrics, address: str) -> Iterator[None]:
    """Serve the numbers at `host:port` while a block runs.

    Raises:
        InputError: It is no address, or in use.
    """
    host, _, port = address.rpartition(":")
    try:
        server, thread = start_http_server(int(port), host.strip("[]") or "127.0.0.1", metrics.registry)
    except (OSError, ValueError, OverflowError) as error:
        raise InputError("cannot serve metrics there: no such address, or in use", "write --metrics 127.0.0.1:9464") from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
