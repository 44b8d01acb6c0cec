"""People who are told about, in whatever language: how they are named first, and which pronouns follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is told about."""

    forms: Mapping[str, str]
    """Pronoun by mark, such as `i`, `my`, `me`; the marks are those of the language."""
    named: Mapping[str, str]
    """Words at first mention by mark; empty for the speaker and the one spoken to."""
    number: int = 1
    """0 for the speaker, 1 for another, 2 for the one spoken to: which form of a verb follows."""
    known: bool = False
    """Whether the person was named before."""

    @property
    def first(self) -> bool:
        """Whether it is the speaker."""
        return self.number == 0

    def again(self) -> Person:
        """Return the person as somebody already named."""
        return replace(self, known=True)

    def word(self, mark: str, *, known: bool) -> str:
        """Return the word for a mark."""
        return self.forms[mark] if known or mark not in self.named else self.named[mark]
