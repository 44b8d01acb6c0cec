"""Choosing a monitor: hook points, recipe and aggregation of one claim.

Hook sets are compared on families of the train fold that their fits have not seen (`certify.crossval`); those that do
about equally well are told apart on the select fold. Every candidate's figures stay on record.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from certify.cases import Figures, Floats, Ints, cases_of, family_folds, figures
from certify.crossval import HeldOut, Score, held_out
from certify.draws import logits_of
from certify.extract import Examples, Read, examples, turn_of, windows
from certify.fit import Setting, fit
from certify.search import LAST, QUICK, Search, aggregations, hook_sets
from guard.hazards import Claim, Stage
from guard.probes.activations import HookPoint
from guard.probes.aggregation import Aggregation
from guard.probes.linear import LinearProbe
from guard.probes.monitor import Monitor
from guard.probes.reading import Places

TOLERANCE = 0.02
"""Hook sets whose worst families differ by less are told apart on the select fold; a token-level monitor must be better by
more than this than one that reads the decision token."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to read a claim, and how it did."""

    hook_points: tuple[HookPoint, ...]
    """Where it reads: one place, or a band."""
    setting: Setting
    """Recipe and penalty; of each recipe the penalty that does best on families left out."""
    aggregation: Aggregation
    """How the scores of tokens become one."""
    nested: Figures
    """Of the hook set on train families left out, its setting chosen inside each fold."""
    transfer: Figures
    """Of this very setting on train families left out."""
    select: Figures
    """On the select fold, fitted on the whole train fold."""
    rows: int
    """Rows of the train fold that it was fitted and compared on."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen monitor of a claim, and what it was chosen from."""

    monitor: Monitor
    """Frozen."""
    candidates: tuple[Candidate, ...]
    """All of them."""
    chosen: Candidate
    """The one that was taken."""
    shipped: Figures
    """Of the monitor as it is frozen, on the select fold."""
    refitted: bool = False
    """Whether it was fitted again, on documents without their request, too."""
    anchors: tuple[tuple[str, Figures], ...] = ()
    """Figures on documents of the select fold without their request, by anchor; empty where none was tried."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """Candidates that are fitted on the same examples and differ in place, setting and aggregation."""

    train: Read
    select: Read
    window: int
    """Tokens that are averaged into one example; 0 takes the last token alone."""
    settings: tuple[Setting, ...]
    ways: tuple[Aggregation, ...]

    def examples(self, read: Read, claim: Claim) -> Examples:
        return windows(read, claim, self.window) if self.window else examples(read, claim)

    @property
    def sets(self) -> tuple[tuple[HookPoint, ...], ...]:
        points = self.train.hook_points
        # The maximum of a mean of blocks is not the mean of their maxima, so a band is only tried at one token.
        return hook_sets(points) if not self.window else tuple((point,) for point in points)


def choose_monitor(
    claim: Claim,
    train: Read,
    select: Read,
    advance: Callable[[int], None] = lambda done: None,
    *,
    search: Search = QUICK,
    texts: tuple[Read, Read] | None = None,
    observer: bool = False,
) -> Choice:
    """Fit candidates on the train fold and take the best.

    The negatives of a monitor are the benign rows of all hazards and the ordinary traffic. A token-level candidate is
    held against the best one of the decision token on the same rows, which are a sample.

    Args:
        claim: What is looked for.
        train: Rows of the train fold at the decision token, at their answers, or in an observer's windows.
        select: Rows of the select fold, read alike.
        advance: Called with 1 after each fit of the cross-validation.
        search: How wide to look.
        texts: Some rows of both folds with the tokens of their messages; token-level monitors are tried on them.
        observer: Whether places are an observer's windows.

    Raises:
        ScoringError: No row of one of the two classes could be read.
    """
    kinds = _kinds(claim, train, select, search, texts, observer=observer)
    found = [_candidates(claim, kind, search, advance) for kind in kinds]
    chosen = _best(found[0])
    everything = [candidate for candidates in found for candidate in candidates]
    for other, others in zip(kinds[1:], found[1:], strict=True):
        rival, known = _best(others), _on_rows_of(other, claim, kinds[0], chosen, search)
        everything.append(known)
        gains = [getattr(rival, fold).worst_hit_rate - getattr(known, fold).worst_hit_rate for fold in ("nested", "select")]
        chosen = rival if min(gains) > TOLERANCE else chosen
    kind = next(kind for kind, candidates in zip(kinds, found, strict=True) if chosen in candidates)
    monitor = fitted(claim, chosen, kind.train, kind.examples(kind.train, claim))
    return Choice(monitor, tuple(everything), chosen, chosen.select)


def fitted(claim: Claim, candidate: Candidate, read: Read, given: Examples, anchor: str = "") -> Monitor:
    """Fit a candidate on examples that were read at all hook points of `read`."""
    probes = [fit(candidate.setting, given, read.hook_points.index(point), point) for point in candidate.hook_points]
    return Monitor(claim, tuple(probes), candidate.aggregation, anchor)


def _kinds(
    claim: Claim, train: Read, select: Read, search: Search, texts: tuple[Read, Read] | None, *, observer: bool
) -> list[_Kind]:
    ways = aggregations(claim.stage, observer=observer)
    if train.places is not Places.DECISION:
        return [_Kind(train, select, ways[0].window, search.settings, ways)]
    kinds = [_Kind(train, select, 0, search.settings, (LAST,))]
    # Client text that no user wrote is judged after the user's turn, whose words are not the ones to read: a context monitor
    # reads the decision token, which has seen both.
    if texts is not None and claim.stage is Stage.PROMPT:
        kinds.append(_Kind(*texts, ways[0].window, (Setting("logistic"),), ways))
    return kinds


def _on_rows_of(other: _Kind, claim: Claim, kind: _Kind, chosen: Candidate, search: Search) -> Candidate:
    """Judge a chosen candidate of one kind once more, on the rows of another kind alone."""
    train, select = (
        kind.train.part(other.train.rows, chosen.hook_points),
        kind.select.part(other.select.rows, chosen.hook_points),
    )
    same = _Kind(train, select, kind.window, (chosen.setting,), (chosen.aggregation,))
    found = _candidates(claim, same, search, lambda done: None)
    return next(one for one in found if one.hook_points == chosen.hook_points)


def _candidates(claim: Claim, kind: _Kind, search: Search, advance: Callable[[int], None]) -> list[Candidate]:
    """Compare the candidates of one kind on train families left out, and on the select fold."""
    points = kind.train.hook_points
    fitting, choosing = kind.examples(kind.train, claim), kind.examples(kind.select, claim)
    cases, chosen_cases = (cases_of(claim, r.rows, e) for r, e in ((kind.train, fitting), (kind.select, choosing)))
    score = scorer(claim, kind.train, kind.ways)
    held = held_out(
        fitting, cases, family_folds(cases, search.folds), points, kind.settings, score, search.rows, advance
    )  # fmt: skip
    on_select = scorer(claim, kind.select, kind.ways)
    known: dict[tuple[int, Setting], dict[Aggregation, Floats]] = {}

    def select_scores(column: int, setting: Setting, way: Aggregation) -> Floats:
        if (column, setting) not in known:
            probe = fit(setting, fitting, column, points[column])
            known[column, setting] = on_select(probe, column, chosen_cases.rows)
        return known[column, setting][way]

    found = []
    for hook_set in kind.sets:
        columns = [points.index(point) for point in hook_set]
        for way in kind.ways:
            nested = held.nested(columns, kind.settings, way)
            for setting in _one_of_each_recipe(held, columns, kind.settings, way):
                scores = np.mean([select_scores(column, setting, way) for column in columns], axis=0)
                transfer, on = held.transfer(columns, setting, way), figures([(scores, chosen_cases)])
                found.append(Candidate(hook_set, setting, way, nested, transfer, on, len(cases.rows)))
    return found


def _one_of_each_recipe(held: HeldOut, columns: Sequence[int], settings: Sequence[Setting], way: Aggregation) -> list[Setting]:
    recipes = dict.fromkeys(setting.recipe for setting in settings)
    return [held.best(columns, [s for s in settings if s.recipe == recipe], way) for recipe in recipes]


def _best(candidates: Sequence[Candidate]) -> Candidate:
    """Choose the recipe on families left out, the place there, too, and among about equal places on the select fold."""
    places: dict[tuple[tuple[HookPoint, ...], Aggregation], Candidate] = {}
    for candidate in candidates:
        place = (candidate.hook_points, candidate.aggregation)
        if place not in places or _rank(candidate.transfer) > _rank(places[place].transfer):
            places[place] = candidate
    top = max(candidate.nested.worst_hit_rate for candidate in places.values())
    near = [one for one in places.values() if one.nested.worst_hit_rate >= top - TOLERANCE]
    return max(near, key=lambda one: (*_rank(one.select), *_rank(one.nested)))


def _rank(found: Figures) -> tuple[float, float]:
    return round(found.worst_hit_rate, 3), found.hit_rate


def scorer(claim: Claim, read: Read, ways: Sequence[Aggregation]) -> Score:
    """Return a function that scores rows of what was read, with every aggregation."""
    if ways == (LAST,):
        numbers = [n for n, row in enumerate(read.rows) if (n, turn_of(row, claim.stage)) in read.at]
        at = {number: index for index, number in enumerate(numbers)}
        taken = [read.at[n, turn_of(read.rows[n], claim.stage) or 0][-1] for n in numbers]
        decisions = np.stack(taken) if taken else np.zeros((0, len(read.hook_points), 0), dtype=np.float32)

        def last(probe: LinearProbe, column: int, rows: Ints) -> dict[Aggregation, Floats]:
            return {LAST: logits_of(probe, decisions[[at[int(row)] for row in rows], column])}

        return last

    def over(probe: LinearProbe, column: int, rows: Ints) -> dict[Aggregation, Floats]:
        logits = [logits_of(probe, _tokens(claim, read, int(row))[:, column]).tolist() for row in rows]
        return {way: np.array([way.over(each) for each in logits]) for way in ways}

    return over


def _tokens(claim: Claim, read: Read, row: int) -> NDArray[np.float32]:
    turn = turn_of(read.rows[row], claim.stage)
    return read.tokens(row, turn if turn is not None else -1)
