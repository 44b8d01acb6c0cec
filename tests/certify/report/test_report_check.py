"""The checks find what they are there to find."""

from __future__ import annotations

from typing import Any

import pytest

from certify.report import render
from certify.report.check import bounds_of, check_bounds, check_words, visible_text
from guard.errors import InputError, VerificationError


@pytest.mark.parametrize(
    "text",
    [
        "this model is safe",
        "95 % safe",
        "certified <b>safe</b>",
        "we guarantee it",
        "guaranteed",
        "for any patient",
        "a class IIa device",
        "certification of the product",
    ],
)
def test_forbidden_words_are_found(text: str) -> None:
    """Across tags and cases."""
    with pytest.raises(InputError, match="reword"):
        check_words(f"<p>{text.upper()}</p>", "R4")


def test_words_that_only_contain_a_forbidden_one_pass() -> None:
    """Unsafe and safety are other words; classes of things are not device classes."""
    check_words("<p>an unsafe dose, safety, one class only, class of device</p>", "R4")


def test_names_that_others_gave_are_exempt() -> None:
    """A file called safe.jsonl is not a claim of ours, but what follows it is read again."""
    check_words("<p><b data-given>safe.jsonl</b> rows</p><script>safe</script>", "R0")
    with pytest.raises(InputError):
        check_words("<p><b data-given>x<br>y</b> safe</p>", "R0")


def test_mechanistic_needs_rung_three() -> None:
    """Below it the word is forbidden."""
    check_words("<p>a mechanistic monitor</p>", "R3")
    for rung in ("R0", "R2", "none"):
        with pytest.raises(InputError):
            check_words("<p>a mechanistic monitor</p>", rung)


def test_a_changed_number_is_found(report_of: Any, certificate: Any) -> None:
    """Any digit of any bound."""
    page = render.html(report_of()).decode()
    check_bounds(page, certificate)
    with pytest.raises(VerificationError, match="other numbers"):
        check_bounds(page.replace('data-upper="0.0467"', 'data-upper="0.0367"'), certificate)


def test_a_missing_doubled_or_foreign_bound_is_found(report_of: Any, certificate: Any, certificate_with: Any) -> None:
    """One row for each bound of the certificate, and no other."""
    page = render.html(report_of()).decode()
    row = page[page.index("<tr data-bound=") :]
    row = row[: row.index("</tr>") + 5]
    for changed, problem in ((page.replace(row, ""), "lacks"), (page.replace(row, row + row), "twice")):
        with pytest.raises(VerificationError, match=problem):
            check_bounds(changed, certificate)
    with pytest.raises(VerificationError, match="not signed"):
        check_bounds(page, certificate_with(cells=certificate.cells[:-1]))


def test_every_bound_has_a_name_of_its_own(certificate: Any) -> None:
    """Four for each cell and one for each whole."""
    assert len(bounds_of(certificate)) == 4 * len(certificate.cells) + len(certificate.whole)


def test_visible_text_leaves_out_styles_and_scripts() -> None:
    """Only what a reader sees."""
    assert visible_text("<style>a</style><p>b<br>c &amp; d</p><script>e</script>") == "b c & d"
