"""Rows as FHIR R4 bundles, checked against what R4 requires of each resource that is written."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from guard.conversation import Conversation, Fold, LabelledConversation, Message, Role, ToolCall
from guard.errors import InputError
from guard.hazards import Claim
from guard.rows import read_rows
from synth_data import fhir, generate, labels
from synth_data.fhir_cli import export_command

CLAIM = Claim.parse("prompt_injection@context")
REQUIRED: dict[str, tuple[str, ...]] = {
    "AllergyIntolerance": ("patient",),
    "Appointment": ("status", "participant"),
    "CarePlan": ("status", "intent", "subject"),
    "Communication": ("status",),
    "Condition": ("subject",),
    "DocumentReference": ("status", "content"),
    "MedicationRequest": ("status", "intent", "subject"),
    "Observation": ("status", "code"),
    "Patient": (),
    "Task": ("status", "intent"),
}
"""Elements of cardinality 1 in R4, by resource."""
STATUS = {
    "Communication": {
        "preparation",
        "in-progress",
        "not-done",
        "on-hold",
        "stopped",
        "completed",
        "entered-in-error",
        "unknown",
    },
    "DocumentReference": {"current", "superseded", "entered-in-error"},
}
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def _row(*messages: Message) -> LabelledConversation:
    return LabelledConversation("a/b#c", Conversation(messages), {CLAIM: 1}, "en", "")


def _tool(content: str) -> LabelledConversation:
    call = ToolCall(id="1", name="open_note", arguments="{}")
    return _row(Message(Role.USER, "Hi"), Message(Role.ASSISTANT, "", (call,)), Message(Role.TOOL, content, (), "1"))


def _values(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [value, *(each for part in value.values() for each in _values(part))]
    return [each for part in value for each in _values(part)] if isinstance(value, list) else [value]


def check(bundle: dict[str, Any]) -> None:
    """Check the rules of R4 that a bundle of this kind can break."""
    assert bundle["resourceType"] == "Bundle"
    assert bundle["type"] == "collection"
    assert _ID.fullmatch(bundle["id"])
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(urls)) == len(urls)  # bdl-7
    for entry in bundle["entry"]:
        assert set(entry) == {"fullUrl", "resource"}  # bdl-3, bdl-4: no request or response in a collection
        resource = entry["resource"]
        assert _ID.fullmatch(resource["id"])
        assert entry["fullUrl"] == f"urn:uuid:{resource['id']}"
        kind = resource["resourceType"]
        assert all(resource.get(name) for name in REQUIRED[kind]), (kind, resource)
        assert resource.get("status") in STATUS.get(kind, {resource.get("status")})
        if kind == "MedicationRequest":
            assert any(name.startswith("medication") for name in resource)
        if kind == "Appointment":
            assert all("status" in each and ("actor" in each or "type" in each) for each in resource["participant"])  # app-1
        if kind == "DocumentReference":
            assert all("attachment" in content for content in resource["content"])
        if kind == "Communication":
            assert all(len(payload) == 1 for payload in resource["payload"])  # content[x] is one of a choice
        for value in _values(resource):
            assert value not in ("", [], {}, None)  # ele-1: nothing is empty
            if isinstance(value, dict) and str(value.get("reference", "")).startswith("urn:uuid:"):
                assert value["reference"] in urls
            if isinstance(value, dict):
                assert not str(value.get("reference", "")).startswith("Patient/")


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generated rows, with documents of every kind and without."""
    folder = tmp_path_factory.mktemp("fhir") / "rows"
    claims = (labels.INJECTION_CONTEXT, labels.EMERGENCY)
    generate.generate(folder, scenarios=60, folds=(Fold.TRAIN,), claims=claims, traffic=0, jobs=1)
    return folder


