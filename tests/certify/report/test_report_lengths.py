"""The section on long conversations: every number, no verdict, and one sentence where nothing was tested."""

from __future__ import annotations

import re
from typing import Any

from certify.long_input import READERS
from certify.report.check import visible_text
from certify.report.length_figure import FIGURED, NONE_TESTED, counted, figure, panels
from certify.report.lengths import AtLength, ByLength, InCell, LengthSection, Lost, Read, Standing
from certify.report.render import html
from certify.report.tongue import danish
from guard.certificate import Proportion

CLAIM = "missed_emergency@prompt"


def lost(*successes: int) -> Lost:
    """Losses of 20: false alarms, misses said last, misses later."""
    return Lost(*(Proportion(successes=each, trials=20) for each in successes))


def section() -> LengthSection:
    """Two lengths, the longer one outside every certified cell."""
    shipped = (
        AtLength(100, 71, (InCell("upto1000", lost(0, 1, 2), "0.08", "0.05", Standing.OVER),), of(0)),
        AtLength(1_000, 904, (), of(60)),
    )
    reads = tuple(
        Read(reader, length, lost(number, 3, 4), lost(1, 5, number))
        for number, reader in enumerate(READERS)
        for length in (100, 1_000)
    )
    return LengthSection("en", 20, "0.05", "sha256:" + "ab" * 32, (ByLength(CLAIM, (18, 33, 40), shipped, reads),))


def of(successes: int) -> Proportion:
    """Of all rows at a length."""
    return Proportion(successes=successes, trials=60)


def part(page: str) -> str:
    """The section alone, as a reader sees it."""
    return visible_text(page[page.index('id="annex-lengths"') - 4 : page.index("Formulas</h3>")])


def test_without_planted_rows_one_sentence_says_so(report_of: Any) -> None:
    """And the page has no figure of lengths."""
    page = html(report_of()).decode()
    assert part(page).strip() == f"Long conversations {NONE_TESTED}"
    assert "length-missed" not in page


def test_every_count_is_on_the_page_with_its_interval(report_of: Any) -> None:
    """Each way at each length; the bound beside what is shipped; and what has no score is called not certified."""
    page = html(report_of(lengths=section())).decode()
    text = part(page)
    for reader in READERS:
        assert text.count(reader[1:]) >= 2, reader
    assert "1 of 20 (0–25 %)" in text and "bounds 0.0500 and 0.0800: above a bound by no more than chance explains" in text
    assert "60 of 60 conversations are outside every certified cell: not certified, no score" in text
    assert "information and no bounds" in text and "18 to 40 tokens" in text and "1,000: 904." in text


def test_page_one_does_not_change(report_of: Any) -> None:
    """Nothing before the annex knows of it, in any language."""
    for tongue in ({}, {"tongue": danish()}):
        without, with_it = (html(report_of(**tongue, **given)).decode() for given in ({}, {"lengths": section()}))
        assert without.partition('id="annex"')[0] == with_it.partition('id="annex"')[0]


def test_the_same_section_gives_the_same_page_in_both_languages(report_of: Any) -> None:
    """Byte for byte; the Danish page has the same numbers."""
    first, second = (html(report_of(lengths=section())) for _ in range(2))
    assert first == second
    page = html(report_of(lengths=section(), tongue=danish())).decode()
    assert "1 af 20 (0–25 %)" in page and "uden for alle certificerede celler" in page and NONE_TESTED not in page


def test_the_figure_says_its_numbers_in_words_and_has_a_shape_for_each_way() -> None:
    """Seven different shapes, and each rate in the description."""
    drawn = str(figure(section().claims[0]))
    said = re.search(r"<desc[^>]*>(.*?)</desc>", drawn)
    assert said and len(set(FIGURED.values())) == len(FIGURED) == 7
    for way, shape in FIGURED.items():
        assert f"{shape}: {way}" in said[1]
    assert "the monitor as certified: 100: 0 %;" in said[1] and "decision token, every turn: 100: 5 %, 1,000: 5 %" in said[1]


def test_what_has_no_score_has_no_place_in_the_figure() -> None:
    """The shipped monitor is drawn at certified lengths only."""
    alarms, misses, matched = panels(section().claims[0])
    shipped = next(iter(FIGURED))
    assert alarms[shipped] == [(100, 0.0)] and misses[shipped] == [(100, 0.1)] and matched[shipped] == []


def test_an_interval_is_rounded_outwards() -> None:
    """Clopper and Pearson have 0 to 16.8 % for none of 20."""
    assert counted(Proportion(successes=0, trials=20)) == "0 of 20 (0–17 %)"
    assert counted(Proportion(successes=0, trials=0)) == "none to count"
