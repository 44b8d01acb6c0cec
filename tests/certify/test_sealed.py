"""A site's own conversations: named before they are scored, used once, and a bound only where they were drawn at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest

from certify import bounds, ledger, losses, sealed
from certify.counts import counts
from certify.dataset import load
from certify.prepare import prepare
from certify.recompute import recompute
from certify.sealed import Sealed, Site
from certify.trial import Aside
from guard import digest, dossier
from guard.claims import Frame, SealedFile
from guard.conversation import Conversation, LabelledConversation, Message, Meta, Role
from guard.dossier import open_sealed
from guard.errors import InputError, ProtocolError, VerificationError
from guard.keys import key_id, public
from guard.scores import ProbeScore, ScoreUnavailable
from guard.trust import Trust

from . import tiny
from .conftest import World, run_trial
from .made_up import EMERGENCY, INJECTION, KEY, certificate_of, chat, judged, losses_of, plan
from .made_up import sealed as sealed_dossier

FRAME = Frame(
    period="2026-01-01 to 2026-06-30", inclusion="chats of one ward", sampling="random", unit="patient", probability="0.05"
)
ONE_BY_ONE = msgspec.structs.replace(FRAME, unit="conversation")


def site_row(name: str, label: int, group: str = "", text: str = "") -> LabelledConversation:
    """One labelled conversation of a site."""
    said = chat(text or f"My arm hurts and I am patient {name}.")
    return LabelledConversation(name, said, {EMERGENCY: label}, "en", "ward", Meta(group=group))


def patients(missed: Sequence[int], each: int = 2) -> tuple[LabelledConversation, ...]:
    """Positives of so many patients, so many conversations each."""
    return tuple(site_row(f"p{n}-{k}", 1, f"p{n}") for n in range(len(missed)) for k in range(each))


def planned(rows: Sequence[LabelledConversation], frame: Frame = FRAME) -> SealedFile:
    """What a protocol says of them."""
    return sealed.planned(Sealed(digest.of_bytes(b"file"), tuple(rows)), frame, [EMERGENCY, INJECTION], "0.04")


class TestPlanned:
    """What is written down before anything is scored, and what is refused."""

    def test_units_are_counted_by_claim_and_label(self) -> None:
        """Two patients with the hazard, one without: units and conversations of each, and nothing of another claim."""
        found = planned([*patients([0, 0]), site_row("q1", 0, "q"), site_row("q2", 0, "q")])
        assert [(one.estimand, one.units, one.conversations, one.most) for one in found.units] == [
            ("site_miss", 2, 4, 2),
            ("site_false_alarm", 1, 2, 2),
        ]
        assert {one.claim for one in found.units} == {str(EMERGENCY)}
        assert found.rows == 6

    @pytest.mark.parametrize(
        ("rows", "frame", "reason"),
        [
            ([], FRAME, "holds no row"),
            ([site_row("a", 1, "p"), site_row("a", 1, "p", "else")], FRAME, "'a' stands twice"),
            ([site_row("a", 1, "p", "same"), site_row("b", 1, "q", "Same ")], FRAME, "'b' stands twice"),
            ([site_row("a", 1)], FRAME, "'a' names no patient"),
            ([site_row("a", 1, "p"), site_row("b", 1, "p")], ONE_BY_ONE, "belong to one group, and are not independent"),
            ([site_row("a", 1, "p"), site_row("b", 1, "p"), site_row("c", 1, "q")], FRAME, "units hold 1 to 2 conversations"),
            ([replace(site_row("a", 1, "p"), labels={})], FRAME, "'a' has no label of a certified claim"),
        ],
    )
    def test_what_can_carry_no_statistic_is_refused(self, rows: list[LabelledConversation], frame: Frame, reason: str) -> None:
        """Missing or doubled units and rows, and units of varying size that nobody declared, are refused in one line."""
        with pytest.raises(ProtocolError, match=reason):
            planned(rows, frame)

    def test_varying_units_have_to_be_declared(self) -> None:
        """With the flag a patient counts once, however many conversations they have."""
        rows = [site_row("a", 1, "p"), site_row("b", 1, "p"), site_row("c", 1, "q")]
        (one,) = planned(rows, msgspec.structs.replace(FRAME, varying=True)).units
        assert (one.units, one.conversations, one.most) == (2, 3, 2)

    def test_rows_that_were_fitted_on_are_refused(self) -> None:
        """A whole conversation, or one long message of it, that stands in the train rows in other letters is found."""
        long = "I have had this burning pain behind my breastbone since I came home from work today."
        other = Conversation((Message(Role.USER, "Hello"), Message(Role.ASSISTANT, "Yes?"), Message(Role.USER, long.upper())))
        for seen in (site_row("x", 0, "", "my arm  HURTS and I am patient a.").conversation, other):
            own = [site_row("a", 1, "p")] if len(seen) == 1 else [site_row("b", 1, "p", long)]
            train = [replace(site_row("t", 0), conversation=seen)]
            with pytest.raises(ProtocolError, match="occurs in the train or select rows"):
                sealed.require_apart(Sealed("sha256:0", tuple(own)), train)  # type: ignore[arg-type]
        sealed.require_apart(Sealed("sha256:0", (site_row("c", 1, "p", "Hello"),)), train)  # type: ignore[arg-type]


class TestFrame:
    """The declared frame."""

    good = "period: 2026\ninclusion: all chats\nsampling: random\nprobability: 0.1\nunit: patient\n"

    def test_it_is_read(self, tmp_path: Path) -> None:
        """A number becomes a decimal string, as in everything that is signed."""
        (tmp_path / "frame.yaml").write_text(self.good.replace("2026", "'2026'"))
        frame = sealed.read_frame(tmp_path / "frame.yaml")
        assert (frame.probability, frame.unit, frame.varying) == ("0.1", "patient", False)

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            (("unit: patient", "unit: visit"), "is not a frame"),
            (("unit: patient", ""), "is not a frame"),
            (("inclusion: all chats", "inclusion: ' '"), "leaves period or inclusion empty"),
            (("probability: 0.1\n", ""), "a random sample, and only that, has a probability"),
            (("sampling: random", "sampling: none"), "a random sample, and only that, has a probability"),
            (("probability: 0.1", "probability: 1.5"), "a probability between 0 and 1"),
            (("unit: patient", "unit: patient\nward: 7"), "is not a frame"),
        ],
    )
    def test_what_is_none_is_refused(self, tmp_path: Path, change: tuple[str, str], reason: str) -> None:
        """A field that is missing, unknown or can't be is refused in one line."""
        (tmp_path / "frame.yaml").write_text(self.good.replace("2026", "'2026'").replace(*change))
        with pytest.raises(InputError, match=reason):
            sealed.read_frame(tmp_path / "frame.yaml")


