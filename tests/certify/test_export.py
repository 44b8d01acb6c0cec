"""`auscult certify export`: every claim and every number of a certificate, in the formats of others."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import xmlschema
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from google.protobuf.json_format import ParseDict
from in_toto_attestation.v1.resource_descriptor_pb2 import ResourceDescriptor

import auscult
from certify import numbers
from certify.export import chai, cyclonedx, tables, test_result
from guard import digest, dossier, dsse, files, keys, moments, revocation_list
from guard.certificate import Proportion
from guard.dossier import Dossier
from guard.errors import InputError
from guard.keys import key_id, public, public_pem
from guard.points import MeasuredRates, OperatingPoint

from .made_up import INJECTION, KEY, OTHER_KEY, cell, certificate_of, losses_of, plan, sealed

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "smollm2" / "dossier"
ORDER = ROOT / "tests" / "assets" / "chai_order.xsd"
NASTY = "Ward & <b>bot</b> *=1+1* \x07 | `x`"
LEAK = "clinical_misuse@response"
APPROVALS = re.compile(
    r"\b(?:FDA[- ](?:approved|cleared)|CE[- ]marked|approved by|guarantee\w*|certified safe|\d % safe)\b", re.I
)


def opened(folder: Path, *, lost: int = 1, limit: str = "0.9", **changes: Any) -> Dossier:
    """A dossier with a name that needs escaping, two claims with bounds, and one point that was only measured."""
    limits = msgspec.structs.replace(cell().limits, max_miss=limit, max_false_alarm=limit, max_false_alarm_near=limit)
    cells = (cell(draws=60, limits=limits), cell(INJECTION, draws=60, limits=limits))
    point = OperatingPoint(claim=LEAK, lang="en", bucket="upto1000", threshold="0.5", certified=False, gate="token")
    counted = Proportion(successes=1, trials=7)
    rates = MeasuredRates(claim=LEAK, lang="en", bucket="upto1000", miss=counted, false_alarm=counted)
    made = plan(*cells, traffic=80, product=NASTY)
    changes = {"operating_points": (*made.operating_points, point), "measured": (rates,)} | changes
    made = msgspec.structs.replace(made, **changes)
    losses = losses_of(made, {"miss": lost})
    issued = msgspec.structs.replace(certificate_of(made, losses), measured=made.measured)
    return dossier.open_sealed(sealed(folder, made, losses, issued), None)


@pytest.fixture
def one(tmp_path: Path) -> Dossier:
    """The dossier of most tests."""
    return opened(tmp_path / "dossier")


def texts(given: Dossier) -> dict[str, str]:
    """Every export, by format."""
    return {
        "test-result": test_result.statement(given).decode(),
        "cyclonedx": cyclonedx.bom(given),
        "chai-amc": chai.card(given),
        "csv": tables.as_csv(given),
        "json": tables.as_json(given),
    }


def leaves(value: Any) -> Iterator[str]:
    """Every number of a certificate as it is written: whole numbers, and decimal strings."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, str) and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?", value):
        yield value


@pytest.mark.parametrize("real", [False, True], ids=["made up", "example"])
def test_every_claim_is_in_every_export(one: Dossier, real: bool) -> None:
    """Claims with bounds, claims only measured, and all monitors together; and every bound by its own name."""
    given = dossier.open_sealed(EXAMPLE, None) if real else one
    names = {bound.id for bound in numbers.bounds_of(given.certificate)} | set(numbers.measured_only(given.certificate))
    assert len(names) == (25 if real else 10)
    for kind, text in texts(given).items():
        assert {name for name in names if name not in text} == set(), kind


@pytest.mark.parametrize("real", [False, True], ids=["made up", "example"])
def test_numbers_are_the_signed_ones(one: Dossier, real: bool) -> None:
    """The bounds stand in every export as the same decimal strings; a changed digit would be missed nowhere."""
    given = dossier.open_sealed(EXAMPLE, None) if real else one
    for kind, text in texts(given).items():
        for bound in numbers.bounds_of(given.certificate):
            for value in (bound.bound.upper, bound.bound.mean, bound.bound.delta, bound.bound.limit):
                assert value in text, (kind, bound.id)


def test_no_export_claims_an_approval(one: Dossier) -> None:
    """None says approved, cleared, marked or safe; those for people say what a certificate is not."""
    found = texts(one)
    for kind, text in found.items():
        assert not APPROVALS.search(text), kind
    for kind in ("cyclonedx", "chai-amc"):
        assert "not FDA clearance" in found[kind]
    assert "RegulatoryApproval" not in found["chai-amc"]


def test_the_same_certificate_gives_the_same_text(one: Dossier) -> None:
    """No clock and no chance in any export."""
    assert texts(one) == texts(one)


