"""Events told to people and to other systems: plain words, FHIR, and text that only the holder of a key reads."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard import audit, chain, sealing
from guard.audit import AuditEvent, Bindings, Counts, Found, Outcome, Phase, Scan, Status, Timings, fhir, words
from guard.errors import InputError, VerificationError

KEY = sealing.generate()


def event(phase: Phase, sequence: int, **values: Any) -> AuditEvent:
    """An event of one request."""
    common = {"request": "r1", "tenant": "clinic", "agent": "ward-7", "source": "auscult 1", "entity": "phantom"}
    bindings = Bindings(policy="sha256:p", certificate="sha256:c")
    return AuditEvent(
        phase=phase,
        sequence=sequence,
        recorded="2026-01-02T03:04:05.000Z",
        bindings=bindings,
        state="VALID",
        **common,
        **values,
    )


JUDGED = event(
    Phase.JUDGED, 1, turn=0, role="user", lang=("en",), bucket="upto1000", status=Status.DEGRADED, action="BLOCK",
    scans=(
        Scan(by="clinical_misuse@prompt", status=Status.SCANNED, score="5.25", threshold="0.5"),
        Scan(by="rule:identifiers", status=Status.SCANNED, spans=((0, 4, 15),)),
        Scan(by="rule:doses", status=Status.SCANNED),
        Scan(by="self_harm@prompt", status=Status.ERROR, reason="late"),
    ),
    findings=(
        Found(by="clinical_misuse@prompt", kind="fired", turn=0, value="5.25", threshold="0.5", certified=True),
        Found(by="rule:identifiers", kind="fired", turn=0),
    ),
    not_demanded=("context",),
)  # fmt: skip
ENDED = event(
    Phase.ENDED, 2, outcome=Outcome.WITHHELD, reason="prompt", action="BLOCK", counts=Counts(),
    timings=Timings(total=12_500, model=2_500),
)  # fmt: skip
EVENTS = (event(Phase.BEGUN, 0), JUDGED, ENDED)


def test_a_request_is_told_in_plain_words() -> None:
    """Who asked, what looked, what was found and where, what did not look, and how it ended."""
    told = "\n".join(words.story(EVENTS))
    for sentence in (
        "Request r1 to phantom, asked by ward-7 for clinic.",
        "Message 1, from the user (en, upto1000): BLOCK, withheld; something that is demanded did not look.",
        "clinical_misuse@prompt found something: score 5.25, threshold 0.5 (certified)",
        "rule:identifiers found something at characters 5-15 of message 1",
        "Looked and found nothing: rule:doses",
        "Did not look: self_harm@prompt (late)",
        "The end: the answer, or the rest of it, was withheld: because of what the client sent.",
        "Nothing of an answer was let go.",
        "It took 12.5 ms, of which 2.5 ms waiting for the model.",
    ):
        assert sentence in told
    assert not any("went on although" in sentence for sentence in told.splitlines())
    assert "There is no last event" in "\n".join(words.story(EVENTS[:2]))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"outcome": Outcome.SERVED, "reason": "stop"}, "The end: the answer was delivered: the model came to its end."),
        ({"outcome": Outcome.SERVED, "reason": ""}, "The end: texts were judged, and nobody was to answer them."),
        ({"outcome": Outcome.SERVED, "reason": "overheard"}, "nothing was delivered from here."),
        ({"outcome": Outcome.DISCONNECTED, "reason": "disconnected"}, "The end: the client went away before the end."),
        ({"outcome": Outcome.DISCONNECTED, "reason": "stalled"}, "before the end: it did not read what it was sent."),
        ({"outcome": Outcome.ERROR, "reason": "upstream_timeout"}, "something failed: the model's server was late."),
        ({"outcome": Outcome.ERROR, "reason": "a_new_one"}, "something failed: a_new_one."),
    ],
)
def test_an_end_is_told_as_it_was(values: dict[str, Any], sentence: str) -> None:
    """Nothing that was only judged counts as delivered, and a reason without words of its own stays."""
    told = list(words.story([event(Phase.BEGUN, 0), event(Phase.ENDED, 1, counts=Counts(judged_characters=9), **values)]))
    assert any(line.endswith(sentence) for line in told)
    delivered = any("was delivered:" in line for line in told)
    assert delivered == (values["reason"] == "stop")


def test_without_a_certificate_and_with_tools_the_story_says_what_is_missing() -> None:
    """What is demanded and can't be met stands once; a message without an entry is explained."""
    scans = (
        Scan(by="rule:identifiers", status=Status.SCANNED),
        Scan(by="self_harm@prompt", status=Status.NOT_RUN, reason="no_certificate"),
    )
    judged = event(
        Phase.JUDGED, 1, turn=1, role="user", status=Status.DEGRADED, action="ALLOW", scans=scans,
        not_demanded=("prompt", "context"),
    )  # fmt: skip
    told = "\n".join(words.story([event(Phase.BEGUN, 0), judged]))
    assert "ALLOW, no objection; it went on although something that is demanded did not look." in told
    assert "Demanded, but without a certificate no monitor looks: self_harm@prompt\n" in told
    assert "No monitor is demanded for: context\n" in told
    assert "Did not look" not in told
    assert "Message 1 has no entry" in told