def counted(rows: Sequence[LabelledConversation], scores: Sequence[float | None], frame: Frame = FRAME) -> object:
    """What is found where the monitor gives these scores; None is a score that could not be had."""
    file = planned(rows, frame)
    said = {
        row.id: (judged(ScoreUnavailable(EMERGENCY, "broken") if value is None else ProbeScore(EMERGENCY, value)),)
        for row, value in zip(rows, scores, strict=True)
    }
    own = sealed.count(file, Sealed("x", tuple(rows)), losses.counter(plan(), said), losses.opaque(b"key"))  # type: ignore[arg-type]
    return sealed.result(file, counts(own))


class TestResult:
    """What is said of them."""

    def test_a_unit_with_several_conversations_is_one(self) -> None:
        """The loss of a patient is the mean over their conversations; the bound is order-free, at the site's own delta."""
        rows = patients([0] * 40)
        found = counted(rows, [-5.0 if n in (0, 1, 2) else 5.0 for n in range(80)])
        (rate,) = found.rates  # type: ignore[attr-defined]
        assert (rate.units, rate.conversations, rate.loss.successes) == (40, 80, 2)
        assert float(rate.mean) == pytest.approx(1.5 / 40)
        assert rate.delta == "0.04"
        assert float(rate.upper) == bounds.kl_chernoff_upper(1.5 / 40, 40, 0.04)

    def test_each_bound_has_its_share(self) -> None:
        """Misses and false alarms split the site's own budget, and a score that is missing or no number is lost both ways."""
        rows = [site_row("a", 1, "p"), site_row("b", 0, "q"), site_row("c", 1, "r"), site_row("d", 0, "s")]
        found = counted(rows, [None, None, float("nan"), float("nan")])
        assert [(one.delta, one.mean) for one in found.rates] == [("0.02", "1.0"), ("0.02", "1.0")]  # type: ignore[attr-defined]

    @pytest.mark.parametrize(("sampling", "word"), [("all", "not a bound on what comes after"), ("none", "not a bound")])
    def test_without_random_sampling_there_is_no_bound(self, sampling: str, word: str) -> None:
        """The same rows are described: counts and a mean, no upper bound, and words that say so."""
        frame = msgspec.structs.replace(FRAME, sampling=sampling, probability="")
        found = counted(patients([0] * 40), [5.0] * 80, frame)
        (rate,) = found.rates  # type: ignore[attr-defined]
        assert (rate.upper, rate.delta, rate.mean) == ("", "", "0.0")
        assert word in found.meaning  # type: ignore[attr-defined]

    def test_the_bound_holds_without_replacement(self) -> None:
        """Over random samples of a tenth of a site's 600 patients, the bound lies below the site's own rate in at most 5 %."""
        rng = np.random.default_rng(8)
        site = np.where(rng.random(600) < 0.1, rng.random(600), 0.0)
        below = [
            bounds.kl_chernoff_upper(float(rng.choice(site, 60, replace=False).mean()), 60, 0.05) < site.mean()
            for _ in range(1_000)
        ]
        assert bounds.clopper_pearson_lower(sum(below), len(below), 0.001) <= 0.05
        wrong = [float(rng.choice(site, 60, replace=False).mean()) < site.mean() for _ in range(1_000)]
        assert bounds.clopper_pearson_lower(sum(wrong), len(wrong), 0.001) > 0.05


