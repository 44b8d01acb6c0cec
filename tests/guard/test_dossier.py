"""A sealed dossier: it opens as it was sealed, and what is not a dossier is told; `test_tamper` changes every byte."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from guard import digest, dossier, dsse, keys, protocol
from guard.certificate import Status
from guard.dossier import check_subject, check_time, open_prepared, open_sealed, require_trust
from guard.errors import DigestMismatch, InputError, SignatureError, UnknownSigner, VerificationError
from guard.keys import PrivateKey
from guard.trust import Trust

Sealed = tuple[Path, PrivateKey, Trust]
Make = Callable[..., Any]
SIGNED = ["protocol.json", "certificate.json", "seal.json"]
FILES = [
    *SIGNED, "issuer.pem", "report.html", "results.parquet", "suite/canaries.jsonl", "suite/probes.safetensors",
    "suite/suite.json",
]  # fmt: skip


def test_a_sealed_dossier_opens(sealed: Sealed) -> None:
    """The control: all steps pass and are told, the bytes are the files' bytes, the signer is trusted."""
    folder, key, trust = sealed
    steps: list[str] = []
    opened = open_sealed(folder, trust, report=steps.append)
    assert [step[:2] for step in steps] == ["1.", "2.", "3.", "4.", "5."]
    assert opened.trusted
    assert opened.signer == keys.key_id(keys.public(key))
    assert opened.files == {name: (folder / name).read_bytes() for name in FILES}
    assert opened.certificate.protocol == opened.payload
    assert opened.suite_file("suite.json") == (folder / "suite" / "suite.json").read_bytes()
    require_trust(opened)
    with pytest.raises(DigestMismatch, match=r"suite/missing\.json is missing"):
        opened.suite_file("missing.json")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("trusting", [True, False])
def test_a_removed_file_is_missed(sealed: Sealed, name: str, trusting: bool) -> None:
    """Whichever file is taken away, trusted or not."""
    folder, _, trust = sealed
    (folder / name).unlink()
    with pytest.raises(VerificationError):
        open_sealed(folder, trust if trusting else None)


@pytest.mark.parametrize("name", ["notes.txt", "suite/more.json", ".hidden", "deep/er/file", "suite/seal.json"])
def test_an_added_file_does_not_belong(sealed: Sealed, name: str) -> None:
    """Also a hidden one, one in a folder of its own, or one that is named like the seal."""
    folder, _, trust = sealed
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"added")
    with pytest.raises(DigestMismatch, match="does not belong"):
        open_sealed(folder, trust)


@pytest.mark.parametrize("name", FILES)
def test_a_renamed_file_is_missed(sealed: Sealed, name: str) -> None:
    """Content alone is not enough: names are signed."""
    folder, _, trust = sealed
    (folder / name).rename(folder / f"{name}.old")
    with pytest.raises(VerificationError):
        open_sealed(folder, trust)


def test_two_files_that_changed_places_are_found(sealed: Sealed) -> None:
    """Each digest belongs to one name."""
    folder, _, trust = sealed
    one, two = folder / "results.parquet", folder / "suite" / "probes.safetensors"
    data = one.read_bytes(), two.read_bytes()
    one.write_bytes(data[1])
    two.write_bytes(data[0])
    with pytest.raises(DigestMismatch, match="altered file"):
        open_sealed(folder, trust)


@pytest.mark.parametrize("name", SIGNED)
def test_a_file_of_another_dossier_of_the_same_key_is_found(
    sealed: Sealed, tmp_path: Path, make_dossier: Make, name: str
) -> None:
    """A validly signed document from elsewhere does not fit, whichever it is."""
    folder, key, trust = sealed
    other = make_dossier(tmp_path / "other", key, plan={"product": "Other helper"})
    (folder / name).write_bytes((other / name).read_bytes())
    with pytest.raises(DigestMismatch):
        open_sealed(folder, trust)


@pytest.mark.parametrize("name", ["protocol.json", "certificate.json"])
def test_a_foreign_document_under_a_fresh_seal_is_found(
    sealed: Sealed, tmp_path: Path, make_dossier: Make, seal_again: Make, name: str
) -> None:
    """Even the issuer can't seal a certificate together with a protocol that it is not about."""
    folder, key, trust = sealed
    other = make_dossier(tmp_path / "other", key, plan={"product": "Other helper"})
    (folder / name).write_bytes((other / name).read_bytes())
    seal_again(folder, key)
    with pytest.raises(DigestMismatch, match="another protocol"):
        open_sealed(folder, trust)


