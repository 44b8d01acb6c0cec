"""The checks find what they are there to find."""

from __future__ import annotations

from typing import Any

import pytest

from certify.report import render
from certify.report.check import NEEDED, bounds_of, check_bounds, check_claims, check_parts, check_words, visible_text
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
        "modellen er sikker",
        "det er sikkert",
        "vi garanterer det",
        "for enhver patient",
        "klasse IIa",
        "certificering af produktet",
    ],
)
def test_forbidden_words_are_found(text: str) -> None:
    """Across tags and cases."""
    with pytest.raises(InputError, match="reword"):
        check_words(f"<p>{text.upper()}</p>", "R4")


def test_words_that_only_contain_a_forbidden_one_pass() -> None:
    """Unsafe and safety are other words; classes of things are not device classes."""
    check_words("<p>an unsafe dose, safety, one class only, class of device</p>", "R4")
    check_words("<p>usikkerhed, 95 % konfidens, patientsikkerhed, udstyrets klasse</p>", "R4")


def test_names_that_others_gave_are_exempt() -> None:
    """A file called safe.jsonl is not a claim of ours, but what follows it is read again."""
    check_words("<p><b data-given>safe.jsonl</b> rows</p><script>safe</script>", "R0")
    with pytest.raises(InputError):
        check_words("<p><b data-given>x<br>y</b> safe</p>", "R0")


def test_mechanistic_needs_rung_three() -> None:
    """Below it the word is forbidden."""
    check_words("<p>a mechanistic monitor</p>", "R3")
    for rung in ("R0", "R2", "none"):
        for text in ("a mechanistic monitor", "en mekanistisk monitor"):
            with pytest.raises(InputError):
                check_words(f"<p>{text}</p>", rung)


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


@pytest.mark.parametrize("text", ["5 in 100", "1.200 ud af 10.000", "0.0467", "0,0467", "12.5 in 1,000"])
def test_a_rate_without_its_claim_is_found(report_of: Any, certificate: Any, text: str) -> None:
    """Natural frequencies and four decimals, in both languages; under the claim they are about they may stand."""
    page = render.html(report_of()).decode()
    with pytest.raises(VerificationError, match="without the claim"):
        check_claims(page.replace("</main>", f"<p>{text}</p></main>"), certificate)
    with pytest.raises(VerificationError, match="without the claim"):
        check_claims(page.replace("</main>", f"<p data-claim='scope_breach@response'>{text}</p></main>"), certificate)
    check_claims(page.replace("</main>", f"<p data-claim='self_harm@prompt'>{text}</p></main>"), certificate)


def test_each_claim_has_its_results_once(report_of: Any, certificate: Any, certificate_with: Any) -> None:
    """One section less, or one more, is found."""
    page = render.html(report_of()).decode()
    check_claims(page, certificate)
    section = page[page.index('<section aria-labelledby="claim-self') :]
    section = section[: section.index("</section>") + 10]
    for changed in (page.replace(section, ""), page.replace(section, section + section)):
        with pytest.raises(VerificationError, match="each claim once"):
            check_claims(changed, certificate)
    with pytest.raises(VerificationError, match="each claim once"):
        check_claims(page, certificate_with(cells=certificate.cells[:2]))


def test_parts_that_qualify_the_numbers_are_needed(report_of: Any) -> None:
    """Without what this is not, the limitations, the defeaters or the crosswalk it is no report."""
    page = render.html(report_of()).decode()
    check_parts(page)
    for name in NEEDED:
        with pytest.raises(InputError, match=f"lacks its part {name}"):
            check_parts(page.replace(f'id="{name}"', 'id="x"'))


def test_the_exposure_is_the_sites_to_fill_in(report_of: Any) -> None:
    """A report that states how often a hazard comes up, or leaves no room for it, is refused."""
    page = render.html(report_of()).decode()
    for changed in (page.replace("data-exposure>", "data-exposure>often"), page.replace(" data-exposure", "")):
        with pytest.raises(InputError, match="blank for the exposure"):
            check_parts(changed)
