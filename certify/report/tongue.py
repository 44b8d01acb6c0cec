"""The languages of the report: English is the source and decides; another is a catalogue of the same sentences.

A sentence is looked up by its English text, as gettext does, with `%(name)s` where a value stands. One that a catalogue lacks
is an error, never English in between.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from markupsafe import Markup, escape

from guard.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class Tongue:
    """One language of the report."""

    code: str
    """For `lang`."""
    own: str
    """Its own name."""
    file: str
    """Name of the report in the dossier."""
    catalogue: Mapping[str, str] | None
    """Sentence by its English text; None for English itself."""
    months: tuple[str, ...]
    """January to December."""
    day: str
    """A date, from day, month and year."""
    swapped: bool
    """Whether the decimal mark is a comma, and thousands are parted by a point."""

    @property
    def pdf(self) -> str:
        """Name of the same report as a PDF."""
        return f"{self.file.removesuffix('.html')}.pdf"

    def say(self, text: str, /, **values: object) -> str:
        """Return a sentence with its values.

        Raises:
            InputError: The catalogue lacks it.
        """
        return self.sentence(text) % values

    def sentence(self, text: str) -> str:
        """Return a sentence before its values are put in.

        Raises:
            InputError: The catalogue lacks it.
        """
        if self.catalogue is None:
            return text
        try:
            return self.catalogue[text]
        except KeyError:
            raise InputError(f"the report has no {self.code} for {text[:80]!r}", "add it to the catalogue") from None

    def knows(self, text: str) -> bool:
        """Tell whether a text that others gave can be said in this language."""
        return self.catalogue is None or text.replace("%", "%%") in self.catalogue

    def given(self, text: str) -> str:
        """Return a signed or given text in this language where it is known, else as it stands."""
        return self.say(text.replace("%", "%%")) if self.knows(text) else text

    def quoted(self, text: str) -> Markup:
        """Return the same for a page: what stays in English is marked as such."""
        if self.knows(text):
            return escape(self.given(text))
        return Markup("<span lang='en'>{}</span>").format(text)

    def digits(self, text: str) -> str:
        """Write the marks in a number as this language has them."""
        return text.translate(_SWAP) if self.swapped else text

    def count(self, number: int) -> str:
        """Write a whole number with its thousands parted."""
        return self.digits(f"{number:,}")

    def date(self, year: int, month: int, day: int) -> str:
        """Write a date."""
        return self.day % {"day": day, "month": self.months[month - 1], "year": year}


_SWAP = str.maketrans({",": ".", ".": ","})
_ENGLISH_MONTHS = "January February March April May June July August September October November December"
_DANISH_MONTHS = "januar februar marts april maj juni juli august september oktober november december"

ENGLISH = Tongue(
    "en", "English", "report.html", None, tuple(_ENGLISH_MONTHS.split()), "%(day)d %(month)s %(year)d", swapped=False
)
"""The text that decides."""


def read_catalogue(text: str) -> dict[str, str]:
    """Read a catalogue: TOML tables of pairs, each an English sentence with its translation.

    Raises:
        InputError: It is no such file, or has a sentence twice.
    """
    found: dict[str, str] = {}
    try:
        pairs = [pair for section in tomllib.loads(text).values() for pair in section]
        for pair in pairs:
            if pair["en"] in found:
                raise InputError(f"the catalogue has {pair['en'][:60]!r} twice")
            found[pair["en"]] = pair["to"]
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise InputError(f"the catalogue can't be read: {error}") from error
    return found


@cache
def danish() -> Tongue:
    """Return Danish."""
    text = resources.files("certify.report").joinpath("languages/da.toml").read_text(encoding="utf-8")
    months = tuple(_DANISH_MONTHS.split())
    return Tongue("da", "Dansk", "report.da.html", read_catalogue(text), months, "%(day)d. %(month)s %(year)d", swapped=True)


def every() -> tuple[Tongue, ...]:
    """Return all languages of the report, the one that decides first."""
    return ENGLISH, danish()
