"""What signed payloads are made of: numbers as decimal strings, counts, and structs that refuse what they don't know.

Numbers in signed text are decimal strings, so that no reader's floats change them; `number` writes them and `float` reads
them back exactly.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

_PATTERN = r"-?[0-9]+(\.[0-9]+)?(e(\+[0-9]{2}|-[0-9]{2,3}))?"
Decimal = Annotated[str, msgspec.Meta(pattern=rf"^{_PATTERN}\Z", max_length=64)]
"""A finite number as a decimal string; read with `float`."""
Limit = Annotated[str, msgspec.Meta(pattern=rf"^({_PATTERN})?\Z", max_length=64)]
"""The same, or "" where there is none."""


def number(value: float) -> str:
    """Write a finite float so that `float()` gives the same bits back."""
    return repr(float(value))


class Signed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of everything that stands in a signed payload: an unknown field is refused, not ignored."""


class Proportion(Signed, frozen=True, kw_only=True):
    """A rate kept as what was counted."""

    successes: int
    """How many of them."""
    trials: int
    """Of how many."""
