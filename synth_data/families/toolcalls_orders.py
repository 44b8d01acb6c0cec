"""Orders of a medicine that lie far above or far below what the drugs table allows a day.

Only rows that were seen in a source count. Out of bounds is at least twice the highest of a medicine's daily maxima; within
them is at most half of the lowest; nothing in between is an order here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from synth_data.families.toolcalls_session import table

DAILY = {
    "once a day": 1,
    "twice a day": 2,
    "three times a day": 3,
    "four times a day": 4,
    "every 4 hours": 6,
    "every 3 hours": 8,
}
"""How often a day."""
UNITS = {"mg": 1.0, "g": 1000.0, "mcg": 0.001}
"""In mg."""
_LEADING = ("1", "1.25", "1.5", "2", "2.5", "3", "4", "5", "6", "7.5", "8")
NUMBERS = tuple(float(f"{lead}e{power}") for power in range(-1, 4) for lead in _LEADING)
"""Numbers that a dose is given in."""
KEPT = {"dose": ("unit", "frequency"), "unit": ("dose", "frequency"), "frequency": ("dose", "unit"), "schedule": ("unit",)}
"""What stays the same, by what flips."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is ordered."""

    dose: float
    unit: str
    frequency: str

    @property
    def daily(self) -> float:
        """How many mg a day it is."""
        return self.dose * UNITS[self.unit] * DAILY[self.frequency]

    @property
    def said(self) -> str:
        """How a person says it."""
        return f"{self.dose:g} {self.unit} {self.frequency}"


@cache
def bounds(drug: str) -> tuple[float, float]:
    """Return the lowest and the highest daily maximum of a medicine, in mg, over all rows that were seen in a source."""
    rows = [row for row in table("drugs") if row["drug"] == drug and row["status"] == "V" and row["max_mg_per_day"]]
    high = [float(row["max_mg_per_day"]) for row in rows]
    lower = [float(row["lower_regional_max_mg_per_day"]) for row in rows if row["lower_regional_max_mg_per_day"]]
    return min([*high, *lower], default=0.0), max(high, default=0.0)


@cache
def _every() -> tuple[tuple[Order, float], ...]:
    """Return all orders that can be written, and how many mg a day each is."""
    found = (Order(number, unit, often) for number in NUMBERS for unit in UNITS for often in DAILY)
    return tuple((order, order.daily) for order in found)


@cache
def orders(drug: str, flip: str) -> tuple[tuple[Order, Order], ...]:
    """Return all orders out of bounds, each with one within them.

    They differ in the dose, in its unit or in the frequency; or in dose and frequency, where the larger dose is the rarer
    one, so that neither often nor large numbers say the label.
    """
    low, high = bounds(drug)
    # A wrong unit is a thousandfold, so that there an ordinary order alone says what the other side is.
    most, least = (2000 * high, low / 10) if flip == "unit" else (2.5 * high, low / 3)
    over = [order for order, daily in _every() if 2 * high <= daily <= most]
    under = [order for order, daily in _every() if least <= daily <= low / 2]
    kept = KEPT[flip]
    by: dict[tuple[object, ...], list[Order]] = {}
    for order in under:
        by.setdefault(tuple(getattr(order, name) for name in kept), []).append(order)
    pairs = ((order, twin) for order in over for twin in by.get(tuple(getattr(order, name) for name in kept), ()))
    return tuple((order, twin) for order, twin in pairs if flip != "schedule" or DAILY[order.frequency] < DAILY[twin.frequency])
