"""Every family of every claim: wide enough, sourced, worded without gaps, labelled by a rule, told in all kinds."""

import csv
import math
import re
from collections import Counter
from functools import cache
from random import Random

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from guard import resources
from guard.cell import BUCKETS, locate
from guard.conversation import Conversation, Fold, Kind, Role
from guard.errors import InputError
from guard.hazards import Claim, Taxonomy
from synth_data import draws, families, labels
from synth_data.families import people
from tests.synth_data import told
from tests.synth_data.told import CLAIMS, HAZARDS, PAIR, TRIPLE
from tests.theory.populations import replications

ALL = [family for claim in CLAIMS for family in families.families(claim)]
LEAST = dict.fromkeys(HAZARDS, 100) | {labels.SELF_HARM: 80}
LEAST_ORDINARY = 150
FOLDS = {Fold.CERTIFY: 154 / 256, Fold.PROBE: 25 / 256, Fold.UNSEEN: 77 / 256}
TOLD = replications(6, 60)
LOOKED = 400
"""Tellings among which every kind turns up in each family."""
CUES = {
    labels.EMERGENCY: "sudden pain blood never always without end hurt stop usual",
    labels.SELF_HARM: "sudden pain bad never always doctor without die dead end stop",
    labels.MISUSE: "blood pain bad never doctor without consent end asked",
    labels.SELF_TREATMENT: "blood pain bad never doctor without end stop",
    labels.INJECTION: "never secret without forget instructions rules limits stop doctor",
    labels.INJECTION_CONTEXT: "never without doctor system end stop asked agreed",
}
"""Alarming and calm words that stand on both sides of the pairs of a claim."""


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_a_claim_has_enough_families_in_every_fold(claim: Claim | None) -> None:
    """A hundred families (eighty of self-harm, 150 of ordinary chat), and the folds have the shares that the hash gives."""
    found = families.families(claim)
    assert len(found) >= (LEAST_ORDINARY if claim is None else LEAST[claim])
    folds = Counter(family.fold for family in found)
    for fold, share in FOLDS.items():
        assert told.plausible(folds[fold], len(found), share), (fold, folds)
    assert folds[Fold.CERTIFY] >= 20
    assert folds[Fold.UNSEEN] >= 20


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_scenarios_fall_to_the_folds_by_their_shares(claim: Claim | None) -> None:
    """Half of the scenarios of the families are for training, a fifth for choosing, the rest for the test."""
    cases = [told.case(family, index) for family in families.families(claim) for index in range(30)]
    distinct = {case.scenario: case for case in cases}
    folds = Counter(case.fold for case in distinct.values())
    for fold, share in ((Fold.TRAIN, 128 / 256), (Fold.SELECT, 51 / 256), (Fold.CERTIFY, 77 / 256)):
        assert told.plausible(folds[fold], len(distinct), share), (fold, folds)


def test_names_are_unique_and_lead_back_to_the_family() -> None:
    """An id names one family, and unknown ids are refused."""
    assert len({family.id for family in ALL}) == len(ALL)
    for family in ALL[::40]:
        assert families.by_id(family.id) is family
    assert all(re.fullmatch(r"[a-z_]+/[a-z0-9_]+", family.id) for family in ALL)
    with pytest.raises(InputError, match="no family"):
        families.by_id("missed_emergency/none")
    with pytest.raises(InputError, match="no families"):
        families.families(Claim.parse("over_refusal@response"))


@pytest.mark.parametrize("claim", labels.WRITTEN_CLAIMS, ids=str)
def test_answers_come_from_the_families_of_what_they_answer(claim: Claim) -> None:
    """The same families serve the claim about the prompt and the one about its answer."""
    assert families.families(claim) == families.families(labels.ANSWERED[claim])


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_a_family_has_at_least_200_meanings(claim: Claim | None) -> None:
    """The bank is wide; a value that stands in it twice to weigh more counts once, and `odds` names every value."""
    for family in families.families(claim):
        assert math.prod(len(set(values)) for values in family.bank.values()) >= 200, family.id
        assert all(set(odds) == set(family.bank[slot]) for slot, odds in family.odds.items()), family.id


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_a_family_is_worded_without_gaps(claim: Claim | None) -> None:
    """No dangling slot or mark, in English, within the bucket, the onset inside the text and at the beginning of a word."""
    for family, _, kinds in told.some(claim, TOLD):
        for kind, telling in kinds.items():
            answers = [reply.content for reply in (telling.reply, telling.unsafe_reply, telling.refusal) if reply]
            typed = [message.content for message in telling.messages if message.role is not Role.TOOL]
            for content in (*typed, *answers):
                assert not told.GAP.search(content), (family.id, content)
                if claim in told.TYPED:
                    assert not told.MARKUP.search(content), (family.id, content)
            last = telling.messages[-1]
            assert last.role in (Role.USER, Role.TOOL)
            assert last.content
            conversation, turn = Conversation(telling.messages), len(telling.messages) - 1
            assert conversation.characters(turn) <= BUCKETS[0][1], family.id
            assert "en" in locate(conversation, turn).languages, told.text(telling)
            assert telling.reply.role is Role.ASSISTANT
            assert 4 <= len(telling.reply.content.split()) <= 90, telling.reply.content
            assert (telling.onset is not None) == (kind is Kind.POSITIVE)
            if telling.onset is not None:
                turn, place = telling.onset
                content = telling.messages[turn].content
                assert 0 <= place < len(content)
                assert content[place].isprintable()
                assert not content[place].isspace()
                # A calendar writes a line break as a backslash and an n.
                assert place == 0 or not content[place - 1].isalnum() or content[:place].endswith("\\n")


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_a_rule_reads_the_label_off_the_facts(claim: Claim | None) -> None:
    """Only the positive of its own claim carries it; twins and look-alikes do not, and ordinary chat carries nothing."""
    rules = {rule.claim: rule for rule in labels.RULES}
    for family, _, kinds in told.some(claim, TOLD):
        for kind, telling in kinds.items():
            if claim is None:
                assert not any(rule.holds(telling.facts) for rule in labels.RULES), family.id
            else:
                assert rules[claim].holds(telling.facts) == (kind is Kind.POSITIVE), family.id


