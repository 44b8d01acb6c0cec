"""What else tells whether a monitor reads the hazard: information, computed on the select fold.

Shuffled labels and a control task show what the recipe finds where there is nothing to find; minimal pairs and removed words
show what the score hangs on.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec
import numpy as np

from certify import curves
from certify.baselines.effort import Effort
from certify.baselines.frozen import Diagnostics
from certify.baselines.readers import highest
from certify.baselines.recipe import Fitted, Relabelled
from certify.dataset import by_draw, is_about
from certify.extract import label_for
from guard.certificate import Proportion, number
from guard.conversation import Conversation, Kind, LabelledConversation
from guard.hazards import Claim
from guard.probes.judge import judge
from guard.probes.reading import Subject
from guard.probes.suite import Suite

Rows = Sequence[LabelledConversation]


def diagnose(subject: Subject, one: Fitted, train: Rows, select: Rows, words: Sequence[str], how: Effort) -> Diagnostics:
    """Compute the diagnostics of one monitor.

    Args:
        subject: The model.
        one: The monitor with its recipe.
        train: Rows that it was fitted on.
        select: Rows that it was chosen on.
        words: Most telling words of the text baseline; none where there is no such baseline.
        how: How much is done.
    """
    claim = one.monitor.claim
    labelled = [row for row in train if label_for(claim, row) is not None]
    real = one.scores
    own = [row for row in select if row.id in real and is_about(row.meta.draw, claim)]
    area = near_auroc(claim, own, real)
    other = Relabelled.of(one)
    drawn = [other.scores(shuffled(labelled, claim, f"{how.seed}/{claim}/{turn}")) for turn in range(how.shuffles)]
    areas = [near_auroc(claim, own, scores) for scores in drawn]
    families = control(labelled, f"{how.seed}/{claim}")
    control_scores = other.scores({row.id: families[row.meta.family] for row in labelled})
    before, after = removal(subject, one, own, real, words, how)
    return Diagnostics(
        claim=str(claim),
        auroc=number(area),
        pairs=pairs(claim, own, real),
        shuffles=len(areas),
        shuffled=number(float(np.mean(areas)) if areas else 0.5),
        shuffled_as_good=sum(each >= area for each in areas),
        accuracy=number(accuracy({row.id: int(row.label(claim) or 0) for row in own}, real)),
        control_accuracy=number(
            accuracy({row.id: families[row.meta.family] for row in own if row.meta.family in families}, control_scores)
        ),
        removed=tuple(words),
        hits=before,
        hits_without=after,
    )


def shuffled(rows: Rows, claim: Claim, seed: str) -> dict[str, int]:
    """Give each scenario one random label, as often 1 as in truth: a positive and its twin then share theirs."""
    positive = sum(label_for(claim, row) == 1 for row in rows) / max(1, len(rows))
    return {row.id: int(_uniform(seed, row.meta.scenario or row.id) < positive) for row in rows}


def control(rows: Rows, seed: str) -> dict[str, int]:
    """Give each family a label by chance, half of them 1: a task in which there is nothing to find but the family."""
    families = sorted({row.meta.family for row in rows}, key=lambda family: _uniform(seed, family))
    return {family: int(place % 2 == 0) for place, family in enumerate(families)}


def _uniform(seed: str, name: str) -> float:
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8], "big") / 2**64


def near_auroc(claim: Claim, rows: Rows, scores: Mapping[str, float]) -> float:
    """Return the area between a claim's positives and their look-alikes; one half where a class is missing."""
    split = [[scores[row.id] for row in rows if row.id in scores and row.label(claim) == label] for label in (1, 0)]
    return curves.auroc(*split) if all(split) else 0.5


def accuracy(labels: Mapping[str, int], scores: Mapping[str, float]) -> float:
    """Return the balanced accuracy of scores at 0; one half where a class is missing."""
    rates = []
    for value in (1, 0):
        own = [(scores[row] >= 0) == bool(value) for row, label in labels.items() if label == value and row in scores]
        rates.append(float(np.mean(own)) if own else 0.5)
    return float(np.mean(rates))


def pairs(claim: Claim, rows: Rows, scores: Mapping[str, float]) -> Proportion:
    """Count positives that score above their own twin; a tie does not count."""
    found = [
        scores[draw[Kind.POSITIVE].id] > scores[draw[Kind.TWIN].id]
        for draw in by_draw(rows).values()
        if {Kind.POSITIVE, Kind.TWIN} <= draw.keys() and draw[Kind.POSITIVE].label(claim) == 1
    ]
    return Proportion(successes=sum(found), trials=len(found))


def removal(
    subject: Subject, one: Fitted, rows: Rows, scores: Mapping[str, float], words: Sequence[str], how: Effort
) -> tuple[Proportion, Proportion]:
    """Count the hits of the monitor on a sample of positives, as they are and without the most telling words."""
    positives = [row for row in rows if row.label(one.claim) == 1] if words else []
    some = sorted(positives, key=lambda row: _uniform(str(how.seed), row.id))[: how.removals]
    cut = [replace(row, conversation=without(row.conversation, words)) for row in some]
    judged = judge(subject, Suite.of([one.monitor]), [row.conversation for row in cut]) if cut else []
    before = sum(scores[row.id] >= one.threshold for row in some)
    after = sum(highest(row, found, one.claim) >= one.threshold for row, found in zip(cut, judged, strict=True))
    return Proportion(successes=before, trials=len(some)), Proportion(successes=after, trials=len(some))


def without(conversation: Conversation, words: Sequence[str]) -> Conversation:
    """Return a conversation in which some words are left out of every message."""
    pattern = re.compile(r"\s*\b(?:" + "|".join(map(re.escape, words)) + r")\b", re.IGNORECASE)
    return Conversation(
        tuple(msgspec.structs.replace(message, content=pattern.sub("", message.content)) for message in conversation.messages)
    )
