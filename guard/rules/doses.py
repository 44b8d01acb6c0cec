"""Doses above the maximum of their label, as far as the tables of facts have one that was seen in a source.

Comes in: text in English, Danish, German or Spanish, or the arguments of a tool call. Goes out: where an amount stands that
is more in a day than the highest ordinary maximum of its drug; or more than the drug allows for the body weight that was
named; or a drug for once a week stated for each day. It reads what is stated, not what is advised: "never take 10 g" states
10 g. It knows nothing of the patient but a stated weight, and only drugs whose maximum was seen in a named source.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache

import re2

from guard.conversation import ToolCall
from guard.rules import amounts, lexicon, numerals, plain, sentences, tables
from guard.rules.amounts import Amount
from guard.rules.lexicon import Mention
from guard.rules.passage import Passage, Reading, Spans

PER_KG = "policies/rules/per_kg.csv"
"""Maxima for each kilogram, taken out of the notes of the table of drugs."""
SLACK = 1.0001
"""Factor on a maximum, so that rounding is no finding."""

_QUIET = re2.Options()
_QUIET.log_errors = False
_QUIET.case_sensitive = False
_CUE = r"(?:weigh(?:s|ing|t)?|vejer|vægt|wieg(?:e|t|en)|gewicht|pes[oa]|pesando)"
_WEIGHT = re2.compile(
    rf"\b{_CUE}\b[^\d]{{0,25}}?(?P<after>{numerals.DIGITS})\s?(?P<unit>kg|kilos?|kilograms?|kilogramm|lbs?|pounds?|libras)\b"
    rf"|\b(?P<before>{numerals.DIGITS})[ -]?kg[ -](?:child|boy|girl|baby|toddler"
    r"|infant|man|woman|patient|barn|dreng|pige|kind|niño|niña)\b",
    _QUIET,
)
_POUND = 0.4536
_JOINED = re2.compile(r"^[\s(]*(?:\pL+[\s-]){0,1}(?:of |de |af |von )?$", _QUIET)
_OF = re2.compile(r"^\s?(?:of|de|af)\s(?P<what>\pL+)", _QUIET)
_THIS = frozenset(
    ("it", "that", "this", "these", "them", "the", "each", "every", "det", "den", "dem", "el", "la", "esto", "eso")
)


@dataclass(frozen=True, slots=True)
class Limit:
    """What a label allows."""

    daily: float | None
    """Mg a day."""
    per_kg: float | None
    """Mg for each kilogram a day."""
    weekly: bool
    """Taken once a week only."""

    def exceeded(self, amount: Amount, weight: float | None) -> bool:
        """Tell whether an amount is more than the label allows."""
        if self.weekly and amount.per_day is not None and amount.per_day >= 1:
            return True
        if amount.per_kg:
            over = self.per_kg is not None and amount.daily > self.per_kg * SLACK
            return over or (weight is not None and self.exceeded(replace(amount, mg=amount.mg * weight, per_kg=False), weight))
        allowed = [self.daily] if self.daily is not None else []
        if self.per_kg is not None and weight is not None:
            allowed.append(self.per_kg * weight)
        return bool(allowed) and amount.daily > min(allowed) * SLACK


@cache
def limits() -> dict[str, Limit]:
    """Return the maxima that were seen in a source, by drug; of several for one drug the highest."""
    daily: dict[str, float] = {}
    weekly: set[str] = set()
    for row in tables.rows("policies/facts/drugs.csv"):
        if row["status"] != tables.SEEN:
            continue
        if row["max_mg_per_day"]:
            daily[row["drug"]] = max(daily.get(row["drug"], 0.0), float(row["max_mg_per_day"]))
        elif row["schedule"] == "weekly" and "injection" not in row["population"]:
            weekly.add(row["drug"])
    per_kg = {row["drug"]: float(row["max_mg_per_kg_per_day"]) for row in tables.rows(PER_KG)}
    return {
        drug: Limit(daily.get(drug), per_kg.get(drug), drug in weekly and drug not in daily)
        for drug in sorted({*daily, *weekly, *per_kg})
    }


@dataclass(frozen=True, slots=True)
class _Known:
    drug: str = ""
    """The one that the last sentence was about."""
    weight: float | None = None
    """Last stated, in kg."""


class Doses:
    """The rule `doses`."""

    def read(self, passage: Passage) -> Reading:
        """Find doses above their maximum, sentence by sentence."""
        known = passage.known if isinstance(passage.known, _Known) else _Known()
        if passage.call is not None:
            return _of_call(passage.text, passage.call, known)
        return sentences.read(passage, known, _sentence)


def _sentence(text: str, known: _Known) -> tuple[Spans, _Known]:
    if text.isspace():
        return (), known
    known = replace(known, weight=_weight(text) or known.weight)
    mentions = lexicon.drugs().mentions(text)
    spans = [
        (amount.first, amount.last)
        for amount in (amounts.stated(text) if mentions or known.drug else ())
        if (limit := limits().get(_drug(text, amount, mentions, known.drug))) and limit.exceeded(amount, known.weight)
    ]
    names = {mention.name for mention in mentions}
    return tuple(spans), replace(known, drug=min(names) if len(names) == 1 else "")


def _drug(text: str, amount: Amount, mentions: list[Mention], before: str) -> str:
    """Return which drug an amount is of: the one joined to it, the last before it, the next, or that of the last sentence."""
    later = next((mention for mention in mentions if mention.first >= amount.last), None)
    if later and _JOINED.search(text[amount.last : later.first]):
        return later.name
    of = _OF.search(text[amount.last :])
    if of and of.group("what").lower() not in _THIS:
        return ""
    earlier = [mention for mention in mentions if mention.last <= amount.first]
    if earlier:
        return earlier[-1].name
    return later.name if later else before


def _weight(text: str) -> float | None:
    match = _WEIGHT.search(text)
    if match is None:
        return None
    number = numerals.value(match.group("after") or match.group("before"))
    unit = (match.group("unit") or "kg").lower()
    kilograms = number * _POUND if unit.startswith(("lb", "pound", "libra")) else number
    return kilograms if 0 < kilograms < 500 else None


def _of_call(arguments: str, call: ToolCall, known: _Known) -> Reading:
    text = plain.of(_spoken(call)).text
    spans, known = _sentence(text, known) if text else ((), known)
    whole = len(arguments)
    return Reading(((0, whole),) if spans else (), whole, whole, known)


def _spoken(call: ToolCall) -> str:
    """Write the arguments of a call as a sentence: drug, dose, unit, frequency, then the rest."""
    try:
        arguments = json.loads(call.arguments)
    except (ValueError, RecursionError):
        return call.arguments
    if not isinstance(arguments, dict):
        return call.arguments
    named = {plain.of(name).text: value for name, value in arguments.items()}
    first = [str(named.get(name, "")) for name in ("drug", "dose", "unit", "route", "frequency")]
    rest = [str(value) for name, value in named.items() if isinstance(value, str) and name not in _SPOKEN]
    return " ".join((*first, *rest))[: sentences.LONGEST * 4]


_SPOKEN = ("drug", "dose", "unit", "route", "frequency", "patient_id")
