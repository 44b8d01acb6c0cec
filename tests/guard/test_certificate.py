"""Certificates and protocols as data: exact numbers, strict reading, and what follows from a protocol's bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard import certificate, digest, protocol
from guard.certificate import Certificate, number
from guard.errors import InputError, VerificationError
from guard.hazards import Claim, Stage
from guard.points import OperatingPoint, Threshold, thresholds

EMERGENCY = Claim("missed_emergency", Stage.PROMPT)
Make = Callable[..., Any]


@given(st.floats(-1e90, 1e90))
def test_a_number_reads_back_bit_for_bit(value: float) -> None:
    """A decimal string gives the same float, and is one that a reader accepts."""
    assert float(number(value)) == value
    point = {"claim": "a@prompt", "lang": "en", "bucket": "b", "threshold": number(value), "certified": True, "gate": "token"}
    assert msgspec.convert(point, OperatingPoint).threshold == number(value)


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e999", "", "1,5", " 1", "1 ", "1\n", "0x1", "٣", "1_0", "9" * 400])
def test_what_is_no_finite_decimal_is_refused(text: str) -> None:
    """A threshold at infinity would never fire; other ways of writing read differently elsewhere."""
    point = {"claim": "a@prompt", "lang": "en", "bucket": "b", "threshold": text, "certified": True, "gate": "token"}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(point, OperatingPoint)


def test_a_certificate_reads_back(make_certificate: Make) -> None:
    """What is signed is what was made."""
    one = make_certificate()
    assert certificate.read(msgspec.to_builtins(one)) == one


@pytest.mark.parametrize(
    "change",
    [{"more": 1}, {"serial": "1"}, {"eps": "wide"}, {"cells": [{}]}, {"subject": None}, {"operating_points": [{"claim": "x"}]}],
    ids=lambda change: next(iter(change)),
)
def test_a_predicate_in_another_form_is_refused(make_certificate: Make, change: dict[str, Any]) -> None:
    """Unknown, missing or mistyped fields, for certificates and protocols alike."""
    plain = msgspec.to_builtins(make_certificate())
    with pytest.raises(VerificationError, match="not in the format"):
        certificate.read(plain | change)
    with pytest.raises(VerificationError, match="not in the format"):
        protocol.read(plain)


def test_every_field_is_needed(make_certificate: Make) -> None:
    """A certificate without one of its fields is none, but for those that later versions added."""
    plain = msgspec.to_builtins(make_certificate())
    added = {field.name for field in msgspec.structs.fields(Certificate) if not field.required}
    assert added == {"any_mix", "review", "site"}
    for name in plain.keys() - added:
        with pytest.raises(VerificationError, match="not in the format"):
            certificate.read({field: value for field, value in plain.items() if field != name})


def test_operating_points_become_numbers(make_point: Make) -> None:
    """The hot path has floats by claim, language and bucket, and knows which of them carry bounds."""
    points = (make_point(), make_point(lang="da", threshold="-0.25", certified=False))
    assert thresholds(points) == {
        (EMERGENCY, "en", "upto1000"): Threshold(EMERGENCY, 1.5, True),
        (EMERGENCY, "da", "upto1000"): Threshold(EMERGENCY, -0.25, False),
    }
    assert thresholds(points)[EMERGENCY, "en", "upto1000"].shifted(0.5).value == 2.0
    with pytest.raises(InputError, match="not a claim"):
        thresholds((make_point("nothing"),))


def test_seed_and_order_follow_from_the_protocol() -> None:
    """Both are plain SHA-256, as the protocol says in words, so that anyone can compute them."""
    payload = digest.of_bytes(b"protocol")
    raw = hashlib.sha256(b"protocol").digest()
    assert protocol.row_seed(payload) == hashlib.sha256(b"certify" + raw).digest()
    assert protocol.order_key(payload, "a/en/b/0") == hashlib.sha256(raw + b"a/en/b/0").digest()
    other = digest.of_bytes(b"other protocol")
    assert protocol.row_seed(payload) != protocol.row_seed(other)
    draws = [f"claim/en/upto1000/{index}" for index in range(50)]
    orders = [sorted(draws, key=lambda draw: protocol.order_key(one, draw)) for one in (payload, other)]
    assert orders[0] != orders[1] != draws
