"""What differs between two certified set-ups, by digest and name.

Comes in: two verified dossiers. Goes out: one `Swap` for every part that is not the same. Judges nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from guard import digest
from guard.binding import SubjectBinding
from guard.dossier import Dossier
from guard.errors import VerificationError
from guard.probes.monitor import Monitor
from guard.probes.suite import JSON_FILE, TENSOR_FILE, Suite
from guard.protocol import Protocol

_WEIGHTS = frozenset({".safetensors", ".gguf", ".bin"})
_NAMED = frozenset(
    {
        "product", "not_before", "not_after", "serial", "attempt", "ledger_head", "subject", "suite", "canaries", "taxonomy",
        "rules", "rule_names", "dataset", "generator", "eps", "delta", "operating_points", "cells", "traffic", "analysis",
        "measured", "baselines", "selection",
    }
)  # fmt: skip
"""Fields of a protocol that have a part of their own, or differ between any two protocols; all others are planned values."""
_SHORT = 60


class Part(enum.StrEnum):
    """What can be swapped."""

    WEIGHTS = "weights"
    TOKENIZER = "tokenizer"
    TEMPLATE = "chat template"
    SYSTEM = "system prompt"
    MODEL = "other model files"
    ENGINE = "engine and number type"
    MONITORS = "monitors"
    THRESHOLDS = "thresholds"
    RULES = "rules"
    LIMITS = "limits"
    PLAN = "planned draws"
    GENERATOR = "generator"
    DATA = "train and select rows"
    TAXONOMY = "taxonomy"
    MARGIN = "score margin and canaries"
    BUDGET = "error budget and attempt"
    ANALYSIS = "analysis code"
    READERS = "cheaper readers"


@dataclass(frozen=True, slots=True)
class Swap:
    """One thing that is not the same in both dossiers."""

    part: Part
    """What kind of thing."""
    name: str
    """Which one."""
    old: str
    """Digest or value in the old dossier; "" where it has none."""
    new: str
    """The same in the new one."""

    @property
    def how(self) -> str:
        """What happened to it, in a word."""
        return "added" if not self.old else "removed" if not self.new else "changed"


_Values = dict[tuple[Part, str], str]


def swapped(old: Dossier, new: Dossier) -> tuple[Swap, ...]:
    """Return everything that differs, by part and name."""
    before, after = _values(old), _values(new)
    order = list(Part)
    keys = sorted(before.keys() | after.keys(), key=lambda key: (order.index(key[0]), key[1]))
    pairs = [(part, name, before.get((part, name), ""), after.get((part, name), "")) for part, name in keys]
    return tuple(Swap(part, name, first, second) for part, name, first, second in pairs if first != second)


def unchanged(swaps: tuple[Swap, ...]) -> tuple[Part, ...]:
    """Return the parts in which nothing differs."""
    touched = {swap.part for swap in swaps}
    return tuple(part for part in Part if part not in touched)


def suite_of(opened: Dossier) -> Suite | None:
    """Read the suite of a dossier; None where it is in a format that this version can't read."""
    try:
        return Suite.read(opened.suite_file(JSON_FILE), opened.suite_file(TENSOR_FILE))
    except VerificationError:
        return None


def _values(opened: Dossier) -> _Values:
    plan, issued = opened.protocol, opened.certificate
    values: _Values = dict(_subject(plan.subject))
    values |= {(Part.MONITORS, f"suite/{name}"): value for name, value in plan.suite.items()}
    suite = suite_of(opened)
    for monitor in suite.monitors if suite else ():
        values |= {(Part.MONITORS, f"{monitor.claim}: {name}"): value for name, value in _monitor(monitor)}
    for point in plan.operating_points:
        where = f"{point.claim}/{point.lang}/{point.bucket}"
        values[Part.THRESHOLDS, where] = f"{point.threshold}, {'certified' if point.certified else 'measured'}"
        values[Part.THRESHOLDS, f"{where}: gate"] = point.gate
    values |= dict(_plan(plan))
    values[Part.PLAN, "answer key"] = issued.labels
    return {key: value for key, value in values.items() if value}


