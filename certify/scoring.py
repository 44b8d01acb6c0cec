"""Scoring labelled rows with a suite and a rule set, as the guard would."""

from __future__ import annotations

from collections.abc import Sequence

from guard import rules
from guard.conversation import LabelledConversation
from guard.probes.judge import judge
from guard.probes.reading import Subject
from guard.probes.suite import Suite
from guard.progress import Phase, silent
from guard.scores import Judgement, RuleUnavailable, ScoreUnavailable


def score(
    subject: Subject,
    suite: Suite,
    rows: Sequence[LabelledConversation],
    rule_names: Sequence[str],
    phase: Phase = silent,
) -> dict[str, tuple[Judgement, ...]]:
    """Return monitors' and rules' judgements by row id."""
    conversations = [row.conversation for row in rows]
    advance = phase("scoring", sum(len({place.turn for place in c.judged()}) for c in conversations))
    judged = judge(subject, suite, conversations, progress=advance)
    return {row.id: rules.join(judgements, row.conversation, rule_names) for row, judgements in zip(rows, judged, strict=True)}


def unscored(judgements: dict[str, tuple[Judgement, ...]]) -> frozenset[str]:
    """Return the ids of rows with a score or rule that could not be had, or with nothing judged at all."""
    return frozenset(
        row
        for row, judged in judgements.items()
        if not judged or any(isinstance(score, ScoreUnavailable | RuleUnavailable) for each in judged for score in each.scores)
    )