def test_every_bundle_of_generated_rows_keeps_the_rules(rows: Path) -> None:
    """Documents that are R4 resources come out as themselves, others as documents, each message in its order."""
    drawn = [row for path in sorted(rows.glob("*.jsonl")) for row in read_rows(path)]
    made = fhir.export(drawn)
    assert made.bundles
    assert len(made.bundles) + made.skipped == len(drawn)
    for bundle in made.bundles:
        check(json.loads(fhir.line(bundle)))
    kinds = {entry["resource"]["resourceType"] for bundle in made.bundles for entry in bundle["entry"]}
    assert {"Patient", "Communication", "DocumentReference"} < kinds
    assert kinds <= set(REQUIRED)
    assert len({bundle["id"] for bundle in made.bundles}) == len(made.bundles)


def test_rows_without_a_document_are_counted_and_left_out() -> None:
    """A question alone is no record."""
    made = fhir.export([_row(Message(Role.USER, "Hi")), _tool("A note.")])
    assert (len(made.bundles), made.skipped) == (1, 1)


def test_a_note_comes_out_as_it_was() -> None:
    """Text of any kind, to the byte."""
    note = "Ünïcode\n<b>&amp;</b> {not json"
    resource = fhir.bundle(_tool(note))["entry"][3]["resource"]
    assert base64.b64decode(resource["content"][0]["attachment"]["data"]).decode() == note
    assert resource["type"]["text"] == "Tool result"


def test_a_resource_keeps_what_it_says_and_points_to_the_patient_of_the_bundle() -> None:
    """Its id is new, its references lead somewhere, and the rest is untouched."""
    given = {"resourceType": "Condition", "id": "x", "code": {"text": "Asthma"}, "subject": {"reference": "Patient/7"}}
    bundle = fhir.bundle(_tool(json.dumps(given)))
    found = bundle["entry"][3]["resource"]
    assert found["code"] == given["code"]
    assert found["id"] != "x"
    assert found["subject"]["reference"] == bundle["entry"][0]["fullUrl"]
    check(bundle)


@pytest.mark.parametrize(
    "text",
    [
        "[1]",
        "3",
        '{"a": 1}',
        '{"resourceType": 4}',
        '{"resourceType": "no"}',
        "[" * 100_000,
        '{"resourceType": "Bundle"}',
        '{"resourceType": "Patient", "a": NaN}',
        '{"resourceType": "Patient", "a": "\\ud800"}',
    ],
)
def test_what_is_no_single_resource_is_a_document(text: str) -> None:
    """JSON of other kinds, and what only looks like it."""
    bundle = fhir.bundle(_tool(text))
    assert bundle["entry"][3]["resource"]["resourceType"] == "DocumentReference"
    assert json.loads(fhir.line(bundle)) == bundle


def test_calls_stand_in_the_message_that_made_them_and_labels_in_the_tags() -> None:
    """So that a reader of the texts alone reads no label."""
    bundle = fhir.bundle(_tool("A note."))
    assert bundle["entry"][2]["resource"]["payload"] == [{"contentString": "calls open_note {}"}]
    assert bundle["meta"]["tag"] == [{"system": fhir.SYSTEM, "code": f"{CLAIM}=1"}]
    assert str(CLAIM) not in json.dumps(bundle["entry"])


def test_the_command_writes_ndjson(rows: Path, tmp_path: Path) -> None:
    """A bundle a line, and a count of what was left out; the same rows give the same bytes."""
    for name in ("one", "two"):
        done = CliRunner().invoke(export_command, [str(rows), "--format", "fhir", "--out", str(tmp_path / name)])
        assert done.exit_code == 0, done.exception
        assert "were left out" in done.output
    lines = (tmp_path / "one").read_bytes().splitlines()
    assert all(json.loads(line)["resourceType"] == "Bundle" for line in lines)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_the_command_says_when_nothing_holds_a_document(rows: Path, tmp_path: Path) -> None:
    """An empty file is no export."""
    alone = rows / "missed_emergency@prompt.train.jsonl"
    done = CliRunner().invoke(export_command, [str(alone), "--out", str(tmp_path / "none")])
    assert isinstance(done.exception, InputError)
