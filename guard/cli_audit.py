"""`auscult guard audit`: read, check, export and keep the audit chain. Thin; nothing heavy is imported early."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from guard import files, moments
from guard.cli_output import say
from guard.errors import CheckFailed, InputError, VerificationError

if TYPE_CHECKING:
    from guard.audit import AuditEvent
    from guard.store import Store

_PATH = click.Path(path_type=Path)
_store = click.option("--store", help="URL of the audit store; by default sqlite:///auscult-audit.sqlite.")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
_FORMATS = ("jsonl", "fhir-r4", "fhir-r5")
_ROLE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}")


@click.group("audit")
def audits() -> None:
    """Read the audit chain."""


@audits.command("verify")
@_store
@click.option("--head", help="Digest of the last line, kept elsewhere: without it or --checkpoints a cut tail can't be seen.")
@click.option("--checkpoints", type=_PATH, help="File of checkpoints, kept elsewhere.")
@click.option("--trust", type=_PATH, help="Public half of the key that signs them: an unsigned or strange one is refused.")
@_json
def verify_chain(store: str | None, head: str | None, checkpoints: Path | None, trust: Path | None, as_json: bool) -> None:
    """Follow the whole chain and name the first line that does not fit; exit 0 intact, 1 not.

    \b
    Example: auscult guard audit verify --store sqlite:///audit.sqlite --checkpoints /mnt/worm/heads.jsonl
    """
    from guard import heads
    from guard.chain import Broken
    from guard.digest import Digest
    from guard.trust import Trust

    if trust and not checkpoints:
        raise InputError("--trust says nothing without --checkpoints")
    kept = heads.read(checkpoints) if checkpoints else ()
    signed = heads.require_signed(kept, Trust.read(trust).keys) if trust else None
    with _opened(store) as opened:
        report = opened.verify(Digest(head) if head else None)
        report = report if isinstance(report, Broken) else (heads.against(opened, kept) or report)
    if isinstance(report, Broken):
        raise VerificationError(f"the chain breaks at event {report.index + 1}: it {report.reason}")
    facts = {"valid": True, "events": report.count, "head": report.head, "checkpoints": len(kept), "signed": signed}
    beside = f", as {len(kept)} checkpoints say" if kept else ""
    beside += f", {signed} of them signed by a trusted key" if signed is not None else ""
    say(as_json, facts, lambda: f"intact: {report.count} events, head {report.head}{beside}")


@audits.command()
@click.argument("request_id")
@_store
@_json
def show(request_id: str, store: str | None, as_json: bool) -> None:
    """Say in plain words what was decided about one request, and why.

    \b
    Example: auscult guard audit show 0f3c... --store sqlite:///audit.sqlite
    """
    from guard.audit import words

    events = _events(store, request_id)
    say(as_json, events, lambda: "\n".join(words.story(events)))


@audits.command()
@_store
@click.option("--out", type=_PATH, required=True, help="File to write, one JSON object a line.")
@click.option("--format", "form", type=click.Choice(_FORMATS), default="jsonl", help="Chained lines, or FHIR AuditEvents.")
def export(store: str | None, out: Path, form: str) -> None:
    """Write the whole chain as JSON lines that sha256sum can follow, or as FHIR AuditEvent resources.

    \b
    Example: auscult guard audit export --out audit.jsonl
    Example: auscult guard audit export --format fhir-r4 --out audit.ndjson
    """
    with _opened(store) as opened:
        lines = opened.lines() if form == "jsonl" else _resources(opened, form)
        files.write(out, b"".join(lines))
    click.echo(str(out))


@audits.command("key")
@click.option("--out", type=_PATH, required=True, help="File for the private half; keep it away from the guard.")
def make_key(out: Path) -> None:
    """Make the key pair that audit content is sealed to; prints what the policy has to say.

    The file is encrypted with the password in AUSCULT_KEY_PASSWORD.

    \b
    Example: auscult guard audit key --out auditor.key
    """
    from guard import sealing

    if out.exists():
        raise InputError(f"{out} exists already", "name a new file")
    key = sealing.generate()
    sealing.write_private(out, key, _password())
    click.echo(f'audit: {{content: encrypted, key: "{sealing.written(key)}"}}')


@audits.command()
@click.argument("request_id")
@click.option("--key", "key_file", type=_PATH, required=True, help="The private half, as audit key wrote it.")
@_store
@_json
def decrypt(request_id: str, key_file: Path, store: str | None, as_json: bool) -> None:
    """Open the sealed texts of one request; the password is in AUSCULT_KEY_PASSWORD.

    \b
    Example: auscult guard audit decrypt 0f3c... --key auditor.key
    """
    from guard import sealing

    key = sealing.read_private(key_file, _password())
    opened = [
        {"message": one.turn + 1, "role": one.role, "text": sealing.unseal(
            one.content, key, request=one.request, sequence=one.sequence
        )}
        for one in _events(store, request_id) if one.content
    ]  # fmt: skip
    if not opened:
        raise CheckFailed("this request has no sealed text", "the policy then in force did not ask for it")
    say(as_json, opened, lambda: "\n".join(f"{one['message']} {one['role']}: {one['text']}" for one in opened))


@audits.command()
@_store
@click.option("--out", type=_PATH, required=True, help="File of checkpoints, on another machine or a write-once disk.")
@click.option("--key", help="Signs it: a key file (password in AUSCULT_KEY_PASSWORD), or pkcs11:token=...;object=...")
@_json
def checkpoint(store: str | None, out: Path, key: str | None, as_json: bool) -> None:
    """Add a checkpoint of the chain to a file elsewhere, once its chain has been followed.

    \b
    Example: auscult guard audit checkpoint --out /mnt/worm/heads.jsonl
    """
    from guard import heads
    from guard.chain import Broken
    from guard.signing import open_key

    signing = open_key(key) if key else None
    with _opened(store) as opened:
        report = opened.verify()
        if isinstance(report, Broken):
            raise VerificationError(f"the chain breaks at event {report.index + 1}: it {report.reason}")
        events, head = heads.note(out, opened, moments.now(), signing)
    facts = {"events": events, "head": head, "signed": signing is not None}
    say(as_json, facts, lambda: f"{events} events, head {head}{', signed' if signing else ''}")


@audits.command()
@_store
@click.option("--grant", help="Role of PostgreSQL that guards use: it may then add and read, and nothing else.")
def migrate(store: str | None, grant: str | None) -> None:
    """Make the tables of the audit store, or bring them up to date, as the role that owns them.

    \b
    Example: auscult guard audit migrate --store postgresql+psycopg://owner@db/audit --grant guard
    """
    from guard import settings, tables
    from guard.database import BUSY_SECONDS, connect, translated

    if grant is not None and not _ROLE.fullmatch(grant):
        raise InputError("a role's name has letters, digits, _ and -")
    engine = connect(settings.read({"store": store}).store, BUSY_SECONDS, create=True).execution_options(auscult_writes=True)
    if grant and engine.dialect.name != "postgresql":
        raise InputError("only PostgreSQL has roles", "leave out --grant")
    try:
        with translated("brought up to date"):
            tables.prepare(engine)
            if grant:
                with engine.begin() as connection:
                    tables.grant(connection, grant)
    finally:
        engine.dispose()
    click.echo(f"the tables are those of version {tables.HEAD}" + (f"; {grant} may add and read" if grant else ""))


def _resources(opened: Store, form: str) -> Iterator[bytes]:
    from guard import audit
    from guard.audit import fhir

    for line in opened.lines():
        made = fhir.resource(audit.decode(line)[0], line, "fhir-r4" if form == "fhir-r4" else "fhir-r5")
        yield json.dumps(made, ensure_ascii=False).encode() + b"\n"


def _events(store: str | None, request_id: str) -> tuple[AuditEvent, ...]:
    with _opened(store) as opened:
        events = opened.events(request_id)
    if not events:
        raise CheckFailed(f"the store has no request {request_id[:80]!r}", "take the id from the answer's headers")
    return events


def _password() -> bytes:
    return os.fsencode(os.environ.get("AUSCULT_KEY_PASSWORD", ""))


@contextlib.contextmanager
def _opened(url: str | None) -> Iterator[Store]:
    from guard import settings
    from guard.store import Store

    location = settings.read({"store": url}).store
    if location.startswith("sqlite:///") and not Path(location.removeprefix("sqlite:///")).exists():
        raise InputError(f"no audit store at {location}", "name it with --store")
    with contextlib.closing(Store(location, create=False)) as opened:
        yield opened
