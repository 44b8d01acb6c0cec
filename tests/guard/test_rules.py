"""Rules: identifiers are found by shape and check digit, in linear time, and the same in a stream as in a whole text."""

from __future__ import annotations

import ast
import json
import random
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard import rules
from guard.conversation import Conversation, Message, Role, ToolCall
from guard.errors import InputError
from guard.rules import Rule, identifiers, registry
from guard.rules.passage import Shapes
from guard.rules.watch import Watch
from guard.scores import RuleClear, RuleHit, RuleUnavailable

FOUND = [
    ("My SSN is 123-45-6789.", "123-45-6789"),
    ("ssn: 123456789", "123456789"),
    ("NHS number 943 476 5919 please", "943 476 5919"),
    ("her NHS no 9434765919", "9434765919"),
    ("cpr 010203-1234", "010203-1234"),
    ("født 2902041234 og rask", "2902041234"),
    ("card 4111 1111 1111 1111!", "4111 1111 1111 1111"),
    ("card 378282246310005", "378282246310005"),
    ("write to jens.hansen+a@mail.example.dk today", "jens.hansen+a@mail.example.dk"),
    ("søren@københavn.dk", "søren@københavn.dk"),
    ("ring til mig på tlf 22 33 44 55", "22 33 44 55"),
    ("call me at (212) 555-1234 asap", "(212) 555-1234"),
    ("+45 12 34 56 78", "+45 12 34 56 78"),
    ("0049 170 1234567", "0049 170 1234567"),
    ("mi teléfono es 612 345 678", "612 345 678"),
    ("１２３-４５-６７８９", "１２３-４５-６７８９"),
    ("12\u200b3-45-6789", "12\u200b3-45-6789"),
    ("123\u201145\u20116789", "123\u201145\u20116789"),
]
CLEAR = [
    "",
    "BP 120/80, 500 mg twice daily, on 2024-10-12 at 12:30",
    "NHS number 943 476 5918x",
    "SSN 000-12-3456, 666-12-3456, 900-12-3456, 123-00-4567, 123-45-0000",
    "card 4111 1111 1111 1112",
    "1-2023-45-6789",
    "cpr 320203-1234",
    "call 911, 999 or 112; the poison line is 1-800-222-1222, NHS 0800 123 4567",
    "ICD J45.909, NCT01234567, PMID 12345678",
    "the call lasted 1000000 years",
    "potassium 3.5 4.5 5.5 sodium 135 136 1444",
    "@home a@b me@ @you",
]


@pytest.mark.parametrize(("text", "identifier"), FOUND)
def test_an_identifier_is_found_where_it_stands(text: str, identifier: str) -> None:
    """The span is the identifier, no more and no less."""
    first = text.index(identifier)
    assert identifiers.find(text) == ((first, first + len(identifier)),)


@pytest.mark.parametrize("text", CLEAR)
def test_what_is_no_identifier_is_not_found(text: str) -> None:
    """Doses, dates, codes, wrong check digits and public lines are let be."""
    assert identifiers.find(text) == ()


def test_a_card_is_found_among_other_numbers() -> None:
    """Digit groups before and after it don't hide it."""
    assert identifiers.find("take 12 4111 1111 1111 1111 500 mg")


def test_check_digits_thin_out_random_numbers() -> None:
    """Of random ten-digit numbers about one in eleven passes as an NHS number, of sixteen-digit ones few as a card."""
    random_ = random.Random(3)
    ten = sum(identifiers._nhs("".join(random_.choices("0123456789", k=10))) for _ in range(5000))
    sixteen = sum(identifiers._card("".join(random_.choices("0123456789", k=16))) for _ in range(5000))
    assert 0.06 < ten / 5000 < 0.11
    assert sixteen / 5000 < 0.05


