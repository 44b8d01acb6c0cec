"""The commands on policies: `auscult guard policy check|explain|dry-run`."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import click

from guard import dossier as dossiers
from guard import moments, policy, revocation, rules
from guard.cli_output import say, table
from guard.errors import InputError
from guard.hazards import Claim, Taxonomy
from guard.policy import Action, Policy, explain
from guard.trust import trusted

EXISTING = click.Path(path_type=Path)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


@click.group("policy")
def policies() -> None:
    """Check, explain and try out policies."""


@policies.command()
@click.argument("path", type=EXISTING)
@click.option("--dossier", type=EXISTING, help="Also prove that this dossier's certificate meets it.")
@click.option("--trust", type=EXISTING, help="The certifier's public key, or a folder of keys; or AUSCULT_TRUST.")
@_json
def check(path: Path, dossier: Path | None, trust: Path | None, as_json: bool) -> None:
    """Check a policy file, and whether a certificate meets it for every tenant and route.

    \b
    Example: auscult guard policy check policies/clinical.yaml --dossier dossier --trust certifier.pem
    """
    from guard import verdict

    demanded = _loaded(path)
    facts: dict[str, Any] = {"valid": True, "digest": demanded.digest, "variants": _digests(demanded)}
    if not as_json:
        click.echo("\n".join([f"{path} is a valid policy: {demanded.digest}", *explain.shadow(demanded)]))
    opened = None
    if dossier is not None:
        trusting = trusted(trust)
        opened = dossiers.open_sealed(dossier, trusting)
        revocation.gather(trusting, None).require(opened.concern, moments.now())
        verdict.check_all(demanded, opened.certificate)
        facts["met_by"] = opened.certificate_digest
        if not as_json:
            click.echo("the certificate meets it")
    if as_json and (opened is None or opened.trusted):
        say(True, facts, str)
    if opened is not None:
        dossiers.require_trust(opened)


@policies.command("explain")
@click.argument("path", type=EXISTING)
@_json
def explain_command(path: Path, as_json: bool) -> None:
    """Say in words what a policy does, for each hazard, stage and cause, and for each tenant and route.

    \b
    Example: auscult guard policy explain policies/clinical.yaml
    """
    demanded, taxonomy = _loaded(path), Taxonomy.packaged()

    def title(claim: Claim) -> str:
        return taxonomy.hazards[claim.hazard].title

    said = explain.lines(demanded, title, {name: rule.about for name, rule in rules.RULES.items()})
    say(as_json, {"digest": demanded.digest, "variants": _digests(demanded), "lines": said}, lambda: "\n".join(said))


@policies.command("dry-run")
@click.argument("path", type=EXISTING, required=False)
@click.option("--store", help="URL of the audit store; by default sqlite:///auscult-audit.sqlite.")
@_json
def dry_run(path: Path | None, store: str | None, as_json: bool) -> None:
    """Count what a shadow would have done and, with a policy, what that would have done with everything recorded so far.

    \b
    Example: auscult guard policy dry-run stricter.yaml --store sqlite:///audit.sqlite
    """
    from guard import audit, replay

    demanded = _loaded(path) if path else None
    with _opened(store) as opened:
        counted = replay.tally((audit.decode(line)[0] for line in opened.lines()), demanded)
    facts = {
        "requests": counted.requests,
        "done": {action: counted.done[action] for action in Action},
        "without_shadow": {action: counted.shadow[action] for action in Action},
        "with_this_policy": {new: sum(n for (_, to), n in counted.replayed.items() if to is new) for new in Action},
        "changed": [
            {"from": old, "to": new, "requests": n} for (old, new), n in sorted(counted.replayed.items()) if old != new
        ],
        "not_known": counted.unknown,
    }
    if demanded is None:
        del facts["with_this_policy"], facts["changed"], facts["not_known"]
    say(as_json, facts, lambda: _told(counted, demanded))


def _told(counted: Any, demanded: Policy | None) -> str:
    heads = ["requests", "done", "without shadow", *([f"with {demanded.name}"] if demanded else [])]
    again = {new: sum(n for (_, to), n in counted.replayed.items() if to is new) for new in Action}
    rows = [
        [str(action), str(counted.done[action]), str(counted.shadow[action]), *([str(again[action])] if demanded else [])]
        for action in Action
    ]
    blocked = counted.shadow[Action.BLOCK] - counted.done[Action.BLOCK]
    said = [table(heads, rows), f"a shadow would have blocked {blocked} more of {counted.requests} requests"]
    if counted.unknown:
        said.append(f"can't be told, for it was not looked at then: {', '.join(counted.unknown)}")
    return "\n".join(said)


def _loaded(path: Path) -> Policy:
    return policy.load(path, Taxonomy.packaged(), rules.names)


def _digests(demanded: Policy) -> dict[str, str]:
    tenants = {f"tenant {name}": str(one.digest) for name, one in demanded.tenants.items()}
    routes = {
        f"tenant {name} at {route}" if name else f"route {route}": str(one.digest)
        for (name, route), one in demanded.routes.items()
    }
    return tenants | routes


def _opened(url: str | None) -> Any:
    from guard import settings
    from guard.store import Store

    location = settings.read({"store": url}).store
    if location.startswith("sqlite:///") and not Path(location.removeprefix("sqlite:///")).exists():
        raise InputError(f"no audit store at {location}", "name it with --store")
    return contextlib.closing(Store(location, create=False))
