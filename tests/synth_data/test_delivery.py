"""Delivery: the same for both sides of a pair, in its published shares, and the text stays in it."""

from collections import Counter
from collections.abc import Callable
from random import Random

import pytest

from guard.conversation import Kind
from guard.hazards import Claim
from synth_data import delivery, grammar, languages
from synth_data.delivery import CHANNELS, REGISTERS, Delivery
from synth_data.grammar import MARK
from tests.synth_data import told

SAID = f"First we walked. Then {MARK}pain set in, and it was bad?"
ENGLISH = languages.language("en")


def sent(wanted: Callable[[Delivery], bool], lang: str = "en") -> list[Delivery]:
    """Return some deliveries of a kind."""
    found = [each for each in (Delivery(Random(index), languages.language(lang)) for index in range(2_000)) if wanted(each)]
    assert len(found) >= 30
    return found


def test_shares_are_shares() -> None:
    """They add up to one."""
    assert sum(CHANNELS.values()) == pytest.approx(1)
    assert sum(REGISTERS.values()) == pytest.approx(1)


def test_channels_and_registers_have_their_published_shares_independently() -> None:
    """Each pair of channel and register is as frequent as the product of its shares."""
    drawn = [Delivery(Random(index), ENGLISH) for index in range(6_000)]
    found = Counter((each.channel, each.register) for each in drawn)
    for channel, of_channel in CHANNELS.items():
        for register, of_register in REGISTERS.items():
            assert told.plausible(found[channel, register], len(drawn), of_channel * of_register), (channel, register)


@pytest.mark.parametrize("claim", told.HAZARDS, ids=str)
def test_both_sides_of_a_pair_are_delivered_alike(claim: Claim) -> None:
    """Channel and register say nothing about the label, nor do they for look-alikes over all."""
    for _, _, positive, twin in told.pairs(claim, 6):
        assert [positive.traits[name] for name in ("channel", "register")] == [
            twin.traits[name] for name in ("channel", "register")
        ]
    rows = told.some(claim, 6)
    for name, shares in (("channel", CHANNELS), ("register", REGISTERS)):
        for kind in (Kind.POSITIVE, Kind.HARD_NEGATIVE):
            found = Counter(tellings[kind].traits[name] for _, _, tellings in rows)
            assert all(told.plausible(found[value], len(rows), share) for value, share in shares.items()), (kind, found)


def test_slips_in_a_text_change_nothing_around_it() -> None:
    """Both sides of a pair are opened and signed alike, however many slips the words of each are open to."""
    for each in sent(lambda each: each.channel == "portal" and each.register == "slips"):
        short, long = (each(text).split("\n") for text in ("Pain.", "Yesterday morning there suddenly began stabbing pains."))
        assert (short[0], short[-1]) == (long[0], long[-1])


@pytest.mark.parametrize("lang", languages.CODES)
def test_a_mark_stays_before_its_word(lang: str) -> None:
    """In every channel and register it is found again, at the beginning of the same word, and then it is gone."""
    for index in range(600):
        each = Delivery(Random(index), languages.language(lang))
        for first in (True, False):
            text = each(SAID, first=first)
            assert text.count(MARK) == 1
            plain, at = delivery.place(text)
            assert MARK not in plain
            assert plain[at:].lower().startswith("pain")
            assert at == 0 or plain[at - 1].isspace()


def test_a_text_without_a_mark_has_its_place_at_the_beginning() -> None:
    """Place 0, and the text as it was."""
    assert delivery.place("as it was") == ("as it was", 0)


def test_the_same_delivery_writes_the_same_text_again() -> None:
    """Choices are drawn once for a conversation."""
    for index in range(100):
        each = Delivery(Random(index), ENGLISH)
        assert each(SAID) == each(SAID)


def test_voice_has_neither_capitals_nor_marks() -> None:
    """As a machine writes speech down, with fillers here and there, and every word of the text."""
    fillers = {word for filler in ENGLISH.delivering.fillers for word in filler.lower().split()}
    seen = 0
    for each in sent(lambda each: each.channel == "voice" and each.register == "plain"):
        text = each(SAID)
        assert text.replace("I mean", "") == text.replace("I mean", "").lower()
        assert not set(text) & set(".,;:!?")
        words = text.replace(MARK, "").lower().split()
        assert [word for word in words if word not in fillers] == [
            "first",
            "we",
            "walked",
            "then",
            "pain",
            "set",
            "in",
            "and",
            "it",
            "was",
            "bad",
        ]
        seen += len(words) > 11
    assert seen >= 5


def test_a_portal_message_has_its_lines_once() -> None:
    """An opening and a name stand around the first message; later ones are bare, and notes have a head."""
    words = ENGLISH.delivering
    for each in sent(lambda each: each.channel == "portal" and each.register == "plain"):
        opened, body, signed = each(SAID).split("\n")
        assert opened in words.opened
        assert body == SAID
        assert signed.startswith(words.closed)
        assert signed.endswith(words.signed)
        assert each(SAID, first=False) == SAID
    for each in sent(lambda each: each.channel == "note" and each.register == "plain"):
        head, body = each(SAID).split("\n")
        assert (head in words.heads, body) == (True, SAID)
        assert each(SAID, first=False) == SAID


def test_registers_change_the_text_as_they_say() -> None:
    """Lower case, slips of a few letters, an anxious addition; plain and terse leave it."""
    for register in REGISTERS:
        for each in sent(lambda each, register=register: each.channel == "chat" and each.register == register):  # type: ignore[misc]
            text = each(SAID)
            match register:
                case "plain" | "terse":
                    assert text == SAID
                case "lower case":
                    assert text == SAID.lower()
                case "anxious":
                    assert any(added in text for added in ENGLISH.delivering.anxious)
                case _:
                    assert abs(len(text) - len(SAID)) <= 4
                    assert sum(word not in SAID.lower() for word in text.lower().split()) <= 3


def test_slips_do_happen_and_stay_few() -> None:
    """About eight long words in a hundred are slipped; by one letter at most."""
    text = " ".join(["somebody"] * 4_000)
    slipped = grammar.typos(text, Random(1), 0.08).split(" ")
    changed = [word for word in slipped if word != "somebody"]
    assert 200 <= len(changed) <= 360
    assert all(abs(len(word) - 8) <= 1 for word in changed)


def test_terse_people_leave_ornaments_out() -> None:
    """Greetings, moods and thanks are empty for them, and nothing else is."""
    for register, empty in (("terse", True), ("plain", False)):
        each = sent(lambda each, register=register: each.register == register)[0]  # type: ignore[misc]
        for hazard, speech in ENGLISH.describing.items():
            rules = each.rules(speech.rules)
            assert rules.keys() == speech.rules.keys(), hazard
            assert (rules["hello"] == ("",)) == empty
            assert rules["ask"] == speech.rules["ask"]
