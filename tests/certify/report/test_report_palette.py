"""The colours contrast, and nothing depends on them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from certify.report import render
from certify.report.palette import COLOURS, TEXT_PAIRS, contrast


def test_contrast_is_that_of_wcag() -> None:
    """Black on white is 21, a colour on itself 1, and #767676 on white the known 4.54."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#123456", "#123456") == pytest.approx(1.0)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize(("text", "behind"), TEXT_PAIRS)
def test_text_has_a_contrast_of_at_least_four_and_a_half(text: str, behind: str) -> None:
    """WCAG AA for text of any size."""
    assert contrast(COLOURS[text], COLOURS[behind]) >= 4.5


def test_the_page_uses_no_colour_outside_the_palette(report_of: Any) -> None:
    """A colour that nobody checked can't slip in."""
    used = set(re.findall(r"#[0-9a-f]{6}\b", render.html(report_of()).decode()))
    assert used <= set(COLOURS.values())
