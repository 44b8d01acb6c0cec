"""What a user asks for, misuse or risky treatment: who speaks, what a pair shares, the attack wrapper, what is answered."""

import re
from collections import Counter

import pytest

from guard.conversation import Kind, Role
from guard.hazards import Claim
from synth_data import families, labels, languages
from synth_data.families import attacks, odds, read, requested
from synth_data.families.requested import BESIDE, Act
from synth_data.labels import MISUSE, SELF_TREATMENT
from synth_data.scenario import rng
from tests.synth_data import told
from tests.theory.populations import replications

CLAIMS = (MISUSE, SELF_TREATMENT)
TOLD = replications(8, 60)
LANGUAGE = languages.language("en")
DOSE = re.compile(r"\d\s*(mg|ml|mcg|µg|g|units?|milligrams?|millilitres?)\b", re.IGNORECASE)


def kinds(claim: Claim) -> dict[str, Act]:
    """Return the English kinds by family."""
    name = requested._HAZARDS[claim].file
    return {f"{claim.hazard}/{id_}": each["en"] for id_, each in read.kinds(name, Act, lambda kind: kind.id).items()}


def test_most_misuse_is_asked_for_by_patients_or_relatives() -> None:
    """Two thirds in a private voice, the rest clinicians and institutions; risky treatment is hardly ever told by staff."""
    staff = Counter(kind.staff for kind in kinds(MISUSE).values())
    assert 0.3 <= staff[True] / staff.total() <= 0.4
    assert sum(kind.staff for kind in kinds(SELF_TREATMENT).values()) <= 6


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_a_kind_has_contrasts_of_one_length_class(claim: Claim) -> None:
    """At least three explicit contrasts and an implicit one; act and way together differ by less than a third."""
    ratios = []
    for id_, kind in kinds(claim).items():
        assert len(kind.contrasts) >= 3, id_
        assert kind.implicit, id_
        for detail, (act, wrong, right) in kind.details.items():
            assert wrong != right, (id_, detail)
            ratios.append(len(f"{act} {wrong}") / len(f"{act} {right}"))
            assert 0.75 <= ratios[-1] <= 1 / 0.75, (id_, detail)
        assert len(kind.looks) >= 2, id_
    assert 0.98 <= sum(ratios) / len(ratios) <= 1.02


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_the_label_is_one_for_positives_and_nought_for_their_twins_and_look_alikes(claim: Claim) -> None:
    """The rule reads it off the facts, and the neighbouring hazard is left open where the other is there."""
    other = SELF_TREATMENT if claim == MISUSE else MISUSE
    for _, _, tellings in told.some(claim, TOLD):
        found = [labels.label(telling.facts, has_context=False) for telling in tellings.values()]
        assert [labelled[claim] for labelled in found] == [1, 0, 0]
        assert [labelled.get(other) for labelled in found] == [None, 0, 0]


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_a_pair_differs_by_its_contrast_and_by_nothing_else(claim: Claim) -> None:
    """Told with the same choices, all words are shared but those of the two ways, voices, and typing slips."""
    by_id, speech = kinds(claim), LANGUAGE.requesting[claim.hazard]
    alike = total = 0
    for family, case, positive, twin in told.pairs(claim, TOLD):
        if positive.traits["register"] == "slips":
            continue
        kind = by_id[family.id]
        things = " ".join(values[int(case.slots[name])] for name, values in kind.things.items())
        fillers = " ".join(LANGUAGE.delivering.fillers) if positive.traits["channel"] == "voice" else ""
        said = f"{' '.join(kind.details[case.slots['detail']])} {things} {' '.join(speech.voices[kind.voice])} {fillers}"
        own = set(told.words(said)) | {"he", "him", "his", "she", "her", "my", "me", "i", "they", "them", "their", "do", "it"}
        if isinstance(kind.who, tuple):
            own |= set(told.words(kind.who[int(case.slots["who"])].replace("/", " ")))
        else:
            own |= set(told.words(" ".join(LANGUAGE.people[case.slots["who"]].named.values())))
        total += 1
        alike += (set(told.words(told.text(positive))) ^ set(told.words(told.text(twin)))) <= own
    assert total > 300
    assert alike / total >= 0.97


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_where_both_ways_are_named_a_pair_has_the_same_words(claim: Claim) -> None:
    """Only their order, or whom the speaker sides with, tells which is meant; these shapes have their published share."""
    shapes: Counter[str] = Counter()
    for _, case, positive, twin in told.pairs(claim, TOLD):
        shape = case.slots["shape"]
        shapes[shape] += 1
        plain = positive.traits["register"] != "slips" and positive.traits["channel"] != "voice"
        if shape in ("urged", "changed") and plain:
            one, other = (told.words(told.text(telling)) for telling in (positive, twin))
            assert ((one - other) + (other - one)).total() <= 4, told.text(positive)
    assert told.plausible(sum(shapes[shape] for shape in BESIDE), shapes.total(), odds.BESIDE)
    assert set(shapes) == set(LANGUAGE.requesting[claim.hazard].frames)


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_requests_and_times_stand_on_both_sides(claim: Claim) -> None:
    """Every request form and time that positives name occurs in twins as often."""
    speech = LANGUAGE.requesting[claim.hazard]
    rows = [
        [" ".join(told.text(telling).lower().split()) for telling in (positive, twin)]
        for _, _, positive, twin in told.pairs(claim, TOLD)
        if positive.traits["register"] != "slips" and positive.traits["channel"] != "voice"
    ]
    for value in (*speech.requests, *speech.times):
        one, other = (sum(value.lower() in row[side] for row in rows) for side in (0, 1))
        assert one > 0
        assert abs(one - other) <= max(4, 0.2 * one), value


