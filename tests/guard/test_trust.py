"""Whom a verifier trusts, and from when to when."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from guard import dsse, keys, moments, trust
from guard.errors import InputError, NotInForce, VerificationError
from guard.trust import Trust

PUBLIC = keys.public(keys.generate())


def test_trust_is_one_key_or_a_folder_of_keys(tmp_path: Path) -> None:
    """A folder counts its .pem and .pub files, and nothing else in it."""
    public = [keys.public(keys.generate()) for _ in range(3)]
    for name, key in zip(("a.pem", "b.pub", "c.txt"), public, strict=True):
        (tmp_path / name).write_bytes(keys.public_pem(key))
    (tmp_path / "folder.pem").mkdir()
    assert set(Trust.read(tmp_path).keys) == {keys.key_id(key) for key in public[:2]}
    assert set(Trust.read(tmp_path / "c.txt").keys) == {keys.key_id(public[2])}


def test_empty_trust_is_refused(tmp_path: Path) -> None:
    """A folder without keys is a mistake, not the wish to trust nobody."""
    (tmp_path / "readme.txt").write_text("keys go here")
    with pytest.raises(InputError, match=r"no \.pem or \.pub file"):
        Trust.read(tmp_path)
    with pytest.raises(InputError, match="cannot read"):
        Trust.read(tmp_path / "missing")


def test_one_bad_key_spoils_a_folder(tmp_path: Path) -> None:
    """A file that is not a key is named, not passed over."""
    (tmp_path / "a.pem").write_bytes(keys.public_pem(PUBLIC))
    (tmp_path / "b.pem").write_bytes(b"-----BEGIN PUBLIC KEY-----\nno\n-----END PUBLIC KEY-----\n")
    with pytest.raises(VerificationError, match=r"b\.pem is not a PEM public key"):
        Trust.read(tmp_path)


def test_trust_comes_from_the_option_or_the_environment(tmp_path: Path) -> None:
    """The option goes first; without either there is no trust at all."""
    for name in ("option.pem", "variable.pem"):
        (tmp_path / name).write_bytes(keys.public_pem(keys.public(keys.generate())))
    environment = {"AUSCULT_TRUST": str(tmp_path / "variable.pem")}
    assert trust.trusted(tmp_path / "option.pem", environment) == Trust.read(tmp_path / "option.pem")
    assert trust.trusted(None, environment) == Trust.read(tmp_path / "variable.pem")
    assert trust.trusted(None, {}) is None
    assert trust.trusted(None, {"AUSCULT_TRUST": ""}) is None


# keys.json: from when to when


def folder_of(path: Path, *public: keys.PublicKey, **files: bytes) -> Path:
    """A trust directory: keys by number, and other files, `__` standing for a dot."""
    path.mkdir(exist_ok=True)
    for number, key in enumerate(public):
        (path / f"{number}.pem").write_bytes(keys.public_pem(key))
    for name, data in files.items():
        (path / name.replace("__", ".")).write_bytes(data)
    return path


def test_a_window_beside_the_keys(tmp_path: Path) -> None:
    """A key's signatures count from notBefore to notAfter; a key without an entry always counts."""
    other = keys.public(keys.generate())
    window = {"notBefore": "2026-01-01T00:00:00Z", "notAfter": "2026-12-31T00:00:00Z"}
    table = json.dumps({keys.key_id(PUBLIC): window}).encode()
    found = Trust.read(folder_of(tmp_path / "trust", PUBLIC, other, keys__json=table))
    for text in ("2026-01-01T00:00:00+00:00", "2026-12-31T00:00:00+00:00"):
        found.require(keys.key_id(PUBLIC), moments.parse(text), "it")
    for text in ("2025-12-31T23:59:59+00:00", "2026-12-31T00:00:01+00:00"):
        with pytest.raises(NotInForce, match=f"it was signed on {re.escape(text)}, but signatures of key .* count from 2026"):
            found.require(keys.key_id(PUBLIC), moments.parse(text), "it")
        found.require(keys.key_id(other), moments.parse(text), "it")


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (b"[]", "is not a table of keys"), (b"{", "is not a table of keys"), (b'{"sha256:00": {"until": "2026"}}', "until"),
        (b'{"sha256:00": {"notAfter": "soon"}}', "not a time"), (b'{"sha256:00": {}}', "which is not here"),
        (b'{"sha256:00": {"notBefore": "2027-01-01", "notAfter": "2026-01-01"}}', "ends before it begins"),
    ],
)  # fmt: skip
def test_a_wrong_table_of_windows_is_refused(tmp_path: Path, table: bytes, words: str) -> None:
    """A window that was meant and does not count would be worse than none."""
    with pytest.raises(InputError, match=words):
        Trust.read(folder_of(tmp_path / "trust", PUBLIC, keys__json=table))


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"dsseEnvelope": {"payload": "x"}}', b"[" * 100_000])
def test_what_is_no_statement_may_not_end_in_json(tmp_path: Path, data: bytes) -> None:
    """A revocation list that was cut is named, not passed over."""
    with pytest.raises(VerificationError, match=r"list\.json is not a signed statement"):
        Trust.read(folder_of(tmp_path / "trust", PUBLIC, list__json=data))


def test_a_statement_of_another_kind_or_version_is_refused(tmp_path: Path) -> None:
    """It says what this version reads there."""
    data = dsse.sign(dsse.statement("urn:auscult:revocations:v2", {}, {}), keys.generate())
    with pytest.raises(VerificationError, match=r"list\.json is a urn:auscult:revocations:v2; this version reads .*:v1"):
        Trust.read(folder_of(tmp_path / "trust", PUBLIC, list__json=data))
