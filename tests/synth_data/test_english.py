"""One phrase, told of anybody, now or in the past."""

import pytest

from synth_data import english, grammar
from synth_data.english import ME, YOU, he, she
from synth_data.scenario import rng

PHRASE = "<my> chest <*ache>, and <x> <cant> say why, but <i> <be> calm and <my> hands <+shake>"


@pytest.mark.parametrize(
    ("person", "past", "said"),
    [
        (ME, False, "my chest aches, and I can't say why, but I am calm and my hands shake"),
        (ME, True, "my chest ached, and I couldn't say why, but I was calm and my hands shook"),
        (she("my gran"), False, "my gran's chest aches, and she can't say why, but she is calm and her hands shake"),
        (he("a man"), True, "a man's chest ached, and he couldn't say why, but he was calm and his hands shook"),
        (YOU, False, "your chest aches, and you can't say why, but you are calm and your hands shake"),
    ],
)
def test_a_phrase_agrees_with_person_and_tense(person: english.Person, past: bool, said: str) -> None:
    """The first mark names the person, the others are pronouns, and every verb agrees."""
    assert english.tell(PHRASE, person, past=past) == said


def test_somebody_already_named_is_a_pronoun() -> None:
    """After `again` the person is not named once more."""
    assert english.tell("<x> <have> a cold", she("my aunt").again()) == "she has a cold"


@pytest.mark.parametrize(
    ("base", "third", "past"),
    [
        ("be", "is", "was"), ("dont", "doesn't", "didn't"), ("carry", "carries", "carried"), ("wash", "washes", "washed"),
        ("nod", "nods", "nodded"), ("creep", "creeps", "crept"), ("stay", "stays", "stayed"), ("ease", "eases", "eased"),
    ],
)  # fmt: skip
def test_verbs_inflect(base: str, third: str, past: str) -> None:
    """Regular and irregular verbs have the forms that English gives them."""
    assert (english.verb(base, 1, past=False), english.verb(base, 1, past=True)) == (third, past)


def test_a_phrase_keeps_its_first_letter_and_a_text_gets_a_capital() -> None:
    """A phrase may stand inside a sentence; a text stands for itself."""
    generator = rng(b"", "grammar")
    assert grammar.phrase("one {b}", {"b": "two"}, {}, generator) == "one two"
    assert grammar.expand("one {b} . two", {"b": ""}, {}, generator) == "One. Two"


def test_a_template_without_its_slot_is_a_mistake() -> None:
    """A name that is neither slot nor rule is found, not printed."""
    with pytest.raises(KeyError):
        grammar.expand("{missing}", {}, {}, rng(b""))
