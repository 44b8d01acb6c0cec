"""The rendered report keeps its promises."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest

from certify.report import figures, render, rounding, standing, words
from certify.report.check import check_bounds, visible_text
from certify.report.sources import NotGiven
from guard.certificate import Proportion, Status
from guard.errors import InputError

SVG = re.compile(r"<svg class=['\"]figure['\"].*?</svg>", re.DOTALL)


@pytest.fixture
def page(report_of: Any) -> str:
    """A complete report of the phantom."""
    return render.html(report_of()).decode()


def test_every_bound_of_the_certificate_is_in_the_report_once(page: str, certificate: Any) -> None:
    """With equal numbers, and no other bound."""
    check_bounds(page, certificate)


def test_the_printed_bound_is_the_signed_one_rounded_up(page: str, certificate: Any) -> None:
    """The visible cell of each row agrees with the exact number."""
    rows = re.findall(r'<tr data-bound="[^"]+" data-upper="([^"]+)".*?<b>([0-9.]+)</b>', page, re.DOTALL)
    assert len(rows) == 4 * len(certificate.cells) + len(certificate.whole)
    assert all(shown == rounding.up(exact) for exact, shown in rows)


def test_nothing_is_loaded_from_anywhere(page: str) -> None:
    """No address in src, href or url(), no import, and a policy that forbids all loading."""
    named = re.findall(r"(?:src|href)\s*=\s*['\"]?([^#'\"\s>][^'\"\s>]*)", page)
    assert named == ["report.da.html"], "the other language lies beside it"
    assert not re.search(r"url\((?!#)", page) and "@import" not in page
    assert "default-src 'none'" in page


def test_no_script_runs(page: str) -> None:
    """The only script element is data."""
    assert re.findall(r"<script[^>]*>", page) == ['<script type="application/json" id="auscult-certificate">']
    assert not re.search(r"\son\w+\s*=", page)


def test_the_same_data_give_the_same_bytes(report_of: Any) -> None:
    """Nothing depends on the clock, on memory or on order of sets."""
    assert render.html(report_of()) == render.html(report_of())


def test_page_one_says_what_it_must(page: str) -> None:
    """What this is not, who checked, which attempt, whose key, and that the phantom is no evidence."""
    first = visible_text(page[: page.index('id="summary"')])
    for sentence in (words.NOT_APPROVAL, words.NO_CLINICIAN, words.PHANTOM, words.DEMONSTRATION, words.THROWAWAY):
        assert sentence in first
    assert "number 2 on this product and these claims" in first
    assert "With 95 % confidence, at most 69 in 100 scenarios of kinds not used for fitting or selection" in first
    assert "at most 1 time in 20 would any printed bound be wrong" in first
    assert "How to check it in three steps" in first
    assert all(title in first for title, _ in standing.NOT)


def test_what_the_issuer_left_out_is_said(report_of: Any, certificate_with: Any, page: str) -> None:
    """Rows that nobody drew again, and a ledger that does not hold the protocol, each have a sentence, and only then."""
    left_out = visible_text(render.html(report_of(certificate_with(redrawn=False), ledger=None)).decode())
    for sentence in (
        "The issuer did not draw them a second time to compare.",
        "does not hold this protocol, so earlier attempts",
    ):
        assert sentence in left_out
        assert sentence not in visible_text(page)


def test_listed_and_unseen_stand_side_by_side_in_equal_form(page: str) -> None:
    """Each claim has two tiles of one class, the unseen one second."""
    cards = page.split('<article class="claim"')[1:5]
    for card in cards:
        headings = re.findall(r'<div class="tile is-\w+">\s*<h4>([^<]+)</h4>', card)
        assert headings == [words.WHERE["miss"], words.WHERE["miss_unseen"]]


def test_limitations_defeaters_and_earlier_attempts_are_present(page: str, certificate: Any) -> None:
    """In full."""
    text = visible_text(page)
    assert all(limitation in text for limitation in certificate.limitations)
    assert all(reason in text for _, reason in standing.DEFEATERS)
    assert "This is attempt number 2" in text and "24 November 2026" in text


def test_adaptive_attackers_are_named_beside_every_injection_and_misuse_bound(page: str) -> None:
    """In the card, the summary, beside the figures and in the annex, and not beside the others."""
    cards = page.split('<article class="claim"')[1:5]
    assert [words.ADAPTIVE in card for card in cards] == [False, False, True, True]
    sections = page.split('class="result"')[1:]
    assert [words.ADAPTIVE in section.split("</section>")[0] for section in sections] == [False, False, True, True]
    assert page[page.index('id="annex"') :].count(words.ADAPTIVE) == 2


def test_a_status_is_a_word_and_a_shape_and_never_a_colour_alone(page: str) -> None:
    """Every chip holds an icon and a word, and the three icons differ."""
    chips = re.findall(r'<span class="chip[^"]*">(<svg.*?</svg>)([^<]+)</span>', page, re.DOTALL)
    shapes: dict[str, set[str]] = {}
    for shape, word in chips:
        shapes.setdefault(word, set()).add(shape)
    assert {*map(str, Status), "no limit set"} == set(shapes)
    assert all(len(found) == 1 for found in shapes.values()) and len(set.union(*shapes.values())) == 4


def test_every_figure_has_a_title_and_a_description(page: str) -> None:
    """Named by the figure itself, with the numbers in words, and well-formed."""
    found = SVG.findall(page)
    assert len(found) == 4 * 6 + 4
    names = set()
    for text in found:
        root = ElementTree.fromstring(text)  # noqa: S314 - our own text
        title, description = root.find("title"), root.find("desc")
        assert title is not None and description is not None and title.text and description.text
        assert root.get("role") == "img" and root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
        names.add(title.get("id"))
    assert len(names) == len(found)


def test_ids_are_unique_and_links_lead_somewhere(page: str) -> None:
    """A reader who follows the contents arrives."""
    ids = re.findall(r"\sid=['\"]([^'\"]+)['\"]", page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


def test_headings_go_down_one_level_at_a_time(page: str) -> None:
    """For those who read by headings; the claims on page one stand right below the title."""
    levels = [int(level) for level in re.findall(r"<h([1-6])\b", page[page.index('id="summary"') - 10 :])]
    assert levels[0] == 2 and all(after <= before + 1 for before, after in pairwise(levels))


def test_tables_have_header_cells_and_a_name(page: str) -> None:
    """Each stands in a named region that a keyboard can scroll."""
    tables = re.findall(r'<div class="scroll[^"]*" role="region" aria-label="[^"]+" tabindex="0">\s*<table>', page)
    assert len(tables) == page.count("<table>")
    assert all(
        'scope="row' in row or 'scope="col' in row for row in re.findall(r"<tr.*?</tr>", page, re.DOTALL) if "<td>" not in row
    )


def test_bad_external_numbers_are_printed_as_they_are(page: str) -> None:
    """The monitor loses to words, and the page says so."""
    text = visible_text(page)
    assert "In 2 of 2 sets with both classes a baseline ranks the rows as well as the monitor or better." in text
    assert "71 of 148 (48.0 %)" in text and "0.632" in text and "one class only" in text
    assert "not run: one length only" in text and "none to count" in text


def test_without_a_folder_the_section_says_so(report_of: Any) -> None:
    """It does not vanish."""
    text = visible_text(render.html(report_of(external=NotGiven())).decode())
    assert words.NO_EXTERNAL in text


def test_a_real_certificate_has_no_demonstration_banner(
    report_of: Any, certificate: Any, certificate_with: Any, replaced: Any
) -> None:
    """The banners are about this certificate, not decoration."""
    subject = replaced(certificate.subject, name="hf:clinic/model", demonstration=False)
    page = render.html(report_of(certificate_with(subject=subject, demonstration=False), throwaway_key=False)).decode()
    assert not any(words_ in page for words_ in ("DEMONSTRATION", "THROWAWAY KEY", words.PHANTOM))


HOSTILE = "<script>alert(1)</script>\" onload='x' }</style><!-- {{ 7*7 }} ]]>"


def test_hostile_names_are_shown_and_never_obeyed(
    report_of: Any, certificate_with: Any, certificate: Any, replaced: Any
) -> None:
    """A product, model or file name can't become markup, style or template code."""
    subject = replaced(certificate.subject, name=HOSTILE)
    data = report_of(certificate_with(product=HOSTILE, subject=subject), issuer=HOSTILE, contact=HOSTILE)
    file = data.external.files[0]
    page = render.html(
        report_of(
            data.certificate,
            external=type(data.external)((type(file)(HOSTILE, HOSTILE, "", 1, 1, file.results),), (), HOSTILE),
            issuer=HOSTILE,
        )
    ).decode()
    assert len(re.findall(r"<script[^>]*>", page)) == 1 and page.count("</style>") == 1 and "<!--" not in page
    assert "49" not in re.findall(r"<h1[^>]*>(.*?)</h1>", page)[0]
    for text in SVG.findall(page):
        ElementTree.fromstring(text)  # noqa: S314 - our own text


