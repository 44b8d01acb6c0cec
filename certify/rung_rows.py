"""What is counted of every reader for rung R1, and on which rows: the names of these counts in results.parquet.

Comes in: a protocol. Goes out: the draws and chats that all readers read, and the counts that the results must hold. What they
come to is `certify.rungs`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator

from certify.baselines.frozen import MONITOR, Baselines
from certify.dataset import draw_id
from guard.digest import Digest
from guard.hazards import Claim
from guard.protocol import CellPlan, Protocol, order_key

LISTED_DRAWS = 100
"""Listed draws, and ordinary chats, on which all readers are compared as information."""
CHATS = 500
"""Ordinary chats on which every reader may fire at most at `ALARM_RATE`."""


class Row(enum.StrEnum):
    """What is counted of each reader."""

    MISS = "r1_miss"
    ALARM = "r1_alarm"
    PAIR = "r1_pair"
    TRAFFIC = "r1_alarm_traffic"
    LISTED_MISS = "r1_listed_miss"
    LISTED_ALARM = "r1_listed_alarm"


FAMILY_ROWS = {Row.MISS: 1, Row.ALARM: 2, Row.PAIR: 1}
"""Counted family by family, over so many rows of a draw."""


def estimand(row: Row, reader: str) -> str:
    """Write the name under which a count stands in results.parquet."""
    return f"{row}:{reader}"


def by_family(name: str) -> bool:
    """Tell whether a count of results.parquet is kept for each unseen family."""
    return name.partition(":")[0] in set(FAMILY_ROWS)


def draws_sampled(cell: CellPlan, payload: Digest) -> list[str]:
    """Return the listed draws on which all readers are compared: the first in the order of the statistic."""
    ids = [draw_id(Claim.parse(cell.claim), cell.lang, cell.bucket, index) for index in range(cell.draws)]
    return sorted(ids, key=lambda draw: order_key(payload, draw))[:LISTED_DRAWS]


def chats_sampled(plan: Protocol, cell: CellPlan, payload: Digest, most: int = CHATS) -> list[str]:
    """Return the ordinary chats that all readers read: the first in the order of the statistic."""
    ids = [
        draw_id(None, one.lang, one.bucket, index)
        for one in plan.traffic
        if (one.lang, one.bucket) == (cell.lang, cell.bucket)
        for index in range(one.draws)
    ]
    return sorted(ids, key=lambda draw: order_key(payload, draw))[:most]


def planned(plan: Protocol, record: Baselines, payload: Digest) -> Iterator[tuple[tuple[str, str, str, str], int, int]]:
    """Yield each count that results.parquet has to hold for rung R1: estimand and cell, units, rows of one unit."""
    for cell in plan.cells:
        listed, chats = len(draws_sampled(cell, payload)), len(chats_sampled(plan, cell, payload))
        some = min(chats, LISTED_DRAWS)
        once = {Row.TRAFFIC: chats, Row.LISTED_MISS: listed, Row.LISTED_ALARM: 2 * listed + some}
        for reader in (MONITOR, *(one.reader for one in record.of(cell.claim))):
            place = (cell.claim, cell.lang, cell.bucket)
            for row, rows in FAMILY_ROWS.items():
                yield (estimand(row, reader), *place), cell.unseen_families, rows * cell.unseen_draws
            for row, rows in once.items():
                if rows:
                    yield (estimand(row, reader), *place), 1, rows
