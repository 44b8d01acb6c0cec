"""Checksums of identifiers, by the names that `identifiers.csv` uses. Written for the tests alone, from the published rules.

Each takes the text of an identifier with its spaces and dashes, and says whether the check digit fits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

_DNI = "TRWAGMYFPDXBNJZSQVHLCKE"
_NHI = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def _digits(text: str) -> list[int]:
    return [int(character) for character in text if character.isdigit()]


def _letters_and_digits(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


def _weighted(weights: Iterable[int], digits: Iterable[int]) -> int:
    return sum(weight * digit for weight, digit in zip(weights, digits, strict=False))


def mod11_nhs(text: str) -> bool:
    """Ten digits; weights 10 down to 2; a remainder that would need a check digit of 10 is never given out."""
    digits = _digits(text)
    check = (11 - _weighted(range(10, 1, -1), digits) % 11) % 11
    return check != 10 and digits[9] == check


def mod11_cpr(text: str) -> bool:
    """Ten digits; weights 4, 3, 2, 7, 6, 5, 4, 3, 2, 1; no longer kept for every number since 2007."""
    return _weighted((4, 3, 2, 7, 6, 5, 4, 3, 2, 1), _digits(text)) % 11 == 0


def luhn(text: str) -> bool:
    """Every second digit from the right doubled, digit sums added, total a multiple of ten."""
    total = 0
    for place, digit in enumerate(reversed(_digits(text))):
        total += sum(divmod(digit * (1 + place % 2), 10))
    return total % 10 == 0


def luhn_80840(text: str) -> bool:
    """Luhn over the number with 80840 in front, as for US provider numbers."""
    return luhn("80840" + text)


def kvnr_mod10(text: str) -> bool:
    """A letter as two digits and eight digits; weights 1, 2 in turn; digit sums added; last digit of the total."""
    letter, digits = text[0], _digits(text[1:])
    number = [*divmod(ord(letter) - ord("A") + 1, 10), *digits[:8]]
    total = sum(sum(divmod(digit * (1 + place % 2), 10)) for place, digit in enumerate(number))
    return total % 10 == digits[8]


def iso7064_mod11_10(text: str) -> bool:
    """Eleven digits of the German tax number."""
    product = 10
    digits = _digits(text)
    for digit in digits[:10]:
        product = ((digit + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == digits[10]


def iso7064_mod97_10(text: str) -> bool:
    """Account number with its first four characters moved to the end, letters as two digits, remainder one."""
    plain = _letters_and_digits(text)
    moved = plain[4:] + plain[:4]
    return int("".join(str(int(character, 36)) for character in moved)) % 97 == 1


def mod23_dni(text: str) -> bool:
    """Number by 23 picks the letter; a leading X, Y or Z stands for 0, 1 or 2."""
    plain = _letters_and_digits(text)
    number = plain[:-1].translate(str.maketrans("XYZ", "012"))
    return _DNI[int(number) % 23] == plain[-1]


def nhi_mod11(text: str) -> bool:
    """Three letters as 1 to 24 and three digits; weights 7 down to 2; remainder nought is never given out."""
    values = [_NHI.index(letter) + 1 for letter in text[:3]] + _digits(text[3:])[:3]
    rest = _weighted(range(7, 1, -1), values) % 11
    return rest != 0 and _digits(text)[-1] == (11 - rest) % 10


def medicare_au(text: str) -> bool:
    """Eight digits with weights 1, 3, 7, 9, 1, 3, 7, 9; the ninth is the remainder by ten."""
    digits = _digits(text)
    return _weighted((1, 3, 7, 9, 1, 3, 7, 9), digits) % 10 == digits[8]


def ean13(text: str) -> bool:
    """Weights 1 and 3 in turn, total a multiple of ten."""
    return _weighted((1, 3) * 7, _digits(text)) % 10 == 0


CHECKSUMS: dict[str, Callable[[str], bool]] = {
    check.__name__: check
    for check in (
        mod11_nhs, mod11_cpr, luhn, luhn_80840, kvnr_mod10, iso7064_mod11_10, iso7064_mod97_10, mod23_dni, nhi_mod11,
        medicare_au, ean13,
    )
}  # fmt: skip
