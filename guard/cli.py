"""The commands of the runtime: `auscult verify` and `auscult guard`. Thin; nothing heavy is imported early."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from guard import cli_audit, cli_evidence, cli_policy, cli_verifier, moments
from guard import dossier as dossiers
from guard.cli_output import say
from guard.cli_verifier import Verifier
from guard.cli_verifier import revocations_option as _revocations
from guard.cli_verifier import trust_option as _trust
from guard.validity import Signal, State, state

EXISTING = click.Path(path_type=Path)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
_store = click.option("--store", help="URL of the audit store; by default sqlite:///auscult-audit.sqlite.")


@click.command()
@click.argument("dossier", type=EXISTING)
@cli_verifier.options
@click.option("--subject", "model", type=EXISTING, help="Model folder to compare with the certified one.")
@cli_evidence.options
@_json
def verify(dossier: Path, verifier: Verifier, model: Path | None, as_json: bool, **beside: Any) -> None:
    """Check a dossier in numbered steps; exit 0 valid, 1 not.

    \b
    Example: auscult verify dossier --trust certifier.pem
    """
    steps: list[str] = []

    def report(step: str) -> None:
        steps.append(step)
        if not as_json:
            click.echo(step)

    opened = dossiers.open_sealed(dossier, verifier.trust, report=report)
    standing, warnings = _standing(opened, verifier)
    issued, as_of, lists = opened.certificate, verifier.as_of, verifier.lists.words(verifier.at)
    report(f"6. the certificate is in force{as_of}: {issued.not_before} to {issued.not_after}; {lists}")
    if model is not None:
        dossiers.check_subject(issued.subject, model)
        report("7. the model is the certified one, file by file")
    found = cli_evidence.gather(opened, verifier, **beside)
    for number, sentence in enumerate(found.sentences, 8):
        report(f"{number}. {sentence}")
    warnings += found.warnings
    if opened.trusted:
        facts = {
            "valid": True, "steps": steps, "product": issued.product, "signer": opened.signer, "at": moments.write(verifier.at),
            "state": standing, "warnings": warnings,
        }  # fmt: skip
        for warning in () if as_json else warnings:
            click.echo(f"warning: {warning}", err=True)
        say(as_json, facts, lambda: f"valid{as_of}: {issued.product}, attempt {issued.attempt}")
    dossiers.require_trust(opened)


def _standing(opened: dossiers.Dossier, verifier: Verifier) -> tuple[State, list[str]]:
    """Check dates and revocation as of a moment; return the state, and what else should be known.

    Raises:
        VerificationError: The certificate is not in force, or was revoked.
    """
    lists, moment = verifier.lists, verifier.at
    dossiers.check_time(opened.certificate, moment)
    lists.require(opened.concern, moment)
    if not verifier.looks_back:
        lists.require_past(moment)
    begins, ends = (datetime.fromisoformat(text) for text in (opened.certificate.not_before, opened.certificate.not_after))
    stale, later = lists.stale(moment), lists.withdrawn(opened.concern, datetime.max.replace(tzinfo=UTC))
    standing = state(begins, ends, moment, {Signal.STALE_REVOCATIONS} if stale else ())
    warnings = []
    if stale:
        warnings.append(f"{stale.name} ended on {stale.says.expires}; get a newer one: a guard counts this as {standing}")
    if later:
        warnings.append(f"this is how it stood then; it is revoked from {later.at} on: {later.reason}")
    if standing is State.EXPIRING:
        warnings.append(f"the certificate ends on {opened.certificate.not_after}")
    return standing, warnings


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
@click.option("--upstream", help="OpenAI-compatible server that answers, up to /v1; its key comes by AUSCULT_UPSTREAM_KEY.")
@click.option("--model-map", multiple=True, help="ours=theirs: a model's name for clients and at the upstream; repeat it.")
@click.option("--host", help="Address to listen on; by default 127.0.0.1.")
@click.option("--port", type=int, help="Port to listen on; by default 8000, 0 takes a free one.")
@_store
@_revocations
@click.option("--keys", "key_file", type=EXISTING, help="File of API keys, as digests; needed off this machine.")
@click.option("--tls-cert", type=EXISTING, help="Certificate chain of the server (PEM); needed off this machine.")
@click.option("--tls-key", type=EXISTING, help="Its private key (PEM).")
@click.option("--unsafe-plain-http", is_flag=True, default=None, help="Listen off this machine although nothing is encrypted.")
@click.option("--hosts", help="Names that requests may be sent to, with commas; on loopback always this machine's.")
@click.option("--rate", type=int, help="Requests a minute for each API key; by default as many as it likes.")
@click.option("--metrics", help="host:port for Prometheus, apart from the answers.")
@click.option("--traces", help="OpenTelemetry collector, such as http://127.0.0.1:4318/v1/traces; needs the extra otel.")
@click.option("--log", type=click.Choice(["info", "warning", "error"]), help="What is logged, as JSON on standard error.")
@click.option("--checkpoints", type=EXISTING, help="File elsewhere to which the head of the audit chain is written.")
@click.option("--checkpoint-key", help="Key of the guard's own that signs them, as a file or a pkcs11: URI.")
def serve(dossier: Path | None, policy_file: Path | None, key_file: Path | None, **options: Any) -> None:
    """Verify a dossier, replay its canaries, check the policy, then serve; or refuse with the reason.

    With --upstream the answers come from there, and the dossier is an observer's; without a dossier only rules act.

    \b
    Example: auscult guard serve dossier --trust certifier.pem --port 8000
    Example: auscult guard serve --upstream http://127.0.0.1:11434/v1 --model-map clinic=llama3.2
    """
    from guard import settings

    subject, names = options.pop("subject"), ",".join(options.pop("model_map")) or None
    chosen = settings.read({**options, "policy": policy_file, "keys": key_file, "model_map": names})
    if chosen.policy is not None or chosen.keys is not None:
        # It asks for a reload; before the server is up, what will be loaded is read anyway, and nothing must end.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if chosen.upstream:
        from guard.proxy import fronted

        fronted.serve(chosen, dossier, subject, report=click.echo)
        return
    from guard.proxy import start  # takes seconds, so a wrong setting is told first

    start.serve(chosen, dossier, subject, report=click.echo)


guard.add_command(cli_policy.policies)
guard.add_command(cli_audit.audits)