def test_a_document_by_another_key_under_the_seal_is_found(
    sealed: Sealed, tmp_path: Path, make_dossier: Make, seal_again: Make
) -> None:
    """Protocol and certificate must be signed by the key that sealed."""
    folder, key, trust = sealed
    other = make_dossier(tmp_path / "other", keys.generate())
    for name in ("protocol.json", "certificate.json"):
        (folder / name).write_bytes((other / name).read_bytes())
    seal_again(folder, key)
    with pytest.raises(UnknownSigner):
        open_sealed(folder, trust)


def test_another_key_in_the_dossier_changes_nothing_for_who_trusts(sealed: Sealed, seal_again: Make) -> None:
    """A swapped issuer.pem is an altered file; sealed again by its own key, it is an unknown signer."""
    folder, _, trust = sealed
    forger = keys.generate()
    (folder / "issuer.pem").write_bytes(keys.public_pem(keys.public(forger)))
    with pytest.raises(DigestMismatch):
        open_sealed(folder, trust)
    with pytest.raises(UnknownSigner):
        open_sealed(folder, None)
    seal_again(folder, forger)
    with pytest.raises(UnknownSigner):
        open_sealed(folder, trust)
    with pytest.raises(UnknownSigner):
        open_sealed(folder, None)


def test_an_untrusted_signer_leaves_a_dossier_intact(sealed: Sealed) -> None:
    """Without trust the dossier opens and says that nobody vouches for it; that is not enough to go on."""
    folder, key, _ = sealed
    opened = open_sealed(folder, None)
    assert not opened.trusted
    with pytest.raises(UnknownSigner, match="intact, but its signer"):
        require_trust(opened)
    stranger = keys.public(keys.generate())
    with pytest.raises(UnknownSigner, match="not among the trusted keys"):
        open_sealed(folder, Trust({keys.key_id(stranger): stranger}))
    both = {keys.key_id(one): one for one in (stranger, keys.public(key))}
    assert open_sealed(folder, Trust(both)).trusted


@pytest.mark.parametrize("kind", ["link to a file", "link to a folder", "link to nothing", "empty folder", "pipe"])
def test_what_is_neither_file_nor_folder_is_refused(sealed: Sealed, tmp_path: Path, kind: str) -> None:
    """A link could point elsewhere after the check; an empty folder and a pipe are in no seal."""
    folder, _, trust = sealed
    place = folder / "suite" / "more"
    if kind == "empty folder":
        place.mkdir()
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        goal = {"link to a file": folder / "report.html", "link to a folder": folder / "suite"}
        place.symlink_to(goal.get(kind, tmp_path / "missing"))
    with pytest.raises(DigestMismatch, match=r"suite/more"):
        open_sealed(folder, trust)


def test_a_link_to_the_same_bytes_is_refused(sealed: Sealed, tmp_path: Path) -> None:
    """A file replaced by a link to a copy of it is not the sealed file."""
    folder, _, trust = sealed
    (folder / "report.html").rename(tmp_path / "report.html")
    (folder / "report.html").symlink_to(tmp_path / "report.html")
    with pytest.raises(DigestMismatch, match="neither a file nor a folder"):
        open_sealed(folder, trust)


def test_a_place_without_a_dossier_is_an_input_error(tmp_path: Path, sealed: Sealed) -> None:
    """Nothing there, or a file: what to do is said; the same for an empty folder."""
    for place in (tmp_path / "missing", sealed[0] / "seal.json"):
        with pytest.raises(InputError, match="no dossier at"):
            open_sealed(place, sealed[2])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no dossier at"):
        open_sealed(tmp_path / "empty", sealed[2])


def test_an_unsealed_dossier_says_what_to_run(sealed: Sealed) -> None:
    """A prepared dossier is not a sealed one."""
    folder, _, trust = sealed
    for name in ("seal.json", "certificate.json", "results.parquet", "report.html"):
        (folder / name).unlink()
    with pytest.raises(VerificationError, match="run auscult certify test"):
        open_sealed(folder, trust)


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "model"}, {"suite": {"suite.json": digest.of_bytes(b"")}}, {"taxonomy": digest.of_bytes(b"other")},
        {"operating_points": ()}, {"not_after": "2030-01-01T00:00:00+00:00"}, {"not_before": "2020-01-01T00:00:00+00:00"},
        {"serial": 2}, {"product": "Other"}, {"attempt": 7}, {"delta": "0.5"}, {"eps": "0.5"}, {"canaries": "eps"},
        {"demonstration": True}, {"cells": ()}, {"whole": ()},
    ],
    ids=lambda changes: next(iter(changes)),
)  # fmt: skip
def test_a_certificate_that_departs_from_its_protocol_is_found(
    tmp_path: Path, make_dossier: Make, make_certificate: Make, changed: Make, changes: dict[str, Any]
) -> None:
    """Model, thresholds, dates, budgets: nothing may change between the plan and the certificate."""
    key = keys.generate()
    honest = make_certificate()
    if changes == {"subject": "model"}:
        changes = {"subject": changed(honest.subject, dtype="bfloat16")}
    if changes == {"canaries": "eps"}:
        changes = {"canaries": changed(honest.canaries, eps="9.0")}
    folder = make_dossier(tmp_path / "dossier", key, issued=changes)
    with pytest.raises(DigestMismatch, match="disagree about"):
        open_sealed(folder, None)


