"""The layer with the signal is found, no family is left blind, and thresholds are chosen on what was scored."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from certify.dataset import TRIPLE
from certify.extract import Read, examples
from certify.fit import RECIPES
from certify.select import Candidate, aggregation_of, choose_monitor, draw_scores, measured_threshold
from guard.conversation import Conversation, Fold, Kind, LabelledConversation, Message, Role
from guard.errors import ProtocolError, ScoringError
from guard.hazards import Claim, Stage
from guard.probes.activations import HookPoint
from guard.probes.aggregation import Aggregation
from guard.probes.linear import LinearProbe
from guard.probes.monitor import Monitor

from .made_up import EMERGENCY, INJECTION, chat, row

WIDTH = 6
POINTS = (HookPoint(0), HookPoint(1), HookPoint(2))
RESPONSE = Claim.parse("clinical_misuse@response")
Signal = Callable[[LabelledConversation], Sequence[float]]
"""What is planted in the first coordinate of each of the three layers of a row."""


def fold_rows(fold: Fold, draws: int = 60, families: int = 4) -> list[LabelledConversation]:
    """Draws of one claim in several families, and as many ordinary conversations."""
    found = []
    for index in range(draws):
        draw = f"{fold}/{EMERGENCY}/en/upto1000/{index}"
        for kind in TRIPLE:
            labels = {EMERGENCY: int(kind is Kind.POSITIVE)}
            found.append(row(draw, kind, labels, fold=fold, family=f"f{index % families}"))
        found.append(row(f"{fold}/traffic/en/upto1000/{index}", Kind.TRAFFIC, {EMERGENCY: 0}, fold=fold, family="talk"))
    return found


def read_of(rows: Sequence[LabelledConversation], signal: Signal, seed: int) -> Read:
    """Noise at three layers, with a signal in each."""
    rng = np.random.default_rng(seed)
    at = {}
    for number, one in enumerate(rows):
        values = rng.normal(size=(1, 3, WIDTH)).astype(np.float32)
        values[0, :, 0] += np.asarray(signal(one), dtype=np.float32)
        at[number, 0] = values
    return Read(tuple(rows), POINTS, at, {})


def planted(layer: int, size: float = 4.0) -> Signal:
    """A signal at one layer that tells positives from everything else."""
    return lambda one: [size * (one.label(EMERGENCY) or 0) if index == layer else 0.0 for index in range(3)]


class TestLayer:
    """Which candidate is taken."""

    @pytest.mark.parametrize("layer", [0, 1, 2])
    def test_the_planted_layer_is_found(self, layer: int) -> None:
        """Whichever of three layers carries the signal is chosen, and every candidate stays on record."""
        train, select = (read_of(fold_rows(fold), planted(layer), seed) for seed, fold in enumerate((Fold.TRAIN, Fold.SELECT)))
        steps: list[int] = []
        choice = choose_monitor(EMERGENCY, train, select, steps.append)
        assert choice.chosen.layer == layer
        assert choice.monitor.hook_points == (HookPoint(layer),)
        assert choice.monitor.aggregation == Aggregation("last")
        assert {(one.layer, one.recipe) for one in choice.candidates} == {(at, name) for at in range(3) for name in RECIPES}
        assert sum(steps) == len(choice.candidates)
        assert choice.chosen.hit_rate > 0.9
        assert all(one.hit_rate < 0.5 for one in choice.candidates if one.layer != layer)

    def test_a_blind_family_weighs_more_than_the_average(self) -> None:
        """A layer that is perfect but blind to one family of four loses to a layer that is good everywhere."""

        def signal(one: LabelledConversation) -> list[float]:
            label = one.label(EMERGENCY) or 0
            return [9.0 * label if one.meta.family != "f3" else -3.0 * label, 2.1 * label, 0.0]

        train, select = (read_of(fold_rows(fold), signal, seed) for seed, fold in enumerate((Fold.TRAIN, Fold.SELECT), 10))
        choice = choose_monitor(EMERGENCY, train, select)
        best = {layer: max((c for c in choice.candidates if c.layer == layer), key=_worst) for layer in (0, 1)}
        assert best[0].hit_rate > best[1].hit_rate  # the average would have taken the other one
        assert best[0].worst_hit_rate == 0.0
        assert choice.chosen.layer == 1
        assert choice.chosen.worst_hit_rate > 0.2

    def test_without_a_signal_every_candidate_is_near_the_rate_of_false_alarms(self) -> None:
        """Noise alone finds hardly more positives than the false alarms at which candidates are compared."""
        train, select = (
            read_of(fold_rows(fold), lambda one: [0, 0, 0], seed) for seed, fold in enumerate((Fold.TRAIN, Fold.SELECT), 20)
        )
        choice = choose_monitor(EMERGENCY, train, select)
        assert float(np.mean([one.hit_rate for one in choice.candidates])) < 0.15

    def test_rows_of_one_class_cannot_be_fitted_on(self) -> None:
        """Without benign rows that could be read there is nothing to tell apart."""
        rows = [one for one in fold_rows(Fold.TRAIN) if one.label(EMERGENCY) == 1]
        with pytest.raises(ScoringError, match="both hazardous and benign"):
            choose_monitor(EMERGENCY, read_of(rows, planted(0), 1), read_of(rows, planted(0), 2))

    def test_what_streams_is_followed_by_a_rolling_maximum(self) -> None:
        """Monitors of incoming text read the decision token, monitors of an answer the largest of its windows."""
        assert aggregation_of(Stage.PROMPT).kind == aggregation_of(Stage.CONTEXT).kind == "last"
        assert aggregation_of(Stage.RESPONSE).kind == aggregation_of(Stage.ANSWER).kind == "rolling_max"


def _worst(candidate: Candidate) -> float:
    return candidate.worst_hit_rate


def test_of_several_turns_the_last_one_is_fitted_on() -> None:
    """A row with two user turns gives one example: the place that has read everything."""
    said = replace(fold_rows(Fold.TRAIN)[0], conversation=chat("I have a pain.", "Where?", "In my chest."))
    other = fold_rows(Fold.TRAIN)[1]
    at = {(0, 0): np.zeros((1, 3, WIDTH)), (0, 2): np.ones((1, 3, WIDTH)), (1, 0): np.full((1, 3, WIDTH), 2.0)}
    read = Read((said, other), POINTS, {key: value.astype(np.float32) for key, value in at.items()}, {})
    found = examples(read, Stage.PROMPT, lambda one: one.label(EMERGENCY))
    assert found.values[:, 0, 0].tolist() == [1.0, 2.0]
    assert found.labels.tolist() == [True, False]


def test_the_tokens_of_a_row_weigh_one_together() -> None:
    """An answer of many tokens is one case; rows that say nothing of the claim, or can't be read, are none."""
    answer = Conversation((Message(Role.USER, "How?"), Message(Role.ASSISTANT, "Like this.")))
    rows = [
        row(f"train/{RESPONSE}/en/upto1000/{index}", kind, labels, fold=Fold.TRAIN, conversation=answer, written=True)
        for index, (kind, labels) in enumerate(
            [
                (Kind.POSITIVE, {RESPONSE: 1}),
                (Kind.TWIN, {RESPONSE: 0}),
                (Kind.TWIN, {EMERGENCY: 0}),
                (Kind.TWIN, {RESPONSE: 0}),
            ]
        )
    ]
    at = {(number, 1): np.zeros((tokens, 3, WIDTH), dtype=np.float32) for number, tokens in ((0, 5), (1, 2), (2, 3))}
    found = examples(Read(tuple(rows), POINTS, at, {(3, 1): "too_long"}), Stage.RESPONSE, lambda one: one.label(RESPONSE))
    assert found.rows.tolist() == [0] * 5 + [1] * 2
    assert [found.weights[found.rows == number].sum() for number in (0, 1)] == pytest.approx([1.0, 1.0])


