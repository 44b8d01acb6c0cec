"""Readers that understand nothing: length, one word, words, characters, and the ids of the template.

Comes in: samples of one claim and language. Goes out: for each reader a `Baseline`, which learns on some rows, scores
others, and can name what it went by. What they know of a row is what a careless monitor could live on.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import numpy as np

from synth_data.ranking import Bools, Floats, Ints, codes
from synth_data.rowset import Sample

_MOST_WORDS, _MOST_CHARACTERS = 20_000, 30_000
_LEAST_ROWS = 3
_RECURS = 3
"""A feature recurs when it stands in so many families; in fewer it can't be what gives away the others."""
_NAMED = 8
_TOKEN = r"[^\W_]+(?:'[^\W_]+)?"  # noqa: S105
MEANING = frozenset({"intent"})
"""Traits that state what is meant rather than how it is told: no template id."""


class Leak(msgspec.Struct, frozen=True):
    """Something that tells the label."""

    feature: str
    """The word, gram, threshold or id."""
    families: int
    """In how many families it stands."""
    hazards: float
    """Share of the positives that have it."""
    others: float
    """Share of the other rows that have it."""


class Baseline(ABC):
    """One reader over a fixed set of rows, which it addresses by their places."""

    name: str
    """For people."""

    @abstractmethod
    def scores(self, fit: Ints, left_out: Ints) -> Floats:
        """Learn on the rows `fit` and score the rows `left_out`."""

    @abstractmethod
    def leaks(self, rows: Ints) -> tuple[Leak, ...]:
        """Name what the label of these rows can be read off, strongest first."""


