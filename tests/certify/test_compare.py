"""`auscult certify compare`: what was swapped, what changed its status, and what got worse beyond chance."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

import auscult
from certify import issue
from certify.compare.comparison import Comparison, compare
from certify.compare.judged import Test
from certify.compare.page import page
from certify.compare.swapped import Part
from certify.compare.words import as_values, text
from guard import certificate, dossier, dsse, files
from guard.certificate import Status
from guard.errors import DigestMismatch, InputError, VerificationError
from guard.hazards import Population
from guard.keys import public, public_pem
from guard.protocol import GeneratorBinding, Protocol

from . import made_up
from .made_up import INJECTION, KEY, OTHER_KEY, SUITE, bound_subject, cell, losses_of, of_bytes, plan, sealed

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "smollm2"
BOTH = (cell(draws=60), cell(INJECTION, draws=60))
LATER = tuple(
    msgspec.structs.replace(one, delta_miss="0.001", delta_unseen="0.001", delta_false_alarm="0.0005") for one in BOTH
)
CALM: Mapping[str, int] = {"miss": 2}
BAD: Mapping[str, int] = {"miss": 20, "false_alarm_near": 30}

Make = Callable[..., dossier.Dossier]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Seal a made-up dossier and open it again; every call has a folder of its own."""
    count = iter(range(100))

    def one(*cells: Any, lost: Mapping[str, int] = CALM, **changes: Any) -> dossier.Dossier:
        made = plan(*(cells or BOTH), **({"traffic": 80} | changes))
        return dossier.open_sealed(sealed(tmp_path / f"d{next(count)}", made, losses_of(made, lost)), None)

    return one


def parts(found: Comparison) -> set[tuple[Part, str]]:
    """What was swapped, by part and name."""
    return {(swap.part, swap.name) for swap in found.swaps}


