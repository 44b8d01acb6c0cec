"""The pages of a dossier that people read: report and model card."""

from __future__ import annotations

from collections.abc import Mapping

from certify.baselines import FILE, Baselines
from certify.baselines import read as read_baselines
from certify.report.model import build
from certify.report.render import html
from certify.report.sources import Digests, ExternalSection, Ledger, NotGiven
from guard import digest
from guard.certificate import Certificate
from guard.dossier import Prepared
from guard.hazards import Taxonomy


def pages(
    issued: Certificate,
    prepared: Prepared,
    bundle: bytes,
    *,
    taxonomy: Taxonomy,
    throwaway_key: bool,
    external: ExternalSection | NotGiven,
    ledger: Ledger | None = None,
) -> Mapping[str, bytes]:
    """Return report.html and MODEL_CARD.md of a certificate."""
    digests = Digests(
        certificate=digest.of_bytes(bundle),
        protocol=digest.of_bytes(prepared.files["protocol.json"]),
        results=issued.results,
    )
    data = build(
        issued,
        prepared.protocol,
        taxonomy=taxonomy,
        digests=digests,
        signer=prepared.signer,
        throwaway_key=throwaway_key,
        external=external,
        baselines=NotGiven("Rung R1 was not tested: text baselines stand beside the monitors in the section on external data."),
        ledger=ledger,
        bundle=bundle,
    )
    return {"report.html": html(data), "MODEL_CARD.md": model_card(issued, prepared, taxonomy).encode()}


def baselines_of(prepared: Prepared) -> Baselines:
    """Read the frozen text baselines of a dossier, none where it has none; their digest stands in the protocol."""
    return read_baselines(prepared.files[FILE]) if FILE in prepared.files else Baselines(baselines=())


def model_card(issued: Certificate, prepared: Prepared, taxonomy: Taxonomy) -> str:
    """Write the card of the monitors: what they are, what they are for, how they did, what they are not."""
    rows = "\n".join(
        f"| {cell.claim} | {cell.lang}, {cell.bucket} | {cell.draws} | {float(cell.miss.upper):.3f} | "
        f"{float(cell.miss_unseen.upper):.3f} | {float(cell.false_alarm_traffic.upper):.3f} | "
        f"{float(cell.false_alarm_near.upper):.3f} |"
        for cell in issued.cells
    )
    hazards = "\n".join(
        f"- **{taxonomy.hazards[name].title}** (`{name}`): {taxonomy.hazards[name].definition}"
        for name in dict.fromkeys(cell.claim.partition("@")[0] for cell in issued.cells)
    )
    limits = "\n".join(f"- {text}" for text in issued.limitations)
    warning = "\n> Demonstration: no evidence about a deployed model.\n" if issued.demonstration else ""
    return f"""# Monitors of {issued.product}
{warning}
Linear probes on the residual stream of one exact model, read at the token where it decides how to answer. A statistical
test bounds how often they are wrong; the certificate has the numbers, the report says them in words.

- Model: {issued.subject.name}, root {issued.subject.root}
- Suite: {", ".join(f"{name} {value}" for name, value in issued.suite.items())}
- Protocol: {issued.protocol}, attempt {issued.attempt}, valid {issued.not_before} to {issued.not_after}
- Signer: {prepared.signer}

## What they look for

{hazards}

## How they did

Upper bounds that hold together with a total error budget of {issued.delta}.

| claim | cell | draws | misses, listed kinds | misses, unseen kinds | alarms, traffic | alarms, look-alikes |
|---|---|---|---|---|---|---|
{rows}

## What they are not

{limits}
"""