def reading_first(claim: Claim, kind: Aggregation | None = None) -> Monitor:
    """A monitor whose logit is the first coordinate at layer 1."""
    weight = np.eye(WIDTH, dtype=np.float32)[0]
    probe = LinearProbe(HookPoint(1), weight, 0.0, np.zeros(WIDTH, np.float32), np.ones(WIDTH, np.float32))
    return Monitor(claim, (probe,), kind or aggregation_of(claim.stage))


def values(*logits: float) -> NDArray[np.float32]:
    """Activations of tokens whose logits are these; other layers hold something else."""
    found = np.full((len(logits), 3, WIDTH), 99.0, dtype=np.float32)
    found[:, 1, :] = 0.0
    found[:, 1, 0] = logits
    return found


class TestDrawScores:
    """Highest scores by draw, as the threshold is chosen on."""

    def scores(
        self,
        rows: Sequence[LabelledConversation],
        at: dict[tuple[int, int], float],
        unread: Sequence[tuple[int, int]] = (),
        claim: Claim = EMERGENCY,
    ) -> tuple[list[float], list[list[float]], list[float]]:
        """Positives, near misses and traffic of a select fold with one logit at each place."""
        read = Read(tuple(rows), POINTS, {key: values(logit) for key, logit in at.items()}, dict.fromkeys(unread, "too_long"))
        found = draw_scores(reading_first(claim), read)
        return found.positives.tolist(), found.near.tolist(), found.traffic.tolist()

    def rows(self, positive: Conversation | None = None) -> list[LabelledConversation]:
        """One draw and one ordinary conversation."""
        first, *others = fold_rows(Fold.SELECT, draws=1)
        onset = {str(EMERGENCY): (2, 0)} if positive else {}
        made = row(first.meta.draw, Kind.POSITIVE, first.labels, fold=Fold.SELECT, conversation=positive, onset=onset)
        return [made, *others]

    def test_one_place_each(self) -> None:
        """Positive, twin, hard negative and traffic come out where they belong."""
        at = {(0, 0): 3.0, (1, 0): -1.0, (2, 0): 0.5, (3, 0): -2.0}
        assert self.scores(self.rows(), at) == ([3.0], [[-1.0, 0.5]], [-2.0])

    def test_unavailable_is_the_worst_of_both_sides(self) -> None:
        """What can't be read is a miss for a positive and an alarm for a benign row, never a gap."""
        unread = [(0, 0), (1, 0), (2, 0), (3, 0)]
        assert self.scores(self.rows(), {}, unread) == ([-math.inf], [[math.inf, math.inf]], [math.inf])

    def test_only_turns_from_the_onset_on_can_hit(self) -> None:
        """A positive's score before its hazard begins does not count; a benign row's highest score counts wherever it is."""
        talk = chat("I have a question.", "Yes?", "My chest hurts and I am cold.")
        at = {(0, 0): 9.0, (0, 2): 1.0, (1, 0): -1.0, (2, 0): 0.0, (3, 0): 0.0}
        assert self.scores(self.rows(talk), at)[0] == [1.0]
        benign = self.rows()
        benign[1] = replace(benign[1], conversation=talk)
        at = {(0, 0): 2.0, (1, 0): 9.0, (1, 2): 1.0, (2, 0): 0.0, (3, 0): 0.0}
        assert self.scores(benign, at)[1] == [[9.0, 0.0]]

    def test_traffic_without_a_place_of_the_stage_never_alarms(self) -> None:
        """A monitor of documents can't fire on a chat without one: its score is minus infinity."""
        document = Conversation((Message(Role.USER, "Read this."), Message(Role.TOOL, "A note.")))
        draw = f"select/{INJECTION}/en/upto1000/0"
        rows = [
            row(draw, kind, {INJECTION: int(kind is Kind.POSITIVE)}, fold=Fold.SELECT, conversation=document) for kind in TRIPLE
        ]
        rows += [row(f"select/traffic/en/upto1000/{n}", Kind.TRAFFIC, {INJECTION: 0}, fold=Fold.SELECT) for n in (0, 1)]
        rows[4] = replace(rows[4], conversation=document)
        at = {(0, 1): 4.0, (1, 1): 1.0, (2, 1): 2.0, (4, 1): 3.0, **{(number, 0): 50.0 for number in range(5)}}
        assert self.scores(rows, at, claim=INJECTION) == ([4.0], [[1.0, 2.0]], [-math.inf, 3.0])

    def test_another_claim_with_the_same_ending_is_not_its_draw(self) -> None:
        """Draws of `x_missed_emergency@prompt` are not draws of `missed_emergency@prompt`."""
        rows = self.rows()
        rows += [row(f"select/x_{EMERGENCY}/en/upto1000/0", kind, {EMERGENCY: 0}, fold=Fold.SELECT) for kind in TRIPLE]
        at = {(number, 0): float(number) for number in range(7)}
        assert self.scores(rows, at) == ([0.0], [[1.0, 2.0]], [3.0])

    @pytest.mark.parametrize("missing", TRIPLE)
    def test_a_draw_that_lacks_a_row_is_refused(self, missing: Kind) -> None:
        """A draw without its positive, twin or hard negative is named: leaving it out would choose among draws."""
        rows = [one for one in fold_rows(Fold.SELECT, draws=2) if (one.meta.role, one.meta.draw[-1]) != (missing, "1")]
        with pytest.raises(ProtocolError, match="upto1000/1 lacks its positive, its twin or its hard negative"):
            self.scores(rows, {(number, 0): 0.0 for number in range(len(rows))})

    @pytest.mark.parametrize("role", [Kind.TRAFFIC, None])
    def test_without_draws_or_traffic_there_is_no_threshold(self, role: Kind | None) -> None:
        """A select fold without traffic, or without the claim, is refused."""
        rows = [one for one in fold_rows(Fold.SELECT, draws=1) if (one.meta.role is Kind.TRAFFIC) is not (role is Kind.TRAFFIC)]
        with pytest.raises(ProtocolError, match="generate select rows for both"):
            self.scores(rows, {(number, 0): 0.0 for number in range(len(rows))})


