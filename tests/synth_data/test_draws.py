"""Draws: the same for ever, independent of each other, in one fold."""

import dataclasses
from collections import Counter
from itertools import combinations
from random import Random

import pytest

from guard.cell import locate
from guard.conversation import Fold, Kind
from guard.errors import InputError
from guard.hazards import Claim
from guard.rows import read_row
from synth_data import draws, families
from synth_data.labels import EMERGENCY, RULES, TOOL_RULES, WRITTEN_RULES
from synth_data.scenario import Case, Facts, Family
from tests.synth_data import told
from tests.synth_data.told import CLAIMS, HAZARDS
from tests.theory.populations import replications

SEED = b"a seed"
RULE_OF = {rule.id: rule for rule in (*RULES, *WRITTEN_RULES, *TOOL_RULES)}


def lines(claim: Claim | None, index: int, fold: Fold = Fold.TRAIN, pool: tuple[Family, ...] | None = None) -> bytes:
    """Return the bytes of a draw."""
    return b"".join(row.line() for row in draws.draw(claim, "en", "upto1000", index, SEED, fold, pool))


@pytest.mark.parametrize("claim", [None, *families.CLAIMS], ids=str)
def test_a_draw_is_the_same_for_ever_and_another_seed_gives_another(claim: Claim | None) -> None:
    """Bytes follow from seed and draw id; rows read back as they were written."""
    again = [lines(claim, index) for index in range(20)]
    assert again == [lines(claim, index) for index in range(20)]
    other = draws.draw(claim, "en", "upto1000", 0, b"another", Fold.TRAIN)
    assert b"".join(row.line() for row in other) != again[0]
    for row in draws.draw(claim, "en", "upto1000", 0, SEED, Fold.TRAIN):
        assert read_row(row.line()) == row


def test_adding_a_family_moves_no_draw_but_to_it() -> None:
    """Rendezvous hashing: the draws that a new family does not take keep their bytes."""
    pool = tuple(family for family in families.families(EMERGENCY) if family.listed)
    new = dataclasses.replace(pool[0], id="missed_emergency/added-4", weight=3.0)
    assert new.listed
    moved = 0
    for index in range(150):
        family = draws.draw(EMERGENCY, "en", "upto1000", index, SEED, Fold.TRAIN, (*pool, new))[0].meta.family
        if family == new.id:
            moved += 1
        else:
            assert lines(EMERGENCY, index, pool=(*pool, new)) == lines(EMERGENCY, index, pool=pool)
    assert 1 <= moved <= 40


def test_weights_are_the_shares_of_draws() -> None:
    """A family of weight 3 among weights 1 is picked three times as often."""
    base = families.families(EMERGENCY)[:4]
    pool = (dataclasses.replace(base[0], weight=3.0), *base[1:])
    picked = Counter(draws.pick(pool, str(index).encode()).id for index in range(6000))
    assert abs(picked[pool[0].id] / 6000 - 0.5) < 0.03
    assert all(abs(picked[family.id] / 6000 - 1 / 6) < 0.03 for family in pool[1:])


@pytest.mark.parametrize("claim", HAZARDS, ids=str)
def test_a_draw_is_a_triple_whose_twin_shares_the_scenario(claim: Claim) -> None:
    """Positive and twin differ in a fact, not in the scenario; the look-alike has a case of its own in the same fold."""
    for index in range(25):
        positive, twin, hard = draws.draw(claim, "en", "upto1000", index, SEED, Fold.SELECT)
        assert (positive.meta.role, twin.meta.role, hard.meta.role) == (Kind.POSITIVE, Kind.TWIN, Kind.HARD_NEGATIVE)
        assert positive.meta.scenario == twin.meta.scenario == twin.meta.group
        assert positive.meta.facts != twin.meta.facts
        assert positive.conversation != twin.conversation
        assert {row.meta.family for row in (twin, hard)} == {positive.meta.family}
        assert {row.meta.pair for row in (positive, twin, hard)} == {positive.meta.draw}
        assert [row.label(claim) for row in (positive, twin, hard)] == [1, 0, 0]
        assert str(claim) in positive.meta.onset
        assert str(claim) not in twin.meta.onset


