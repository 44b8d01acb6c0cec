"""Checks on a rendered report: no forbidden word, and every bound of the certificate once, with equal numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from guard.certificate import Bound, Certificate
from guard.errors import InputError, VerificationError

BANNED: tuple[str, ...] = (
    r"\bsafe(?:ly)?\b",
    r"\bguarantee\w*",
    r"\bany patient\b",
    r"\bclass I{1,3}[ab]?\b",
    r"\bclass [123] device\b",
    r"\bcertif\w+ of the product\b",
    r"\bproduct certificat\w+",
    r"\brisk[- ]free\b",
)
"""What may never stand in a report, as regular expressions; given names are exempt."""

_VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "col", "wbr", "source"})
_RUNGS_BELOW_R3 = ("R0", "R1", "R2", "none", "")


@dataclass(slots=True)
class _Frame:
    tag: str
    hidden: bool


@dataclass
class _Text(HTMLParser):
    """Collects the text that a reader sees, without scripts, styles and names that others gave."""

    parts: list[str] = field(default_factory=list)
    stack: list[_Frame] = field(default_factory=list)
    bounds: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note whether what follows is to be read."""
        given = {name: value or "" for name, value in attrs}
        if "data-bound" in given:
            self.bounds.append(given)
        if tag not in _VOID:
            above = bool(self.stack) and self.stack[-1].hidden
            self.stack.append(_Frame(tag, above or tag in {"script", "style"} or "data-given" in given))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element that closes itself holds no text."""

    def handle_endtag(self, tag: str) -> None:
        """Go back to the element above."""
        while self.stack and self.stack.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Keep text that a reader sees."""
        if not (self.stack and self.stack[-1].hidden):
            self.parts.append(data)


def _read(page: str) -> _Text:
    reader = _Text()
    reader.feed(page)
    reader.close()
    return reader


def visible_text(page: str) -> str:
    """Return the text that a reader sees, on one line, without names that others gave."""
    return " ".join(" ".join(_read(page).parts).split())


def check_words(page: str, rung: str) -> None:
    """Look for what no report may say.

    Args:
        page: The rendered report.
        rung: Highest evidence rung: below R3 nothing may be called mechanistic.

    Raises:
        InputError: Names the first forbidden words and what stands around them.
    """
    text = visible_text(page)
    banned = (*BANNED, r"\bmechanistic\w*") if rung[:2] in _RUNGS_BELOW_R3 or rung == "none" else BANNED
    for pattern in banned:
        found = re.search(pattern, text, re.IGNORECASE)
        if found:
            around = text[max(0, found.start() - 40) : found.end() + 40]
            raise InputError(f"the report would say {found[0]!r}: …{around}…", "reword it")


def check_bounds(page: str, certificate: Certificate) -> None:
    """Check that every bound of the certificate stands in the report once, with equal numbers, and no other does.

    Raises:
        VerificationError: Names the bound that is missing, doubled, unknown or different.
    """
    expected = {name: _numbers(bound) for name, bound in bounds_of(certificate).items()}
    seen: set[str] = set()
    for row in _read(page).bounds:
        name = row["data-bound"]
        if name in seen or name not in expected:
            raise VerificationError(f"the report has bound {name} {'twice' if name in seen else 'that is not signed'}")
        seen.add(name)
        if {key: row.get(f"data-{key}", "") for key in expected[name]} != expected[name]:
            raise VerificationError(f"the report states other numbers than the certificate for {name}")
    for name in expected:
        if name not in seen:
            raise VerificationError(f"the report lacks bound {name}")


def bounds_of(certificate: Certificate) -> dict[str, Bound]:
    """Return every bound of a certificate by the name that the report gives it."""
    named: dict[str, Bound] = {}
    for cell in certificate.cells:
        for bound in (cell.miss, cell.miss_unseen, cell.false_alarm_traffic, cell.false_alarm_near):
            named[f"{cell.claim}/{cell.lang}/{cell.bucket}/{bound.estimand}"] = bound
    for whole in certificate.whole:
        named[f"whole/{whole.lang}/{whole.bucket}/{whole.false_alarm.estimand}"] = whole.false_alarm
    return named


def _numbers(bound: Bound) -> dict[str, str]:
    return {
        "upper": bound.upper,
        "lower": bound.lower,
        "mean": bound.mean,
        "delta": bound.delta,
        "limit": bound.limit,
        "units": str(bound.units),
        "status": bound.status.value if bound.status else "",
    }