REQUIRED = {
    "fhir-r4": {"resourceType", "type", "recorded", "agent", "source"},
    "fhir-r5": {"resourceType", "code", "recorded", "agent", "source"},
}
"""Fields that the two versions demand."""
KNOWN = {
    "fhir-r4": REQUIRED["fhir-r4"] | {"id", "subtype", "action", "outcome", "outcomeDesc", "entity"},
    "fhir-r5": REQUIRED["fhir-r5"] | {"id", "category", "action", "outcome", "entity"},
}
ENTITY = {"fhir-r4": {"what", "type", "role", "name", "detail"}, "fhir-r5": {"what", "role", "detail"}}


def _empty(value: Any) -> bool:
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return not value or any(_empty(one) for one in inner)
    return value == ""


@pytest.mark.parametrize("version", get_args(fhir.Version))
@pytest.mark.parametrize("one", [*EVENTS, event(Phase.STANDING, 0, reason="start -> VALID: dates")], ids=lambda e: e.phase)
def test_an_event_is_a_fhir_resource(one: AuditEvent, version: fhir.Version) -> None:
    """Fields of that version only, all that it demands, nothing empty; and everything that the event says is in it."""
    made = fhir.resource(one, chain.line(chain.START, audit.encode(one)), version)
    assert REQUIRED[version] <= made.keys() <= KNOWN[version]
    assert set(made["entity"][0]) == ENTITY[version]
    assert not _empty(made)
    assert len(made["id"]) == 64
    said = msgspec.json.encode(made).decode()
    for fact in (
        one.recorded,
        one.source,
        one.agent,
        *(scan.by for scan in one.scans),
        *(found.kind for found in one.findings),
    ):
        assert fact in said
    outcome = made["outcome"] if version == "fhir-r4" else made["outcome"]["code"]["code"]
    assert (
        outcome == ({"fhir-r4": "4", "fhir-r5": "error"} if one is ENDED else {"fhir-r4": "0", "fhir-r5": "success"})[version]
    )


@given(st.text(min_size=1), st.integers(0, 5))
def test_what_is_sealed_opens_only_with_its_key_and_at_its_event(text: str, sequence: int) -> None:
    """Another key, another event, or one altered bit: it stays shut."""
    sealed = sealing.seal(text, KEY.public_key(), request="r", sequence=sequence)
    assert sealing.unseal(sealed, KEY, request="r", sequence=sequence) == text
    data = bytearray(base64.b64decode(sealed.removeprefix(sealing.SEALED)))
    data[-1] ^= 1
    altered = sealing.SEALED + base64.b64encode(bytes(data)).decode()
    for what, key, request, at in (
        (sealed, sealing.generate(), "r", sequence), (sealed, KEY, "q", sequence), (sealed, KEY, "r", sequence + 1),
        (altered, KEY, "r", sequence), (sealing.SEALED + "AAAA", KEY, "r", sequence), (sealing.SEALED + "?", KEY, "r", 0),
    ):  # fmt: skip
        with pytest.raises(VerificationError):
            sealing.unseal(what, key, request=request, sequence=at)


def test_the_key_of_a_policy_is_a_public_key_and_nothing_else(tmp_path: Path) -> None:
    """What is written reads back; a private file, another kind or a short one is refused."""
    assert sealing.recipient(sealing.written(KEY)).public_bytes_raw() == KEY.public_key().public_bytes_raw()
    for bad in ("", "x25519:", "x25519:AAAA", "x25519:!", "rsa:" + "A" * 44):
        with pytest.raises(InputError, match="not an x25519 public key"):
            sealing.recipient(bad)
    with pytest.raises(InputError, match="no sealed text"):
        sealing.unseal("plain", KEY, request="r", sequence=0)
    path = tmp_path / "auditor.key"
    sealing.write_private(path, KEY, b"word")
    assert sealing.read_private(path, b"word").private_bytes_raw() == KEY.private_bytes_raw()
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(InputError, match="cannot open the key"):
        sealing.read_private(path, b"wrong")
    path.chmod(0o644)
    with pytest.raises(InputError, match="read by others"):
        sealing.read_private(path, b"word")


def test_lines_that_were_written_before_read_back() -> None:
    """A line without the newer fields means what it meant."""
    old = msgspec.json.decode(audit.encode(JUDGED))
    for name in ("content", "timings", "shadow", "required"):
        del old[name]
    line = chain.line(chain.START, msgspec.json.encode(old))
    assert audit.decode(line)[0] == JUDGED