class _Known:
    """What every reader is given: labels and families."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.positive: Bools = np.array([sample.positive for sample in samples])
        self.family: Ints = codes([sample.family for sample in samples])

    def leak(self, feature: str, has: Bools, rows: Ints) -> Leak:
        positive = self.positive[rows]
        return Leak(
            feature,
            len(np.unique(self.family[rows][has])),
            round(float(has[positive].mean()), 3),
            round(float(has[~positive].mean()), 3),
        )


class Length(Baseline):
    """Characters, words and turns."""

    name = "length"
    _PARTS = ("characters", "words", "turns")

    def __init__(self, samples: Sequence[Sample]) -> None:
        """Measure the rows."""
        self._known = _Known(samples)
        self._sizes = np.array(
            [(len(sample.text), len(sample.text.split()), len(sample.roles)) for sample in samples], dtype=np.float64
        )

    def scores(self, fit: Ints, left_out: Ints) -> Floats:
        """Score by a logistic regression on the logarithms."""
        logs = np.log1p(self._sizes)
        middle, spread = logs[fit].mean(axis=0), logs[fit].std(axis=0)
        scaled = (logs - middle) / np.where(spread > 0, spread, 1.0)
        return _logistic(scaled[fit], self._known.positive[fit], scaled[left_out], strength=1.0)

    def leaks(self, rows: Ints) -> tuple[Leak, ...]:
        """Name for each measure the threshold that parts the classes best."""
        positive = self._known.positive[rows]
        found: list[Leak] = []
        for column, part in enumerate(self._PARTS):
            sizes = self._sizes[rows, column]
            steps = np.unique(sizes)[:-1]
            if not len(steps):
                continue
            below_positive = np.searchsorted(np.sort(sizes[positive]), steps, side="right") / positive.sum()
            below_other = np.searchsorted(np.sort(sizes[~positive]), steps, side="right") / (~positive).sum()
            best = steps[int(np.argmax(np.abs(below_positive - below_other)))]
            found.append(self._known.leak(f"more than {best:g} {part}", sizes > best, rows))
        return tuple(sorted(found, key=lambda leak: -abs(leak.hazards - leak.others)))


class _Counted(Baseline):
    """A logistic regression on counted features."""

    def __init__(self, samples: Sequence[Sample], names: Sequence[str], counts: Any) -> None:
        self._known = _Known(samples)
        self._names = names
        self._counts = counts

    def _weighted(self, fit: Ints, rows: Ints) -> tuple[Any, Any]:
        from sklearn.feature_extraction.text import TfidfTransformer

        weights = TfidfTransformer(sublinear_tf=True).fit(self._counts[fit])
        return weights.transform(self._counts[fit]), weights.transform(self._counts[rows])

    def scores(self, fit: Ints, left_out: Ints) -> Floats:
        """Score by a logistic regression."""
        learnt, asked = self._weighted(fit, left_out)
        return _logistic(learnt, self._known.positive[fit], asked)

    def leaks(self, rows: Ints) -> tuple[Leak, ...]:
        """Name the features of most weight among those that recur in many families."""
        learnt, _ = self._weighted(rows, rows)
        weight = _coefficients(learnt, self._known.positive[rows])
        present = (self._counts[rows] > 0).tocsc()
        family = self._known.family[rows]
        families = _by_family(present, family)
        # Weight alone would name a word of one family; what gives away a new family stands in many.
        rank = np.where(families >= min(_RECURS, len(np.unique(family))), np.abs(weight) * np.sqrt(families), 0.0)
        named: list[int] = []
        for column in (int(each) for each in np.argsort(-rank, kind="stable")):
            if len(named) == _NAMED or rank[column] == 0:
                break
            if not any(self._same(column, other) for other in named):
                named.append(column)
        return tuple(self._known.leak(self._names[column], _has(present, column), rows) for column in named)

    def _same(self, column: int, other: int) -> bool:
        """Tell whether a feature is but another part of one that was named."""
        return False


class Words(_Counted):
    """TF-IDF of words and pairs of neighbouring words."""

    name = "words"

    def __init__(self, samples: Sequence[Sample]) -> None:
        """Count the words."""
        super().__init__(samples, *_count(samples, ngram_range=(1, 2), token_pattern=_TOKEN, max_features=_MOST_WORDS))


class Characters(_Counted):
    """TF-IDF of two to five characters within words."""

    name = "characters"

    def __init__(self, samples: Sequence[Sample]) -> None:
        """Count the characters."""
        super().__init__(samples, *_count(samples, analyzer="char_wb", ngram_range=(2, 5), max_features=_MOST_CHARACTERS))

    def _same(self, column: int, other: int) -> bool:
        one, another = self._names[column].strip(), self._names[other].strip()
        return one in another or another in one


class BestWord(Baseline):
    """The one word whose presence parts the fitting rows best."""

    name = "best word"

    def __init__(self, samples: Sequence[Sample]) -> None:
        """Note which words each row has."""
        self._known = _Known(samples)
        self._names, self._has = _count(samples, token_pattern=_TOKEN, max_features=_MOST_WORDS, binary=True)

    def _shares(self, rows: Ints) -> tuple[Floats, Floats]:
        """Return the share of positives, and of others, that have each word; words of too few families count nothing."""
        positive = self._known.positive[rows]
        has, family = self._has[rows], self._known.family[rows]
        recurs = _by_family(has, family) >= min(_RECURS, len(np.unique(family)))
        yes = np.asarray(has[positive].mean(axis=0), dtype=np.float64).ravel()
        no = np.asarray(has[~positive].mean(axis=0), dtype=np.float64).ravel()
        return np.where(recurs, yes, 0.0), np.where(recurs, no, 0.0)

    def scores(self, fit: Ints, left_out: Ints) -> Floats:
        """Score by the log odds of the positives, given whether the word stands there."""
        if self._known.positive[fit].all() or not self._known.positive[fit].any():
            return np.zeros(len(left_out))
        yes, no = self._shares(fit)
        best = int(np.argmax(np.abs(yes - no)))
        least = 1 / (len(fit) + 1)
        with_word, without = (np.log(np.maximum(a, least) / np.maximum(b, least)) for a, b in _both(yes[best], no[best]))
        return np.where(_has(self._has[left_out], best), float(with_word), float(without))

    def leaks(self, rows: Ints) -> tuple[Leak, ...]:
        """Name the words that part these rows best."""
        yes, no = self._shares(rows)
        best = np.argsort(-np.abs(yes - no), kind="stable")[:_NAMED]
        has = self._has[rows].tocsc()
        return tuple(self._known.leak(self._names[column], _has(has, int(column)), rows) for column in best)


class Template(_Counted):
    """What the generator knows of how a row is told: traits, roles of the turns, and slot values that recur in families."""

    name = "template ids"

    def __init__(self, samples: Sequence[Sample]) -> None:
        """Note the ids of each row."""
        from scipy.sparse import csr_matrix

        rows = [tuple(_ids(sample)) for sample in samples]
        families: dict[str, set[str]] = {}
        for sample, ids in zip(samples, rows, strict=True):
            for id_ in ids:
                families.setdefault(id_, set()).add(sample.family)
        # A value of one family is its meaning; one that several share is the template's.
        names = sorted(id_ for id_, found in families.items() if len(found) > 1 or id_.startswith("roles "))
        column = {name: index for index, name in enumerate(names)}
        found = [[column[id_] for id_ in ids if id_ in column] for ids in rows]
        starts = np.cumsum([0, *(len(each) for each in found)])
        flat = np.array([index for each in found for index in each], dtype=np.int64)
        counts = csr_matrix((np.ones(len(flat), dtype=np.float32), flat, starts), shape=(len(samples), len(names)))
        super().__init__(samples, names, counts)

    def _weighted(self, fit: Ints, rows: Ints) -> tuple[Any, Any]:
        return self._counts[fit], self._counts[rows]


ALL: tuple[type[Length] | type[BestWord] | type[Words] | type[Characters] | type[Template], ...] = (
    Length, BestWord, Words, Characters, Template,
)  # fmt: skip
"""The readers, simplest first."""


def _ids(sample: Sample) -> Iterable[str]:
    yield "roles " + "/".join(sample.roles)
    yield from (f"trait {name}={value}" for name, value in sorted(sample.traits.items()) if name not in MEANING)
    yield from (f"slot {name}={value}" for name, value in sorted(sample.slots.items()))


def _count(samples: Sequence[Sample], **options: Any) -> tuple[Sequence[str], Any]:
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(min_df=min(_LEAST_ROWS, len(samples)), dtype=np.float32, **options)
    try:
        counts = counter.fit_transform(sample.text for sample in samples)
    except ValueError:  # no feature stands in enough rows: one that says nothing takes their place
        from scipy.sparse import csr_matrix

        return [""], csr_matrix(np.zeros((len(samples), 1), dtype=np.float32))
    return [str(name) for name in counter.get_feature_names_out()], counts.tocsr()


def _has(present: Any, column: int) -> Bools:
    return np.asarray(present[:, [column]].toarray().ravel() > 0)


def _by_family(present: Any, family: Ints) -> Ints:
    """Count the families in which each column occurs."""
    from scipy.sparse import csr_matrix

    _, number = np.unique(family, return_inverse=True)
    member = csr_matrix((np.ones(len(family), dtype=np.float32), (number, np.arange(len(family)))))
    return np.asarray(((member @ present.astype(np.float32)) > 0).sum(axis=0), dtype=np.int64).ravel()


def _both(yes: float, no: float) -> tuple[tuple[float, float], tuple[float, float]]:
    return (yes, no), (1 - yes, 1 - no)


def _fitted(features: Any, positive: Bools, strength: float) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        # A ranking does not change with the last digits of a weight.
        warnings.simplefilter("ignore", ConvergenceWarning)
        # Coordinate descent in one thread: other solvers wait for each other's threads where the cores are busy.
        model = LogisticRegression(C=strength, solver="liblinear", dual=True, tol=0.01, max_iter=300, random_state=0)
        return model.fit(features, positive.astype(np.int64))


def _logistic(features: Any, positive: Bools, asked: Any, *, strength: float = 3.0) -> Floats:
    if not features.shape[1] or positive.all() or not positive.any():
        return np.zeros(asked.shape[0])
    # Rounding makes rows of equal features tie, whatever the order of their sums.
    return np.asarray(_fitted(features, positive, strength).decision_function(asked), dtype=np.float64).round(6)


def _coefficients(features: Any, positive: Bools) -> Floats:
    if not features.shape[1]:
        return np.zeros(0)
    return np.asarray(_fitted(features, positive, 3.0).coef_[0], dtype=np.float64)


def tally(leaks: Iterable[Leak]) -> str:
    """Write leaks for people."""
    return ", ".join(
        f"{leak.feature!r} ({leak.hazards:.0%} of hazards, {leak.others:.0%} of others, {leak.families} families)"
        for leak in leaks
    )
