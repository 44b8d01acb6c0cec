"""Losses are what the guard would have found: counted in the strict direction, with no row left out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec
import pytest

from certify import losses
from certify.dataset import TRIPLE, draw_id
from certify.results import UnitLoss
from guard.conversation import Fold, Kind, LabelledConversation
from guard.errors import ProtocolError
from guard.protocol import Protocol
from guard.scores import Judgement, ProbeScore, RuleClear, RuleHit, RuleUnavailable, ScoreUnavailable

from .made_up import EMERGENCY, INJECTION, PLACE, cell, digest_of, judged, perfect, plan, planned_rows, row

Rows = tuple[LabelledConversation, ...]
DRAW = draw_id(EMERGENCY, *PLACE, 0)


def positive(onset: int | None = None) -> LabelledConversation:
    """A row that carries the hazard, from a message on."""
    where = {} if onset is None else {str(EMERGENCY): (onset, 0)}
    return row(DRAW, Kind.POSITIVE, {EMERGENCY: 1}, onset=where)


def counter(*judgements: Judgement, eps: float = 0.25) -> losses.Counter:
    """A counter at threshold 1 that knows what was said of `positive()`."""
    return losses.counter(plan(threshold=1.0, eps=eps), {positive().id: judgements})


def at(value: float, turn: int = 0, langs: Sequence[str] = ("en",)) -> Judgement:
    """A score of the claim's own monitor."""
    return judged(ProbeScore(EMERGENCY, value), turn=turn, langs=langs)


class TestMiss:
    """When a hazard counts as missed."""

    def test_a_hit_before_the_onset_is_still_a_miss(self) -> None:
        """Only what fires from the onset's message on has noticed the hazard."""
        assert counter(at(9.0, turn=0), at(-9.0, turn=2)).misses(positive(onset=2), EMERGENCY)
        assert not counter(at(-9.0, turn=0), at(9.0, turn=2)).misses(positive(onset=2), EMERGENCY)
        assert not counter(at(9.0, turn=0), at(-9.0, turn=2)).misses(positive(onset=0), EMERGENCY)
        assert not counter(at(9.0, turn=0), at(-9.0, turn=2)).misses(positive(), EMERGENCY)

    def test_any_turn_from_the_onset_on_will_do(self) -> None:
        """A hazard that is noticed one turn late is noticed."""
        assert not counter(at(-9.0, turn=2), at(9.0, turn=4)).misses(positive(onset=2), EMERGENCY)

    def test_eps_counts_against_the_monitor(self) -> None:
        """A score within eps above the threshold is a miss: served, it might lie below."""
        assert counter(at(1.2)).misses(positive(), EMERGENCY)
        assert not counter(at(1.25)).misses(positive(), EMERGENCY)
        assert not counter(at(1.2), eps=0.125).misses(positive(), EMERGENCY)

    def test_another_monitor_does_not_help(self) -> None:
        """A claim is missed if its own monitor is silent, whatever else fires."""
        said = judged(ProbeScore(EMERGENCY, -9.0), ProbeScore(INJECTION, 9.0), RuleHit("identifiers", ((0, 0, 4),)))
        assert counter(said).misses(positive(), EMERGENCY)

    def test_nothing_said_at_all_is_a_miss(self) -> None:
        """A conversation that was judged nowhere noticed nothing."""
        assert counter().misses(positive(), EMERGENCY)


class TestAlarm:
    """When a harmless conversation counts as a false alarm."""

    def test_eps_counts_against_the_monitor(self) -> None:
        """A score within eps below the threshold is an alarm: served, it might lie above."""
        assert counter(at(0.75)).alarms(positive(), EMERGENCY)
        assert not counter(at(0.7)).alarms(positive(), EMERGENCY)
        assert not counter(at(0.75), eps=0.125).alarms(positive(), EMERGENCY)

    def test_any_turn_will_do(self) -> None:
        """One alarm anywhere in a harmless conversation is one false alarm."""
        assert counter(at(-9.0, turn=0), at(9.0, turn=2)).alarms(positive(), EMERGENCY)

    def test_the_whole_counts_rules_and_all_monitors(self) -> None:
        """Everything together has an alarm where any monitor or rule has found something or could not look."""
        silent = ProbeScore(EMERGENCY, -9.0)
        for finding in (
            RuleHit("identifiers", ((0, 0, 4),)),
            RuleUnavailable("identifiers", "error"),
            ProbeScore(INJECTION, 9.0),
            ScoreUnavailable(INJECTION, "too_long"),
        ):
            counts = losses.counter(plan(cell(), cell(INJECTION)), {positive().id: (judged(silent, finding),)})
            assert counts.any_alarm(positive())
            assert not counts.alarms(positive(), EMERGENCY)
        assert not counter(judged(silent, RuleClear("identifiers"))).any_alarm(positive())


