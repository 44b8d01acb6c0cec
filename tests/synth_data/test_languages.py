"""Every language says the same: parallel lists, the same scenarios, and no mark left over."""

from collections.abc import Callable
from random import Random

import pytest

from guard.cell import locate
from guard.conversation import Conversation, Fold, Kind, Role
from guard.errors import InputError
from guard.hazards import Claim
from synth_data import draws, families, labels, languages, manifest
from synth_data.families import documents, people, read
from synth_data.languages.lexicon import Language
from synth_data.scenario import Case
from tests.synth_data import told
from tests.theory.populations import replications

FIRST, *OTHERS = languages.CODES
ENGLISH = languages.language(FIRST)
TOLD = replications(2, 20)
LEAST = 24
LISTS: dict[str, Callable[[Language], object]] = {
    "times": lambda each: len(each.times),
    "requests": lambda each: len(each.requests),
    "hazards described": lambda each: sorted(each.describing),
    "requests of described hazards": lambda each: {name: len(speech.requests) for name, speech in each.describing.items()},
    "shapes of described hazards": lambda each: {name: sorted(speech.frames) for name, speech in each.describing.items()},
    "hazards requested": lambda each: sorted(each.requesting),
    "times of requested hazards": lambda each: {name: len(speech.times) for name, speech in each.requesting.items()},
    "requests of requested hazards": lambda each: {name: len(speech.requests) for name, speech in each.requesting.items()},
    "shapes of requested hazards": lambda each: {name: sorted(speech.frames) for name, speech in each.requesting.items()},
    "voices": lambda each: {
        (name, voice): len(voices) for name, speech in each.requesting.items() for voice, voices in speech.voices.items()
    },
    "answers": lambda each: {name: sorted(speech.answers) for name, speech in each.requesting.items()},
    "wants": lambda each: len(each.instructing.wants),
    "reasons": lambda each: len(each.instructing.reasons),
    "frames": lambda each: len(each.instructing.frames),
    "forms": lambda each: len(each.planting.forms),
    "quotes in plain sentences": lambda each: len(each.planting.quoted_plain),
    "asks of documents": lambda each: {name: len(carrier.asks) for name, carrier in documents.carriers(each.code).items()},
    "sentences of documents": lambda each: {
        name: len(carrier.facts) for name, carrier in documents.carriers(each.code).items()
    },
}
"""What a slot of a meaning counts by, so that it must be alike in every language."""


def test_english_is_first() -> None:
    """Families are written in it first, and codes are unique."""
    assert FIRST == "en"
    assert len(set(languages.CODES)) == len(languages.CODES)
    assert draws.LANGUAGES == languages.CODES
    assert all(languages.language(code).code == code for code in languages.CODES)


@pytest.mark.parametrize("code", ["xx", "", "../en", "EN"])
def test_a_language_without_a_grammar_is_refused(code: str) -> None:
    """It is not told in another one."""
    with pytest.raises(InputError, match="no grammar for the language"):
        languages.language(code)


@pytest.mark.parametrize("what", LISTS)
@pytest.mark.parametrize("code", OTHERS)
def test_lists_that_slots_count_by_are_parallel(code: str, what: str) -> None:
    """A position means the same in each language."""
    assert LISTS[what](languages.language(code)) == LISTS[what](ENGLISH)


@pytest.mark.parametrize("code", languages.CODES)
def test_a_language_knows_everybody_and_listens_in_two_ways(code: str) -> None:
    """Every person of every group has a name; strangers are there for all; frames hold what they must."""
    language = languages.language(code)
    for group in people.GROUPS:
        assert set(people.described(group)) <= set(language.people), group
    assert "adult" in language.strangers
    assert len(language.listening) >= 2
    assert language.small_talk
    for speech in language.describing.values():
        for shape, frames in speech.frames.items():
            assert frames, shape
            assert all(frame.count("{event}") == 1 for frame in frames), shape
    for frame in language.instructing.frames:
        assert frame.count("{body}") == frame.count("{want}") == 1
    for form in (*language.planting.forms, *language.planting.channel_forms):
        assert form.count("{order}") == 1
        assert form.lower().count("{a}") == form.lower().count("{b}") == 1
    for frame in (*language.instructing.sides, *language.instructing.turns, *language.instructing.reported):
        assert frame.count("{own}") == frame.count("{other}") == 1


@pytest.mark.parametrize("code", OTHERS)
def test_frames_stand_at_the_same_positions(code: str) -> None:
    """Where small talk comes first, and in which order body and want stand, is the same in each language."""
    for frame, first in zip(languages.language(code).instructing.frames, ENGLISH.instructing.frames, strict=True):
        assert ("{meanwhile}" in frame) == ("{meanwhile}" in first)


