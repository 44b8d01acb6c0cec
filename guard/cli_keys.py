"""The commands of who signs: `auscult key` and `auscult revoke`. Thin."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import msgspec

from guard import certificate, digest, dsse, files, keys, moments, revocation_list, rotation, signing
from guard.cli_output import say
from guard.errors import InputError, OutputError
from guard.keys import PublicKey, key_id
from guard.revocation_list import Entry, Listed
from guard.trust import Trust, trusted

EXISTING = click.Path(path_type=Path)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


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
    made = _make(path)
    click.echo(f"{path} (keep it), {path}.pub (hand it out)\n{key_id(made)}")


def _make(path: Path) -> PublicKey:
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
    return keys.public(made)


@key.command("public")
@click.argument("named", metavar="KEY")
@click.option("--out", type=EXISTING, required=True, help="File to write.")
@_json
def public_half(named: str, out: Path, as_json: bool) -> None:
    """Write the public half of KEY, a file or a key on a token, to hand it out.

    \b
    Example: auscult key public "pkcs11:token=auscult;object=issuer" --out issuer.pub
    """
    found = keys.public(signing.open_key(named))
    files.write(out, keys.public_pem(found))
    say(as_json, {"public": str(out), "key": key_id(found)}, lambda: f"{out} (hand it out)\n{key_id(found)}")


@key.command()
@click.argument("old")
@click.argument("new_key", type=EXISTING, metavar="NEW")
@click.option("--starts", help="Signatures of the new key count from here on (RFC 3339); by default from now.")
@click.option("--ends", help="Signatures of the old key count until here (RFC 3339); by default until the start.")
@click.option("--public", is_flag=True, help="NEW is the public half of a key that exists already, as on a token.")
@click.option("--out", type=EXISTING, help="File of the announcement; by default NEW.rotation.json.")
@_json
def rotate(
    old: str, new_key: Path, starts: str | None, ends: str | None, public: bool, out: Path | None, as_json: bool
) -> None:
    """Make a key at NEW, and let the key OLD announce that it takes over.

    Whoever trusts the old key puts the announcement into the folder of trusted keys. What the old key signed while it counted
    stays good. The password of both keys is read from AUSCULT_KEY_PASSWORD.

    \b
    Example: auscult key rotate issuer.pem issuer-2027.pem --starts 2027-01-01 --ends 2027-02-01
    """
    target = out or Path(f"{new_key}.rotation.json")
    if target.exists():
        raise InputError(f"{target} exists already", "name another with --out")
    signer = keys.signer(signing.open_key(old))
    now = moments.parse(moments.write(moments.now()))
    begins = moments.parse(starts) if starts is not None else now
    end = moments.parse(ends) if ends is not None else begins
    if not now <= begins <= end:
        raise InputError("a new key starts now or later, and the old one ends then or later", "see --starts and --ends")
    made = keys.read_public(files.read(new_key), new_key.name) if public else _make(new_key)
    payload = rotation.statement(signer.public, made, issued=now, begins=begins, ends=end)
    files.write(target, dsse.sign(payload, signer))
    facts = {
        "announcement": str(target), "old": key_id(signer.public), "new": key_id(made),
        "starts": moments.write(begins), "ends": moments.write(end),
    }  # fmt: skip
    say(as_json, facts, lambda: (
        f"{target}: {facts['new']} takes over on {facts['starts']}, {facts['old'][:23]}… ends on {facts['ends']}\n"
        f"hand {target} out: whoever trusts the old key puts it into the folder of trusted keys"
    ))  # fmt: skip


@click.command()
@click.argument("path", metavar="LIST", type=EXISTING)
@click.option("--key", "key_file", required=True, help="Signing key; its password is read from AUSCULT_KEY_PASSWORD.")
@click.option("--certificate", "certificates", multiple=True, help="Dossier, certificate.json, or digest of a payload.")
@click.option("--product", help="With --serial: what the certificate calls the thing that is certified.")
@click.option("--serial", type=click.IntRange(min=1), help="Serial number of a certificate.")
@click.option("--signer", "signers", multiple=True, help="A key whose signatures no longer count: its id, or its public half.")
@click.option("--reason", help="Why, for people.")
@click.option("--since", help="Revoked from here on (RFC 3339); by default from now.")
@click.option("--days", type=click.IntRange(1, 31), default=7, show_default=True, help="How long the list holds.")
@click.option("--renew", is_flag=True, help="Revoke nothing more; give the list a new number and new dates.")
@click.option("--trust", type=EXISTING, help="Folder of trusted keys, if another key of the same line signed LIST before.")
@_json
def revoke(path: Path, key_file: str, trust: Path | None, days: int, as_json: bool, **named: Any) -> None:
    """Withdraw certificates or keys: write or extend the signed list LIST, and hand it to whoever verifies.

    A list holds for a few days, and says so: issue it again with --renew before it ends, also when nothing has happened.

    \b
    Example: auscult revoke revocations.json --key issuer.pem --certificate dossier --reason "wrong labels in family 12"
    """
    entries = _entries(**named)
    signer = keys.signer(signing.open_key(key_file))
    own = _own(signer.public, trust)
    before = _before(path, own, key_id(signer.public))
    payload = revocation_list.statement(before, entries, now=moments.now(), valid_for=timedelta(days=days))
    data = dsse.sign(payload, signer)
    says = revocation_list.read(data, own, path.name).says  # what nobody would accept is not written
    files.write(path, data)
    facts = {"list": str(path), **msgspec.to_builtins(says)}
    say(as_json, facts, lambda: (
        f"{path}: list {says.number}, {len(says.revoked)} revoked, holds until {says.expires}\n"
        "issue it again before then with --renew"
    ))  # fmt: skip


def _entries(
    certificates: tuple[str, ...], product: str | None, serial: int | None, signers: tuple[str, ...], reason: str | None,
    since: str | None, renew: bool,
) -> list[Entry]:  # fmt: skip
    if (product is None) != (serial is None):
        raise InputError("--product and --serial name a certificate together")
    what: list[dict[str, Any]] = [{"certificate": _certificate(text)} for text in certificates]
    what += [{"key": _key(text)} for text in signers]
    what += [{"product": product, "serial": serial}] if serial is not None else []
    if bool(what) == renew:
        raise InputError(
            "nothing to revoke was named" if not what else "--renew revokes nothing",
            "name --certificate, --serial or --signer, or say --renew and none of them",
        )
    if what and not (reason or "").strip():
        raise InputError("a revocation needs a reason", "say --reason")
    at = moments.write(moments.parse(since) if since is not None else moments.now())
    return [Entry(**one, at=at, reason=reason or "") for one in what]


def _certificate(text: str) -> str:
    if text.startswith("sha256:"):
        digest.raw(text)
        return text
    path = Path(text)
    data = files.read(path / "certificate.json" if path.is_dir() else path)
    return dsse.open_bundle(data, certificate.PREDICATE).digest


def _key(text: str) -> str:
    if text.startswith("sha256:"):
        digest.raw(text)
        return text
    return key_id(keys.read_public(files.read(Path(text)), text))


def _own(public: PublicKey, trust: Path | None) -> Trust:
    """Trust the key that signs now, beside those of the line that it stands in."""
    others = trusted(trust, {}) or Trust({})
    return Trust({**others.keys, key_id(public): public}, others.windows, others.origins)


def _before(path: Path, own: Trust, signer: str) -> Listed | None:
    if not path.exists():
        return None
    before = revocation_list.read(files.read(path), own, path.name)
    if before.origin != own.origin(signer):
        raise InputError(f"{path} is the list of another line of keys", "name a file of your own")
    return before
