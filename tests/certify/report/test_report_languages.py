"""English and Danish say the same: every sentence is there, and every number is equal."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from certify import rungs
from certify.report import render, tongue
from certify.report.check import visible_text
from certify.report.finding import said
from certify.report.tongue import ENGLISH, danish
from guard.errors import InputError
from guard.rungs import Verdict

from . import sentences

_NUMBER = re.compile(r"\d[\d.,:]*\d|\d")


class _Bracketed(dict[str, str]):
    """A catalogue of every sentence, each between brackets: what stands outside of them was never looked up."""

    def __missing__(self, text: str) -> str:
        return f"⟦{text}⟧"

    def __contains__(self, text: object) -> bool:
        return True


class _Outside(HTMLParser):
    """Collects text that a reader sees and that is neither given, nor code, nor a digest."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.stack: list[bool] = [False]
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in {"br", "meta"}:
            mono = "mono" in (given.get("class") or "").split()
            unread = tag in {"style", "script", "code", "pre"} or mono or "data-given" in given or "hreflang" in given
            self.stack.append(self.stack[-1] or unread)
        self.text.extend(value or "" for name, value in attrs if name == "aria-label")

    def handle_endtag(self, tag: str) -> None:
        if tag not in {"br", "meta"}:
            self.stack.pop()

    def handle_data(self, data: str) -> None:
        if not self.stack[-1]:
            self.text.append(data)


def pages(report_of: Any, **changes: Any) -> tuple[str, str]:
    """Render one report in both languages."""
    first, second = (render.html(report_of(**changes, tongue=each)).decode() for each in tongue.every())
    return first, second


def test_the_catalogue_has_every_sentence_and_no_other() -> None:
    """A sentence that was added, reworded or dropped without its Danish fails here."""
    wanted, has = set(sentences.said()), set(danish().catalogue or {})
    assert (sorted(wanted - has), sorted(has - wanted)) == ([], [])


def test_a_translation_keeps_values_and_tags() -> None:
    """What is put in, and the elements around words, are the same in both."""
    for text, translated in (danish().catalogue or {}).items():
        for pattern in (r"%\(\w+\)[sd]|%%", r"</?[a-z][^>]*>"):
            assert Counter(re.findall(pattern, text)) == Counter(re.findall(pattern, translated)), text


def test_nothing_on_the_page_escapes_translation(report_of: Any, full: Any) -> None:
    """With every sentence in brackets, only names, digests and numbers stand outside of them."""
    marked = replace(danish(), catalogue=_Bracketed())
    page = render.html(report_of(full, tongue=marked)).decode()
    reader = _Outside()
    reader.feed(page)
    text = " ".join(reader.text)
    while "⟦" in text:
        text, before = re.sub(r"⟦[^⟦⟧]*⟧", " ", text), text
        assert text != before, "a bracket is not closed"
    words = set(re.findall(r"[A-Za-zÆØÅæøå]{3,}", text))
    names = {
        "AUROC", "UTC", "sha", "Clopper", "Pearson", "WSR", "betting", "Chernoff", "VALID", "EXPIRING", "EXPIRED", "SUSPENDED",
        "VOID", "PASS", "NOT", "SHOWN", "FAIL", "torch", "transformers", "cpu", "temperature", "float32", "prompt", "context",
        "missed", "emergency", "self", "harm", "clinical", "misuse", "injection", "any", "canaries", "suite", "json", "float",
        "december", "november", "februar", "bipia", "email", "jsonl", "other", "huatuo", "medsafety",
    }  # fmt: skip
    assert words <= names


def test_both_languages_have_the_same_claims_and_numbers(report_of: Any, full: Any) -> None:
    """Every number as often in one as in the other, marks apart; every bound and claim id, too."""
    english, translated = pages(report_of, certificate=full)
    names = r'data-(?:bound|upper|lower|mean|delta|limit|units|status|claim)="([^"]*)"'
    assert re.findall(names, english) == re.findall(names, translated)
    first = Counter(_NUMBER.findall(visible_text(english)))
    second = Counter(map(_as_english, _NUMBER.findall(visible_text(translated))))
    assert first == second and len(first) > 200


