"""Checks on a rendered report: no forbidden word, and every bound of the certificate once, with equal numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
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
    r"\bsikker(?:t|e|hed for patient\w*)?\b",
    r"\bgarant(?:i|ier|ere|erer|eret)\b",
    r"\b(?:enhver|alle) patient(?:er)?\b",
    r"\brisikofri\w*",
    r"\bklasse I{1,3}[ab]?\b",
    r"\bproduktcertif\w+",
    r"\bcertificer\w+ af produktet\b",
)
"""What may never stand in a report, in any of its languages, as regular expressions; given names are exempt."""

NEEDED = ("verdict", "not", "check", "limitations", "defeaters", "argument", "crosswalk", "annex-cells")
"""Parts by their id that no report may lack."""

_NUMBER = re.compile(r"\b(?:[\d.,]+ (?:in|ud af) 1[.,]?0+(?:[.,]000)*|0[.,]\d{4})\b")
"""A rate as people read it: a natural frequency, or four decimals."""
_SETTING = "setting"
"""Owner of numbers that are no rates: error budget, score margin, weights."""
_VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "col", "wbr", "source"})
_RUNGS_BELOW_R3 = ("R0", "R1", "R2", "none", "")


@dataclass(slots=True)
class _Frame:
    tag: str
    hidden: bool
    claim: str
    """Claim, or bound, that numbers in it belong to."""


@dataclass
class _Text(HTMLParser):
    """Collects the text that a reader sees, without scripts, styles and names that others gave."""

    parts: list[str] = field(default_factory=list)
    stack: list[_Frame] = field(default_factory=list)
    bounds: list[dict[str, str]] = field(default_factory=list)
    sections: list[str] = field(default_factory=list)
    """Claims of the results by hazard, in order."""
    owned: list[tuple[str, str]] = field(default_factory=list)
    """Each rate that a reader sees, with the claim it belongs to."""
    ids: set[str] = field(default_factory=set)
    exposures: list[str] = field(default_factory=list)
    """What stands in the fields that are the site's to fill in."""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note whether what follows is to be read."""
        given = {name: value or "" for name, value in attrs}
        if "data-bound" in given:
            self.bounds.append(given)
        if tag == "section" and given.get("class") == "result":
            self.sections.append(given.get("data-claim", ""))
        if "data-exposure" in given:
            self.exposures.append("")
        self.ids.add(given.get("id", ""))
        if tag not in _VOID:
            above = self.stack[-1] if self.stack else _Frame("", hidden=False, claim="")
            claim = given.get("data-bound") or given.get("data-claim") or above.claim
            claim = _SETTING if "data-setting" in given else claim
            hidden = above.hidden or tag in {"script", "style"} or "data-given" in given
            self.stack.append(_Frame(tag, hidden, claim + (" exposure" if "data-exposure" in given else "")))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element that closes itself holds no text."""

    def handle_endtag(self, tag: str) -> None:
        """Go back to the element above."""
        while self.stack and self.stack.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Keep text that a reader sees."""
        frame = self.stack[-1] if self.stack else _Frame("", hidden=False, claim="")
        if not frame.hidden:
            self.parts.append(data)
            self.owned += [(number, frame.claim) for number in _NUMBER.findall(data)]
        if frame.claim.endswith(" exposure"):
            self.exposures[-1] += data.strip()


@lru_cache(maxsize=2)
def _read(page: str) -> _Text:
    reader = _Text()
    reader.feed(page)
    reader.close()
    return reader


def visible_text(page: str) -> str:
    """Return the text that a reader sees, on one line, without names that others gave."""
    return " ".join(" ".join(_read(page).parts).split())


def check(page: str, certificate: Certificate) -> None:
    """Run every check of this module on a page.

    Raises:
        InputError: It says what no report may say, or lacks what every report must have.
        VerificationError: Its numbers are not those of the certificate, or belong to no claim.
    """
    check_words(page, certificate.rung)
    check_bounds(page, certificate)
    check_claims(page, certificate)
    check_parts(page)


def check_words(page: str, rung: str) -> None:
    """Look for what no report may say.

    Args:
        page: The rendered report.
        rung: Highest evidence rung: below R3 nothing may be called mechanistic.

    Raises:
        InputError: Names the first forbidden words and what stands around them.
    """
    text = visible_text(page)
    banned = (*BANNED, r"\bme(?:chanistic|kanistisk)\w*") if rung[:2] in _RUNGS_BELOW_R3 or rung == "none" else BANNED
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


def check_claims(page: str, certificate: Certificate) -> None:
    """Check that each claim has one section of results, and each rate on the page belongs to a claim of the certificate.

    Raises:
        VerificationError: Names the claim or the number.
    """
    reader = _read(page)
    claims = list(dict.fromkeys(cell.claim for cell in certificate.cells))
    if reader.sections != claims:
        raise VerificationError("the report does not have the results of each claim once, in the order of the certificate")
    points = {point.claim for point in certificate.operating_points}
    known = {*claims, *points, "whole", "any", _SETTING, *bounds_of(certificate)}
    for number, claim in reader.owned:
        if claim not in known:
            raise VerificationError(f"the report states {number} without the claim that it is about")


def check_parts(page: str) -> None:
    """Check that the parts that qualify the numbers are there, and that nobody has filled in an exposure.

    Raises:
        InputError: Names what is missing.
    """
    reader = _read(page)
    lacking = [name for name in NEEDED if name not in reader.ids]
    if lacking:
        raise InputError(f"the report lacks its part {', '.join(lacking)}", "mend its template")
    if not reader.exposures or any(reader.exposures):
        raise InputError("the report has no blank for the exposure to a hazard", "only the site knows it")


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
