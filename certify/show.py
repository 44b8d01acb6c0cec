"""Bounds and scores as tables for people and as values for machines."""

from __future__ import annotations

from typing import Any

from certify.issue import claim_status
from certify.report.sources import ExternalResult, ExternalSection, Reading
from guard.certificate import Certificate
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
        }
        for cell in issued.cells
    ]


def results_table(issued: Certificate) -> str:
    """Return the bounds of a certificate as a table for people."""
    heads = ("claim", "status", "misses at most", "on unseen kinds", "alarms on traffic", "on look-alikes", "draws")
    names = ("miss_bound", "unseen_miss_bound", "false_alarm_bound", "near_miss_bound")
    rows = [
        (one["id"], one["status"], *(f"{one[name]:.3f}" for name in names), str(one["draws"])) for one in results_of(issued)
    ]
    whole = [f"any finding on ordinary traffic at most {float(w.false_alarm.upper):.3f}" for w in issued.whole]
    return "\n".join([table(heads, rows), *whole])


def external_table(section: ExternalSection) -> str:
    """Return what an evaluation found as a table for people, by file and over all of them."""

    def cells(name: str, one: ExternalResult) -> tuple[str, ...]:
        reading = one.monitor
        area = f"{reading.auroc:.3f}" if isinstance(reading.auroc, float) else "one class"
        words = one.tfidf.auroc if isinstance(one.tfidf, Reading) else None
        text = f"{words:.3f}" if isinstance(words, float) else "-"
        hits, alarms = reading.hits, reading.false_alarms
        return (
            name, one.claim, str(one.positives), str(one.negatives), str(one.uncertified), area, text,
            f"{hits.successes}/{hits.trials}", f"{alarms.successes}/{alarms.trials}",
        )  # fmt: skip

    heads = ("file", "claim", "positive", "negative", "not certified", "AUROC", "TF-IDF", "hits", "false alarms")
    rows = [cells(file.name, one) for file in section.files for one in file.results]
    rows += [cells("all files", one) for one in section.pooled]
    return table(heads, rows)
