"""The commands `auscult certify plan` and `prepare`: what is known and done before any row of a test is drawn."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from certify.options import (
    CHANCE,
    EXISTING,
    LENGTHS,
    demanded,
    draws,
    for_machines,
    ledger_option,
    load_policy,
    private_key,
    signing,
    stamping,
    subject,
    system_file,
    system_text,
    traffic,
    tsa,
    tsa_roots,
)
from guard.cli_output import say, table
from guard.errors import InputError
from guard.progress import shown

_searched = click.option(
    "--search", type=click.Choice(["quick", "full"]), default="quick", show_default=True, help="How wide to look for monitors."
)
_lengths = click.option(
    "--length", "lengths", type=click.Choice([*LENGTHS]), multiple=True, default=("short",), show_default=True,
    help="Tested: up to 1,000 characters, up to 8,000; repeatable. Longer text is not certified.",
)  # fmt: skip

_sealed = click.option(
    "--sealed", type=EXISTING, help="A site's own labelled JSONL: named in the protocol, scored by the test, used once."
)
_frame = click.option(
    "--frame", type=EXISTING, help="YAML with the period, inclusion, sampling, probability and unit of the sealed file."
)


@click.command()
@demanded
@draws
@traffic
@click.option("--attempt", type=click.IntRange(min=1), default=1, show_default=True, help="Which attempt it would be.")
@click.option("--data", type=EXISTING, help="Folder of generated rows: its manifest counts the unseen families.")
@_lengths
@for_machines
def plan(
    policy_file: Path | None,
    draws: int,
    traffic: int,
    attempt: int,
    data: Path | None,
    lengths: tuple[str, ...],
    as_json: bool,
) -> None:
    """Say before any work what a test of these sizes can show.

    \b
    Example: auscult certify plan --policy policies/clinical.yaml --draws 600
    """
    from certify.dataset import read_manifest
    from certify.plan import Order, Sizes, forecast
    from certify.planner import table as rows

    order = Order(
        "plan", load_policy(policy_file), Sizes(draws, traffic), datetime.now(UTC), buckets=_buckets(lengths)
    )  # fmt: skip
    found = rows(forecast(order, attempt, read_manifest(data)[0].unseen if data else None))
    say(as_json, [dict(zip(found[0], row, strict=True)) for row in found[1:]], lambda: table(found[0], found[1:]))


_review = click.option(
    "--review-size", type=click.IntRange(min=1), help="Rows of each claim, label and role that two clinicians will review."
)


@click.command()
@subject
@click.option("--data", type=EXISTING, required=True, help="Folder of train and select rows.")
@demanded
@click.option("--out", type=EXISTING, required=True, help="New folder for the dossier.")
@click.option("--product", help="What the thing that is certified is called; by default the subject's name.")
@draws
@traffic
@click.option("--power", type=CHANCE, default=0.9, show_default=True, help="Wanted chance to show each limit.")
@_searched
@click.option("--cache", type=EXISTING, help="Folder that keeps what was read of the model: interrupted work goes on from it.")
@_lengths
@system_file
@_sealed
@_frame
@_review
@signing
@tsa
@tsa_roots
@ledger_option
@for_machines
def prepare(**options: Any) -> None:
    """Fit monitors, choose their thresholds, and sign the plan of the test.

    \b
    Example: auscult certify prepare --subject phantom --data rows --policy policies/demonstration.yaml \\
               --key issuer.pem --out dossier
    """
    from certify.plan import cell_name
    from certify.threshold import NoValidThreshold

    made = _prepare(**options)
    facts = {
        "dossier": str(options["out"]),
        "attempt": made.protocol.attempt,
        "chance to show every limit on listed kinds, at least": round(made.predicted_all, 4),
    }
    gaps = [(one, one.threshold.reason) for one in made.chosen if isinstance(one.threshold, NoValidThreshold)]
    facts |= {f"gap of {cell_name(one.requirement.claim, one.bucket)}": reason for one, reason in gaps}
    say(options["as_json"], facts, lambda: "\n".join(f"{name}: {value}" for name, value in facts.items()))


def _prepare(**options: Any) -> Any:
    from certify.dataset import load as load_data
    from certify.ledger import default_path
    from certify.plan import Order, Sizes
    from certify.prepare import prepare as run
    from certify.search import named
    from guard.subjects.load import load as load_subject

    wanted = load_policy(options["policy_file"])
    key = private_key(options["key_file"])
    stamp = stamping(options["tsa"], options["tsa_roots"])
    site = _site(options["sealed"], options["frame"])
    data = load_data(options["data"])
    subject = load_subject(options["subject"], system=system_text(options["system"], wanted))
    order = Order(
        options["product"] or subject.binding.name,
        wanted,
        Sizes(options["draws"], options["traffic"]),
        datetime.now(UTC).replace(microsecond=0),
        options["power"],
        named(options["search"]),
        _buckets(options["lengths"]),
        site,
        options["review_size"],
    )
    with shown() as phase:
        ledger_path = options["ledger_file"] or default_path()
        return run(
            subject, data, order, key=key, ledger_path=ledger_path, out=options["out"], cache=options["cache"],
            stamp=stamp, phase=phase,
        )  # fmt: skip


def _site(path: Path | None, frame: Path | None) -> Any:
    """Read a site's own conversations with the frame that they come from; None where none are named."""
    from certify.sealed import Site, read, read_frame

    if path is None and frame is None:
        return None
    if path is None or frame is None:
        raise InputError("a sealed file needs a frame, and a frame a file", "say --sealed FILE --frame FRAME.yaml")
    return Site(read(path), read_frame(frame))


def _buckets(lengths: tuple[str, ...]) -> tuple[str, ...]:
    """Return length buckets by their names, the shorter first."""
    return tuple(bucket for name, bucket in LENGTHS.items() if name in lengths)