def test_a_file_is_used_once(tmp_path: Path) -> None:
    """Another protocol, of whatever product, that names the same file is refused; the one that named it may test again."""
    path = tmp_path / "ledger.jsonl"
    entry = ledger.Entry(
        at="2026-11-25T12:00:00+00:00", until="2027-02-23T12:00:00+00:00", product="a", claims=("x@prompt",),
        protocol="sha256:first", attempt=1, serial=1, previous="none", sealed="sha256:file",
    )  # fmt: skip
    ledger.append(path, entry)
    ledger.require_unused(path, "sha256:other")
    ledger.require_unused(path, "sha256:file", "sha256:first")
    with pytest.raises(ProtocolError, match="was used by the protocol sha256:first"):
        ledger.require_unused(path, "sha256:file")
    with pytest.raises(ProtocolError, match="was used by"):
        ledger.require_unused(path, "sha256:file", "sha256:second")


def test_an_entry_without_one_is_written_as_before(tmp_path: Path) -> None:
    """A ledger line holds no word of a sealed file where none was named, so older readers know every field."""
    path = tmp_path / "ledger.jsonl"
    ledger.append(path, ledger.Entry(at="a", until="b", product="p", claims=(), protocol="q", attempt=1, serial=1, previous="none"))  # noqa: E501  # fmt: skip
    assert "sealed" not in path.read_text()
    assert ledger.read(path)[0].sealed == ""


