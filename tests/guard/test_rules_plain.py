"""However a text is written, rules read what its reader sees, and their spans stand in what was written."""

from __future__ import annotations

import json
import random
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard import rules
from guard.conversation import ToolCall
from guard.rules import plain, sentences, tools, unseen
from guard.rules.passage import Passage
from guard.rules.watch import Watch
from guard.scores import RuleHit, RuleUnavailable

FOUND = [
    ("doses", "Please take 10 g of paracetamol a day.", "10 g"),
    ("doses", "Nehmen Sie Ibuprofen 800 mg alle 4 Stunden", "800 mg"),
    ("interactions", "Can I take sildenafil with nitroglycerin?", "nitroglycerin"),
    ("names", "My name is Anna Lindqvist and I feel ill", "Anna Lindqvist"),
    ("identifiers", "my number is 123-45-6789 or so", "123-45-6789"),
]
HIDDEN = ["\u200b", "\u00ad", "\ufe0f", "\u2060", "\U000e0101", "\u0332", "\u3164", "\x01", "\x7f", "\u200b" * 450]
SPACES = ["\u00a0", "\u2002", "\u2007", "\u202f", "\u3000", "\u2800", "\t"]


def spans(rule: str, text: str) -> list[tuple[int, int]]:
    """Where a rule finds something."""
    return list(rules.RULES[rule].reads.read(Passage(text)).spans)


@pytest.mark.parametrize("hidden", HIDDEN, ids=ascii)
@pytest.mark.parametrize(("rule", "text", "found"), FOUND)
def test_what_nobody_sees_hides_nothing(rule: str, text: str, found: str, hidden: str) -> None:
    """It stands after every letter and digit, or as a long run in the middle; the span covers it."""
    if len(hidden) == 1:
        written = "".join(one + hidden * one.isalnum() for one in text)
    else:
        middle = text.index(found) + len(found) // 2
        written = text[:middle] + hidden + text[middle:]
    ((first, last),) = spans(rule, written)
    assert plain.of(written[first:last]).text == found
    assert first == 0 or plain.of(written[:first]).text == text[: text.index(found)]


@pytest.mark.parametrize("space", SPACES, ids=ascii)
@pytest.mark.parametrize(("rule", "text", "found"), FOUND)
def test_every_space_is_a_space(rule: str, text: str, found: str, space: str) -> None:
    """Unbreakable, narrow, wide or blank: the words and numbers beside it are the same, at the same places."""
    first = text.index(found)
    assert spans(rule, text.replace(" ", space)) == [(first, first + len(found))]


@pytest.mark.parametrize(("rule", "text", "found"), FOUND)
def test_wide_and_decomposed_letters_are_letters(rule: str, text: str, found: str) -> None:
    """Full-width and mathematical forms stand one for one."""
    first = text.index(found)
    wide = "".join(chr(ord(one) + 0xFEE0) if one.isalnum() else one for one in text)
    assert spans(rule, wide) == [(first, first + len(found))]
    bold = "".join(chr(0x1D7CE + int(one)) if one.isdecimal() else one for one in text)
    assert spans(rule, bold) == [(first, first + len(found))]


@pytest.mark.parametrize(
    ("rule", "written", "found"),
    [
        ("doses", "take 10 g p\u0430racet\u0430m\u043el a day", "10 g"),
        ("doses", "ﬂuoxetine 500㎎ a day", "500㎎"),
        ("doses", unicodedata.normalize("NFD", "metotrexato 10 mg cada día"), "10 mg"),
        ("doses", "10\u202f000 mg of paracetamol", "10\u202f000 mg"),
        ("doses", "take 4\u00a0000\u00a0000 mg paracetamol", "4\u00a0000\u00a0000 mg"),
        ("names", unicodedata.normalize("NFD", "me llamo María Núñez y"), unicodedata.normalize("NFD", "María Núñez")),
        ("identifiers", "ａ.ｂ＠ｅｘａｍｐｌｅ．ｏｒｇ", "ａ.ｂ＠ｅｘａｍｐｌｅ．ｏｒｇ"),
    ],
)
def test_other_writings_are_read(rule: str, written: str, found: str) -> None:
    """Look-alikes, ligatures, square units, letters with their accents apart, and groups of digits."""
    first = written.index(found)
    assert spans(rule, written) == [(first, first + len(found))]