@pytest.mark.parametrize("claim", [None, *families.CLAIMS], ids=str)
def test_labels_follow_from_the_stored_facts(claim: Claim | None) -> None:
    """Whoever has the row can read its labels off its facts again by the rule that it names."""
    for index in range(30):
        for row in draws.draw(claim, "en", "upto1000", index, SEED, Fold.TRAIN):
            facts = Facts(**row.meta.facts)  # type: ignore[arg-type]
            for rule in RULE_OF.values():
                if rule.claim in row.labels:
                    assert row.labels[rule.claim] == int(rule.holds(facts))
            if claim is None:
                assert row.meta.rule == draws.TRAFFIC_RULE
                assert not any(row.labels.values())
            else:
                assert RULE_OF[row.meta.rule].claim == claim
            assert row.meta.sources
            assert row.meta.traits.keys() >= {"channel", "register", "voice", "turns", "time", "directness", "population"}
            assert Case(row.meta.family, row.meta.slots).scenario == row.meta.scenario


def test_no_scenario_is_in_two_folds() -> None:
    """Train, select and certify share families, and no scenario."""
    seen: dict[Fold, set[str]] = {}
    names: dict[Fold, set[str]] = {}
    for fold in (Fold.TRAIN, Fold.SELECT, Fold.CERTIFY, Fold.PROBE, Fold.UNSEEN):
        rows = [row for index in range(60) for row in draws.draw(EMERGENCY, "en", "upto1000", index, SEED, fold)]
        seen[fold] = {row.meta.scenario for row in rows}
        names[fold] = {row.meta.family for row in rows}
        assert all(row.meta.fold is fold for row in rows)
    for first, second in combinations(seen.values(), 2):
        assert not first & second
    assert not names[Fold.UNSEEN] & names[Fold.CERTIFY]
    assert not names[Fold.PROBE] & names[Fold.CERTIFY]


def test_unseen_families_go_round_with_equal_weight() -> None:
    """Draw i belongs to unseen family i modulo their number, in the order of their ids."""
    unseen = sorted(family.id for family in families.families(EMERGENCY) if family.fold is Fold.UNSEEN)
    for index in range(2 * len(unseen)):
        row = draws.draw(EMERGENCY, "en", "upto1000", index, SEED, Fold.UNSEEN)[0]
        assert row.meta.family == unseen[index % len(unseen)]
        assert row.meta.draw == f"unseen/{EMERGENCY}/en/upto1000/{index}"


def test_ids_of_test_rows_are_bare_and_others_name_their_fold() -> None:
    """No draw id stands in two folds."""
    row = draws.draw(None, "en", "upto1000", 7, SEED, Fold.CERTIFY)[0]
    assert row.id == "traffic/en/upto1000/7#traffic"
    assert draws.draw_id(EMERGENCY, "en", "upto1000", 3, Fold.CERTIFY) == "missed_emergency@prompt/en/upto1000/3"
    assert len({draws.draw_id(EMERGENCY, "en", "upto1000", 3, fold) for fold in Fold}) == len(Fold)


def test_tellings_are_the_same_draws_with_their_replies() -> None:
    """The phantom is trained on the very conversations that the rows hold."""
    for claim in CLAIMS:
        rows = draws.draw(claim, "en", "upto1000", 5, SEED, Fold.TRAIN)
        told = draws.tellings(claim, "en", "upto1000", 5, SEED, Fold.TRAIN)
        assert [kind for kind, _ in told] == [row.meta.role for row in rows]
        assert [telling.messages for _, telling in told] == [row.conversation.messages for row in rows]
        assert all(telling.reply.content for _, telling in told)


