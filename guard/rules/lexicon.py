"""Where a text names a drug, a class, a condition or a food, in four languages.

Comes in: text. Goes out: mentions, each with the keys under which tables know it. One pass in RE2, whatever the number of
words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

import re2

from guard.rules import tables

_QUIET = re2.Options()
_QUIET.log_errors = False
_QUIET.case_sensitive = False
_QUIET.longest_match = True
_EXACT = re2.Options()
_EXACT.log_errors = False
_EXACT.longest_match = True

_ENDINGS = (
    "tablet",
    "pille",
    "kaps",
    "dosis",
    "dosen",
    "behandl",
    "therap",
    "creme",
    "saft",
    "sirup",
    "tropf",
    "spray",
    "plaster",
)
_INFLECTED = frozenset(("s", "e", "en", "er", "es", "n", "et"))
_LONG = 6
"""Only words of at least so many characters may carry an ending."""

# Words of the tables that mean too much else, and remarks that are no words.
_NOT_NAMES = frozenset(
    (
        "low dose", "not sold in us", "not sold in uk", "withdrawn", "units", "enheder", "einheiten", "unidades", "ie", "i.e.",
        "ui", "blood thinner", "blodfortyndende", "water pill", "water tablet", "vanddrivende", "wassertablette", "diurético",
        "sleeping tablet", "sovepille", "schlaftablette", "the pill", "die pille", "iron", "hierro", "steroid pills",
        "steroids", "kortison", "corticoides", "binyrebarkhormon", "rescue inhaler", "blue inhaler", "notfallspray",
        "yasmin", "bayer", "soma", "plan b", "lykkepille",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mention:
    """One place that names something."""

    first: int
    """First character."""
    last: int
    """Last-plus-one character."""
    name: str
    """What it is, under one name whatever the language."""
    keys: frozenset[str]
    """All keys under which tables know it, its classes among them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a word stands for."""

    name: str
    """Under one name whatever the language."""
    keys: frozenset[str]
    """All keys under which tables know it."""


class Lexicon:
    """Words and what they stand for."""

    def __init__(self, words: Mapping[str, Entry]) -> None:
        """Compile; words in capitals, such as MTX, are only found in capitals."""
        self._capitals = {word: entry for word, entry in words.items() if word.isupper()}
        self._words = {word.lower(): entry for word, entry in words.items() if not word.isupper()}
        self._any = _compiled(self._words, _QUIET)
        self._capital = _compiled(self._capitals, _EXACT)

    def __len__(self) -> int:
        """Count the words."""
        return len(self._words) + len(self._capitals)

    def mentions(self, text: str) -> list[Mention]:
        """Return what the text names, in order."""
        plain = ((match, self._words.get(match.group().lower())) for match in self._any.finditer(text))
        capitals = ((match, self._capitals.get(match.group())) for match in self._capital.finditer(text))
        found = [
            Mention(match.start(), match.end(), entry.name, entry.keys)
            for match, entry in (*plain, *capitals)
            if entry and _whole(text, match.start(), match.end())
        ]
        return sorted(found, key=lambda mention: mention.first)


def _compiled(words: Iterable[str], options: re2.Options) -> re2._Regexp:
    return re2.compile("|".join(re2.escape(word) for word in sorted(words)) or r"[^\s\S]", options)


def _whole(text: str, first: int, last: int) -> bool:
    """Whether a match is a word by itself, or one with an ending such as Danish and German compounds have."""
    if first and (text[first - 1].isalnum() or text[first - 1] == "_"):
        return False
    if last == len(text) or not text[last].isalnum():
        return True
    rest = re.match(r"\w+", text[last : last + 40])
    ending = rest.group().lower() if rest else ""
    return last - first >= _LONG and (ending in _INFLECTED or ending.startswith(_ENDINGS))


_CLASSES = {
    "NSAID": ("NSAID", "other NSAID"), "NSAID/salicylate": ("NSAID", "other NSAID"),
    "COX-2 inhibitor": ("NSAID", "other NSAID"),
    "opioid": ("opioid",), "opioid + analgesic": ("opioid",), "benzodiazepine": ("benzodiazepine",), "SSRI": ("SSRI",),
    "ACE inhibitor": ("ACE inhibitor",), "statin": ("statin",), "sulfonylurea": ("sulfonylurea",),
    "gabapentinoid": ("gabapentinoid",), "beta blocker": ("beta blocker",), "MAOI": ("MAOI", "MAOI within 5 weeks"),
    "tetracycline": ("tetracycline", "tetracycline antibiotic"), "penicillin": ("penicillin",),
    "thiazide": ("thiazide diuretic",),
}  # fmt: skip
"""Classes of the table of drugs, as the table of interactions calls them."""

_ALSO = {"aspirin": ("aspirin (pain dose)", "low-dose aspirin")}
"""Further keys of a drug in the table of interactions."""


def _names(cell: str) -> list[str]:
    parts = [part.strip() for part in re.split(r"[;,()]", cell)]
    return [part for part in parts if part.lower() not in _NOT_NAMES and (len(part) > 3 or (part.isupper() and len(part) > 2))]


def _form(word: str) -> str:
    return word if word.isupper() else word.lower()


def _drugs() -> dict[str, Entry]:
    keys: dict[str, set[str]] = {}
    called: dict[str, set[str]] = {}
    for row in tables.rows("policies/facts/drugs.csv"):
        drug = row["drug"]
        keys.setdefault(drug, {drug}).update(_CLASSES.get(row["class"], ()), _ALSO.get(drug, ()))
        called.setdefault(drug, {drug}).update((*_names(row["us_name"]), *_names(row["brand_examples"])))
    for row in tables.rows("policies/facts/names.csv"):
        if row["kind"] == "drug" and row["key"] in called:
            for language in ("en_us", "en_gb", "da", "de", "es"):
                called[row["key"]].update(_names(row[language]))
    owners: dict[str, set[str]] = {}
    for drug, names in called.items():
        for name in names:
            owners.setdefault(_form(name), set()).add(drug)
    # A brand that two drugs share, such as one for a cold, says nothing.
    return {
        name: Entry(min(drugs), frozenset(keys[min(drugs)]))
        for name, drugs in owners.items()
        if len(drugs) == 1 or name in called
    }


@cache
def drugs() -> Lexicon:
    """Return the names of all drugs in the tables."""
    return Lexicon(_drugs())


@cache
def everything() -> Lexicon:
    """Return the names of drugs with those of classes, substances, conditions and foods."""
    words = _drugs()
    for row in tables.rows(tables.WORDS):
        entry = Entry(row["id"], frozenset(tables.split(row["keys"])))
        for language in ("en", "da", "de", "es"):
            for word in map(_form, tables.split(row[language])):
                known = words.get(word)
                words[word] = Entry(known.name, known.keys | entry.keys) if known else entry
    return Lexicon(words)
