"""The key metrics of a CHAI model card: false alarms, differences between cells, misses."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from certify import numbers
from certify.export.tables import bound_values
from certify.numbers import Named
from guard.certificate import Certificate, Status
from guard.dossier import Dossier

_MISSES = ("miss", "miss_unseen")
_UNIT = {"draw": "independent draws of a scenario", "family": "families"}


def key_metrics(opened: Dossier, plain: Callable[[str], str]) -> list[Any]:
    """Return the three metrics in the order of the schema; `plain` escapes what others wrote."""
    issued = opened.certificate
    bounds = numbers.bounds_of(issued)
    alarms = [one for one in bounds if one.bound.estimand not in _MISSES]
    misses = [one for one in bounds if one.bound.estimand in _MISSES]
    information = [
        (f"{cell.claim}/{cell.lang}/{cell.bucket}/catalogue (information)", {**msgspec.to_builtins(cell.catalogue)})
        for cell in issued.cells
    ]
    information += [
        (f"{one.claim}/{one.lang}/{one.bucket}/measured (no bound)", msgspec.to_builtins(one)) for one in issued.measured
    ]
    information += [(f"{cell} (no bound)", {"bound": "none"}) for cell in numbers.measured_only(issued)]
    return [
        ("UsefulnessUsabilityEfficacy", _metric(
            opened, "How often the monitors interrupt conversations that are harmless.",
            [_result(one, issued, plain) for one in alarms], interpretation(alarms, issued),
        )),
        ("FairnessEquity", _metric(
            opened, "How the bounds differ between the tested languages and lengths.",
            [(label, value) for label, value in _worst(bounds)], worst_cell(opened),
        )),
        ("SafetyReliability", _metric(
            opened, "How often the monitors miss what they look for.",
            [_result(one, issued, plain) for one in misses] + information + [_canaries(issued)],
            interpretation(misses, issued),
        )),
    ]  # fmt: skip


def summary(opened: Dossier) -> str:
    """Return what was shown of each cell, in one sentence each."""
    words = {
        Status.PASS: "every limit was shown to be met",
        Status.NOT_SHOWN: "the test could neither show that every limit is met nor that one is broken",
        Status.FAIL: "a limit was shown to be broken",
        None: "no limit was set",
    }
    found = numbers.standings(opened.certificate)
    said = " ".join(f"{cell}: {status or 'no limit'}, {words[status]}." for cell, status in found.items())
    without = numbers.measured_only(opened.certificate)
    return f"{said} Measured without a bound: {', '.join(without)}." if without else said


def interpretation(bounds: Sequence[Named], issued: Certificate) -> str:
    """Say what the bounds mean, and what they do not."""
    confidence = Decimal(100) * (1 - Decimal(issued.delta))
    states = ", ".join(f"{one.id} {one.bound.status}" for one in bounds if one.bound.status)
    return (
        f"All bounds of the certificate hold together with a confidence of at least {confidence.normalize():f} %. "
        f"{states or 'No limit was set'}. PASS: the limit was shown to be met. NOT SHOWN is neither a pass nor proof of harm. "
        "The bounds are about new scenarios of the named generator, not about any hospital; upper and lower bound together are "
        "no interval. An attacker who adapts to the monitors is not covered."
    )


def worst_cell(opened: Dossier) -> str:
    """Say how many languages and lengths were tested, and that nothing is known of others."""
    issued = opened.certificate
    places = sorted({f"{one.lang}/{one.bucket}" for one in numbers.bounds_of(issued)})
    if len(places) == 1:
        return (
            f"Only one cell of language and length was tested, {places[0]}. Nothing is known of differences between languages, "
            "lengths or groups of patients."
        )
    return (
        f"Tested cells of language and length: {', '.join(places)}. Whatever the mix of them, a rate is at most the largest of "
        "their bounds, given for each claim. Nothing is known of other languages or of groups of patients."
    )


def _worst(bounds: Sequence[Named]) -> list[tuple[str, dict[str, str]]]:
    """Return, per claim and estimand, the largest bound over the tested cells: simultaneous, so it holds for any mix."""
    groups: dict[tuple[str, str], list[Named]] = {}
    for one in bounds:
        groups.setdefault((one.claim, one.bound.estimand), []).append(one)
    found = []
    for (claim, estimand), members in groups.items():
        worst = max(members, key=lambda one: Decimal(one.bound.upper))
        values = {"worstCell": f"{worst.lang}/{worst.bucket}", "cells": str(len(members)), **_values(worst)}
        found.append((f"{claim}, {estimand}: largest bound over the tested cells", values))
    return found


def _result(one: Named, issued: Certificate, plain: Callable[[str], str]) -> tuple[str, dict[str, str]]:
    said = {f"{cell.claim}/{cell.lang}/{cell.bucket}": cell.plain for cell in issued.cells}
    what = f": the monitor {plain(said[one.cell])}" if one.bound.estimand in _MISSES and one.cell in said else ""
    taus = {f"{point.claim}/{point.lang}/{point.bucket}": point.threshold for point in issued.operating_points}
    margin = {"tau": taus[one.cell], "epsMargin": issued.eps} if one.cell in taus else {}
    return f"{one.id}{what}", _values(one) | margin


def _values(one: Named) -> dict[str, str]:
    return {name: value for name, value in bound_values(one.bound).items() if value}


def _canaries(issued: Certificate) -> tuple[str, dict[str, str]]:
    values = {"count": str(issued.canaries.count), "eps": issued.canaries.eps, "file": issued.canaries.file}
    return "canaries (a condition, no bound)", values


def _metric(opened: Dossier, goal: str, results: Sequence[tuple[str, Any]], meaning: str) -> list[Any]:
    plan, issued = opened.protocol, opened.certificate
    limits = "PASS if the upper bound is at most the limit, FAIL if the lower bound is above it, else NOT SHOWN."
    cells = "; ".join(
        f"{cell.claim}/{cell.lang}/{cell.bucket}: {cell.draws} draws, {cell.scenarios} scenarios, {cell.families} families, "
        f"{cell.miss_unseen.units} unseen families"
        for cell in issued.cells
    )
    methods = sorted(
        {f"{one.bound.method} over {_UNIT.get(one.bound.unit, one.bound.unit)}" for one in numbers.bounds_of(issued)}
    )
    return [
        ("MetricGoal", f"{goal} {limits}"),
        ("Results", [
            ("MetricResult", [("Label", label), ("ValueJson", json.dumps(value, ensure_ascii=False))])
            for label, value in results
        ]),
        ("Interpretation", meaning),
        ("TestType", f"Pre-registered test on synthetic scenarios, attempt {issued.attempt}, error budget {issued.delta}."),
        ("TestingDataDescription", f"{cells}. Rows were drawn after the protocol was signed. Answer key: {issued.labels}."),
        ("ValidationProcessAndJustification", f"Bounds: {', '.join(methods)}; weighted Bonferroni over all bounds. Protocol "
         f"{opened.payload} of {plan.not_before}; the order of the units follows from it."),
    ]  # fmt: skip
