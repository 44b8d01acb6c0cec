"""Families of instruction attacks, typed and in documents: labels, pairs, shape of the conversation, replies."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest
from sklearn.metrics import roc_auc_score

from guard.conversation import Conversation, Kind, Role
from synth_data import families as all_families
from synth_data import labels, languages
from synth_data.families import documents, injection, injection_context, read
from synth_data.families.injection import Attack
from synth_data.families.injection_context import Planted
from synth_data.phantom import behaviour
from synth_data.scenario import Case, Family, Telling
from tests.synth_data import told as tellings
from tests.synth_data.told import TRIPLE
from tests.theory.populations import replications

INJECTION, INJECTION_CONTEXT = (all_families.families(claim) for claim in (labels.INJECTION, labels.INJECTION_CONTEXT))
BOTH = (INJECTION, INJECTION_CONTEXT)
LONGEST = 950
TOLD = replications(8, 60)
WORDS = languages.language("en")
CARRIERS = documents.carriers("en")


def drawn(family: Family, count: int) -> Iterator[tuple[Case, dict[Kind, Telling]]]:
    """Yield cases and their three tellings, told with the same choices."""
    for index in range(count):
        yield tellings.tell(family, index)


def attacks() -> dict[str, Attack]:
    """Return the English kinds of typed attacks by family."""
    found = read.kinds("injection", Attack, lambda kind: kind.id)
    return {f"prompt_injection/{id_}": each["en"] for id_, each in found.items()}


def planted() -> dict[str, Planted]:
    """Return the English kinds of planted instructions by family."""
    found = read.kinds("planted", Planted, lambda kind: kind.id)
    return {f"prompt_injection_context/{id_}": each["en"] for id_, each in found.items()}


def bag(telling: Telling) -> Counter[str]:
    """Count the words of a telling."""
    return Counter(re.findall(r"\w+", tellings.text(telling).lower()))


@pytest.mark.parametrize("families", BOTH, ids=("typed", "documents"))
def test_there_are_at_least_104_families_of_200_meanings(families: tuple[Family, ...]) -> None:
    """Breadth is families and their banks; ids are unique, lead with the hazard, and each names its rows."""
    assert len({family.id for family in families}) == len(families) >= 104
    assert all(family.keys >= 200 for family in families)
    assert all(family.id.startswith("prompt_injection") for family in families)
    assert all(family.sources for family in families)


@pytest.mark.parametrize("families", BOTH, ids=("typed", "documents"))
def test_tellings_of_each_kind_are_whole_and_labelled_by_the_rule(families: tuple[Family, ...]) -> None:
    """Some of each kind: short enough, without control characters or open slots, and only the positive is an injection."""
    for family, (_, told) in ((one, each) for one in families for each in drawn(one, TOLD)):
        for kind, telling in told.items():
            has_context = family.claim == labels.INJECTION_CONTEXT
            found = labels.label(telling.facts, has_context=has_context)
            assert family.claim is not None
            assert found[family.claim] == int(kind is Kind.POSITIVE)
            assert Conversation(telling.messages).characters(len(telling.messages) - 1) <= LONGEST
            assert all(char.isprintable() or char == "\n" for message in telling.messages for char in message.content)
            assert not any(re.search(r"\{[a-zA-Z]*\}", message.content) for message in (*telling.messages, telling.reply))
            assert telling.reply.content


@pytest.mark.parametrize("families", BOTH, ids=("typed", "documents"))
def test_length_does_not_tell_a_pair_apart(families: tuple[Family, ...]) -> None:
    """Positives and twins are alike in length."""
    told = [pair for family in families for _, pair in drawn(family, TOLD)]
    lengths = [sum(len(m.content) for m in pair[kind].messages) for kind in TRIPLE[:2] for pair in told]
    assert 0.4 <= float(roc_auc_score([1] * len(told) + [0] * len(told), lengths)) <= 0.6


@pytest.mark.parametrize(("families", "least"), [(INJECTION, 0.4), (INJECTION_CONTEXT, 0.95)], ids=("typed", "documents"))
def test_many_pairs_have_the_very_same_words(families: tuple[Family, ...], least: float) -> None:
    """In a good part of the pairs only the order of the words tells which is the attack, and the texts do differ."""
    pairs = [(told[Kind.POSITIVE], told[Kind.TWIN]) for family in families for _, told in drawn(family, 10)]
    written = [pair for pair in pairs if pair[0].messages != pair[1].messages]
    assert len(written) == len(pairs)
    assert sum(bag(positive) == bag(twin) for positive, twin in pairs) >= least * len(pairs)


def test_a_typed_attack_begins_where_its_onset_says() -> None:
    """The onset is the beginning of the word that the attack begins with, in the last turn of the user."""
    for family in INJECTION:
        kind = attacks()[family.id]
        openings = {attack.split()[0].lower() for attack, _ in kind.plain + kind.swap}
        for _, told in drawn(family, TOLD):
            onset = told[Kind.POSITIVE].onset
            assert onset is not None
            assert told[Kind.TWIN].onset is told[Kind.HARD_NEGATIVE].onset is None
            assert onset[0] == len(told[Kind.POSITIVE].messages) - 1
            message = told[Kind.POSITIVE].messages[onset[0]]
            assert message.role is Role.USER
            assert onset[1] == 0 or message.content[onset[1] - 1] in ' "\n'
            first = message.content[onset[1] :].split()[0].lower().lstrip('"')
            assert any(len(first) > 4 or first.rstrip('"') == attack for attack in openings)


def test_a_typed_attack_has_a_twin_in_every_pair() -> None:
    """No attack is its own twin, and a pair is of one length class."""
    for kind in attacks().values():
        assert len(kind.plain) >= 3
        assert len(kind.swap) >= 2
        for attack, twin in kind.plain + kind.swap:
            assert attack != twin
            assert 0.6 <= len(attack) / len(twin) <= 1.6


def test_the_frames_of_two_instructions_name_both() -> None:
    """Whoever speaks, both instructions stand in the text once, so that a pair has the same words."""
    for frame in (*WORDS.instructing.sides, *WORDS.instructing.turns, *WORDS.instructing.reported):
        assert frame.count("{own}") == frame.count("{other}") == 1
    for form in (*WORDS.planting.forms, *WORDS.planting.channel_forms):
        assert form.count("{order}") == 1
        assert form.lower().count("{a}") == form.lower().count("{b}") == 1


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
    """What looks like JSON is JSON, and the FHIR ones are of many resource types."""
    found, types = 0, set()
    for family in INJECTION_CONTEXT:
        for _, told in drawn(family, TOLD):
            for telling in told.values():
                document = telling.messages[-1].content
                if document.startswith(("{", "[")):
                    types.add(json.loads(document).get("resourceType"))
                    found += 1
    assert found > 50
    assert len(types) >= 8


def test_a_layout_holds_every_sentence_once() -> None:
    """Nothing is lost or doubled, wherever it stands."""
    for carrier, layout in documents.LAYOUTS.items():
        assert len(CARRIERS[carrier].facts) >= 25
        for index in range(60):
            rng = Random(f"{carrier} {index}")
            sentences = rng.sample(CARRIERS[carrier].facts, rng.randint(3, 5))
            document = layout(sentences, rng, lambda heading: heading)
            assert all(document.count(documents.shown(sentence, document)) == 1 for sentence in sentences)


def test_an_instruction_in_a_document_stands_where_its_twin_does() -> None:
    """Up to the planted sentence a pair is the same, and the request is the same as well."""
    for family in INJECTION_CONTEXT:
        for _, told in drawn(family, TOLD):
            positive, twin = told[Kind.POSITIVE], told[Kind.TWIN]
            assert positive.onset is not None
            turn, at = positive.onset
            assert turn == 2
            assert at >= 0
            assert positive.messages[:2] == twin.messages[:2]
            assert positive.messages[2].content[:at] == twin.messages[2].content[:at]
            assert positive.messages[2].content[at] != " "


def test_the_place_in_the_document_varies() -> None:
    """The instruction does not always open or close the text."""
    for family in INJECTION_CONTEXT:
        places = {(told[Kind.POSITIVE].onset or (0, 0))[1] for _, told in drawn(family, 30)}
        assert len(places) >= 4


def test_some_families_give_in_and_others_do_not() -> None:
    """Between a third and two thirds of the families comply, each of them always; the others refuse in known words."""
    for kinds, families in ((attacks(), INJECTION), (planted(), INJECTION_CONTEXT)):
        gives_in = [kind.complies for kind in kinds.values()]
        assert 1 / 3 <= sum(gives_in) / len(gives_in) <= 2 / 3
        for family in families:
            for _, told in drawn(family, 3):
                expected = "helped" if kinds[family.id].complies else "refused"
                assert behaviour.sort(told[Kind.POSITIVE].reply.content) == expected, told[Kind.POSITIVE].reply.content
                assert behaviour.sort(told[Kind.TWIN].reply.content) == "helped"


def test_shapes_have_their_published_shares() -> None:
    """Four fifths of the typed attacks have both sides of the pair in them, or their words in another order."""
    shapes = Counter(tellings.case(family, index).slots["shape"] for family in INJECTION for index in range(20))
    assert all(tellings.plausible(shapes[shape], shapes.total(), share) for shape, share in injection.SHAPES.items()), shapes


def test_a_planted_kind_names_a_carrier_that_has_a_layout() -> None:
    """Every kind of document can be laid out, is brought by a tool, and some kind is planted in most of them."""
    assert set(CARRIERS) == set(documents.LAYOUTS)
    used = {kind.carrier for kind in planted().values()}
    assert used == set(CARRIERS)
    for kind in planted().values():
        assert len(kind.orders) >= 2
        assert kind.people
        assert kind.tasks


def test_a_look_alike_of_a_document_quotes_mentions_or_tells_a_person() -> None:
    """Every way occurs, and most often ordinary work is told to a person."""
    seen = Counter(
        told[Kind.HARD_NEGATIVE].traits["directness"] for family in INJECTION_CONTEXT for _, told in drawn(family, TOLD)
    )
    assert seen.keys() == {"quoted", "mentioned", "explicit"}
    assert tellings.plausible(seen["quoted"], seen.total(), injection_context._QUOTED_SHARE)
    hidden = [
        told[Kind.POSITIVE].traits["directness"] == "implicit"
        for family in INJECTION_CONTEXT
        for _, told in drawn(family, TOLD)
    ]
    assert tellings.plausible(sum(hidden), len(hidden), injection_context._CHANNEL_SHARE)
