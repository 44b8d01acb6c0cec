"""A comparison in words, as a text for the terminal, and as values for machines."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from certify.compare.comparison import Comparison, Side
from certify.compare.judged import Compared, Test, by_test
from certify.report.rounding import near, short, up
from guard.cli_output import table

ESTIMANDS = {
    "miss": "misses, listed kinds",
    "miss_unseen": "misses, unseen kinds",
    "false_alarm_traffic": "alarms, ordinary chat",
    "false_alarm_near": "alarms, look-alikes",
    "false_alarm_whole": "alarms of everything, ordinary chat",
}
"""What each estimand is, in a few words."""

NOT_PROOF = (
    "A rate that is not called worse was not shown to be higher; that is no proof that it is not. Nothing is said about rates "
    "that are lower."
)


def verdict(found: Comparison) -> str:
    """Return what the comparison comes to, in one sentence or two."""
    worse, lost = len(found.worse), len(found.lost)
    total = len(found.compared)
    if not found.fails:
        return f"Nothing was shown to be worse: none of {total} rates is higher beyond chance, and no claim lost its PASS."
    rates = f"{worse or 'none'} of {total} rates {'are' if worse > 1 else 'is'} higher beyond chance"
    claims = f"{lost or 'no'} {'claims' if lost > 1 else 'claim'} lost {'their' if lost > 1 else 'its'} PASS"
    return f"Worse: {rates}, and {claims}."


def how(found: Comparison) -> tuple[str, ...]:
    """Say how the rates were compared: level, correction, and which tests."""
    total = len(found.compared)
    lines = [
        f"One-sided tests of a higher rate in the new version; Holm's correction over all {total} comparisons; the chance that "
        f"any rate is called worse though it is no higher is at most {found.level:g}."
    ]
    lines += [f"{count} of them {test}." for test, count in Counter(one.test for one in found.compared).items()]
    if by_test(found.compared, Test.PAIRED_FAMILIES):
        lines.append("Paired by family, the hypothesis is that no unseen family is missed more often than before.")
    return (*lines, NOT_PROOF)


def what(one: Compared) -> str:
    """Name an estimand in a few words."""
    return ESTIMANDS.get(one.estimand, one.estimand)


def shown(one: Compared) -> str:
    """Return the word that stands beside a comparison."""
    return "worse" if one.worse else "not shown"


def rate(mean: str, units: int) -> str:
    """Write a mean loss with the number of its units."""
    return f"{near(mean, 3)} of {units:,}"


def visible(one: Compared) -> str:
    """Write the smallest new rate that would have been called worse."""
    return f"from {up(one.visible, 3)}" if one.visible else "-"


def brief(value: str) -> str:
    """Shorten a digest or a long value for a table."""
    if not value:
        return "-"
    return f"{value[:19]}…" if value.startswith("sha256:") else value if len(value) <= 60 else f"{value[:57]}…"


def as_values(found: Comparison) -> dict[str, Any]:
    """Return a comparison for machines, with its verdict."""
    values: dict[str, Any] = {"fails": found.fails, "verdict": verdict(found)}
    values |= msgspec.to_builtins(found)
    values["lost"] = [one.cell for one in found.lost]
    values["worse"] = [one.id for one in found.worse]
    values["how"] = list(how(found))
    return values


def text(found: Comparison) -> str:
    """Return a comparison as a text for people."""
    parts = [f"old  {_side(found.old)}\nnew  {_side(found.new)}", verdict(found)]
    if found.notes:
        parts.append("\n".join(f"- {note}" for note in found.notes))
    swaps = [(str(one.part), one.name, one.how, brief(one.old), brief(one.new)) for one in found.swaps]
    parts.append("Swapped\n" + table(("part", "which", "how", "old", "new"), swaps) if swaps else "Swapped: nothing.")
    if found.same:
        parts.append(f"The same: {', '.join(found.same)}.")
    claims = [(one.cell, one.old or "-", one.new or "-", "lost its PASS" if one.lost else one.how) for one in found.standings]
    parts.append("Claims\n" + table(("claim", "old", "new", "what happened"), claims))
    heads = ("claim", "rate", "old mean", "new mean", "old bound", "new bound", "corrected p", "worse?", "would be seen")
    rows = [
        (
            f"{one.claim}/{one.lang}/{one.bucket}", what(one), rate(one.old.mean, one.old.units),
            rate(one.new.mean, one.new.units), up(one.old.upper, 3), up(one.new.upper, 3), short(one.p_holm),
            shown(one), visible(one),
        )
        for one in found.compared
    ]  # fmt: skip
    parts.append("Rates\n" + table(heads, rows))
    if found.apart:
        parts.append(f"Not compared, because they are not measured alike: {', '.join(found.apart)}.")
    parts.append("\n".join(how(found)))
    return "\n\n".join(parts)


def _side(side: Side) -> str:
    known = "trusted signer" if side.trusted else "signer unknown"
    return (
        f"{side.product}: {side.model}, serial {side.serial}, attempt {side.attempt}, {side.not_before} to {side.not_after}, "
        f"certificate {brief(side.certificate)}, {known} {brief(side.signer)}"
    )
