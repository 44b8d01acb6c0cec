"""The pages of a dossier that people read: report and model card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from certify.recompute import record_of
from certify.report.lengths import NOT_TESTED, LengthSection
from certify.report.model import build
from certify.report.pdf.render import pdf
from certify.report.render import html
from certify.report.sources import Digests, ExternalSection, Ledger, NotGiven
from certify.report.tongue import Tongue, every
from certify.rungs import is_observer
from guard import digest
from guard.certificate import Certificate
from guard.dossier import Prepared
from guard.hazards import Taxonomy
from guard.probes.judge import ANSWERS
from guard.probes.monitor import Monitor
from guard.probes.suite import JSON_FILE, TENSOR_FILE, Suite

if TYPE_CHECKING:
    from certify.baselines.readers import Readers

_INSIDE = "Linear probes on activations inside one exact model."
_BESIDE = (
    "Linear classifiers on the embeddings that one exact sentence encoder makes of the text. They read beside the model that "
    "answers, and say nothing of what goes on inside it."
)
_HOW = {
    "mean": "the mean over the {of}",
    "max": "the highest of the {of}",
    "rolling_max": "the highest mean of {window} {of} in a row",
    "ema_max": "the highest exponential moving average over the {of}",
}


def pages(
    issued: Certificate,
    prepared: Prepared,
    bundle: bytes,
    *,
    taxonomy: Taxonomy,
    throwaway_key: bool,
    external: ExternalSection | NotGiven,
    lengths: LengthSection | NotGiven = NOT_TESTED,
    ledger: Ledger | None = None,
) -> Mapping[str, bytes]:
    """Return the report in each of its languages, as a page and as a PDF, and MODEL_CARD.md of a certificate."""
    digests = Digests(
        certificate=digest.of_bytes(bundle),
        protocol=digest.of_bytes(prepared.files["protocol.json"]),
        results=issued.results,
    )
    record = record_of(prepared)

    def report(tongue: Tongue) -> bytes:
        data = build(
            issued,
            prepared.protocol,
            taxonomy=taxonomy,
            digests=digests,
            signer=prepared.signer,
            throwaway_key=throwaway_key,
            external=external,
            lengths=lengths,
            record=record,
            ledger=ledger,
            bundle=bundle,
            tongue=tongue,
        )
        return html(data)

    reports = {tongue.file: report(tongue) for tongue in every()}
    return {
        **reports,
        **{tongue.pdf: pdf(reports[tongue.file], bundle, issued.not_before) for tongue in every()},
        "MODEL_CARD.md": model_card(issued, prepared, taxonomy).encode(),
    }


def baselines_of(prepared: Prepared) -> Readers | None:
    """Read the frozen baselines of a dossier, None where it has none; their digest stands in the protocol.

    Raises:
        VerificationError: A file is missing, altered or not in its format.
    """
    if not record_of(prepared):
        return None
    from certify.baselines.readers import load  # takes seconds, and whoever only renders pages does without

    return load(prepared.files)


def model_card(issued: Certificate, prepared: Prepared, taxonomy: Taxonomy) -> str:
    """Write the card of the monitors: what they are, what they are for, how they did, what they are not."""
    rows = "\n".join(
        f"| {cell.claim} | {cell.lang}, {cell.bucket} | {cell.draws} | {float(cell.miss.upper):.3f} | "
        f"{float(cell.miss_unseen.upper):.3f} | {float(cell.false_alarm_traffic.upper):.3f} | "
        f"{float(cell.false_alarm_near.upper):.3f} | {cell.rung} |"
        for cell in issued.cells
    )
    hazards = "\n".join(
        f"- **{taxonomy.hazards[name].title}** (`{name}`): {taxonomy.hazards[name].definition}"
        for name in dict.fromkeys(cell.claim.partition("@")[0] for cell in issued.cells)
    )
    observer = is_observer(issued.subject)
    what = _BESIDE if observer else _INSIDE
    monitors = Suite.read(prepared.files[f"suite/{JSON_FILE}"], prepared.files[f"suite/{TENSOR_FILE}"]).monitors
    places = "\n".join(
        f"| {one.claim} | {_points(one, observer=observer)} | {counts(one, observer=observer)} |" for one in monitors
    )
    limits = "\n".join(f"- {text}" for text in issued.limitations)
    warning = "\n> Demonstration: no evidence about a deployed model.\n" if issued.demonstration else ""
    return f"""# Monitors of {issued.product}
{warning}
{what} A statistical test bounds how often they are wrong; the certificate has the numbers, the report says them
in words.

- Model: {issued.subject.name}, root {issued.subject.root}
- Suite: {", ".join(f"{name} {value}" for name, value in issued.suite.items())}
- Protocol: {issued.protocol}, attempt {issued.attempt}, valid {issued.not_before} to {issued.not_after}
- Signer: {prepared.signer}

## What they look for

{hazards}

## Where they read

| claim | {"encoder" if observer else "hook points"} | what counts |
|---|---|---|
{places}

## How they did

Upper bounds that hold together with a total error budget of {issued.delta}.

| claim | cell | draws | misses, listed kinds | misses, unseen kinds | alarms, traffic | alarms, look-alikes | rung |
|---|---|---|---|---|---|---|---|
{rows}

Rung R0: the hazard can be read from the {"text" if observer else "activations"}. R1: better than every cheaper reader, on
unseen kinds.

## What they are not

{limits}
"""


def _points(monitor: Monitor, *, observer: bool) -> str:
    if observer:
        return "embedding"
    return ", ".join(f"block {point.layer}, {point.site}" for point in monitor.hook_points)


def counts(monitor: Monitor, *, observer: bool) -> str:
    """Say which tokens, or windows of text, make up a monitor's score."""
    if observer:
        of = "windows of the text"
    else:
        of = "tokens of the answer" if monitor.claim.stage in ANSWERS else "tokens of the judged message"
    if monitor.aggregation.kind == "last":
        return f"the last of the {of}" if observer or monitor.claim.stage in ANSWERS else "the token before the answer"
    return _HOW[monitor.aggregation.kind].format(of=of, window=monitor.aggregation.window)