class TestSwapped:
    """What was swapped, by digest and name."""

    @pytest.mark.parametrize(
        ("changes", "part", "name"),
        [
            ({"subject": bound_subject(tokenizer=of_bytes(b"other"))}, Part.TOKENIZER, "tokenizer"),
            ({"subject": bound_subject(chat_template=of_bytes(b"other"))}, Part.TEMPLATE, "chat template"),
            ({"subject": bound_subject(system_prompt=of_bytes(b"be brief"))}, Part.SYSTEM, "system prompt"),
            ({"subject": bound_subject(engine="another")}, Part.ENGINE, "engine"),
            ({"subject": bound_subject(dtype="bfloat16")}, Part.ENGINE, "dtype"),
            ({"subject": bound_subject(decoding={"temperature": "1.0"})}, Part.ENGINE, "sampling: temperature"),
            ({"subject": bound_subject(scoring=2)}, Part.ENGINE, "scoring"),
            ({"threshold": 2.0}, Part.THRESHOLDS, "missed_emergency@prompt/en/upto1000"),
            ({"rules": of_bytes(b"more rules")}, Part.RULES, "rule set"),
            ({"rule_names": ("identifiers", "doses")}, Part.RULES, "names"),
            ({"dataset": of_bytes(b"more rows")}, Part.DATA, "manifest"),
            ({"taxonomy": of_bytes(b"other words")}, Part.TAXONOMY, "taxonomy"),
            ({"eps": 0.5}, Part.MARGIN, "eps"),
            ({"delta": "0.039"}, Part.BUDGET, "delta"),
            ({"attempt": 2, "delta": "0.008", "cells": LATER, "traffic": 80}, Part.BUDGET, "attempt"),
            ({"analysis": of_bytes(b"other code")}, Part.ANALYSIS, "analysis code"),
            ({"traffic": 90}, Part.PLAN, "traffic/en/upto1000: draws"),
            (
                {"generator": GeneratorBinding(digest=of_bytes(b"generator"), version="2", weights={})},
                Part.GENERATOR, "version",
            ),
            (
                {"generator": GeneratorBinding(digest=of_bytes(b"generator"), version="1", weights={"a": "1"})},
                Part.GENERATOR, "family weights",
            ),
        ],
    )  # fmt: skip
    def test_each_part_is_found(self, make: Make, changes: Mapping[str, Any], part: Part, name: str) -> None:
        """A change of one part is named, and no part is that did not change, but the name of a model may go with it."""
        found = compare(make(), make(serial=2, **changes))
        assert (part, name) in parts(found)
        assert {swapped for swapped, _ in parts(found)} == {part} | ({Part.MARGIN} if "eps" in changes else set())
        assert part not in found.same

    def test_weights_by_file(self, make: Make) -> None:
        """Files of weights, one by one: changed, added, removed; other model files apart."""
        old = {"a.safetensors": of_bytes(b"1"), "b.safetensors": of_bytes(b"2"), "config.json": of_bytes(b"3")}
        new = {"a.safetensors": of_bytes(b"9"), "c.safetensors": of_bytes(b"2"), "config.json": of_bytes(b"4")}
        subjects = [bound_subject(manifest=one, root=made_up.root(one)) for one in (old, new)]
        found = compare(make(subject=subjects[0]), make(subject=subjects[1]))
        how = {(swap.part, swap.name): (swap.how, swap.old, swap.new) for swap in found.swaps}
        assert how == {
            (Part.WEIGHTS, "a.safetensors"): ("changed", old["a.safetensors"], new["a.safetensors"]),
            (Part.WEIGHTS, "b.safetensors"): ("removed", old["b.safetensors"], ""),
            (Part.WEIGHTS, "c.safetensors"): ("added", "", new["c.safetensors"]),
            (Part.MODEL, "config.json"): ("changed", old["config.json"], new["config.json"]),
        }

    def test_limits_and_their_note(self, make: Make) -> None:
        """A wider limit is a swapped part, and the reader is told that a status may hang on it."""
        wider = [msgspec.structs.replace(one, limits=msgspec.structs.replace(one.limits, max_miss="0.95")) for one in BOTH]
        found = compare(make(), make(*wider))
        assert (Part.LIMITS, "missed_emergency@prompt/en/upto1000: max_miss") in parts(found)
        assert any("Limits differ" in note for note in found.notes)

    def test_no_field_of_a_plan_is_forgotten(self) -> None:
        """A field that a later protocol may have is compared, too: only those with a part of their own are left out."""
        from certify.compare import swapped

        assert set(Protocol.__struct_fields__) >= swapped._NAMED

    def test_nothing_but_a_fresh_test(self, make: Make) -> None:
        """Two tests of one plan at two times: nothing was swapped, every part is the same."""
        found = compare(make(), make(serial=2, not_before="2026-12-25T12:00:00+00:00"))
        assert found.swaps == ()
        assert found.same == tuple(Part)
        assert not found.fails


class TestClaims:
    """Which claims changed their status, appeared or vanished."""

    def test_lost_pass(self, make: Make) -> None:
        """PASS before and not now: named, and a pipeline should stop, even where no rate is higher beyond chance."""
        few = (cell(draws=12), cell(INJECTION, draws=12))
        old, new = make(*few, lost={"miss": 4}), make(*few, lost={"miss": 5}, serial=2)
        found = compare(old, new)
        emergency = next(one for one in found.standings if one.cell.startswith("missed_emergency"))
        assert (emergency.old, emergency.new, emergency.how, emergency.lost) == ("PASS", "NOT SHOWN", "changed", True)
        assert not found.worse
        assert found.fails

    def test_appeared_and_vanished(self, make: Make) -> None:
        """A claim that only one of them has; that a PASS vanished counts as lost."""
        found = compare(make(BOTH[0], BOTH[1]), make(BOTH[0]))
        how = {one.cell.partition("@")[0]: (one.how, one.lost) for one in found.standings}
        assert how["prompt_injection"] == ("vanished", True)
        assert found.fails
        back = compare(make(BOTH[0]), make(BOTH[0], BOTH[1]))
        assert next(one for one in back.standings if "injection" in one.cell).how == "appeared"
        assert not back.fails

    def test_another_population_is_not_compared_by_status_alone(self, make: Make) -> None:
        """A limit that moves to unseen kinds: statuses may move, rates are compared bound by bound all the same."""
        unseen = [
            msgspec.structs.replace(one, limits=msgspec.structs.replace(one.limits, population=Population.UNSEEN))
            for one in BOTH
        ]
        found = compare(make(), make(*unseen))
        assert len(found.compared) == 9
        assert (Part.LIMITS, "missed_emergency@prompt/en/upto1000: population") in parts(found)


