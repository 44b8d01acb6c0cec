"""Signed statements: verified by others, byte for byte the same, and broken by any change."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError as OtherVerificationError
from securesystemslib.signer import SSlibKey
from sigstore_models.bundle.v1 import Bundle

from guard import digest, dsse, keys
from guard.errors import SignatureError, UnknownSigner, VerificationError

KIND = "urn:auscult:test:v1"
KEY = keys.generate()
PUBLIC = keys.public(KEY)
TRUSTED = {keys.key_id(PUBLIC): PUBLIC}
PAYLOAD = dsse.statement(KIND, {"upper": "0.05"}, {"model": digest.of_bytes(b"model")})
BUNDLE = dsse.sign(PAYLOAD, KEY)
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
PREDICATES = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), JSON, max_size=4)


def envelope(bundle: bytes = BUNDLE) -> Any:
    """The DSSE envelope inside a bundle."""
    return json.loads(bundle)["dsseEnvelope"]


def signed(payload: bytes) -> bytes:
    """Sign any bytes."""
    return dsse.sign(payload, KEY)


def test_pae_is_the_published_vector() -> None:
    """The pre-authentication encoding of the DSSE protocol's own example; lengths count bytes, not characters."""
    expected = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert dsse.pae("http://example.com/HelloWorld", b"hello world") == expected
    assert dsse.pae("å", b"") == b"DSSEv1 2 \xc3\xa5 0 "


@given(PREDICATES)
def test_what_is_signed_is_verified(predicate: dict[str, Any]) -> None:
    """Any JSON object comes back as it was, with the bytes that were signed, its subjects and its signer."""
    payload = dsse.statement(KIND, predicate, {"model": digest.of_bytes(b"model")})
    found = dsse.verify(signed(payload), TRUSTED, KIND)
    assert found.predicate == predicate
    assert found.payload == payload
    assert found.digest == digest.of_bytes(payload)
    assert found.subjects == {"model": digest.of_bytes(b"model")}
    assert found.signer == keys.key_id(PUBLIC)


def test_the_same_inputs_give_the_same_bytes() -> None:
    """Signatures are deterministic, so a certificate can be made again byte for byte."""
    assert signed(PAYLOAD) == BUNDLE
    assert dsse.statement(KIND, {"upper": "0.05"}, {"model": digest.of_bytes(b"model")}) == PAYLOAD


def test_openssl_alone_verifies_a_bundle(tmp_path: Path) -> None:
    """Nothing of ours is needed: base64, the written encoding and `openssl dgst`; and it rejects a changed payload."""
    one = envelope()
    payload, kind = base64.b64decode(one["payload"]), one["payloadType"].encode()
    (tmp_path / "sig.bin").write_bytes(base64.b64decode(one["signatures"][0]["sig"]))
    (tmp_path / "key.pub").write_bytes(keys.public_pem(PUBLIC))
    for text, answer in ((payload, "Verified OK"), (payload.replace(b"0.05", b"0.01"), "Verification failure")):
        (tmp_path / "pae.bin").write_bytes(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(text), text))
        command = ["openssl", "dgst", "-sha256", "-verify", "key.pub", "-signature", "sig.bin", "pae.bin"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert answer in done.stdout, done.stderr


def test_securesystemslib_verifies_a_bundle() -> None:
    """The in-toto project's own library accepts the envelope, and rejects it under another key."""
    keyid = keys.key_id(PUBLIC)
    assert list(Envelope.from_dict(envelope()).verify([SSlibKey.from_crypto(PUBLIC, keyid)], 1)) == [keyid]
    stranger = SSlibKey.from_crypto(keys.public(keys.generate()), keyid)
    with pytest.raises(OtherVerificationError):
        Envelope.from_dict(envelope()).verify([stranger], 1)


def test_sigstore_reads_a_bundle() -> None:
    """It is a Sigstore bundle v0.3 that names its key by a hint."""
    bundle = Bundle.from_json(BUNDLE)
    assert bundle.media_type == dsse.BUNDLE_TYPE
    assert bundle.verification_material.public_key.hint == keys.key_id(PUBLIC)


@pytest.mark.parametrize("flip", [0x01, 0x20, 0x80])
def test_every_flipped_byte_breaks_a_bundle(flip: int) -> None:
    """No byte of the file can change, signed or not: brackets, spaces and base64 padding included."""
    for index in range(len(BUNDLE)):
        changed = bytearray(BUNDLE)
        changed[index] ^= flip
        with pytest.raises(VerificationError):
            dsse.verify(bytes(changed), TRUSTED, KIND)


def test_every_removed_byte_breaks_a_bundle() -> None:
    """Nor can one be taken out."""
    for index in range(len(BUNDLE)):
        with pytest.raises(VerificationError):
            dsse.verify(BUNDLE[:index] + BUNDLE[index + 1 :], TRUSTED, KIND)


@pytest.mark.parametrize(
    "changed",
    [
        BUNDLE + b"\n",
        BUNDLE + b" ",
        BUNDLE[:-1],
        b"\xef\xbb\xbf" + BUNDLE,
        BUNDLE.replace(b'"payloadType"', b'"payload": "", "payloadType"'),
        BUNDLE.replace(b'"tlogEntries": []', b'"tlogEntries": [], "more": 1'),
        BUNDLE.replace(b'"sig":', b'"sig" :'),
        BUNDLE.replace(b"/", b"\\/"),
        BUNDLE.decode().encode("utf-16"),
        json.dumps(json.loads(BUNDLE)).encode(),
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"dsseEnvelope": {"payload": 5}}',
        b'{"dsseEnvelope": {"payload": "", "signatures": []}}',
        b'{"dsseEnvelope": {"payload": "", "signatures": [{"sig": "", "keyid": 5}]}}',
        b"[" * 100_000,
        b"\xff",
    ],
    ids=lambda data: str(len(data)),
)
def test_a_bundle_is_written_one_way_only(changed: bytes) -> None:
    """Trailing bytes, a key that stands twice, another layout, encoding or shape are refused."""
    with pytest.raises(VerificationError):
        dsse.verify(changed, TRUSTED, KIND)


