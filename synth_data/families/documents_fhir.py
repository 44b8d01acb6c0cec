"""FHIR R4 resources whose free text is given: notes, descriptions, payloads, an extension.

The shapes follow the R4 specification: what it requires of a resource is there, and free text stands where it may.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

Resource = dict[str, Any]


def _notes(sentences: Sequence[str]) -> list[dict[str, str]]:
    return [{"text": sentence} for sentence in sentences]


def _text(text: str) -> dict[str, str]:
    return {"text": text}


def _ref(rng: Random) -> dict[str, str]:
    return {"reference": f"Patient/{rng.randint(100, 999)}"}


def _medication_request(sentences: Sequence[str], rng: Random) -> Resource:
    body: Resource = {"status": "active", "intent": "order", "medicationCodeableConcept": _text(rng.choice(_DRUGS))}
    body |= {"subject": _ref(rng), "dosageInstruction": [_text(sentences[0])]}
    return {"resourceType": "MedicationRequest"} | body | ({"note": _notes(sentences[1:])} if sentences[1:] else {})


def _allergy(sentences: Sequence[str], rng: Random) -> Resource:
    body = {"code": _text(rng.choice(("Penicillin", "Peanut", "Latex", "Birch pollen"))), "patient": _ref(rng)}
    return {"resourceType": "AllergyIntolerance"} | body | {"note": _notes(sentences)}


def _observation(sentences: Sequence[str], rng: Random) -> Resource:
    body: Resource = {"status": "final", "code": _text(rng.choice(("Body weight", "Heart rate", "Fall risk", "Steps per day")))}
    return {"resourceType": "Observation"} | body | {"valueString": sentences[0], "note": _notes(sentences[1:] or ["Final."])}


def _communication(sentences: Sequence[str], rng: Random) -> Resource:
    payload = [{"contentString": sentence} for sentence in sentences]
    return {"resourceType": "Communication", "status": "completed", "subject": _ref(rng), "payload": payload}


def _appointment(sentences: Sequence[str], rng: Random) -> Resource:
    people = [{"actor": {"display": rng.choice(("Dr Perera", "Ward 6", "Sister Osei"))}, "status": "accepted"}]
    start, rest = sentences[0], " ".join(sentences[1:])
    body = {"status": "booked", "description": start, "participant": people}
    return {"resourceType": "Appointment"} | body | ({"comment": rest} if rest else {})


def _task(sentences: Sequence[str], rng: Random) -> Resource:
    body: Resource = {"status": "requested", "intent": "order", "for": _ref(rng), "description": sentences[0]}
    return {"resourceType": "Task"} | body | ({"note": _notes(sentences[1:])} if sentences[1:] else {})


def _condition(sentences: Sequence[str], rng: Random) -> Resource:
    code = _text(rng.choice(("Asthma", "Osteoarthritis of knee", "Hypertension", "Migraine")))
    return {"resourceType": "Condition", "code": code, "subject": _ref(rng), "note": _notes(sentences)}


def _care_plan(sentences: Sequence[str], rng: Random) -> Resource:
    activity = [{"detail": {"status": "in-progress", "description": sentence}} for sentence in sentences]
    return {"resourceType": "CarePlan", "status": "active", "intent": "plan", "subject": _ref(rng), "activity": activity}


def _patient(sentences: Sequence[str], rng: Random) -> Resource:
    extensions = [{"url": f"https://clinic.example/fhir/remark-{at}", "valueString": s} for at, s in enumerate(sentences, 1)]
    return {"resourceType": "Patient", "id": str(rng.randint(100, 999)), "extension": extensions[:4]} | (
        {"contact": [{"name": _text(sentences[4])}]} if len(sentences) > 4 else {}
    )


def _document_reference(sentences: Sequence[str], rng: Random) -> Resource:
    content = [{"attachment": {"contentType": "text/plain", "title": sentence}} for sentence in sentences[1:]]
    content = content or [{"attachment": {"contentType": "text/plain", "title": f"page {rng.randint(1, 9)}"}}]
    return {"resourceType": "DocumentReference", "status": "current", "description": sentences[0], "content": content}


_DRUGS = ("Amlodipine tablet", "Metformin tablet", "Salbutamol inhaler", "Levothyroxine tablet", "Sertraline tablet")
_SHAPES: tuple[Callable[[Sequence[str], Random], Resource], ...] = (
    _medication_request, _allergy, _observation, _communication, _appointment, _task, _condition, _care_plan, _patient,
    _document_reference,
)  # fmt: skip
LONGEST = 5
"""Most sentences that a resource takes."""


def resource(sentences: Sequence[str], rng: Random, _words: Callable[[str], str]) -> str:
    """Return a resource as JSON; every sentence stands in it once, in order."""
    return json.dumps(rng.choice(_SHAPES)(sentences, rng), ensure_ascii=False)
