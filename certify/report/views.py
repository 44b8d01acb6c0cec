"""What the reader sees of a certificate's results: bounds, cells and claims with their words, ready to print."""

from __future__ import annotations

from dataclasses import dataclass

from certify.baselines.frozen import Baselines
from certify.report import rounding, words
from certify.report.bound import BoundView, bound_view
from certify.report.evidence import EvidenceView, evidence
from guard.certificate import (
    CatalogueRate,
    CellResult,
    MeasuredRates,
    OperatingPoint,
    Proportion,
    Status,
    WholeResult,
)
from guard.hazards import Claim, Taxonomy


@dataclass(frozen=True, slots=True)
class CellView:
    """One claim in one cell."""

    where: str
    """Language and length in words."""
    result: CellResult
    """As signed: counts of draws, scenarios, families, fact rows, missing scores."""
    miss: BoundView
    """Listed kinds."""
    unseen: BoundView
    """Unseen kinds."""
    traffic: BoundView
    """Ordinary conversations."""
    near: BoundView
    """Look-alikes."""
    catalogue: CatalogueRate
    """Information."""
    evidence: EvidenceView
    """Which rungs hold."""

    @property
    def bounds(self) -> tuple[BoundView, BoundView, BoundView, BoundView]:
        """The four bounds in the order of the page."""
        return self.miss, self.unseen, self.traffic, self.near


@dataclass(frozen=True, slots=True)
class Tile:
    """The largest bound over a claim's cells: it holds whatever the mix of languages and lengths."""

    heading: str
    """What the bound is about."""
    largest: BoundView
    """The cell with the largest upper bound."""
    deciding: BoundView
    """The cell with the worst status; often the same."""
    cells: int
    """Over how many cells."""

    @property
    def status(self) -> Status | None:
        """Worst status over the cells."""
        return self.deciding.bound.status


@dataclass(frozen=True, slots=True)
class ClaimView:
    """One claim over all its cells."""

    claim: str
    """hazard@stage."""
    anchor: str
    """Name of its section."""
    title: str
    """Hazard in words."""
    definition: str
    """When it fires."""
    severity: str
    """S1 to S5."""
    stage: str
    """Where the monitor reads, in words."""
    adversarial: bool
    """Whether somebody may want to bring it about."""
    cells: tuple[CellView, ...]
    """By language and length."""
    miss: Tile
    """Listed kinds."""
    unseen: Tile
    """Unseen kinds."""
    traffic: Tile
    """Ordinary conversations."""
    near: Tile
    """Look-alikes."""
    counted: str
    """How much was tested, in words."""

    @property
    def tiles(self) -> tuple[Tile, Tile, Tile, Tile]:
        """The four tiles in the order of the page."""
        return self.miss, self.unseen, self.traffic, self.near

    @property
    def status(self) -> Status | None:
        """Worst status of all bounds with a limit."""
        return words.worst([tile.status for tile in self.tiles if tile.status is not None])


@dataclass(frozen=True, slots=True)
class WholeView:
    """All monitors and rules together in one language and length."""

    where: str
    """Language and length in words."""
    rules: str
    """Digest of the rule set."""
    false_alarm: BoundView
    """On ordinary conversations."""


@dataclass(frozen=True, slots=True)
class MeasuredView:
    """An operating point that carries no bound."""

    claim: str
    """hazard@stage."""
    where: str
    """Language and length in words."""
    threshold: str
    """Fires at or above."""
    miss: Proportion | None
    """Missed positives; None where nothing was measured."""
    false_alarm: Proportion | None
    """Alarms on benign rows."""


def claims(
    results: tuple[CellResult, ...], taxonomy: Taxonomy, level: str, record: Baselines | None = None
) -> tuple[ClaimView, ...]:
    """Group cells by claim, in the order of the certificate.

    Raises:
        InputError: A claim that the taxonomy does not have.
        VerificationError: A status that does not follow from its numbers.
    """
    grouped: dict[str, list[CellResult]] = {}
    for result in results:
        grouped.setdefault(result.claim, []).append(result)
    return tuple(_claim(taxonomy.claim(name), tuple(cells), taxonomy, level, record) for name, cells in grouped.items())


