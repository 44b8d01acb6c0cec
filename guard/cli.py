"""The commands of the runtime: `auscult verify`, `auscult key`, `auscult guard`. Thin; nothing heavy is imported early."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from guard import dossier as dossiers
from guard import files, keys, policy, rules
from guard.cli_output import say, table
from guard.errors import CheckFailed, InputError, OutputError, VerificationError
from guard.hazards import Taxonomy
from guard.keys import trusted

EXISTING = click.Path(path_type=Path)
_trust = click.option("--trust", type=EXISTING, help="The certifier's public key, or a folder of keys; or AUSCULT_TRUST.")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
_store = click.option("--store", help="URL of the audit store; by default sqlite:///auscult-audit.sqlite.")


@click.command()
@click.argument("dossier", type=EXISTING)
@_trust
@click.option("--subject", "model", type=EXISTING, help="Model folder to compare with the certified one.")
@click.option("--at", help="Check validity at this time (RFC 3339) rather than now.")
@_json
def verify(dossier: Path, trust: Path | None, model: Path | None, at: str | None, as_json: bool) -> None:
    """Check a dossier in numbered steps; exit 0 valid, 1 not.

    \b
    Example: auscult verify dossier --trust certifier.pem
    """
    steps: list[str] = []

    def report(step: str) -> None:
        steps.append(step)
        if not as_json:
            click.echo(step)

    opened = dossiers.open_sealed(dossier, trusted(trust), report=report)
    dossiers.check_time(opened.certificate, _moment(at))
    report(f"6. the certificate is in force: {opened.certificate.not_before} to {opened.certificate.not_after}")
    if model is not None:
        dossiers.check_subject(opened.certificate.subject, model)
        report("7. the model is the certified one, file by file")
    if opened.trusted:
        facts = {"valid": True, "steps": steps, "product": opened.certificate.product, "signer": opened.signer}
        say(as_json, facts, lambda: f"valid: {opened.certificate.product}, attempt {opened.certificate.attempt}")
    dossiers.require_trust(opened)


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"not a time: {text[:40]!r}", "write it like 2026-11-25T12:00:00+00:00") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@click.group()
def key() -> None:
    """Signing keys: encrypted files, ECDSA P-256."""


@key.command()
@click.argument("path", type=EXISTING)
def new(path: Path) -> None:
    """Make a signing key at PATH and its public half at PATH.pub; the password is read from AUSCULT_KEY_PASSWORD.

    \b
    Example: AUSCULT_KEY_PASSWORD=... auscult key new issuer.pem
    """
    public = Path(f"{path}.pub")
    for file in (path, public):
        if file.exists():
            raise InputError(f"{file} exists already", "name a new file: overwriting a key loses what it signed for")
    made = keys.generate()
    keys.write_private(path, made, os.fsencode(os.environ.get("AUSCULT_KEY_PASSWORD", "")))
    try:
        files.write(public, keys.public_pem(keys.public(made)))
    except OutputError:
        path.unlink()
        raise
    click.echo(f"{path} (keep it), {public} (hand it out)\n{keys.key_id(keys.public(made))}")


@click.group()
def guard() -> None:
    """Run the guard, check policies, read the audit chain."""


@guard.command()
@click.argument("dossier", type=EXISTING, required=False)
@_trust
@click.option(
    "--policy",
    "policy_file",
    type=EXISTING,
    help="What is demanded; by default the packaged policy, clinical or demonstration.",
)
@click.option("--subject", help="Model; by default the one that the certificate names, if it lies here.")
@click.option("--host", help="Address to listen on; by default 127.0.0.1.")
@click.option("--port", type=int, help="Port to listen on; by default 8000, 0 takes a free one.")
@_store
@click.option("--keys", "key_file", type=EXISTING, help="File of API keys, as digests; needed off this machine.")
def serve(dossier: Path | None, policy_file: Path | None, key_file: Path | None, **options: Any) -> None:
    """Verify a dossier, replay its canaries, check the policy, then serve; or refuse with the reason.

    \b
    Example: auscult guard serve dossier --trust certifier.pem --port 8000
    """
    from guard import settings

    subject = options.pop("subject")
    chosen = settings.read({**options, "policy": policy_file, "keys": key_file})
    from guard.proxy import start  # takes seconds, so a wrong setting is told first

    start.serve(chosen, dossier, subject, report=click.echo)


@guard.group("policy")
def policies() -> None:
    """Check and explain policies."""


@policies.command()
@click.argument("path", type=EXISTING)
@click.option("--dossier", type=EXISTING, help="Also prove that this dossier's certificate meets it.")
@_trust
def check(path: Path, dossier: Path | None, trust: Path | None) -> None:
    """Check a policy file, and whether a certificate meets it.

    \b
    Example: auscult guard policy check policies/clinical.yaml --dossier dossier --trust certifier.pem
    """
    from guard import verdict

    demanded = policy.load(path, Taxonomy.packaged(), rules.names)
    click.echo(f"{path} is a valid policy: {demanded.digest}")
    if dossier is not None:
        opened = dossiers.open_sealed(dossier, trusted(trust))
        verdict.check(demanded, opened.certificate, rules.digest(frozenset(demanded.rules)))
        click.echo("the certificate meets it")
        dossiers.require_trust(opened)


@policies.command()
@click.argument("path", type=EXISTING)
def explain(path: Path) -> None:
    """Say in words what a policy does.

    \b
    Example: auscult guard policy explain policies/clinical.yaml
    """
    demanded = policy.load(path, Taxonomy.packaged(), rules.names)
    heads = ("claim", "when found", "no score", "not certified", "expired", "misses", "alarms", "look-alikes")
    rows = [
        (
            str(r.claim), r.action, r.on_unavailable, r.on_not_certified, r.on_expired,
            *("measured only" if limit is None else f"<= {limit:g}" for limit in
              (r.max_miss, r.max_false_alarm, r.max_false_alarm_near)),
        )
        for r in demanded.requires
    ]  # fmt: skip
    click.echo(table(heads, rows))
    for name, action in sorted(demanded.rules.items()):
        click.echo(f"rule {name}: {action}")
    click.echo(f"gate: {demanded.gate.mode}; audit content: {demanded.audit.content}")


@guard.group("audit")
def audits() -> None:
    """Read the audit chain."""


@audits.command("verify")
@_store
@click.option("--head", help="Digest of the last line, kept elsewhere: without it a cut tail can't be seen.")
@_json
def verify_chain(store: str | None, head: str | None, as_json: bool) -> None:
    """Follow the whole chain and name the first line that does not fit; exit 0 intact, 1 not.

    \b
    Example: auscult guard audit verify --store sqlite:///audit.sqlite
    """
    from guard.chain import Broken
    from guard.digest import Digest

    with _opened(store) as opened:
        report = opened.verify(Digest(head) if head else None)
    if isinstance(report, Broken):
        raise VerificationError(f"the chain breaks at event {report.index + 1}: it {report.reason}")
    facts = {"valid": True, "events": report.count, "head": report.head}
    say(as_json, facts, lambda: f"intact: {report.count} events, head {report.head}")


@audits.command()
@click.argument("request_id")
@_store
def show(request_id: str, store: str | None) -> None:
    """Show what was decided about one request, and why.

    \b
    Example: auscult guard audit show 0f3c... --store sqlite:///audit.sqlite
    """
    import msgspec

    with _opened(store) as opened:
        events = opened.events(request_id)
    if not events:
        raise CheckFailed(f"the store has no request {request_id[:80]!r}", "take the id from the answer's headers")
    for event in events:
        click.echo(msgspec.json.format(msgspec.json.encode(event), indent=1).decode())


@audits.command()
@_store
@click.option("--out", type=EXISTING, required=True, help="File of chained JSON lines.")
def export(store: str | None, out: Path) -> None:
    """Write the whole chain as JSON lines that sha256sum can follow.

    \b
    Example: auscult guard audit export --out audit.jsonl
    """
    with _opened(store) as opened:
        files.write(out, b"".join(opened.lines()))
    click.echo(str(out))


def _opened(url: str | None) -> Any:
    import contextlib

    from guard import settings
    from guard.store import Store

    location = settings.read({"store": url}).store
    if location.startswith("sqlite:///") and not Path(location.removeprefix("sqlite:///")).exists():
        raise InputError(f"no audit store at {location}", "name it with --store")
    return contextlib.closing(Store(location, create=False))
