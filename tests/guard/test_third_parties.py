"""What others make of our files, without our code: openssl and jq, securesystemslib, sigstore, OpenSSF model-signing."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import model_signing.hashing
import pytest
from model_signing._signing.signing import Payload
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError as OtherVerificationError
from securesystemslib.signer import SSlibKey
from sigstore_models.bundle.v1 import Bundle

from guard import certificate, digest, dsse, keys, moments, protocol, revocation_list, rotation
from guard.dossier import SEAL_PREDICATE
from guard.keys import PrivateKey, key_id, public
from guard.revocation_list import Entry
from guard.trust import Trust

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "docs" / "examples" / "smollm2"
NOW = moments.now()
DAY = timedelta(days=1)
TOOLS = all(shutil.which(tool) for tool in ("bash", "openssl", "jq", "base64", "sha256sum"))
SHELL = pytest.mark.skipif(not TOOLS, reason="needs bash, openssl, jq and coreutils")
Sealed = tuple[Path, PrivateKey, Trust]


@pytest.fixture
def shell() -> Callable[..., tuple[int, str]]:
    """Run the shell lines of docs/verify.md in a dossier, with a key; return exit code and what was printed."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "verify.md").read_text(), re.DOTALL)

    def run(folder: Path, key: bytes, listed: Path | None = None, steps: slice = slice(None)) -> tuple[int, str]:
        (folder / "certifier.pub").write_bytes(key)
        environment = {**os.environ, "LIST": str(listed or "")}
        script = "\n".join([*blocks[:2], *blocks[2:][steps]])
        done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.fixture
def statements(sealed: Sealed) -> dict[str, tuple[str, bytes]]:
    """Every kind of statement that we sign: type and bundle, all by the dossier's key."""
    folder, key, _ = sealed
    heir = public(keys.generate())
    handover = rotation.statement(public(key), heir, issued=NOW, begins=NOW, ends=NOW + DAY)
    kinds = {"seal": SEAL_PREDICATE, "protocol": protocol.PREDICATE, "certificate": certificate.PREDICATE}
    found = {name: (kind, (folder / f"{name}.json").read_bytes()) for name, kind in kinds.items()}
    found["rotation"] = rotation.PREDICATE, dsse.sign(handover, key)
    found["revocations"] = revocation_list.PREDICATE, listed(key)
    return found


def listed(issuer: PrivateKey, /, *, days: int = 0, **what: Any) -> bytes:
    """A list that was issued some days ago and withdraws one thing."""
    at = NOW - days * DAY
    entry = Entry(at=at.isoformat(timespec="seconds"), reason="test", **(what or {"certificate": digest.of_bytes(b"other")}))
    return dsse.sign(revocation_list.statement(None, [entry], now=at), issuer)


@pytest.mark.parametrize("name", ["seal", "protocol", "certificate", "rotation", "revocations"])
def test_the_in_toto_projects_library_verifies_each_statement(
    statements: dict[str, tuple[str, bytes]], sealed: Sealed, name: str
) -> None:
    """Securesystemslib accepts each under the issuer's key, and none under another or with a changed payload."""
    kind, bundle = statements[name]
    held, keyid = public(sealed[1]), key_id(public(sealed[1]))

    def envelope(old: bytes = b"", new: bytes = b"") -> Envelope:
        body = json.loads(bundle)["dsseEnvelope"]
        payload = base64.b64decode(body["payload"]).replace(old, new, 1)
        return Envelope.from_dict(body | {"payload": base64.b64encode(payload).decode()})

    assert list(envelope().verify([SSlibKey.from_crypto(held, keyid)], 1)) == [keyid]
    body = json.loads(envelope().payload)
    assert (body["_type"], body["predicateType"]) == (dsse.STATEMENT_TYPE, kind)
    with pytest.raises(OtherVerificationError):
        envelope().verify([SSlibKey.from_crypto(public(keys.generate()), keyid)], 1)
    with pytest.raises(OtherVerificationError):
        envelope(b"sha256", b"sha255").verify([SSlibKey.from_crypto(held, keyid)], 1)


@pytest.mark.parametrize("name", ["seal", "protocol", "certificate", "rotation", "revocations"])
def test_sigstore_reads_each_statement(statements: dict[str, tuple[str, bytes]], sealed: Sealed, name: str) -> None:
    """As a bundle v0.3 with one DSSE envelope, whose key is named by a hint."""
    bundle = Bundle.from_json(statements[name][1])
    assert bundle.media_type == dsse.BUNDLE_TYPE
    assert bundle.verification_material.public_key.hint == key_id(public(sealed[1]))
    assert bundle.dsse_envelope.payload_type == dsse.PAYLOAD_TYPE


def test_the_openssf_library_computes_the_subject_that_is_signed(sealed: Sealed, model: Path) -> None:
    """Its digest of the model's folder is the subject of protocol and certificate."""
    payload = Payload(model_signing.hashing.hash(model))
    root = "sha256:" + payload.statement.pb.subject[0].digest["sha256"]
    for name, kind in (("protocol", protocol.PREDICATE), ("certificate", certificate.PREDICATE)):
        opened = dsse.open_bundle((sealed[0] / f"{name}.json").read_bytes(), kind)
        assert opened.subjects["model"] == root
    (model / "config.json").write_bytes(b"{ }")
    assert Payload(model_signing.hashing.hash(model)).statement.pb.subject[0].digest["sha256"] != root.removeprefix("sha256:")


@SHELL
def test_the_shell_lines_verify_the_example(shell: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    """The certificate of a real model, with openssl, jq and sha256sum alone; a changed byte is found."""
    shutil.copytree(EXAMPLE / "dossier", tmp_path / "dossier")
    key = (EXAMPLE / "trust" / "example.pem").read_bytes()
    code, said = shell(tmp_path / "dossier", key)
    assert (code, said.count("Verified OK")) == (0, 3), said
    data = bytearray((tmp_path / "dossier" / "report.html").read_bytes())
    data[1000] ^= 1
    (tmp_path / "dossier" / "report.html").write_bytes(data)
    code, said = shell(tmp_path / "dossier", key)
    assert code != 0
    assert "report.html: FAILED" in said


@SHELL
def test_the_shell_lines_honour_a_revocation_list(
    shell: Callable[..., tuple[int, str]], sealed: Sealed, tmp_path: Path
) -> None:
    """A list that names something else passes; a stale one, a forged one, and any that names this dossier do not."""
    folder, key, _ = sealed
    held = dsse.open_bundle((folder / "certificate.json").read_bytes(), certificate.PREDICATE).digest
    named = [{"certificate": held}, {"key": key_id(public(key))}, {"product": "Triage helper", "serial": 1}]
    cases = [
        (listed(key), 0, "revocation list 1, issued"), (listed(key, days=8), 1, "stale"),
        (listed(keys.generate()), 1, "erification failure"),
        (listed(key, product="Triage helper", serial=2), 0, "holds until"),
        *((listed(key, **what), 1, "revoked") for what in named),
    ]  # fmt: skip
    for data, expected, words in cases:
        (tmp_path / "list.json").write_bytes(data)
        code, said = shell(folder, keys.public_pem(public(key)), tmp_path / "list.json", slice(-1, None))
        assert (code, words in said) == (expected, True), said
