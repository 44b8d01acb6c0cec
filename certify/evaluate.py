"""Scoring labelled rows that we did not write: information beside the certificate, never a bound.

Comes in: any JSONL in the documented row format. Goes out: one `Outcome` per row and claim, and the report's section on
external data. Numbers are given as they come out. All frozen baselines stand beside each, because positives and negatives
that come from different sources differ in style and length alone.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from certify import curves
from certify.baselines.frozen import READERS
from certify.baselines.readers import Readers
from certify.report.sources import (
    ExternalFile,
    ExternalResult,
    ExternalSection,
)
from certify.scoring import score
from certify.summary import Outcome, result
from guard import digest
from guard.certificate import Certificate
from guard.conversation import Fold, LabelledConversation
from guard.errors import InputError, ProtocolError
from guard.hazards import Claim
from guard.points import thresholds
from guard.probes.reading import Subject
from guard.probes.suite import Suite
from guard.progress import Phase, silent
from guard.rows import read_rows
from guard.scores import Judgement, ProbeScore
from guard.verdict import threshold_at

CONTROLS = frozenset({"harmful_general"})
"""Tags outside the taxonomy whose benign half is a control: no monitor should fire on it."""

SUFFIXES = (".jsonl", ".jsonl.gz")


def paths_of(names: Sequence[Path]) -> tuple[Path, ...]:
    """Return the files that are meant by files and folders.

    Raises:
        InputError: There is none.
    """
    found: list[Path] = []
    for name in names:
        found += sorted(p for p in name.iterdir() if p.name.endswith(SUFFIXES)) if name.is_dir() else [name]
    if not found:
        raise InputError(f"no {' or '.join(SUFFIXES)} file in {', '.join(map(str, names))}", "name a folder with data")
    return tuple(found)


def label_of(row: LabelledConversation, claim: Claim) -> int | None:
    """Return a row's label for a claim; the benign half of a control is benign for every claim."""
    control = any(each.hazard in CONTROLS and label == 0 for each, label in row.labels.items())
    return 0 if control else row.label(claim)


def outcomes(
    path: Path,
    subject: Subject,
    suite: Suite,
    issued: Certificate,
    known: Readers | None = None,
    phase: Phase = silent,
) -> tuple[int, tuple[Outcome, ...]]:
    """Score a file; returns the number of its rows and an outcome for each row and certified claim that it labels.

    Raises:
        InputError: The file is missing or has a broken line.
        ProtocolError: It has rows of unseen families: whoever looks at their scores one by one has seen them.
        VerificationError: The model with random weights is not the frozen one.
    """
    claims = [Claim.parse(cell.claim) for cell in issued.cells]
    rows = list(read_rows(path))
    if any(row.meta.fold is Fold.UNSEEN for row in rows):
        raise ProtocolError(f"{path} has rows of unseen families, which only a test may score", "leave that file out")
    wanted = {place: row for place, row in enumerate(rows) if any(_applies(row, claim) for claim in claims)}
    # In files that others wrote an id may stand twice: rows go by their place.
    named = {place: replace(row, id=str(place)) for place, row in wanted.items()}
    judged = score(subject, suite, list(named.values()), (), phase)
    found = [
        _outcome(path.name, place, row, claim, judged[str(place)], issued)
        for place, row in wanted.items()
        for claim in claims
        if _applies(row, claim)
    ]
    return len(rows), tuple(_with_others(found, named, subject, known, phase))


def _with_others(
    found: Sequence[Outcome], rows: Mapping[int, LabelledConversation], subject: Subject, known: Readers | None, phase: Phase
) -> list[Outcome]:
    """Add the scores of the frozen baselines on rows inside a certified cell."""
    if known is None:
        return list(found)
    wanted: dict[Claim, list[LabelledConversation]] = {}
    for one in found:
        if one.status != "uncertified":
            wanted.setdefault(one.claim, []).append(rows[one.place])
    scores = known.scores(wanted, subject, phase)

    def others(one: Outcome) -> dict[str, float]:
        given = {reader: scores.get((reader, one.claim), {}).get(str(one.place)) for reader in known.readers(one.claim)}
        return {reader: value for reader, value in given.items() if value is not None}

    return [replace(one, others=others(one)) for one in found]


