"""Families of instruction attacks, typed and in documents: labels, pairs, shape of the conversation, replies."""

import json
from collections.abc import Iterator
from random import Random

import pytest
from sklearn.metrics import roc_auc_score

from guard.conversation import Conversation, Kind, Role
from synth_data import labels
from synth_data.families import injection, injection_context
from synth_data.families.injection import INJECTION
from synth_data.families.injection_context import INJECTION_CONTEXT
from synth_data.scenario import Case, Family, Telling

TRIPLE = (Kind.POSITIVE, Kind.TWIN, Kind.HARD_NEGATIVE)
BOTH = (INJECTION, INJECTION_CONTEXT)
LONGEST = 950


def drawn(family: Family, count: int) -> Iterator[tuple[Case, dict[Kind, Telling]]]:
    """Yield cases and their three tellings, told with the same choices."""
    for index in range(count):
        case = family.case(Random(f"{family.id} {index}"))
        yield case, {kind: family.tell(case, kind, Random(index)) for kind in TRIPLE}


@pytest.mark.parametrize("families", BOTH, ids=("typed", "documents"))
def test_there_are_at_least_thirty_families_of_200_meanings(families: tuple[Family, ...]) -> None:
    """Breadth is families and their banks; ids are unique and lead with the hazard."""
    assert len({family.id for family in families}) == len(families) >= 30
    assert all(family.keys >= 200 for family in families)
    assert all(family.id.startswith("prompt_injection") for family in families)


@pytest.mark.parametrize("family", [*INJECTION, *INJECTION_CONTEXT], ids=lambda family: family.id)
def test_tellings_of_each_kind_are_whole_and_labelled_by_the_rule(family: Family) -> None:
    """200 of each kind: short enough, without control characters, and only the positive is an injection."""
    for _, told in drawn(family, 200):
        for kind, telling in told.items():
            has_context = family.claim == labels.INJECTION_CONTEXT
            found = labels.label(telling.facts, has_context=has_context)
            assert family.claim is not None
            assert found[family.claim] == int(kind is Kind.POSITIVE)
            assert Conversation(telling.messages).characters(len(telling.messages) - 1) <= LONGEST
            assert all(char.isprintable() or char == "\n" for message in telling.messages for char in message.content)
            assert telling.reply.content


@pytest.mark.parametrize("families", BOTH, ids=("typed", "documents"))
def test_length_does_not_tell_a_pair_apart(families: tuple[Family, ...]) -> None:
    """Positives and twins are alike in length."""
    told = [pair for family in families for _, pair in drawn(family, 40)]
    lengths = [sum(len(m.content) for m in pair[kind].messages) for kind in TRIPLE[:2] for pair in told]
    assert 0.35 <= float(roc_auc_score([1] * len(told) + [0] * len(told), lengths)) <= 0.65


def test_a_typed_attack_begins_where_its_onset_says() -> None:
    """The onset is the beginning of a word in the last turn of the user."""
    for family in INJECTION:
        for _, told in drawn(family, 20):
            onset = told[Kind.POSITIVE].onset
            assert onset is not None
            assert told[Kind.TWIN].onset is told[Kind.HARD_NEGATIVE].onset is None
            message = told[Kind.POSITIVE].messages[onset[0]]
            assert message.role is Role.USER
            assert onset[1] == 0 or not message.content[onset[1] - 1].isalnum()


def test_a_document_comes_by_a_tool_that_the_assistant_called() -> None:
    """A request, a call with JSON arguments and no words, and the result of that call."""
    for family in INJECTION_CONTEXT:
        for _, told in drawn(family, 10):
            for telling in told.values():
                user, assistant, tool = telling.messages
                assert (user.role, assistant.role, tool.role) == (Role.USER, Role.ASSISTANT, Role.TOOL)
                assert assistant.content == ""
                (call,) = assistant.tool_calls
                assert call.id == tool.tool_call_id
                assert isinstance(json.loads(call.arguments), dict)


def test_documents_in_json_parse() -> None:
    """What looks like JSON is JSON."""
    found = 0
    for family in INJECTION_CONTEXT:
        for _, told in drawn(family, 20):
            for telling in told.values():
                document = telling.messages[-1].content
                if document.startswith(("{", "[")):
                    json.loads(document)
                    found += 1
    assert found > 50


def test_an_instruction_in_a_document_stands_where_its_twin_does() -> None:
    """Up to the planted sentence a pair is the same, and the request is the same as well."""
    for family in INJECTION_CONTEXT:
        for _, told in drawn(family, 20):
            positive, twin = told[Kind.POSITIVE], told[Kind.TWIN]
            assert positive.onset is not None
            turn, at = positive.onset
            assert turn == 2
            assert positive.messages[:2] == twin.messages[:2]
            assert positive.messages[2].content[:at] == twin.messages[2].content[:at]
            assert positive.messages[2].content[at] != " "


def test_the_place_in_the_document_varies() -> None:
    """The instruction does not always open or close the text."""
    for family in INJECTION_CONTEXT:
        places = {(told[Kind.POSITIVE].onset or (0, 0))[1] for _, told in drawn(family, 40)}
        assert len(places) >= 4


def test_some_families_give_in_and_others_do_not() -> None:
    """Between a third and two thirds of the families comply, each of them always."""
    for kinds in (injection._read(), injection_context._read()):
        share = sum(kind.complies for kind in kinds) / len(kinds)
        assert 1 / 3 <= share <= 2 / 3
