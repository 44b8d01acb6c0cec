"""Signed decimal strings, rounded for people: upper bounds up, lower bounds down, estimates to the nearest.

Exact decimals throughout: no float comes in between, so that what is printed is never better than what was signed.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, InvalidOperation

from guard.errors import InputError


def decimal(text: str) -> Decimal:
    """Read a signed decimal string.

    Raises:
        InputError: It is not a finite number.
    """
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise InputError(f"the certificate holds {text[:40]!r} where a number belongs") from error
    if not value.is_finite():
        raise InputError(f"the certificate holds {text[:40]!r} where a finite number belongs")
    return value


def up(text: str, places: int = 4) -> str:
    """Write an upper bound with so many decimals, rounded up."""
    return _round(text, places, ROUND_CEILING)


def down(text: str, places: int = 4) -> str:
    """Write a lower bound with so many decimals, rounded down."""
    return _round(text, places, ROUND_FLOOR)


def near(text: str, places: int = 4) -> str:
    """Write an estimate with so many decimals, rounded to the nearest."""
    return _round(text, places, ROUND_HALF_EVEN)


def _round(text: str, places: int, rounding: str) -> str:
    return str(decimal(text).quantize(Decimal(1).scaleb(-places), rounding=rounding))


def short(text: str) -> str:
    """Write a level such as delta with three significant digits, rounded up."""
    value = decimal(text)
    if value == 0:
        return "0"
    step = Decimal(1).scaleb(value.adjusted() - 2)
    return f"{value.quantize(step, rounding=ROUND_CEILING).normalize():f}"


def ceiling(value: str, per: int) -> int:
    """Return how many in `per`, rounded up."""
    return int((decimal(value) * per).to_integral_value(rounding=ROUND_CEILING))


def per_thousand(rate: str) -> str:
    """Return an estimate per 1,000, to one decimal."""
    return near(str(decimal(rate) * 1_000), 1)
