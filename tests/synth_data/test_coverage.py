"""Coverage and diversity: figures that can be counted by hand."""

from dataclasses import replace
from random import Random

import pytest

from guard.conversation import Conversation, Fold, Kind, LabelledConversation, Message, Meta, Role
from guard.hazards import Claim
from synth_data import coverage, minhash, plots, rowset, shortcuts
from synth_data.rowset import Sample
from tests.synth_data.corpus import SHARED, corpus

CLAIM = "missed_emergency@prompt"


def sample(text: str = "a b c", **given: object) -> Sample:
    """Return a sample with the fields that a test is about."""
    fields: dict[str, object] = {
        "claim": CLAIM, "lang": "en", "positive": False, "kind": Kind.TWIN, "family": "f", "fold": "train", "scenario": text,
        "pair": "", "draw": text, "text": text, "characters": len(text), "roles": ("user",), "traits": {}, "slots": {},
    }  # fmt: skip
    return Sample(**(fields | given))  # type: ignore[arg-type]


def words(seed: int, count: int = 40) -> list[str]:
    """Return made-up words."""
    rng = Random(seed)
    return [rng.choice(SHARED) + rng.choice(SHARED) for _ in range(count)]


def test_slot_coverage_is_the_share_of_pairs_that_were_drawn() -> None:
    """Of 2 x 2 + 2 x 1 + 2 x 1 = 8 pairs, two scenarios join 6."""
    one = {"who": "her", "when": "now", "where": "home"}
    other = {"who": "him", "when": "late", "where": "home"}
    found = coverage.slots([sample("x", slots=one), sample("y", slots=other)])
    assert [(each.scenarios, each.seen, each.possible, each.share) for each in found] == [(2, 6, 8, 0.75)]


def test_a_family_of_one_slot_lacks_no_pair() -> None:
    """There is nothing to join."""
    assert coverage.slots([sample(slots={"who": "her"})])[0].share == 1.0


def test_distinct_grams_are_shares_of_all_grams() -> None:
    """Repetition lowers each by what is said twice."""
    found = coverage.grams([sample("one two one two"), sample("One two.")])[0]
    assert (found.words, found.distinct) == (6, (round(2 / 6, 4), round(2 / 4, 4), round(2 / 2, 4)))


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("", 0.0),
        ("Go home. Now sleep.", 2.0),
        ("Reading difficult sentences", 3 + 100.0),
        ("Det gør ondt. Ring til lægen", 3.0),
    ],
)
def test_readability_is_words_a_sentence_plus_share_of_long_words(text: str, index: float) -> None:
    """The index counts no syllables, so that it works in any language."""
    assert coverage.lix(text) == pytest.approx(index)


def test_readability_is_spread_over_either_side() -> None:
    """Hazards and others stand apart."""
    found = coverage.spread([sample("Go home."), sample("Go home now.", positive=True)])
    assert [(each.hazard, each.lix[2]) for each in found] == [(False, 2.0), (True, 3.0)]


def test_rows_are_counted_by_claim_language_length_and_trait() -> None:
    """A row beyond the largest bucket is counted, too."""
    found = coverage.counts(
        [
            sample("x", traits={"tone": "terse"}),
            sample("y", traits={"tone": "chatty"}, roles=("user", "assistant", "user")),
            sample("z", lang="da", characters=9_000),
        ]
    )
    assert [(each.lang, each.bucket, each.rows) for each in found] == [("da", "longer", 1), ("en", "upto1000", 2)]
    assert found[1].traits == {"tone": {"chatty": 1, "terse": 1}}
    assert found[1].turns == {"1": 1, "3": 1}


def test_a_near_duplicate_in_another_fold_or_family_is_found() -> None:
    """One changed word out of sixty leaves a text nearly the same; a text of its own is none."""
    text = words(0, 60)
    near = " ".join([*text[:-1], "other"])
    rows = [
        sample(" ".join(text)),
        sample(near, fold="select"),
        sample(near + " end", family="g"),
        sample(" ".join(words(1, 60)), fold="select"),
    ]
    found = minhash.repeats(rows)
    assert (found.rows, found.folds, found.families) == (4, 3, 3)
    assert found.between == {"f ~ g": 2}


def test_the_two_sides_of_a_pair_are_no_repeat() -> None:
    """Rows of one family and fold may be alike."""
    text = " ".join(words(2))
    found = minhash.repeats([sample(text), sample(text)])
    assert (found.folds, found.families) == (0, 0)


def test_claims_are_not_compared_with_each_other() -> None:
    """The same prompt stands before an answer and alone."""
    text = " ".join(words(3))
    found = minhash.repeats([sample(text), sample(text, fold="select", claim="clinical_misuse@response")])
    assert found.folds == 0
    assert minhash.repeats([]).rows == 0


def test_the_share_of_equal_hashes_estimates_the_similarity() -> None:
    """Within four standard errors of the Jaccard similarity of the sets of shingles."""
    text = words(4, 120)
    changed = text[:60] + words(5, 60)
    one, other = ({tuple(each[i : i + 3]) for i in range(118)} for each in (text, changed))
    truth = len(one & other) / len(one | other)
    signs = minhash.signatures([" ".join(text), " ".join(changed)])
    assert float((signs[0] == signs[1]).mean()) == pytest.approx(truth, abs=4 * (truth * (1 - truth) / signs.shape[1]) ** 0.5)


def test_traits_of_rows_are_kept_where_there_are_any() -> None:
    """Rows of older sets have none."""
    meta = Meta(role=Kind.TRAFFIC, family="t", fold=Fold.TRAIN)
    row = LabelledConversation("1", Conversation((Message(Role.USER, "hi"),)), {Claim.parse(CLAIM): 0}, "en", "", meta)
    assert [(each.claim, each.traits) for each in rowset.collect([row]).samples] == [(rowset.TRAFFIC, {})]


def test_plots_hold_every_figure_in_words() -> None:
    """A title, a description, and no mark-up from a value."""
    samples = rowset.collect(corpus(draws=2)).samples
    told = [replace(each, traits={"tone": "<terse>"}) for each in samples]
    pictures = plots.all_of(shortcuts.judge(told), coverage.measure(told))
    assert pictures.keys() == {"gate.svg", "told.svg", "readability.svg"}
    assert all(svg.startswith("<svg ") and "<title>" in svg and "<desc>" in svg for _, svg in pictures.values())
    assert "&lt;terse&gt;: 144" in pictures["told.svg"][1]
    assert "<terse>" not in pictures["told.svg"][1]
