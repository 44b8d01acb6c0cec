"""Text baselines learn words, stand still once frozen, and are as strict as the monitor that they stand beside."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from certify import baselines
from certify.baselines import Baselines, TextBaseline, fit, grams, text_of, with_thresholds
from guard.conversation import Conversation, Kind, LabelledConversation, Message, Role
from guard.errors import ProtocolError, VerificationError
from guard.hazards import Stage

from .made_up import EMERGENCY, INJECTION, chat, row

BAD = ("my chest is crushed and I am cold", "my chest hurts and my arm is numb", "the chest pain is back now")
GOOD = ("when is my visit at the clinic", "my letter is lost and I need a bill", "is there parking at the clinic now")


def rows(texts: Sequence[str], label: int) -> list[LabelledConversation]:
    """One row for each text."""
    kind = Kind.POSITIVE if label else Kind.TRAFFIC
    return [row(f"train/{label}/{n}", kind, {EMERGENCY: label}, conversation=chat(text)) for n, text in enumerate(texts)]


def fitted() -> TextBaseline:
    """A baseline that knows six texts."""
    return fit(EMERGENCY, [*rows(BAD, 1), *rows(GOOD, 0)])


def test_it_learns_the_words() -> None:
    """Every harmful training text scores above every harmless one, and the telling word has a positive weight."""
    found = fitted()
    assert min(map(found.score, BAD)) > 0 > max(map(found.score, GOOD))
    assert found.features["chest"][1] > 0 > found.features["clinic"][1]
    assert "crushed" not in found.features  # once is not a pattern


def test_the_frozen_score_is_the_model_s() -> None:
    """The pure-Python score equals TF-IDF as scikit-learn computes it, weighted and summed, also on new words."""
    found = fitted()
    names = list(found.features)
    tfidf = TfidfVectorizer(analyzer=grams, vocabulary=names, sublinear_tf=True, smooth_idf=True)
    matrix = tfidf.fit([*BAD, *GOOD]).transform([*BAD, *GOOD, "my my my chest is unheard of", "nothing"])
    weights = np.array([found.features[name][1] for name in names])
    theirs = matrix @ weights + found.bias
    ours = [found.score(text) for text in (*BAD, *GOOD, "my my my chest is unheard of", "nothing")]
    assert ours == pytest.approx(theirs, abs=1e-9)


def test_words_and_neighbours() -> None:
    """Case and punctuation do not matter, apostrophes do, and pairs are of neighbours."""
    assert grams("I can't BREATHE, now!") == ["i", "can't", "breathe", "now", "i can't", "can't breathe", "breathe now"]
    assert grams("...") == []


def test_the_text_is_that_of_the_stage() -> None:
    """A prompt's is the last user turn, a document's the last tool or system text, an answer's the last answer."""
    talk = Conversation(
        (
            Message(Role.SYSTEM, "rules"),
            Message(Role.USER, "first"),
            Message(Role.ASSISTANT, "answer"),
            Message(Role.USER, "second"),
            Message(Role.TOOL, "note"),
        )
    )
    assert [text_of(talk, stage) for stage in (Stage.PROMPT, Stage.CONTEXT, Stage.RESPONSE)] == ["second", "note", "answer"]
    assert text_of(chat("only this"), Stage.CONTEXT) == ""


@pytest.mark.parametrize("alarms", [0, 4, 14, 39])
def test_thresholds_flag_no_more_than_asked(alarms: int) -> None:
    """At most the asked number of benign texts is flagged, by words and by length, and one step more would be too many."""
    benign = [f"{'my chest ' * (n % 7)}and {'a letter ' * n}" for n in range(40)]
    found = with_thresholds(fitted(), benign, alarms)
    for scores, tau in (
        ([found.score(t) for t in benign], found.threshold),
        ([len(t) for t in benign], found.length_threshold),
    ):
        flagged = sum(score >= tau for score in scores)
        assert flagged <= alarms
        nearest = max((score for score in scores if score < tau), default=math.inf)
        assert sum(score >= nearest for score in scores) > alarms


def test_the_round_trip_is_exact() -> None:
    """What is read is what was written; the same baselines give the same bytes; each claim has its own."""
    found = Baselines(baselines=(with_thresholds(fitted(), GOOD, 0),))
    data = baselines.write(found)
    assert baselines.read(data) == found
    assert baselines.write(baselines.read(data)) == data
    assert found.of(EMERGENCY) == found.baselines[0]
    assert found.of(INJECTION) is None


@pytest.mark.parametrize("data", [b"", b"{}", b'{"baselines": [], "more": 1}', b'{"baselines": "\xff"}'])
def test_something_else_is_refused(data: bytes) -> None:
    """A file that is not in the format is refused in our own words."""
    with pytest.raises(VerificationError, match="not in its format"):
        baselines.read(data)


@pytest.mark.parametrize("given", [rows(BAD, 1), rows(GOOD, 0), [], [*rows(["a"], 1), *rows(["b"], 0)]])
def test_rows_that_teach_nothing_are_refused(given: list[LabelledConversation]) -> None:
    """One class alone, no row, or no word that comes twice, and no baseline can be fitted."""
    with pytest.raises(ProtocolError, match="no text baseline"):
        fit(EMERGENCY, given)


def test_no_benign_text_to_compare_with() -> None:
    """Thresholds need benign texts."""
    with pytest.raises(ProtocolError, match="no benign text"):
        with_thresholds(fitted(), [], 0)
