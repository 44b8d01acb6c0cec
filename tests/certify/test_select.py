"""The layer with the signal is found, no family is left blind, and nothing is found where there is nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from certify.cases import Figures
from certify.extract import Read
from certify.fit import Setting
from certify.search import FULL, LAST, OVER_ANSWERS, QUICK, Search
from certify.select import choose_monitor
from guard.conversation import Conversation, Fold, Kind, LabelledConversation, Message, Role
from guard.errors import ScoringError
from guard.hazards import Claim
from guard.probes.activations import HookPoint
from guard.probes.reading import Places

from .made_up import EMERGENCY
from .planted import POINTS, WIDTH, Signal, at_layer, fold_rows, read_of

RESPONSE = Claim.parse("clinical_misuse@response")
BOTH = tuple(enumerate((Fold.TRAIN, Fold.SELECT)))


def reads(signal: Signal, seed: int = 0) -> tuple[Read, Read]:
    """The train and the select fold with the same signal."""
    train, select = (read_of(fold_rows(fold), signal, seed + number) for number, fold in BOTH)
    return train, select


class TestPlace:
    """Which hook points are taken."""

    @pytest.mark.parametrize("layer", [0, 1, 2])
    def test_the_planted_layer_is_found(self, layer: int) -> None:
        """Whichever of three layers carries the signal is chosen, and every candidate stays on record."""
        steps: list[int] = []
        choice = choose_monitor(EMERGENCY, *reads(at_layer(layer)), steps.append)
        assert choice.monitor.hook_points == choice.chosen.hook_points == (HookPoint(layer),)
        assert choice.monitor.aggregation == LAST
        tried = {(one.hook_points, one.setting.recipe) for one in choice.candidates}
        assert tried == {(places, name) for places in (*((p,) for p in POINTS), POINTS) for name in QUICK.recipes}
        assert len(choice.candidates) == 8
        assert sum(steps) == 3 * (3 + 3)  # three hook points, without each of three folds and each pair of them
        assert min(f.hit_rate for f in (choice.chosen.nested, choice.chosen.transfer, choice.chosen.select)) > 0.9
        others = [one for one in choice.candidates if HookPoint(layer) not in one.hook_points]
        assert all(one.select.hit_rate < 0.5 for one in others)

    def test_weak_signals_at_all_layers_make_a_band(self) -> None:
        """Three layers with independent noise are better together: the mean of their scores is taken."""
        train, select = (
            read_of(fold_rows(fold, 300), lambda one: [1.7 * (one.label(EMERGENCY) or 0)] * 3, number) for number, fold in BOTH
        )
        choice = choose_monitor(EMERGENCY, train, select)
        assert choice.chosen.hook_points == POINTS
        assert len(choice.monitor.probes) == 3

    def test_a_blind_family_weighs_more_than_the_average(self) -> None:
        """A layer that is perfect but blind to one family of four loses to a layer that is good everywhere."""

        def signal(one: LabelledConversation) -> list[float]:
            label = one.label(EMERGENCY) or 0
            return [9.0 * label if one.meta.family != "f3" else -3.0 * label, 2.3 * label, 0.0]

        choice = choose_monitor(EMERGENCY, *reads(signal, 10))
        best = {layer: _at(choice.candidates, layer) for layer in (0, 1)}
        assert best[0].hit_rate > best[1].hit_rate  # the average would have taken the other one
        assert best[0].worst_hit_rate == 0.0
        assert choice.chosen.hook_points == (HookPoint(1),)
        assert choice.chosen.select.worst_hit_rate > 0.2

    def test_what_only_holds_in_known_families_is_not_taken(self) -> None:
        """A layer that knows each family by heart, and says nothing of one that it was not fitted on, loses to a modest one."""

        def signal(one: LabelledConversation) -> list[float]:
            label = one.label(EMERGENCY) or 0
            return [0.0, 2.6 * label, 0.0]

        train, select = reads(signal, 20)
        for read in (train, select):
            for number, one in enumerate(read.rows):
                family = one.meta.family
                if family != "talk":
                    # In layer 0 every family has a coordinate of its own that gives the label away.
                    sign = 1.0 if one.label(EMERGENCY) else -1.0
                    read.at[number, 0][0, 0, 1 + int(family[1:])] += 12.0 * sign
        choice = choose_monitor(EMERGENCY, train, select)
        by_heart = max(
            (c for c in choice.candidates if c.hook_points == (HookPoint(0),)), key=lambda c: c.select.worst_hit_rate
        )
        assert by_heart.select.worst_hit_rate > choice.chosen.select.worst_hit_rate  # the select fold alone is deceived
        assert by_heart.nested.worst_hit_rate < 0.2 < choice.chosen.nested.worst_hit_rate
        assert choice.chosen.hook_points == (HookPoint(1),)


def _at(candidates: object, layer: int) -> Figures:
    found = [c for c in candidates if c.hook_points == (HookPoint(layer),)]  # type: ignore[attr-defined]
    best: Figures = max(found, key=lambda c: (c.select.worst_hit_rate, c.select.hit_rate)).select
    return best


class TestNothing:
    """Where there is nothing to find."""

    def test_without_a_signal_every_candidate_is_near_the_rate_of_false_alarms(self) -> None:
        """Noise alone finds hardly more positives than the false alarms at which candidates are compared."""
        choice = choose_monitor(EMERGENCY, *reads(lambda one: [0, 0, 0], 30))
        for fold in ("nested", "transfer", "select"):
            assert float(np.mean([getattr(one, fold).hit_rate for one in choice.candidates])) < 0.15

    def test_rows_of_one_class_cannot_be_fitted_on(self) -> None:
        """Without benign rows that could be read there is nothing to tell apart."""
        rows = [one for one in fold_rows(Fold.TRAIN) if one.label(EMERGENCY) == 1]
        with pytest.raises(ScoringError, match="both hazardous and benign"):
            choose_monitor(EMERGENCY, read_of(rows, at_layer(0), 1), read_of(rows, at_layer(0), 2))

    def test_activations_that_are_not_numbers_are_no_monitor(self) -> None:
        """One NaN is refused: a probe fitted on it would be none."""
        train, select = reads(at_layer(0))
        train.at[0, 0][0, 0, 0] = np.nan
        with pytest.raises(ScoringError, match="not finite"):
            choose_monitor(EMERGENCY, train, select)


def test_whitening_is_taken_where_families_left_out_say_so() -> None:
    """A nuisance that runs along the hazard hides it from the plain difference; whitened or regularised, it is found."""

    def nuisance(read: Read, seed: int) -> Read:
        shared = np.random.default_rng(seed).normal(size=len(read.rows)) * 8.0
        for number in range(len(read.rows)):
            read.at[number, 0][0, :, :2] += np.float32(shared[number])
        return read

    train, select = (nuisance(read_of(fold_rows(fold, 150), at_layer(1, 3.5), 40 + n), n) for n, fold in BOTH)
    search = replace(FULL, recipes=("difference_of_means", "whitened"), text_draws=0, anchors=("",))
    choice = choose_monitor(EMERGENCY, train, select, search=search)
    assert choice.chosen.setting == Setting("whitened")
    plain = [c for c in choice.candidates if c.hook_points == (HookPoint(1),) and c.setting.recipe == "difference_of_means"]
    assert plain[0].transfer.worst_hit_rate < choice.chosen.transfer.worst_hit_rate


def texts(fold: Fold, seed: int, tokens: int = 40) -> Read:
    """Messages of many tokens, of which eight in a row carry the signal at layer 1; the decision token carries none."""
    rng = np.random.default_rng(seed)
    rows = fold_rows(fold)
    at = {}
    for number, one in enumerate(rows):
        values = rng.normal(size=(tokens + 1, 3, WIDTH)).astype(np.float32)
        start = rng.integers(0, tokens - 8)
        values[start : start + 8, 1, 0] += 3.0 * (one.label(EMERGENCY) or 0)
        at[number, 0] = values
    return Read(tuple(rows), POINTS, at, {}, Places.TEXT)


def decisions(read: Read) -> Read:
    """The decision tokens of messages."""
    return replace(read, at={key: values[-1:] for key, values in read.at.items()}, places=Places.DECISION)


def test_a_hazard_in_the_middle_of_a_message_needs_its_tokens() -> None:
    """Where the decision token knows nothing, a rolling mean over the text is taken; where it knows all, it stays."""
    told = tuple(texts(fold, 50 + number) for number, fold in BOTH)
    train, select = (decisions(read) for read in told)
    choice = choose_monitor(EMERGENCY, train, select, texts=(told[0], told[1]))
    assert choice.chosen.aggregation.kind != "last"
    assert choice.chosen.hook_points == (HookPoint(1),)
    assert choice.chosen.select.hit_rate > 0.5
    assert {one.aggregation.kind for one in choice.candidates} == {"last", "rolling_max", "mean", "max", "ema_max"}
    for read in (train, select):
        for number, one in enumerate(read.rows):
            read.at[number, 0][:, 2, 0] += np.float32(9.0 * (one.label(EMERGENCY) or 0))
    assert choose_monitor(EMERGENCY, train, select, texts=(told[0], told[1])).chosen.aggregation == LAST


def test_kinds_of_candidates_are_held_against_each_other_on_the_same_rows() -> None:
    """On the sample both ways know about as much; that the decision token is worse on other rows gives the text no lead."""
    told = []
    for number, fold in BOTH:
        seen = texts(fold, 90 + number)
        for key, one in zip(seen.at, seen.rows, strict=True):
            seen.at[key][-1, 1, 0] += np.float32(6.0 * (one.label(EMERGENCY) or 0))
        told.append(seen)
    train, select = (decisions(read) for read in told)
    sample = [[one for one in read.rows if int(one.meta.draw.rsplit("/", 1)[1]) < 30] for read in told]
    some = tuple(read.part(rows, POINTS) for read, rows in zip(told, sample, strict=True))
    for read, rows in ((train, sample[0]), (select, sample[1])):
        known = {one.id for one in rows}
        for number, one in enumerate(read.rows):
            if one.id not in known:
                read.at[number, 0] = np.zeros_like(read.at[number, 0])
    choice = choose_monitor(EMERGENCY, train, select, texts=(some[0], some[1]))
    assert choice.chosen.aggregation == LAST
    assert choice.chosen.nested.hit_rate < 0.7
    (known_on,) = [one for one in choice.candidates if one.aggregation == LAST and one.rows == len(sample[0])]
    assert known_on.hook_points == choice.chosen.hook_points
    assert known_on.nested.hit_rate > 0.9
    assert {one.rows for one in choice.candidates} == {len(train.rows), len(sample[0])}


def test_an_observer_has_windows_and_no_decision_token() -> None:
    """Its monitors take the largest or the mean score of windows, never the last one."""
    told = tuple(texts(fold, 60 + number, tokens=12) for number, fold in BOTH)
    choice = choose_monitor(EMERGENCY, *told, observer=True)
    assert {one.aggregation.kind for one in choice.candidates} == {"max", "mean"}
    assert choice.monitor.aggregation.kind in {"max", "mean"}
    assert choice.chosen.hook_points == (HookPoint(1),)


def test_what_streams_is_followed_by_a_rolling_maximum() -> None:
    """Monitors of an answer take the largest of its windows, and are fitted on windows of the same length."""

    def answers(fold: Fold, seed: int) -> Read:
        rng = np.random.default_rng(seed)
        said = Conversation((Message(Role.USER, "How?"), Message(Role.ASSISTANT, "Like this.")))
        rows = [
            replace(one, conversation=said, labels={RESPONSE: one.label(EMERGENCY) or 0}, meta=replace_draw(one))
            for one in fold_rows(fold)
            if one.meta.role is not Kind.TRAFFIC
        ]
        at = {}
        for number, one in enumerate(rows):
            values = rng.normal(size=(20, 3, WIDTH)).astype(np.float32)
            values[5:, 2, 0] += 2.0 * (one.label(RESPONSE) or 0)
            at[number, 1] = values
        return Read(tuple(rows), POINTS, at, {}, Places.ANSWER)

    choice = choose_monitor(RESPONSE, *(answers(fold, 70 + number) for number, fold in BOTH))
    assert choice.monitor.aggregation == OVER_ANSWERS[0]
    assert choice.monitor.hook_points == (HookPoint(2),)
    assert choice.chosen.transfer.hit_rate > 0.9


def replace_draw(one: LabelledConversation) -> object:
    """The meta of a row, as a written one of the response claim."""
    import msgspec

    return msgspec.structs.replace(one.meta, draw=one.meta.draw.replace(str(EMERGENCY), str(RESPONSE)), written=True)


def test_a_search_without_pairs_of_folds_still_chooses() -> None:
    """Two folds leave no inner folds: the setting is then the best on the outer ones."""
    search = Search("two", 2, ("logistic", "difference_of_means"), (0.01,), 1_000)
    assert choose_monitor(EMERGENCY, *reads(at_layer(1), 80), search=search).chosen.hook_points == (HookPoint(1),)
