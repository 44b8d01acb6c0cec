"""What the reader sees of a certificate's results: bounds, cells and claims with their words, ready to print."""

from __future__ import annotations

from dataclasses import dataclass

from certify.baselines.frozen import Baselines
from certify.report import beside, rounding, words
from certify.report.beside import BlindSpot, Counted
from certify.report.bound import BoundView, bound_view
from certify.report.evidence import EvidenceView, evidence
from certify.report.tongue import ENGLISH, Tongue
from guard.certificate import CatalogueRate, CellResult, Proportion, Status, WholeResult
from guard.hazards import Claim, Taxonomy
from guard.points import MeasuredRates, OperatingPoint


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
    blind: tuple[BlindSpot, ...] = ()
    """Kinds of which at least half is missed."""
    worst: tuple[Counted, ...] = ()
    """Listed kinds that were missed most."""
    groups: tuple[tuple[str, tuple[Counted, ...]], ...] = ()
    """By trait, misses in each group."""

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
    results: tuple[CellResult, ...],
    taxonomy: Taxonomy,
    level: str,
    record: Baselines | None = None,
    tongue: Tongue = ENGLISH,
) -> tuple[ClaimView, ...]:
    """Group cells by claim, in the order of the certificate.

    Raises:
        InputError: A claim that the taxonomy does not have.
        VerificationError: A status that does not follow from its numbers.
    """
    grouped: dict[str, list[CellResult]] = {}
    for result in results:
        grouped.setdefault(result.claim, []).append(result)
    views = []
    for name, found in grouped.items():
        cells = tuple(_cell(result, level, record, tongue) for result in found)
        views.append(_claim(taxonomy.claim(name), cells, taxonomy, tongue))
    return tuple(views)


def _claim(claim: Claim, cells: tuple[CellView, ...], taxonomy: Taxonomy, tongue: Tongue) -> ClaimView:
    hazard, results = taxonomy.hazards[claim.hazard], [cell.result for cell in cells]
    return ClaimView(
        claim=str(claim),
        anchor="claim-" + "".join(letter if letter.isalnum() else "-" for letter in str(claim)),
        title=tongue.given(hazard.title),
        definition=hazard.definition,
        severity=hazard.severity.value,
        stage=tongue.say(words.STAGES[claim.stage]),
        adversarial=claim.hazard in words.ADVERSARIAL,
        cells=cells,
        miss=_tile([cell.miss for cell in cells], tongue),
        unseen=_tile([cell.unseen for cell in cells], tongue),
        traffic=_tile([cell.traffic for cell in cells], tongue),
        near=_tile([cell.near for cell in cells], tongue),
        counted=_counted(results, tongue),
        blind=beside.blind_spots(results, tongue),
        worst=beside.worst(results),
        groups=beside.groups(results, tongue),
    )


def _cell(result: CellResult, level: str, record: Baselines | None, tongue: Tongue) -> CellView:
    name = f"{result.claim}/{result.lang}/{result.bucket}"
    where = words.cell(result.lang, result.bucket, tongue)
    miss, unseen, traffic, near = (
        bound_view(name, bound, where, result.plain, level, result.miss.limit, tongue)
        for bound in (result.miss, result.miss_unseen, result.false_alarm_traffic, result.false_alarm_near)
    )
    return CellView(where, result, miss, unseen, traffic, near, result.catalogue, evidence(result, record, tongue))


def _tile(bounds: list[BoundView], tongue: Tongue) -> Tile:
    largest = max(bounds, key=lambda view: rounding.decimal(view.bound.upper))
    deciding = max(bounds, key=lambda view: (_rank(view.bound.status), rounding.decimal(view.bound.upper)))
    return Tile(tongue.say(words.WHERE[largest.bound.estimand]), largest, deciding, len(bounds))


def _rank(status: Status | None) -> int:
    return -1 if status is None else words.STATUS_ORDER.index(status)


def _counted(results: list[CellResult], tongue: Tongue) -> str:
    counted = {
        "draws": [r.draws for r in results],
        "scenarios": [r.scenarios for r in results],
        "families": [r.families for r in results],
        "facts": [r.fact_rows for r in results],
        "unseen": [r.miss_unseen.units for r in results],
    }
    said = {name: words.few(counts, tongue) for name, counts in counted.items()}
    parts = tongue.say(
        "%(draws)s draws, %(scenarios)s distinct scenarios, %(families)s listed families, %(facts)s fact rows, "
        "%(unseen)s unseen families",
        **said,
    )
    if len(results) == 1:
        return tongue.say("In one cell: %(parts)s.", parts=parts)
    return tongue.say("In each of %(cells)d cells: %(parts)s.", cells=len(results), parts=parts)


def wholes(results: tuple[WholeResult, ...], level: str, tongue: Tongue = ENGLISH) -> tuple[WholeView, ...]:
    """Put the bounds on the whole into words.

    Raises:
        VerificationError: A status that does not follow from its numbers.
    """
    views = []
    for result in results:
        where = words.cell(result.lang, result.bucket, tongue)
        name = f"whole/{result.lang}/{result.bucket}"
        views.append(WholeView(where, result.rules, bound_view(name, result.false_alarm, where, "", level, "", tongue)))
    return tuple(views)


def measured(
    points: tuple[OperatingPoint, ...], rates: tuple[MeasuredRates, ...], tongue: Tongue = ENGLISH
) -> tuple[MeasuredView, ...]:
    """Join the operating points without a bound with their measured rates."""
    found = {(rate.claim, rate.lang, rate.bucket): rate for rate in rates}
    views = []
    for point in points:
        if point.certified:
            continue
        rate = found.get((point.claim, point.lang, point.bucket))
        where = words.cell(point.lang, point.bucket, tongue)
        miss, false_alarm = (rate.miss, rate.false_alarm) if rate else (None, None)
        threshold = tongue.digits(rounding.near(point.threshold))
        views.append(MeasuredView(point.claim, where, threshold, miss, false_alarm))
    return tuple(views)