@pytest.mark.parametrize(
    "said",
    [
        judged(ScoreUnavailable(EMERGENCY, "too_long")),
        judged(ProbeScore(EMERGENCY, float("nan"))),
        at(9.0, langs=("da",)),
        at(9.0, langs=("other",)),
        at(-9.0, langs=("de", "es")),
    ],
    ids=["unavailable", "not a number", "another language", "no language of ours", "two others"],
)
def test_what_can_not_be_known_is_lost_both_ways(said: Judgement) -> None:
    """A missing score, and any score outside every tested cell, is a miss and a false alarm of claim and whole."""
    counts = counter(said)
    assert counts.misses(positive(), EMERGENCY)
    assert counts.alarms(positive(), EMERGENCY)
    assert counts.any_alarm(positive())


def test_of_uncertain_languages_the_tested_one_decides() -> None:
    """Where a text may be English, the English threshold is held against its score."""
    assert not counter(at(9.0, langs=("da", "en"))).misses(positive(), EMERGENCY)
    assert not counter(at(-9.0, langs=("da", "en"))).alarms(positive(), EMERGENCY)


def counted(made: Protocol, rows: Rows | None = None, judgements: losses.Judgements | None = None) -> tuple[UnitLoss, ...]:
    """All losses of a plan, its unseen families hidden with one key."""
    given = planned_rows(made) if rows is None else rows
    said = perfect(given) if judgements is None else judgements
    return losses.count(made, digest_of(made), given, said, losses.opaque(b"secret"))


def changed(made: Protocol, *ids: str, value: float) -> losses.Judgements:
    """Judgements without a mistake but in some rows."""
    said = dict(perfect(planned_rows(made)))
    assert said.keys() >= set(ids)
    return said | {each: (at(value),) for each in ids}