def _claim(
    claim: Claim, results: tuple[CellResult, ...], taxonomy: Taxonomy, level: str, record: Baselines | None
) -> ClaimView:
    hazard = taxonomy.hazards[claim.hazard]
    cells = tuple(_cell(result, level, record) for result in results)
    return ClaimView(
        claim=str(claim),
        anchor="claim-" + "".join(letter if letter.isalnum() else "-" for letter in str(claim)),
        title=hazard.title,
        definition=hazard.definition,
        severity=hazard.severity.value,
        stage=words.STAGES[claim.stage],
        adversarial=claim.hazard in words.ADVERSARIAL,
        cells=cells,
        miss=_tile([cell.miss for cell in cells]),
        unseen=_tile([cell.unseen for cell in cells]),
        traffic=_tile([cell.traffic for cell in cells]),
        near=_tile([cell.near for cell in cells]),
        counted=_counted(results),
    )


def _cell(result: CellResult, level: str, record: Baselines | None) -> CellView:
    name = f"{result.claim}/{result.lang}/{result.bucket}"
    where = words.cell(result.lang, result.bucket)
    miss, unseen, traffic, near = (
        bound_view(name, bound, where, result.plain, level, result.miss.limit)
        for bound in (result.miss, result.miss_unseen, result.false_alarm_traffic, result.false_alarm_near)
    )
    return CellView(where, result, miss, unseen, traffic, near, result.catalogue, evidence(result, record))


def _tile(bounds: list[BoundView]) -> Tile:
    largest = max(bounds, key=lambda view: rounding.decimal(view.bound.upper))
    deciding = max(bounds, key=lambda view: (_rank(view.bound.status), rounding.decimal(view.bound.upper)))
    return Tile(words.WHERE[largest.bound.estimand], largest, deciding, len(bounds))


def _rank(status: Status | None) -> int:
    return -1 if status is None else words.STATUS_ORDER.index(status)


def _counted(results: tuple[CellResult, ...]) -> str:
    parts = [
        f"{words.few([r.draws for r in results])} draws",
        f"{words.few([r.scenarios for r in results])} distinct scenarios",
        f"{words.few([r.families for r in results])} listed families",
        f"{words.few([r.fact_rows for r in results])} fact rows",
        f"{words.few([r.miss_unseen.units for r in results])} unseen families",
    ]
    cells = "In one cell" if len(results) == 1 else f"In each of {len(results)} cells"
    return f"{cells}: {', '.join(parts)}."


def wholes(results: tuple[WholeResult, ...], level: str) -> tuple[WholeView, ...]:
    """Put the bounds on the whole into words.

    Raises:
        VerificationError: A status that does not follow from its numbers.
    """
    views = []
    for result in results:
        where = words.cell(result.lang, result.bucket)
        name = f"whole/{result.lang}/{result.bucket}"
        views.append(WholeView(where, result.rules, bound_view(name, result.false_alarm, where, "", level, "")))
    return tuple(views)


def measured(points: tuple[OperatingPoint, ...], rates: tuple[MeasuredRates, ...]) -> tuple[MeasuredView, ...]:
    """Join the operating points without a bound with their measured rates."""
    found = {(rate.claim, rate.lang, rate.bucket): rate for rate in rates}
    views = []
    for point in points:
        if point.certified:
            continue
        rate = found.get((point.claim, point.lang, point.bucket))
        where = words.cell(point.lang, point.bucket)
        miss, false_alarm = (rate.miss, rate.false_alarm) if rate else (None, None)
        views.append(MeasuredView(point.claim, where, rounding.near(point.threshold), miss, false_alarm))
    return tuple(views)
