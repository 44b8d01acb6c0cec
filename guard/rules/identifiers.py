"""Direct identifiers of people, found by shape and check digit.

Comes in: text. Goes out: where identifiers stand, never what they are. Patterns run in RE2, so that no text makes them
slow; shapes with a checksum or a date are checked, so that a random number seldom passes. What it knows: US social
security numbers, UK NHS numbers, Danish CPR numbers, payment cards, e-mail addresses and telephone numbers. Public
lines (freephone, emergency) are not identifiers of a person.

Sources of the checks: NHS Data Dictionary (modulus 11), CPR-kontoret "Personnummeret i CPR" (century from the seventh
digit), ISO/IEC 7812-1 annex B (Luhn), SSA "Social Security Number Randomization" (areas never given).
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

import re2

from guard.errors import ScoringError
from guard.rules import plain, unseen

LONGEST = 320
"""No match is longer than this many characters."""

Spans = tuple[tuple[int, int], ...]
"""First and last-plus-one character of each match, in order, not overlapping."""


@dataclass(frozen=True, slots=True)
class _Shape:
    pattern: re2._Regexp
    """Its first group is the identifier, so that a cue word before it is not part of the span."""
    check: Callable[[str], bool]
    """Whether the digits of a match can be one."""


_QUIET = re2.Options()
_QUIET.log_errors = False  # its log lines would go to stderr, and could quote text


def _digits(text: str) -> list[int]:
    return [int(character) for character in text if "0" <= character <= "9"]


def _social_security(text: str) -> bool:
    number = "".join(map(str, _digits(text)))
    area, group, serial = number[:3], number[3:5], number[5:]
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


def _nhs(text: str) -> bool:
    digits = _digits(text)
    check = 11 - sum(weight * digit for weight, digit in zip(range(10, 1, -1), digits, strict=False)) % 11
    return len(set(digits)) > 1 and check != 10 and digits[9] == check % 11


def _cpr(text: str) -> bool:
    digits = _digits(text)
    day, month, year = (10 * digits[i] + digits[i + 1] for i in (0, 2, 4))
    try:
        datetime.date(_cpr_century(digits[6], year) + year, month, day)
    except ValueError:
        return False
    return True


def _cpr_century(seventh: int, year: int) -> int:
    if seventh <= 3 or (seventh in (4, 9) and year >= 37):
        return 1900
    return 1800 if 5 <= seventh <= 8 and year >= 58 else 2000


def _luhn(number: str) -> bool:
    return (sum(map(int, number[::-2])) + sum(map(_DOUBLED.__getitem__, map(int, number[-2::-2])))) % 10 == 0


_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_CARD_LENGTHS = (
    (("4",), (13, 16, 19)),
    (("34", "37"), (15,)),
    (("30", "36", "38", "39"), (14, 16)),
    (("51", "52", "53", "54", "55", "22", "23", "24", "25", "26", "27"), (16,)),
    (("60", "62", "64", "65", "35", "50", "56", "57", "58", "63", "67"), (16, 17, 18, 19)),
)


_LENGTHS = {
    start + more: lengths
    for starts, lengths in _CARD_LENGTHS
    for start in starts
    for more in ("0123456789" if len(start) == 1 else ("",))
}
"""How many digits a card may have, by its first two."""


def _card(text: str) -> bool:
    """Whether a run of digit groups holds a card: the groups beside it may be a dose or a date."""
    groups = text.replace("-", " ").split(" ")
    edges, number = tuple(accumulate(map(len, groups), initial=0)), "".join(groups)
    return any(
        first + length in edges and _luhn(number[first : first + length])
        for first in edges
        for length in _LENGTHS.get(number[first : first + 2], ())
    )


_PUBLIC = ("1800", "1888", "1877", "1866", "1855", "1844", "1833", "800", "888", "877", "866", "855", "844", "833",
           "0800", "0808", "0300", "0303", "0345", "44800", "44808", "116", "900")  # fmt: skip


def _phone(text: str) -> bool:
    number = "".join(map(str, _digits(text))).removeprefix("00")
    return 7 <= len(number) <= 15 and not number.startswith(_PUBLIC)


def _mail(text: str) -> bool:
    local, _, domain = text.partition("@")
    labels = domain.split(".")
    return len(local) <= 64 and len(domain) <= 253 and all(0 < len(label) <= 63 for label in labels)


_LETTER = r"A-Za-z\x{c0}-\x{24f}"
_CUE = (
    r"(?i:\b(?:phone|mobile|mob|cell|call|text|tel|tlf|telefon|mobil|ring|nummer|handy|tel[eé]fono|m[oó]vil)\b"
    r"(?:[ :.#]|number|no|nr|is|at|on|me|us|my|er|på|ist|unter|al|es|el|til|mig)*)"
)
_SHAPES = tuple(
    _Shape(re2.compile(pattern, _QUIET), check)
    for pattern, check in (
        (rf"([{_LETTER}0-9._%+\-]+@[{_LETTER}0-9.\-]+\.[{_LETTER}]{{2,24}})", _mail),
        (r"\b(\d{3}[- ]\d{2}[- ]\d{4})\b", _social_security),
        (r"(?i:\bssn\b|\bsocial security\b)[^\d\n]{0,20}(\d{9})\b", _social_security),
        (r"\b(\d{3}[- ]?\d{3}[- ]?\d{4})\b", _nhs),
        (r"\b(\d{6}[- ]?\d{4})\b", _cpr),
        (r"\b(\d(?:[- ]?\d){12,18})\b", _card),
        (r"((?:\+|\b00)[1-9](?:[ ().\-/]{0,2}\d){6,14})\b", _phone),
        (r"((?:\b1[ .\-])?(?:\([2-9]\d{2}\) ?|\b[2-9]\d{2}[ .\-])[2-9]\d{2}[ .\-]\d{4})\b", _phone),
        (r"\b(0\d{2,4}[ /\-]\d{3,4}[ \-]?\d{3,4})\b", _phone),
        (rf"{_CUE}(\d(?:[ .\-/]?\d){{6,13}})\b", _phone),
    )
)

_ANY = re.compile(r"[\d@\uff20\ufe6b]")
"""What every identifier holds one of; most pieces of an answer hold none."""


def find(text: str) -> Spans:
    """Return where direct identifiers stand in `text`."""
    if not _ANY.search(text):
        return ()
    seen = plain.of(text)
    written = seen.text.replace(plain.GROUPING, " ")
    spans = sorted(
        (match.start(1), match.end(1))
        for shape in _SHAPES
        for match in shape.pattern.finditer(written)
        if _alone(written, match.start(1), match.end(1)) and shape.check(match.group(1))
    )
    merged: list[tuple[int, int]] = []
    for first, last in spans:
        if merged and first < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(seen.back(first, last) for first, last in merged)


def settled(text: str) -> int:
    """Return how many leading characters no further text can make part of a match.

    The last word may still become an e-mail address, and a run of digits and separators a number; what comes before
    them can't, for no shape goes on after any other character. `LONGEST` counts characters that are seen.

    Raises:
        ScoringError: So many characters that nobody sees stand at the end that what lies between isn't waited for.
    """
    seen = plain.of(text)
    written = seen.text
    end = len(written)
    while end and not written[end - 1].isspace():
        end -= 1
    while end and _in_number(written[end - 1]):
        end -= 1
    end = max(end, len(written) - LONGEST)
    first = seen.back(end, end + 1)[0] if written else 0
    if len(text) - first > unseen.MOST:
        raise ScoringError("too many characters that nobody sees")
    return first


def _in_number(character: str) -> bool:
    return character.isspace() or character.isdecimal() or character in "().+-/"


def _alone(text: str, first: int, last: int) -> bool:
    """Whether a match is a whole number, not a part of a longer one such as 1-2023-45-6789."""
    before = text[max(0, first - 2) : first]
    after = text[last : last + 2]
    joined_before = before[-1:].isdecimal() or (before[-1:] in ("-", ".", "/") and before[:1].isdecimal())
    joined_after = after[:1].isdecimal() or (after[:1] in ("-", ".", "/") and after[1:].isdecimal())
    return not (joined_before and text[first].isdecimal()) and not (joined_after and text[last - 1].isdecimal())
