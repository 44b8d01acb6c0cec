"""Fitting the cheaper readers on the train rows, setting their thresholds on the select rows, and freezing them.

Comes in: the chosen monitors and the rows that they were fitted and chosen on. Goes out: the files of `frozen`. Nothing here
has seen a row of the test, and nothing is fitted afterwards.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np

from certify import curves
from certify.baselines import dense, penalties, text
from certify.baselines.diagnostics import diagnose
from certify.baselines.effort import Effort
from certify.baselines.frozen import (
    EMBEDDING,
    PROMPT_MONITOR,
    RANDOM,
    TEXT,
    Baselines,
    FrozenReader,
    NotCompared,
    RandomModel,
    required,
)
from certify.baselines.parts import last_part
from certify.baselines.random_weights import twin, weights_digest
from certify.baselines.readers import FITTED, Head, Readers, Table, dump, features, random_scores
from certify.baselines.recipe import Fitted, read_for
from certify.extract import label_for
from guard.certificate import number
from guard.conversation import LabelledConversation
from guard.errors import ProtocolError, SubjectError
from guard.hazards import Claim, Stage
from guard.probes.reading import Subject
from guard.probes.suite import Suite
from guard.progress import Phase, silent
from guard.rungs import LeftOut

Rows = Sequence[LabelledConversation]
Label = Callable[[Claim, LabelledConversation], int | None]

POSITIVE_SHARE = 1 / 3
"""Largest share of positives in a sample of rows."""
TELLING = 10
"""Words that are taken out to see whether a score hangs on them."""


@dataclass(slots=True)
class _Made:
    """What has been fitted so far, by reader and claim."""

    vocabularies: dict[Stage, text.Vocabulary] = field(default_factory=dict)
    heads: dict[tuple[str, Claim], Head] = field(default_factory=dict)
    penalties: dict[tuple[str, Claim], float] = field(default_factory=dict)
    rows: dict[tuple[str, Claim], tuple[int, int]] = field(default_factory=dict)
    """Fitted on, and of how many."""
    scores: dict[tuple[str, Claim], dict[str, float]] = field(default_factory=dict)


def freeze_all(
    subject: Subject, train: Rows, select: Rows, fitted: Sequence[Fitted], effort: Effort | None = None, phase: Phase = silent
) -> dict[str, bytes]:
    """Fit and freeze all cheaper readers of some monitors; returns the files by their names in a dossier.

    1. Each reader of text is fitted on the train rows, at the penalty that does best on train families left out.
    2. The monitors' own recipes are fitted on a model with random weights, on the monitors' own rows.
    3. Each threshold is set so that as many benign select rows are flagged as by the monitor, on the very same rows.
    4. The diagnostics of each monitor are computed.

    Raises:
        ProtocolError: The rows of a claim are of one class.
    """
    how = effort or Effort()
    claims = [one.claim for one in fitted]
    trained = {claim: sample(train, claim, label_for, how.rows, how.seed) for claim in claims}
    available = {claim: len(sample(train, claim, label_for, None, how.seed)) for claim in claims}
    selected = {claim: sample(select, claim, _own_label, how.select_rows, how.seed) for claim in claims}
    missing = _unavailable(subject, how)
    made, suite, random = _Made(), None, None
    # (1)
    for stage in dict.fromkeys(claim.stage for claim in claims):
        _fit_text(stage, trained, available, selected, made, missing, phase)
    # (2)
    if RANDOM not in missing:
        suite, random = _fit_random(subject, fitted, selected, how, made, phase)
    # (3)
    gone = {one.claim: _left_out(one, made, missing) for one in fitted}
    record = Baselines(
        seed=how.seed,
        readers=tuple(reader for one in fitted for reader in _thresholds(one, selected[one.claim], made)),
        left_out=tuple(NotCompared(claim=str(claim), left_out=each) for claim, own in gone.items() for each in own),
        random=random,
        files={},
    )
    # (4)
    advance = phase("testing monitors on shuffled labels", len(fitted))
    found = []
    for one in fitted:
        found.append(diagnose(subject, one, train, select, _telling(made, one.claim), how))
        advance(1)
    final = msgspec.structs.replace(record, diagnostics=tuple(found))
    return dump(Readers(final, made.vocabularies, made.heads, suite))


def sample(rows: Rows, claim: Claim, label: Label, most: int | None, seed: int) -> list[LabelledConversation]:
    """Return at most so many labelled rows; which ones follows from seed and ids.

    Where some have to be left out, not more than a third of those that stay are positive. None leaves none out.
    """
    said = [(row, label(claim, row)) for row in rows if not row.meta.written]
    ranked = sorted(
        ((row, value) for row, value in said if value is not None),
        key=lambda pair: hashlib.sha256(f"{seed}/{pair[0].id}".encode()).digest(),
    )
    if most is None or len(ranked) <= most:
        return [row for row, _ in ranked]
    positives = [row for row, value in ranked if value == 1][: math.ceil(most * POSITIVE_SHARE)]
    return positives + [row for row, value in ranked if value == 0][: most - len(positives)]


def _own_label(claim: Claim, row: LabelledConversation) -> int | None:
    return row.label(claim)


def _unavailable(subject: Subject, how: Effort) -> dict[str, str]:
    """Find out which readers can't be had here, before any work."""
    found = dict(how.left_out)
    if EMBEDDING not in found:
        try:
            from guard.subjects.minilm import folder

            folder()
        except (ImportError, SubjectError):
            found[EMBEDDING] = "the sentence encoder is not installed"
    if RANDOM not in found:
        try:
            twin(subject, how.seed)
        except SubjectError as error:
            found[RANDOM] = error.problem
    return found


