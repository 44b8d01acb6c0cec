"""Revocation lists: who may write one, how long it holds, what it withdraws, and that none can be slipped back."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from guard import digest, dsse, keys, revocation, revocation_list
from guard.dossier import open_sealed
from guard.errors import InputError, NotInForce, Revoked, RolledBack, UnknownSigner, VerificationError
from guard.keys import PrivateKey, key_id, public
from guard.moments import Window
from guard.revocation import NOTHING, Concern, Known, gather, known
from guard.revocation_list import Entry, Listed
from guard.trust import Trust

A, B, C = (ec.derive_private_key(number, ec.SECP256R1()) for number in (21, 22, 23))
START = datetime(2026, 11, 10, tzinfo=UTC)
DAY = timedelta(days=1)
CERTIFICATE = digest.of_bytes(b"certificate")
ABOUT = Concern("Triage helper", 3, CERTIFICATE, key_id(public(A)))
Make = Callable[..., Any]


def trusting(*ones: PrivateKey, **changes: Any) -> Trust:
    """Trust in some keys."""
    return Trust({key_id(public(one)): public(one) for one in ones}, **changes)


def entry(at: datetime = START, **what: Any) -> Entry:
    """Something withdrawn; by default the certificate, by its digest."""
    return Entry(at=at.isoformat(), reason="wrong labels", **(what or {"certificate": CERTIFICATE}))


def listed(*entries: Entry, number: int = 1, key: PrivateKey = A, issued: datetime = START, **changes: Any) -> bytes:
    """A signed list that holds for a week."""
    fields = {
        "number": number, "issued": issued.isoformat(), "expires": (issued + 7 * DAY).isoformat(), "revoked": entries,
    } | changes  # fmt: skip
    return dsse.sign(dsse.statement(revocation_list.PREDICATE, msgspec.to_builtins(fields), {}), key)


def of(*lists: bytes, trust: Trust | None = None) -> Known:
    """What some lists of a trust directory come to."""
    named = {f"list{number}.json": data for number, data in enumerate(lists)}
    held = trust or trusting(A)
    return known(Trust(held.keys, held.windows, held.origins, named))


WHAT = {
    "certificate": {"certificate": CERTIFICATE},
    "serial": {"product": "Triage helper", "serial": 3},
    "key": {"key": key_id(public(A))},
}


@pytest.mark.parametrize("what", WHAT)
def test_what_a_list_names_is_revoked_from_then_on(what: str) -> None:
    """By digest, by product and serial number, or by the key that signed it; before that moment it was good."""
    found = of(listed(entry(START + DAY, **WHAT[what])))
    found.require(ABOUT, START)
    for at in (START + DAY, START + 1000 * DAY):
        with pytest.raises(Revoked, match=r"was revoked on 2026-11-11T.*: wrong labels"):
            found.require(ABOUT, at)


@pytest.mark.parametrize(
    "other",
    [
        {"certificate": digest.of_bytes(b"another")}, {"product": "Triage helper", "serial": 2},
        {"product": "Other helper", "serial": 3}, {"key": key_id(public(B))},
    ],
    ids=str,
)  # fmt: skip
def test_nothing_else_is_revoked(other: dict[str, Any]) -> None:
    """Another certificate, number, product or key."""
    of(listed(entry(**other))).require(ABOUT, START + DAY)
    NOTHING.require(ABOUT, START)


def test_a_real_dossier_is_revoked_by_any_of_its_names(tmp_path: Path, make_dossier: Make) -> None:
    """The names come out of the verified dossier."""
    opened = open_sealed(make_dossier(tmp_path / "dossier", A), trusting(A))
    about = opened.concern
    assert about == Concern("Triage helper", 1, opened.certificate_digest, key_id(public(A)))
    for what in ({"certificate": about.certificate}, {"product": about.product, "serial": about.serial}, WHAT["key"]):
        with pytest.raises(Revoked):
            of(listed(entry(**what))).require(about, START)


def test_a_list_counts_only_when_a_trusted_key_signed_it_in_its_time() -> None:
    """A stranger's list, one signed before or after its key's window, or one with a changed byte is refused."""
    with pytest.raises(UnknownSigner, match=r"list0\.json: signed by key"):
        of(listed(key=B))
    windowed = trusting(A, windows={key_id(public(A)): Window(START + DAY, START + 2 * DAY)})
    of(listed(issued=START + DAY), trust=windowed)
    for issued in (START, START + 3 * DAY):
        with pytest.raises(NotInForce, match=r"list0\.json was signed on"):
            of(listed(issued=issued), trust=windowed)
    good = listed(entry())
    for place in random.Random(5).sample(range(len(good)), 100):
        data = bytearray(good)
        data[place] ^= 1
        with pytest.raises(VerificationError):
            of(bytes(data))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"number": 0}, "has no number"), ({"expires": START.isoformat()}, "for no time"),
        ({"expires": (START + 32 * DAY).isoformat()}, "longer than 31 days"), ({"expires": "2026-11-20T00:00:00"}, "time zone"),
        ({"expires": "soon"}, "a date that is none"), ({"more": 1}, "not in the format"),
        ({"revoked": [{"key": "", "at": START.isoformat(), "reason": "x"}]}, "names none, or more than one"),
        ({"revoked": [entry(certificate=CERTIFICATE, key=key_id(public(A)))]}, "names none, or more than one"),
        ({"revoked": [entry(product="x")]}, "names none, or more than one"),
        ({"revoked": [entry(certificate=CERTIFICATE, serial=0, product="x")]}, "names none, or more than one"),
        ({"revoked": [entry(certificate="sha256:00")]}, "an id that is none"),
        ({"revoked": [Entry(certificate=CERTIFICATE, at="soon", reason="x")]}, "a date that is none"),
        ({"revoked": [Entry(certificate=CERTIFICATE, at=START.isoformat(), reason=" ")]}, "without a reason"),
    ],
)  # fmt: skip
def test_a_list_that_is_none_is_refused(changes: dict[str, Any], words: str) -> None:
    """Also under a good signature: an entry that names nothing would withdraw nothing, and nobody would notice."""
    with pytest.raises(VerificationError, match=words):
        of(listed(**changes))


def test_a_list_is_fresh_until_its_end() -> None:
    """Then it is stale, and the words say so; what it withdrew stays withdrawn."""
    found = of(listed(entry(certificate=digest.of_bytes(b"another")), number=4))
    assert found.stale(START + 7 * DAY) is None
    assert found.words(START) == "not revoked: revocation list 4 holds until 2026-11-17T00:00:00+00:00"
    late = START + 7 * DAY + timedelta(seconds=1)
    assert isinstance(found.stale(late), Listed)
    assert "as far as known: revocation list 4 ended on 2026-11-17" in found.words(late)
    assert NOTHING.words(late) == "no revocation list was given"
    with pytest.raises(Revoked):
        of(listed(entry())).require(ABOUT, late)


def test_a_list_from_the_future_shows_a_wrong_clock() -> None:
    """Five minutes are what honest clocks may differ by."""
    found = of(listed())
    found.require_past(START - timedelta(minutes=5))
    with pytest.raises(NotInForce, match="yet to come; check the clock"):
        found.require_past(START - timedelta(minutes=6))


def test_the_newest_list_counts_and_older_ones_withdraw_all_the_same() -> None:
    """A later list without an entry brings nothing back."""
    found = of(listed(entry(), number=1), listed(number=2, issued=START + DAY))
    assert found.numbers == {key_id(public(A)): 2}
    assert found.stale(START + 8 * DAY) is None
    with pytest.raises(Revoked):
        found.require(ABOUT, START + DAY)


def test_a_named_list_may_not_be_older_than_the_one_beside_it() -> None:
    """The folder has list 2: list 1 is refused, list 2 and list 3 are taken, another list 2 is refused."""
    two = listed(number=2)
    trust = Trust(trusting(A).keys, lists={"kept.json": two})
    with pytest.raises(RolledBack, match=r"named\.json is revocation list 1, but list 2 was seen before"):
        known(trust, {"named.json": listed(number=1)})
    assert known(trust, {"named.json": two}).numbers == {key_id(public(A)): 2}
    assert known(trust, {"named.json": listed(number=3)}).numbers == {key_id(public(A)): 3}
    with pytest.raises(VerificationError, match="two lists with the number 2"):
        known(trust, {"named.json": listed(entry(), number=2)})


def test_a_list_older_than_one_seen_before_is_refused() -> None:
    """Where the same line of keys was seen; another line is not comparable."""
    found = of(listed(number=3))
    found.require_from_now_on({key_id(public(A)): 3, key_id(public(B)): 9})
    with pytest.raises(RolledBack, match="list 3, but list 4 was seen before"):
        found.require_from_now_on({key_id(public(A)): 4})


def test_a_line_of_keys_keeps_one_list() -> None:
    """The heir goes on counting where the old key stopped; a list of the old key from then is older."""
    line = trusting(A, B, origins={key_id(public(A)): key_id(public(A)), key_id(public(B)): key_id(public(A))})
    found = of(listed(number=5), listed(number=6, key=B), trust=line)
    assert found.numbers == {key_id(public(A)): 6}
    apart = of(listed(number=5), listed(number=6, key=B), trust=trusting(A, B))
    assert apart.numbers == {key_id(public(A)): 5, key_id(public(B)): 6}


def test_one_stale_line_makes_the_whole_stale() -> None:
    """Two issuers, one of whom has stopped publishing."""
    found = of(listed(), listed(key=B, issued=START + 6 * DAY), trust=trusting(A, B))
    assert found.stale(START + 7 * DAY) is None
    assert found.stale(START + 8 * DAY) is not None
    assert "revocation lists 1, 1 hold until" in found.words(START)


def test_a_withdrawn_key_can_not_write_lists_any_more() -> None:
    """Whoever stole it can't hide its withdrawal behind a list of its own; a key may withdraw itself."""
    withdrawal = listed(entry(START + DAY, key=key_id(public(A))), key=B)
    of(withdrawal, listed(issued=START), trust=trusting(A, B))
    with pytest.raises(Revoked, match=r"list1\.json was signed by a key that list0\.json had withdrawn by then"):
        of(withdrawal, listed(issued=START + 2 * DAY), trust=trusting(A, B))
    assert of(listed(entry(START, key=key_id(public(A))))).withdrawn(ABOUT, START)


