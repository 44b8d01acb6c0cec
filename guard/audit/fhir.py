"""Events as FHIR AuditEvent resources, R4 (4.0.1) or R5 (5.0.0), for systems that collect those.

Each resource has one event; what FHIR has no place for stands as details of its entities, so that nothing is lost but the
chain: export JSON lines to check that.
"""

from __future__ import annotations

from typing import Any, Literal

from guard.audit.event import AuditEvent, Outcome, Phase
from guard.digest import of_bytes

Version = Literal["fhir-r4", "fhir-r5"]
_SYSTEM = "urn:auscult:audit"
_DCM = "http://dicom.nema.org/resources/ontology/DCM"
_OUTCOMES = {Outcome.REFUSED: "4", Outcome.DISCONNECTED: "4", Outcome.WITHHELD: "4", Outcome.ERROR: "8"}
"""R4: 0 success, 4 minor failure, 8 serious failure."""
_SEVERITIES = {"0": "success", "4": "error", "8": "fatal"}
"""R5, from http://hl7.org/fhir/issue-severity; `success` is a code of 5.0.0."""
_ROLE = {"code": "24", "display": "Query"}


def resource(event: AuditEvent, line: bytes, version: Version) -> dict[str, Any]:
    """Return the resource of an event.

    Args:
        event: Decoded.
        line: The chained line that it stands in, with its newline; its digest names the resource.
        version: Of FHIR.
    """
    identity = of_bytes(line)
    made = _r4(event) if version == "fhir-r4" else _r5(event)
    return {"resourceType": "AuditEvent", "id": identity.removeprefix("sha256:")} | made


def _code(event: AuditEvent) -> dict[str, str]:
    if event.phase is Phase.STANDING:
        return {"system": _DCM, "code": "110113", "display": "Security Alert"}
    return {"system": _DCM, "code": "110112", "display": "Query"}


def _phase(event: AuditEvent) -> dict[str, str]:
    return {"system": _SYSTEM, "code": str(event.phase)}


def _outcome(event: AuditEvent) -> str:
    return _OUTCOMES.get(event.outcome, "0")


def _description(event: AuditEvent) -> str:
    parts = (event.action, str(event.outcome) if event.phase is Phase.ENDED else "", event.reason)
    return "; ".join(part for part in parts if part) or str(event.phase)


def _who(name: str) -> dict[str, Any]:
    return {"identifier": {"system": _SYSTEM, "value": name or "guard"}}


def _r4(event: AuditEvent) -> dict[str, Any]:
    return {
        "type": _code(event),
        "subtype": [_phase(event)],
        "action": "E",
        "recorded": event.recorded,
        "outcome": _outcome(event),
        "outcomeDesc": _description(event),
        "agent": [{"who": _who(event.agent), "name": event.tenant or "guard", "requestor": True}],
        "source": {"observer": {"display": event.source}},
        "entity": [
            {
                "what": {"identifier": {"system": _SYSTEM, "value": event.request or event.bindings.certificate}},
                "type": {"system": "http://terminology.hl7.org/CodeSystem/audit-entity-type", "code": "2"},
                "role": {"system": "http://terminology.hl7.org/CodeSystem/object-role"} | _ROLE,
                "name": event.entity or "none",
                "detail": [{"type": name, "valueString": value} for name, value in _details(event)],
            }
        ],
    }


def _r5(event: AuditEvent) -> dict[str, Any]:
    severity = {"system": "http://hl7.org/fhir/issue-severity", "code": _SEVERITIES[_outcome(event)]}
    return {
        "category": [{"coding": [_code(event)]}],
        "code": {"coding": [_phase(event)]},
        "action": "E",
        "recorded": event.recorded,
        "outcome": {"code": severity, "detail": [{"text": _description(event)}]},
        "agent": [{"who": _who(event.agent), "requestor": True}],
        "source": {"observer": {"display": event.source}},
        "entity": [
            {
                "what": {
                    "identifier": {"system": _SYSTEM, "value": event.request or event.bindings.certificate},
                    "display": event.entity or "none",
                },
                "role": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/object-role"} | _ROLE]},
                "detail": [{"type": {"text": name}, "valueString": value} for name, value in _details(event)],
            }
        ],
    }


def _details(event: AuditEvent) -> list[tuple[str, str]]:
    """Return everything else that an event says, flat; FHIR takes no empty strings."""
    own = [
        ("tenant", event.tenant), ("sequence", str(event.sequence)), ("status", str(event.status)), ("state", event.state),
        ("action", event.action), ("shadow", event.shadow), ("required", event.required), ("outcome", str(event.outcome)),
        ("turn", str(event.turn) if event.turn >= 0 else ""), ("role", event.role), ("lang", " ".join(event.lang)),
        ("bucket", event.bucket), ("not_demanded", " ".join(event.not_demanded)), ("text", event.text),
        ("content", event.content),
    ]  # fmt: skip
    parts = [(f"bindings.{name}", getattr(event.bindings, name)) for name in event.bindings.__struct_fields__]
    parts += [(f"counts.{name}", str(getattr(event.counts, name))) for name in event.counts.__struct_fields__]
    parts += [(f"timings.{name}", str(getattr(event.timings, name))) for name in event.timings.__struct_fields__]
    for scan in event.scans:
        spans = " ".join("{}:{}-{}".format(*span) for span in scan.spans)
        parts.append((f"scan.{scan.by}", " ".join(part for part in (scan.status, scan.score, spans, scan.reason) if part)))
    for found in event.findings:
        said = (found.kind, f"turn {found.turn}", found.value, found.threshold, found.reason)
        parts.append((f"finding.{found.by}", " ".join(part for part in said if part)))
    return [(name, value) for name, value in own + parts if value]
