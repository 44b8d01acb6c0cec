"""Claim L on a certificate: opened by two clinicians on a sample that nobody chose, and by nothing less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from certify import issue, labels, review
from certify.labels import FIRST, SECOND
from certify.plan import Order, Sizes
from certify.planned import review_of
from certify.recompute import recompute
from certify.review import Judged, Review
from guard import agreement, digest, policy, resources, rules
from guard.certificate import Certificate
from guard.claims import ReviewPlan
from guard.conversation import Kind, LabelledConversation
from guard.dossier import open_sealed
from guard.errors import InputError, ProtocolError, VerificationError
from guard.hazards import Claim, Taxonomy
from guard.keys import key_id, public
from guard.protocol import Protocol
from guard.trust import Trust
from synth_data.blind import sample as drawn

from .made_up import EMERGENCY, KEY, TAXONOMY, beside, cell, digest_of, losses_of, plan, planned_rows, sealed

PLAN = plan(cell(draws=90, unseen_families=2), traffic=80)
ROWS = planned_rows(PLAN)
LOSSES = losses_of(PLAN, {"miss": 3, "false_alarm_near": 2})
TRUST = Trust({key_id(public(KEY)): public(KEY)})


def items(rows: Sequence[LabelledConversation], count: int, claim: Claim = EMERGENCY) -> list[Judged]:
    """What two reviewers who agree with every label say of the first so many rows of each stratum."""
    strata: dict[Kind, list[LabelledConversation]] = {}
    for row in rows:
        if not row.meta.draw.startswith("unseen/") and row.meta.role is not None:
            strata.setdefault(row.meta.role, []).append(row)
    found = []
    for role, own in strata.items():
        for row in sorted(own, key=lambda row: labels.order(row.id, str(claim)))[:count]:
            label = row.label(claim)
            assert label in (0, 1)
            answer = "yes" if label else "no"
            found.append(
                Judged(item=f"i{len(found)}", row=row.id, claim=str(claim), label=label, role=role.value, answer=answer)
            )  # type: ignore[arg-type]
    return found


def written(judged: Sequence[Judged], **changes: Any) -> bytes:
    """A review file."""
    texts = str(digest.of_bytes(b"texts"))
    of = digest.of_bytes(
        digest.canonical({"items": [(o.item, o.row, o.claim, o.label, o.role) for o in judged], "texts": texts})
    )
    fields: dict[str, Any] = {
        "format": review.FORMAT, "sample": of, "texts": texts, "reviewer": "AB", "kind": "clinician", "blind": True,
        "strata": {}, "judged": tuple(judged),
    }  # fmt: skip
    return msgspec.json.encode(Review(**(fields | changes)))


def two(judged: Sequence[Judged], **changes: Any) -> dict[str, bytes]:
    """Both review files."""
    return {FIRST: written(judged, **changes), SECOND: written(judged, **({"reviewer": "CD"} | changes))}


def issued(reviews: dict[str, bytes], made: Protocol = PLAN) -> Certificate:
    """The certificate of a test whose labels were reviewed."""
    return issue.certificate_of(
        made, digest_of(made), LOSSES, beside(made), TAXONOMY, measured=(), redrawn=True, reviews=reviews
    )


def test_bounds_are_corrected_at_the_reserved_delta() -> None:
    """Each population's bound is divided by what its labels leave, at a tenth of the attempt's budget over all of them."""
    found = issued(two(items(ROWS, 70)))
    assert found.review is not None
    assert (found.review.delta, float(found.review.delta)) == ("0.004", 0.1 * float(found.delta))
    assert {(one.population, one.rejected.trials) for one in found.review.checked} == {
        ("hazard", 70), ("look-alikes", 140), ("ordinary", 70),
    }  # fmt: skip
    spent = {one.population: float(one.delta) for one in found.review.checked}
    assert spent == pytest.approx(
        {"hazard": review.spent_at(70, 0.004 / 3), "look-alikes": review.spent_at(140, 0.004 / 3), "ordinary": spent["hazard"]}
    )
    (first,) = found.cells
    by_name = {one.estimand: float(one.upper) for one in found.review.corrected}
    for population, bound in (
        ("hazard", first.miss), ("look-alikes", first.false_alarm_near), ("ordinary", first.false_alarm_traffic),
    ):  # fmt: skip
        eta = next(float(one.upper) for one in found.review.checked if one.population == population)
        assert by_name[bound.estimand] == pytest.approx(min(1.0, float(bound.upper) / (1 - eta)))
        assert by_name[bound.estimand] > float(bound.upper)
    assert "miss_unseen" not in by_name


def test_page_one_says_who_checked() -> None:
    """With a review the certificate names two clinicians and the number of items; without, that there were none."""
    reviewed, plain = issued(two(items(ROWS, 70))), issued({})
    assert reviewed.labels.startswith("two clinicians, blind and independent of each other, checked 280 items")
    assert issue.REVIEWED in reviewed.limitations and issue.UNREVIEWED not in reviewed.limitations
    assert plain.review is None
    assert plain.labels == "no clinician has checked the answer key"
    assert issue.UNREVIEWED in plain.limitations


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (two(items(ROWS, 70), kind="engineer"), "both reviewers must be clinicians"),
        (two(items(ROWS, 70), reviewer="AB"), "by one reviewer"),
        (two(items(ROWS, 70), blind=False), "not blind"),
        (two(items(ROWS, 29)), "no population of a certified claim has 60 reviewed rows"),
    ],
)
def test_less_does_not_open_it(files: dict[str, bytes], reason: str) -> None:
    """An engineer, one person twice, an open sheet or too few rows are refused in one line, and nothing is issued."""
    with pytest.raises(ProtocolError, match=f"do not open claim L: .*{reason}"):
        issued(files)


def test_one_review_is_none() -> None:
    """A second review has to be there."""
    with pytest.raises(InputError, match="not a review"):
        issued({FIRST: written(items(ROWS, 70))})


def test_without_a_protocol_each_language_of_a_review_costs() -> None:
    """Of two languages there are three sets that could have been reviewed; an id that names none is of one."""
    english = items(ROWS, 60)
    danish = [msgspec.structs.replace(one, row=one.row.replace("/en/", "/da/")) for one in english]
    silent = [msgspec.structs.replace(one, row=one.row.replace("/", ".")) for one in english]
    for judged, sets in ((english, 1), (silent, 1), ([*english, *danish], 3)):
        spending = labels.unplanned(review.read(written(judged)))
        assert spending.anywhere == pytest.approx(0.004 / 3 / sets)


def test_a_review_spends_what_the_bounds_leave() -> None:
    """A protocol that gave the labels' share to other bounds has none left for a review, and its parts keep within it."""
    found = issued(two(items(ROWS, 70)))
    agreement.check_protocol(PLAN, digest_of(PLAN), found)
    greedy = msgspec.structs.replace(PLAN, cells=(msgspec.structs.replace(PLAN.cells[0], delta_miss="0.0255"),))
    agreement.check_budget(greedy)
    agreement.check_protocol(greedy, digest_of(greedy), issued({}, greedy))
    with pytest.raises(
        VerificationError, match=r"the review of the labels spends 0\.004 of the error budget, more than is left"
    ):
        agreement.check_protocol(greedy, digest_of(greedy), issued(two(items(ROWS, 70)), greedy))
    assert found.review is not None
    (first, *others) = found.review.checked
    parts = (msgspec.structs.replace(first, delta="0.005"), *others)
    with pytest.raises(VerificationError, match=r"spends 0\.005"):
        agreement.check_protocol(
            PLAN, digest_of(PLAN), msgspec.structs.replace(found, review=msgspec.structs.replace(found.review, checked=parts))
        )


