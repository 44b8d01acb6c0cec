"""Penalties of cheaper readers are chosen on families left out, like those of monitors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from certify.baselines import penalties, text
from certify.baselines.freezing import sample
from certify.baselines.parts import last_part
from certify.curves import auroc
from certify.extract import label_for
from guard.conversation import Kind, LabelledConversation
from guard.hazards import Stage

from .made_up import EMERGENCY, chat, row

FAMILIES = 6


def rows_of() -> list[LabelledConversation]:
    """Positives and twins of several families; a word of the family's own tells as well as one that all families share."""
    found = []
    for number in range(90):
        family = f"f{number % FAMILIES}"
        for kind, own, shared in ((Kind.POSITIVE, "yes", "strong"), (Kind.TWIN, "no", "weak")):
            said = f"{shared if number % 5 else 'plain'} {own}{family} letter {number % 7}"
            draw = f"{EMERGENCY}/en/upto1000/{number}"
            found.append(row(draw, kind, {EMERGENCY: int(kind is Kind.POSITIVE)}, conversation=chat(said), family=family))
    return found


@dataclass(frozen=True)
class Column:
    """Scores rows by one of their numbers."""

    column: int

    def scores(self, values: Any) -> Any:
        """Return it."""
        return np.asarray(values)[:, self.column]


ROWS = rows_of()
LABELS = np.array([row.label(EMERGENCY) == 1 for row in ROWS])
CASES = penalties.cases(EMERGENCY, ROWS, LABELS)


class TestBest:
    """Which penalty is taken."""

    def test_the_one_that_does_best_on_families_left_out(self) -> None:
        """What ranks the fitted rows perfectly and fresh families by chance is not taken."""
        rng = np.random.default_rng(0)
        transfers = LABELS + 0.3 * rng.standard_normal(len(LABELS))
        values = np.stack([rng.standard_normal(len(LABELS)), transfers], axis=1)
        chosen = penalties.best(values, CASES, (1.0, 10.0), lambda _v, _l, penalty: Column(int(penalty == 10.0)))  # type: ignore[arg-type, return-value]
        assert chosen == 10.0

    def test_of_equals_the_first(self) -> None:
        """As for a monitor, whose smallest penalty stands first."""
        values = np.zeros((len(LABELS), 1))
        assert penalties.best(values, CASES, (0.1, 1.0), lambda *_: Column(0)) == 0.1  # type: ignore[arg-type, return-value]

    def test_no_fit_sees_a_family_that_it_is_judged_on(self) -> None:
        """Every fit leaves whole families out, each family is judged once a penalty."""
        fitted: list[set[int]] = []

        def fit(values: Any, _labels: Any, _penalty: float) -> Any:
            fitted.append({int(CASES.families[int(number)]) for number in values[:, 0]})
            return Column(0)

        penalties.best(np.arange(len(LABELS), dtype=float)[:, None], CASES, (1.0,), fit)
        assert len(fitted) == penalties.FOLDS
        left_out = [set(range(FAMILIES)) - families for families in fitted]
        assert sorted(family for families in left_out for family in families) == list(range(FAMILIES))

    def test_words_that_no_other_family_has_are_no_reason(self) -> None:
        """On real text features every penalty in the list is tried, and the chosen one still ranks its own rows."""
        parts = [part for one in ROWS if (part := last_part(one, Stage.PROMPT))]
        values = text.vocabulary(parts).matrix(parts)
        chosen = penalties.best(values, CASES, penalties.PENALTIES["text"], text.fit)
        scores = text.fit(values, LABELS, chosen).scores(values)
        assert chosen in penalties.PENALTIES["text"]
        assert auroc(scores[LABELS], scores[~LABELS]) == pytest.approx(1.0)


def test_without_a_cap_every_labelled_row_is_taken() -> None:
    """A reader of text has the rows of the monitor: the share of positives is left as it is."""
    for most in (None, len(ROWS)):
        assert {one.id for one in sample(ROWS, EMERGENCY, label_for, most, 0)} == {one.id for one in ROWS}
    assert sum(one.label(EMERGENCY) == 1 for one in sample(ROWS, EMERGENCY, label_for, 30, 0)) == 10
