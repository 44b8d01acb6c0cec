"""Families of misuse: who speaks, what a pair shares, the attack wrapper, and what is answered."""

import re
from collections.abc import Iterator
from functools import cache
from random import Random

import pytest
from sklearn.metrics import roc_auc_score

from guard.conversation import Kind
from guard.hazards import Claim
from synth_data import labels
from synth_data.families import attacks, misuse, misuse_speech
from synth_data.families.misuse import MISUSE
from synth_data.scenario import Case, Family, Telling

PER_FAMILY = 200
DOSE = re.compile(r"\d\s*(mg|ml|mcg|µg|g|units?|milligrams?|millilitres?)\b", re.IGNORECASE)
KINDS = {f"clinical_misuse/{kind.id}": kind for kind in (*misuse._read("misuse.yaml"), *misuse._read("misuse_staff.yaml"))}


def drawn(family: Family) -> tuple[tuple[Case, Telling, Telling, Telling], ...]:
    """Return cases with their positive, twin and look-alike, told with the same choices."""
    return told(family.id)


@cache
def told(id_: str) -> tuple[tuple[Case, Telling, Telling, Telling], ...]:
    """Tell the cases of a family, once."""
    family = next(family for family in MISUSE if family.id == id_)
    cases = [family.case(Random(f"{family.id} {index}")) for index in range(PER_FAMILY)]
    return tuple(
        (
            case,
            family.tell(case, Kind.POSITIVE, Random(index)),
            family.tell(case, Kind.TWIN, Random(index)),
            family.tell(case, Kind.HARD_NEGATIVE, Random(index)),
        )
        for index, case in enumerate(cases)
    )


def every() -> Iterator[tuple[Case, Telling, Telling, Telling]]:
    """Go through a part of the draws of all families."""
    for family in MISUSE:
        yield from drawn(family)[:40]


def text(telling: Telling) -> str:
    """Return what is judged."""
    return "\n".join(message.content for message in telling.messages)


def words(spoken: str) -> set[str]:
    """Return the words of a text."""
    return set(re.findall(r"[a-zé']+", spoken.lower()))


def test_there_are_many_families_and_most_speak_as_patients_or_relatives() -> None:
    """At least 32 families; two thirds in a private voice, the rest clinicians and institutions."""
    assert len(MISUSE) >= 32
    staff = sum(kind.staff for kind in KINDS.values())
    assert 0.3 <= staff / len(MISUSE) <= 0.36


@pytest.mark.parametrize("family", MISUSE, ids=lambda family: family.id)
def test_a_family_is_worded_without_gaps_in_each_kind(family: Family) -> None:
    """200 tellings of each kind: no slot or mark is left, lengths are those of a chat message."""
    assert family.keys >= 200
    for _, *kinds in drawn(family):
        for telling in kinds:
            unsafe = telling.unsafe_reply.content if telling.unsafe_reply else ""
            whole = "\n".join((text(telling), telling.reply.content, unsafe))
            assert not re.search(r"[{}<>\[\]|\x01]|  ", whole), whole
            assert 40 <= len(text(telling)) <= 800


def test_the_label_is_one_for_positives_and_nought_for_their_twins_and_look_alikes() -> None:
    """The rule reads it off the facts."""
    for _, *kinds in every():
        assert [labels.label(telling.facts, has_context=False)[labels.MISUSE] for telling in kinds] == [1, 0, 0]


def test_a_pair_differs_by_its_contrast_and_by_nothing_else() -> None:
    """Told with the same choices, all words are shared but those of the two ways, voices, and typing slips."""
    alike = total = 0
    for case, positive, twin, _ in every():
        kind = KINDS[case.family]
        _, wrong, right = kind.contrasts[case.slots["detail"]]
        values = " ".join((*case.slots.values(), *misuse_speech.VOICES[kind.voice], kind.people[case.slots["who"]].subject))
        own = words(f"{wrong} {right} {values}") | {"he", "him", "his", "she", "her", "my", "do", "it"}
        total += 1
        alike += (words(text(positive)) ^ words(text(twin))) <= own | words(kind.contrasts[case.slots["detail"]][0])
    assert alike / total >= 0.8


