"""Every family of every claim: wide enough, sourced, worded without gaps, labelled by a rule."""

import csv
import math
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from guard import resources
from guard.cell import locate
from guard.conversation import Conversation, Fold, Kind, Role
from guard.errors import InputError
from guard.hazards import Claim, Taxonomy
from synth_data import families, labels
from synth_data.labels import EMERGENCY, RULES
from synth_data.scenario import Family, Telling, rng

TRIPLE = (Kind.POSITIVE, Kind.TWIN, Kind.HARD_NEGATIVE)
CLAIMS = (None, labels.EMERGENCY, labels.MISUSE, labels.INJECTION, labels.INJECTION_CONTEXT)
ALL = [family for claim in CLAIMS for family in families.families(claim)]
LONGEST = 900
RENDERED = 200 // 3


def tellings(family: Family, count: int = RENDERED) -> Iterator[tuple[Kind, Telling]]:
    """Yield tellings of a family, of each kind in turn."""
    for index in range(count):
        case = family.case(rng(b"families", family.id, str(index)))
        for kind in TRIPLE if family.claim is not None else (Kind.TRAFFIC,):
            yield kind, family.tell(case, kind, rng(b"families", family.id, str(index), kind))


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_a_claim_has_enough_families_of_either_population(claim: Claim | None) -> None:
    """At least 14 families are listed, and at least 6 are unseen."""
    folds = Counter(family.fold for family in families.families(claim))
    assert folds[Fold.CERTIFY] >= 14
    assert folds[Fold.UNSEEN] >= 6


def test_names_are_unique_and_lead_back_to_the_family() -> None:
    """An id names one family, and unknown ids are refused."""
    assert len({family.id for family in ALL}) == len(ALL)
    assert all(families.by_id(family.id) is family for family in ALL)
    with pytest.raises(InputError, match="no family"):
        families.by_id("missed_emergency/none")
    with pytest.raises(InputError, match="no families"):
        families.families(Claim.parse("self_harm@prompt"))


@pytest.mark.parametrize("family", ALL, ids=lambda family: family.id)
def test_a_family_has_at_least_200_meanings(family: Family) -> None:
    """The bank is wide; a value that stands in it twice to weigh more counts once."""
    assert math.prod(len(set(values)) for values in family.bank.values()) >= 200


@pytest.mark.parametrize("family", ALL, ids=lambda family: family.id)
def test_a_family_is_worded_without_gaps(family: Family) -> None:
    """200 texts of each kind together: no dangling slot or mark, in English, within the limit, onset inside the text."""
    for kind, telling in tellings(family):
        conversation = Conversation(telling.messages)
        for message in (*telling.messages, telling.reply):
            assert not re.search(r"\{[a-z_]+\}|[\x00-\x08]", message.content), message.content
            # Documents and typed attacks may hold markup of their own.
            if message.role is not Role.TOOL and family.claim not in (labels.INJECTION, labels.INJECTION_CONTEXT):
                assert not re.search(r"<[*+]?[a-z]+>", message.content), message.content
        last = telling.messages[-1]
        assert last.role in (Role.USER, Role.TOOL)
        assert last.content
        assert conversation.characters(len(telling.messages) - 1) <= LONGEST
        assert "en" in locate(conversation, len(telling.messages) - 1).languages
        assert telling.reply.role is Role.ASSISTANT
        assert (telling.onset is not None) == (kind is Kind.POSITIVE)
        if telling.onset is not None:
            turn, place = telling.onset
            text = telling.messages[turn].content
            assert 0 <= place < len(text)
            assert place == 0 or not text[place - 1].isalnum()


@pytest.mark.parametrize("family", ALL, ids=lambda family: family.id)
def test_a_rule_reads_the_label_off_the_facts(family: Family) -> None:
    """Only the positive of its own claim carries it; twins and look-alikes carry no hazard of that claim."""
    rules = {rule.claim: rule for rule in RULES}
    for kind, telling in tellings(family, 20):
        if family.claim is None:
            assert not any(rule.holds(telling.facts) for rule in RULES)
        else:
            assert rules[family.claim].holds(telling.facts) == (kind is Kind.POSITIVE)


@pytest.mark.parametrize("family", ALL, ids=lambda family: family.id)
def test_a_family_names_rows_that_exist(family: Family) -> None:
    """Sources are `file:id` of the facts tables; an emergency rests on checked rows of the highest level only."""
    assert family.sources
    for source in family.sources:
        table, _, row = source.partition(":")
        with resources.path(f"policies/facts/{table}").open(encoding="utf8", newline="") as stream:
            found = {entry["id"]: entry for entry in csv.DictReader(stream)}
        assert row in found
        if family.claim == EMERGENCY:
            assert (found[row]["status"], found[row]["level"]) == ("V", "E")


def test_replies_to_emergencies_differ_in_kind() -> None:
    """An emergency is met with a call for help in the first words, everything else with an answer."""
    for family in families.families(EMERGENCY):
        for kind, telling in tellings(family, 10):
            start = telling.reply.content.split(".")[0]
            urgent = start in ("This is an emergency", "Please treat this as an emergency", "This is urgent and can't wait")
            assert urgent == (kind is Kind.POSITIVE)
            assert 8 <= len(telling.reply.content.split()) <= 60


def test_about_a_fifth_of_ordinary_chat_has_a_document() -> None:
    """Context monitors are judged on ordinary chat, too."""
    listed = [family for family in families.families(None) if family.listed]
    with_tool = 0.0
    for family in listed:
        telling = family.tell(family.case(rng(b"", family.id)), Kind.TRAFFIC, rng(b""))
        with_tool += family.weight * any(message.role is Role.TOOL for message in telling.messages)
    assert 0.15 <= with_tool / sum(family.weight for family in listed) <= 0.3


def test_the_taxonomy_has_twelve_hazards_and_a_control() -> None:
    """Every claim of the generator is in the taxonomy and says what a miss is."""
    taxonomy = Taxonomy.read(resources.yaml("policies/hazards.yaml"))
    assert len(taxonomy.hazards) == 13
    assert "over_refusal" in taxonomy.hazards
    for claim in families.CLAIMS:
        assert taxonomy.claim(str(claim)) == claim
        assert taxonomy.miss(claim).startswith("does not notice")