def _applies(row: LabelledConversation, claim: Claim) -> bool:
    return label_of(row, claim) is not None and any(p.stage is claim.stage for p in row.conversation.judged())


def _outcome(
    file: str, place: int, row: LabelledConversation, claim: Claim, judged: Sequence[Judgement], issued: Certificate
) -> Outcome:
    points = thresholds(issued.operating_points)
    best, fired, status = -math.inf, False, "scored"
    for judgement in judged:
        if judgement.at.stage is not claim.stage:
            continue
        point = threshold_at(points, claim, judgement.cell)
        found = next((s for s in judgement.scores if isinstance(s, ProbeScore) and s.claim == claim), None)
        if point is None:
            status = "uncertified"
        elif found is None:
            status = "unavailable" if status == "scored" else status
        else:
            best, fired = max(best, found.value), fired or found.value >= point.value
    label = label_of(row, claim)
    return Outcome(file, place, row, claim, int(label or 0), status, best if status == "scored" else math.nan, fired)


def evaluate(
    paths: Sequence[Path],
    subject: Subject,
    suite: Suite,
    issued: Certificate,
    known: Readers | None = None,
    phase: Phase = silent,
) -> tuple[ExternalSection, tuple[Outcome, ...]]:
    """Score files and summarise them by file and over all of them.

    Raises:
        InputError: A file is missing or has a broken line.
        ProtocolError: A file has rows of unseen families.
    """
    everything: list[Outcome] = []
    sections = []
    for path in paths:
        rows, found = outcomes(path, subject, suite, issued, known, phase)
        everything += found
        sections.append(
            ExternalFile(
                name=path.name,
                source=_source(path),
                digest=digest.of_file(path),
                rows=rows,
                scored=len({one.place for one in found}),
                results=_by_claim(found, issued, known),
            )
        )
    note = (
        "Rates are over rows in a tested language and length; the others are counted as not certified. Intervals: "
        f"{curves.REPEATS:,} bootstrap samples of whole groups of rows, 95 %."
    )
    return ExternalSection(tuple(sections), _by_claim(everything, issued, known), note), tuple(everything)


def _by_claim(found: Sequence[Outcome], issued: Certificate, known: Readers | None) -> tuple[ExternalResult, ...]:
    claims = [Claim.parse(cell.claim) for cell in issued.cells]
    own = {claim: [one for one in found if one.claim == claim] for claim in claims}
    return tuple(result(claim, some, known) for claim, some in own.items() if some)


def _source(path: Path) -> str:
    """Return origin and licence of a file, where a MANIFEST.json beside it tells."""
    manifest = path.parent / "MANIFEST.json"
    try:
        entries = msgspec.json.decode(manifest.read_bytes())["files"]
        entry = next(each for each in entries if each["file"] == path.name)
        origin = entry["source"] if isinstance(entry["source"], str) else ", ".join(entry["source"])
        return f"{origin} ({entry['licence']})"
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError, StopIteration):
        return ""


def write(found: Sequence[Outcome]) -> bytes:
    """Write scores.parquet: one line per row and claim, with the baselines' scores and without any text."""
    columns = {
        "file": [one.file for one in found],
        "row": np.array([one.place for one in found], dtype=np.int64),
        "id": [one.row.id for one in found],
        "claim": [str(one.claim) for one in found],
        "label": np.array([one.label for one in found], dtype=np.int8),
        "lang": [one.row.lang for one in found],
        "status": [one.status for one in found],
        "score": np.array([one.score for one in found], dtype=np.float64),
        "fired": [one.fired for one in found],
        "group": [one.row.meta.group or one.row.meta.pair for one in found],
    } | {reader: np.array([one.others.get(reader, math.nan) for one in found], dtype=np.float64) for reader in READERS}
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, compression="zstd")
    return sink.getvalue()
