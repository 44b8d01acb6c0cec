"""The PDF says what the page says, in a form that archives, screen readers and printers can use."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from certify.report import render, words
from certify.report.pdf import typesetter
from certify.report.pdf.render import pdf
from certify.report.pdf.tree import Element, read
from certify.report.sources import Digests
from guard import digest
from guard.errors import InputError, VerificationError

BUNDLE = b'{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "note": "bytes \xc3\xa6 as signed"}\n'
AT = "2026-11-25T12:00:00Z"
HOSTILE = '#read("/etc/passwd") $x^2$ *bold* _it_ `raw` <h1> \\ @cite [x] // no /* no */ ~ #{1+1} %s {{ 1 }} ' + "longest" * 30
SCRIPTS = "Ward 😀 \u202eevil 医 Ærø Ελλάδα Жар"
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")

pytestmark = pytest.mark.poppler


@pytest.fixture(scope="module")
def page_of(report_of: Any, certificate_with: Any) -> Callable[..., bytes]:
    """Render a report of the bundle, with fields of its certificate changed."""

    def make(**changes: Any) -> bytes:
        digests = Digests(digest.of_bytes(BUNDLE), "sha256:" + "1" * 64, "sha256:" + "2" * 64)
        return render.html(report_of(certificate_with(**changes), digests=digests, bundle=BUNDLE))

    return make


@pytest.fixture(scope="module")
def page(page_of: Callable[..., bytes]) -> bytes:
    """A complete report of the phantom."""
    return page_of()


@dataclass(frozen=True)
class Made:
    """A PDF that was written, and what the typesetter warned of."""

    path: Path
    """Where it is."""
    warnings: list[str]
    """Layout that was not settled, fonts that are not there."""


@pytest.fixture(scope="module")
def heard(page: bytes, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The PDF of the report, made by a typesetter whose warnings are kept."""
    real = typesetter.load()
    warnings: list[str] = []

    class Warned:
        TypstError, Fonts = real.TypstError, real.Fonts

        @staticmethod
        def compile(*arguments: Any, **named: Any) -> bytes:
            data, found = real.compile_with_warnings(*arguments, **named)
            warnings.extend(one.message for one in found)
            return data

    path = tmp_path_factory.mktemp("pdf") / "report.pdf"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typesetter, "load", lambda: Warned)
        path.write_bytes(pdf(page, BUNDLE, AT))
    return Made(path, warnings)


@pytest.fixture(scope="module")
def made(heard: Made) -> Path:
    """The PDF of the report."""
    return heard.path