def test_the_bundle_is_embedded_unchanged(page: str) -> None:
    """Byte for byte, and it is JSON; one that could end its element is refused."""
    found = re.findall(r'<script type="application/json" id="auscult-certificate">(.*?)</script>', page, re.DOTALL)
    assert found[0] == '{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json"}\n'
    assert json.loads(found[0])


def test_a_bundle_that_could_end_its_element_is_refused(report_of: Any) -> None:
    """No signed bundle holds such a letter."""
    with pytest.raises(InputError, match="embedded"):
        render.html(report_of(bundle=b'{"a": "</script>"}'))


def test_a_forbidden_word_stops_the_rendering(report_of: Any, certificate_with: Any) -> None:
    """Even where it comes from a signed limitation."""
    with pytest.raises(InputError, match="safe"):
        render.html(report_of(certificate_with(limitations=("This model is safe.",))))


def test_shares_are_counts_first() -> None:
    """No bare rate, and no division by nothing."""
    assert render.share(Proportion(successes=12, trials=1600)) == "12 of 1,600 (0.8 %)"
    assert render.share(Proportion(successes=0, trials=0)) == "none to count"


@pytest.mark.parametrize("largest", [0.0, 0.004, 0.021, 0.05, 0.33, 0.97, 1.0])
def test_an_axis_starts_at_nought_and_holds_every_value(largest: float) -> None:
    """No bound is drawn shorter than it is."""
    scale = figures.axis([largest])
    assert scale.ticks[0] == 0.0 and scale.top >= largest and 3 <= len(scale.ticks) <= 6


def test_the_headline_names_every_claim_with_its_status(page: str) -> None:
    """Whoever reads the first half page has seen every verdict word."""
    headline = page[page.index('<ul class="tally">') : page.index('<dl class="facts">')]
    words_seen = re.findall(r"</svg>([^<]+)</span>", headline)
    assert words_seen == ["PASS", "NOT SHOWN", "FAIL", "NOT SHOWN", "PASS", "PASS"]