def test_a_second_signature_of_the_same_text_is_refused() -> None:
    """With (r, s) also (r, order - s) fits the bytes; only the one that we write is accepted, by us and by openssl."""
    signature = base64.b64decode(envelope()["signatures"][0]["sig"])
    r, s = decode_dss_signature(signature)
    assert s <= ORDER // 2
    other = encode_dss_signature(r, ORDER - s)
    changed = BUNDLE.replace(base64.b64encode(signature), base64.b64encode(other))
    assert list(Envelope.from_dict(envelope(changed)).verify([SSlibKey.from_crypto(PUBLIC, keys.key_id(PUBLIC))], 1))
    with pytest.raises(SignatureError):
        dsse.verify(changed, TRUSTED, KIND)


@pytest.mark.parametrize("signature", [b"", b"\x00", b"\x30\x06\x02\x01\x00\x02\x01\x00", b"\xff" * 70])
def test_what_is_no_signature_is_refused(signature: bytes) -> None:
    """An empty, a zero or a garbled signature is our error."""
    real = envelope()["signatures"][0]["sig"].encode()
    with pytest.raises(SignatureError):
        dsse.verify(BUNDLE.replace(real, base64.b64encode(signature)), TRUSTED, KIND)


def test_a_key_that_is_not_trusted_is_unknown() -> None:
    """The file is whole, but the verifier does not know who signed it; with no key at all, nobody is known."""
    other = keys.public(keys.generate())
    for trusted in ({keys.key_id(other): other}, {}):
        with pytest.raises(UnknownSigner):
            dsse.verify(BUNDLE, trusted, KIND)


def test_a_key_id_is_no_proof() -> None:
    """A bundle that names a trusted key, but is signed by another, fails at the signature."""
    forger = keys.generate()
    forged = dsse.sign(PAYLOAD, forger).replace(keys.key_id(keys.public(forger)).encode(), keys.key_id(PUBLIC).encode())
    with pytest.raises(SignatureError):
        dsse.verify(forged, TRUSTED, KIND)


def test_a_statement_of_another_kind_is_refused() -> None:
    """A valid signature on the wrong thing: a protocol can't pass for a certificate."""
    with pytest.raises(VerificationError, match="not a urn:auscult:other:v1"):
        dsse.verify(BUNDLE, TRUSTED, "urn:auscult:other:v1")
    with pytest.raises(VerificationError, match="not a urn:auscult:other:v1"):
        dsse.open_bundle(BUNDLE, "urn:auscult:other:v1")


STATEMENT = PAYLOAD.decode()
SHA = digest.of_bytes(b"model").removeprefix("sha256:")


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "5", "[]", "{}", STATEMENT + "x", STATEMENT + "{}",
        STATEMENT.replace("Statement/v1", "Statement/v2"),
        STATEMENT.replace('"predicate":', '"more": 1, "predicate":'),
        STATEMENT.replace('"upper"', '"upper": "0.9", "upper"'),
        STATEMENT.replace('"predicateType"', '"predicateType": "urn:auscult:other:v1", "predicateType"'),
        STATEMENT.replace('"sha256"', '"sha512"'),
        STATEMENT.replace(SHA, SHA.upper()),
        STATEMENT.replace(SHA, SHA[:-2]),
        STATEMENT.replace('"subject": [', '"subject": [{"name": "model", "digest": {"sha256": "%s"}}, ' % ("0" * 64)),
        STATEMENT.replace('"0.05"', "NaN"),
        STATEMENT.replace('"0.05"', "[" * 50_000 + "]" * 50_000),
    ],
    ids=lambda text: str(len(text)),
)  # fmt: skip
def test_signed_text_that_is_no_statement_is_refused(text: str) -> None:
    """Signed is not enough: unknown fields, names that stand twice, odd digests, trailing text and NaN are refused."""
    for read in (lambda data: dsse.verify(data, TRUSTED, KIND), lambda data: dsse.open_bundle(data, KIND)):
        with pytest.raises(VerificationError):
            read(signed(text.encode()))


def test_signed_bytes_that_are_not_utf8_are_refused() -> None:
    """Text in another encoding is our error."""
    with pytest.raises(VerificationError):
        dsse.verify(signed(PAYLOAD.replace(b"0.05", b"\xff")), TRUSTED, KIND)


def test_opening_without_a_key_still_reads_the_statement() -> None:
    """A reader that can't trust anyway gets the statement, and no signer."""
    found = dsse.open_bundle(BUNDLE, KIND)
    assert found.payload == PAYLOAD
    assert found.signer == ""


@pytest.mark.parametrize("make", [lambda: float("nan"), lambda: float("inf")])
def test_a_number_that_json_lacks_is_never_signed(make: Callable[[], float]) -> None:
    """NaN and infinity have no form that all readers share."""
    with pytest.raises(ValueError, match="JSON"):
        dsse.statement(KIND, {"upper": make()}, {})