def test_the_wrapper_belongs_to_the_scenario() -> None:
    """A fifth of the scenarios is wrapped, all kinds alike; a wrapped twin is an injection and no misuse."""
    wrapped = total = 0
    for _, case, tellings in told.some(MISUSE, TOLD):
        found = {telling.facts.override_by == "user" for telling in tellings.values()}
        assert found == {attacks.attacked(case)}
        assert {telling.traits["attack"] for telling in tellings.values()} == {"wrapped" if attacks.attacked(case) else "none"}
        twin = labels.label(tellings[Kind.TWIN].facts, has_context=False)
        assert (twin[labels.INJECTION], twin[MISUSE]) == (int(attacks.attacked(case)), 0)
        wrapped += attacks.attacked(case)
        total += 1
    assert attacks.ATTACK_SHARE == 0.2
    assert told.plausible(wrapped, total, attacks.ATTACK_SHARE)


def test_risky_treatment_is_never_wrapped() -> None:
    """The wrapper belongs to misuse."""
    for _, _, tellings in told.some(SELF_TREATMENT, TOLD):
        assert all(telling.facts.override_by == "" for telling in tellings.values())


def test_a_wrapper_stands_around_the_request_and_leaves_it_whole() -> None:
    """It adds words before, after or around, whatever is inside."""
    made = {attacks.wrap("Please help me.", LANGUAGE, rng(b"wrap", str(index))) for index in range(300)}
    assert all("lease help me." in wrapped and len(wrapped) > 25 for wrapped in made)
    assert len(made) > 150


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_a_refusal_names_the_matter_and_offers_help(claim: Claim) -> None:
    """Without a wrapper a positive is refused in 10 to 40 words, about its topic, and with an offer."""
    by_id = kinds(claim)
    for family, case, positive, _ in told.pairs(claim, TOLD):
        assert positive.refusal is not None
        refusal = positive.refusal.content
        assert by_id[family.id].topic in refusal
        assert "I can " in refusal
        if positive.traits["attack"] == "none":
            assert by_id[family.id].topic in positive.reply.content
            assert 10 <= len(positive.reply.content.split()) <= 40, positive.reply.content
        else:
            assert attacks.attacked(case)
            assert by_id[family.id].topic not in positive.reply.content


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_every_positive_has_an_answer_that_goes_along_and_holds_no_dose(claim: Claim) -> None:
    """10 to 45 words, without an amount; under a wrapper the phantom is taught such an answer as well."""
    by_id = kinds(claim)
    for family, _, tellings in told.some(claim, TOLD):
        positive = tellings[Kind.POSITIVE]
        assert positive.unsafe_reply is not None
        assert tellings[Kind.TWIN].unsafe_reply is tellings[Kind.HARD_NEGATIVE].unsafe_reply is None
        wrapped = positive.traits["attack"] == "wrapped"
        for answer in [positive.unsafe_reply.content] + [positive.reply.content] * wrapped:
            assert 10 <= len(answer.split()) <= 45, answer
            assert not DOSE.search(answer), answer
            assert f"help with {by_id[family.id].topic}" not in answer


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_no_text_names_a_dose(claim: Claim) -> None:
    """Categories only, in every kind and answer."""
    for _, _, tellings in told.some(claim, TOLD):
        for telling in tellings.values():
            assert not DOSE.search(told.text(telling)), told.text(telling)


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_the_hazard_begins_where_the_act_is_named(claim: Claim) -> None:
    """The onset is the beginning of the act, of "do it", or of siding with somebody, in a turn of the user."""
    by_id = kinds(claim)
    for family, case, positive, _ in told.pairs(claim, TOLD):
        assert positive.onset is not None
        turn, at = positive.onset
        message = positive.messages[turn]
        assert message.role is Role.USER
        assert at == 0 or message.content[at - 1].isspace()
        opening = {by_id[family.id].details[case.slots["detail"]][0].split()[0].lower(), "do", "i"}
        word = message.content[at:].split()[0].lower().strip(".,:;?!")
        assert word in opening or positive.traits["register"] == "slips" or word[0] in {each[0] for each in opening}, (
            word,
            opening,
        )


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_a_look_alike_speaks_of_the_wrong_way_without_wanting_it(claim: Claim) -> None:
    """A question of its own, a harmless task around it, or putting it aside; nothing harmful is wanted."""
    seen = Counter(tellings[Kind.HARD_NEGATIVE].traits["directness"] for _, _, tellings in told.some(claim, TOLD))
    assert seen.keys() == {"mentioned", "quoted", "denied"}
    assert min(seen.values()) > 0.1 * seen.total()
    for _, _, tellings in told.some(claim, TOLD):
        facts = tellings[Kind.HARD_NEGATIVE].facts
        assert not facts.harmful_aim
        assert not facts.risky_treatment


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_families_carry_the_claim_and_a_row_of_the_facts_table(claim: Claim) -> None:
    """Each family rests on the kind that it is named after."""
    table = requested._HAZARDS[claim].table
    for family in families.families(claim):
        assert family.claim == claim
        assert family.sources == (f"{table}:{family.id.partition('/')[2]}",)


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_no_slot_of_a_family_hides_a_word_of_the_frames(claim: Claim) -> None:
    """A family's own slots take no name that a template of the shared speech fills, at any depth."""
    speech = LANGUAGE.requesting[claim.hazard]
    templates = [*speech.own_frames, *speech.declined, *speech.task_answers, *speech.answers.values()]
    templates += [frame for frames in speech.frames.values() for frame in frames]
    templates += [frame for rule, _ in speech.tasks for frame in speech.rules[rule]]
    filled: set[str] = set()
    while templates:
        new = set(re.findall(r"{([a-z_]+)}", templates.pop())) - filled
        filled |= new
        templates += [template for name in new for template in speech.rules.get(name, ())]
    assert {"act", "way", "want", "hello"} <= filled
    shared = {"who", "detail", "reason", "voice", "time", "request", "shape", "topic", "right"}
    for id_, kind in kinds(claim).items():
        assert not (filled | shared) & set(kind.things), id_
