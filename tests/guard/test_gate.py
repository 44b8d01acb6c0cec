"""The gate: nothing leaves that was not judged, whatever the pieces and wherever the hazard begins."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.errors import ScoringError
from guard.gate import Gate
from guard.policy import GateMode

ALPHABET = "abc xyz.,\nåß日本👩‍⚕️é"
FORBIDDEN = "§"  # stands for any hazardous character; it is nowhere in the alphabet
CASES = 12_000


def cut(data: bytes, random_: random.Random) -> list[bytes]:
    """Cut bytes into tokens of random length, through the middle of characters, too, with empty ones among them."""
    tokens, at = [], 0
    while at < len(data):
        size = random_.choice((0, 1, 1, 2, 3, 5, 9))
        tokens.append(data[at : at + size])
        at += size
    return tokens


def run(gate: Gate, tokens: list[bytes], bad_from: int, lag: int) -> Iterator[str]:
    """Feed tokens; the monitor's judgement lags, and it fires at the first token with a byte at or after `bad_from`."""
    seen, ends = 0, []
    for index, token in enumerate(tokens):
        gate.emitted(index, token)
        seen += len(token)
        ends.append(seen)
        if index >= lag:
            if ends[index - lag] > bad_from:
                gate.close()
                return
            yield gate.judged(index - lag)
    for index in range(max(0, len(tokens) - lag), len(tokens)):
        if ends[index] > bad_from:
            gate.close()
            return
        yield gate.judged(index)
    yield gate.end()


def test_no_forbidden_character_leaves_in_twelve_thousand_random_streams() -> None:
    """Over random texts, cuts, hazard positions, lags and modes, no hazardous character is ever let go."""
    random_ = random.Random(20260101)
    leaked = released = 0
    for _ in range(CASES):
        good = "".join(random_.choices(ALPHABET, k=random_.randrange(0, 40)))
        bad = FORBIDDEN * random_.randrange(1, 4) + "".join(random_.choices(ALPHABET, k=random_.randrange(0, 20)))
        tokens = cut((good + bad).encode(), random_)
        gate = Gate(random_.choice(list(GateMode)), window=random_.randrange(1, 9))
        out = "".join(run(gate, tokens, len(good.encode()), random_.randrange(0, 4)))
        assert (good + bad).startswith(out)
        assert gate.closed
        assert gate.coverage.released_characters == len(out) <= gate.coverage.judged_characters
        leaked += out.count(FORBIDDEN)
        released += len(out)
    assert leaked == 0
    assert released > CASES  # a gate that lets nothing go would pass the line above


def test_a_gate_that_releases_before_judging_is_caught() -> None:
    """The property above can fail: letting text go as it is emitted leaks."""
    random_ = random.Random(7)
    leaked = 0
    for _ in range(200):
        good = "".join(random_.choices("abc ", k=random_.randrange(0, 20)))
        tokens = cut((good + FORBIDDEN).encode(), random_)
        seen, out = 0, b""
        for token in tokens:
            out += token  # sent first,
            seen += len(token)
            if seen > len(good.encode()):  # judged after
                break
        leaked += out != good.encode()
    assert leaked > 150


@given(text=st.text(max_size=60), seed=st.integers(0, 2**32), mode=st.sampled_from(list(GateMode)))
@settings(max_examples=600, deadline=None)
def test_a_clear_answer_leaves_whole(text: str, seed: int, mode: GateMode) -> None:
    """What is released in the end is what was judged, character for character."""
    text = text.encode("utf-8", "replace").decode()
    tokens = cut(text.encode(), random.Random(seed))
    gate = Gate(mode, window=3)
    parts = list(run(gate, tokens, 10**9, 1))
    assert "".join(parts) == text
    coverage = gate.coverage
    assert coverage.emitted_tokens == coverage.judged_tokens == coverage.released_tokens == len(tokens)
    assert coverage.judged_characters == coverage.released_characters == len(text)


def test_token_mode_releases_a_token_when_it_is_judged_and_not_before() -> None:
    """One token waits for its own judgement only."""
    gate = Gate(GateMode.TOKEN)
    gate.emitted(0, b"one")
    gate.emitted(1, b" two")
    assert gate.coverage.released_tokens == 0
    assert gate.judged(0) == "one"
    assert gate.judged(1) == " two"


def test_window_mode_waits_for_a_whole_window() -> None:
    """A token leaves when the window that begins with it is judged; the last window leaves at the end."""
    gate = Gate(GateMode.WINDOW, window=3)
    given_out = []
    for index, piece in enumerate((b"a", b"b", b"c", b"d")):
        gate.emitted(index, piece)
        given_out.append(gate.judged(index))
    assert given_out == ["", "", "a", "b"]
    assert gate.end() == "cd"


def test_buffer_mode_releases_nothing_before_the_end() -> None:
    """A hazard found only at the end finds the whole answer still here."""
    gate = Gate(GateMode.BUFFER)
    for index, piece in enumerate((b"a", b"b")):
        gate.emitted(index, piece)
        assert gate.judged(index) == ""
    gate.close()
    assert gate.end() == ""
    assert gate.coverage.released_characters == 0


def test_a_character_over_several_tokens_leaves_once_and_whole() -> None:
    """Half a character is never let go."""
    gate = Gate(GateMode.TOKEN)
    out = []
    for index, byte in enumerate("é👩".encode()):
        gate.emitted(index, bytes([byte]))
        out.append(gate.judged(index))
    assert [part for part in out if part] == ["é", "👩"]


def test_an_unfinished_character_at_the_end_is_marked_and_counted() -> None:
    """Bytes that never became a character leave as the replacement character, judged as all else."""
    gate = Gate(GateMode.TOKEN)
    gate.emitted(0, b"a\xc3")
    assert gate.judged(0) + gate.end() == "a\ufffd"
    assert gate.coverage.judged_characters == gate.coverage.released_characters == 2


@pytest.mark.parametrize("mode", list(GateMode))
def test_a_judgement_out_of_order_closes_the_gate(mode: GateMode) -> None:
    """A score beside the wrong token judges nothing."""
    gate = Gate(mode)
    gate.emitted(0, b"a")
    gate.emitted(1, b"b")
    with pytest.raises(ScoringError):
        gate.judged(1)
    assert gate.closed
    assert gate.judged(0) == ""


def test_a_judgement_of_a_token_that_was_not_emitted_closes_the_gate() -> None:
    """More judgements than tokens is a mismatch, too."""
    gate = Gate(GateMode.TOKEN)
    with pytest.raises(ScoringError):
        gate.judged(0)
    assert gate.closed


def test_a_token_out_of_order_closes_the_gate() -> None:
    """A lost token means that the rest can't be trusted."""
    gate = Gate(GateMode.TOKEN)
    with pytest.raises(ScoringError):
        gate.emitted(1, b"a")
    assert gate.closed


def test_an_answer_that_ends_unjudged_is_dropped() -> None:
    """The end releases only what was judged."""
    gate = Gate(GateMode.BUFFER)
    gate.emitted(0, b"a")
    gate.judged(0)
    gate.emitted(1, b"b")
    with pytest.raises(ScoringError):
        gate.end()
    assert gate.end() == ""
    assert gate.coverage.released_characters == 0


def test_a_closed_gate_stays_closed() -> None:
    """Nothing that comes later opens it."""
    gate = Gate(GateMode.TOKEN)
    gate.emitted(0, b"a")
    gate.close()
    gate.emitted(1, b"b")
    assert gate.judged(0) == gate.judged(1) == gate.end() == ""
