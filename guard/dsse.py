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
from guard.keys import PublicKey, SigningKey, key_id, signer

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
    signature: bytes = b""
    """The signature, as DER: what a time stamp is about."""
    timestamps: tuple[bytes, ...] = ()
    """Replies of time-stamping authorities (RFC 3161) to the signature, not yet checked."""

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


def sign(payload: bytes, key: SigningKey) -> bytes:
    """Return the bundle of a payload, signed with ECDSA P-256; the same bytes each time if the key is kept in a file."""
    one = signer(key)
    return _bundle(payload, low(one.sign(pae(PAYLOAD_TYPE, payload))), key_id(one.public))


def keep(earlier: bytes | None, fresh: bytes, key: PublicKey) -> bytes:
    """Return the earlier of two bundles where it says the same in the name of the same key, and else the fresh one.

    What was signed once is not signed anew: a token would write another signature, and a time stamp would be lost.
    """
    if earlier is None:
        return fresh
    try:
        then, now = _open(earlier), _open(fresh)
        _check_signature(then, key)
    except VerificationError:
        return fresh
    return earlier if (then.payload, then.keyid) == (now.payload, now.keyid) else fresh


def stamped(bundle: bytes, timestamp: bytes) -> bytes:
    """Add the reply of a time-stamping authority to a bundle; what is signed stays as it is.

    Raises:
        VerificationError: It is not a bundle.
    """
    opened = _open(bundle)
    return _bundle(opened.payload, opened.signature, opened.keyid, (*opened.timestamps, timestamp))


def stamps(bundle: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    """Return the signature of a bundle and the time stamps that it carries, neither of them checked.

    Raises:
        VerificationError: It is not a bundle.
    """
    opened = _open(bundle)
    return opened.signature, opened.timestamps


def low(signature: bytes) -> bytes:
    """Return the form of a signature with the smaller s: with (r, s) also (r, order - s) verifies, and one must do."""
    r, s = decode_dss_signature(signature)
    return encode_dss_signature(r, min(s, _ORDER - s))


@dataclass(frozen=True, slots=True)
class _Opened:
    """The parts of a bundle."""

    payload: bytes
    signature: bytes
    keyid: str
    timestamps: tuple[bytes, ...]


def _bundle(payload: bytes, signature: bytes, keyid: str, timestamps: tuple[bytes, ...] = ()) -> bytes:
    replies = [{"signedTimestamp": base64.b64encode(reply).decode()} for reply in timestamps]
    body = {
        "mediaType": BUNDLE_TYPE,
        "verificationMaterial": {
            "publicKey": {"hint": keyid},
            "tlogEntries": [],
            "timestampVerificationData": {"rfc3161Timestamps": replies},
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
    opened = _open(data)
    # (2)
    key = keys.get(opened.keyid)
    if key is None:
        raise UnknownSigner(f"signed by key {opened.keyid[:23]}…, which is not among the trusted keys")
    # (3)
    _check_signature(opened, key)
    # (4) and (5)
    return _parse(opened, predicate_type, opened.keyid)


def open_bundle(data: bytes, predicate_type: str) -> Statement:
    """Parse a bundle *without* checking its signature, for readers that can't trust anyway (a generator drawing rows).

    Raises:
        VerificationError: It is not such a bundle.
    """
    return _parse(_open(data), predicate_type, "")


def _check_signature(opened: _Opened, key: PublicKey) -> None:
    try:
        key.verify(opened.signature, pae(PAYLOAD_TYPE, opened.payload), ec.ECDSA(hashes.SHA256()))
        if low(opened.signature) != opened.signature:
            raise SignatureError("the signature is not written as we write signatures: a byte of it was changed")
    except (InvalidSignature, ValueError) as error:
        raise SignatureError("the signature does not fit the signed bytes") from error


def _open(data: bytes) -> _Opened:
    try:
        body = json.loads(data)
        envelope = body["dsseEnvelope"]
        payload = base64.b64decode(envelope["payload"], validate=True)
        signature = base64.b64decode(envelope["signatures"][0]["sig"], validate=True)
        keyid = envelope["signatures"][0]["keyid"]
        replies = body["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
        stamps = tuple(base64.b64decode(one["signedTimestamp"], validate=True) for one in replies)
        if not isinstance(keyid, str) or _bundle(payload, signature, keyid, stamps) != data:
            raise VerificationError("the file is not written as a bundle is written: a byte of it was changed")
    except (ValueError, KeyError, IndexError, TypeError, binascii.Error, RecursionError) as error:
        raise VerificationError("the file is not a Sigstore bundle v0.3 with one DSSE signature") from error
    return _Opened(payload, signature, keyid, stamps)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Join pairs to an object; where a name stands twice, two readers could read two things."""
    joined = dict(pairs)
    if len(joined) != len(pairs):
        raise ValueError("a name stands twice")
    return joined


def _parse(opened: _Opened, predicate_type: str, signed_by: str) -> Statement:
    payload = opened.payload
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
        raise VerificationError(
            f"the signed statement is a {body.predicate_type[:60]}, not a {predicate_type}, which this version reads"
        )
    return Statement(payload, body.predicate_type, body.predicate, subjects, signed_by, opened.signature, opened.timestamps)
