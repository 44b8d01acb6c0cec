"""A certificate as a CycloneDX 1.7 ML-BOM in JSON: the model, its monitors, and their rates as a model card."""

from __future__ import annotations

import json
import uuid
from typing import Any

from certify import numbers
from certify.export.tables import bound_values, rows
from guard import __version__, digest
from guard.dossier import Dossier

SPEC = "1.7"
"""Version of CycloneDX."""

_NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
"""RFC 4122, name space of URLs: the digest of a certificate is a URN."""

_MODEL, _MONITORS, _RESULTS = "model", "monitors", "results"
_USE = (
    "Statistical test certificate for monitors of a clinical chat model; not CE marking, not FDA clearance, not Joint "
    "Commission approval."
)


def bom(opened: Dossier) -> str:
    """Return the bill of materials; the same certificate gives the same text."""
    issued = opened.certificate
    body = {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPEC}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPEC,
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, opened.certificate_digest)}",
        "version": 1,
        "metadata": {
            "timestamp": issued.not_before,
            "tools": {"components": [{"type": "application", "name": "auscult", "version": __version__}]},
            "component": {"type": "application", "bom-ref": "product", "name": issued.product},
        },
        "components": [_model(opened), _monitors(opened), _results(opened)],
        "dependencies": [
            {"ref": "product", "dependsOn": [_MODEL, _MONITORS]},
            {"ref": _MONITORS, "dependsOn": [_MODEL, _RESULTS]},
        ],
    }
    return json.dumps(body, indent=1, ensure_ascii=False) + "\n"


def _model(opened: Dossier) -> dict[str, Any]:
    subject = opened.certificate.subject
    bound = {
        name: str(getattr(subject, name))
        for name in ("root", "tokenizer", "chat_template", "system_prompt", "context", "engine", "dtype", "device", "scoring")
    }
    bound |= {f"sampling.{name}": value for name, value in subject.decoding.items()}
    return {
        "type": "machine-learning-model",
        "bom-ref": _MODEL,
        "name": subject.name,
        "description": "The exact model and set-up that the monitors were tested on.",
        "components": [_file(_MODEL, name, value) for name, value in subject.manifest.items()],
        "properties": _properties("model", bound),
    }


def _monitors(opened: Dossier) -> dict[str, Any]:
    issued = opened.certificate
    facts = {
        "certificate": opened.certificate_digest,
        "protocol": opened.payload,
        "taxonomy": issued.taxonomy,
        "signer": opened.signer,
        "signerTrusted": str(opened.trusted).lower(),
        "notAfter": issued.not_after,
        "attempt": str(issued.attempt),
        "delta": issued.delta,
        "demonstration": str(issued.demonstration).lower(),
        "answerKey": issued.labels,
        "measuredOnly": ", ".join(numbers.measured_only(issued)),
    }
    every = {row["id"]: row["value"] for row in rows(opened) if "value" in row}
    for one in numbers.bounds_of(issued):
        every |= {f"{one.id}.{name}": value for name, value in bound_values(one.bound).items() if value}
    return {
        "type": "machine-learning-model",
        "bom-ref": _MONITORS,
        "name": f"monitors of {issued.product}",
        "version": str(issued.serial),
        "description": _USE,
        "components": [_file(_MONITORS, f"suite/{name}", value) for name, value in issued.suite.items()],
        "externalReferences": [
            {
                "type": "attestation",
                "url": "certificate.json",
                "comment": "The signed certificate, which remains the authority.",
                "hashes": [_hash(digest.of_bytes(opened.files["certificate.json"]))],
            }
        ],
        "modelCard": _card(opened),
        "properties": _properties("certificate", facts) + _properties("number", every),
    }


def _card(opened: Dossier) -> dict[str, Any]:
    issued = opened.certificate
    return {
        "modelParameters": {
            "approach": {"type": "supervised"},
            "task": "detection of hazards in clinical conversations",
            "datasets": [{"ref": _RESULTS}],
        },
        "quantitativeAnalysis": {"performanceMetrics": [_metric(one) for one in numbers.bounds_of(issued)]},
        "considerations": {
            "useCases": [f"{cell.claim}: {cell.plain} (counted as a miss)" for cell in issued.cells],
            "technicalLimitations": [_USE, *issued.limitations],
        },
    }


def _metric(one: numbers.Named) -> dict[str, Any]:
    """Return one bound; it is one-sided, so the interval has no lower end."""
    bound = one.bound
    limit = f"limit {bound.limit}, {bound.status}" if bound.status else "no limit"
    return {
        "type": f"{bound.estimand}: mean loss over {bound.units} units ({bound.unit}), one-sided {bound.method} bound at "
        f"delta {bound.delta}; {limit}",
        "value": bound.mean,
        "slice": one.id,
        "confidenceInterval": {"upperBound": bound.upper},
    }


def _results(opened: Dossier) -> dict[str, Any]:
    generator = opened.protocol.generator
    return {
        "type": "data",
        "bom-ref": _RESULTS,
        "name": "results.parquet",
        "description": "Losses of every independent unit of the test, from which each bound follows.",
        "hashes": [_hash(opened.certificate.results)],
        "data": [
            {"type": "dataset", "name": "per-unit losses", "classification": "synthetic scenarios, as the certificate says"}
        ],
        "properties": _properties("generator", {"digest": generator.digest, "version": generator.version}),
    }


def _file(owner: str, name: str, value: str) -> dict[str, Any]:
    return {"type": "file", "bom-ref": f"{owner}/{name}", "name": name, "hashes": [_hash(value)]}


def _hash(value: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": digest.raw(value).hex()}


def _properties(group: str, values: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": f"auscult:{group}:{name}", "value": value} for name, value in values.items() if value]
