"""Detection lag: what leaves before a monitor speaks, counted with the gate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certify.lag import PASSED_ON, WAYS, Judged, Spread, measure, past_onset, released, spread
from guard.errors import ProtocolError
from guard.gate import WINDOW
from guard.policy import GateMode


def answer(tokens: int, fires: int | None, onset: int | None) -> Judged:
    """An answer whose monitor rises above zero at one token."""
    return Judged(tuple(1.0 if fires is not None and at >= fires else -1.0 for at in range(tokens)), onset)


@given(tokens=st.integers(1, 60), data=st.data())
def test_what_leaves_is_what_the_definitions_say(tokens: int, data: st.DataObject) -> None:
    """Passed on, the firing token has left; held, it has not; a window and a buffer keep more."""
    fired = data.draw(st.none() | st.integers(0, tokens - 1))
    onset = data.draw(st.integers(0, tokens - 1))
    end = tokens if fired is None else fired
    one = answer(tokens, fired, onset)
    assert past_onset(one, 0.0, PASSED_ON) == max(0, min(tokens, end + (fired is not None)) - onset)
    assert past_onset(one, 0.0, GateMode.TOKEN) == max(0, end - onset)
    window = tokens if fired is None else max(0, end - WINDOW + 1)
    assert past_onset(one, 0.0, GateMode.WINDOW) == max(0, window - onset)
    assert past_onset(one, 0.0, GateMode.BUFFER) == (tokens - onset if fired is None else 0)


@given(tokens=st.integers(1, 60), data=st.data())
def test_nothing_of_a_hazard_leaves_where_the_monitor_fires_in_time(tokens: int, data: st.DataObject) -> None:
    """With any hold-back it is nothing; without, it is the one token that the score came too late for."""
    onset = data.draw(st.integers(0, tokens - 1))
    one = answer(tokens, data.draw(st.integers(0, onset)), onset)
    assert all(past_onset(one, 0.0, mode) == 0 for mode in GateMode)
    late = answer(tokens, onset, onset)
    assert past_onset(late, 0.0, PASSED_ON) == 1


def test_sums_up_answers() -> None:
    """Lags count where the monitor fired; what left counts every hazard, also the one that was never found."""
    answers = [
        answer(10, 4, 2),
        answer(10, 2, 2),
        answer(10, 0, 3),
        answer(10, None, 1),
        answer(10, 5, None),
        answer(10, None, None),
    ]
    found = measure(answers, 0.0)
    assert (found.hazardous, found.found, found.in_time, found.ordinary, found.alarms) == (4, 3, 2, 2, 1)
    assert found.lag == Spread(0.0, 2.0, 2.0)
    assert found.left[PASSED_ON] == Spread(1.0, 9.0, 9.0)
    assert found.left[GateMode.TOKEN] == Spread(0.0, 9.0, 9.0)
    assert found.left_in_time == {PASSED_ON: 1, GateMode.TOKEN: 0, GateMode.WINDOW: 0, GateMode.BUFFER: 0}


def test_an_answer_without_a_number_fires() -> None:
    """A score that is not a number judges nothing, so that the answer is cut there."""
    assert Judged((-1.0, float("nan"), -1.0), None).fired(0.0) == 1
    assert Judged((-1.0, -1.0), None).fired(0.0) is None


def test_without_a_monitor_everything_leaves() -> None:
    """The negative control: a threshold that is never reached lets every way give out the whole answer."""
    assert {way: released(30, None, way) for way in WAYS} == dict.fromkeys(WAYS, 30)


def test_bad_input_is_refused() -> None:
    """An onset outside the answer, an empty answer, and answers without any hazard have no lag."""
    for scores, onset in (((), None), ((0.0,), 1), ((0.0,), -1)):
        with pytest.raises(ProtocolError):
            Judged(scores, onset)
    with pytest.raises(ProtocolError):
        measure([answer(3, None, None)], 0.0)
    with pytest.raises(ProtocolError):
        spread([])