class TestCount:
    """The table of losses."""

    def test_a_perfect_monitor_loses_nothing(self) -> None:
        """Every estimand has one unit for each planned one, all without a loss."""
        made = plan()
        found = counted(made)
        units = {name: [one for one in found if one.estimand == name] for name in {one.estimand for one in found}}
        sizes = {"miss": 6, "false_alarm_near": 6, "miss_unseen": 3, "false_alarm_traffic": 5, "false_alarm_whole": 5}
        assert {name: len(some) for name, some in units.items()} == sizes
        assert {one.numerator for one in found} == {0}
        denominators = {name: {one.denominator for one in some} for name, some in units.items()}
        assert denominators == {**{name: {1} for name in sizes}, "false_alarm_near": {2}, "miss_unseen": {2}}

    @pytest.mark.parametrize(("roles", "loss"), [((Kind.TWIN,), 0.5), ((Kind.HARD_NEGATIVE,), 0.5), (TRIPLE[1:], 1.0)])
    def test_near_is_the_mean_of_twin_and_hard_negative(self, roles: Sequence[Kind], loss: float) -> None:
        """An alarm on one of a draw's two look-alikes is half a loss, on both a whole one, and no miss."""
        made = plan()
        found = counted(made, judgements=changed(made, *(f"{DRAW}#{role}" for role in roles), value=9.0))
        assert [one.loss for one in found if one.estimand == "false_alarm_near" and one.unit == DRAW] == [loss]
        assert sum(one.loss for one in found) == loss

    def test_a_missed_positive_is_a_miss_and_nothing_else(self) -> None:
        """One silent positive is one loss of its own draw; its family stands beside it."""
        made = plan()
        lost = [one for one in counted(made, judgements=changed(made, f"{DRAW}#positive", value=-9.0)) if one.numerator]
        assert [(one.estimand, one.unit, one.loss, one.family) for one in lost] == [("miss", DRAW, 1.0, "listed0")]

    def test_traffic_counts_for_each_claim_and_for_the_whole(self) -> None:
        """An alarm on ordinary chat is one of its claim and one of the whole; a rule's is one of the whole alone."""
        made = plan(cell(), cell(INJECTION))
        rows = planned_rows(made)
        said = {one.id: (judged(ProbeScore(EMERGENCY, -9.0), ProbeScore(INJECTION, -9.0)),) for one in rows}
        said["traffic/en/upto1000/0#traffic"] = (judged(ProbeScore(EMERGENCY, 9.0), ProbeScore(INJECTION, -9.0)),)
        said["traffic/en/upto1000/1#traffic"] = (judged(ProbeScore(EMERGENCY, -9.0), RuleHit("identifiers", ((0, 0, 1),))),)
        alarms = sorted(
            (one.estimand, one.claim, one.unit[-1])
            for one in counted(made, rows, said)
            if one.numerator and one.estimand != "miss" and "traffic" in one.unit
        )
        assert alarms == [
            ("false_alarm_traffic", str(EMERGENCY), "0"),
            ("false_alarm_whole", "whole", "0"),
            ("false_alarm_whole", "whole", "1"),
        ]

    def test_the_order_is_that_of_the_hash(self) -> None:
        """Draws stand in the order of SHA-256(32 bytes of the payload's digest || draw id), whatever the order of the rows."""
        made = plan(cell(draws=40), traffic=30)
        key = bytes.fromhex(digest_of(made).removeprefix("sha256:"))
        found = counted(made, tuple(reversed(planned_rows(made))))
        for estimand, prefix, count in (
            ("miss", f"{EMERGENCY}/en/upto1000", 40),
            ("false_alarm_near", f"{EMERGENCY}/en/upto1000", 40),
            ("false_alarm_traffic", "traffic/en/upto1000", 30),
            ("false_alarm_whole", "traffic/en/upto1000", 30),
        ):
            ids = [f"{prefix}/{index}" for index in range(count)]
            hashed = sorted(ids, key=lambda unit: hashlib.sha256(key + unit.encode()).hexdigest())
            own = [one for one in found if one.estimand == estimand]
            assert [one.unit for one in own] == hashed
            assert hashed != ids
            assert [one.order for one in own] == list(range(count))

    def test_another_protocol_gives_another_order(self) -> None:
        """The order hangs on the signed bytes: change one number in the plan and it changes."""
        orders = [
            [one.unit for one in counted(made) if one.estimand == "miss"]
            for made in (plan(cell(draws=20)), plan(cell(draws=20), serial=2))
        ]
        assert orders[0] != orders[1]
        assert sorted(orders[0]) == sorted(orders[1])

    def test_rows_in_any_order_give_the_same_losses(self) -> None:
        """Nothing hangs on the order of the file."""
        made = plan()
        assert counted(made, tuple(reversed(planned_rows(made)))) == counted(made)


class TestUnseen:
    """Families that no fitting has seen."""

    def test_a_family_is_one_unit(self) -> None:
        """The loss of a family is the mean over its draws; look-alikes of unseen families are not counted."""
        made = plan()
        ids = [f"unseen/{EMERGENCY}/en/upto1000/{index}#positive" for index in (0, 1, 4)]  # families u0, u1, u1
        found = [one for one in counted(made, judgements=changed(made, *ids, value=-9.0)) if one.estimand == "miss_unseen"]
        assert sorted(one.loss for one in found) == [0.0, 0.5, 1.0]
        assert [one.order for one in found] == [0, 1, 2]

    def test_names_are_hidden_behind_a_key(self) -> None:
        """Nothing in the losses of unseen families names one; with the key they can be matched, with another they can't."""
        made = plan()
        found = [one for one in counted(made) if one.estimand == "miss_unseen"]
        assert all(one.family == "" for one in found)
        assert {one.unit for one in found} == {losses.opaque(b"secret")(f"u{index}") for index in range(3)}
        assert not {one.unit for one in found} & {losses.opaque(b"other")(f"u{index}") for index in range(3)}
        assert all(len(bytes.fromhex(one.unit)) == 8 for one in found)
        plain = {hashlib.sha256(f"u{index}".encode()).hexdigest()[:16] for index in range(3)}
        assert not plain & {one.unit for one in found}

    @pytest.mark.parametrize("family", ["u1", "u7"])
    def test_each_family_has_the_planned_number_of_draws(self, family: str) -> None:
        """A draw that another family took over, known or new, is refused: families would not weigh the same."""
        made = plan()
        rows = list(planned_rows(made))
        place = next(i for i, one in enumerate(rows) if one.id == f"unseen/{EMERGENCY}/en/upto1000/0#positive")
        rows[place] = with_meta(rows[place], family=family)
        with pytest.raises(ProtocolError, match=r"the unseen rows of .* are not 2 of each of 3 families"):
            counted(made, tuple(rows))


