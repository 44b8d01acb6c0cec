"""The watch on revocation lists: what it tells a certificate's standing while the guard serves."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from guard import digest
from guard.audit import Bindings
from guard.errors import VerificationError
from guard.proxy import withdrawn
from guard.proxy.standing import Standing
from guard.revocation import NOTHING, Concern, Known
from guard.revocation_list import Entry, Listed, Revocations
from guard.store import Store
from guard.validity import State

NOW = datetime(2026, 11, 10, tzinfo=UTC)
DAY = timedelta(days=1)
ABOUT = Concern("Triage helper", 3, digest.of_bytes(b"certificate"), "sha256:a")


def lists(number: int = 1, *, issued: datetime = NOW, revoked: bool = False) -> Known:
    """What one verified list comes to."""
    entries = (Entry(product="Triage helper", serial=3, at=NOW.isoformat(), reason="test"),) if revoked else ()
    expires = issued + 7 * DAY
    says = Revocations(number=number, issued=issued.isoformat(), expires=expires.isoformat(), revoked=entries)
    one = Listed(says, "list.json", "sha256:a", "sha256:a", digest.of_bytes(b"list"), issued, expires)
    return Known((one,), entries)


@pytest.fixture
def standing(tmp_path: Path) -> Iterator[Standing]:
    """A certificate in force."""
    store = Store(f"sqlite:///{tmp_path}/audit.sqlite")
    bindings = Bindings(policy="p", certificate="c")
    yield Standing(bindings, NOW - DAY, NOW + 60 * DAY, store=store, clock=lambda: NOW, monotonic=lambda: 0.0)
    store.close()


def watched(standing: Standing, first: Known, *then: Callable[[], Known], at: datetime = NOW) -> list[State]:
    """Let the watch look some times, and return the state after each look."""
    states: list[State] = []
    rest = iter(then)

    def read() -> Known:
        states.append(standing())
        one = next(rest, None)
        if one is None:
            raise asyncio.CancelledError  # nothing is left to look at
        return one()

    async def run() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await withdrawn.watch(read, first, ABOUT, standing, lambda: at, every=0)

    asyncio.run(run())
    return states[1:]


def failing() -> Known:
    """A list that can't be verified."""
    raise VerificationError("not signed")


def broken() -> Known:
    """Something that nobody thought of."""
    raise OSError


def test_a_revoked_certificate_is_void_for_good(standing: Standing) -> None:
    """Also when a later list no longer names it."""
    states = watched(standing, lists(), lists, lambda: lists(2, revoked=True), lambda: lists(3))
    assert states == [State.VALID, State.VOID, State.VOID]


def test_a_stale_list_suspends_until_a_fresh_one_comes(standing: Standing) -> None:
    """The guard goes on as its policy says for a suspended certificate."""
    old, fresh = lists(issued=NOW - 8 * DAY), lists(2)
    assert watched(standing, old, lambda: old, lambda: fresh) == [State.SUSPENDED, State.VALID]


@pytest.mark.parametrize("bad", [failing, broken, lists, lambda: NOTHING], ids=["forged", "unreadable", "older", "gone"])
def test_a_list_that_can_not_be_leaned_on_suspends(standing: Standing, bad: Callable[[], Known]) -> None:
    """A forged, unreadable, older or missing list tells nothing, and the watch goes on."""
    newest = lists(5)
    assert watched(standing, newest, lambda: newest, bad, lambda: newest) == [State.VALID, State.SUSPENDED, State.VALID]


def test_a_list_from_the_future_suspends(standing: Standing) -> None:
    """One of two clocks is wrong."""
    assert watched(standing, lists(), lambda: lists(2, issued=NOW + DAY)) == [State.SUSPENDED]


def test_without_any_list_nothing_changes(standing: Standing) -> None:
    """A guard that was never given one goes by dates and canaries."""
    assert watched(standing, NOTHING, lambda: NOTHING) == [State.VALID]


def test_what_was_known_at_the_start_counts_at_once(standing: Standing) -> None:
    """A stale list suspends before the first look."""
    withdrawn.look(lists(issued=NOW - 8 * DAY), ABOUT, standing, NOW)
    assert standing() is State.SUSPENDED
    withdrawn.look(lists(2), ABOUT, standing, NOW)
    assert standing() is State.VALID
