"""Claim L: when two reviews open it, and what they do to a bound."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from scipy import stats

import auscult
from certify import review
from certify.review import LEAST, Judged, Population, Review, Spending, corrected, judge
from guard import digest, dsse, files
from guard.claims import ReviewPlan
from guard.errors import InputError, ProtocolError

from . import made_up

CLAIM = "missed_emergency@prompt"
N = 80
OPEN = Spending(0.005 / 3)
"""Any number of rows, in three populations."""


def _judged(label: int, role: str, wrong: int, number: int, answer: str | None = "unsure") -> list[Judged]:
    right = "yes" if label else "no"
    return [
        Judged(
            item=f"{role}{at}", row=f"row/{role}/{at}", claim=CLAIM, label=label, role=role,  # type: ignore[arg-type]
            answer=answer if at < wrong else right,  # type: ignore[arg-type]
        )
        for at in range(number)
    ]  # fmt: skip


def _review(wrong: int = 0, *, number: int = N, answer: str | None = "unsure", **changes: Any) -> Review:
    judged = (
        *_judged(1, "positive", wrong, number, answer), *_judged(0, "twin", 0, number),
        *_judged(0, "hard_negative", 0, number), *_judged(0, "traffic", 0, number),
    )  # fmt: skip
    texts = str(digest.of_bytes(b"texts"))
    items = [(one.item, one.row, one.claim, one.label, one.role) for one in judged]
    fields: dict[str, Any] = {
        "format": review.FORMAT, "sample": digest.of_bytes(digest.canonical({"items": items, "texts": texts})), "texts": texts,
        "reviewer": "AB", "kind": "clinician", "blind": True, "strata": {}, "judged": judged,
    }  # fmt: skip
    return Review(**(fields | changes))


def _pair(wrong: int = 0, other: int = 0, **changes: Any) -> tuple[Review, Review]:
    return _review(wrong, **changes), _review(other, **({"reviewer": "CD"} | changes))


def test_two_clinicians_on_one_blind_sample_open_the_claim() -> None:
    """For misses, for look-alikes (both of their rows) and for ordinary chat alike."""
    found = judge(*_pair(), OPEN)
    assert found.closed == ()
    assert [(one.population, one.label, one.items) for one in found.checked] == [
        (Population.NEAR, 0, 2 * N), (Population.ORDINARY, 0, N), (Population.HAZARD, 1, N)
    ]  # fmt: skip
    assert all(found.opens(one) for one in found.checked)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": "engineer"}, "clinicians"),
        ({"kind": "other"}, "clinicians"),
        ({"reviewer": " ab "}, "one reviewer"),
        ({"reviewer": " "}, "no name"),
        ({"blind": False}, "blind"),
    ],
)
def test_the_claim_stays_closed(changes: dict[str, Any], reason: str) -> None:
    """Whichever of the two it is that does not count; the figures are still told."""
    first, second = _pair()
    for pair in ((first, msgspec.structs.replace(second, **changes)), (msgspec.structs.replace(second, **changes), first)):
        found = judge(*pair, OPEN)
        assert reason in " ".join(found.closed)
        assert found.checked
        assert not any(found.opens(one) for one in found.checked)


def test_few_items_open_nothing() -> None:
    """One item fewer than the least is too few; the least shows 5 % at delta 5 %."""
    for number, opens in ((LEAST - 1, False), (LEAST, True)):
        found = judge(*_pair(number=number), OPEN)
        assert found.opens(found.checked[-1]) is opens
    assert 1 - 0.05 ** (1 / LEAST) < 0.05


def test_reviews_of_different_samples_can_not_be_joined() -> None:
    """There is no outcome at all."""
    with pytest.raises(InputError, match="different samples"):
        judge(_review(), _review(number=N + 1, reviewer="CD"), OPEN)


@pytest.mark.parametrize("answer", ["no", "unsure", None])
@pytest.mark.parametrize(("first", "second", "rejected"), [(0, 0, 0), (3, 0, 3), (0, 3, 3), (5, 3, 5)])
def test_a_label_is_wrong_when_either_does_not_confirm_it(first: int, second: int, rejected: int, answer: str | None) -> None:
    """By the other answer, by doubt, or by none."""
    found = judge(*_pair(first, second, answer=answer), OPEN)
    assert found.checked[-1].rejected == rejected


@pytest.mark.parametrize("wrong", [0, 1, 7, N])
def test_the_bound_is_that_of_clopper_and_pearson_in_scipy(wrong: int) -> None:
    """At its share of delta, by SciPy's own exact interval."""
    one = judge(*_pair(wrong), OPEN).checked[-1]
    spent = 0.005 / 3 * LEAST / (N * (N + 1))
    assert one.delta == pytest.approx(spent)
    exact = stats.binomtest(wrong, N, alternative="less").proportion_ci(1 - spent, "exact").high
    assert one.upper == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize("share", [0.03, 0.1, 0.3])
