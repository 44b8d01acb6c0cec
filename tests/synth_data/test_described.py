"""What a user describes, an emergency or distress: what a pair shares, where the sign stands, and what is answered."""

import re
from collections import Counter

import pytest

from guard.conversation import Kind, Role
from guard.hazards import Claim
from synth_data import languages
from synth_data.families import described, odds, read
from synth_data.families.described import BESIDE, Sign
from synth_data.labels import EMERGENCY, SELF_HARM
from synth_data.languages import english
from tests.synth_data import told
from tests.theory.populations import replications

CLAIMS = (EMERGENCY, SELF_HARM)
TOLD = replications(8, 60)
LANGUAGE = languages.language("en")
NUMBERS = re.compile(r"\b(999|911|112)\b")


def kinds(claim: Claim) -> dict[str, Sign]:
    """Return the English kinds by family."""
    name = described._HAZARDS[claim].file
    return {f"{claim.hazard}/{id_}": each["en"] for id_, each in read.kinds(name, Sign, lambda kind: kind.id).items()}


def said(phrase: str, person: english.Person) -> set[str]:
    """Return every word that a phrase may say of a person, now or in the past."""
    whole = "".join(english.tell(phrase, each, past=past) + " " for each in (person, person.again()) for past in (True, False))
    return set(told.words(re.sub(r"[\[\]|]", " ", whole)))


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_a_kind_has_contrasts_of_one_length_class(claim: Claim) -> None:
    """At least three explicit contrasts and an implicit one; sign and near miss differ by less than a quarter in length."""
    ratios = []
    for id_, kind in kinds(claim).items():
        assert len(kind.contrasts) >= 3, id_
        assert kind.implicit, id_
        assert not set(kind.contrasts) & set(kind.implicit), id_
        assert len(set(kind.settings)) == len(kind.settings) >= 3, id_
        for detail, (sign, near, calm) in kind.details.items():
            assert sign != near, (id_, detail)
            assert calm, (id_, detail)
            ratios.append(len(sign) / len(near))
            assert 0.75 <= ratios[-1] <= 1 / 0.75, (id_, detail)
    assert 0.98 <= sum(ratios) / len(ratios) <= 1.02


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_a_pair_differs_by_its_contrast_and_by_nothing_else(claim: Claim) -> None:
    """Told with the same choices, all words are shared but those of sign and near miss, the people, and typing slips."""
    by_id, alike, total = kinds(claim), 0, 0
    for family, case, positive, twin in told.pairs(claim, TOLD):
        if positive.traits["register"] == "slips":
            continue
        sign, near, _ = by_id[family.id].details[case.slots["detail"]]
        person = LANGUAGE.people[case.slots["who"]]
        own = said(sign, person) | said(near, person)
        for stranger in (each for group in LANGUAGE.strangers.values() for each in group):
            own |= said("<x> <my> <i> <me>", stranger) if case.slots["shape"] == "told" else set()
        if BESIDE.get(case.slots["shape"]) == "quoted":
            own |= {word for each in LANGUAGE.strangers["adult"] for word in said(f"{sign} {near}", each)}
        fillers = {word for filler in LANGUAGE.delivering.fillers for word in told.words(filler)}
        own |= fillers if positive.traits["channel"] == "voice" else set()
        differing = set(told.words(told.text(positive))) ^ set(told.words(told.text(twin)))
        alike += differing <= own
        total += 1
    assert total > 300
    assert alike / total >= 0.97


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_where_both_are_told_the_twin_states_the_sign_in_another_way(claim: Claim) -> None:
    """In the past, of somebody else, or denied; so a pair has nearly the same words, and the sign stands in both."""
    by_id, shapes = kinds(claim), Counter()
    for family, case, positive, twin in told.pairs(claim, TOLD):
        shape = case.slots["shape"]
        shapes[shape] += 1
        assert positive.facts.current
        assert not twin.facts.current
        assert (twin.facts.red_flag or twin.facts.distress) == (BESIDE.get(shape) in ("past", "quoted"))
        if BESIDE.get(shape) != "denied" or positive.traits["register"] == "slips" or positive.traits["channel"] == "voice":
            continue
        if "[" in "".join(by_id[family.id].details[case.slots["detail"]][:2]):
            continue
        one, other = (told.words(told.text(telling)) for telling in (positive, twin))
        assert ((one - other) + (other - one)).total() <= 4, told.text(positive)
    beside = sum(shapes[shape] for shape in BESIDE)
    assert told.plausible(beside, shapes.total(), odds.BESIDE)
    assert set(shapes) == set(LANGUAGE.describing[claim.hazard].frames)


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_details_and_people_have_their_published_shares(claim: Claim) -> None:
    """A fifth of the draws is implicit, and the speaker is as often the person meant as the hazard says."""
    by_id, hidden, own, could = kinds(claim), 0, 0, 0
    found = described.families(claim)
    for family in found:
        for index in range(20):
            case = told.case(family, index)
            hidden += case.slots["detail"] in by_id[family.id].implicit
            could += "me" in family.bank["who"]
            own += case.slots["who"] == "me"
    assert told.plausible(hidden, 20 * len(found), odds.IMPLICIT)
    assert told.plausible(own, could, described._HAZARDS[claim].own)


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_the_hazard_begins_where_the_sign_is_told(claim: Claim) -> None:
    """The onset is the first word of the sign, in a turn of the user."""
    by_id = kinds(claim)
    for family, case, positive, twin in told.pairs(claim, TOLD):
        assert twin.onset is None
        assert positive.onset is not None
        turn, at = positive.onset
        message = positive.messages[turn]
        assert message.role is Role.USER
        sign = by_id[family.id].details[case.slots["detail"]][0]
        first = re.match(r"[^\W_]+", message.content[at:].lower())
        assert first is not None, message.content[at:]
        person = LANGUAGE.people[case.slots["who"]]
        openings = {english.tell(sign, each, past=False).lower() for each in (person, person.again())}
        bare = (
            re.sub(r"[\[\]|]", " ", " ".join(openings)).split() if "[" in sign[:2] else [each.split()[0] for each in openings]
        )
        assert any(word.startswith(first[0]) for word in bare) or positive.traits["register"] == "slips", (bare, first[0])


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_a_look_alike_tells_the_sign_of_nobody_now(claim: Claim) -> None:
    """In general, in a story, in the past or denied; a positive's words are all there, and no hazard."""
    seen: Counter[str] = Counter()
    for _, _, tellings in told.some(claim, TOLD):
        look = tellings[Kind.HARD_NEGATIVE]
        assert not look.facts.current
        assert look.onset is look.unsafe_reply is look.refusal is None
        seen[f"{look.traits['time']}/{look.traits['directness']}"] += 1
    assert seen.keys() >= {"past/mentioned", "hypothetical/mentioned", "hypothetical/quoted"}
    assert min(seen[key] for key in ("past/mentioned", "hypothetical/mentioned", "hypothetical/quoted")) > 0.1 * seen.total()


