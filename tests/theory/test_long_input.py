"""What length does to a score: the closed form of the maximum, the simulation of the reference, and the counting."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from certify.long_input import READERS, Grown, Heard, inflated, interval, joined, lines, share, threshold
from guard.certificate import Proportion
from guard.errors import ProtocolError
from guard.probes.aggregation import Aggregation

RUN, LIFT, ALPHA = 20, 2.0, 0.01
Floats = NDArray[np.float64]


def rolled(tokens: Floats, window: int) -> Floats:
    """Largest mean of a whole window of tokens; (rows,)."""
    sums = np.pad(np.cumsum(tokens, axis=1), ((0, 0), (1, 0)))
    return (sums[:, window:] - sums[:, :-window]).max(axis=1) / window


def rolled_early(tokens: Floats, window: int) -> Floats:
    """The same, with the shorter windows at the beginning of a text; (rows,)."""
    early = np.cumsum(tokens[:, : window - 1], axis=1) / np.arange(1, window)
    return np.maximum(early.max(axis=1), rolled(tokens, window))


def averaged(tokens: Floats, decay: float, first: Floats | float) -> Floats:
    """Largest exponential moving average, from a state `first`; (rows,)."""
    state = np.broadcast_to(np.asarray(first, dtype=np.float64), tokens.shape[:1])
    best = np.full(len(tokens), -np.inf)
    for column in tokens.T:
        state = decay * state + (1 - decay) * column
        best = np.maximum(best, state)
    return best


# A window or an average that begins with a text's first token is "early"; the reference's begin full, and at rest.
FAST = {
    "mean": lambda tokens: tokens.mean(axis=1),
    "max": lambda tokens: tokens.max(axis=1),
    "rolling": lambda tokens: rolled(tokens, 10),
    "rolling, early": lambda tokens: rolled_early(tokens, 10),
    "ema": lambda tokens: averaged(tokens, 0.5, 0.0),
    "ema, early": lambda tokens: averaged(tokens, 0.5, tokens[:, 0]),
}
"""The same rules over whole tables, for speed; `test_fast_rules_are_the_guards` ties them to what runs."""
SLOW = {
    "mean": Aggregation("mean"),
    "max": Aggregation("max"),
    "rolling, early": Aggregation("rolling_max", window=10),
    "ema, early": Aggregation("ema_max", decay=0.5),
}
REFERENCE = {
    100: {"mean": (0.01, 0.05), "max": (0.01, 0.41), "rolling": (0.01, 0.0), "ema": (0.01, 0.01)},
    1_000: {"mean": (0.0, 1.0), "max": (0.10, 0.38), "rolling": (0.10, 0.0), "ema": (0.10, 0.01)},
    10_000: {"mean": (0.0, 1.0), "max": (0.64, 0.15), "rolling": (0.67, 0.0), "ema": (0.64, 0.0)},
}
"""False alarms and misses at a threshold of 1 % false alarms on 100 tokens, as `probes.md` section 3 has them."""


def drawn(rows: int, length: int, rng: np.random.Generator, *, planted: bool) -> Floats:
    """Independent token scores, with a run of signal somewhere if planted."""
    tokens = rng.normal(size=(rows, length))
    if planted:
        for row, at in enumerate(rng.integers(0, length - RUN + 1, size=rows)):
            tokens[row, at : at + RUN] += LIFT
    return tokens


def test_fast_rules_are_the_guards() -> None:
    """Rules written for tables give what the running rules of the guard give, token by token."""
    tokens = np.random.default_rng(3).normal(size=(5, 40))
    for name, rule in SLOW.items():
        np.testing.assert_allclose(FAST[name](tokens), [rule.over(row) for row in tokens.tolist()], atol=1e-12)


@pytest.fixture(scope="module")
def taus() -> dict[str, float]:
    """Thresholds at 1 % false alarms on 100 benign tokens."""
    rng = np.random.default_rng(0)
    tables = [drawn(20_000, 100, rng, planted=False) for _ in range(3)]
    return {name: float(np.quantile(np.concatenate([rule(t) for t in tables]), 1 - ALPHA)) for name, rule in FAST.items()}


@pytest.mark.parametrize("length", REFERENCE)
def test_a_short_threshold_fails_on_long_text_as_published(length: int, taus: dict[str, float]) -> None:
    """The mean misses nearly all and the maxima alarm nearly always at 10,000 tokens, as the reference says."""
    rows = 400 if length == 10_000 else 4_000
    rng = np.random.default_rng(length)
    benign, planted = (drawn(rows, length, rng, planted=side) for side in (False, True))
    for name, (alarms, misses) in REFERENCE[length].items():
        # Three standard errors of this simulation, and half a digit of the printed table.
        slack = 3 * np.sqrt(0.25 / rows) + 0.006
        assert abs(float((FAST[name](benign) >= taus[name]).mean()) - alarms) < slack, name
        assert abs(float((FAST[name](planted) < taus[name]).mean()) - misses) < slack, name


def test_a_threshold_for_the_length_saves_the_rolling_mean_alone() -> None:
    """With a threshold set at 10,000 tokens the rolling mean still finds all, the mean and the maximum almost nothing."""
    rng = np.random.default_rng(7)
    benign, planted = (drawn(600, 10_000, rng, planted=side) for side in (False, True))
    miss = {n: float((rule(planted) < np.quantile(rule(benign), 1 - ALPHA)).mean()) for n, rule in FAST.items()}
    assert miss["rolling"] < 0.02
    assert miss["mean"] > 0.9 and miss["max"] > 0.8
    assert 0.1 < miss["ema"] < 0.5


def test_windows_that_are_not_full_cost_power(taus: dict[str, float]) -> None:
    """The mean of the first token or two is as restless as a maximum: where it takes part, a short threshold must rise.

    True of independent scores, the worst case; how much it costs on a model's own scores is measured in `bench/`.
    """
    planted = drawn(4_000, 100, np.random.default_rng(9), planted=True)
    miss = {name: float((rule(planted) < taus[name]).mean()) for name, rule in FAST.items()}
    assert miss["rolling"] < 0.01 and miss["ema"] < 0.03
    assert miss["rolling, early"] > 0.4
    assert miss["ema, early"] > miss["ema"]


def test_the_maximum_inflates_by_the_closed_form() -> None:
    """1 % at 100 tokens is 9.6 % at 1,000 and 63 % at 10,000."""
    assert inflated(0.01, 1_000, 100) == pytest.approx(0.0956, abs=1e-4)
    assert inflated(0.01, 10_000, 100) == pytest.approx(0.634, abs=1e-3)
    assert inflated(0.01, 100, 100) == pytest.approx(0.01)


def talk(rng: np.random.Generator, turns: int, lift: float) -> Heard:
    """A conversation of twenty tokens a turn, the last of them lifted."""
    messages = rng.normal(size=(turns, 20))
    messages[-1] += lift
    return Heard(tuple(map(tuple, messages.tolist())), tuple(rng.normal(size=turns) + np.eye(turns)[-1] * 3 * lift))


def test_counting_finds_what_length_does() -> None:
    """Of a planted run, the mean of all text loses sight as the text grows, and one score a turn does not."""
    rng = np.random.default_rng(5)
    grown = {
        20 * turns: [Grown(f"{turns}/{n}", talk(rng, turns, 0.0), {"last": talk(rng, turns, 3.0)}) for n in range(60)]
        for turns in (2, 40)
    }
    found = {(line.reader, line.length, line.calibrated): line for line in lines(grown, 0.05)}
    assert len(found) == 2 * 2 * len(READERS)
    assert share(found["mean of the text", 800, "short"].misses["last"]) > 0.8
    for name in ("rolling mean of 16, every turn", "mean, every turn"):
        assert share(found[name, 800, "at this length"].misses["last"]) < 0.1
        assert interval(found[name, 800, "at this length"].alarms)[0] < 0.05
    assert share(found["max of the text", 800, "short"].alarms) > 0.3


def test_whole_windows_leave_out_the_first_few_tokens() -> None:
    """One restless token at the beginning moves the guard's rolling mean and no whole window; a short text is one window."""
    heard = Heard(((8.0, *[0.0] * 31), (1.0, 2.0)), (0.0, 0.0))
    assert READERS["rolling mean of 16, every turn"](heard) == 8.0
    assert READERS["whole windows of 16, every turn"](heard) == 1.5


