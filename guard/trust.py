"""Whom a verifier trusts, and from when to when.

Trust comes from the verifier: a key file or a directory, named on the command line or by AUSCULT_TRUST. A public key that
travels inside a dossier is information. A directory may hold

    *.pem, *.pub   public keys that are trusted
    keys.json      from when to when a key's signatures count: {"<key id>": {"notBefore": "...", "notAfter": "..."}}
    *.json         signed statements: announcements of new keys (`guard.rotation`), revocation lists (`guard.revocation`)

and other files, which are left alone. Every file is read once.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from guard import files, moments, rotation
from guard.errors import InputError, NotInForce, VerificationError
from guard.keys import PublicKey, key_id, read_public
from guard.moments import Window

REVOCATIONS = "urn:auscult:revocations:v1"
"""Predicate type of a revocation list."""
WINDOWS = "keys.json"
"""Name of the file with windows."""


class _Stated(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    not_before: str = ""
    not_after: str = ""


@dataclass(frozen=True, slots=True)
class Trust:
    """The keys that a verifier trusts."""

    keys: Mapping[str, PublicKey]
    """By key id."""
    windows: Mapping[str, Window] = field(default_factory=dict)
    """When the signatures of a key count; always, where it is missing."""
    origins: Mapping[str, str] = field(default_factory=dict)
    """First key of the line that a key stands in; itself, where it is missing."""
    lists: Mapping[str, bytes] = field(default_factory=dict)
    """Revocation lists of the directory by file name, not yet verified."""
    vouchers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Keys without whose word a key would not be trusted; none, where it is missing."""

    @classmethod
    def read(cls, path: Path) -> Trust:
        """Read a PEM key, or a directory.

        Raises:
            InputError: There is no key at all (trusting nothing is a mistake, not a setting), or `keys.json` is wrong.
            VerificationError: A file is not a key, or a statement is not what it should be.
        """
        if not path.is_dir():
            key = read_public(files.read(path), path.name)
            return cls({key_id(key): key})
        found = sorted(one for one in path.iterdir() if one.is_file())
        pem = [read_public(files.read(one), one.name) for one in found if one.suffix in {".pem", ".pub"}]
        if not pem:
            raise InputError(f"no .pem or .pub file in {path}", "put the certifier's public key there")
        others = {one.name: files.read(one) for one in found if one.suffix == ".json"}
        windows = _windows(others.pop(WINDOWS, b"{}"), path / WINDOWS)
        kinds = {name: _kind(data, name) for name, data in others.items()}
        announced = {name: others[name] for name, kind in kinds.items() if kind == rotation.PREDICATE}
        lines = rotation.follow({key_id(key): key for key in pem}, windows, announced)
        for one in windows:
            if one not in lines.keys:
                raise InputError(f"{path / WINDOWS} speaks of key {one[:23]}…, which is not here", "put its .pem there")
        lists = {name: others[name] for name, kind in kinds.items() if kind == REVOCATIONS}
        return cls(lines.keys, lines.windows, lines.origins, lists, lines.vouchers)

    def origin(self, signer: str) -> str:
        """Return the first key of the line that a key stands in."""
        return self.origins.get(signer, signer)

    def window(self, signer: str) -> Window:
        """Return when the signatures of a key count."""
        return self.windows.get(signer, Window())

    def require(self, signer: str, moment: datetime, what: str) -> None:
        """Check that a key's signatures counted at a moment.

        Raises:
            NotInForce: They did not yet, or no longer.
        """
        window = self.window(signer)
        if not window.covers(moment):
            raise NotInForce(
                f"{what} was signed on {moments.write(moment)}, but signatures of key {signer[:23]}… count {window}",
                "ask the issuer which key signs now",
            )


def trusted(path: Path | None, environment: Mapping[str, str] | None = None) -> Trust | None:
    """Return the keys that a verifier names: by an option, else by AUSCULT_TRUST; None where it names none.

    Raises:
        InputError: The named place holds no key.
        VerificationError: A file there is not a key.
    """
    named = path or (os.environ if environment is None else environment).get("AUSCULT_TRUST")
    return Trust.read(Path(named)) if named else None


def _windows(data: bytes, path: Path) -> dict[str, Window]:
    try:
        stated = msgspec.json.decode(data, type=dict[str, _Stated])
    except msgspec.DecodeError as error:
        raise InputError(f"{path} is not a table of keys: {error}", "see docs/verify.md") from error
    windows = {}
    for one, says in stated.items():
        begins, ends = (moments.parse(text) if text else None for text in (says.not_before, says.not_after))
        if begins and ends and ends < begins:
            raise InputError(f"{path}: key {one[:23]}… ends before it begins")
        windows[one] = Window(begins, ends)
    return windows


def _kind(data: bytes, name: str) -> str:
    """Return what a statement says that it is, before anything of it is verified.

    Raises:
        VerificationError: Nothing that a trust directory may hold: what was meant to count must not be passed over.
    """
    try:
        kind = json.loads(base64.b64decode(json.loads(data)["dsseEnvelope"]["payload"]))["predicateType"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise VerificationError(f"{name} is not a signed statement", f"only {WINDOWS} and such may end in .json") from error
    if kind not in (rotation.PREDICATE, REVOCATIONS):
        raise VerificationError(
            f"{name} is a {str(kind)[:60]}", f"this version reads {rotation.PREDICATE} and {REVOCATIONS} there"
        )
    return str(kind)