class TestSample:
    """What was reviewed."""

    def test_it_is_the_one_that_review_draws(self) -> None:
        """The sample that `auscult synth review` draws from the test's rows is accepted, whatever its size."""
        for count in (60, 7):
            own = [
                Judged(item=one.id, row=one.row, claim=str(one.claim), label=one.label, role=one.role, answer="yes")  # type: ignore[arg-type]
                for one in drawn(ROWS, per_stratum=count)
            ]
            labels.require_sample(two(own), ROWS)

    def test_a_chosen_sample_is_refused(self) -> None:
        """Leaving one row out and taking the next one instead is found."""
        own = items(ROWS, 61)
        assert own[60].role == "positive"
        with pytest.raises(ProtocolError, match="no random sample of the test's rows"):
            labels.require_sample(two([*own[:3], *own[4:]]), ROWS)

    def test_other_rows_are_refused(self) -> None:
        """Rows of another draw, or with another label than the test's, are not the test's rows."""
        own = items(ROWS, 60)
        for changed in ({"row": "elsewhere"}, {"label": 0}):
            wrong = [msgspec.structs.replace(own[0], **changed), *own[1:]]
            with pytest.raises(ProtocolError, match="rows that the test does not have"):
                labels.require_sample(two(wrong), ROWS)


def test_wrong_labels_may_all_lie_in_one_cell() -> None:
    """With two lengths of one claim the share of wrong labels doubles for each: the sample does not say where they are."""
    (first,) = issued({}).cells
    cells = [first, msgspec.structs.replace(first, bucket="upto8000")]
    found = labels.label_review(two(items(ROWS, 70)), PLAN, cells)
    assert found is not None
    eta = next(float(one.upper) for one in found.checked if one.population == "hazard")
    missed = [float(one.upper) for one in found.corrected if one.estimand == "miss"]
    assert missed == [pytest.approx(float(first.miss.upper) / (1 - 2 * eta))] * 2


def test_only_cells_whose_language_was_reviewed_are_corrected() -> None:
    """A review of English rows says nothing of a Danish cell, and the share is of all the populations that could have been."""
    (first,) = issued({}).cells
    danish = msgspec.structs.replace(PLAN, cells=(*PLAN.cells, msgspec.structs.replace(PLAN.cells[0], lang="da")))
    found = labels.label_review(two(items(ROWS, 70)), danish, [first, msgspec.structs.replace(first, lang="da")])
    assert found is not None
    assert {one.lang for one in found.corrected} == {"en"}
    eta = next(one for one in found.checked if one.population == "hazard")
    assert float(eta.delta) == pytest.approx(review.spent_at(70, 0.004 / 9))
    missed = next(float(one.upper) for one in found.corrected if one.estimand == "miss")
    assert missed == pytest.approx(min(1.0, float(first.miss.upper) / (1 - float(eta.upper))))


