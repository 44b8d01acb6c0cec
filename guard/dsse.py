"""Signed statements: DSSE envelopes around in-toto statements, in Sigstore bundles v0.3.

Bytes in, bytes out. Signed bytes are kept as they are and never encoded again; they are verified before they are parsed.
A bundle must also be written exactly as `sign` writes it, so that no byte of the file, signed or not, can change unseen.

Sources: DSSE v1 protocol (secure-systems-lab/dsse), in-toto Attestation Framework Statement v1, Sigstore bundle v0.3.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from guard import digest
from guard.digest import Digest
from guard.errors import InputError, SignatureError, UnknownSigner, VerificationError
from guard.keys import PrivateKey, PublicKey, key_id, public

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Order of the base point of P-256 (NIST SP 800-186, 3.2.1.3)."""


class _Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    digest: dict[str, str]


_JSON_NAMES = {"type_": "_type", "predicate_type": "predicateType"}


class _Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename=_JSON_NAMES):
    type_: str
    subject: tuple[_Subject, ...]
    predicate_type: str
    predicate: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Statement:
    """A verified or freshly made in-toto statement, with the exact bytes that were signed."""

    payload: bytes
    """The signed bytes."""
    predicate_type: str
    """What the predicate is."""
    predicate: Any
    """Decoded predicate; not yet checked against a schema."""
    subjects: dict[str, Digest]
    """Digest of each subject, by name."""
    signer: str
    """Key id of the key that verified it."""

    @property
    def digest(self) -> Digest:
        """Digest of the payload."""
        return digest.of_bytes(self.payload)


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return DSSE's pre-authentication encoding: the bytes that are signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def statement(predicate_type: str, predicate: Any, subjects: Mapping[str, str]) -> bytes:
    """Write the payload of a statement: the same inputs give the same bytes.

    Args:
        predicate_type: A versioned constant.
        predicate: A msgspec struct or plain JSON value.
        subjects: `sha256:` digest by name.
    """
    body = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": digest.raw(value).hex()}} for name, value in subjects.items()],
        "predicateType": predicate_type,
        "predicate": msgspec.to_builtins(predicate),
    }
    return json.dumps(body, indent=1, ensure_ascii=False, allow_nan=False).encode()


def sign(payload: bytes, key: PrivateKey) -> bytes:
    """Return the bundle of a payload; ECDSA P-256 with deterministic nonces (RFC 6979)."""
    signature = key.sign(pae(PAYLOAD_TYPE, payload), ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    return _bundle(payload, _low(signature), key_id(public(key)))


def _low(signature: bytes) -> bytes:
    """Return the form of a signature with the smaller s: with (r, s) also (r, order - s) verifies, and one must do."""
    r, s = decode_dss_signature(signature)
    return encode_dss_signature(r, min(s, _ORDER - s))


def _bundle(payload: bytes, signature: bytes, keyid: str) -> bytes:
    body = {
        "mediaType": BUNDLE_TYPE,
        "verificationMaterial": {
            "publicKey": {"hint": keyid},
            "tlogEntries": [],
            "timestampVerificationData": {"rfc3161Timestamps": []},
        },
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": base64.b64encode(signature).decode(), "keyid": keyid}],
        },
    }
    return json.dumps(body, indent=1).encode() + b"\n"


def verify(data: bytes, keys: Mapping[str, PublicKey], predicate_type: str) -> Statement:
    """Verify a bundle against the verifier's own keys, then parse it.

    1. It is a bundle, written exactly as we write bundles.
    2. Its key id is one of `keys`.
    3. The signature fits the bytes.
    4. The payload is an in-toto statement.
    5. Its predicate type is the expected one.

    The caller must check the subjects and the predicate.

    Raises:
        VerificationError: With the step that failed, as SignatureError or UnknownSigner where it is one.
    """
    # (1)
    payload, signature, keyid = _open(data)
    # (2)
    key = keys.get(keyid)
    if key is None:
        raise UnknownSigner(f"signed by key {keyid[:23]}…, which is not among the trusted keys")
    # (3)
    try:
        key.verify(signature, pae(PAYLOAD_TYPE, payload), ec.ECDSA(hashes.SHA256()))
        if _low(signature) != signature:
            raise SignatureError("the signature is not written as we write signatures: a byte of it was changed")
    except (InvalidSignature, ValueError) as error:
        raise SignatureError("the signature does not fit the signed bytes") from error
    # (4) and (5)
    return _parse(payload, predicate_type, keyid)


def open_bundle(data: bytes, predicate_type: str) -> Statement:
    """Parse a bundle *without* checking its signature, for readers that can't trust anyway (a generator drawing rows).

    Raises:
        VerificationError: It is not such a bundle.
    """
    payload, _, _ = _open(data)
    return _parse(payload, predicate_type, "")


def _open(data: bytes) -> tuple[bytes, bytes, str]:
    try:
        body = json.loads(data)
        envelope = body["dsseEnvelope"]
        payload = base64.b64decode(envelope["payload"], validate=True)
        signature = base64.b64decode(envelope["signatures"][0]["sig"], validate=True)
        keyid = envelope["signatures"][0]["keyid"]
        if not isinstance(keyid, str) or _bundle(payload, signature, keyid) != data:
            raise VerificationError("the file is not written as a bundle is written: a byte of it was changed")
    except (ValueError, KeyError, IndexError, TypeError, binascii.Error, RecursionError) as error:
        raise VerificationError("the file is not a Sigstore bundle v0.3 with one DSSE signature") from error
    return payload, signature, keyid


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Join pairs to an object; where a name stands twice, two readers could read two things."""
    joined = dict(pairs)
    if len(joined) != len(pairs):
        raise ValueError("a name stands twice")
    return joined


def _parse(payload: bytes, predicate_type: str, signer: str) -> Statement:
    try:
        json.loads(payload, object_pairs_hook=_once)
        body = msgspec.json.decode(payload, type=_Statement)
        subjects = _once([(subject.name, Digest("sha256:" + subject.digest["sha256"])) for subject in body.subject])
        for value in subjects.values():
            digest.raw(value)
    except (ValueError, KeyError, RecursionError, InputError) as error:
        raise VerificationError("the signed text is not an in-toto statement") from error
    if body.type_ != STATEMENT_TYPE:
        raise VerificationError(f"the signed text is not an {STATEMENT_TYPE}")
    if body.predicate_type != predicate_type:
        raise VerificationError(f"the signed statement is a {body.predicate_type[:60]}, not a {predicate_type}")
    return Statement(payload, body.predicate_type, body.predicate, subjects, signer)