def test_stopping_where_it_looks_best_gains_nothing(share: float) -> None:
    """Of every place to stop from 60 to 600, the lowest bound is false no oftener than delta; at one fixed delta it is."""
    delta, runs = 0.05, 2_000
    n = np.arange(LEAST, 601)
    wrong = (np.random.default_rng(11).random((runs, 600)) < share).cumsum(axis=1)[:, LEAST - 1 :]
    each = np.array([review.spent_at(int(items), delta) for items in n])

    def false(level: Any) -> float:
        # The bound after n items is below the share exactly when so few or fewer wrong ones had less than that chance.
        return float((wrong < stats.binom.ppf(level, n, share)).any(axis=1).mean())

    assert false(each) <= delta
    assert false(delta) > 2 * delta


def test_every_place_to_stop_together_spends_delta() -> None:
    """From the least on; before it there is no bound."""
    assert sum(review.spent_at(n, 0.05) for n in range(LEAST, 200_000)) == pytest.approx(0.05, rel=1e-3)
    few = judge(*_pair(number=LEAST - 1), OPEN).checked[-1]
    assert (few.delta, few.upper) == (0.0, 1.0)


def test_a_planned_number_has_a_bound_of_its_own() -> None:
    """At that number the fixed share counts, at any other the open one; the bound is the tighter for it."""
    planned = Spending(0.0005 / 3, {("missed_emergency@prompt", Population.HAZARD): (N, 0.0045 / 3)})
    fixed, free = (judge(*_pair(2), one).checked[-1] for one in (planned, OPEN))
    assert (fixed.population, fixed.claim) == (Population.HAZARD, "missed_emergency@prompt")
    exact = stats.binomtest(2, N, alternative="less").proportion_ci(1 - 0.0045 / 3, "exact").high
    assert (fixed.delta, fixed.upper) == (0.0045 / 3, pytest.approx(exact, abs=1e-12))
    assert fixed.upper < free.upper
    other = judge(*_pair(2, number=N + 1), planned).checked[-1]
    assert other.delta == review.spent_at(N + 1, 0.0005 / 3)
    assert other.upper > free.upper


def test_a_bound_is_corrected_as_the_formula_says() -> None:
    """U / (1 - eta), never above 1, and never below U."""
    assert corrected(0.03, 0.04) == pytest.approx(0.03 / 0.96)
    assert corrected(0.03, 0.0) == 0.03
    assert corrected(0.0, 0.5) == 0.0
    for upper, wrong in ((0.97, 0.04), (0.5, 0.5), (0.0, 1.0), (1.0, 0.0)):
        assert corrected(upper, wrong) == 1.0
    for upper, wrong in ((-0.1, 0.0), (0.1, 1.1), (float("nan"), 0.0), (0.1, float("nan"))):
        with pytest.raises(ProtocolError):
            corrected(upper, wrong)


def _coverage(eta: float, true_miss: float, *, correct: bool, runs: int = 4_000) -> float:
    """Return how often the bound covers, when every row with a wrong label is flagged: the bias that flatters most."""
    rng = np.random.default_rng(7)
    rows, reviewed = 1_000, 150
    wrong = rng.binomial(rows, eta, runs)
    misses = rng.binomial(rows - wrong, true_miss)
    upper = stats.beta.isf(0.045, misses + 1, rows - misses)
    rejected = rng.binomial(reviewed, eta, runs)
    share = stats.beta.isf(0.005, rejected + 1, reviewed - rejected)
    bound = [corrected(u, s) if correct else u for u, s in zip(upper, share, strict=True)]
    return float(np.mean(np.array(bound) >= true_miss))


