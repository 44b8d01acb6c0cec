"""From certificate and protocol to the data of a report."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from guard.certificate import Status
from guard.errors import InputError, VerificationError


def test_cells_are_grouped_by_claim_and_the_largest_bound_is_shown(report_of: Any) -> None:
    """Over Danish and English, the page says the larger bound: it holds whatever the mix."""
    claim = report_of().claims[0]
    assert (claim.claim, len(claim.cells)) == ("missed_emergency@prompt", 2)
    assert (claim.miss.largest.bound.upper, claim.miss.largest.where) == ("0.0467", "Danish, up to 1,000 characters")


def test_a_claim_is_as_bad_as_its_worst_bound(report_of: Any) -> None:
    """Misses pass but near misses are not shown: the claim is not shown. One broken limit fails it all."""
    data = report_of()
    assert [claim.status for claim in data.claims] == [Status.PASS, Status.NOT_SHOWN, Status.FAIL, Status.NOT_SHOWN]
    assert data.headline.status is Status.FAIL
    assert "Of 4 claims: 1 PASS, 2 NOT SHOWN, 1 FAIL." in data.headline.text


def test_status_and_largest_bound_may_come_from_two_cells(
    report_of: Any, certificate: Any, certificate_with: Any, bound_with: Any, replaced: Any
) -> None:
    """A smaller bound can break a tighter limit: both are shown, each with its cell."""
    first, second, *others = certificate.cells
    tight = replaced(first, miss=bound_with("miss", 0.04, 0.0, limit="0.02", lower=0.03))
    data = report_of(certificate_with(cells=(tight, second, *others)))
    tile = data.claims[0].miss
    assert (tile.status, tile.deciding.where[:7], tile.largest.where[:6]) == (Status.FAIL, "English", "Danish")


def test_the_budget_adds_up_to_what_the_attempt_may_spend(report_of: Any) -> None:
    """Every bound's delta is in it once, and the rest is named."""
    data = report_of()
    assert [row.bounds for row in data.budget] == [5, 5, 5, 5, 2, 0]
    assert sum(Decimal(row.delta) for row in data.budget) == Decimal(data.certificate.delta)


def test_bounds_that_overspend_are_refused(report_of: Any, certificate_with: Any) -> None:
    """The numbers on the page would not hold together."""
    with pytest.raises(VerificationError, match="spend more"):
        report_of(certificate_with(delta="0.01"))


def test_a_status_that_does_not_follow_is_refused(
    report_of: Any, certificate: Any, certificate_with: Any, replaced: Any
) -> None:
    """PASS beside a bound above its limit never reaches the page."""
    cell = certificate.cells[2]
    wrong = replaced(cell, miss=replaced(cell.miss, status=Status.PASS))
    with pytest.raises(VerificationError, match="does not follow"):
        report_of(certificate_with(cells=(wrong,)))


@pytest.mark.parametrize("field", ["product", "attempt", "serial", "eps", "taxonomy"])
def test_certificate_and_protocol_must_be_about_one_test(
    report_of: Any, certificate: Any, protocol_for: Any, field: str
) -> None:
    """A report never joins two tests."""
    other = {"attempt": 1, "serial": 9}.get(field, "0.5")
    with pytest.raises(VerificationError, match=field):
        report_of(certificate, protocol=protocol_for(certificate, **{field: other}))


@pytest.mark.parametrize("field", ["cells", "limitations"])
def test_an_empty_certificate_is_refused(report_of: Any, certificate_with: Any, field: str) -> None:
    """A report of nothing would read like a pass."""
    with pytest.raises(InputError):
        report_of(certificate_with(**{field: ()}))


def test_a_claim_outside_the_taxonomy_is_refused(
    report_of: Any, certificate: Any, certificate_with: Any, replaced: Any
) -> None:
    """There would be no words for it."""
    with pytest.raises(InputError, match="unknown hazard"):
        report_of(certificate_with(cells=(replaced(certificate.cells[0], claim="nothing@prompt"),)))
