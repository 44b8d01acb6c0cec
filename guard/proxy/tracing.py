"""Traces for OpenTelemetry: one span for each request, made of its audit events, so that it holds no more than they do.

Names follow the semantic conventions for generative AI. A span has no text, no digest of one, and no id of the client's: a
`traceparent` that a client sends is not followed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from guard.audit import AuditEvent, Outcome, Phase
from guard.errors import InputError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

_MOST = 10_000
"""Requests under way that are remembered; more than that, and the oldest have no span."""


class Traces:
    """Turns events into spans."""

    def __init__(self, provider: TracerProvider) -> None:
        """Begin with none; `provider` exports what is made."""
        self._tracer = provider.get_tracer("auscult")
        self._begun: dict[str, list[AuditEvent]] = {}

    def event(self, event: AuditEvent) -> None:
        """Take an event; the last one of a request makes its span."""
        if not event.request:
            return
        events = self._begun.setdefault(event.request, [])
        events.append(event)
        if event.phase is Phase.ENDED:
            self._span(self._begun.pop(event.request))
        elif len(self._begun) > _MOST:
            del self._begun[next(iter(self._begun))]

    def _span(self, events: list[AuditEvent]) -> None:
        from opentelemetry.trace import SpanKind, Status, StatusCode

        last = events[-1]
        span = self._tracer.start_span(
            f"chat {last.entity}", kind=SpanKind.SERVER, start_time=_nanoseconds(events[0].recorded), attributes=_of(last)
        )
        for event in events:
            if event.phase is Phase.JUDGED:
                span.add_event("auscult.judged", _judged(event), _nanoseconds(event.recorded))
        if last.outcome is Outcome.ERROR:
            span.set_attribute("error.type", last.reason or "error")
            span.set_status(Status(StatusCode.ERROR))
        span.end(_nanoseconds(last.recorded))


def _of(event: AuditEvent) -> dict[str, Any]:
    reasons = {"served": event.reason, "withheld": "content_filter"}
    finish = reasons.get(event.outcome, "")
    timings = {f"auscult.{name}_ms": getattr(event.timings, name) / 1000 for name in event.timings.__struct_fields__}
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "auscult",
        "gen_ai.request.model": event.entity,
        "gen_ai.usage.output_tokens": event.counts.emitted_tokens,
        **({"gen_ai.response.finish_reasons": (finish,)} if finish else {}),
        "auscult.request": event.request,
        "auscult.action": event.action,
        "auscult.outcome": str(event.outcome),
        "auscult.status": str(event.status),
        "auscult.certificate": event.bindings.certificate,
        "auscult.certificate.state": event.state,
        "auscult.policy": event.bindings.policy,
        "auscult.tokens.judged": event.counts.judged_tokens,
        "auscult.tokens.released": event.counts.released_tokens,
    } | timings


def _judged(event: AuditEvent) -> dict[str, Any]:
    return {
        "auscult.turn": event.turn,
        "auscult.role": event.role,
        "auscult.action": event.action,
        "auscult.status": str(event.status),
        "auscult.findings": tuple(f"{found.by} {found.kind}" for found in event.findings),
    }


def _nanoseconds(recorded: str) -> int:
    return int(datetime.fromisoformat(recorded).timestamp() * 1_000) * 1_000_000


@contextlib.contextmanager
def exported(address: str) -> Iterator[Traces]:
    """Export spans to a collector (OTLP over HTTP) while a block runs.

    Raises:
        InputError: It is no address, or the extra `otel` is not installed.
    """
    if not address.startswith(("http://", "https://")):
        raise InputError("traces go to an http or https address", "write --traces http://127.0.0.1:4318/v1/traces")
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise InputError("traces need OpenTelemetry, which is not installed", "run pip install 'auscult[otel]'") from error
    provider = TracerProvider(resource=Resource.create({"service.name": "auscult"}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=address)))
    try:
        yield Traces(provider)
    finally:
        provider.shutdown()
