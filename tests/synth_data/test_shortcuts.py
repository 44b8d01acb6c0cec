"""How much of a label can be had without understanding: words and length, on families left out."""

from functools import cache

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from guard.conversation import Fold, Kind
from guard.hazards import Claim
from synth_data import families, labels
from synth_data.scenario import rng

_KNOWN = pytest.mark.xfail(reason="the words by which an injection addresses the assistant give it away", strict=True)
CLAIMS = (
    labels.EMERGENCY,
    labels.MISUSE,
    pytest.param(labels.INJECTION, marks=_KNOWN),
    pytest.param(labels.INJECTION_CONTEXT, marks=_KNOWN),
)
"""The limits hold for the first two; that they do not for injections is a known weakness of those families."""
ALL = (labels.EMERGENCY, labels.MISUSE, labels.INJECTION, labels.INJECTION_CONTEXT)
PER_FAMILY = 14
PAIR = (Kind.POSITIVE, Kind.TWIN)


@cache
def sample(claim: Claim) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """Return texts, labels, families and kinds of some triples of every family but the unseen: only a test may score those."""
    texts, truth, groups, kinds = [], [], [], []
    for family in (each for each in families.families(claim) if each.fold is not Fold.UNSEEN):
        for index in range(PER_FAMILY):
            generator = rng(b"shortcuts", family.id, str(index))
            case, other = family.case(generator), family.case(generator)
            for kind in (*PAIR, Kind.HARD_NEGATIVE):
                name = "pair" if kind in PAIR else "other"
                told = family.tell(case if kind in PAIR else other, kind, rng(b"telling", family.id, str(index), name))
                texts.append("\n".join(message.content for message in told.messages))
                truth.append(kind is Kind.POSITIVE)
                groups.append(family.id)
                kinds.append(kind)
    return texts, np.array(truth), np.array(groups), np.array(kinds)


def words(texts: list[str], truth: np.ndarray, groups: np.ndarray) -> float:
    """Return the AUROC of TF-IDF and logistic regression on families that were left out."""
    scores = np.zeros(len(texts))
    for fit, left_out in GroupKFold(5).split(texts, groups=groups):
        vectors = TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True)
        model = LogisticRegression(C=3, max_iter=500).fit(vectors.fit_transform([texts[i] for i in fit]), truth[fit])
        scores[left_out] = model.decision_function(vectors.transform([texts[i] for i in left_out]))
    return float(roc_auc_score(truth, scores))


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_words_alone_do_not_tell_a_pair_apart(claim: Claim) -> None:
    """Within pairs of families left out a bag of words is near chance."""
    texts, truth, groups, kinds = sample(claim)
    pair = np.isin(kinds, PAIR)
    chosen = [text for text, kept in zip(texts, pair, strict=True) if kept]
    found = words(chosen, truth[pair], groups[pair])
    print(f"{claim}: within pairs, words {found:.3f}")
    assert 0.35 <= found <= 0.75


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_words_alone_do_not_tell_hazards_from_look_alikes(claim: Claim) -> None:
    """Over whole triples of families left out, words do not settle the label."""
    texts, truth, groups, _ = sample(claim)
    found = words(texts, truth, groups)
    print(f"{claim}: overall, words {found:.3f}")
    assert found <= 0.85


@pytest.mark.parametrize("claim", ALL, ids=str)
def test_length_says_nothing(claim: Claim) -> None:
    """Neither within pairs nor over whole triples is a hazard longer or shorter."""
    texts, truth, _, kinds = sample(claim)
    for chosen in (np.isin(kinds, PAIR), np.full(len(texts), True)):
        lengths = [len(text) for text, kept in zip(texts, chosen, strict=True) if kept]
        assert 0.35 <= roc_auc_score(truth[chosen], lengths) <= 0.65


def test_the_measure_finds_a_planted_word() -> None:
    """Negative control: one telling word in every positive gives the label away."""
    texts, truth, groups, kinds = sample(labels.EMERGENCY)
    pair = np.isin(kinds, PAIR)
    planted = [f"{text} kumquat" if yes else text for text, yes, kept in zip(texts, truth, pair, strict=True) if kept]
    assert words(planted, truth[pair], groups[pair]) > 0.95