class TestRates:
    """Which rates are higher beyond chance, and by which test."""

    def test_worse_is_found(self, make: Make) -> None:
        """More misses and more alarms: those bounds and no others are worse; Holm over all nine."""
        found = compare(make(), make(lost=BAD, serial=2))
        assert {(one.claim.partition("@")[0], one.estimand) for one in found.worse} == {
            (claim, estimand) for claim in ("missed_emergency", "prompt_injection") for estimand in ("miss", "false_alarm_near")
        }
        assert len(found.compared) == 9
        tests = {one.estimand: one.test for one in found.compared}
        assert tests == {
            "miss": Test.FISHER, "false_alarm_traffic": Test.FISHER, "false_alarm_whole": Test.FISHER,
            "false_alarm_near": Test.POOLED_KL, "miss_unseen": Test.PAIRED_FAMILIES,
        }  # fmt: skip
        assert all(float(one.p_holm) >= float(one.p) for one in found.compared)

    def test_better_is_not_worse(self, make: Make) -> None:
        """The other way round nothing is worse, and nothing is claimed to be better."""
        found = compare(make(lost=BAD), make(serial=2))
        assert not found.worse
        assert "better" not in text(found)

    def test_a_stricter_level(self, make: Make) -> None:
        """The level decides: at one in a million the same losses are not enough."""
        old, new = make(), make(lost={"miss": 14}, serial=2)
        assert compare(old, new).worse
        assert not compare(old, new, level=1e-6).worse

    def test_what_would_be_seen(self, make: Make) -> None:
        """The smallest new rate that would be called worse really is: one loss less is not."""
        old = make()
        found = compare(old, make(serial=2))
        miss = next(one for one in found.compared if one.estimand == "miss")
        lost = round(float(miss.visible) * 60)
        seen = {
            count: any(one.estimand == "miss" for one in compare(old, make(BOTH[0], lost={"miss": count}, serial=3)).worse)
            for count in (lost, 60)
        }
        assert seen == {lost: True, 60: True}
        assert float(miss.visible) > float(miss.new.mean)

    def test_shared_draws_are_paired(self, make: Make) -> None:
        """One plan tested twice has the same draws: each is compared with itself."""
        found = compare(make(), make(lost={"miss": 12}))
        assert {one.test for one in found.compared} == {Test.PAIRED_DRAWS, Test.PAIRED_FAMILIES}
        miss = next(one for one in found.compared if one.estimand == "miss")
        assert float(miss.p) == 2.0**-10  # ten draws more, none less
        assert miss.visible == ""

    def test_families_of_another_issuer_are_not_paired(self, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        """Opaque numbers of two keys say nothing about each other, even where they are equal."""
        old = make()
        monkeypatch.setattr(made_up, "KEY", OTHER_KEY)
        found = compare(old, make(serial=2))
        assert {one.test for one in found.compared if one.estimand == "miss_unseen"} == {Test.BALANCED_KL}

    def test_families_of_another_generator_are_not_paired(self, make: Make) -> None:
        """Nor are families that another generator draws; the reader is told that the conversations differ."""
        other = GeneratorBinding(digest=of_bytes(b"new generator"), version="1", weights={})
        found = compare(make(), make(generator=other))
        assert {one.test for one in found.compared if one.estimand == "miss_unseen"} == {Test.BALANCED_KL}
        assert any("different generators" in note for note in found.notes)


class TestRefused:
    """What can't be compared is one clear line."""

    def test_the_same_certificate(self, make: Make) -> None:
        """Twice the same dossier, or a copy of it."""
        with pytest.raises(InputError, match="both dossiers hold the same certificate"):
            compare(make(), make())

    def test_another_product(self, make: Make) -> None:
        """Two products are refused, unless the reader says so; then it stands in the notes."""
        old, new = make(), make(product="another assistant")
        with pytest.raises(InputError, match="say --other-product"):
            compare(old, new)
        found = compare(old, new, other_product=True)
        assert any("two products: ward assistant and another assistant" in note for note in found.notes)

    def test_other_languages(self, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        """A certificate about Danish has no cell in common with one about English: named, with what each has."""
        old = make()
        monkeypatch.setattr(made_up, "LANG", "da")
        monkeypatch.setattr(made_up, "PLACE", ("da", made_up.BUCKET))
        new = make(cell(draws=60), cell(INJECTION, draws=60))
        with pytest.raises(InputError, match=r"no claim stands in both .*en/upto1000.*da/upto1000"):
            compare(old, new)

    def test_bounds_that_do_not_follow(self, tmp_path: Path, make: Make) -> None:
        """A certificate that says other bounds than its losses give is no evidence: refused before anything is compared."""
        made = plan(*BOTH, traffic=80, serial=2)
        honest = made_up.certificate_of(made, losses_of(made, BAD))
        flattered = made_up.certificate_of(made, losses_of(made, CALM))
        lie = msgspec.structs.replace(honest, cells=flattered.cells)
        opened = dossier.open_sealed(sealed(tmp_path / "lie", made, losses_of(made, BAD), lie), None)
        with pytest.raises(VerificationError, match=r"is not what results\.parquet gives"):
            compare(make(), opened)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    """An older dossier, a newer and worse one, and the public key of their issuer."""
    made = [plan(*BOTH, traffic=80), plan(*BOTH, traffic=80, serial=2, threshold=2.0, product="ward assistant")]
    sealed(tmp_path / "old", made[0], losses_of(made[0], CALM))
    sealed(tmp_path / "new", made[1], losses_of(made[1], BAD))
    files.write(tmp_path / "issuer.pub", public_pem(public(KEY)))
    return tmp_path / "old", tmp_path / "new", tmp_path / "issuer.pub"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """Run `auscult certify compare`; returns exit code, standard output and standard error."""
    monkeypatch.delenv("AUSCULT_TRUST", raising=False)

    def call(*words: object) -> tuple[int, str, str]:
        code = auscult.main(["certify", "compare", *map(str, words)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


class TestCommand:
    """The command line."""

    def test_worse_exits_1(self, run: Callable[..., tuple[int, str, str]], folders: tuple[Path, Path, Path]) -> None:
        """A pipeline stops, as text and as JSON alike; the text says level, correction and each test."""
        old, new, trust = folders
        code, out, err = run(old, new, "--trust", trust)
        assert (code, err) == (1, "")
        assert "Worse: 4 of 9 rates are higher beyond chance" in out
        for words in ("Holm's correction over all 9", "at most 0.05", "Fisher's exact test", "Hoeffding's theorem 1"):
            assert words in out
        assert "signer unknown" not in out
        code, out, err = run(old, new, "--trust", trust, "--json")
        values = json.loads(out)
        assert (code, values["fails"], len(values["worse"]), values["level"]) == (1, True, 4, 0.05)
        assert {"part": "thresholds", "name": "missed_emergency@prompt/en/upto1000", "old": "1.0, certified",
                "new": "2.0, certified"} in values["swaps"]  # fmt: skip

    def test_nothing_worse_exits_0(self, run: Callable[..., tuple[int, str, str]], folders: tuple[Path, Path, Path]) -> None:
        """The other way round; it says that this is no proof, and that the order looks wrong."""
        old, new, trust = folders
        code, out, err = run(new, old, "--trust", trust)
        assert (code, err) == (0, "")
        assert "no proof" in out

    def test_an_unknown_signer_is_said(
        self, run: Callable[..., tuple[int, str, str]], folders: tuple[Path, Path, Path]
    ) -> None:
        """Without --trust the comparison is made, and both signers are called unknown; with another key it is refused."""
        old, new, trust = folders
        _, out, _ = run(old, new)
        assert out.count("signer unknown") == 2
        assert "The signer of the new dossier is unknown" in out
        files.write(trust, public_pem(public(OTHER_KEY)))
        code, out, err = run(old, new, "--trust", trust)
        assert (code, out) == (1, "")
        assert "not among the trusted keys" in err

    def test_the_page(self, run: Callable[..., tuple[int, str, str]], folders: tuple[Path, Path, Path], tmp_path: Path) -> None:
        """--out writes a page that has every comparison once and loads nothing; the same dossiers give the same bytes."""
        old, new, trust = folders
        for name in ("a.html", "b.html"):
            assert run(old, new, "--trust", trust, "--out", tmp_path / name)[0] == 1
        html = (tmp_path / "a.html").read_text()
        assert html == (tmp_path / "b.html").read_text()
        assert html.count("data-compared=") == 9
        assert "http" not in html.replace("http-equiv", "")
        assert "<script" not in html

    @pytest.mark.parametrize("broken", ["unsealed", "tampered", "missing", "older"])
    def test_bad_dossiers(
        self, run: Callable[..., tuple[int, str, str]], folders: tuple[Path, Path, Path], tmp_path: Path, broken: str
    ) -> None:
        """Not sealed, tampered with, not there, or of a format that is older than this: one line each."""
        old, new, trust = folders
        if broken == "unsealed":
            (new / "seal.json").unlink()
        elif broken == "tampered":
            data = (new / "results.parquet").read_bytes()
            (new / "results.parquet").write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        elif broken == "missing":
            new = tmp_path / "nowhere"
        else:
            self.downgrade(new)
        code, out, err = run(old, new, "--trust", trust)
        words = {"unsealed": "not sealed", "tampered": "altered file", "missing": "no dossier at", "older": "v0"}[broken]
        assert (code, out, err.count("\n")) == (2 if broken == "missing" else 1, "", 1)
        assert words in err

    @staticmethod
    def downgrade(folder: Path) -> None:
        """Give a dossier a certificate of an older predicate type, signed and sealed all the same."""
        issued = dossier.open_sealed(folder, None).certificate
        old = certificate.PREDICATE.replace(":v1", ":v0")
        contents = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        contents["certificate.json"] = dsse.sign(dsse.statement(old, issued, {"model": issued.subject.root}), KEY)
        contents["seal.json"] = issue.seal({name: data for name, data in contents.items() if name != "seal.json"}, KEY)
        for name in ("certificate.json", "seal.json"):
            (folder / name).write_bytes(contents[name])

    def test_the_example_of_format_v1(self, run: Callable[..., tuple[int, str, str]], folders: tuple[Path, Path, Path]) -> None:
        """The committed example stays comparable: with another product's claims in the same cells, where it is asked for."""
        code, out, err = run(EXAMPLE / "dossier", folders[1], "--other-product")
        assert (code, err) == (1, "")
        assert "self_harm@prompt/en/upto1000" in out
        assert "vanished" in out


def test_names_are_escaped_on_the_page(make: Make) -> None:
    """A product that is called like markup stays text; forbidden words in given names do not stop the page."""
    old, new = (make(product="<script>safe</script>", serial=serial) for serial in (1, 2))
    html = page(compare(old, new)).decode()
    assert "<script>" not in html
    assert "&lt;script&gt;safe" in html


def test_values_are_complete(make: Make) -> None:
    """Every field of a comparison is in its JSON, with the numbers as they were signed."""
    found = compare(make(), make(lost=BAD, serial=2))
    values = json.loads(msgspec.json.encode(as_values(found)))
    assert set(Comparison.__dataclass_fields__) <= values.keys() | {"worse", "lost"}
    first = values["compared"][0]
    assert first["old"]["upper"] == found.compared[0].old.upper
    assert first["new"]["status"] in set(Status)
    assert isinstance(first["p"], str)


def test_a_suite_that_can_not_be_read_is_said(make: Make) -> None:
    """Stand-ins for a suite: compared by digest of file, and the reader is told."""
    assert set(SUITE)
    assert any("suite is in a format" in note for note in compare(make(), make(serial=2)).notes)


def test_an_altered_dossier_is_never_opened(folders: tuple[Path, Path, Path]) -> None:
    """The comparison begins with verified bytes: an added file stops it."""
    (folders[1] / "extra.txt").write_text("hello")
    with pytest.raises(DigestMismatch):
        dossier.open_sealed(folders[1], None)