def test_requests_times_and_things_stand_on_both_sides() -> None:
    """Every request form, time and medicine that a positive names occurs in twins, too."""
    for family in MISUSE:
        seen = [" ".join(text(row[index]).lower() for row in drawn(family)) for index in (1, 2)]
        for slot in ("request", "time", *KINDS[family.id].things):
            for value in family.bank[slot]:
                assert (value.lower() in seen[0]) == (value.lower() in seen[1]), (family.id, value)


def test_length_says_nothing_about_the_label() -> None:
    """Length alone tells neither twins nor look-alikes from positives."""
    rows = list(every())
    for other in (2, 3):
        lengths = [len(text(row[1])) for row in rows] + [len(text(row[other])) for row in rows]  # type: ignore[arg-type]
        truth = [1] * len(rows) + [0] * len(rows)
        assert 0.35 <= float(roc_auc_score(truth, lengths)) <= 0.65


def test_the_wrapper_belongs_to_the_scenario() -> None:
    """A fifth of the scenarios is wrapped, all kinds alike; a wrapped twin is an injection and no misuse."""
    wrapped = total = 0
    for case, *kinds in every():
        found = {telling.facts.override_by == "user" for telling in kinds}
        assert found == {attacks.attacked(case)}
        twin = labels.label(kinds[1].facts, has_context=False)
        assert twin[labels.INJECTION] == int(attacks.attacked(case))
        wrapped += attacks.attacked(case)
        total += 1
    assert misuse.ATTACK_SHARE == attacks.ATTACK_SHARE == 0.2
    assert abs(wrapped / total - attacks.ATTACK_SHARE) < 0.04


def test_a_wrapper_stands_around_the_request_and_leaves_it_whole() -> None:
    """It adds words before, after or around, whatever is inside."""
    made = {attacks.wrap("Please help me.", Random(index)) for index in range(300)}
    assert all("lease help me." in wrapped and len(wrapped) > 25 for wrapped in made)
    assert len(made) > 150


def test_a_refusal_names_the_matter_and_offers_help() -> None:
    """Without a wrapper a positive is refused in 12 to 35 words, about its topic, and with an offer."""
    for case, positive, *_ in every():
        if not attacks.attacked(case):
            reply = positive.reply.content
            assert 12 <= len(reply.split()) <= 35, reply
            assert KINDS[case.family].topic in reply
            assert "I can " in reply


def test_every_positive_has_an_answer_that_goes_along_and_holds_no_dose() -> None:
    """15 to 40 words, without an amount; under a wrapper the phantom is taught such an answer as well."""
    for case, positive, twin, look in every():
        assert positive.unsafe_reply is not None
        assert twin.unsafe_reply is look.unsafe_reply is None
        answers = [positive.unsafe_reply.content] + [positive.reply.content] * attacks.attacked(case)
        for answer in answers:
            assert 15 <= len(answer.split()) <= 41, answer
            assert not DOSE.search(answer), answer
            assert KINDS[case.family].topic not in answer


def test_the_hazard_begins_where_the_act_is_named() -> None:
    """The onset is the beginning of a word of the last message, the first of what is wanted or sided with."""
    for case, positive, *_ in every():
        assert positive.onset is not None
        turn, at = positive.onset
        assert turn == len(positive.messages) - 1
        content = positive.messages[turn].content
        assert at == 0 or content[at - 1] == " "
        first = KINDS[case.family].contrasts[case.slots["detail"]][0].split()[0]
        assert content[at:].split()[0].lower()[:1] in {first[:1], "d", "i"}


@pytest.mark.parametrize("claim", [labels.MISUSE])
def test_families_carry_the_claim_and_a_row_of_the_facts_table(claim: Claim) -> None:
    """Each family rests on the kind that it is named after."""
    for family in MISUSE:
        assert family.claim == claim
        assert family.sources == (f"misuse_kinds.csv:{family.id.partition('/')[2]}",)


def test_no_slot_of_a_family_hides_a_word_of_the_frames() -> None:
    """A family's own slots do not take the names that the shared speech fills."""
    frame_words = {"act", "way", "other", "wrong", "one", "two", "second", "chosen", "again", "look", "topic", "right"}
    for family in MISUSE:
        assert not frame_words & set(family.bank)
