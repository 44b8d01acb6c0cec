"""Aggregation: closed forms, causality, and padding that takes no part."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.probes.aggregation import Aggregation, Running

KINDS = ("last", "mean", "max", "rolling_max", "ema_max")
LOGITS = st.lists(st.floats(-50, 50), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [
        (Aggregation("last"), 1.0),
        (Aggregation("mean"), 0.5),
        (Aggregation("max"), 4.0),
        (Aggregation("rolling_max", window=2), 2.5),
        (Aggregation("rolling_max", window=100), 5 / 3),
        (Aggregation("ema_max", decay=0.5), 2.25),
    ],
)
def test_closed_forms(aggregation: Aggregation, expected: float) -> None:
    """Each aggregation gives what its definition says on 0, 1, 4, -4, 1.5-like numbers."""
    assert aggregation.over([0.0, 1.0, 4.0, -3.5, 1.0]) == pytest.approx(expected)


@given(LOGITS, st.sampled_from(KINDS), st.integers(1, 20))
def test_running_value_is_the_value_of_the_text_so_far(logits: list[float], kind: str, window: int) -> None:
    """A streaming score never depends on what comes later."""
    aggregation = Aggregation(kind, window=window)
    running = Running(aggregation)
    for count, logit in enumerate(logits, start=1):
        assert running.push(logit) == aggregation.over(logits[:count])


@given(LOGITS, st.sampled_from(["max", "rolling_max", "ema_max"]))
def test_maxima_never_fall(logits: list[float], kind: str) -> None:
    """A monitor that fired stays fired: its score can only rise while the answer grows."""
    running = Running(Aggregation(kind))
    values = [running.push(logit) for logit in logits]
    assert values == sorted(values)


@given(LOGITS, st.integers(1, 20))
def test_rolling_maximum_lies_between_mean_and_maximum(logits: list[float], window: int) -> None:
    """A window of one token is the maximum; no window exceeds it."""
    assert Aggregation("rolling_max", window=1).over(logits) == max(logits)
    assert Aggregation("rolling_max", window=window).over(logits) <= max(logits) + 1e-9


def test_long_benign_text_does_not_dilute_a_short_hazard() -> None:
    """The mean forgets twenty hazardous tokens among thousands; the rolling maximum does not."""
    text = [-2.0] * 4000 + [3.0] * 20 + [-2.0] * 4000
    assert Aggregation("mean").over(text) < -1.9
    assert Aggregation("rolling_max", window=16).over(text) == pytest.approx(3.0)


def test_negative_logits_are_not_beaten_by_padding() -> None:
    """(-3, -2) scores -2 whatever its neighbours in a batch: nothing is padded with zeros."""
    assert Aggregation("max").over([-3.0, -2.0]) == -2.0


def test_no_token_is_no_score() -> None:
    """An empty text is -inf, which nobody can take for a score."""
    assert Aggregation("max").over([]) == -math.inf


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", [0, 2, 4])
def test_nan_is_never_forgotten(kind: str, place: int) -> None:
    """Once a logit is not a number the score is none, whatever comes after (but for `last`, which reads one token)."""
    logits = [0.0, 5.0, -1.0, 2.0, 1.0]
    logits[place] = math.nan
    if kind != "last" or place == 4:
        assert math.isnan(Aggregation(kind).over(logits))


@pytest.mark.parametrize("fields", [{"window": 0}, {"decay": 1.0}, {"decay": -0.1}, {"kind": "median"}, {"more": 1}])
def test_invalid_parameters_are_refused(fields: dict[str, object]) -> None:
    """A window without tokens, a decay outside [0, 1), an unknown kind or field can't be read from a file."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"kind": "max"} | fields, Aggregation)
