"""Rows as FHIR R4 bundles, for systems that read nothing else.

Comes in: labelled rows. Goes out: one Bundle of the type `collection` for each row that holds a document: a made-up Patient,
a Communication for each message, a DocumentReference for each note, and each R4 resource that a tool returned, as itself. The
labels stand in the Bundle's tags, so that whoever reads the texts without them reads no label. Rows without a document are
left out. Plain dictionaries: what R4 requires of these few resources is there, and tests check it; this is no validator.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from guard.conversation import LabelledConversation, Message, Role

Resource = dict[str, Any]
SYSTEM = "urn:auscult:claim"
"""System of the codes that tag a Bundle with its labels."""
_DOCUMENT = (Role.TOOL, Role.SYSTEM, Role.DEVELOPER)
_TYPE = re.compile(r"[A-Z][A-Za-z]{2,63}")
_SENDER = {Role.USER: "User of the assistant", Role.ASSISTANT: "Assistant"}


@dataclass(frozen=True, slots=True)
class Exported:
    """What came of some rows."""

    bundles: tuple[Resource, ...]
    """One for each row that holds a document."""
    skipped: int
    """Rows without a document."""


def export(rows: Iterable[LabelledConversation]) -> Exported:
    """Make a Bundle of each row that holds a document, and count the others."""
    bundles: list[Resource] = []
    skipped = 0
    for row in rows:
        if any(message.role in _DOCUMENT for message in row.conversation.messages):
            bundles.append(bundle(row))
        else:
            skipped += 1
    return Exported(tuple(bundles), skipped)


def bundle(row: LabelledConversation) -> Resource:
    """Return a row as a Bundle; the same row gives the same bytes."""
    patient = _id(row.id, "patient")
    entries = [_entry(_patient(patient))]
    entries += [_entry(_of(row, at, message, patient)) for at, message in enumerate(row.conversation.messages)]
    tags = [{"system": SYSTEM, "code": f"{claim}={label}"} for claim, label in row.labels.items()]
    meta = {"meta": {"tag": tags}} if tags else {}
    return {
        "resourceType": "Bundle", "id": _id(row.id, "bundle"), **meta,
        "identifier": {"system": "urn:auscult:row", "value": row.id}, "type": "collection", "entry": entries,
    }  # fmt: skip


def line(made: Resource) -> bytes:
    """Write a Bundle as one line of NDJSON."""
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _of(row: LabelledConversation, at: int, message: Message, patient: str) -> Resource:
    id_ = _id(row.id, f"message {at}")
    if message.role not in _DOCUMENT:
        return _communication(id_, message, patient, row.lang)
    found = _resource(message.content, patient)
    # An id of its own, for two documents may call different things by one name.
    return _document(id_, message, patient, row.lang) if found is None else found | {"id": id_}


def _resource(text: str, patient: str) -> Resource | None:
    """Return the R4 resource that a text is, about the Bundle's patient; None where it is none, or can't be written again."""
    try:
        found = json.loads(text)
        if not isinstance(found, dict) or not _TYPE.fullmatch(str(found.get("resourceType", ""))):
            return None
        own: Resource = _pointed(found, patient)  # No reference leads nowhere.
        json.dumps(own, ensure_ascii=False, allow_nan=False).encode()  # NaN, and half a surrogate pair, are no JSON in UTF-8.
    except (ValueError, RecursionError):
        return None
    return None if own["resourceType"] == "Bundle" else own


def _pointed(value: Any, patient: str) -> Any:
    """Let every reference to a patient lead to the Bundle's."""
    if isinstance(value, dict):
        return {
            name: f"urn:uuid:{patient}" if name == "reference" and str(part).startswith("Patient/") else _pointed(part, patient)
            for name, part in value.items()
        }
    return [_pointed(part, patient) for part in value] if isinstance(value, list) else value


def _patient(id_: str) -> Resource:
    return {"resourceType": "Patient", "id": id_, "active": True, "name": [{"use": "anonymous", "text": "Made-up person"}]}


def _document(id_: str, message: Message, patient: str, lang: str) -> Resource:
    data = base64.b64encode(message.content.encode()).decode()
    kind = "Tool result" if message.role is Role.TOOL else "Text given to the assistant"
    attachment = {"contentType": "text/plain; charset=utf-8", **_language(lang), "data": data}
    return {
        "resourceType": "DocumentReference", "id": id_, "status": "current", "type": {"text": kind},
        "subject": _reference(patient), "content": [{"attachment": attachment}],
    }  # fmt: skip


def _communication(id_: str, message: Message, patient: str, lang: str) -> Resource:
    said = [message.content, *(f"calls {call.name} {call.arguments}" for call in message.tool_calls)]
    return {
        "resourceType": "Communication", "id": id_, **_language(lang), "status": "completed",
        "subject": _reference(patient), "sender": {"display": _SENDER[message.role]},
        "payload": [{"contentString": text} for text in said if text] or [{"contentString": "-"}],
    }  # fmt: skip


def _language(lang: str) -> Resource:
    return {"language": lang} if lang else {}


def _reference(patient: str) -> Resource:
    return {"reference": f"urn:uuid:{patient}"}


def _entry(resource: Resource) -> Resource:
    return {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource}


def _id(row: str, part: str) -> str:
    """Return an id that follows from the row: a UUID by its form (RFC 9562, version 8)."""
    raw = bytearray(hashlib.sha256(f"{row}|{part}".encode()).digest()[:16])
    raw[6], raw[8] = raw[6] & 0x0F | 0x80, raw[8] & 0x3F | 0x80
    text = raw.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
