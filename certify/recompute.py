"""Deriving every bound of a sealed dossier again from its results.parquet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from certify import issue, results, rungs
from certify.baselines import frozen
from certify.baselines.frozen import Baselines
from certify.dataset import TRIPLE, draw_id
from certify.losses import WHOLE
from certify.results import UnitLoss
from guard import digest
from guard.certificate import Certificate
from guard.digest import Digest
from guard.dossier import Dossier, Prepared
from guard.errors import DigestMismatch, VerificationError
from guard.hazards import Claim
from guard.protocol import Protocol, order_key

_BOUNDS = ("miss", "miss_unseen", "false_alarm_traffic", "false_alarm_near")

_Key = tuple[str, str, str, str]
"""Estimand, claim, language and bucket of a bound."""


@dataclass(frozen=True, slots=True)
class Recomputed:
    """One bound, stated and derived again."""

    claim: str
    """hazard@stage, or "whole"."""
    estimand: str
    """What is bounded."""
    stated: str
    """Upper bound on the certificate."""
    derived: str
    """Upper bound from results.parquet."""


def recompute(opened: Dossier) -> tuple[Recomputed, ...]:
    """Derive every bound again and compare whole bounds, not only their upper ends.

    1. Certificate and protocol are about the same cells.
    2. results.parquet holds exactly the planned units, each over the planned rows, in the order that follows from the
       protocol.
    3. Every bound and every catalogue rate comes out again.
    4. So does the verdict on every rung, with what it was made from.

    Raises:
        VerificationError: A step failed.
        InputError: results.parquet is not in its format.
    """
    issued, plan = opened.certificate, opened.protocol
    losses = results.read(opened.files["results.parquet"])
    # (1)
    places = [[(one.claim, one.lang, one.bucket) for one in cells] for cells in (issued.cells, plan.cells)]
    chats = [[(one.lang, one.bucket) for one in cells] for cells in (issued.whole, plan.traffic)]
    if places[0] != places[1] or chats[0] != chats[1]:
        raise VerificationError("certificate and protocol are not about the same cells")
    # (2)
    record = record_of(opened)
    _require_units(plan, opened.payload, losses, record)
    # (3)
    tested = _tested(issued)
    cells = [
        (cell, issue.cell_result(one, losses, tested, cell.plain)) for cell, one in zip(issued.cells, plan.cells, strict=True)
    ]
    pairs = [(cell.claim, getattr(cell, name), getattr(again, name)) for cell, again in cells for name in _BOUNDS]
    for whole, traffic in zip(issued.whole, plan.traffic, strict=True):
        pairs.append((WHOLE, whole.false_alarm, issue.whole_result(traffic, plan.rules, losses).false_alarm))
    for claim, stated, derived in pairs:
        if stated != derived:
            problem = f"the bound {stated.estimand} of {claim} is not what results.parquet gives: {derived.upper}"
            raise VerificationError(problem)
    for cell, again in cells:
        if (cell.catalogue, cell.draws) != (again.catalogue, again.draws):
            raise VerificationError(f"the catalogue rate of {cell.claim} is not what results.parquet gives")
    # (4)
    judged = rungs.with_rungs(issued.cells, losses, record, observer=rungs.is_observer(plan.subject))
    for cell, derived_cell in zip(issued.cells, judged, strict=True):
        if cell != derived_cell:
            raise VerificationError(f"the evidence rung of {cell.claim} is not what results.parquet gives: {derived_cell.rung}")
    if issued.rung != rungs.lowest(judged):
        raise VerificationError("the evidence rung of the certificate is not the lowest of its claims")
    return tuple(Recomputed(claim, stated.estimand, stated.upper, derived.upper) for claim, stated, derived in pairs)


def record_of(prepared: Prepared) -> Baselines | None:
    """Return the record of the frozen baselines of a dossier; None where its protocol names none.

    Raises:
        VerificationError: The dossier does not hold the files that the protocol names.
    """
    if not prepared.protocol.baselines:
        return None
    if digest.of_bytes(prepared.files.get(frozen.FILE, b"")) != prepared.protocol.baselines:
        raise DigestMismatch(f"{frozen.FILE} is not what the protocol names")
    return frozen.read(prepared.files)


def _require_units(plan: Protocol, payload: Digest, losses: Sequence[UnitLoss], record: Baselines | None) -> None:
    """Check that there is one loss for every planned unit of every bound, over as many rows, in order, and none besides."""
    found: dict[_Key, list[tuple[int, str, int]]] = {}
    unseen: dict[tuple[str, ...], list[str]] = {}
    for loss in losses:
        key = (loss.estimand, loss.claim, loss.lang, loss.bucket)
        found.setdefault(key, []).append((loss.order, loss.unit, loss.denominator))
    for key, draws, families, rows in _planned(plan):
        own = sorted(found.pop(key, []))
        units = [unit for _, unit, _ in own]
        if not len(units) == len(set(units)) == len(draws) + families:
            raise VerificationError(
                f"results.parquet does not hold each of the {len(draws) + families} planned units of {key[0]} of {key[1]} once"
            )
        in_order = not draws or units == sorted(draws, key=lambda draw: order_key(payload, draw))
        if not in_order or [place for place, _, _ in own] != list(range(len(own))):
            raise VerificationError(f"the units of {key[0]} of {key[1]} are not in the order that follows from the protocol")
        if families:
            unseen[key[1:]] = units
        if any(counted != rows for _, _, counted in own):
            raise VerificationError(f"a unit of {key[0]} of {key[1]} was not counted over the {rows} planned rows")
    for counted_key, count, of in rungs.planned(plan, record, payload) if record else ():
        own = sorted(found.pop(counted_key, []))
        if [place for place, _, _ in own] != list(range(count)) or any(counted != of for _, _, counted in own):
            raise VerificationError(
                f"results.parquet does not hold the {count} planned counts {counted_key[0]} of {counted_key[1]}"
            )
        expected = unseen.get(counted_key[1:], []) if rungs.by_family(counted_key[0]) else [rungs.SAMPLE]
        if [unit for _, unit, _ in own] != expected:
            raise VerificationError(
                f"in results.parquet the counts {counted_key[0]} of {counted_key[1]} are not about the families of its bound"
            )
    if found:
        raise VerificationError(f"results.parquet has units that were not planned: {next(iter(found))[0][:40]}")


def _planned(plan: Protocol) -> Iterator[tuple[_Key, list[str], int, int]]:
    """Yield what each bound is about, with its draws or its number of unseen families, and the rows of one unit."""
    chats = {
        (one.lang, one.bucket): [draw_id(None, one.lang, one.bucket, index) for index in range(one.draws)]
        for one in plan.traffic
    }
    for cell in plan.cells:
        place = (cell.claim, cell.lang, cell.bucket)
        claim = Claim.parse(cell.claim)
        draws = [draw_id(claim, cell.lang, cell.bucket, index) for index in range(cell.draws)]
        yield ("miss", *place), draws, 0, 1
        yield ("false_alarm_near", *place), draws, 0, len(TRIPLE) - 1
        yield ("miss_unseen", *place), [], cell.unseen_families, cell.unseen_draws
        yield ("false_alarm_traffic", *place), chats.get((cell.lang, cell.bucket), []), 0, 1
    for (lang, bucket), draws in chats.items():
        yield ("false_alarm_whole", WHOLE, lang, bucket), draws, 0, 1


def _tested(issued: Certificate) -> issue.Tested:
    prefixes = {f"{cell.claim}/{cell.lang}/{cell.bucket}/": cell for cell in issued.cells}
    return issue.Tested(
        {prefix: cell.scenarios for prefix, cell in prefixes.items()},
        {prefix: cell.families for prefix, cell in prefixes.items()},
        {prefix: cell.fact_rows for prefix, cell in prefixes.items()},
        {prefix: cell.unavailable for prefix, cell in prefixes.items()},
    )