@pytest.mark.parametrize("piece", ["1 ", "a@", "1234567890-", "a.", "+1 ", "ssn ", "phone", "é@é."])
def test_time_grows_with_length_only(piece: str) -> None:
    """No text makes the patterns slow."""
    text = piece * (100_000 // len(piece))
    start = time.process_time()
    identifiers.find(text)
    assert time.process_time() - start < 2


PIECES = [text for text, _ in FOUND] + [text for text in CLEAR if text] + ["word", " ", ". ", "\n", "日本語", "12 34"]


@given(parts=st.lists(st.sampled_from(PIECES), max_size=6), seed=st.integers(0, 2**32))
@settings(max_examples=600, deadline=None)
def test_a_stream_says_in_the_end_what_the_whole_text_says(parts: list[str], seed: int) -> None:
    """Whatever the pieces, the spans are those of the whole; and no character of a hit is settled before it is known."""
    text = " ".join(parts)
    random_ = random.Random(seed)
    watch, at = Watch(["identifiers"], 0), 0
    whole = identifiers.find(text)
    while at < len(text):
        size = random_.randrange(1, 8)
        watch.feed(text[at : at + size])
        at += size
        (score,) = watch.scores()
        known = len(score.spans) if isinstance(score, RuleHit) else 0
        assert watch.settled <= min(at, len(text))
        assert sum(first < watch.settled for first, _ in whole) <= known
    watch.end()
    (score,) = watch.scores()
    assert (score.spans if isinstance(score, RuleHit) else ()) == tuple((0, *span) for span in whole)
    assert watch.settled == len(text)


def test_plain_words_settle_one_word_late() -> None:
    """The price of a rule in a stream is one word."""
    watch = Watch(["identifiers"], 0)
    watch.feed("take a rest")
    assert watch.settled == len("take a")
    watch.feed(" now")
    assert watch.settled == len("take a rest")


def test_a_text_without_spaces_is_not_held_for_ever() -> None:
    """No identifier is longer than the longest, so what is older is settled."""
    watch = Watch(["identifiers"], 0)
    watch.feed("痛" * 1000)
    assert watch.settled == 1000 - identifiers.LONGEST


def test_no_rules_settle_everything() -> None:
    """Nothing is held where nothing is demanded."""
    watch = Watch([], 0)
    watch.feed("abc")
    assert watch.settled == 3
    assert watch.scores() == ()


def talk() -> Conversation:
    """System text, a turn, a call, its result."""
    call = ToolCall(id="c", name="mail", arguments='{"to":"a.b@example.org"}')
    return Conversation(
        (
            Message(Role.SYSTEM, "reach us at x.y@example.org"),
            Message(Role.USER, "hello"),
            Message(Role.ASSISTANT, "I mail", (call,)),
            Message(Role.TOOL, "sent", (), "c"),
            Message(Role.USER, "thanks"),
        )
    )


def test_each_judged_turn_reads_what_came_since_the_last() -> None:
    """System text, the assistant's own words and tool arguments don't go by unseen, and nothing is read twice."""
    first, second, third = (rules.run(["identifiers"], talk(), turn)[0] for turn in (1, 3, 4))
    assert first == RuleHit("identifiers", ((0, 12, 27),))
    assert second == RuleHit("identifiers", ((2, 13, 28),))
    assert third == RuleClear("identifiers")


def test_a_rule_that_is_unknown_or_breaks_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    """It never passes for one that found nothing, at rest or in a stream."""

    def broken(_: str) -> tuple[tuple[int, int], ...]:
        raise RuntimeError

    monkeypatch.setitem(rules.RULES, "broken", Rule("broken", Shapes(broken, len), (Path(__file__),)))
    assert rules.run(["broken", "nonsense"], talk(), 1) == (
        RuleUnavailable("broken", "error"),
        RuleUnavailable("nonsense", "unknown_rule"),
    )
    watch = Watch(["broken", "nonsense"], 0)
    watch.feed("some text")
    assert watch.scores() == (RuleUnavailable("broken", "error"), RuleUnavailable("nonsense", "unknown_rule"))


def test_the_digest_names_the_rule_set() -> None:
    """Another set is another digest; an unknown name has none."""
    assert rules.digest(frozenset()) != rules.digest(frozenset({"identifiers"}))
    assert rules.digest(frozenset({"identifiers"})).startswith("sha256:")
    with pytest.raises(InputError):
        rules.digest(frozenset({"nonsense"}))


HIDDEN = [
    '{"a":"ssn\\n123-45-6789"}',
    '{"a":"\\u0031\\u00323-45-6789"}',
    '{"ssn\\n123-45-6789":[1e999,NaN]}',
    '{"a":"x\\n123-45-6789","a":"y"}',
    '{"n":%s,"a":["x\\t123-45-6789"]}' % ("9" * 5000),
    json.dumps({"body": json.dumps({"b": "x\n123-45-6789"})}),
]


@pytest.mark.parametrize("arguments", HIDDEN)
def test_json_hides_nothing_in_a_call(arguments: str) -> None:
    """Escapes, doubled names, odd numbers and JSON within JSON: at rest and in a stream, the whole arguments are the span."""
    assert not identifiers.find(arguments)
    call = ToolCall(id="c", name="mail", arguments=arguments)
    talk = Conversation((Message(Role.USER, "hi"), Message(Role.ASSISTANT, "ok", (call,)), Message(Role.TOOL, "", (), "c")))
    assert rules.run(["identifiers"], talk, 2) == (RuleHit("identifiers", ((1, 2, 2 + len(arguments)),)),)
    watch = Watch(["identifiers"], 1)
    watch.feed("ok")
    watch.call(call)
    watch.end()
    assert watch.scores() == (RuleHit("identifiers", ((1, 2, 2 + len(arguments)),)),)


def test_a_call_that_is_nested_too_deeply_is_not_clear() -> None:
    """What can't be looked into does not pass for what was."""
    call = ToolCall(id="c", name="mail", arguments="[" * 100_000)
    watch = Watch(["identifiers"], 1)
    watch.call(call)
    assert watch.scores() == (RuleUnavailable("identifiers", "error"),)


@pytest.mark.parametrize("unseen", ["\u202e", "\u200e", "\u2063", "\ufe0f", "\U000e0101", "\u200b" * 500])
def test_characters_that_nobody_sees_hide_nothing(unseen: str) -> None:
    """Not in a whole text, and not in one that comes in pieces."""
    text = f"it is 12{unseen}3-45{unseen}-6789 ok"
    expected = ((6, text.index(" ok")),)
    assert identifiers.find(text) == expected
    watch = Watch(["identifiers"], 0)
    for at in range(0, len(text), 100):
        watch.feed(text[at : at + 100])
        assert watch.settled <= 6 or at + 100 >= len(text)
    watch.end()
    assert watch.scores() == (RuleHit("identifiers", ((0, *expected[0]),)),)


def test_the_word_before_a_number_is_kept_past_what_nobody_sees() -> None:
    """A cue counts by what is seen of the distance."""
    watch = Watch(["identifiers"], 0)
    for piece in ("my phone ", *["is " + "\u200b" * 50] * 3, "22 33", " 44 55", " ok"):
        watch.feed(piece)
    watch.end()
    (score,) = watch.scores()
    assert isinstance(score, RuleHit)


def test_nobody_waits_for_ever_behind_what_is_not_seen() -> None:
    """More of it than any writing holds is no clear answer."""
    watch = Watch(["identifiers"], 0)
    for _ in range(5):
        watch.feed("\u200b" * 5000)
    assert watch.scores() == (RuleUnavailable("identifiers", "error"),)


@pytest.mark.parametrize(("piece", "most"), [("0 ", 0), ("4 ", 12), ("6 0 ", 6)])
def test_digits_that_stand_alone_are_quick(monkeypatch: pytest.MonkeyPatch, piece: str, most: int) -> None:
    """Groups of one digit have the most beginnings and ends of a card; few of them are worth a sum."""
    sums: list[str] = []
    monkeypatch.setattr(identifiers, "_luhn", sums.append)
    identifiers.find(piece * (38_000 // len(piece)))
    assert len(sums) <= most * 1001


def test_cards_in_groups_are_found_as_every_run_of_groups_would_be() -> None:
    """Of digits that begin like cards, in groups of any size, against all runs and the sum of ISO/IEC 7812-1."""
    random_ = random.Random(1)
    found = 0
    for _ in range(3000):
        digits = (random_.choice(["", "4", "5", "60", "37"]) + "".join(random_.choices("0123456789", k=19)))[
            : random_.randint(13, 19)
        ]
        text = digits[0] + "".join(random_.choice(["", "", " ", "-"]) + digit for digit in digits[1:])
        found += any_run_is_a_card(text)
        assert identifiers._card(text) is any_run_is_a_card(text)
    assert found > 100


def any_run_is_a_card(text: str) -> bool:
    """Try every run of groups."""
    groups = text.replace("-", " ").split(" ")
    runs = ("".join(groups[i:j]) for i in range(len(groups)) for j in range(i + 1, len(groups) + 1))
    return any(
        number.startswith(starts) and len(number) in lengths and luhn(number)
        for number in runs
        for starts, lengths in identifiers._CARD_LENGTHS
    )


def luhn(number: str) -> bool:
    """Double every second digit from the right, and sum all digits."""
    doubled = (str(int(digit) * (2 if place % 2 else 1)) for place, digit in enumerate(reversed(number)))
    return sum(int(digit) for digits in doubled for digit in digits) % 10 == 0


@pytest.mark.parametrize("file", ["identifiers", "unseen", "spoken", "passage", "judging", "watch"])
def test_every_file_that_decides_what_a_rule_finds_is_in_its_digest(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A byte more in any of them is another rule set."""
    rule = rules.RULES["identifiers"]
    before = rule.digest()
    [path] = [path for path in (*rule.code, *registry._READING) if path.stem == file]
    changed = tmp_path / path.name
    changed.write_bytes(path.read_bytes() + b"\n")
    monkeypatch.setattr(registry, "_READING", tuple(changed if each == path else each for each in registry._READING))
    other = replace(rule, code=tuple(changed if each == path else each for each in rule.code))
    assert other.digest() != before


@pytest.mark.parametrize("name", sorted(rules.names))
def test_no_file_that_a_rule_reads_with_is_missing_from_its_digest(name: str) -> None:
    """Whatever its files import from beside them is named, too; only the list of rules itself decides nothing."""
    named = {path.stem for path in (*rules.RULES[name].code, *registry._READING)}
    for path in (*rules.RULES[name].code, *registry._READING):
        assert beside(path) - {"registry"} <= named, path


def beside(path: Path) -> set[str]:
    """Return the modules of the package of rules that a file imports."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    modules = {str(node.module).rpartition(".")[2] for node in nodes if str(node.module).startswith("guard.rules.")}
    return modules | {alias.name for node in nodes if node.module == "guard.rules" for alias in node.names}
