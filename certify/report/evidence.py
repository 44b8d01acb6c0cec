"""What the reader sees of the evidence ladder: each claim beside the cheaper readers, ready to print."""

from __future__ import annotations

from dataclasses import dataclass

from certify import rungs
from certify.baselines.frozen import Baselines, Diagnostics
from certify.report import words
from guard.certificate import CellResult, Proportion, Verdict

RUNGS = {
    "R0": "readable",
    "R1": "more than a text filter",
    "R2": "moves behaviour",
    "R3": "needed for it",
    "R4": "with a certified size",
}
"""What each rung says, in a word or two."""


@dataclass(frozen=True, slots=True)
class ReaderLine:
    """One reader of one cell."""

    name: str
    """In words."""
    monitor: bool
    """Whether it is the monitor itself."""
    hits: Proportion
    """On unseen kinds, at 5 % false alarms there."""
    pairs: Proportion
    """Positives of unseen kinds that score above their twins."""
    difference: str
    """Hit rate of the monitor less the reader's, in points; "" for the monitor."""
    p: str
    """Of the randomisation test; "" for the monitor."""
    beaten: bool
    """Whether the monitor was shown to find more."""
    listed_hits: Proportion
    """Information, at the frozen threshold."""
    listed_alarms: Proportion
    """Information, at the frozen threshold."""


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """The evidence for one claim in one cell."""

    where: str
    """Language and length in words."""
    rung: str
    """Highest rung that holds with all below it."""
    verdicts: tuple[tuple[str, str, Verdict], ...]
    """Each rung by itself: its name, what it says, and what was found."""
    sentence: str
    """What page one says."""
    lines: tuple[ReaderLine, ...]
    """The monitor first; empty where no reader was frozen."""
    left_out: tuple[tuple[str, str], ...]
    """Readers that were not compared, and why."""
    families: int
    """Units of the test of R1."""
    p_holm: str
    """Corrected p of the claim."""
    level: str
    """Error rate of R1 over all claims."""
    diagnostics: Diagnostics | None
    """Information from the select fold."""


def evidence(cell: CellResult, record: Baselines | None) -> EvidenceView:
    """Put the rungs of one cell into words."""
    one = cell.rung_one
    lines: list[ReaderLine] = []
    if one is not None:
        readings = [(one.monitor, "", "", False)]
        readings += [
            (each.reading, f"{100 * float(each.difference):+.0f}", p_value(each.p), each.beaten) for each in one.comparisons
        ]
        lines = [
            ReaderLine(
                rungs.NAMES.get(reading.reader, reading.reader), not difference, reading.hits, reading.pairs,
                difference, p, beaten, reading.listed_hits, reading.listed_alarms,
            )
            for reading, difference, p, beaten in readings
        ]  # fmt: skip
    says = RUNGS | ({"R1": "more than cheaper readers"} if observer(cell) else {})
    return EvidenceView(
        where=words.cell(cell.lang, cell.bucket),
        rung=cell.rung,
        verdicts=tuple((rung, says.get(rung, ""), said) for rung, said in sorted(cell.rungs.items())),
        sentence=sentence(cell),
        lines=tuple(lines),
        left_out=tuple((rungs.NAMES.get(each.reader, each.reader), each.reason) for each in one.left_out) if one else (),
        families=one.families if one else 0,
        p_holm=p_value(one.p_holm) if one else "",
        level=f"{100 * float(one.level):g} %" if one else "",
        diagnostics=next((each for each in record.diagnostics if each.claim == cell.claim), None) if record else None,
    )


def sentence(cell: CellResult) -> str:
    """Say in plain words what the evidence for a monitor is; of an observer's that it reads text."""
    if cell.rungs.get("R0") is Verdict.SHOWN:
        first = f"The hazard can be read from the {'text' if observer(cell) else 'activations'}."
    else:
        first = "The test did not show that the monitor tells the hazard from its look-alikes."
    if cell.rung_one is None:
        more = "cheaper readers of text" if observer(cell) else "a text filter"
        return f"{first} Whether it does more than {more} was not tested."
    start = {Verdict.SHOWN: "The monitor", Verdict.NOT_TESTED: "It was"}.get(cell.rungs["R1"], "It is")
    return f"{first} {start} {cell.rung_one.finding}."


def observer(cell: CellResult) -> bool:
    """Tell whether a cell's monitor reads the text beside the model: rungs about the model's inside do not apply to it."""
    return cell.rungs.get("R2") is Verdict.NOT_APPLICABLE


def p_value(text: str) -> str:
    """Write a p-value for people: three decimals, never a bare zero."""
    value = float(text)
    return "< .001" if value < 0.001 else f"{value:.3f}".replace("0.", ".", 1)
