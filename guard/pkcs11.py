"""A signing key on a PKCS#11 token: a smart card, a USB token, a hardware security module.

The private key never leaves the token. It is named by a `pkcs11:` URI, of which we read the part that finds a key (RFC 7512:
`token`, `serial`, `object`, `id`). Where the vendor's library lies and the PIN come from the environment, never from
the URI: a command line can be read by others.

A token picks its nonces at random, so signing the same bytes twice gives two signatures, both good.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from guard.errors import InputError
from guard.keys import PublicKey

SCHEME = "pkcs11:"
"""What the name of a key on a token begins with."""

_P256 = bytes.fromhex("06082a8648ce3d030107")
"""The curve's object identifier 1.2.840.10045.3.1.7 as DER: what CKA_EC_PARAMS of a P-256 key holds."""

_EXAMPLE = "write it like pkcs11:token=auscult;object=issuer"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key is; what is None or empty is not asked for."""

    token: str | None = None
    """Label of the token."""
    serial: str | None = None
    """Serial number of the token."""
    label: str | None = None
    """Label of the key: `object` in the URI."""
    id: bytes = b""
    """CKA_ID of the key."""


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A key on a token. A session lasts for one signature, so that a token may be taken out between two."""

    place: Place
    """Where the key is."""
    module: Path
    """The vendor's library."""
    public: PublicKey
    """The public half, as the token gives it."""
    pin: str = field(repr=False)
    """Opens the token; never printed."""

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message's SHA-256, as DER.

        Raises:
            InputError: The token is gone, refuses, or signs with another key than its public one.
        """
        from pkcs11 import KeyType, Mechanism, ObjectClass

        with _session(self.module, self.place, self.pin) as session:
            key = _only(session, self.place, ObjectClass.PRIVATE_KEY, KeyType.EC)
            raw = bytes(key.sign(hashlib.sha256(message).digest(), mechanism=Mechanism.ECDSA))
        if len(raw) != 64:
            raise InputError("the token gave a signature that is none of P-256")
        signature = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        try:
            self.public.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature as error:
            raise InputError("private and public key of that name on the token do not belong together") from error
        return signature


def place_of(uri: str) -> Place:
    """Read the subset of RFC 7512 that names one key.

    Raises:
        InputError: It is not such a URI, names something else, or holds a PIN.
    """
    if "?" in uri:
        raise InputError(
            "a pkcs11: URI with a query is not read: PIN and library never stand on a command line",
            "set AUSCULT_PKCS11_PIN and AUSCULT_PKCS11_MODULE",
        )
    found: dict[str, bytes] = {}
    for part in uri.removeprefix(SCHEME).split(";"):
        name, equals, value = part.partition("=")
        if not equals or name not in {"token", "serial", "object", "id", "type"} or name in found:
            raise InputError(f"not a pkcs11: URI that we read, at {part[:40]!r}", _EXAMPLE)
        if re.search(r"%(?![0-9A-Fa-f]{2})", value):
            raise InputError("a pkcs11: URI has a % that is no escape", _EXAMPLE)
        found[name] = unquote_to_bytes(value)
    if found.pop("type", b"private") != b"private":
        raise InputError("a pkcs11: URI names something else than a private key", _EXAMPLE)
    if not found.get("object") and not found.get("id"):
        raise InputError("a pkcs11: URI without object or id names no key", _EXAMPLE)
    try:
        texts = {name: found[name].decode() for name in ("token", "serial", "object") if name in found}
    except UnicodeDecodeError as error:
        raise InputError("a pkcs11: URI holds text that is not UTF-8", _EXAMPLE) from error
    return Place(texts.get("token"), texts.get("serial"), texts.get("object"), found.get("id", b""))


def open_token(uri: str, environment: Mapping[str, str]) -> TokenKey:
    """Find a key on a token and read its public half.

    Raises:
        InputError: Library, token, PIN or key is missing or wrong; or the key is not a P-256 key.
    """
    place = place_of(uri)
    module, pin = environment.get("AUSCULT_PKCS11_MODULE", ""), environment.get("AUSCULT_PKCS11_PIN", "")
    if not module or not Path(module).is_file():
        raise InputError("no PKCS#11 library", "set AUSCULT_PKCS11_MODULE to the file that came with the token")
    if not pin:
        raise InputError("no PIN for the token", "set AUSCULT_PKCS11_PIN")
    with _session(Path(module), place, pin) as session:
        from pkcs11 import Attribute, KeyType, ObjectClass

        _only(session, place, ObjectClass.PRIVATE_KEY, KeyType.EC)
        key = _only(session, place, ObjectClass.PUBLIC_KEY, KeyType.EC)
        curve, point = bytes(key[Attribute.EC_PARAMS]), bytes(key[Attribute.EC_POINT])
    return TokenKey(place, Path(module), _public(curve, point), pin)


def _public(curve: bytes, point: bytes) -> PublicKey:
    """Read CKA_EC_POINT: a DER octet string around the point, or, of some vendors, the bare point."""
    if curve != _P256:
        raise InputError("the key on the token is not an ECDSA P-256 key", "make one with curve secp256r1")
    bare = point[2:] if point[:2] == b"\x04\x41" else point
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bare)
    except ValueError as error:
        raise InputError("the public key on the token can't be read") from error


def _only(session: Any, place: Place, kind: Any, family: Any) -> Any:
    """Return the one object of a kind at a place; two of a name are as bad as none."""
    from pkcs11 import Attribute, ObjectClass

    wanted = {Attribute.CLASS: kind, Attribute.KEY_TYPE: family, Attribute.LABEL: place.label, Attribute.ID: place.id or None}
    found = list(session.get_objects({name: value for name, value in wanted.items() if value is not None}))
    if not found:
        what = "private" if kind is ObjectClass.PRIVATE_KEY else "public"
        raise InputError(f"the token has no elliptic {what} key of that name", "check object and id")
    if len(found) > 1:
        raise InputError("the token has several keys of that name", "say its id, too")
    return found[0]


@contextmanager
def _session(module: Path, place: Place, pin: str) -> Iterator[Any]:
    """Log in to a token, and say every failure in our words; no message carries the PIN."""
    try:
        import pkcs11
    except ModuleNotFoundError as error:
        raise InputError("a key on a token needs the package python-pkcs11", "pip install 'auscult[pkcs11]'") from error
    try:
        library = pkcs11.lib(str(module))
        wanted = {"token_label": place.token, "token_serial": place.serial.encode() if place.serial else None}
        token = library.get_token(**{name: value for name, value in wanted.items() if value is not None})
        with token.open(user_pin=pin) as session:
            yield session
    except pkcs11.NoSuchToken as error:
        raise InputError("no such token", "plug it in, and check token and serial of the pkcs11: URI") from error
    except pkcs11.MultipleTokensReturned as error:
        raise InputError("several tokens fit", "name one with token= or serial= in the pkcs11: URI") from error
    except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange) as error:
        raise InputError("the token refuses the PIN", "check AUSCULT_PKCS11_PIN; a few wrong ones lock a token") from error
    except pkcs11.PinLocked as error:
        raise InputError("the token is locked after too many wrong PINs", "have its officer unlock it") from error
    except (pkcs11.PKCS11Error, OSError, RuntimeError) as error:
        raise InputError(f"the token failed: {type(error).__name__}", "check the token and AUSCULT_PKCS11_MODULE") from error