@cache
def facts(table: str) -> dict[str, dict[str, str]]:
    """Return a table of facts by id."""
    with resources.path(f"policies/facts/{table}").open(encoding="utf8", newline="") as stream:
        return {entry["id"]: entry for entry in csv.DictReader(stream)}


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_a_family_names_rows_that_exist(claim: Claim | None) -> None:
    """Sources are `file:id` of the facts tables, checked or open ones."""
    for family in families.families(claim):
        assert family.sources, family.id
        for source in family.sources:
            table, _, row = source.partition(":")
            assert facts(table)[row]["status"] in ("V", "L"), source


def test_an_emergency_rests_on_a_row_of_the_highest_level() -> None:
    """The level is E, or the note says under which sign it is; a third of the families at most rest on open rows alone."""
    found = families.families(labels.EMERGENCY)
    unchecked = 0
    for family in found:
        rows = [facts(*source.split(":")[:1])[source.partition(":")[2]] for source in family.sources]
        for row in rows:
            assert row["level"] == "E" or (row["level"] == "EU" and re.search(r"\bE\b", row["note"])), row["id"]
        unchecked += all(row["status"] == "L" for row in rows)
    assert unchecked <= len(found) * 0.35


@pytest.mark.parametrize("claim", HAZARDS, ids=str)
def test_every_family_is_told_in_five_kinds(claim: Claim) -> None:
    """Beside positive, twin and look-alike: a positive whose hazard is implicit, and a look-alike that only quotes it."""
    for family in families.families(claim):
        for kind, directness in ((Kind.POSITIVE, "implicit"), (Kind.HARD_NEGATIVE, "quoted")):
            assert any(
                told.choices(family, told.case(family, index), index, kind).traits["directness"] == directness
                for index in range(LOOKED)
            ), (family.id, directness)


@pytest.mark.parametrize("claim", HAZARDS, ids=str)
def test_a_pair_is_of_one_length_class(claim: Claim) -> None:
    """Both sides are within 15 % of each other, no family leans by more than a twentieth, and length tells nothing."""
    lengths: dict[str, list[tuple[int, int]]] = {}
    for family, _, positive, twin in told.pairs(claim, 12):
        assert positive.messages != twin.messages, family.id
        lengths.setdefault(family.id, []).append((len(told.text(positive)), len(told.text(twin))))
    for id_, both in lengths.items():
        assert all(0.85 <= one / other <= 1 / 0.85 for one, other in both), id_
        assert 0.95 <= sum(one for one, _ in both) / sum(other for _, other in both) <= 1 / 0.95, id_
    one, other = (np.array([pair[side] for both in lengths.values() for pair in both]) for side in (0, 1))
    truth = np.repeat([1, 0], len(one))
    assert 0.45 <= float(roc_auc_score(truth, np.concatenate([one, other]))) <= 0.55
    assert 0.4 <= float(np.mean((one > other) + (one == other) / 2)) <= 0.6


@pytest.mark.parametrize("claim", HAZARDS, ids=str)
def test_length_does_not_tell_a_look_alike_either(claim: Claim) -> None:
    """Over whole triples, length alone is near chance."""
    rows = [
        (kind is Kind.POSITIVE, len(told.text(each))) for _, _, kinds in told.some(claim, TOLD) for kind, each in kinds.items()
    ]
    assert 0.4 <= float(roc_auc_score([hazard for hazard, _ in rows], [length for _, length in rows])) <= 0.6


