"""Documents that come without a request: whether a fixed line after them helps, and the monitor that has learned it.

A note alone leaves the decision token in no definite state. Documents of the train fold are therefore read once more
without the request that they came after, with and without an anchor; the context monitors are fitted on both, and the
anchor with the better worst families on the select fold is taken, one for all of them. A monitor that would lose by it on
documents with their request keeps the weights that it had. No test has such documents yet: what the guard says of one is
not certified.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from certify.cases import Figures, cases_of, figures
from certify.extract import Examples, Read, documents_alone, examples
from certify.search import LAST
from certify.select import TOLERANCE, Choice, fitted, scorer
from guard.conversation import LabelledConversation
from guard.hazards import Claim, Stage
from guard.probes.monitor import Monitor


@dataclass(frozen=True, slots=True)
class _Tried:
    """The monitor that would ship with one anchor."""

    monitor: Monitor
    refitted: bool
    shipped: Figures
    """On the select fold as it comes."""
    alone: Figures
    """On its documents without their request."""


@dataclass(frozen=True, slots=True)
class Alone:
    """Documents without their requests, read with one anchor."""

    train: Read
    """Of the train fold."""
    select: Read
    """Of the select fold."""


def read_alone(
    train: Sequence[LabelledConversation],
    select: Sequence[LabelledConversation],
    anchors: Sequence[str],
    read: Callable[[Sequence[LabelledConversation], str], Read],
) -> dict[str, Alone]:
    """Read the documents of both folds without their requests, once for each anchor.

    Args:
        train: Rows of the train fold.
        select: Rows of the select fold.
        anchors: What is tried; "" is none.
        read: Reads the decision tokens of rows with an anchor.
    """
    folds = [documents_alone(fold) for fold in (train, select)]
    if not all(folds):
        return {}
    return {anchor: Alone(read(folds[0], anchor), read(folds[1], anchor)) for anchor in anchors}


def anchored(choices: Mapping[Claim, Choice], train: Read, select: Read, alone: Mapping[str, Alone]) -> dict[Claim, Choice]:
    """Fit the context monitors that read the decision token on documents alone, too, with the best anchor for all of them.

    Args:
        choices: Of every claim; those of other stages are given back as they are.
        train: The train fold as the choices were made on it.
        select: The select fold, read alike.
        alone: Documents alone by anchor; "" is none.

    Raises:
        ScoringError: No document of one of the two classes could be read with any anchor.
    """
    claims = [c for c, choice in choices.items() if c.stage is Stage.CONTEXT and choice.chosen.aggregation == LAST]
    if not claims or not alone or len(claims) < sum(claim.stage is Stage.CONTEXT for claim in choices):
        return dict(choices)
    folds = (train, select)
    found = {claim: {a: _try(claim, choices[claim], folds, read, a) for a, read in alone.items()} for claim in claims}
    anchor = max(alone, key=lambda a: float(np.mean([found[claim][a].alone.worst_hit_rate for claim in claims])))
    kept = dict(choices)
    for claim in claims:
        one = found[claim][anchor]
        record = tuple((name, tried.alone) for name, tried in found[claim].items())
        kept[claim] = replace(choices[claim], monitor=one.monitor, shipped=one.shipped, refitted=one.refitted, anchors=record)
    return kept


def _try(claim: Claim, choice: Choice, folds: tuple[Read, Read], alone: Alone, anchor: str) -> _Tried:
    """Fit a chosen candidate on rows as they come and on documents alone; keep what it was where it loses by that."""
    train, select = folds
    own, bare = examples(train, claim), examples(alone.train, claim)
    # The two reads have numbers of their own; a row and its document alone are two rows here.
    both = Examples(
        np.concatenate([own.values, bare.values]),
        np.concatenate([own.labels, bare.labels]),
        np.concatenate([own.weights, bare.weights]),
        np.concatenate([own.rows, bare.rows + len(train.rows)]),
    )
    monitor = fitted(claim, choice.chosen, train, both, anchor)
    before, after = choice.shipped, _on(monitor, select)
    losses = (before.worst_hit_rate - after.worst_hit_rate, before.hit_rate - after.hit_rate)
    if max(losses) <= TOLERANCE:
        return _Tried(monitor, True, after, _on(monitor, alone.select))
    kept = replace(choice.monitor, anchor=anchor)
    return _Tried(kept, False, before, _on(kept, alone.select))


def _on(monitor: Monitor, read: Read) -> Figures:
    """Return the figures of a monitor of the decision token."""
    claim = monitor.claim
    cases = cases_of(claim, read.rows, examples(read, claim))
    score = scorer(claim, read, (LAST,))
    columns = [read.hook_points.index(point) for point in monitor.hook_points]
    scores = [score(probe, column, cases.rows)[LAST] for probe, column in zip(monitor.probes, columns, strict=True)]
    return figures([(np.mean(scores, axis=0), cases)])
