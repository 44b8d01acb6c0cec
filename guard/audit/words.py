"""The events of one request in plain words, for whoever has to say what happened in a chat."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from guard.audit.event import AuditEvent, Found, Outcome, Phase, Scan, Status
from guard.sealing import SEALED

_OUTCOMES = {
    Outcome.PENDING: "it is still under way",
    Outcome.SERVED: "the answer was delivered",
    Outcome.WITHHELD: "the answer, or the rest of it, was withheld",
    Outcome.REFUSED: "the request was refused",
    Outcome.DISCONNECTED: "the client went away before the end",
    Outcome.ERROR: "it broke off because something failed",
}
_STATUSES = {
    Status.SCANNED: "everything that is demanded looked",
    Status.NOT_RUN: "nothing looked",
    Status.ERROR: "something that is demanded did not look",
    Status.DEGRADED: "it went on although something that is demanded did not look",
}
_KINDS = {"fired": "found something", "unavailable": "gave no score", "not_certified": "was outside what is certified"}
_ROLES = {"assistant": "the model", "tool": "a tool", "system": "the system text", "developer": "the developer text"}


def story(events: Sequence[AuditEvent]) -> Iterator[str]:
    """Yield lines; `events` are those of one request, in order, at least one."""
    first = events[0]
    yield f"Request {first.request} to {first.entity}, asked by {first.agent} for {first.tenant}."
    yield f"Policy {first.bindings.policy}."
    certificate = first.bindings.certificate
    yield "No certificate: only rules acted." if certificate == "none" else f"Certificate {certificate}, {first.state}."
    if first.required:
        yield f"The client demanded more than the policy: {first.required}."
    for event in events:
        yield from _told(event)
    if events[-1].phase is not Phase.ENDED:
        yield "There is no last event: the guard was stopped before it could write one, or the request is under way."


def _told(event: AuditEvent) -> Iterator[str]:
    match event.phase:
        case Phase.BEGUN:
            yield f"{event.recorded}  The request came in."
        case Phase.JUDGED:
            yield f"{event.recorded}  {_place(event)}: {event.action}; {_STATUSES[event.status]}."
            yield from _judged(event)
        case Phase.ENDED:
            yield f"{event.recorded}  The end: {_OUTCOMES[event.outcome]}{f' ({event.reason})' if event.reason else ''}."
            yield f"    {event.counts.released_characters} characters of the answer were let go, {_judged_count(event)}."
            if event.timings.total:
                yield f"    It took {_time(event.timings.total)}, of which {_time(event.timings.model)} waiting for the model."
        case Phase.STANDING:
            yield f"{event.recorded}  The certificate: {event.reason}."


def _place(event: AuditEvent) -> str:
    who = _ROLES.get(event.role, f"the {event.role or 'client'}")
    where = ", ".join(event.lang) or "language unknown"
    return f"Message {event.turn + 1}, from {who} ({where}, {event.bucket or 'longer than tested'})"


def _judged_count(event: AuditEvent) -> str:
    counts = event.counts
    if counts.released_characters == counts.judged_characters:
        return "each of them judged first"
    return f"{counts.judged_characters} were judged clear"


def _judged(event: AuditEvent) -> Iterator[str]:
    for found in event.findings:
        yield f"    {found.by} {_KINDS.get(found.kind, found.kind)}{_why(found)}"
    for scan in event.scans:
        if scan.spans:
            yield f"    {scan.by} at {_spans(scan)}"
    quiet = _quiet(event)
    if quiet:
        yield f"    Looked and found nothing: {', '.join(quiet)}"
    missing = [f"{scan.by} ({scan.reason or scan.status})" for scan in event.scans if scan.status is not Status.SCANNED]
    if missing:
        yield f"    Did not look: {', '.join(missing)}"
    if event.not_demanded:
        yield f"    No monitor is demanded for: {', '.join(event.not_demanded)}"
    if event.shadow:
        yield f"    Had nothing been only watched: {event.shadow}"
    if event.content:
        sealed = event.content.startswith(SEALED)
        yield "    Its text is sealed: auscult guard audit decrypt opens it" if sealed else f"    Its text: {event.content!r}"


def _why(found: Found) -> str:
    if found.value and found.threshold:
        backed = "certified" if found.certified else "measured only"
        return f": score {_short(found.value)}, threshold {_short(found.threshold)} ({backed})"
    return f": {found.reason}" if found.reason else ""


def _short(decimal: str) -> str:
    return f"{float(decimal):.4g}"


def _spans(scan: Scan) -> str:
    return ", ".join(f"characters {first + 1}-{last} of message {turn + 1}" for turn, first, last in scan.spans)


def _quiet(event: AuditEvent) -> list[str]:
    loud = {found.by for found in event.findings}
    return _unique(scan.by for scan in event.scans if scan.status is Status.SCANNED and scan.by not in loud)


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _time(microseconds: int) -> str:
    return f"{microseconds / 1000:.1f} ms"