@pytest.mark.parametrize("claim", told.CLAIMS, ids=str)
@pytest.mark.parametrize("code", languages.CODES)
def test_a_language_has_enough_families(code: str, claim: Claim | None) -> None:
    """At least 24 of each claim, with 200 meanings each, listed and unseen ones among them."""
    speaking = [family for family in families.families(claim) if code in family.tellers]
    assert len(speaking) >= LEAST
    assert all(family.keys >= 200 for family in speaking)
    for fold in (Fold.TRAIN, Fold.PROBE, Fold.UNSEEN):
        assert draws.of_fold(claim, fold, code)
    assert manifest.unseen(claim, code) == len(draws.of_fold(claim, Fold.UNSEEN, code))
    assert manifest.name(claim, code).endswith("" if code == FIRST else f"/{code}")


@pytest.mark.parametrize("claim", told.CLAIMS, ids=str)
@pytest.mark.parametrize("code", OTHERS)
def test_a_family_is_told_without_gaps_and_with_the_same_facts(code: str, claim: Claim | None) -> None:
    """No slot or mark is left, the text is another than the English one, and label and scenario are the same."""
    located = total = 0
    for family in families.families(claim):
        assert FIRST in family.tellers
        if code not in family.tellers:
            continue
        for index in range(TOLD):
            case, told_here = told.tell(family, index, code)
            told_first = told.tell(family, index)[1]
            for kind, telling in told_here.items():
                answers = [reply.content for reply in (telling.reply, telling.unsafe_reply, telling.refusal) if reply]
                typed = [message.content for message in telling.messages if message.role is not Role.TOOL]
                for content in (*typed, *answers):
                    assert not told.GAP.search(content), (family.id, content)
                    if claim in told.TYPED:
                        assert not told.MARKUP.search(content), (family.id, content)
                assert told.text(telling) != told.text(told_first[kind]), (family.id, told.text(telling))
                if kind is not Kind.HARD_NEGATIVE:
                    assert telling.facts == told_first[kind].facts, family.id
                assert (telling.onset is None) == (told_first[kind].onset is None)
                turn = len(telling.messages) - 1
                assert Conversation(telling.messages).characters(turn) <= 1_000
                located += code in locate(Conversation(telling.messages), turn).languages
                total += 1
            if claim is not None:
                assert told_here[Kind.POSITIVE].messages != told_here[Kind.TWIN].messages, family.id
            assert case.fold in (Fold.TRAIN, Fold.SELECT, Fold.CERTIFY)
    assert located >= 0.9 * total


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("claim", [None, labels.EMERGENCY, labels.MISUSE, labels.INJECTION, labels.INJECTION_CONTEXT], ids=str)
def test_ids_are_parallel(code: str, claim: Claim | None) -> None:
    """A scenario has one id in all languages: that of its slots; draw ids name the language."""
    for index in range(10):
        row = draws.draw(claim, code, draws.BUCKET, index, b"ids", Fold.SELECT)[0]
        first = families.by_id(row.meta.family)
        assert Case(first.id, row.meta.slots).scenario == row.meta.scenario
        assert all(value in first.bank[slot] for slot, value in row.meta.slots.items())
        assert f"/{code}/" in row.meta.draw
        assert row.lang == code
        assert row.meta.native == languages.language(code).reviewed


def test_languages_that_say_another_number_of_things_are_refused() -> None:
    """Names and counts must agree."""
    read.parallel("x", {"a": ("1", "2"), "b": {"k": 1}}, {"a": ("3", "4"), "b": {"k": 2}})
    for other in ({"a": ("3",), "b": {"k": 2}}, {"a": ("3", "4"), "b": {"l": 2}}, {"b": {"k": 2}}):
        with pytest.raises(InputError, match="differs between the languages"):
            read.parallel("x", {"a": ("1", "2"), "b": {"k": 1}}, other)


def test_positions_are_names_that_every_language_shares() -> None:
    """A slot takes positions, in order."""
    assert read.numbers(("a", "b", "c")) == ("0", "1", "2")


def test_english_draws_are_those_of_a_pool_that_speaks_it() -> None:
    """A family that does not speak a language is not drawn in it."""
    pool = families.families(labels.EMERGENCY)[:10]
    listed = [family.id for family in pool if family.listed]
    assert [family.id for family in draws.of_fold(labels.EMERGENCY, Fold.TRAIN, FIRST, pool)] == listed
    with pytest.raises(InputError, match="no families"):
        draws.of_fold(labels.EMERGENCY, Fold.TRAIN, "xx", pool)
    assert pool[0].tell(pool[0].case(Random(0)), Kind.POSITIVE, Random(0)).messages