def _as_english(number: str) -> str:
    """Write a Danish number as an English one; the version of a library stays as it is."""
    version = re.fullmatch(r"\d+(\.\d+){2,}", number) and not re.fullmatch(r"\d{1,3}(\.\d{3})+", number)
    return number if version else number.translate(str.maketrans(",.", ".,"))


def test_the_danish_report_says_that_the_english_decides(report_of: Any) -> None:
    """It names its language, its numbers and dates have their Danish form, and no status is a foreign word alone."""
    page = pages(report_of)[1]
    text = visible_text(page)
    assert page.startswith('<!doctype html>\n<html lang="da">')
    assert "Dette er en oversættelse. Den engelske tekst i report.html gælder" in text
    assert "25. november 2026 kl. 12:00" in text and "0,0467" in text and "95 % konfidens" in text
    assert "5 ud af 100" in text and " in 100" not in text
    chips = set(re.findall(r'<span class="chip[^"]*"><svg.*?</svg>([^<]+)</span>', page, re.DOTALL))
    assert chips == {"PASS (krav opfyldt)", "NOT SHOWN (ikke påvist)", "FAIL (krav brudt)", "intet krav stillet"}


def test_each_language_links_to_the_other(report_of: Any) -> None:
    """By the name of the file beside it, and that name is one of the dossier's."""
    english, translated = pages(report_of)
    assert '<a href="report.da.html" hreflang="da" lang="da">Dansk</a>' in english
    assert '<a href="report.html" hreflang="en" lang="en">English</a>' in translated


def test_what_is_signed_in_english_and_unknown_is_marked_as_english(report_of: Any, certificate_with: Any) -> None:
    """A limitation that the catalogue does not have stands as it is, with its language."""
    page = pages(report_of, certificate=certificate_with(limitations=("Only on Tuesdays.",)))[1]
    assert "<li><span lang='en'>Only on Tuesdays.</span></li>" in page


def test_a_missing_sentence_is_an_error(report_of: Any) -> None:
    """Never English in between."""
    short = {text: said for text, said in (danish().catalogue or {}).items() if text != "Summary"}
    with pytest.raises(InputError, match="no da for 'Summary'"):
        render.html(report_of(tongue=replace(danish(), catalogue=short)))


@pytest.mark.parametrize("text", ["x = [", "[[a]]\nen = 'x'", "a = 1", "[[a]]\nen='x'\nto='y'\n[[b]]\nen='x'\nto='z'"])
def test_a_broken_catalogue_is_refused(text: str) -> None:
    """Not TOML, a half pair, no pairs, or a sentence twice."""
    with pytest.raises(InputError, match="catalogue"):
        tongue.read_catalogue(text)


def test_every_kind_of_finding_is_translated(certificate: Any, replaced: Any) -> None:
    """The joints of `rungs.finding` are known; what is not stands between quotes, never lost."""
    for cell in certificate.cells:
        if cell.rung_one:
            found = said(cell.rung_one.finding, danish())
            assert "“left" in found if "left out" in cell.rung_one.finding else "“" not in found
    one = certificate.cells[0].rung_one
    lost = tuple(replaced(each, beaten=False) for each in one.comparisons)
    for changed in (
        replaced(one, comparisons=lost, smallest="0.5"),
        replaced(one, comparisons=lost[2:3]),
        replaced(one, comparisons=(), left_out=()),
    ):
        finding = rungs.finding(changed, 5)
        translated = said(finding, danish())
        assert "“" not in translated and translated != finding
        assert re.findall(r"\d+", finding) == re.findall(r"\d+", translated)
    assert said("something new", danish()) == "“something new”"
    assert said(one.finding, ENGLISH) == one.finding
    assert rungs.verdict(one) is Verdict.SHOWN
