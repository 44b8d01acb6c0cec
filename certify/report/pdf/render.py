"""Set a rendered report as a PDF, with the signed certificate attached: the same page and bundle give the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any

from certify.report.palette import COLOURS
from certify.report.pdf.data import of_element
from certify.report.pdf.letters import visible
from certify.report.pdf.tree import Element, Page, read
from certify.report.pdf.typesetter import ARCHIVE, READERS, compiled, load
from guard import digest, moments
from guard.errors import InputError, VerificationError

_PAGES = {"en": ("page", "of"), "da": ("side", "af"), "de": ("Seite", "von"), "es": ("página", "de")}
_SOURCES = ("page", "boxes", "tables", "report")
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_ATTACHED = "The signed certificate that this report is about"


def pdf(page: bytes, bundle: bytes, at: str) -> bytes:
    """Set a report.

    Args:
        page: report.html, as it is in the dossier.
        bundle: certificate.json; it is attached as it is, and the report must name its digest.
        at: The date that stands in the file, RFC 3339: that of the protocol, so that it never depends on the clock.

    Raises:
        InputError: The typesetter is missing, or the page can't be read or set.
        VerificationError: The report is about another certificate.
    """
    failure = load().TypstError
    try:
        text, attached = page.decode(), bundle.decode()
    except UnicodeDecodeError as error:
        raise InputError("report and certificate must be UTF-8 text to be set as a PDF") from error
    tree = read(text)
    named = digest.of_bytes(bundle)
    if named not in tree.body.text():
        raise VerificationError(f"the report does not name the certificate {named}", "make it of its own certificate")
    date = moments.parse(at).astimezone(UTC)
    inputs = {"report": json.dumps(_report(tree, date)), "bundle": attached}
    try:
        return compiled(_source(), inputs, [ARCHIVE, READERS], int(date.timestamp()))
    except failure as error:
        raise InputError(f"the report can't be set as a PDF: {error.message}") from error


@cache
def _source() -> str:
    here = resources.files("certify.report.pdf")
    return "\n".join(here.joinpath(f"{name}.typ").read_text(encoding="utf-8") for name in _SOURCES)


def _report(tree: Page, date: datetime) -> dict[str, Any]:
    body = of_element(tree.body, "", COLOURS)
    _level(body)
    return {
        "title": visible(tree.title),
        "lang": tree.lang,
        "date": {"year": date.year, "month": date.month, "day": date.day},
        "running": {place: visible(words) for place, words in tree.running.items()},
        "pages": _PAGES.get(tree.lang, _PAGES["en"]),
        "attached": _ATTACHED,
        "anchors": [one.attributes["id"] for one in tree.body.walk() if _is_anchor(one)],
        "colours": COLOURS,
        "body": body,
    }


def _is_anchor(one: Element) -> bool:
    return bool(one.attributes.get("id")) and one.tag in {*_HEADINGS, "main", "section", "div", "article"}


def _level(body: dict[str, Any]) -> None:
    """Give every heading its level in the outline, which may not leave one out on the way down."""
    above: list[int] = []
    for one in _headings(body):
        written = int(one["tag"][1])
        while above and above[-1] >= written:
            above.pop()
        above.append(written)
        one["level"] = len(above)


def _headings(one: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if one["tag"] in _HEADINGS:
        yield one
    for child in one.get("children", ()):
        if isinstance(child, dict):
            yield from _headings(child)