def _subject(bound: SubjectBinding) -> Iterator[tuple[tuple[Part, str], str]]:
    for name, value in bound.manifest.items():
        weights = PurePosixPath(name).suffix in _WEIGHTS
        yield (Part.WEIGHTS if weights else Part.MODEL, name), value
    yield (Part.MODEL, "name"), bound.name
    yield (Part.TOKENIZER, "tokenizer"), bound.tokenizer
    yield (Part.TEMPLATE, "chat template"), bound.chat_template
    yield (Part.SYSTEM, "system prompt"), bound.system_prompt
    fields = ("engine", "dtype", "device", "context", "scoring", "demonstration")
    for name in fields:
        yield (Part.ENGINE, name), str(getattr(bound, name))
    for name, value in bound.decoding.items():
        yield (Part.ENGINE, f"sampling: {name}"), value


def _monitor(monitor: Monitor) -> Iterator[tuple[str, str]]:
    yield "reads", ", ".join(str(point) for point in monitor.hook_points)
    yield "aggregation", str(monitor.aggregation.kind)
    yield "window", str(monitor.aggregation.window)
    yield "anchor", monitor.anchor
    parts = [part for probe in monitor.probes for part in (probe.weight, probe.mean, probe.scale)]
    biases = ",".join(repr(probe.bias) for probe in monitor.probes).encode()
    yield "numbers", digest.of_bytes(b"".join(part.tobytes() for part in parts) + biases)


def _plan(plan: Protocol) -> Iterator[tuple[tuple[Part, str], str]]:
    yield (Part.RULES, "rule set"), plan.rules
    yield (Part.RULES, "names"), ", ".join(plan.rule_names)
    for cell in plan.cells:
        where = f"{cell.claim}/{cell.lang}/{cell.bucket}"
        for name in cell.limits.__struct_fields__:
            yield (Part.LIMITS, f"{where}: {name}"), str(getattr(cell.limits, name))
        yield (Part.PLAN, f"{where}: draws"), str(cell.draws)
        yield (Part.PLAN, f"{where}: unseen families"), f"{cell.unseen_families} of {cell.unseen_draws} draws"
        deltas = (cell.delta_miss, cell.delta_unseen, cell.delta_false_alarm)
        yield (Part.BUDGET, f"{where}: deltas"), ", ".join(deltas)
    for traffic in plan.traffic:
        where = f"traffic/{traffic.lang}/{traffic.bucket}"
        yield (Part.LIMITS, f"{where}: max_false_alarm"), traffic.max_false_alarm
        yield (Part.PLAN, f"{where}: draws"), str(traffic.draws)
    weights = plan.generator.weights
    yield (Part.GENERATOR, "code and facts"), plan.generator.digest
    yield (Part.GENERATOR, "version"), plan.generator.version
    yield (Part.GENERATOR, "family weights"), digest.of_bytes(digest.canonical(weights)) if weights else ""
    yield (Part.DATA, "manifest"), plan.dataset
    yield (Part.MONITORS, "record of the selection"), plan.selection
    yield (Part.TAXONOMY, "taxonomy"), plan.taxonomy
    yield (Part.MARGIN, "eps"), plan.eps
    yield (Part.MARGIN, "canaries"), plan.canaries.file
    yield (Part.BUDGET, "delta"), plan.delta
    yield (Part.BUDGET, "attempt"), str(plan.attempt)
    yield (Part.ANALYSIS, "analysis code"), plan.analysis
    yield (Part.READERS, "record"), plan.baselines
    for name in plan.__struct_fields__:
        if name not in _NAMED:
            value = repr(getattr(plan, name))
            yield (Part.PLAN, name), value if len(value) <= _SHORT else digest.of_bytes(value.encode())
