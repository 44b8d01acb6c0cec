"""Every bound of a certificate by name: `<claim>/<language>/<length>/<estimand>`, in the certificate's order.

Comes in: a certificate. Goes out: names and bounds. Whoever compares or exports goes through here, so that no number is left
out. Computes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from certify.losses import WHOLE
from guard.certificate import Bound, CellResult, Certificate, Status, WholeResult

_WORST = (Status.FAIL, Status.NOT_SHOWN, Status.PASS)


@dataclass(frozen=True, slots=True)
class Named:
    """One bound and where it belongs."""

    claim: str
    """hazard@stage, or "whole" for all monitors and rules together."""
    lang: str
    """Language of the cell."""
    bucket: str
    """Length bucket of the cell."""
    bound: Bound
    """As signed."""

    @property
    def cell(self) -> str:
        """Claim, language and length."""
        return f"{self.claim}/{self.lang}/{self.bucket}"

    @property
    def id(self) -> str:
        """The name of the bound."""
        return f"{self.cell}/{self.bound.estimand}"


def bounds_of(issued: Certificate) -> tuple[Named, ...]:
    """Return every bound of a certificate."""
    named = [Named(cell.claim, cell.lang, cell.bucket, bound) for cell in issued.cells for bound in _of(cell)]
    named += [Named(WHOLE, whole.lang, whole.bucket, bound) for whole in issued.whole for bound in _of(whole)]
    return tuple(named)


def standings(issued: Certificate) -> dict[str, Status | None]:
    """Return what was shown of each cell: the worst status of its bounds, None where it has no limit."""
    found: dict[str, Status | None] = {}
    for named in bounds_of(issued):
        known = [status for status in (found.get(named.cell), named.bound.status) if status is not None]
        found[named.cell] = min(known, key=_WORST.index, default=None)
    return found


def measured_only(issued: Certificate) -> tuple[str, ...]:
    """Return the cells of operating points that carry no bound."""
    bounded = standings(issued)
    cells = (f"{point.claim}/{point.lang}/{point.bucket}" for point in issued.operating_points)
    return tuple(dict.fromkeys(cell for cell in cells if cell not in bounded))


def _of(result: CellResult | WholeResult) -> Iterator[Bound]:
    for name in result.__struct_fields__:
        value = getattr(result, name)
        if isinstance(value, Bound):
            yield value
