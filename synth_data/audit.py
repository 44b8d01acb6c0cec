"""The audit of a set of rows: shortcut gate and measures of coverage, as text, as JSON, and as a card with plots.

Comes in: a folder or file of labelled rows. Goes out: an `Audit`, and on request a folder beside the rows. It is never
written into them: a manifest says what a folder of rows holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from guard import digest, files
from guard.cli_output import table
from guard.errors import InputError
from guard.progress import Phase, silent
from synth_data import baselines, coverage, manifest, plots, ranking, rowset, shortcuts
from synth_data.coverage import Coverage, Slots
from synth_data.shortcuts import Figure, Gate, Outcome, Reading, Scope, Split

CARD = "AUDIT.md"
"""The card of an audit."""
JSON = "audit.json"
"""The same for machines."""


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit found."""

    manifest: str
    """Digest of the manifest of the rows, or "" where there is none."""
    rows: int
    """Rows read; a row that several claims are about counts once for each."""
    unseen: int
    """Rows of unseen families that were left out."""
    gate: Gate
    """Whether the label can be had without understanding."""
    coverage: Coverage
    """How wide the rows are."""

    @property
    def passed(self) -> bool:
        """Whether every certifiable claim passes the gate."""
        return self.gate.passed

    def plain(self) -> dict[str, Any]:
        """Return it as JSON can hold it, with what follows from the figures."""
        found: dict[str, Any] = {"passed": self.passed, **msgspec.to_builtins(self)}
        for reading, plain in zip(self.gate.readings, found["gate"]["readings"], strict=True):
            plain |= {"passed": reading.passed, "problems": list(reading.problems)}
        return found


def audit(path: Path, *, seed: int = 0, phase: Phase = silent) -> Audit:
    """Audit a folder or file of rows.

    Args:
        path: `.jsonl` rows, with or without a manifest.
        seed: Of the resamples behind the intervals.
        phase: Shows progress.

    Raises:
        InputError: The rows can't be read, or none belongs to a claim.
    """
    found = rowset.read(path)
    stated = path / manifest.NAME
    return Audit(
        manifest=digest.of_file(stated) if stated.is_file() else "", rows=len(found.samples), unseen=found.unseen,
        gate=shortcuts.judge(found.samples, seed=seed, phase=phase), coverage=coverage.measure(found.samples),
    )  # fmt: skip


def require_apart(path: Path, out: Path) -> None:
    """Check that a card can be written to `out`, before the work that is to fill it.

    Raises:
        InputError: It lies inside the rows.
        OutputError: It exists and is not an empty folder.
    """
    if out.resolve().is_relative_to(path.resolve()):
        raise InputError(f"{out} lies inside the rows, whose manifest knows no card", "name a folder beside them")
    files.require_new(out)


def write(found: Audit, out: Path) -> None:
    """Write the card, the JSON and the plots to a new folder.

    Raises:
        OutputError: `out` exists or can't be written.
    """
    pictures = plots.all_of(found.gate, found.coverage)
    with files.new_folder(out) as folder:
        (folder / "audit").mkdir()
        for name, (_, picture) in pictures.items():
            files.write(folder / "audit" / name, picture.encode())
        files.write(folder / JSON, msgspec.json.format(msgspec.json.encode(found.plain()), indent=1) + b"\n")
        files.write(folder / CARD, card(found, {name: title for name, (title, _) in pictures.items()}).encode())


def text(found: Audit) -> str:
    """Write an audit for a terminal."""
    heads = ("claim", "lang", "reader", "inside pairs", "overall", "same families", "outcome")
    parts = [table(heads, _rows(found.gate)), ""]
    parts += [f"- {problem}" for reading in found.gate.readings for problem in reading.problems]
    parts += ["", *(f"{name}: {value}" for name, value in _facts(found))]
    return "\n".join([*parts, "", _verdict(found)])


def _rows(gate: Gate) -> list[list[str]]:
    rows: list[list[str]] = []
    for reading in gate.readings:
        if not reading.figures:
            rows.append([reading.claim, reading.lang, "none", "-", "-", "-", "not judged"])
        for kind in baselines.ALL:
            figures = [figure for figure in reading.figures if figure.baseline == kind.name]
            if figures:
                rows.append([reading.claim, reading.lang, kind.name, *_cells(figures)])
    return rows


def _cells(figures: Sequence[Figure]) -> tuple[str, str, str, str]:
    by = {(figure.left_out, figure.scope): figure for figure in figures}
    away = [by.get((Split.FAMILIES, scope)) for scope in Scope]
    near = [by.get((Split.SCENARIOS, scope)) for scope in Scope]
    outcomes = list(dict.fromkeys(str(figure.outcome) for figure in away if figure and figure.outcome is not Outcome.PASS))
    pairs, overall = (shortcuts.interval(figure.auroc) if figure else "-" for figure in away)
    same = " / ".join(f"{figure.auroc.value:.2f}" if figure else "-" for figure in near)
    return pairs, overall, same, ", ".join(outcomes) or ("pass" if all(away) else "not judged")