def test_statement_extends_a_list() -> None:
    """It keeps every entry, counts one on, and dates it anew; the same inputs give the same bytes."""
    first = revocation_list.statement(None, [entry()], now=START)
    before = revocation_list.read(dsse.sign(first, A), trusting(A))
    more = entry(**WHAT["serial"])
    second = revocation_list.statement(before, [more, entry()], now=START + DAY, valid_for=2 * DAY)
    says = revocation_list.read(dsse.sign(second, A), trusting(A)).says
    assert (before.says.number, says.number) == (1, 2)
    assert says.revoked == (entry(), more)
    assert (before.expires, says.expires) == (START + 7 * DAY, (START + 3 * DAY).isoformat())
    assert revocation_list.statement(None, [entry()], now=START) == first


def test_statement_refuses_what_no_reader_would_take() -> None:
    """Too long, for no time, an entry that names nothing, a clock behind the list before."""
    for valid_for in (timedelta(0), 32 * DAY):
        with pytest.raises(InputError, match="at most 31 days"):
            revocation_list.statement(None, [entry()], now=START, valid_for=valid_for)
    with pytest.raises(InputError, match="names none"):
        revocation_list.statement(None, [Entry(at=START.isoformat(), reason="x")], now=START)
    before = revocation_list.read(listed(), trusting(A))
    with pytest.raises(InputError, match="check the clock"):
        revocation_list.statement(before, [], now=START - DAY)


def test_gather_reads_folder_and_file(tmp_path: Path) -> None:
    """Lists of a trust directory and a named one; a list that nobody can vouch for is no list."""
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust" / "a.pem").write_bytes(keys.public_pem(public(A)))
    (tmp_path / "trust" / "list.json").write_bytes(listed(number=2))
    (tmp_path / "named.json").write_bytes(listed(entry(), number=3))
    trust = Trust.read(tmp_path / "trust")
    assert gather(trust, None).numbers == {key_id(public(A)): 2}
    assert gather(trust, tmp_path / "named.json").withdrawn(ABOUT, START)
    assert gather(None, None) == NOTHING
    with pytest.raises(UnknownSigner, match="no trusted key"):
        gather(None, tmp_path / "named.json")
    with pytest.raises(InputError, match="cannot read"):
        gather(trust, tmp_path / "missing.json")
    assert revocation.gather(Trust({}), None) == NOTHING