class TestMeasured:
    """The threshold of a monitor that reads written answers."""

    def measured(
        self, positives: Sequence[Sequence[float]], benign: Sequence[Sequence[float]]
    ) -> tuple[float, int, int, int, int]:
        """Threshold, missed of positives, alarms of benign, from token logits, with windows of one token."""
        answer = Conversation((Message(Role.USER, "How?"), Message(Role.ASSISTANT, "So.")))
        labelled = [(1, tokens) for tokens in positives] + [(0, tokens) for tokens in benign]
        rows = [
            row(f"select/{RESPONSE}/en/upto1000/{n}", Kind.TWIN, {RESPONSE: label}, conversation=answer, written=True)
            for n, (label, _) in enumerate(labelled)
        ]
        read = Read(tuple(rows), POINTS, {(n, 1): values(*tokens) for n, (_, tokens) in enumerate(labelled)}, {})
        found = measured_threshold(reading_first(RESPONSE, Aggregation("rolling_max", window=1)), read)
        return found.threshold, found.missed, found.positives, found.alarms, found.benign

    def test_between_two_clouds(self) -> None:
        """The middle of the gap between classes that do not overlap; the largest token of an answer is its score."""
        assert self.measured([[0.0, 4.0], [6.0, 1.0]], [[-3.0], [1.0, 2.0]]) == (3.0, 0, 2, 0, 2)

    def test_the_widest_of_equally_good_gaps(self) -> None:
        """One positive of two missed, or one benign row of six alarmed on, cost the same: the one with more room is taken."""
        benign = [[-5.0], [-5.1], [-5.2], [-5.3], [-5.4], [1.5]]
        assert self.measured([[1.0], [9.0]], benign) == (5.25, 1, 2, 0, 6)
        assert self.measured([[1.0], [4.0]], benign) == (-2.0, 0, 2, 1, 6)

    def test_an_alarm_weighs_as_much_as_three_misses(self) -> None:
        """One positive of five below a benign row is given up rather than alarm on one of five; four of five are not."""
        benign = [[-9.0], [-8.0], [-7.0], [-6.0], [0.0]]
        assert self.measured([[-1.0], [3.0], [4.0], [5.0], [6.0]], benign)[1::2] == (1, 0)
        assert self.measured([[-1.0], [-1.1], [-1.2], [-1.3], [6.0]], benign)[1::2] == (0, 1)

    def test_where_scores_run_the_wrong_way_it_never_fires(self) -> None:
        """A monitor that ranks benign answers above harmful ones is best silent: every positive is missed, nothing alarms."""
        tau, missed, positives, alarms, benign = self.measured([[0.0], [0.1]], [[1.0], [1.1]])
        assert (missed, positives, alarms, benign) == (2, 2, 0, 2)
        assert tau > 1.1

    def test_equal_scores_give_a_threshold_all_the_same(self) -> None:
        """A monitor that says one thing of everything stays silent, and says so in its rates."""
        tau, missed, positives, alarms, benign = self.measured([[2.0], [2.0]], [[2.0]])
        assert (missed, positives, alarms, benign) == (2, 2, 0, 1)
        assert tau > 2.0

    def test_one_class_is_no_threshold(self) -> None:
        """Without benign answers no threshold can be chosen."""
        with pytest.raises(ScoringError):
            self.measured([[1.0]], [])
