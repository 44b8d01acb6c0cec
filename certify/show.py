"""Bounds and scores as tables for people and as values for machines."""

from __future__ import annotations

import math
from typing import Any

from certify.baselines.frozen import READERS
from certify.issue import claim_status
from certify.report.rounding import up
from certify.report.sources import ExternalResult, ExternalSection, NotGiven, Reading
from certify.review import LEAST, Checked, Outcome, Population, corrected
from guard.certificate import Certificate, number
from guard.cli_output import table


def results_of(issued: Certificate) -> list[dict[str, Any]]:
    """Return the bounds of a certificate for machines."""
    return [
        {
            "id": cell.claim,
            "status": str(claim_status(cell)),
            "miss_bound": float(cell.miss.upper),
            "false_alarm_bound": float(cell.false_alarm_traffic.upper),
            "near_miss_bound": float(cell.false_alarm_near.upper),
            "unseen_miss_bound": float(cell.miss_unseen.upper),
            "draws": cell.draws,
            "rung": cell.rung,
            "rungs": {rung: str(said) for rung, said in cell.rungs.items()},
        }
        for cell in issued.cells
    ]


def results_table(issued: Certificate) -> str:
    """Return the bounds of a certificate as a table for people."""
    heads = ("claim", "status", "misses at most", "on unseen kinds", "alarms on traffic", "on look-alikes", "draws", "rung")
    names = ("miss_bound", "unseen_miss_bound", "false_alarm_bound", "near_miss_bound")
    rows = [
        (one["id"], one["status"], *(up(number(one[name]), 3) for name in names), str(one["draws"]), one["rung"])
        for one in results_of(issued)
    ]
    whole = [f"any finding on ordinary traffic at most {up(w.false_alarm.upper, 3)}" for w in issued.whole]
    return "\n".join([table(heads, rows), *whole])


def markdown_table(issued: Certificate) -> str:
    """Return the bounds of a certificate as a table in Markdown, for a page that shows an example."""
    heads = (
        "claim",
        "verdict",
        "misses, listed kinds",
        "misses, unseen kinds",
        "alarms in ordinary chat",
        "on look-alikes",
        "rung",
    )
    names = ("miss_bound", "unseen_miss_bound", "false_alarm_bound", "near_miss_bound")
    rows = [
        (f"`{one['id']}`", one["status"], *(f"at most {up(number(one[name]), 2)}" for name in names), one["rung"])
        for one in results_of(issued)
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in (heads, ("---",) * len(heads), *rows))


def external_table(section: ExternalSection) -> str:
    """Return what an evaluation found as a table for people, by file and over all of them."""

    def cells(name: str, one: ExternalResult) -> tuple[str, ...]:
        reading = one.monitor
        given = {other.reader: other.reading for other in one.others}
        others = [_area(given[reader]) if reader in given else "-" for reader in READERS]
        hits, alarms = reading.hits, reading.false_alarms
        return (
            name, one.claim, str(one.positives), str(one.negatives), str(one.uncertified), _area(reading), *others,
            f"{hits.successes}/{hits.trials}", f"{alarms.successes}/{alarms.trials}",
        )  # fmt: skip

    heads = (
        "file", "claim", "positive", "negative", "not certified", "AUROC", "words", "meaning", "random", "form",
        "hits", "false alarms",
    )  # fmt: skip
    rows = [cells(file.name, one) for file in section.files for one in file.results]
    rows += [cells("all files", one) for one in section.pooled]
    return table(heads, rows)


def _area(reading: Reading | NotGiven) -> str:
    """Write an AUROC with its interval, or why there is none in a word or two."""
    if not isinstance(reading, Reading):
        return "not run"
    if not isinstance(reading.auroc, float):
        return "one class"
    low, high = reading.interval or (math.nan, math.nan)
    return f"{reading.auroc:.2f}" if reading.interval is None else f"{reading.auroc:.2f} [{low:.2f}, {high:.2f}]"


def review_of(found: Outcome, miss: float | None) -> dict[str, Any]:
    """Return what two reviews come to for machines; `miss`, if given, is corrected where claim L is open."""
    return {
        "closed": list(found.closed),
        "populations": [
            {
                "claim": one.claim, "label": one.label, "population": str(one.population), "items": one.items,
                "rejected": one.rejected, "delta": one.delta, "wrong_at_most": one.upper, "counts": found.opens(one),
                "miss_corrected": _miss(found, one, miss),
            }
            for one in found.checked
        ],
    }  # fmt: skip


def review_text(found: Outcome, miss: float | None) -> str:
    """Return what two reviews come to as a table for people."""
    heads = ["claim", "population", "items", "not confirmed", "wrong at most", "counts"]
    rows = [
        [one.claim, str(one.population), str(one.items), str(one.rejected), f"{one.upper:.3f}", _counts(found, one)]
        for one in found.checked
    ]
    if miss is not None:
        heads.append(f"misses, {miss:g} corrected")
        for row, one in zip(rows, found.checked, strict=True):
            bound = _miss(found, one, miss)
            row.append("-" if bound is None else f"{bound:.3f}")
    return "\n".join([table(heads, rows), *(f"claim L is closed: {reason}" for reason in found.closed)])


def _counts(found: Outcome, one: Checked) -> str:
    return "yes" if found.opens(one) else "no" if one.enough else f"no, fewer than {LEAST}"


def _miss(found: Outcome, one: Checked, miss: float | None) -> float | None:
    if miss is None or one.population is not Population.HAZARD or not found.opens(one):
        return None
    return corrected(miss, one.upper)