def test_what_was_left_unreviewed_costs_as_much() -> None:
    """The delta of a population does not grow when the others are left out."""
    found = issued(two([one for one in items(ROWS, 70) if one.label])).review
    assert found is not None
    assert [float(one.delta) for one in found.checked] == pytest.approx([review.spent_at(70, 0.004 / 3)])


def test_a_planned_size_has_nine_tenths_of_the_budget() -> None:
    """At that size a bound spends a fixed share; at another, or in fewer languages than planned, it is one of all sizes."""
    made = msgspec.structs.replace(PLAN, review=ReviewPlan(per_stratum=70))
    danish = msgspec.structs.replace(made, cells=(*made.cells, msgspec.structs.replace(made.cells[0], lang="da")))
    (first,) = issued({}).cells
    both = [first, msgspec.structs.replace(first, lang="da")]
    open_ended = issued(two(items(ROWS, 70))).review
    for count, plan_, cells, sets, fixed in (
        (70, made, [first], 3, True),
        (75, made, [first], 3, False),
        (70, danish, both, 9, False),
    ):
        found = labels.label_review(two(items(ROWS, count)), plan_, cells)
        assert found is not None and open_ended is not None
        assert found.delta == "0.004"
        for one, before in zip(found.checked, open_ended.checked, strict=True):
            rows = one.rejected.trials
            assert rows == count * (2 if one.population == "look-alikes" else 1)
            share = 0.9 * 0.004 / 3 if fixed else review.spent_at(rows, 0.1 * 0.004 / sets)
            assert float(one.delta) == pytest.approx(share)
            assert (float(one.upper) < float(before.upper)) == fixed


def test_a_size_is_planned_before_the_work() -> None:
    """As many rows as there will be, and at least so many as open a claim; without the option the number stays open."""
    wanted = policy.load(resources.path("policies/demonstration.yaml"), Taxonomy.packaged(), rules.names)
    order = Order("ward", wanted, Sizes(90, 80), datetime(2026, 11, 25, tzinfo=UTC))
    assert review_of(order) is None
    assert review_of(replace(order, review=80)) == ReviewPlan(per_stratum=80)
    assert review_of(replace(order, review=160, buckets=("upto1000", "upto8000"))) == ReviewPlan(per_stratum=160)
    for rows in (59, 81):
        with pytest.raises(ProtocolError, match="at least 60 rows are reviewed, and there will be 80"):
            review_of(replace(order, review=rows))


def test_a_planned_size_never_spends_more_than_its_part() -> None:
    """Over all languages, populations and sizes, planned or not, the bounds that could be asked for spend what labels have."""
    danish = msgspec.structs.replace(PLAN.cells[0], lang="da")
    other = msgspec.structs.replace(PLAN.cells[0], claim="clinical_misuse@prompt")
    made = msgspec.structs.replace(PLAN, cells=(*PLAN.cells, danish, other), review=ReviewPlan(per_stratum=70))
    langs = {"missed_emergency@prompt": [{"en"}, {"da"}, {"da", "en"}], "clinical_misuse@prompt": [{"en"}]}
    total = 0.0
    for claim, sets in langs.items():
        for own in sets:
            spending = labels.spending(made, {claim: own})
            for population in review.Population:
                total += sum(spending.at(claim, population, rows) for rows in range(20_000))
    assert 0.99 * 0.004 < total <= 0.004


def test_look_alikes_are_reviewed_alike() -> None:
    """More twins than hard negatives, or twins alone, are refused: their mix would be a choice."""
    for kept in (30, 0):
        own = items(ROWS, 70)
        hard = [one for one in own if one.role == "hard_negative"]
        chosen = [one for one in own if one.role != "hard_negative"] + hard[:kept]
        with pytest.raises(ProtocolError, match=rf"as many of each kind must be reviewed, not {kept} hard_negative, 70 twin"):
            issued(two(chosen))


def test_recompute_derives_the_correction_from_the_reviews(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The reviews stand in the dossier: with one answer changed, or without them, the corrected bounds do not follow."""
    reviews = two(items(ROWS, 70))
    stated = issued(reviews)
    opened = open_sealed(sealed(tmp_path_factory.mktemp("a"), PLAN, LOSSES, stated), TRUST)
    whole = with_files(opened, reviews)
    assert recompute(whole)
    doubted = [msgspec.structs.replace(one, answer="unsure") if one.item == "i0" else one for one in items(ROWS, 70)]
    for other in ({}, {**reviews, SECOND: written(doubted, reviewer="CD")}):
        with pytest.raises(VerificationError, match="do not follow from the reviews"):
            recompute(with_files(opened, other))


def with_files(opened: Any, more: dict[str, bytes]) -> Any:
    """The same dossier with other files beside the certificate."""
    return replace(opened, files={**opened.files, **more})
