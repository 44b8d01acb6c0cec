"""What the reader sees of the evidence ladder: each claim beside the cheaper readers, ready to print."""

from __future__ import annotations

from dataclasses import dataclass

from certify import rungs
from certify.baselines.frozen import Baselines, Diagnostics
from certify.report import words
from certify.report.finding import said
from certify.report.tongue import ENGLISH, Tongue
from guard.certificate import CellResult, Proportion
from guard.rungs import RungOne, Verdict

RUNGS = {
    "R0": "readable",
    "R1": "more than a text filter",
    "R2": "moves behaviour",
    "R3": "needed for it",
    "R4": "with a certified size",
}
"""What each rung says, in a word or two."""
BESIDE = {"R1": "more than cheaper readers"}
"""The same of an observer, where it differs."""


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


def evidence(cell: CellResult, record: Baselines | None, tongue: Tongue = ENGLISH) -> EvidenceView:
    """Put the rungs of one cell into words."""
    one = cell.rung_one
    says = RUNGS | (BESIDE if observer(cell) else {})
    return EvidenceView(
        where=words.cell(cell.lang, cell.bucket, tongue),
        rung=cell.rung,
        verdicts=tuple((rung, tongue.say(says[rung]), found) for rung, found in sorted(cell.rungs.items())),
        sentence=sentence(cell, tongue),
        lines=_lines(one, tongue) if one else (),
        left_out=tuple((_reader(each.reader, tongue), each.reason) for each in one.left_out) if one else (),
        families=one.families if one else 0,
        p_holm=tongue.digits(p_value(one.p_holm)) if one else "",
        level=f"{100 * float(one.level):g} %" if one else "",
        diagnostics=next((each for each in record.diagnostics if each.claim == cell.claim), None) if record else None,
    )


def _reader(name: str, tongue: Tongue) -> str:
    return tongue.given(rungs.NAMES.get(name, name))


def _lines(one: RungOne, tongue: Tongue) -> tuple[ReaderLine, ...]:
    readings = [(one.monitor, "", "", False)]
    readings += [
        (each.reading, f"{100 * float(each.difference):+.0f}", tongue.digits(p_value(each.p)), each.beaten)
        for each in one.comparisons
    ]
    return tuple(
        ReaderLine(
            _reader(reading.reader, tongue), not difference, reading.hits, reading.pairs,
            difference, p, beaten, reading.listed_hits, reading.listed_alarms,
        )
        for reading, difference, p, beaten in readings
    )  # fmt: skip


def sentence(cell: CellResult, tongue: Tongue = ENGLISH) -> str:
    """Say in plain words what the evidence for a monitor is; of an observer's that it reads text."""
    beside = observer(cell)
    if cell.rungs.get("R0") is not Verdict.SHOWN:
        first = tongue.say("The test did not show that the monitor tells the hazard from its look-alikes.")
    elif beside:
        first = tongue.say("The hazard can be read from the text.")
    else:
        first = tongue.say("The hazard can be read from the activations.")
    if cell.rung_one is None:
        if beside:
            return f"{first} {tongue.say('Whether it does more than cheaper readers of text was not tested.')}"
        return f"{first} {tongue.say('Whether it does more than a text filter was not tested.')}"
    found = said(cell.rung_one.finding, tongue)
    if cell.rungs["R1"] is Verdict.SHOWN:
        return f"{first} {tongue.say('The monitor %(found)s.', found=found)}"
    if cell.rungs["R1"] is Verdict.NOT_TESTED:
        return f"{first} {tongue.say('It was %(found)s.', found=found)}"
    return f"{first} {tongue.say('It is %(found)s.', found=found)}"


def observer(cell: CellResult) -> bool:
    """Tell whether a cell's monitor reads the text beside the model: rungs about the model's inside do not apply to it."""
    return cell.rungs.get("R2") is Verdict.NOT_APPLICABLE


def p_value(text: str) -> str:
    """Write a p-value for people: three decimals, never a bare zero."""
    value = float(text)
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