class TestTestResult:
    """in-toto test-result v0.1."""

    def test_its_fields_are_the_documented_ones(self, one: Dossier) -> None:
        """Statement v1 with subjects; result, configuration and three lists of names, and nothing else."""
        body = json.loads(test_result.statement(one))
        assert (body["_type"], body["predicateType"]) == (dsse.STATEMENT_TYPE, test_result.PREDICATE)
        assert set(body) == {"_type", "subject", "predicateType", "predicate"}
        named = {subject["name"]: subject["digest"] for subject in body["subject"]}
        assert named["certificate"] == {"sha256": digest.raw(one.certificate_digest).hex()}
        said = body["predicate"]
        assert set(said) == {"result", "configuration", "passedTests", "warnedTests", "failedTests"}
        assert said["result"] in {"PASSED", "WARNED", "FAILED"}
        for each in said["configuration"]:  # the public protocol-buffer schema refuses a field that it does not know
            ParseDict(each, ResourceDescriptor())
            assert each["name"] and each["digest"]

    def test_passed(self, one: Dossier) -> None:
        """All limits met: each bound with a limit passes; bounds without one are no tests."""
        said = test_result.predicate(one)
        assert said["result"] == "PASSED"
        assert len(said["passedTests"]) == 7  # three with a limit in each of two claims, and the whole
        assert said["configuration"][0]["annotations"]["measuredOnly"] == [f"{LEAK}/en/upto1000"]

    def test_not_shown_never_passes(self, tmp_path: Path) -> None:
        """NOT SHOWN stands with FAIL among the failed tests, for readers look at those alone."""
        given = opened(tmp_path / "d", lost=6, limit="0.1")
        states = {bound.id: bound.bound.status for bound in numbers.bounds_of(given.certificate)}
        assert states["missed_emergency@prompt/en/upto1000/miss"] == "NOT SHOWN"
        said = test_result.predicate(given)
        assert said["result"] == "FAILED"
        assert "missed_emergency@prompt/en/upto1000/miss" in said["failedTests"]
        assert not set(said["failedTests"]) & set(said["passedTests"])

    def test_a_demonstration_only_warns(self, tmp_path: Path) -> None:
        """What was shown under limits too wide for use is never among the passed tests."""
        said = test_result.predicate(opened(tmp_path / "d", demonstration=True))
        assert (said["result"], said["passedTests"]) == ("WARNED", [])
        assert len(said["warnedTests"]) == 7

    def test_without_a_limit_there_is_no_result(self, tmp_path: Path) -> None:
        """A result of no test would read like a pass: refused."""
        made = plan(traffic=80)
        none = msgspec.structs.replace(made.traffic[0], max_false_alarm="")
        given = opened(tmp_path / "d", limit="", traffic=(none,))
        with pytest.raises(InputError, match="no bound of the certificate has a limit"):
            test_result.predicate(given)