@pytest.mark.parametrize(
    ("bound", "changes", "words"),
    [
        ("miss", {"limit": "0.5"}, "disagree about the miss bound"),
        ("miss", {"delta": "0.02"}, "disagree about the miss bound"),
        ("miss_unseen", {"limit": "0.5", "status": Status.PASS}, "disagree about the miss_unseen bound"),
        ("miss", {"upper": "0.06"}, "does not follow"), ("miss", {"status": Status.FAIL}, "does not follow"),
        ("miss", {"status": None}, "does not follow"), ("miss", {"units": 599}, "disagree about the units"),
    ],
)  # fmt: skip
def test_each_bound_is_the_planned_one_and_its_status_follows(
    tmp_path: Path, make_dossier: Make, make_cell: Make, changed: Make, bound: str, changes: dict[str, Any], words: str
) -> None:
    """Limit, budget and units of a bound stand in the protocol; PASS is a matter of two numbers."""
    cell = make_cell()
    other = changed(cell, **{bound: changed(getattr(cell, bound), **changes)})
    with pytest.raises(DigestMismatch, match=words):
        open_sealed(make_dossier(tmp_path / "dossier", keys.generate(), issued={"cells": (other,)}), None)


@pytest.mark.parametrize(("attempt", "delta"), [(1, "0.041"), (2, "0.04"), (1, "0.039"), (0, "0.04")])
def test_a_protocol_spends_no_more_than_its_attempt_may(tmp_path: Path, make_dossier: Make, attempt: int, delta: str) -> None:
    """Neither as a whole nor over its bounds, which spend .04 here."""
    folder = make_dossier(tmp_path / "dossier", keys.generate(), plan={"attempt": attempt, "delta": delta})
    with pytest.raises(VerificationError, match=r"spend|attempts count"):
        open_sealed(folder, None)


@pytest.mark.parametrize("name", ["protocol", "results.parquet", "suite/suite.json", "something else"])
def test_every_subject_of_a_statement_is_what_it_describes(tmp_path: Path, make_dossier: Make, name: str) -> None:
    """Other verifiers go by the subjects alone."""
    folder = make_dossier(tmp_path / "dossier", keys.generate(), subjects={name: digest.of_bytes(b"other")})
    with pytest.raises(DigestMismatch, match=f"another {name} as its subject"):
        open_sealed(folder, None)


def test_suite_results_and_canaries_are_those_of_the_certificate(
    tmp_path: Path, make_dossier: Make, make_certificate: Make, changed: Make
) -> None:
    """A dossier sealed around other results, suite or canaries than the certificate names is refused."""
    key, other = keys.generate(), str(digest.of_bytes(b"other"))
    honest = make_certificate()
    canaries = {"canaries": changed(honest.canaries, file=other)}
    suite = {"suite": {**honest.suite, "suite.json": other}}
    for number, (plan, issued, words) in enumerate(
        [({}, {"results": other}, "results"), (suite, suite, "altered file: suite.json"), (canaries, canaries, "canaries")]
    ):
        folder = make_dossier(tmp_path / str(number), key, plan=plan, issued=issued)
        with pytest.raises(DigestMismatch, match=words):
            open_sealed(folder, None)


def test_the_subject_that_others_read_is_the_model_of_the_numbers(
    tmp_path: Path, make_dossier: Make, make_certificate: Make, changed: Make
) -> None:
    """A certificate whose signed subject, or whose root, is another model than its manifest is refused."""
    key, other = keys.generate(), str(digest.of_bytes(b"other"))
    with pytest.raises(DigestMismatch, match="another model"):
        open_sealed(make_dossier(tmp_path / "a", key, subjects={"model": other}), None)
    subject = {"subject": changed(make_certificate().subject, root=other)}
    with pytest.raises(DigestMismatch, match="another model"):
        open_sealed(make_dossier(tmp_path / "b", key, plan=subject, issued=subject), None)