def _fit_text(
    stage: Stage,
    trained: Mapping[Claim, Rows],
    available: Mapping[Claim, int],
    selected: Mapping[Claim, Rows],
    made: _Made,
    missing: Mapping[str, str],
    phase: Phase,
) -> None:
    """Fit the readers of text of one stage; their features are computed once for all its claims."""
    claims = [claim for claim in trained if claim.stage is stage]
    seen = {c: [(part, row) for row in trained[c] if (part := last_part(row, stage))] for c in claims}
    parts = list(dict.fromkeys(part for own in seen.values() for part, _ in own))
    place = {part: number for number, part in enumerate(parts)}
    table = Table({claim: selected[claim] for claim in claims})
    if TEXT not in missing:
        made.vocabularies[stage] = text.vocabulary(parts)
    readers = [reader for reader in FITTED if reader not in missing]
    advance = phase(f"fitting text baselines ({stage})", len(readers) * len(claims))
    for reader in readers:
        values, chosen = (features(reader, made.vocabularies.get(stage), some) for some in (parts, table.parts))
        for claim in claims:
            labels = np.array([label_for(claim, row) == 1 for _, row in seen[claim]], dtype=np.bool_)
            if labels.all() or not labels.any():
                raise ProtocolError(f"no baseline of {claim} can be fitted on these rows", "generate more train rows")
            own = values[[place[part] for part, _ in seen[claim]]]
            fit: penalties.Fit = text.fit if reader == TEXT else dense.fit
            cases = penalties.cases(claim, [row for _, row in seen[claim]], labels)
            penalty = penalties.best(own, cases, penalties.PENALTIES[reader], fit)
            key, head = (reader, claim), fit(own, labels, penalty)
            made.heads[key], made.penalties[key], made.scores[key] = head, penalty, table.highest(claim, head.scores(chosen))
            made.rows[key] = len(labels), len(labels) + available[claim] - len(trained[claim])
            advance(1)


def _fit_random(
    subject: Subject,
    fitted: Sequence[Fitted],
    selected: Mapping[Claim, Rows],
    how: Effort,
    made: _Made,
    phase: Phase,
) -> tuple[Suite, RandomModel]:
    model = twin(subject, how.seed)
    advance = phase("fitting on random weights", len(fitted))
    wanted = []
    for one in fitted:
        own = sample(one.train.rows, one.claim, label_for, None, how.seed)
        rows = sample(own, one.claim, label_for, how.random_rows, how.seed)
        wanted.append((one, rows))
        made.rows[RANDOM, one.claim] = len(rows), len(own)
    monitors = []
    for (one, _), read in zip(wanted, read_for(model, wanted), strict=True):
        monitors.append(one.refit(read))
        advance(1)
    suite = Suite.of(monitors)
    made.scores |= random_scores(model, suite, selected, phase)
    return suite, RandomModel(seed=how.seed, weights=weights_digest(model))


def _left_out(one: Fitted, made: _Made, missing: Mapping[str, str]) -> list[LeftOut]:
    """Say which readers a claim has to beat and is not compared with; of sampled text the prompt monitor is one, too."""
    if one.prompt_scores is not None:
        made.scores[PROMPT_MONITOR, one.claim] = dict(one.prompt_scores)
    absent = [reader for reader in required(one.claim) if (reader, one.claim) not in made.scores]
    return [LeftOut(reader=name, reason=missing.get(name, "no score of it was given")) for name in absent]


def _thresholds(one: Fitted, rows: Rows, made: _Made) -> list[FrozenReader]:
    """Set thresholds at which each reader flags as many of these benign rows as the monitor does."""
    benign = [row.id for row in rows if row.label(one.claim) == 0]
    if not benign:
        raise ProtocolError(f"there is no benign row to compare with for {one.claim}", "generate more select rows")
    alarms = sum(one.scores.get(row, -math.inf) >= one.threshold for row in benign)
    found = []
    for reader in required(one.claim):
        key = (reader, one.claim)
        if key in made.scores:
            threshold = curves.at_count([made.scores[key][row] for row in benign], alarms)
            rows_of, available = made.rows.get(key, (0, 0))
            found.append(
                FrozenReader(
                    reader=reader,
                    claim=str(one.claim),
                    rows=rows_of,
                    available=available,
                    penalty=number(made.penalties.get(key, 0.0)),
                    threshold=number(max(min(threshold, 1e300), -1e300)),
                )
            )
    return found


def _telling(made: _Made, claim: Claim) -> tuple[str, ...]:
    head = made.heads.get((TEXT, claim))
    if not isinstance(head, text.TextHead):
        return ()
    return text.telling_words(made.vocabularies[claim.stage], head, TELLING)
