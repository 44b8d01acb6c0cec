"""Asking a time-stamping authority (RFC 3161), over HTTP or by files that are carried, and keeping what it answers.

Comes in: the bundle of a protocol or certificate. Goes out: the same bundle, with the authority's reply to the SHA-256 of its
signature. Nothing is sent anywhere unless an address is given, and then nothing but that digest.
"""

from __future__ import annotations

import hashlib
import http.client
import secrets
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from certify import der
from guard import dsse, timestamp
from guard.errors import InputError, TimestampError, VerificationError
from guard.timestamp import Authorities

Stamping = Callable[[bytes], bytes]
"""Takes a bundle, and gives it back with a time stamp, or as it was."""

TIMEOUT = 30.0
"""Seconds that an authority has for its answer."""

_LARGEST = 1 << 20
"""Bytes of an answer that we read; real ones have some thousand."""

_SHA256 = bytes.fromhex("300d06096086480165030402010500")
"""AlgorithmIdentifier of SHA-256, with the NULL that old authorities want, as DER."""


@dataclass(frozen=True, slots=True)
class Request:
    """What an authority is asked."""

    der: bytes
    """The request, as DER: the content of a .tsq file."""
    nonce: int
    """A fresh number that the answer repeats, so that no earlier answer passes for it."""


def unstamped(bundle: bytes) -> bytes:
    """Leave a bundle as it is: what is done where no authority is named."""
    return bundle


def request(signature: bytes, policy: str = "", nonce: int | None = None) -> Request:
    """Write the request for a time stamp on a signature (RFC 3161, 2.4.1), with the authority's certificate in the answer.

    Raises:
        InputError: The policy is not an object identifier.
    """
    number = secrets.randbits(63) | 1 << 63 if nonce is None else nonce
    imprint = der.value(der.SEQUENCE, _SHA256 + der.value(der.OCTETS, hashlib.sha256(signature).digest()))
    wanted = der.identifier(timestamp.object_identifier(policy).dotted_string) if policy else b""
    once = der.value(der.INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))
    body = der.value(der.INTEGER, b"\x01") + imprint + wanted + once + der.value(der.BOOLEAN, b"\xff")
    return Request(der.value(der.SEQUENCE, body), number)


def nonce_of(request: bytes) -> int:
    """Return the nonce of a request that was written here.

    Raises:
        InputError: It is not such a request.
    """
    try:
        ((tag, body),) = der.split(request)
        (nonce,) = [content for kind, content in der.split(body)[2:] if kind == der.INTEGER and tag == der.SEQUENCE]
    except ValueError as error:
        raise InputError("not a request for a time stamp", "name the .tsq file that was written for it") from error
    return int.from_bytes(nonce, "big")


def attach(bundle: bytes, reply: bytes, *, nonce: int | None = None, authorities: Authorities | None = None) -> bytes:
    """Return a bundle with an authority's reply in it.

    1. The reply grants a stamp on this bundle's signature, with the nonce that was asked for.
    2. Where authorities are named, it is signed by one of them.
    3. It is not in the bundle already.

    Raises:
        VerificationError: A step failed.
    """
    signature, present = dsse.stamps(bundle)
    reply = der.in_order(reply)
    # (1)
    _require_about(signature, reply, nonce)
    # (2)
    if authorities is not None:
        timestamp.check(signature, reply, authorities, nonce)
    # (3)
    return bundle if reply in present else dsse.stamped(bundle, reply)


def asking(url: str, authorities: Authorities | None = None, policy: str = "", timeout: float = TIMEOUT) -> Stamping:
    """Return what asks an authority at an address for a stamp on a bundle; one that carries a stamp already is left alone.

    Raises:
        InputError: The address is not one of HTTP, or the policy is no object identifier.
    """
    if not _is_http(url):
        raise InputError(f"not the address of a time-stamping authority: {url[:80]!r}", "it begins with http:// or https://")
    request(b"", policy)

    def stamp(bundle: bytes) -> bytes:
        signature, present = dsse.stamps(bundle)
        if present:
            return bundle
        asked = request(signature, policy)
        return attach(bundle, _post(url, asked.der, timeout), nonce=asked.nonce, authorities=authorities)

    return stamp


def _is_http(url: str) -> bool:
    try:
        return urlsplit(url).scheme in {"http", "https"} and bool(urlsplit(url).hostname)
    except ValueError:
        return False


def _require_about(signature: bytes, reply: bytes, nonce: int | None) -> None:
    try:
        from rfc3161_client import PKIStatus, decode_timestamp_response
    except ModuleNotFoundError as error:
        raise InputError("a time stamp needs the package rfc3161-client", "pip install 'auscult[timestamp]'") from error
    try:
        answer = decode_timestamp_response(reply)
        status = answer.status
        if status != PKIStatus.GRANTED:
            raise VerificationError(f"the authority refused the time stamp (status {status})", "ask its operator")
        info = answer.tst_info
        imprint, repeated = info.message_imprint.message, info.nonce
    except ValueError as error:
        raise VerificationError("the answer is not a time stamp") from error
    if imprint != hashlib.sha256(signature).digest():
        raise VerificationError("the time stamp is about another signature", "name the file that it was asked for")
    if nonce is not None and repeated != nonce:
        raise VerificationError("the time stamp answers another request: its nonce differs")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """An authority that points elsewhere is not followed: the address that was named is the one that is asked."""

    def redirect_request(self, *arguments: Any, **named: Any) -> None:
        """Follow nothing."""


def _post(url: str, body: bytes, timeout: float) -> bytes:
    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    asked = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310 - asking() lets HTTP through only
    try:
        with urllib.request.build_opener(_NoRedirect).open(asked, timeout=timeout) as answer:
            found: bytes = answer.read(_LARGEST + 1)
    except urllib.error.HTTPError as error:
        with error:
            raise _failed(url, f"answered with HTTP status {error.code}") from error
    except TimeoutError as error:
        raise _failed(url, f"did not answer within {timeout:g} seconds") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        slow = isinstance(getattr(error, "reason", None), TimeoutError)
        said = f"did not answer within {timeout:g} seconds" if slow else "can't be reached"
        raise _failed(url, said) from error
    if len(found) > _LARGEST:
        raise _failed(url, "sent too long an answer")
    return found


def _failed(url: str, what: str) -> TimestampError:
    host = urlsplit(url).hostname
    return TimestampError(f"the time-stamping authority at {host} {what}", "nothing was written; try again, or leave --tsa out")
