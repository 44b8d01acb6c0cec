"""Amounts of a medicine that a sentence states, in mg: how much at a time, how often, for each kilogram or not.

Comes in: one sentence. Goes out: amounts. Understands mg, g, mcg, IU of vitamin D, ml and spoons where a concentration is
given, numbers of tablets, and ranges, of which it takes the larger amount and the longer interval.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import re2

from guard.rules import numerals
from guard.rules.numerals import NUMBER

_QUIET = re2.Options()
_QUIET.log_errors = False
_QUIET.case_sensitive = False

_MG = r"mg|milligrams?|milligramm|miligramos?"
_MCG = r"mcg|ug|[µμ]g|micrograms?|mikrogramm?|microgramos?"
_G = r"g|gr|grams?|gramm|gramos?"
_ML = r"ml|millilit(?:er|re)s?|mililitros?|cc"
_SPOON = r"teaspoons?|teaspoonfuls?|tsp|teskefulde?|teelöffel|cucharaditas?"
_IU = r"iu|ie|ui|units?|enheder|einheiten|unidades"
_TABLET = (
    r"(?:tablets?|tabs?|pills?|capsules?|caps|caplets?|tabletter|piller|pille|kapsler|tabletten?|pillen|kapseln?"
    r"|comprimidos?|pastillas?|cápsulas?)"
)
_FACTORS = {"mg": 1.0, "mcg": 0.001, "g": 1000.0, "iu": 0.000025}
_SPOONFUL = 5.0


def _range(name: str) -> str:
    return rf"(?:\s?(?:-|–|to|til|bis|or|eller|oder|o|a)\s?(?P<{name}_to>{NUMBER}))?"


_STRICT = rf"(?:{numerals.DIGITS}\s?-?\s?|{numerals.WORDS}\s)"
_AMOUNT = re2.compile(
    rf"(?:(?P<count>{NUMBER}){_range('count')}"
    rf"(?:\s*(?:x|×|\*)\s*|\s+(?P<tablet>{_TABLET})\s+(?:(?:of|à|a|á|på|de|zu|mit|von|med|je)\s+)?|\s+))?"
    rf"(?P<number>{_STRICT})(?:(?:-|–|to|til|bis|or|eller|oder|o|a)\s?(?P<number_to>{_STRICT}))?"
    rf"(?:an?\s|de\s)?(?:(?P<mg>{_MG})|(?P<mcg>{_MCG})|(?P<g>{_G})|(?P<ml>{_ML})|(?P<spoon>{_SPOON})|(?P<iu>{_IU}))\b",
    _QUIET,
)
_COUNTED = re2.compile(rf"(?P<count>{NUMBER}){_range('count')}\s+(?:\pL[\pL'-]*\s+){{0,2}}{_TABLET}\b", _QUIET)
_MEASURE = re2.compile(rf"\s(?:{_MG}|{_MCG}|{_G}|{_ML})\s", _QUIET)
_TWO = ("to tabletter", "to piller", "to kapsler")
_STOCK = re2.compile(
    r"\b(?:pack|packet|box|bottle|package|left|remaining|have|has|got|pakke|æske|tilbage|har|packung|schachtel|habe|noch|übrig"
    r"|caja|envase|frasco|quedan?|tengo)\b",
    _QUIET,
)
_TAKEN = re2.compile(
    r"\b(?:take|takes|taken|taking|took|swallow\w*|give|gave|given|tage|tager|tog|taget|slug\w*|giv|giver|nehme|nehmen|nimmt|nahm"
    r"|genommen|einnehmen|geschluckt|gib|geben|tom[aoeéóa]\w*|tragu\w*|dar|d[eé]le)\b",
    _QUIET,
)
_PER_KG = re2.compile(r"^\s?(?:/|per|pr\.?|pro|por|je)\s?(?:kg|kilo)", _QUIET)
_OTHER_PER = re2.compile(
    r"^\s?(?:/|per |pr\. ?|pro |por )\s?(?:dl|l|lit(?:er|re|ro)s?|hr?|hour|time|stunde|hora|min|minute|m2|m²|cm2|100)\b", _QUIET
)
_PER_ML = re2.compile(
    rf"^\s?(?:/|per|pr\.?|pro|por|in|en|i|auf)\s?(?P<number>{NUMBER})?\s?(?:(?:{_ML})|(?P<spoon>{_SPOON}))\b", _QUIET
)
_DAY = r"(?:day|d|daily|dag|dagen|dagligt|døgn|døgnet|tag|täglich|tgl|día|dia|24 ?h(?:ours|rs)?)\b"
_TIMES = re2.compile(
    rf"\b(?P<n>{NUMBER})(?:\s?(?:-|–|to|til|bis|a|or)\s?{NUMBER})?\s?(?:times|x|×|gange|gang|mal|veces|vez)\s?"
    rf"(?:(?:a|per|pr\.?|om|am|pro|al|por|each|every|i|/)\s?)*(?:the\s)?{_DAY}",
    _QUIET,
)
_NAMED = re2.compile(rf"\b(?P<n>once|twice|thrice)\s(?:(?:a|per|every|each)\s)?{_DAY}", _QUIET)
_NAMED_TIMES = {"once": 1.0, "twice": 2.0, "thrice": 3.0}
_EVERY = re2.compile(
    rf"\b(?:every|hver|hvert|alle|cada)\s(?:(?P<n>{NUMBER})(?:\s?(?:-|–|to|til|bis|a|or|eller|oder)\s?(?P<n_to>{NUMBER}))?"
    r"|(?P<nth>fjerde|sjette|ottende|tolvte))\.?\s?(?:hours?|hrs?|h|timer?|stunden?|std|horas?)\b",
    _QUIET,
)
_NTH = {"fjerde": 4.0, "sjette": 6.0, "ottende": 8.0, "tolvte": 12.0}
_WEEK = re2.compile(
    r"\b(?:weekly|ugentligt?|wöchentlich|semanal(?:es|mente)?)\b"
    r"|(?:\b(?:a|per|each|every|om|pr\.?|hver|pro|jede|por|la|cada)\s|/)(?:week|ugen|uge|woche|semana)\b",
    _QUIET,
)
_DAILY = re2.compile(
    r"\b(?:daily|dagligt|täglich|tgl|diario|diaria|diarios|diarias|diariamente)\b"
    r"|(?:\b(?:a|per|each|every|om|pr\.?|i|hver|am|pro|jeden|al|por|cada)\s|/\s?)"
    r"(?:day|d|dagen|dag|døgnet|døgn|tag|día|dia|24 ?h\w*)\b",
    _QUIET,
)


@dataclass(frozen=True, slots=True)
class Amount:
    """One amount that a sentence states."""

    first: int
    """First character."""
    last: int
    """Last-plus-one character."""
    mg: float
    """How much at a time, in mg; for each kilogram if `per_kg`."""
    per_day: float | None
    """How often a day; None where the sentence does not say."""
    per_kg: bool
    """Whether it is for each kilogram of body weight."""

    @property
    def daily(self) -> float:
        """Mg a day; an amount without a frequency is taken once."""
        return self.mg * (1.0 if self.per_day is None else self.per_day)


def stated(text: str) -> list[Amount]:
    """Return the amounts that a sentence states, in order; strengths of a liquid and laboratory values are none."""
    found = list(_AMOUNT.finditer(text))
    strength = next((one for match in found if (one := _concentration(text, match)) is not None), None)
    in_stock = bool(_STOCK.search(text)) and not _TAKEN.search(text)  # tablets that lie somewhere are not a dose
    counted = _counted(text)
    amounts: list[Amount] = []
    volume = 0  # where the volume of a concentration ends: that is no amount
    for index, match in enumerate(found):
        rest = text[match.end() :]
        if per := _PER_ML.search(rest):
            volume = match.end() + per.end()
        if per or match.start() < volume or not _apart(text, match.start()) or _OTHER_PER.search(rest):
            continue
        one_mg = _one(match, strength)
        if one_mg is None:
            continue
        count = 1.0 if in_stock else _count(match) or counted
        before = found[index - 1].end() if index else 0
        after = found[index + 1].start() if index + 1 < len(found) else len(text)
        often = frequency(text[match.end() : after])
        often = often if often is not None else frequency(text[before : match.start()])
        amounts.append(Amount(match.start(), match.end(), one_mg * count, often, bool(_PER_KG.search(rest))))
    return amounts


def frequency(text: str) -> float | None:
    """Return how often a day a text says; None where it says nothing of it."""
    times = _times(text)
    if _WEEK.search(text):
        return (times or 1.0) / 7
    if times is not None:
        return times
    return 1.0 if _DAILY.search(text) else None


def _times(text: str) -> float | None:
    if match := _NAMED.search(text):
        return _NAMED_TIMES[match.group("n").lower()]
    if match := _TIMES.search(text):
        return numerals.value(match.group("n"))
    if match := _EVERY.search(text):
        nth = match.group("nth")
        hours = _NTH[nth.lower()] if nth else numerals.value(match.group("n_to") or match.group("n"))
        return 24 / hours if hours > 0 else None
    return None


def _apart(text: str, first: int) -> bool:
    return not first or not (text[first - 1].isalnum() or text[first - 1] in ".,/")


def _value(match: re2._Match, group: str) -> float:
    text = match.group(group)
    return numerals.value(text.strip(" -\u00a0")) if text else 0.0


def _unit(match: re2._Match) -> Iterator[str]:
    return (unit for unit in ("mg", "mcg", "g", "ml", "spoon", "iu") if match.group(unit))


def _one(match: re2._Match, strength: float | None) -> float | None:
    number = max(_value(match, "number"), _value(match, "number_to"))
    unit = next(_unit(match))
    if unit in _FACTORS:
        return number * _FACTORS[unit]
    return None if strength is None else number * strength * (_SPOONFUL if unit == "spoon" else 1.0)


def _count(match: re2._Match) -> float | None:
    """Return how many at a time; None where the amount leaves that to the rest of the sentence."""
    count = match.group("count")
    # "to" is two in Danish, but a preposition in English.
    if not count or (count.lower() == "to" and not match.group("tablet")):
        return None
    return max(_value(match, "count"), _value(match, "count_to"))


def _counted(text: str) -> float:
    """Return the number of tablets that a sentence names apart from their strength."""
    counts = [
        max(_value(match, "count"), _value(match, "count_to"))
        for match in _COUNTED.finditer(text)
        if _apart(text, match.start())
        and (match.group("count").lower() != "to" or match.group().lower() in _TWO)
        and not _MEASURE.search(match.group())
    ]
    return max(counts, default=1.0)


def _concentration(text: str, match: re2._Match) -> float | None:
    per = _PER_ML.search(text[match.end() :])
    unit = next(_unit(match))
    if per is None or unit not in _FACTORS:
        return None
    volume = numerals.value(per.group("number") or "1") * (_SPOONFUL if per.group("spoon") else 1.0)
    return _value(match, "number") * _FACTORS[unit] / volume if volume > 0 else None