def test_thresholds_are_set_on_other_conversations() -> None:
    """Cross-fitting: on scores without any signal, false alarms come out at the nominal rate and not at zero."""
    rng = np.random.default_rng(11)
    grown = {40: [Grown(str(n), talk(rng, 2, 0.0), {"last": talk(rng, 2, 0.0)}) for n in range(400)]}
    for line in lines(grown, 0.1):
        low, high = interval(line.alarms)
        assert low < 0.1 < high + 0.02, line.reader
        assert share(line.misses["last"]) > 0.8, line.reader


@pytest.mark.parametrize("longer", [(3, 4), (2, 3, 4)])
def test_no_chat_is_judged_by_a_threshold_that_its_own_beginning_set(longer: tuple[int, ...]) -> None:
    """Wherever the chats that grow further stand: one that is loud at both lengths alarms, for no quiet one says so before."""

    def said(loud: bool) -> Heard:
        return Heard(((float(loud),),), (float(loud),))

    loud = longer[0]
    grown = {
        length: [Grown(str(n), said(n == loud), {"last": said(True)}) for n in chats]
        for length, chats in ((20, (0, 1, 2, 3, 4)), (800, longer))
    }
    for line in lines(grown, 0.05):
        assert line.alarms == Proportion(successes=1, trials=5 if line.length == 20 else len(longer)), line


def test_bad_input_is_refused() -> None:
    """No score, a score that is none, or a single conversation can't set a threshold; nothing to read has no score."""
    with pytest.raises(ProtocolError):
        threshold([], 0.05)
    with pytest.raises(ProtocolError):
        threshold([0.0, float("nan")], 0.05)
    with pytest.raises(ProtocolError):
        lines({}, 0.05)
    for messages, decisions in (((), ()), (((),), (0.0,)), (((1.0,),), ())):
        with pytest.raises(ProtocolError, match="without a token of text"):
            Heard(messages, decisions)
    one = Grown("one", Heard(((0.0,),), (0.0,)), {})
    for each in ([one], [one, one], []):
        with pytest.raises(ProtocolError, match="of two chats"):
            lines({40: each}, 0.05)


def test_a_rate_carries_its_exact_interval() -> None:
    """None of 20 leaves room for 17 % (Clopper and Pearson, two-sided)."""
    one, two, none = (Proportion(successes=number, trials=20) for number in (1, 2, 0))
    assert interval(none) == pytest.approx((0.0, 0.1684), abs=1e-4)
    assert joined(one, two) == Proportion(successes=3, trials=40)
    assert share(one) == 0.05