def test_a_tool_is_known_by_its_exact_name() -> None:
    """A call with a character too many is another call, which nobody may make."""
    good = ToolCall(id="c", name="get_patient", arguments='{"patient_id": "p"}')
    assert tools.permits("nurse", good)
    for name, arguments in (
        ("get_pati\u200bent", good.arguments),
        ("ｇet_patient", good.arguments),
        ("get_patient", '{"patient\u00ad_id": "p"}'),
        ("get_patient", '{"patient_id": "p", "\u200b": "q"}'),
    ):
        assert not tools.permits("nurse", ToolCall(id="c", name=name, arguments=arguments))


def test_an_order_is_read_whatever_hides_in_its_names_and_values() -> None:
    """The arguments of a call are plain text, too."""
    order = {"patient_id": "p", "dr\u200bug": "para\u00adcetamol", "dose": "1\u200b3", "un\u2060it": "g", "route": "oral"}
    one = ToolCall(id="c", name="prescribe", arguments=json.dumps(order, ensure_ascii=False))
    assert rules.RULES["doses"].reads.read(Passage(one.arguments, call=one)).spans


TEXT = st.text(
    st.sampled_from(
        [*"ab1 .\n", "é", "e", "\u0301", "\u0332", "\u200b", "\u00a0", "\u202f", "０", "ﬁ", "㎎", "\x01", "痛", "а"]
    ),
    max_size=60,
)


@given(TEXT)
@settings(max_examples=300, deadline=None)
def test_every_plain_character_comes_from_where_it_says(text: str) -> None:
    """In order, without overlap but within one that stands for several; and what lies between is not seen."""
    read = plain.of(text)
    before, end = -1, 0
    for at in range(len(read.text)):
        first, last = read.back(at, at + 1)
        assert first < last <= len(text)
        assert first == before or first >= end
        if first >= end:
            assert all(unseen.is_unseen(one) or unicodedata.combining(one) for one in text[end:first])
        before, end = first, max(end, last)
    assert not [one for one in read.text if unseen.is_unseen(one)]


PIECES = [text for _, text, _ in FOUND] + [
    *HIDDEN,
    *SPACES,
    "ﬁ",
    "é",
    "max",
    ". ",
    "\n",
    " ",
    "10 g ",
    "ibuprofen ",
    "痛" * 210,
]


@given(parts=st.lists(st.sampled_from(PIECES), max_size=7), seed=st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_a_stream_says_in_the_end_what_the_whole_text_says(parts: list[str], seed: int) -> None:
    """With hidden characters anywhere, each rule's spans are those of the whole, and no hit is let go before it is known."""
    random_ = random.Random(seed)
    text = "".join(
        one + random_.choice(["", "", "", "\u200b", "\u0301"]) for part in parts for one in (part if len(part) < 90 else [part])
    )
    names = ["doses", "interactions", "names", "identifiers"]
    whole = {name: tuple(spans(name, text)) for name in names}
    watch, at = Watch(names, 0), 0
    while at < len(text):
        size = random_.randrange(1, 90)
        watch.feed(text[at : at + size])
        at += size
        for score in watch.scores():
            known = len(score.spans) if isinstance(score, RuleHit) else 0
            assert sum(first < watch.settled for first, _ in whole[score.rule]) <= known
    watch.end()
    for score in watch.scores():
        assert (score.spans if isinstance(score, RuleHit) else ()) == tuple((0, *span) for span in whole[score.rule])
    assert watch.settled == len(text)


@given(TEXT, st.integers(0, 60))
@settings(max_examples=200, deadline=None)
def test_a_cut_between_sentences_never_moves(text: str, at: int) -> None:
    """Hidden characters or not, the sentences of a beginning are the first ones of the whole, which is all of them."""
    all_ = list(sentences.cut(text, complete=True))
    assert "".join(text[first:last] for first, last in all_) == text
    early = list(sentences.cut(text[:at], complete=False))
    assert all_[: len(early)] == early


@pytest.mark.parametrize("rule", ["doses", "interactions", "names"])
def test_nobody_waits_for_ever_behind_what_is_not_seen(rule: str) -> None:
    """More of it than any writing holds is no clear answer."""
    watch = Watch([rule], 0)
    for _ in range(5):
        watch.feed("\u200b" * 5000)
    assert watch.scores() == (RuleUnavailable(rule, "error"),)