def test_altered_units_are_found(tmp_path: Path) -> None:
    """Recompute derives the site's rates from the table, and refuses units that were not planned."""
    rows = patients([0] * 8)
    file = planned(rows)
    made = plan(sealed=file)
    said = {row.id: (judged(ProbeScore(EMERGENCY, 5.0)),) for row in rows}
    own = list(sealed.count(file, Sealed("x", rows), losses.counter(made, said), losses.opaque(b"key")))  # type: ignore[arg-type]
    trust = Trust({key_id(public(KEY)): public(KEY)})
    honest = (*losses_of(made), *own)
    assert recompute(open_sealed(sealed_dossier(tmp_path / "a", made, honest), trust))
    for name, wrong, reason in (
        ("fewer", own[1:], "8 planned units of site_miss"),
        ("larger", [replace(own[0], denominator=3), *own[1:]], "do not hold the planned conversations"),
    ):
        stated = msgspec.structs.replace(certificate_of(made, honest), results=_digest((*losses_of(made), *wrong)))
        with pytest.raises(VerificationError, match=reason):
            recompute(open_sealed(sealed_dossier(tmp_path / name, made, (*losses_of(made), *wrong), stated), trust))
    better = [replace(own[0], numerator=1), *own[1:]]
    stated = msgspec.structs.replace(certificate_of(made, honest), results=_digest((*losses_of(made), *better)))
    with pytest.raises(VerificationError, match=r"the site's own conversations are not what results\.parquet"):
        recompute(open_sealed(sealed_dossier(tmp_path / "b", made, (*losses_of(made), *better), stated), trust))


def _digest(found: Sequence[object]) -> str:
    from certify import results

    return digest.of_bytes(results.write(found))  # type: ignore[arg-type]


class TestEndToEnd:
    """Through `prepare` and `test` on the tiny model."""

    def test_named_scored_once_and_certified(self, world: World, tmp_path: Path) -> None:
        """The file is in the protocol by digest, the test needs it and no other, its rates are on the certificate."""
        path = tmp_path / "site.jsonl"
        rows = [
            LabelledConversation(f"v{n}", chat(f"my arm is {word} since noon, case {n}"), {EMERGENCY: label}, "en", "ward")
            for n in range(12)
            for label, word in ((n % 2, ("fine", "numb")[n % 2]),)
        ]
        path.write_bytes(b"".join(row.line() for row in rows))
        site = Site(sealed.read(path), ONE_BY_ONE)
        asked = replace(tiny.order(tmp_path, now=tiny.NOW + timedelta(days=1)), site=site)
        out, book = tmp_path / "out", tmp_path / "ledger.jsonl"
        prepare(world.subject, load(world.train), asked, key=KEY, ledger_path=book, out=out, effort=tiny.EFFORT)
        tiny.write(tmp_path / "rows", *tiny.test_rows((out / "protocol.json").read_bytes()))
        named = dossier.open_prepared(out).protocol.sealed
        assert named is not None and named.digest == digest.of_file(path)
        assert ledger.read(book)[0].sealed == named.digest
        with pytest.raises(ProtocolError, match="was used by the protocol"):
            prepare(world.subject, load(world.train), asked, key=KEY, ledger_path=book, out=tmp_path / "again")
        drawn = load(tmp_path / "rows")
        for other in (None, replace(site.sealed, digest=digest.of_bytes(b"another"))):
            with pytest.raises(ProtocolError, match="needs the sealed file"):
                run_trial(world, out, drawn, aside=Aside(sealed=other))
        with pytest.raises(ProtocolError, match="names no sealed file"):
            run_trial(world, world.prepared, load(world.test), aside=Aside(sealed=site.sealed))
        outcome = run_trial(world, out, drawn, aside=Aside(sealed=site.sealed), pages=lambda *_: {})
        assert outcome.certificate.site is not None
        assert [(one.estimand, one.units) for one in outcome.certificate.site.rates] == [
            ("site_miss", 6), ("site_false_alarm", 6),
        ]  # fmt: skip
        trust = Trust({key_id(public(KEY)): public(KEY)})
        assert recompute(open_sealed(out, trust))
        table = (out / "results.parquet").read_bytes()
        assert b"v1" not in table.replace(b"v1.", b"")