def _facts(found: Audit) -> list[tuple[str, str]]:
    repeats = found.coverage.repeats
    return [
        ("rows", f"{found.rows}; {found.unseen} of unseen families were left out"),
        ("near-duplicates across folds", _of(repeats.folds, repeats.rows)),
        ("near-duplicates across families", _of(repeats.families, repeats.rows)),
    ]


def _of(count: int, rows: int) -> str:
    return f"{count} of {rows} rows ({count / max(rows, 1):.1%})"


def _verdict(found: Audit) -> str:
    deciding = [reading for reading in found.gate.readings if reading.certifiable]
    if not deciding:
        return "The gate does not pass: no claim here is certifiable."
    failing = [f"{reading.claim} {reading.lang}".strip() for reading in deciding if not reading.passed]
    if failing:
        return f"The gate does not pass: {', '.join(failing)}."
    return f"The gate passes for {', '.join(f'{reading.claim} {reading.lang}'.strip() for reading in deciding)}."


def card(found: Audit, pictures: dict[str, str]) -> str:
    """Write the card, in Markdown.

    Args:
        found: The audit.
        pictures: Title of each plot, by file name.
    """
    lines = [
        "# Audit of synthetic rows", "", _verdict(found), "",
        f"Manifest of the rows: `{found.manifest}`." if found.manifest else "The rows have no manifest.",
        "", "## Can the label be had without understanding?", "",
        f"AUROC of readers that understand nothing, with {ranking.LEVEL:.0%} intervals that resample families. Judged on",
        f"families left out, at least {shortcuts.FAMILIES}: at most {shortcuts.LIMITS[Scope.PAIRS]:.2f} inside pairs and "
        f"{shortcuts.LIMITS[Scope.OVERALL]:.2f} overall, the upper",
        f"end at most {shortcuts.SLACK:.2f} higher, and no less than {shortcuts.LEAST:.2f}: a reader that ranks the wrong way "
        "round has found a leak, too.",
        "In the same families (inside pairs / overall) there is no limit.", "",
        *_table(("claim", "language", "reader", "inside pairs", "overall", "same families", "outcome"), _rows(found.gate)),
        "", *(f"- {problem}" for reading in found.gate.readings for problem in reading.problems), "",
        *(line for reading in found.gate.readings for line in _probe(reading)),
        "## How wide are the rows?", "", *(f"- {name}: {value}" for name, value in _facts(found)),
        *(f"- {count} couples of {names}" for names, count in found.coverage.repeats.between.items()), "",
        *_table(
            ("claim", "language", "length", "rows", "draws", "scenarios", "families"),
            [[each.claim, each.lang, each.bucket, *map(str, (each.rows, each.draws, each.scenarios, each.families))]
             for each in found.coverage.counts],
        ),
        "", "Slots: of the pairs of slot values that the draws could join, the share that stands in one.", "",
        *_table(("claim", "families", "scenarios a family", "share", "least share"), _slots(found.coverage.slots)), "",
        *_table(
            ("claim", "language", "words", "distinct-1", "distinct-2", "distinct-3"),
            [[each.claim, each.lang, str(each.words), *(f"{share:.3f}" for share in each.distinct)]
             for each in found.coverage.grams],
        ),
        "", *(f"![{title}](audit/{name})" for name, title in pictures.items()), "",
    ]  # fmt: skip
    return "\n".join(lines)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [
        f"| {' | '.join(heads)} |",
        "| " + " | ".join("---" for _ in heads) + " |",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]


def _probe(reading: Reading) -> list[str]:
    if not reading.probe:
        return []
    names = [kind.name for kind in baselines.ALL]
    rows = [
        [family, *(f"{values[name]:.2f}" if name in values else "-" for name in names)]
        for family, values in reading.probe.items()
    ]
    return [f"{reading.claim}, probe families, overall:", "", *_table(("family", *names), rows), ""]


def _slots(slots: Sequence[Slots]) -> list[list[str]]:
    rows: list[list[str]] = []
    for claim in dict.fromkeys(each.claim for each in slots):
        own = [each for each in slots if each.claim == claim]
        scenarios = [each.scenarios for each in own]
        share = sum(each.seen for each in own) / max(sum(each.possible for each in own), 1)
        spread = f"{min(scenarios)} to {max(scenarios)}, median {median(scenarios):g}"
        rows.append([claim, str(len(own)), spread, f"{share:.2f}", f"{min(each.share for each in own):.2f}"])
    return rows