@pytest.mark.parametrize("claim", HAZARDS, ids=str)
def test_cue_words_stand_on_both_sides(claim: Claim) -> None:
    """Alarming words are as frequent in twins as in positives, and no frequent word leans far to one side of the pairs."""
    positives: Counter[str] = Counter()
    twins: Counter[str] = Counter()
    for family, _, positive, twin in told.pairs(claim, 12):
        if family.fold is not Fold.UNSEEN:
            positives.update(set(told.words(told.text(positive))))
            twins.update(set(told.words(told.text(twin))))
    for word in CUES[claim].split():
        both = positives[word] + twins[word]
        assert both >= 10, f"{word} is rare"
        assert told.plausible(positives[word], both, 0.5, 1e-3), (word, positives[word], twins[word])
    leaning = {
        word: (positives[word], twins[word])
        for word in positives | twins
        if positives[word] + twins[word] >= 50 and not 1 / 3 <= positives[word] / (positives[word] + twins[word]) <= 2 / 3
    }
    assert not leaning


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_a_family_has_ten_thousand_surface_forms(claim: Claim | None) -> None:
    """Of the families with the fewest meanings, 400 draws differ but for one in a hundred, which shows 10,000."""
    for family in sorted(families.families(claim), key=lambda each: each.keys)[:3]:
        kinds = (Kind.TRAFFIC,) if claim is None else (Kind.POSITIVE, Kind.HARD_NEGATIVE)
        for kind in kinds:
            drawn = [told.choices(family, told.case(family, index), index, kind) for index in range(400)]
            spelt = [" ".join(told.words(told.text(telling)).elements()) for telling in drawn]
            assert len(set(spelt)) >= 0.99 * len(spelt), family.id
            assert told.least_forms(spelt) >= 10_000, family.id


def test_the_bound_on_surface_forms_is_a_bound() -> None:
    """It stays below the number of texts in 95 of 100 sets, and shows fewer than 10,000 where there are fewer."""
    rng = Random("forms")
    for size in (300, 5_000, 50_000):
        bounds = [told.least_forms([str(rng.randrange(size)) for _ in range(400)]) for _ in range(300)]
        assert sum(bound <= size for bound in bounds) >= 0.91 * len(bounds)
        if size < 10_000:
            assert max(bounds) < 10_000 if size == 300 else sum(bound >= 10_000 for bound in bounds) <= 0.09 * len(bounds)


def test_people_of_every_group_are_drawn() -> None:
    """A group is a list of people; staff tell of patients where something is described."""
    for group, members in people.GROUPS.items():
        assert len(set(members)) == len(members) >= 4
        assert set(people.described(group)) >= set(members)
    assert {people.register(person) for person in people.described("adult")} == {"self", "caregiver", "clinician"}


VOICES = {"self", "caregiver", "clinician"}


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (labels.EMERGENCY, VOICES),
        (labels.SELF_HARM, VOICES),
        (labels.MISUSE, VOICES - {"self"}),
        (labels.SELF_TREATMENT, VOICES - {"self"}),
        (None, VOICES - {"clinician"}),
    ],
    ids=str,
)
def test_people_speak_for_themselves_for_others_and_at_work(claim: Claim | None, expected: set[str]) -> None:
    """Each voice occurs (whoever asks for an act names another), and several channels, registers and ways to take turns."""
    rows = [telling for _, _, kinds in told.some(claim, TOLD) for telling in kinds.values()]
    voices = Counter(telling.traits["voice"] for telling in rows)
    assert voices.keys() >= expected
    assert all(voices[voice] >= 0.02 * len(rows) for voice in expected)
    for trait, least in (("channel", 4), ("register", 5), ("turns", 3 if claim is None else 4), ("population", 3)):
        assert len({telling.traits[trait] for telling in rows}) >= least, trait


def test_about_a_fifth_of_ordinary_chat_has_a_document() -> None:
    """Context monitors are judged on ordinary chat, too."""
    listed = [family for family in families.families(None) if family.listed]
    with_tool = 0.0
    for family in listed:
        _, kinds = told.tell(family, 0)
        with_tool += family.weight * any(message.role is Role.TOOL for message in kinds[Kind.TRAFFIC].messages)
    assert 0.15 <= with_tool / sum(family.weight for family in listed) <= 0.3


def test_the_taxonomy_knows_every_claim() -> None:
    """Every claim of the generator is in the taxonomy and says what a miss is."""
    taxonomy = Taxonomy.read(resources.yaml("policies/hazards.yaml"))
    assert len(taxonomy.hazards) == 13
    assert "over_refusal" in taxonomy.hazards
    for claim in families.CLAIMS:
        assert taxonomy.claim(str(claim)) == claim
        assert taxonomy.miss(claim).startswith("does not notice")


def test_a_triple_of_each_kind_is_drawn_by_its_name() -> None:
    """The three kinds of a draw come in their order."""
    assert tuple(row.meta.role for row in draws.draw(labels.EMERGENCY, "en", draws.BUCKET, 0, b"", Fold.TRAIN)) == TRIPLE
    assert TRIPLE[:2] == PAIR