@pytest.mark.parametrize("name", SIGNED)
def test_an_unknown_field_in_a_signed_document_is_refused(sealed: Sealed, seal_again: Make, name: str) -> None:
    """What a reader does not know it may not pass over, even under a good signature."""
    folder, key, trust = sealed
    kind = {"protocol.json": protocol.PREDICATE, "seal.json": dossier.SEAL_PREDICATE}
    statement = dsse.open_bundle((folder / name).read_bytes(), kind.get(name, "urn:auscult:certificate:v1"))
    text = statement.payload.replace(b'"predicate": {', b'"predicate": {"more": 1, ')
    (folder / name).write_bytes(dsse.sign(text, key))
    if name != "seal.json":
        seal_again(folder, key)
    with pytest.raises(VerificationError, match="not in the format"):
        open_sealed(folder, trust)


@pytest.mark.parametrize(
    ("old", "new"), [(b'"1.5"', b'"inf"'), (b'"1.5"', b'"1,5"'), (b'"1.5"', b"1.5"), (b'"1.5"', b'"1e999"')]
)
def test_a_threshold_is_a_finite_decimal(sealed: Sealed, seal_again: Make, old: bytes, new: bytes) -> None:
    """A threshold that nothing reaches, or that readers could read differently, is refused."""
    folder, key, trust = sealed
    statement = dsse.open_bundle((folder / "protocol.json").read_bytes(), protocol.PREDICATE)
    assert old in statement.payload
    (folder / "protocol.json").write_bytes(dsse.sign(statement.payload.replace(old, new), key))
    seal_again(folder, key)
    with pytest.raises(VerificationError, match="not in the format"):
        open_sealed(folder, trust)


BEGIN, END = datetime(2026, 11, 1, tzinfo=UTC), datetime(2027, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("at", [BEGIN, END, BEGIN + timedelta(days=30), BEGIN.astimezone(tz=None)])
def test_a_certificate_is_in_force_between_its_dates(make_certificate: Make, at: datetime) -> None:
    """First and last moment included, in any time zone."""
    check_time(make_certificate(), at)


@pytest.mark.parametrize(
    ("at", "words"),
    [(BEGIN - timedelta(seconds=1), "begins on"), (END + timedelta(seconds=1), "ended on"),
     (datetime.max.replace(tzinfo=UTC), "ended on"), (datetime.min.replace(tzinfo=UTC), "begins on")],
)  # fmt: skip
def test_a_certificate_is_not_in_force_outside_them(make_certificate: Make, at: datetime, words: str) -> None:
    """Too early is a wrong clock, too late a certificate to renew."""
    with pytest.raises(VerificationError, match=words):
        check_time(make_certificate(), at)


@pytest.mark.parametrize("date", ["soon", "", "2026-13-01T00:00:00Z", "2026-11-01T00:00:00"])
def test_a_date_that_is_none_is_our_error(make_certificate: Make, date: str) -> None:
    """Not a date, or one without a time zone."""
    with pytest.raises(VerificationError, match="has a date"):
        check_time(make_certificate(not_after=date), BEGIN)


def test_a_model_folder_is_compared_by_name_and_digest(make_certificate: Make, model: Path) -> None:
    """The certified model passes; one file changed, added, missing or renamed does not."""
    subject = make_certificate().subject
    check_subject(subject, model)
    (model / "more.bin").write_bytes(b"")
    with pytest.raises(DigestMismatch, match=r"does not belong to it: more\.bin"):
        check_subject(subject, model)
    (model / "more.bin").unlink()
    (model / "config.json").write_bytes(b"{} ")
    with pytest.raises(DigestMismatch, match=r"altered file: config\.json"):
        check_subject(subject, model)
    (model / "config.json").unlink()
    with pytest.raises(DigestMismatch, match=r"lacks config\.json"):
        check_subject(subject, model)


def test_a_prepared_dossier_opens_with_its_own_key(sealed: Sealed) -> None:
    """The issuer reads its own plan: signed by the key beside it, with the suite that it names."""
    folder, key, _ = sealed
    opened = open_prepared(folder)
    assert opened.protocol.product == "Triage helper"
    assert opened.signer == keys.key_id(keys.public(key))
    (folder / "suite" / "suite.json").write_bytes(b"{}")
    with pytest.raises(DigestMismatch, match="suite"):
        open_prepared(folder)


def test_a_prepared_dossier_with_a_changed_plan_is_refused(sealed: Sealed) -> None:
    """A plan by another key, or with a signature that does not fit."""
    folder, key, _ = sealed
    bundle = (folder / "protocol.json").read_bytes()
    statement = dsse.open_bundle(bundle, protocol.PREDICATE)
    forger = keys.generate()
    forged = dsse.sign(statement.payload, forger)
    (folder / "protocol.json").write_bytes(forged)
    with pytest.raises(UnknownSigner):
        open_prepared(folder)
    renamed = forged.replace(keys.key_id(keys.public(forger)).encode(), keys.key_id(keys.public(key)).encode())
    (folder / "protocol.json").write_bytes(renamed)
    with pytest.raises(SignatureError):
        open_prepared(folder)
