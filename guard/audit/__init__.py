"""What the guard did, as records: which place was looked at by what, what it found, and how much was let go.

Comes in: judgements, findings and counts. Goes out: `AuditEvent`, one JSON line each, to be chained by the store; and
from events, sentences for people (`words`) and FHIR resources (`fhir`). An event holds text only where the policy asks
for it, and then with identifiers replaced, or sealed to a key that the guard does not hold (`guard.sealing`).
"""

from guard.audit.event import (
    FORMAT,
    AuditEvent,
    Bindings,
    Counts,
    Found,
    Outcome,
    Phase,
    Scan,
    Status,
    Timings,
    decode,
    encode,
    instant,
)
from guard.audit.writing import found, not_run, overall, scan, scans, worst

__all__ = [
    "FORMAT", "AuditEvent", "Bindings", "Counts", "Found", "Outcome", "Phase", "Scan", "Status", "Timings",
    "decode", "encode", "found", "instant", "not_run", "overall", "scan", "scans", "worst",
]  # fmt: skip
