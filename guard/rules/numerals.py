"""Numbers as people write them in English, Danish, German and Spanish: in digits with any separator, or in words.

Where one writing has two meanings, the reading is this: a comma or a point before exactly three digits groups thousands,
unless a zero stands before it (so 4.000 is four thousand, 0.125 an eighth); anything else before digits is a decimal sign.
"""

from __future__ import annotations

import re

_ONES = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12, "fifteen": 15, "sixteen": 16, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
    "seventy": 70, "eighty": 80, "ninety": 90,
    "én": 1, "et": 1, "to": 2, "tre": 3, "fire": 4, "fem": 5, "seks": 6, "syv": 7, "otte": 8, "ni": 9, "ti": 10, "elleve": 11,
    "tolv": 12, "femten": 15, "tyve": 20, "tredive": 30, "fyrre": 40, "halvtreds": 50, "tres": 3,
    "ein": 1, "eine": 1, "einen": 1, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9,
    "zehn": 10, "elf": 11, "zwölf": 12, "fünfzehn": 15, "zwanzig": 20, "dreißig": 30, "vierzig": 40, "fünfzig": 50,
    "un": 1, "una": 1, "uno": 1, "dos": 2, "cuatro": 4, "cinco": 5, "seis": 6, "siete": 7, "ocho": 8, "nueve": 9, "diez": 10,
    "doce": 12, "quince": 15, "veinte": 20, "treinta": 30, "cuarenta": 40, "cincuenta": 50, "doscientos": 200,
    "trescientos": 300, "cuatrocientos": 400, "quinientos": 500, "seiscientos": 600, "setecientos": 700, "ochocientos": 800,
    "novecientos": 900,
    "half": 0.5, "halv": 0.5, "halvt": 0.5, "halvanden": 1.5, "halbe": 0.5, "halbes": 0.5, "halben": 0.5, "anderthalb": 1.5,
    "medio": 0.5, "media": 0.5,
}  # fmt: skip
_TENFOLD = {
    "hundred": 100, "hundrede": 100, "hundert": 100, "cien": 100, "ciento": 100,
    "thousand": 1000, "tusind": 1000, "tusinde": 1000, "tausend": 1000, "mil": 1000,
}  # fmt: skip
_VALUES: dict[str, float] = {**_ONES, **_TENFOLD}
_PIECES = "|".join(sorted(map(re.escape, _VALUES), key=len, reverse=True))
_PIECE = re.compile(_PIECES, re.IGNORECASE)

DIGITS = r"\d+(?:[.,'\x{a0}\x{2009}\x{202f}]\d+)*"
"""RE2 pattern of a number in digits."""
WORDS = rf"\b(?:{_PIECES})(?:(?:[ -]|[ -]and |[ -]og |und| y )?(?:{_PIECES})){{0,4}}"
"""RE2 pattern of a number in words; German and Danish write them together."""
NUMBER = rf"(?:{DIGITS}|{WORDS})"
"""RE2 pattern of either."""

_MOST_DIGITS = 12


def value(text: str) -> float:
    """Return the number that a match of `NUMBER` means; infinity for one too long to be a dose."""
    return _of_digits(text) if text[:1].isdecimal() else _of_words(text)


def _of_digits(text: str) -> float:
    parts = re.split(r"[.,'\u00a0\u2009\u202f]", text)
    if sum(map(len, parts)) > _MOST_DIGITS:
        return float("inf")
    grouped = len(parts) > 1 and parts[0].strip("0") and len(parts[0]) <= 3 and all(len(part) == 3 for part in parts[1:])
    if len(parts) == 1 or grouped:
        return float("".join(parts))
    return float("".join(parts[:-1]) + "." + parts[-1])


def _of_words(text: str) -> float:
    total, current = 0.0, 0.0
    for piece in _PIECE.findall(text):
        number = _VALUES[piece.lower()]
        if piece.lower() not in _TENFOLD:
            current += number
        elif number == 100:
            current = (current or 1) * 100
        else:
            total, current = total + (current or 1) * 1000, 0.0
    return total + current