@pytest.fixture(scope="module")
def hostile(page_of: Callable[..., bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The PDF of a report whose product has a name that nobody should give it."""
    path = tmp_path_factory.mktemp("pdf") / "hostile.pdf"
    path.write_bytes(pdf(page_of(product=f"{HOSTILE} {SCRIPTS}"), BUNDLE, AT))
    return path


def small(lang: str = "en") -> bytes:
    """A page of one line that names the bundle."""
    running = "".join(f'@{place} {{ content: "{place}"; }}' for place in ("top-left", "top-right", "bottom-left"))
    head = f"<title>Small</title><style>@page {{ {running} }}</style>"
    return f'<html lang="{lang}"><head>{head}</head><body><h1>Small</h1><p>{digest.of_bytes(BUNDLE)}</p></body></html>'.encode()


def run(*command: str | Path) -> str:
    """Run a program of poppler's and return what it prints."""
    return subprocess.run([str(one) for one in command], capture_output=True, text=True, check=True).stdout


@cache
def pages_of(path: Path) -> list[str]:
    """Text of each page in the order in which it was set."""
    return run("pdftotext", "-raw", path, "-").split("\f")[:-1]


def bare(text: str) -> str:
    """Text without white space, which a line break may stand for."""
    return "".join(text.split())


def without_furniture(path: Path, running: dict[str, str]) -> str:
    """All text of a PDF but what is repeated on each page."""
    kept = []
    for number, text in enumerate(pages_of(path), 1):
        one = bare(text)
        for words_ in (*running.values(), f"page {number} of {len(pages_of(path))}"):
            assert bare(words_) in one
            one = one.replace(bare(words_), "", 1)
        kept.append(one)
    return "".join(kept)


def texts(element: Element) -> list[str]:
    """Every run of text that stands in one piece; figures included, the way to the verdict left out."""
    if "skip" in element.classes or element.tag == "nav":
        return []
    if element.tag == "svg":
        return re.findall(r"<text[^>]*>([^<]*)</text>", element.attributes["source"])
    return [text for one in element.children for text in ([one] if isinstance(one, str) else texts(one)) if text.strip()]


def test_everything_on_the_page_is_in_the_pdf(page: bytes, made: Path) -> None:
    """Every piece of text, with the words in figures; what stands on every page stands there, too."""
    tree = read(page.decode())
    said = without_furniture(made, tree.running)
    wanted = [bare(text).replace("&lt;", "<").replace("&amp;", "&") for text in texts(tree.body)]
    assert len(wanted) > 900
    assert [text for text in wanted if text not in said] == []


def test_nothing_else_is_in_the_pdf(page: bytes, made: Path) -> None:
    """Every number of it is on the page, but those of its pages and of the steps and items that a browser counts."""
    tree = read(page.decode())
    known = set(NUMBER.findall(" ".join(texts(tree.body)))) | set(NUMBER.findall(" ".join(tree.running.values())))
    pages = len(pages_of(made))
    found = set(NUMBER.findall(" ".join(pages_of(made))))
    assert len(found) > 200
    pieces = found - known - {str(one) for one in range(1, pages + 1)}
    everything = bare(tree.body.text())
    assert [piece for piece in pieces if piece not in everything] == []


def test_the_same_page_and_bundle_give_the_same_bytes(page: bytes, made: Path) -> None:
    """Nothing depends on the clock, the machine's fonts or the folder; another date gives another file."""
    assert pdf(page, BUNDLE, AT) == made.read_bytes()
    assert pdf(small(), BUNDLE, AT) != pdf(small(), BUNDLE, "2026-11-26T12:00:00Z")


def test_the_layout_is_settled(heard: Made) -> None:
    """The typesetter has nothing to warn of: page numbers and links are those of the final layout."""
    assert heard.warnings == []


def test_the_certificate_is_attached_byte_for_byte(page: bytes, made: Path, tmp_path: Path) -> None:
    """And the printed digest is that of the attachment."""
    run("pdfdetach", "-saveall", "-o", tmp_path, made)
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("certificate.json", BUNDLE)]
    assert bare(digest.of_bytes(BUNDLE)) in bare("".join(pages_of(made)))


def test_a_report_of_another_certificate_is_refused() -> None:
    """A PDF never carries a certificate that it does not name."""
    with pytest.raises(VerificationError, match="does not name the certificate"):
        pdf(small(), BUNDLE + b" ", AT)


def test_it_is_an_accessible_archive_file(page: bytes, made: Path) -> None:
    """Tagged, with title and language, and marked as PDF/A-3a and PDF/UA-1, which the typesetter checks as it writes."""
    facts = run("pdfinfo", made)
    assert re.search(r"Tagged: +yes", facts) and re.search(r"Title: +Certificate report: Discharge helper, serial 3", facts)
    assert re.search(r"Page size: .*A4", facts) and "2026" in facts
    metadata = run("pdfinfo", "-meta", made)
    assert "<pdfaid:part>3</pdfaid:part>" in metadata and "<pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata and "<rdf:li>en</rdf:li>" in metadata


def test_every_figure_is_told_in_words(page: bytes, made: Path) -> None:
    """Each has an alternative text with its numbers; marks that repeat a word have none."""
    figures = page.count(b"<svg class='figure'")
    written = made.read_bytes()
    assert written.count(b"/S/Figure") == figures > 15
    assert len(re.findall(rb"/Alt ?[(<]", written)) == figures
    assert b"/Alt(Missed emergency: misses on new scenarios of the listed kinds" in written


def test_the_verdict_fits_on_page_one(made: Path) -> None:
    """Headline, every claim's word, cautions, what was tested, who answers, and no bound without its scope."""
    first = bare(pages_of(made)[0])
    for text in (
        words.NOT_APPROVAL, words.DEMONSTRATION, words.PHANTOM, words.THROWAWAY, words.NO_CLINICIAN, "FAIL", "NOT SHOWN",
        "Of 4 claims: 1 PASS, 2 NOT SHOWN, 1 FAIL.", "Model safety, Example Hospital", "until 23 February 2027",
    ):  # fmt: skip
        assert bare(text) in first


def test_no_heading_stands_alone_at_the_foot_of_a_page(page: bytes, made: Path) -> None:
    """Below each there is text on the same page."""
    headings = {bare(one.text()) for one in read(page.decode()).body.walk() if one.tag in {"h2", "h3"}}
    for text in pages_of(made):
        lines = [line for line in text.splitlines() if line.strip()]
        assert not any(bare(lines[-back]) in headings for back in (1, 2))


def test_no_name_is_a_command(hostile: Path) -> None:
    """Marks that mean something to the typesetter stand there letter for letter, and a word without end is broken."""
    assert bare(HOSTILE) in bare("".join(pages_of(hostile)))
    assert "root:" not in "".join(pages_of(hostile))


def test_letters_without_a_shape_are_written_as_code_points(hostile: Path) -> None:
    """Emoji and marks that turn the order of letters round are named; letters of other scripts stand as they are."""
    assert bare("Ward [U+1F600] [U+202E]evil [U+533B] Ærø Ελλάδα Жар") in bare(pages_of(hostile)[0])


@pytest.mark.parametrize("name", ["made", "hostile"])
def test_nothing_runs_off_the_paper(name: str, request: pytest.FixtureRequest) -> None:
    """Every word stands within the margins, however long a name is."""
    boxes = run("pdftotext", "-bbox", request.getfixturevalue(name), "-")
    found = re.findall(r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">', boxes)
    assert len(found) > 3000
    millimetre = 72 / 25.4
    for x, y, right, bottom in (tuple(map(float, one)) for one in found):
        assert x >= 16.5 * millimetre and right <= (210 - 16.5) * millimetre
        assert y >= 8 * millimetre and bottom <= (297 - 6) * millimetre


def test_a_danish_page_counts_its_pages_in_danish(tmp_path: Path) -> None:
    """The words around the page number follow the page's language, and so does the file's."""
    path = tmp_path / "report.pdf"
    path.write_bytes(pdf(small("da"), BUNDLE, AT))
    assert bare("side 1 af 1") in bare(pages_of(path)[0])
    assert "<rdf:li>da</rdf:li>" in run("pdfinfo", "-meta", path)


def test_without_the_typesetter_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line, naming the extra."""
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(InputError, match=r"auscult\[certify\]"):
        pdf(small(), BUNDLE, AT)


@pytest.mark.parametrize(
    ("page_bytes", "bundle", "at", "said"),
    [
        (b"\xff", b"{}", AT, "UTF-8"),
        (b"<p>no report</p>", b"{}", AT, "no title"),
        (small(), BUNDLE, "yesterday", "not a time"),
    ],
)
def test_bad_input_is_one_line(page_bytes: bytes, bundle: bytes, at: str, said: str) -> None:
    """What can't be set is said in words of ours."""
    with pytest.raises(InputError, match=said):
        pdf(page_bytes, bundle, at)