class TestCyclonedx:
    """CycloneDX 1.7."""

    @pytest.mark.parametrize("real", [False, True], ids=["made up", "example"])
    def test_the_public_schema_accepts_it(self, one: Dossier, real: bool) -> None:
        """The schema that the CycloneDX project publishes, strict; it refuses the same text with a field too many."""
        given = dossier.open_sealed(EXAMPLE, None) if real else one
        text, validator = cyclonedx.bom(given), JsonStrictValidator(SchemaVersion.V1_7)
        assert validator.validate_str(text) is None
        assert validator.validate_str(text.replace('"slice"', '"slide"')) is not None

    def test_one_metric_for_each_bound(self, one: Dossier) -> None:
        """Value and upper end are those of the bound; a one-sided bound has no lower end; digests are those of the files."""
        body = json.loads(cyclonedx.bom(one))
        monitors = next(each for each in body["components"] if each["bom-ref"] == "monitors")
        metrics = {each["slice"]: each for each in monitors["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]}
        bounds = {bound.id: bound.bound for bound in numbers.bounds_of(one.certificate)}
        assert metrics.keys() == bounds.keys()
        for name, bound in bounds.items():
            assert (metrics[name]["value"], metrics[name]["confidenceInterval"]) == (bound.mean, {"upperBound": bound.upper})
        file = monitors["externalReferences"][0]["hashes"][0]["content"]
        assert f"sha256:{file}" == digest.of_bytes(one.files["certificate.json"])


class TestChai:
    """CHAI Applied Model Card v0.2, against our own stand-in for its schema."""

    @pytest.mark.parametrize("real", [False, True], ids=["made up", "example"])
    def test_the_order_of_elements(self, one: Dossier, real: bool) -> None:
        """Every element stands in its place; with two of them swapped the card is refused."""
        given = dossier.open_sealed(EXAMPLE, None) if real else one
        schema, text = xmlschema.XMLSchema(ORDER), chai.card(given)
        schema.validate(text)
        wrong = re.sub(r"(<Label>.*?</Label>)(\s*)(<ValueJson>.*?</ValueJson>)", r"\3\2\1", text, count=1)
        assert wrong != text
        assert not schema.is_valid(wrong)

    def test_values_are_decimal_strings(self, one: Dossier) -> None:
        """Every ValueJson is JSON; the numbers of a bound in it are strings, exactly those of the certificate."""
        space = {"c": chai.NAMESPACE}
        tree = ET.fromstring(chai.card(one))  # noqa: S314 - our own text
        found: dict[str, dict[str, str]] = {}
        for metric in ("UsefulnessUsabilityEfficacy", "SafetyReliability"):
            for each in tree.findall(f"c:KeyMetrics/c:{metric}/c:Results/c:MetricResult", space):
                label, value = (each.findtext(f"c:{name}", "", space) for name in ("Label", "ValueJson"))
                found[label.partition(": ")[0]] = json.loads(value)
        for bound in numbers.bounds_of(one.certificate):
            stated = found[bound.id]
            assert all(isinstance(value, str) for value in stated.values())
            assert (stated["upper"], stated["mean"], stated["delta"]) == (
                bound.bound.upper, bound.bound.mean, bound.bound.delta,
            )  # fmt: skip
        assert found["missed_emergency@prompt/en/upto1000/miss"]["tau"] == "1.0"

    def test_text_of_others_is_escaped(self, one: Dossier) -> None:
        """Markup and Markdown in a name stay letters, and what XML can't hold is replaced."""
        name = ET.fromstring(chai.card(one)).findtext("c:BasicInfo/c:ModelName", "", {"c": chai.NAMESPACE})  # noqa: S314
        assert name.startswith(r"Ward & \<b\>bot\</b\> \*=1+1\* ")
        assert "\x07" not in name

    def test_developer_and_contact(self, one: Dossier) -> None:
        """What a certificate does not say can be given; else it is said not to be stated."""
        assert "Not stated; the issuer's key is" in chai.card(one)
        text = chai.card(one, chai.Developer("A <Clinic>", "mail@example.org"))
        assert r"<ModelDeveloper>A \&lt;Clinic\&gt;</ModelDeveloper>" in text
        assert "<DeveloperContact>mail@example.org</DeveloperContact>" in text


class TestTables:
    """CSV and JSON of every number."""

    @pytest.mark.parametrize("real", [False, True], ids=["made up", "example"])
    def test_no_number_is_left_out(self, one: Dossier, real: bool) -> None:
        """Every whole number and decimal string of the signed predicate stands in a cell of the CSV."""
        given = dossier.open_sealed(EXAMPLE, None) if real else one
        read = list(csv.DictReader(io.StringIO(tables.as_csv(given))))
        cells = [value for row in read for value in row.values()]
        for value in set(leaves(msgspec.to_builtins(given.certificate))):
            assert value in cells, value

    def test_one_row_for_each_bound(self, one: Dossier) -> None:
        """Claim, cell, estimand, counts, delta, bound, limit and status of each in one row."""
        read = {row["id"]: row for row in csv.DictReader(io.StringIO(tables.as_csv(one)))}
        for bound in numbers.bounds_of(one.certificate):
            row = read[bound.id]
            assert (row["claim"], row["lang"], row["bucket"], row["estimand"]) == tuple(bound.id.split("/"))
            for name, value in tables.bound_values(bound.bound).items():
                assert row[name] == value
        assert read["missed_emergency@prompt/en/upto1000/miss"]["threshold"] == "1.0"

    def test_a_spreadsheet_runs_nothing(self, tmp_path: Path) -> None:
        """A name that begins like a formula gets an apostrophe; a negative number does not."""
        text = tables.as_csv(opened(tmp_path / "d", product='=HYPERLINK("x")', eps="-0.25"))
        assert '"\'=HYPERLINK(""x"")"' in text
        assert ",-0.25" in text

    def test_json_has_the_predicate(self, one: Dossier) -> None:
        """Beside the table stands the whole certificate as it was signed, and by which key."""
        body = json.loads(tables.as_json(one))
        assert body["predicate"] == json.loads(msgspec.json.encode(one.certificate))
        assert (body["format"], body["signer"], body["signerTrusted"]) == (tables.FORMAT, one.signer, False)


class TestCommand:
    """The command line."""

    @pytest.fixture
    def place(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A folder with a dossier, its issuer's key and the public half."""
        opened(tmp_path / "dossier")
        keys.write_private(tmp_path / "issuer.pem", KEY, b"a password")
        keys.write_private(tmp_path / "other.pem", OTHER_KEY, b"a password")
        files.write(tmp_path / "issuer.pub", public_pem(public(KEY)))
        monkeypatch.setenv("AUSCULT_KEY_PASSWORD", "a password")
        monkeypatch.delenv("AUSCULT_TRUST", raising=False)
        monkeypatch.setattr(moments, "now", lambda: datetime(2026, 11, 28, tzinfo=UTC))
        return tmp_path

    def export(self, place: Path, kind: str, *more: object) -> int:
        """Run it."""
        words = ("certify", "export", place / "dossier", "--format", kind, "--out", place / "out", *more)
        return auscult.main([str(word) for word in words])

    @pytest.mark.parametrize("kind", ["test-result", "cyclonedx", "chai-amc", "csv", "json"])
    def test_each_format(self, place: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
        """It writes the file, and says how many bounds, and whether the signer is known."""
        assert self.export(place, kind) == 0
        assert "wrote 9 bounds" in capsys.readouterr().out
        assert (place / "out").read_bytes().decode() == texts(dossier.open_sealed(place / "dossier", None))[kind]
        assert self.export(place, kind, "--trust", place / "issuer.pub", "--json") == 0
        assert json.loads(capsys.readouterr().out) == {
            "file": str(place / "out"), "format": kind, "bounds": 9, "signed": False, "trusted": True,
        }  # fmt: skip

    def test_signed(self, place: Path) -> None:
        """With --key the test result is a DSSE bundle that the public half verifies."""
        assert self.export(place, "test-result", "--key", place / "issuer.pem") == 0
        known = {key_id(public(KEY)): public(KEY)}
        statement = dsse.verify((place / "out").read_bytes(), known, test_result.PREDICATE)
        assert statement.predicate["result"] == "PASSED"

    def test_nobody_vouches_for_a_stranger(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Another key than the issuer's signs only what it trusts."""
        assert self.export(place, "test-result", "--key", place / "other.pem") == 1
        assert "unknown" in capsys.readouterr().err
        assert not (place / "out").exists()
        assert self.export(place, "test-result", "--key", place / "other.pem", "--trust", place / "issuer.pub") == 0

    @pytest.mark.parametrize(
        ("kind", "broken", "words"),
        [
            ("csv", "key", "csv has no signature"), ("csv", "seal", "not sealed"), ("csv", "file", "altered file"),
            ("csv", "none", "no dossier at"), ("csv", "out", "it is a folder"),
        ],
    )  # fmt: skip
    def test_bad_input(self, place: Path, kind: str, broken: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
        """A key where there is no signature, an unsealed, altered or missing dossier, a folder as output: one line each."""
        more: tuple[object, ...] = ("--key", place / "issuer.pem") if broken == "key" else ()
        if broken == "seal":
            (place / "dossier" / "seal.json").unlink()
        elif broken == "file":
            (place / "dossier" / "suite" / "suite.json").write_bytes(b"other")
        elif broken == "none":
            (place / "dossier").rename(place / "elsewhere")
        elif broken == "out":
            (place / "out").mkdir()
        assert self.export(place, kind, *more) in {1, 2}
        said = capsys.readouterr()
        assert (said.out, said.err.count("\n")) == ("", 1)
        assert words in said.err

    def test_nothing_revoked_is_signed_or_passed_on_in_silence(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """With the trust folder's list, a test result is refused, signed or not; another format says so in one line."""
        given = dossier.open_sealed(place / "dossier", None)
        trust = place / "trust"
        files.write(trust / "issuer.pem", public_pem(public(KEY)))
        said = {
            "number": 1, "issued": "2026-11-25T12:00:00+00:00", "expires": "2026-12-02T12:00:00+00:00",
            "revoked": [{"certificate": given.certificate_digest, "at": "2026-11-25T12:00:00+00:00", "reason": "wrong labels"}],
        }  # fmt: skip
        files.write(trust / "list.json", dsse.sign(dsse.statement(revocation_list.PREDICATE, said, {}), KEY))
        for more in ((), ("--key", place / "issuer.pem")):
            assert self.export(place, "test-result", "--trust", trust, *more) == 1
            assert "the certificate was revoked on 2026-11-25" in capsys.readouterr().err
            assert not (place / "out").exists()
        recompute = ["certify", "recompute", str(place / "dossier"), "--trust", str(trust)]
        for run in (lambda: self.export(place, "csv", "--trust", trust), lambda: auscult.main(recompute)):
            assert run() == 0
            told = capsys.readouterr().err
            assert "the certificate was revoked on 2026-11-25" in told
            assert told.count("\n") == 1

    def test_nothing_expired_is_signed(
        self, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """After its end a certificate is exported with a warning, and signed for nobody."""
        monkeypatch.setattr(moments, "now", lambda: datetime(2027, 3, 1, tzinfo=UTC))
        assert self.export(place, "test-result", "--key", place / "issuer.pem") == 1
        assert "the certificate ended on 2027-02-23" in capsys.readouterr().err
        assert self.export(place, "test-result") == 0
        assert "warning: " in capsys.readouterr().err
