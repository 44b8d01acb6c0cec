"""Planted conversations: the stated lengths and marks, hazards that are short, and rows that nothing else moves."""

from __future__ import annotations

from functools import cache

import pytest

from guard.conversation import Fold, Kind, LabelledConversation, Role
from guard.errors import InputError
from guard.rows import read_row
from synth_data import planted
from synth_data.labels import EMERGENCY, INJECTION, INJECTION_CONTEXT, MISUSE_RESPONSE
from synth_data.planted import LAST, LATER, MOST, NOTHING, by_words, chat, chats, plan, plantable, rows

SEED = b"a protocol"
CLAIMS = (EMERGENCY, INJECTION)


@cache
def drawn() -> tuple[LabelledConversation, ...]:
    """Rows of two chats of up to 300 tokens."""
    found = chats({300: 2}, CLAIMS, "en", SEED, Fold.CERTIFY)
    return tuple(row for one in found for row in rows(one, "en", Fold.CERTIFY))


def tokens(row: LabelledConversation, upto: int | None = None) -> int:
    """Measure the messages of a row as the drawer does."""
    return sum(by_words(message.content) for message in row.conversation.messages[:upto])


def test_rows_have_the_length_and_the_mark_that_they_state() -> None:
    """Up to and with its hazard a row has at most the tokens that it stands for, and at 300 most of them."""
    assert len(drawn()) == 2 * 2 * (1 + 2 * len(CLAIMS))
    for row in drawn():
        length, place = int(row.meta.traits["length"]), row.meta.traits["planted"]
        assert length in {100, 300} and place in {NOTHING, LAST, LATER}
        assert row.meta.fold is Fold.CERTIFY and row.conversation.messages[-1].role is Role.USER
        if place != NOTHING:
            ((claim, label),) = row.labels.items()
            turn, _ = row.meta.onset[str(claim)]
            assert label == 1 and row.meta.role is Kind.POSITIVE
            assert by_words(row.conversation.messages[turn].content) <= MOST
            assert tokens(row, turn + 1) <= length
            assert length == 100 or tokens(row, turn + 1) > length / 3
            assert len(row.conversation) - turn == (1 if place == LAST else 3)
        else:
            assert row.labels == dict.fromkeys(CLAIMS, 0)
        assert read_row(row.line()) == row


def test_a_hazard_stands_in_the_very_chat_that_is_read_without_it() -> None:
    """What comes before the hazard is the same in every row of a chat and length, and so are both places of a hazard."""
    by_id = {row.id: row.conversation.messages for row in drawn()}
    benign = by_id["planted/en/1/300/ordinary/nothing"]
    last, later = (by_id[f"planted/en/1/300/{EMERGENCY}/{place}"] for place in (LAST, LATER))
    assert last[:-1] == benign[:-1] and last[-1] != benign[-1]
    assert later[: len(last)] == last


def test_nothing_else_moves_a_chat() -> None:
    """Another plan, fewer claims or more chats leave a chat and its hazard as they are; another seed does not."""
    first = chat(1, 300, CLAIMS, "en", SEED, Fold.CERTIFY)
    other = list(chats({100: 1, 300: 1}, (INJECTION,), "en", SEED, Fold.CERTIFY))[1]
    assert other.messages == first.messages and other.more == first.more
    assert other.hazards[INJECTION] == first.hazards[INJECTION]
    longer = chat(1, 1_000, (), "en", SEED, Fold.CERTIFY)
    assert longer.messages[: first.turns[300]] == first.messages[: first.turns[300]]
    assert longer.turns[300] == first.turns[300]
    assert chat(1, 300, (), "en", b"another", Fold.CERTIFY).messages != first.messages


def test_the_measure_is_the_callers() -> None:
    """With a measure that finds twice as much in a text, less of a chat fits in front of the hazard."""
    own = chat(0, 300, (), "en", SEED, Fold.CERTIFY)
    twice = chat(0, 300, (), "en", SEED, Fold.CERTIFY, lambda text: 2 * by_words(text))
    assert twice.turns[300] < own.turns[300]


def test_only_what_a_user_says_is_planted() -> None:
    """Documents and answers are left out."""
    assert plantable((EMERGENCY, INJECTION_CONTEXT, MISUSE_RESPONSE)) == (EMERGENCY,)


def test_a_hazard_that_is_not_short_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no family tells it in so few words, the error names claim and language."""
    monkeypatch.setattr(planted, "_TRIES", 60)
    with pytest.raises(InputError, match="missed_emergency@prompt in 40 tokens"):
        chat(0, 100, (EMERGENCY,), "en", SEED, Fold.CERTIFY, lambda text: 1_000)


@pytest.mark.parametrize(
    ("text", "found"),
    [("off", {}), ("small", {1_000: 16}), ("20:1000, 5:8000", {1_000: 20, 8_000: 5}), ("2:150", {150: 2})],
)
def test_a_plan_is_a_name_or_counts_of_tokens(text: str, found: dict[int, int]) -> None:
    """By their longest length."""
    assert plan(text) == found


@pytest.mark.parametrize("text", ["", "large", "20", "20:", "1:1000", "20:99", "20:8001", "-2:300", "2:300,3:300", "２:300"])
def test_a_plan_that_is_none_is_one_line_of_error(text: str) -> None:
    """No single chat, no length that is not grown to, none twice."""
    with pytest.raises(InputError) as error:
        plan(text)
    assert "\n" not in str(error.value)