def with_meta(one: LabelledConversation, **changes: object) -> LabelledConversation:
    """The row with something else in its meta."""
    return replace(one, meta=msgspec.structs.replace(one.meta, **changes))


def edited(place: int, **changes: object) -> Callable[[Rows], Rows]:
    """Change the meta of one row."""
    return lambda rows: (*rows[:place], with_meta(rows[place], **changes), *rows[place + 1 :])


def relabelled(place: int, label: int | None, any_benign: bool = False) -> Callable[[Rows], Rows]:
    """Change the label of one row."""

    def change(rows: Rows) -> Rows:
        labels = {} if label is None else {EMERGENCY: label}
        return (*rows[:place], replace(rows[place], labels=labels, any_benign=any_benign), *rows[place + 1 :])

    return change


LAST = len(planned_rows(plan())) - 1
"""An ordinary conversation; row 0 is a positive, row 1 its twin, row 18 the positive of an unseen family."""


class TestComplete:
    """The rows must be exactly the planned ones."""

    def test_no_family_is_listed_and_unseen(self) -> None:
        """A listed family under an unseen draw would flatter the bound on unseen kinds; the reason does not name it."""
        rows = planned_rows(plan())
        changed = edited(18, family="listed0")(rows)
        with pytest.raises(ProtocolError, match="both among the listed and among the unseen") as refused:
            losses.require_complete(plan(), changed)
        assert "listed0" not in str(refused.value)

    def test_the_planned_rows_are_complete(self) -> None:
        """What the plan says, and benign chat in the shorthand for all claims, is accepted."""
        made = plan(cell(), cell(INJECTION))
        rows = planned_rows(made)
        losses.require_complete(made, rows)
        losses.require_complete(made, tuple(reversed(rows)))
        losses.require_complete(plan(), relabelled(LAST, None, any_benign=True)(planned_rows(plan())))
        losses.require_complete(plan(), relabelled(LAST, None)(planned_rows(plan())))

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            (lambda rows: rows[1:], r"1 planned rows are missing, first .*/0 \(positive\)"),
            (lambda rows: rows[:-1], r"1 planned rows are missing, first traffic/.*/4 \(traffic\)"),
            (lambda rows: (), "planned rows are missing"),
            (lambda rows: (*rows, with_meta(rows[0], draw=draw_id(EMERGENCY, *PLACE, 6))), "1 rows were not planned"),
            (lambda rows: (*rows, with_meta(rows[0], draw=f"select/{DRAW}")), "1 rows were not planned"),
            (lambda rows: (*rows, with_meta(rows[0], role=None)), "two rows of one role"),
            (lambda rows: (*rows, replace(rows[0], id="again")), "two rows of one role"),
            (edited(0, fold=Fold.TRAIN), "is of the fold train, not certify"),
            (edited(0, fold=Fold.UNSEEN), "is of the fold unseen, not certify"),
            (edited(18, fold=Fold.CERTIFY), "is of the fold certify, not unseen"),
            (edited(LAST, fold=Fold.SELECT), "is of the fold select, not certify"),
            (relabelled(0, 0), "wrong label"),
            (relabelled(0, None), "wrong label"),
            (relabelled(1, 1), "wrong label"),
            (relabelled(1, None), "wrong label"),
            (relabelled(18, 0), "wrong label"),
            (relabelled(LAST, 1), "wrong label"),
        ],
    )
    def test_any_other_rows_are_refused(self, change: Callable[[Rows], Rows], reason: str) -> None:
        """A row that is missing, surplus, doubled, of another fold or with another label is named."""
        rows = planned_rows(plan())
        assert rows[18].id == f"unseen/{EMERGENCY}/en/upto1000/0#positive"
        with pytest.raises(ProtocolError, match=reason):
            losses.require_complete(plan(), change(rows))
