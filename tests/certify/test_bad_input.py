"""Bad input has a stated outcome: one line that says what is wrong, or a loss that is counted, and never a quiet change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from certify import dataset, losses
from certify.dataset import TRIPLE, draw_id
from certify.passing import Method, Question
from certify.plan import MOST_CELLS, Order, Sizes, forecast, require_unseen, spend
from certify.planner import Undecidable, plan_bound
from certify.threshold import Demands, NoValidThreshold, choose
from guard import certificate, dsse, protocol
from guard.conversation import Fold, Kind
from guard.errors import ProtocolError, VerificationError
from guard.hazards import Claim, Population
from guard.scores import ProbeScore

from . import tiny
from .made_up import EMERGENCY, INJECTION, KEY, PLACE, cell, certificate_of, judged, losses_of, plan, planned_rows, row

DRAW = draw_id(EMERGENCY, *PLACE, 0)


def test_a_draw_in_two_folds() -> None:
    """Rows of one draw can't be fitted on and tested on, even under two scenarios."""
    rows = [
        row(DRAW, kind, {EMERGENCY: int(kind is Kind.POSITIVE)}, fold=fold, scenario=f"{kind}")
        for kind, fold in zip(TRIPLE, (Fold.TRAIN, Fold.TRAIN, Fold.SELECT), strict=True)
    ]
    with pytest.raises(ProtocolError, match=f"the draw {DRAW} is in the folds train and select"):
        dataset.check(rows)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_score_that_is_no_number_is_lost_both_ways(value: float) -> None:
    """It is a miss of a hazard and a false alarm of a harmless row, at whatever threshold."""
    made = row(DRAW, Kind.POSITIVE, {EMERGENCY: 1})
    counts = losses.counter(plan(threshold=-1e9), {made.id: (judged(ProbeScore(EMERGENCY, value)),)})
    assert counts.misses(made, EMERGENCY)
    assert counts.alarms(made, EMERGENCY)
    assert counts.any_alarm(made)


def test_a_tie_at_the_threshold_fires() -> None:
    """A score that equals the shifted threshold exactly has reached it: no miss at + eps, a false alarm at - eps."""
    made = row(DRAW, Kind.POSITIVE, {EMERGENCY: 1})
    for value, missed, alarmed in ((1.25, False, True), (0.75, True, True), (0.7499, True, False)):
        counts = losses.counter(plan(threshold=1.0, eps=0.25), {made.id: (judged(ProbeScore(EMERGENCY, value)),)})
        assert (counts.misses(made, EMERGENCY), counts.alarms(made, EMERGENCY)) == (missed, alarmed)


def test_a_cell_with_no_draws() -> None:
    """It can neither be planned nor certified: a bound about nothing would read like a pass."""
    with pytest.raises(ProtocolError, match="needs at least one unit"):
        Question("miss", 0, 0.02, 0.1)
    for empty in ("miss", "miss_unseen", "false_alarm_traffic", "false_alarm_whole"):
        made = plan(cell())
        with pytest.raises(ProtocolError, match=r"needs (a list with at least one loss|at least one independent unit)"):
            certificate_of(made, [one for one in losses_of(made) if one.estimand != empty])


class TestALimitThatCanNotBeMet:
    """How many more it would take is said."""

    def test_by_its_size(self) -> None:
        """Even without a loss 40 draws can't show 5 %; the number of units that is asked for can."""
        refused = plan_bound(Question("miss", 40, 0.02, 0.05))
        assert isinstance(refused, Undecidable)
        assert f"plan at least {refused.units_needed} units" in refused.reason
        assert Question("miss", refused.units_needed, 0.02, 0.05).smallest <= 0.05

    def test_by_what_the_select_fold_shows(self) -> None:
        """With a rate below the limit it says how many more draws would do; with one above it, that none would."""
        ask = [Question(name, 200, 0.02, 0.06, rows=rows) for name, rows in (("miss", 1), ("near", 2), ("traffic", 1))]
        some = [-9.0] * 12 + [9.0] * 288
        benign = [[-5.0, -5.0]] * 300
        outcome = choose(some, benign, [-5.0] * 300, eps=0.1, demands=Demands(*ask))
        assert isinstance(outcome, NoValidThreshold)
        assert "more draws would do at that rate" in outcome.reason
        outcome = choose([-9.0] * 150 + [9.0] * 150, benign, [-5.0] * 300, eps=0.1, demands=Demands(*ask))
        assert isinstance(outcome, NoValidThreshold)
        assert "no number of draws shows a limit below the rate" in outcome.reason

    def test_by_too_few_families(self, tmp_path: Path) -> None:
        """A limit about unseen kinds says how many more families it takes; with these the refusal is gone."""
        asked = order_of(tmp_path, 1, population=Population.UNSEEN, max_miss=0.3)
        shares = spend(1, asked.certified)
        claim = str(asked.certified[0].claim)
        with pytest.raises(ProtocolError, match=r"it takes \d+ more families") as refused:
            require_unseen(asked, {claim: 5}, shares)
        more = int(str(refused.value).split("it takes ")[1].split()[0])
        require_unseen(asked, {claim: 5 + more}, shares)
        with pytest.raises(ProtocolError, match="it takes 1 more families"):
            require_unseen(asked, {claim: 5 + more - 1}, shares)

    def test_a_plan_simulates_the_bound_on_families(self, tmp_path: Path) -> None:
        """Where a limit is about unseen kinds the plan forecasts KL-Chernoff over them, beside the betting bounds."""
        asked = order_of(tmp_path, 1, population=Population.UNSEEN, max_miss=0.6)
        found, _ = forecast(asked, 1, {str(asked.certified[0].claim): 30})
        (unseen,) = [one for one in found.forecasts if one.question.estimand == "miss_unseen"]
        assert (unseen.question.method, unseen.question.units) == (Method.KL_CHERNOFF, 30)
        assert unseen.chances[0].passes > 0.9 > unseen.chances[3].passes