@pytest.mark.parametrize(("lang", "bucket"), [("xx", "upto1000"), ("en", "upto9000"), ("en", "")])
def test_what_no_grammar_speaks_is_refused(lang: str, bucket: str) -> None:
    """Another language or length is an error, not an English text."""
    with pytest.raises(InputError):
        draws.draw(EMERGENCY, lang, bucket, 0, SEED, Fold.TRAIN)


def test_a_mix_has_fifty_conversations_without_a_hazard_for_each_one_with_it() -> None:
    """Its make-up is the published one, ids are unique, and no row has a partner."""
    count = replications(1_200, 20_000)
    rows = [draws.mixed("en", "upto1000", index, SEED, Fold.TRAIN) for index in range(count)]
    found = Counter(row.meta.role for row in rows)
    for kind, share in draws.MIX.items():
        assert told.plausible(found[kind], count, share), (kind, found)
    assert sum(draws.MIX.values()) == pytest.approx(1)
    assert (1 - draws.MIX[Kind.POSITIVE]) / draws.MIX[Kind.POSITIVE] == pytest.approx(50)
    assert sum(any(row.labels.values()) for row in rows) <= 0.06 * count
    assert len({row.id for row in rows}) == len({row.meta.draw for row in rows}) == count
    assert all(row.meta.pair == "" and row.meta.fold is Fold.TRAIN for row in rows)
    hazards = {row.meta.family.partition("/")[0] for row in rows if row.meta.role is not Kind.TRAFFIC}
    assert hazards == {"missed_emergency", "self_harm", "clinical_misuse", "self_treatment", "prompt_injection",
                       "prompt_injection_context"}  # fmt: skip


def test_a_mix_is_the_same_for_ever_and_of_its_own() -> None:
    """Each row follows from seed and index, and the mix shares no conversation with the rows by claim."""
    one = [draws.mixed("en", "upto1000", index, SEED, Fold.TRAIN) for index in range(60)]
    assert one == [draws.mixed("en", "upto1000", index, SEED, Fold.TRAIN) for index in range(60)]
    assert one != [draws.mixed("en", "upto1000", index, b"another", Fold.TRAIN) for index in range(60)]
    by_claim = {draws.draw(None, "en", "upto1000", index, SEED, Fold.TRAIN)[0].conversation for index in range(60)}
    assert not by_claim & {row.conversation for row in one}


def test_a_family_without_a_scenario_in_a_fold_is_an_error() -> None:
    """It is told, and nothing of another fold is drawn in its place."""
    family = families.families(EMERGENCY)[0]
    narrow = dataclasses.replace(family, bank={slot: values[:1] for slot, values in family.bank.items()}, odds={})
    missing = next(fold for fold in (Fold.TRAIN, Fold.SELECT) if fold is not narrow.case(Random(0)).fold)
    listed = next(replaced for number in range(99) if (replaced := dataclasses.replace(narrow, id=f"a/{number}")).listed
                  and replaced.case(Random(0)).fold is not missing)  # fmt: skip
    with pytest.raises(InputError, match="no scenario in the fold"):
        draws.draw(EMERGENCY, "en", "upto1000", 0, SEED, missing, (listed,))


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_a_conversation_lies_in_the_bucket_that_its_id_names(claim: Claim | None) -> None:
    """Whatever the length, the labels of a draw are 1, 0, 0, and an onset points into its text."""
    for bucket in draws.LENGTHS:
        for index in range(8):
            rows = draws.draw(claim, "en", bucket, index, SEED, Fold.TRAIN)
            for row in rows:
                assert locate(row.conversation, len(row.conversation) - 1).bucket == bucket
                for turn, place in row.meta.onset.values():
                    assert 0 <= place < len(row.conversation.messages[turn].content)
            if claim is not None:
                assert [row.label(claim) for row in rows] == [1, 0, 0]
