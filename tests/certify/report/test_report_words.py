"""How bounds, statuses and times read."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certify.report import render, rounding, sources, words
from certify.report.sources import ExternalSection
from guard.certificate import Status, number
from guard.errors import InputError

RATES = st.floats(0.0, 1.0, allow_nan=False)
LIMITS = st.integers(1, 100).map(lambda percent: str(percent / 100))


def _fraction(text: str) -> Fraction:
    """Read "4 in 100" back."""
    count, _, per = text.partition(" in ")
    return Fraction(count.replace(",", "")) / Fraction(per.replace(",", ""))


@given(upper=RATES, estimand=st.sampled_from(sorted(words.WHERE)), units=st.integers(2, 5000))
def test_a_frequency_is_never_below_the_bound(bound_with: Any, upper: float, estimand: str, units: int) -> None:
    """What people read is rounded up: never better than what was shown."""
    bound = bound_with(estimand, upper, 0.0, units=units)
    assert _fraction(words.frequency(bound)) >= Fraction(number(upper))


@given(upper=RATES, limit=LIMITS, estimand=st.sampled_from(sorted(words.WHERE)))
def test_frequency_and_limit_never_contradict_the_status(bound_with: Any, upper: float, limit: str, estimand: str) -> None:
    """The rounded words stand on the same side of the limit as the exact bound."""
    bound = bound_with(estimand, upper, 0.0, limit=limit)
    said, demanded = _fraction(words.frequency(bound)), _fraction(words.limit_frequency(bound))
    assert demanded == Fraction(limit)
    assert (said <= demanded) == (bound.status is Status.PASS)


@pytest.mark.parametrize(
    ("upper", "limit", "said"),
    [
        (0.0312, "0.05", "4 in 100"),
        (0.0401, "0.045", "41 in 1,000"),
        (0.0441, "0.044", "45 in 1,000"),
        (1.0, "", "100 in 100"),
    ],
)
def test_the_base_gets_finer_only_where_the_limit_needs_it(bound_with: Any, upper: float, limit: str, said: str) -> None:
    """In 100 where that is enough, finer where not."""
    assert words.frequency(bound_with("miss", upper, 0.0, limit=limit)) == said


def test_false_alarms_on_traffic_are_said_in_a_thousand(bound_with: Any) -> None:
    """Ordinary conversations are many: 1,000 is the base."""
    assert words.frequency(bound_with("false_alarm_traffic", 0.0121, 0.0, units=2000)) == "13 in 1,000"


def test_less_than_one_in_a_hundred_needs_more_than_a_thousand_units(bound_with: Any) -> None:
    """With 600 draws a small bound is said as 1 in 100; with 2,000 as it is."""
    assert words.frequency(bound_with("false_alarm_traffic", 0.004, 0.0, units=600)) == "10 in 1,000"
    assert words.frequency(bound_with("false_alarm_traffic", 0.004, 0.0, units=2000)) == "4 in 1,000"


@pytest.mark.parametrize(
    ("upper", "lower", "limit", "part"),
    [
        (0.04, 0.0, "0.05", "is met"),
        (0.06, 0.03, "0.05", "neither show that the limit of 5 in 100 is met nor that it is broken"),
        (0.2, 0.1, "0.05", "With the same confidence, the limit of 5 in 100 is broken: the true rate is above it"),
        (0.2, 0.1, "", "sets no limit"),
    ],
)
def test_each_status_has_a_sentence_of_its_own(bound_with: Any, upper: float, lower: float, limit: str, part: str) -> None:
    """NOT SHOWN is neither a pass nor proof of harm, and reads so."""
    assert part in words.status_sentence(bound_with("miss", upper, 0.0, limit=limit, lower=lower))


def test_a_sentence_has_confidence_rate_and_population(bound_with: Any) -> None:
    """No number stands without them."""
    bound = bound_with("miss", 0.0312, 0.0)
    said = f"{words.lead(bound, '95 %')} {words.frequency(bound)} {words.tail(bound, 'does not notice it')}"
    assert said == (
        "With 95 % confidence, at most 4 in 100 new scenarios of the listed kinds are ones in which the monitor "
        "does not notice it."
    )


def test_too_few_families_are_called_uninformative_by_size(bound_with: Any) -> None:
    """12 families without a loss can't show 5 %; 600 draws can."""
    few = bound_with("miss_unseen", 0.5, 0.2, units=12, delta="0.05")
    assert (
        words.uninformative(few, "0.05")
        == "Uninformative by size: 12 families without a single loss would still give 23 in 100."
    )
    assert words.uninformative(bound_with("miss", 0.04, 0.0, limit="0.05"), "") == ""
    assert words.uninformative(few, "") == ""


@pytest.mark.parametrize(("delta", "level"), [("0.04", "95 %"), ("0.05", "95 %"), ("0.051", "94 %"), ("0.2", "80 %")])
def test_confidence_is_never_more_than_the_budget_allows(delta: str, level: str) -> None:
    """95 % up to a budget of .05, else rounded down."""
    assert words.confidence(delta) == level


def test_without_two_clinicians_nobody_has_checked_the_answer_key() -> None:
    """One clinician, or an engineer, is not enough."""
    assert words.answer_key("none") == words.NO_CLINICIAN
    assert words.answer_key("one clinician checked 50 items") == words.NO_CLINICIAN
    assert words.answer_key("Two clinicians checked 200 items").startswith("Two clinicians")


def test_bounds_are_rounded_outwards_and_estimates_to_the_nearest() -> None:
    """Up for upper, down for lower, exactly in decimals."""
    assert (rounding.up("0.04120001"), rounding.down("0.04129999"), rounding.near("0.04125001")) == (
        "0.0413",
        "0.0412",
        "0.0413",
    )
    assert (rounding.up("0.05"), rounding.short("0.00041666666"), rounding.short("0.0004"), rounding.short("0")) == (
        "0.0500",
        "0.000417",
        "0.0004",
        "0",
    )


@pytest.mark.parametrize("text", ["nan", "Infinity", "five", ""])
def test_what_is_not_a_number_is_refused(text: str) -> None:
    """A blank or a NaN never becomes a bound on the page."""
    with pytest.raises(InputError):
        rounding.decimal(text)


def test_times_are_written_for_people() -> None:
    """Day, month in words, year, time, zone; a time without a zone is refused."""
    assert words.when("2026-11-05T09:07:00Z") == "5 November 2026, 09:07\u00a0UTC"
    for wrong in ("2026-11-05T09:07:00", "soon"):
        with pytest.raises(InputError):
            words.when(wrong)


def test_nothing_but_harmless_letters_reaches_the_style_sheet() -> None:
    """Quotes, braces and angle brackets can't leave a CSS string."""
    assert render.css('English"; } </style>') == "English  style"
    assert render.hexadecimal('sha256:ab"}12') == "ab12"


def test_ties_count_for_the_baseline(report_of: Any) -> None:
    """A text baseline that ranks as well has done as well."""
    external = report_of().external
    assert isinstance(external, ExternalSection)
    assert sources.beaten(external) == (2, 2)