def order_of(folder: Path, claims: int, buckets: int = 1, **changes: object) -> Order:
    """An order with so many claims that carry limits."""
    base = tiny.order(folder).policy
    demand = next(one for one in base.requires if one.claim == EMERGENCY)
    made = tuple(replace(demand, claim=Claim.parse(f"hazard_{n}@prompt"), **changes) for n in range(claims))  # type: ignore[arg-type]
    buckets_ = ("upto1000", "upto8000")[:buckets]
    return Order("ward", replace(base, requires=made), Sizes(600, 600), tiny.NOW, buckets=buckets_)


class TestTooManyCells:
    """At most 60 a certificate."""

    @pytest.mark.parametrize(("claims", "buckets", "leave"), [(61, 1, 1), (31, 2, 1), (40, 2, 10)])
    def test_more_are_refused_with_what_to_leave_out(self, tmp_path: Path, claims: int, buckets: int, leave: int) -> None:
        """The refusal counts the cells, and what it says to leave out is enough."""
        reason = f"make {claims * buckets} cells, and a certificate has at most 60; leave out at least {leave} claims' limits"
        with pytest.raises(ProtocolError, match=reason):
            forecast(order_of(tmp_path, claims, buckets))
        fits = order_of(tmp_path, claims - leave, buckets)
        assert len(fits.certified) * buckets <= MOST_CELLS
        assert spend(1, fits.certified, fits.buckets)


class TestRows:
    """Rows that are not the planned ones."""

    def test_a_draw_with_two_rows_of_one_role(self) -> None:
        """A doubled draw would count twice."""
        made = plan()
        rows = planned_rows(made)
        with pytest.raises(ProtocolError, match="a draw has two rows of one role"):
            losses.require_complete(made, (*rows, replace(rows[0], id="copy")))

    def test_a_draw_that_is_missing_or_has_a_row_less(self) -> None:
        """Neither a whole draw nor one of its rows may be left out: units have the planned size."""
        made = plan()
        rows = planned_rows(made)
        for kept in (rows[1:], rows[3:]):
            with pytest.raises(ProtocolError, match=r"[13] planned rows are missing"):
                losses.require_complete(made, kept)

    def test_rows_of_another_cell(self) -> None:
        """Rows that were drawn for another plan's claims were not planned."""
        with pytest.raises(ProtocolError, match="planned"):
            losses.require_complete(plan(), planned_rows(plan(cell(INJECTION))))


class TestOlderFormats:
    """Documents of another version are refused by name; an older certificate of this one still reads."""

    @pytest.mark.parametrize("kind", ["urn:auscult:protocol:v0", "urn:auscult:certificate:v2"])
    def test_another_version(self, kind: str) -> None:
        """A statement of another predicate type is not taken for this one."""
        made = plan()
        bundle = dsse.sign(dsse.statement(kind, made, {"model": made.subject.root}), KEY)
        for wanted in (protocol.PREDICATE, certificate.PREDICATE):
            with pytest.raises(VerificationError):
                dsse.open_bundle(bundle, wanted)

    def test_a_certificate_without_what_stands_beside_its_bounds(self) -> None:
        """Every field that was added later may be absent; an unknown one is refused."""
        issued = certificate_of(plan(), losses_of(plan()))
        plain = msgspec.to_builtins(issued)
        for name in ("any_mix", "review", "site"):
            del plain[name]
        for one in plain["cells"]:
            for name in ("blind_spots", "kinds", "subgroups", "sensitivity"):
                del one[name]
        assert certificate.read(plain).cells[0].miss == issued.cells[0].miss
        with pytest.raises(VerificationError, match="not in the format"):
            certificate.read(plain | {"more": 1})