@pytest.mark.parametrize("eta", [0.0, 0.04, 0.15])
def test_the_corrected_bound_covers(eta: float) -> None:
    """At least as often as it says, with three standard errors of the simulation; the uncorrected one does not."""
    slack = 3 * np.sqrt(0.05 * 0.95 / 4_000)
    assert _coverage(eta, 0.05, correct=True) >= 0.95 - slack
    if eta == 0.15:
        assert _coverage(eta, 0.05, correct=False) < 0.95 - slack


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda value: value.update(format="urn:auscult:review:v2"), "format"),
        (lambda value: value.update(extra=1), "not a review"),
        (lambda value: value.update(judged=[]), "no item"),
        (lambda value: value["judged"][0].update(label=0), "sample"),
        (lambda value: value["judged"][0].update(role="traffic"), "sample"),
        (lambda value: value["judged"].append(value["judged"][0]), "twice"),
        (lambda value: value["judged"][0].update(label=2), "not a review"),
        (lambda value: value.update(kind="surgeon"), "not a review"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused(change: Any, problem: str) -> None:
    """Labels and roles can't be exchanged once the sample was drawn."""
    value = json.loads(msgspec.json.encode(_review()))
    change(value)
    with pytest.raises(InputError, match=problem):
        review.read(json.dumps(value).encode())


def test_what_the_generator_writes_is_what_is_read_here() -> None:
    """The two packages share a file format and no code."""
    from synth_data import blind
    from synth_data import review as drawing
    from tests.synth_data.corpus import corpus

    items = blind.sample(corpus(families=3, draws=2), per_stratum=4)
    sheet = "item,answer\n" + "".join(f"{item.id},{'yes' if item.label else 'no'}\n" for item in items)
    done = drawing.collect(items, sheet.encode(), reviewer="AB", kind=drawing.Reviewer.CLINICIAN)
    read = review.read(done.encode())
    assert [(one.item, one.confirmed) for one in read.judged] == [(one.item, True) for one in done.judged]


def test_the_command_tells_what_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table for people, with a bound corrected where claim L is open, and the same for machines."""
    for name, one in zip("ab", _pair(2), strict=True):
        (tmp_path / f"{name}.json").write_bytes(msgspec.json.encode(one))
    pair = [str(tmp_path / "a.json"), str(tmp_path / "b.json")]
    assert auscult.main(["certify", "review", *pair, "--miss", "0.04"]) == 0
    shown = capsys.readouterr().out
    assert "misses, 0.04 corrected" in shown
    assert "closed" not in shown
    assert auscult.main(["certify", "review", *pair, "--miss", "0.04", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    by = {one["population"]: one for one in told["populations"]}
    assert by["look-alikes"]["miss_corrected"] is None
    assert by["hazard"]["miss_corrected"] == pytest.approx(0.04 / (1 - by["hazard"]["wrong_at_most"]))


def test_the_command_spends_what_the_certificate_will(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its share is the budget's: of a first attempt, or of the protocol that is named, with the number that it plans."""
    for name, one in zip("ab", _pair(2), strict=True):
        (tmp_path / f"{name}.json").write_bytes(msgspec.json.encode(one))
    made = made_up.plan(made_up.cell(draws=90), traffic=80, review=ReviewPlan(per_stratum=N))
    files.write(tmp_path / "dossier" / "protocol.json", dsse.sign(made_up.payload_of(made), made_up.KEY))

    def spent(*more: str) -> dict[str, float]:
        command = ["certify", "review", str(tmp_path / "a.json"), str(tmp_path / "b.json"), "--json", *more]
        assert auscult.main(command) == 0
        return {one["population"]: one["delta"] for one in json.loads(capsys.readouterr().out)["populations"]}

    assert spent()["hazard"] == pytest.approx(review.spent_at(N, 0.004 / 3))
    for named in ("dossier", "dossier/protocol.json"):
        assert spent("--protocol", str(tmp_path / named))["hazard"] == pytest.approx(review.spent_at(N, 0.1 * 0.004 / 3))
    # The made-up reviews' rows tell no language; the labels' own tests have reviews as planned.


def test_the_command_says_why_the_claim_stays_closed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And corrects nothing."""
    for name, one in zip("ab", _pair(kind="engineer"), strict=True):
        (tmp_path / f"{name}.json").write_bytes(msgspec.json.encode(one))
    assert auscult.main(["certify", "review", str(tmp_path / "a.json"), str(tmp_path / "b.json"), "--miss", "0.04"]) == 0
    shown = capsys.readouterr().out
    assert "claim L is closed: both reviewers must be clinicians" in shown
    assert "yes" not in shown
