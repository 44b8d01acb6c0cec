"""A certificate as an in-toto test result v0.1, so that engines that do not know our predicate can gate on it.

One test is one bound with a limit: "the limit was shown to be met". The format knows no third answer, and its readers look at
`failedTests`; so NOT SHOWN stands there beside FAIL, and nothing that was not shown passes. On a demonstration, whose limits
are too wide for use, what was shown stands under `warnedTests`, never under `passedTests`.
"""

from __future__ import annotations

from typing import Any

from certify import numbers
from certify.export.tables import bound_values
from guard import digest, dsse
from guard.certificate import Status
from guard.dossier import Dossier
from guard.errors import InputError

PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
"""Predicate type, in-toto/attestation."""

_BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"


def statement(opened: Dossier) -> bytes:
    """Return the in-toto statement; its subjects are those of the certificate, and the certificate itself.

    Raises:
        InputError: No bound has a limit: a result of no test would read like a pass.
    """
    issued = opened.certificate
    subjects = {
        "model": issued.subject.root,
        **{f"suite/{name}": value for name, value in issued.suite.items()},
        "protocol": issued.protocol,
        "results.parquet": issued.results,
        "certificate": opened.certificate_digest,
    }
    return dsse.statement(PREDICATE, predicate(opened), subjects) + b"\n"


def predicate(opened: Dossier) -> dict[str, Any]:
    """Return the predicate.

    Raises:
        InputError: No bound has a limit.
    """
    issued = opened.certificate
    tested = {one.id: one.bound.status for one in numbers.bounds_of(issued) if one.bound.status is not None}
    if not tested:
        raise InputError("no bound of the certificate has a limit", "export it as csv or json")
    met = [name for name, status in tested.items() if status is Status.PASS]
    failed = [name for name in tested if name not in met]
    result = "FAILED" if failed else "WARNED" if issued.demonstration else "PASSED"
    return {
        "result": result,
        "configuration": _configuration(opened),
        "passedTests": [] if issued.demonstration else met,
        "warnedTests": met if issued.demonstration else [],
        "failedTests": failed,
    }


def _configuration(opened: Dossier) -> list[dict[str, Any]]:
    issued = opened.certificate
    certificate = {
        "name": "certificate.json",
        "digest": {"sha256": _hex(digest.of_bytes(opened.files["certificate.json"]))},
        "mediaType": _BUNDLE,
        "annotations": {
            "product": issued.product,
            "serial": str(issued.serial),
            "notBefore": issued.not_before,
            "notAfter": issued.not_after,
            "attempt": str(issued.attempt),
            "delta": issued.delta,
            "signer": opened.signer,
            "signerTrusted": opened.trusted,
            "demonstration": issued.demonstration,
            "answerKey": issued.labels,
            "bounds": {one.id: bound_values(one.bound) for one in numbers.bounds_of(issued)},
            "withoutLimit": [cell for cell, status in numbers.standings(issued).items() if status is None],
            "measuredOnly": list(numbers.measured_only(issued)),
            "limitations": list(issued.limitations),
        },
    }
    protocol = {
        "name": "protocol.json",
        "digest": {"sha256": _hex(digest.of_bytes(opened.files["protocol.json"]))},
        "mediaType": _BUNDLE,
    }
    return [certificate, protocol]


def _hex(written: str) -> str:
    return digest.raw(written).hex()
