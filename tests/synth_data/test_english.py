"""One phrase, told of anybody, now or in the past."""

import pytest

from synth_data import grammar
from synth_data.languages import english, marks
from synth_data.languages.english import ME, YOU, he, she
from synth_data.languages.person import Person
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
def test_a_phrase_agrees_with_person_and_tense(person: Person, past: bool, said: str) -> None:
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


def test_a_template_that_calls_itself_comes_to_an_end() -> None:
    """A rule that holds itself is a mistake that is told."""
    with pytest.raises(KeyError, match="does not come to an end"):
        grammar.expand("{a}", {}, {"a": ("b {a}",)}, rng(b""))


def test_empty_alternatives_leave_no_trace() -> None:
    """No double space, no space before a mark, and every sentence begins with a capital."""
    assert grammar.expand("{a} one{b}. {b} two {b} ? three", {}, {"a": ("",), "b": ("",)}, rng(b"")) == "One. Two? Three"
    assert grammar.tidy(f"so. {grammar.MARK}it hurts") == f"So. {grammar.MARK}It hurts"
    assert grammar.tidy("¿qué es? ¡ay!") == "¿Qué es? ¡Ay!"


def test_a_greeting_takes_the_capital_of_the_word_after_it() -> None:
    """Names keep theirs, and so does the speaker."""
    assert grammar.tidy("hello, We are here. not sure, but The bus") == "Hello, we are here. Not sure, but the bus"
    assert grammar.tidy("hola, ¿Es verdad? hi, India, I hope") == "Hola, ¿es verdad? Hi, India, I hope"


def test_a_rule_says_nothing_twice_while_it_has_more_to_say() -> None:
    """Sentences repeat only where a rule has run out."""
    made = {grammar.expand("{a} {a}", {}, {"a": ("x", "y")}, rng(b"", str(index))) for index in range(20)}
    assert made == {"X y", "Y x"}


def test_choices_nest_and_all_are_taken() -> None:
    """Brackets hold alternatives, which may hold slots and brackets."""
    made = {grammar.expand("[a|b {x}|[c|d]]", {"x": "y"}, {}, rng(b"", str(index))) for index in range(60)}
    assert made == {"A", "B y", "C", "D"}


def test_shares_are_kept() -> None:
    """A name is drawn by its share."""
    drawn = [grammar.pick({"a": 0.9, "b": 0.1}, rng(b"", str(index))) for index in range(1000)]
    assert 60 <= drawn.count("b") <= 140


def test_marks_of_other_languages_choose_by_person() -> None:
    """`<a/b>` is a for the speaker and b for another; the first form names the person, the next is a pronoun."""
    me = Person({"x": "ich", "mein": "mein"}, {}, 0)
    aunt = Person({"x": "sie", "mein": "ihr"}, {"x": "meine Tante"}, 1)
    phrase = "<x> <habe/hat> Schmerzen, und <x> <kann/kann> nicht sagen warum, <mein> Arm auch"
    assert marks.tell(phrase, me) == "ich habe Schmerzen, und ich kann nicht sagen warum, mein Arm auch"
    assert marks.tell(phrase, aunt) == "meine Tante hat Schmerzen, und sie kann nicht sagen warum, ihr Arm auch"
    assert marks.tell("<x>", aunt.again(), past=True) == "sie"
    with pytest.raises(KeyError):
        marks.tell("<dem>", me)