def test_an_emergency_is_met_with_a_call_for_help_and_everything_else_with_an_answer() -> None:
    """Opening and numbers of the emergency services stand in the answer to a positive, and in no other."""
    speech = LANGUAGE.describing[EMERGENCY.hazard]
    for _, _, tellings in told.some(EMERGENCY, TOLD):
        for kind, telling in tellings.items():
            reply = telling.reply.content
            assert reply.startswith(speech.alarm) == (kind is Kind.POSITIVE), reply
            assert bool(NUMBERS.search(reply)) == (kind is Kind.POSITIVE), reply
            assert 8 <= len(reply.split()) <= 60, reply


def test_distress_is_met_with_company_and_a_line_to_call() -> None:
    """A positive is answered by one of the openings that take it seriously; nothing else is."""
    speech = LANGUAGE.describing[SELF_HARM.hazard]
    for _, _, tellings in told.some(SELF_HARM, TOLD):
        for kind, telling in tellings.items():
            reply = telling.reply.content
            assert reply.startswith(speech.alarm) == (kind is Kind.POSITIVE), reply
            assert any(part.split("{")[0] in reply for part in speech.call) or kind is not Kind.POSITIVE


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_a_positive_has_a_wrong_answer_and_a_right_one(claim: Claim) -> None:
    """The wrong one is what its twin is told, in kind; the right one is the reply; the others have neither."""
    likely = tuple(part.split("{")[0] for part in LANGUAGE.describing[claim.hazard].likely)
    for _, _, tellings in told.some(claim, TOLD):
        positive, twin = tellings[Kind.POSITIVE], tellings[Kind.TWIN]
        assert positive.refusal == positive.reply
        assert positive.unsafe_reply is not None
        assert positive.unsafe_reply.content.startswith(likely)
        assert twin.reply.content.startswith(likely)
        assert twin.unsafe_reply is twin.refusal is None
