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
_ACTIONS = {
    "ALLOW": "no objection",
    "NOTICE": "with a notice",
    "ESCALATE": "withheld, with a hand-off to a person",
    "BLOCK": "withheld",
}
_REASONS = {
    "stop": "the model came to its end",
    "length": "it was cut at the longest length asked for",
    "tool_calls": "it calls tools",
    "content_filter": "the model's own server withheld the rest",
    "prompt": "because of what the client sent",
    "answer": "because of what the model said",
    "late": "the model was late",
    "error": "the model, or what reads along with it, failed",
    "guard": "the guard itself failed",
    "model_unavailable": "the model could not answer",
    "server_busy": "too much was under way",
    "upstream_broken": "the model's server broke off",
    "upstream_busy": "the model's server was asked too often",
    "upstream_error": "the model's server gave no answer that can be read",
    "upstream_garbage": "the model's server sent what can't be read",
    "upstream_refused": "the model's server did not take the request",
    "upstream_reported_error": "the model's server reported an error",
    "upstream_timeout": "the model's server was late",
    "upstream_tool_choice": "the model's server did not call tools as it was told to",
    "upstream_unreachable": "the model's server could not be reached",
    "stalled": "it did not read what it was sent",
}
_JUDGED_ONLY = {
    "": "texts were judged, and nobody was to answer them",
    "overheard": "an answer that somebody else gave was judged; nothing was delivered from here",
}
_NO_CERTIFICATE = "no_certificate"
_KINDS = {"fired": "found something", "unavailable": "gave no score", "not_certified": "was outside what is certified"}
_ROLES = {"assistant": "the model", "tool": "a tool", "system": "the system text", "developer": "the developer text"}


def story(events: Sequence[AuditEvent]) -> Iterator[str]:
    """Yield lines; `events` are those of one request, in order, at least one."""
    first = events[0]
    who = "from this machine, without a key" if first.agent == "local" else f"by {first.agent} for {first.tenant}"
    yield f"Request {first.request} to {first.entity}, asked {who}."
    yield f"Policy {first.bindings.policy}."
    certificate = first.bindings.certificate
    yield "No certificate: only rules acted." if certificate == "none" else f"Certificate {certificate}, {first.state}."
    if first.required:
        yield f"The client demanded more than the policy: {first.required}."
    if before := next((event.turn for event in events if event.phase is Phase.JUDGED), 0):
        which = "Message 1 has" if before == 1 else f"Messages 1 to {before} have"
        yield f"{which} no entry: system text, definitions of tools and stop texts are judged with what follows them."
    for event in events:
        yield from _told(event)
    if events[-1].phase is not Phase.ENDED:
        yield "There is no last event: the guard was stopped before it could write one, or the request is under way."


def _told(event: AuditEvent) -> Iterator[str]:
    match event.phase:
        case Phase.BEGUN:
            yield f"{event.recorded}  The request came in."
        case Phase.JUDGED:
            acted = f"{event.action}, {_ACTIONS[event.action]}" if event.action in _ACTIONS else event.action
            yield f"{event.recorded}  {_place(event)}: {acted}; {_looked(event)}."
            yield from _judged(event)
        case Phase.ENDED:
            yield f"{event.recorded}  The end: {_ending(event)}."
            if event.outcome is Outcome.SERVED and event.reason in _JUDGED_ONLY:
                yield f"    {event.counts.judged_characters} characters of an answer were judged clear."
            elif event.counts.released_characters:
                yield f"    {event.counts.released_characters} characters of the answer were let go, {_judged_count(event)}."
            else:
                yield "    Nothing of an answer was let go."
            if event.timings.total:
                yield f"    It took {_time(event.timings.total)}, of which {_time(event.timings.model)} waiting for the model."
        case Phase.STANDING:
            yield f"{event.recorded}  The certificate: {event.reason}."


def _ending(event: AuditEvent) -> str:
    if event.outcome is Outcome.SERVED and event.reason in _JUDGED_ONLY:
        return _JUDGED_ONLY[event.reason]
    if event.reason == "disconnected":
        return _OUTCOMES[event.outcome]
    return f"{_OUTCOMES[event.outcome]}{f': {_REASONS.get(event.reason, event.reason)}' if event.reason else ''}"


def _looked(event: AuditEvent) -> str:
    withheld = event.action in ("ESCALATE", "BLOCK")
    return _STATUSES[Status.ERROR if withheld and event.status is Status.DEGRADED else event.status]


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
    spans = {scan.by: f" at {_spans(scan)}" for scan in event.scans if scan.spans}
    for found in event.findings:
        at = spans.pop(found.by, "") if found.kind == "fired" else ""
        yield f"    {found.by} {_KINDS.get(found.kind, found.kind)}{at}{_why(found)}"
    for name, at in spans.items():
        yield f"    {name}{at}"
    quiet = _quiet(event)
    if quiet:
        yield f"    Looked and found nothing: {', '.join(quiet)}"
    missing = [scan for scan in event.scans if scan.status is not Status.SCANNED]
    if said := [f"{scan.by} ({scan.reason or scan.status})" for scan in missing if scan.reason != _NO_CERTIFICATE]:
        yield f"    Did not look: {', '.join(said)}"
    if idle := [scan.by for scan in missing if scan.reason == _NO_CERTIFICATE]:
        yield f"    Demanded, but without a certificate no monitor looks: {', '.join(_unique(idle))}"
    idle_at = {name.partition("@")[2] for name in idle}
    if free := [stage for stage in event.not_demanded if stage not in idle_at]:
        yield f"    No monitor is demanded for: {', '.join(free)}"
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
