"""Keys that hand over: a line of announcements carries trust forward, and nothing else does."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from guard import dsse, files, keys, revocation, revocation_list, rotation
from guard.dossier import open_sealed
from guard.errors import InputError, NotInForce, Revoked, SignatureError, UnknownSigner, VerificationError
from guard.keys import PrivateKey, key_id, public
from guard.revocation import Known
from guard.revocation_list import Entry
from guard.rotation import Lines, follow
from guard.trust import Trust

A, B, C, STRANGER = (ec.derive_private_key(number, ec.SECP256R1()) for number in (11, 12, 13, 14))
START = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
Make = Callable[..., Any]


def idof(key: PrivateKey) -> str:
    """Key id of a private key."""
    return key_id(public(key))


def announce(one: PrivateKey, heir: PrivateKey, day: int = 0, *, signed_by: PrivateKey | None = None, **changes: Any) -> bytes:
    """A bundle that announces a new key: signed on a day, counting ten days later, the old key ending after ten more."""
    begins = START + day * DAY
    fields = {
        "old": idof(one), "new": idof(heir), "new_key": keys.public_pem(public(heir)).decode(),
        "issued": begins, "begins": begins + 10 * DAY, "ends": begins + 20 * DAY,
    } | changes  # fmt: skip
    written = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in fields.items()}
    return dsse.sign(dsse.statement(rotation.PREDICATE, written, {"key": str(written["new"])}), signed_by or one)


def lines(*announced: bytes, roots: tuple[PrivateKey, ...] = (A,)) -> Lines:
    """Follow announcements from some trusted keys."""
    named = {f"{number}.json": data for number, data in enumerate(announced)}
    return follow({idof(key): public(key) for key in roots}, {}, named)


def trusting(*announced: bytes) -> Trust:
    """The trust that follows from key A and some announcements."""
    found = lines(*announced)
    return Trust(found.keys, found.windows, found.origins)


def test_the_statement_that_is_written_is_followed() -> None:
    """What `statement` writes and the old key signs adds the new key from its start, and ends the old one."""
    payload = rotation.statement(public(A), public(B), issued=START, begins=START + DAY, ends=START + 2 * DAY)
    found = lines(dsse.sign(payload, A))
    assert set(found.keys) == {idof(A), idof(B)}
    assert found.origins == {idof(A): idof(A), idof(B): idof(A)}
    assert found.windows[idof(A)].ends == START + 2 * DAY
    assert found.windows[idof(B)].begins == START + DAY


def test_a_chain_is_followed_in_any_order() -> None:
    """A hands over to B and B to C; each counts in its own window, whichever file is read first."""
    announced = [announce(A, B), announce(B, C, 40)]
    for order in itertools.permutations(announced):
        found = trusting(*order)
        assert found.origin(idof(C)) == found.origin(idof(B)) == idof(A)
        for key, day, counts in [(A, 20, True), (A, 21, False), (B, 9, False), (B, 10, True), (B, 61, False), (C, 49, False)]:
            assert found.windows[idof(key)].covers(START + day * DAY) == counts
        assert found.windows[idof(C)].covers(START + 1000 * DAY)


def test_a_dossier_counts_by_the_time_when_it_was_signed(tmp_path: Path, make_dossier: Make) -> None:
    """By the old key inside its window, by the new one from its start; outside, the outcome is stated."""
    trust = trusting(announce(A, B))
    for key, day, counts in [(A, 0, True), (A, 20, True), (A, 21, False), (B, 9, False), (B, 10, True), (B, 500, True)]:
        begins = (START + day * DAY).isoformat()
        folder = make_dossier(tmp_path / f"{idof(key)[:12]}-{day}", key, plan={"not_before": begins})
        if counts:
            assert open_sealed(folder, trust).trusted
        else:
            with pytest.raises(NotInForce, match="the protocol was signed on"):
                open_sealed(folder, trust)
    with pytest.raises(UnknownSigner):
        open_sealed(folder, Trust({idof(A): public(A)}))


def test_a_forged_announcement_is_refused() -> None:
    """Signed by the new key itself, by a stranger, or by a stranger in the old key's name."""
    for forged in (announce(A, B, signed_by=B), announce(STRANGER, B)):
        with pytest.raises(UnknownSigner, match=r"0\.json: signed by key"):
            lines(forged)
    named = announce(A, B, signed_by=STRANGER).replace(idof(STRANGER).encode(), idof(A).encode())
    with pytest.raises(SignatureError):
        lines(named)
    data = bytearray(announce(A, B))
    data[len(data) // 2] ^= 1
    with pytest.raises(VerificationError, match=r"0\.json: "):
        lines(bytes(data))


def test_an_announcement_speaks_of_its_own_keys() -> None:
    """A key can't hand over for another one, nor announce an id that is not the key that it holds."""
    for wrong in (announce(C, B, signed_by=A), announce(A, B, new=idof(C))):
        with pytest.raises(VerificationError, match="speaks of other keys"):
            lines(wrong)
    with pytest.raises(VerificationError, match="not in the format"):
        lines(announce(A, B, more="field"))


@pytest.mark.parametrize(
    "changes",
    [
        {"begins": START - DAY}, {"ends": START - DAY}, {"ends": START + 5 * DAY}, {"issued": START + 11 * DAY},
    ],
    ids=["starts before it was signed", "ends before it was signed", "a gap", "signed after the start"],
)  # fmt: skip
def test_a_back_dated_announcement_is_refused(changes: dict[str, datetime]) -> None:
    """Nobody takes over for a time that has passed, and the dates are in order."""
    with pytest.raises(VerificationError, match="is dated back"):
        lines(announce(A, B, **changes))


def test_a_key_can_not_hand_over_outside_its_window() -> None:
    """B announces C before B itself counts, or after B has handed over: neither counts."""
    with pytest.raises(VerificationError, match=r"was signed on .* but the key that signed it counts from"):
        lines(announce(A, B), announce(B, C, 5))
    windows = {idof(A): rotation.Window(None, START - DAY)}
    with pytest.raises(VerificationError, match="counts from the beginning to"):
        follow({idof(A): public(A)}, windows, {"b.json": announce(A, B)})


def test_a_key_hands_over_once_and_is_announced_once() -> None:
    """A thief of the old key can't add a second heir, and two old keys can't share one; a copy says nothing new."""
    with pytest.raises(VerificationError, match="hands over twice"):
        lines(announce(A, B), announce(A, C, 1))
    with pytest.raises(VerificationError, match="is announced twice"):
        lines(announce(A, C), announce(B, C), roots=(A, B))
    assert set(lines(announce(A, B), announce(A, B)).keys) == {idof(A), idof(B)}


@pytest.mark.parametrize("roots", [(A,), (A, B), (A, B, C)])
def test_a_circle_is_refused(roots: tuple[PrivateKey, ...]) -> None:
    """A to B to A, over three keys, or of a key to itself: none ends, and none gives a key its time back."""
    with pytest.raises(VerificationError, match="round in a circle"):
        lines(announce(A, B), announce(B, A, 15), roots=roots)
    with pytest.raises(VerificationError, match="round in a circle"):
        lines(announce(A, B), announce(B, C, 15), announce(C, A, 30), roots=roots)
    with pytest.raises(VerificationError, match="round in a circle"):
        lines(announce(A, A), roots=roots)


def test_keys_that_lie_there_themselves_get_their_windows_too() -> None:
    """Who puts old and new key and the announcement into one folder means all three."""
    found = lines(announce(A, B), roots=(A, B))
    assert found.origins[idof(B)] == idof(A)
    assert found.windows[idof(B)].begins == START + 10 * DAY


@pytest.mark.parametrize("names", [("a.json", "b.json"), ("b.json", "a.json")], ids=["announcement first", "list first"])
def test_a_revoked_key_announces_nobody(tmp_path: Path, make_dossier: Make, names: tuple[str, str]) -> None:
    """Dated back or not, in whatever order the files lie; an heir whose own key the verifier keeps stays."""
    entry = Entry(key=idof(A), at=(START + DAY).isoformat(), reason="stolen")
    for name, data in [
        ("a.pem", keys.public_pem(public(A))),
        ("c.pem", keys.public_pem(public(C))),
        (names[0], announce(A, B)),
    ]:
        files.write(tmp_path / "trust" / name, data)
    folder = make_dossier(tmp_path / "dossier", B, plan={"not_before": (START + 10 * DAY).isoformat()})

    def standing() -> Known:
        trust = Trust.read(tmp_path / "trust")
        found = revocation.known(trust)
        found.require(open_sealed(folder, trust).concern, START + 30 * DAY)
        return found

    standing()
    listing = revocation_list.statement(None, [entry], now=START + 2 * DAY)
    files.write(tmp_path / "trust" / names[1], dsse.sign(listing, C))
    with pytest.raises(Revoked, match="that vouches for its signer was revoked"):
        standing()
    files.write(tmp_path / "trust" / "heir.json", dsse.sign(revocation_list.statement(None, [], now=START + 11 * DAY), B))
    with pytest.raises(Revoked, match=r"heir\.json was signed by a key that"):
        standing()
    files.write(tmp_path / "trust" / "heir.pem", keys.public_pem(public(B)))
    assert standing().entries == (entry,)


def test_all_that_a_key_announced_falls_with_it() -> None:
    """Along a line, up to the next key that the verifier keeps itself."""
    announced = [announce(A, B), announce(B, C, 40)]
    assert lines(*announced).vouchers == {idof(B): (idof(A),), idof(C): (idof(B), idof(A))}
    assert lines(*announced, roots=(A, B)).vouchers == {idof(C): (idof(B),)}


def test_a_statement_needs_two_keys_and_dates_in_order() -> None:
    """Wrong usage is said before anything is signed."""
    with pytest.raises(InputError, match="take over from itself"):
        rotation.statement(public(A), public(A), issued=START, begins=START, ends=START)
    for begins, ends in [(START - DAY, START), (START + DAY, START)]:
        with pytest.raises(InputError, match="in order"):
            rotation.statement(public(A), public(B), issued=START, begins=begins, ends=ends)
