"""Numbers that only grow: what an installation has seen, it does not take an older one for."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard import seen
from guard.errors import RolledBack, StoreError
from guard.store import Store


def test_a_lower_number_is_refused_and_an_equal_or_higher_one_is_not(tmp_path: Path) -> None:
    """Name by name, and also after everything was closed."""
    url = f"sqlite:///{tmp_path}/audit.sqlite"
    name, other = seen.serial_of("Triage helper"), seen.serial_of("Other helper")
    for number in (2, 2, 5):
        seen.require(url, {name: number})
    seen.require(url, {other: 1})
    with pytest.raises(RolledBack, match="the serial number of Triage helper is 4, but 5 was seen here before"):
        seen.require(url, {other: 2, name: 4})
    seen.require(url, {name: 5, seen.list_of("sha256:00"): 1})
    seen.require(f"sqlite:///{tmp_path}/fresh.sqlite", {name: 1})


def test_it_lives_beside_the_audit_trail(tmp_path: Path) -> None:
    """In the same database, whichever was there first, and the trail stays intact."""
    url = f"sqlite:///{tmp_path}/audit.sqlite"
    Store(url).close()
    seen.require(url, {"it": 3})
    store = Store(url)
    seen.require(url, {"it": 4})
    assert store.verify().count == 0
    store.close()
    with pytest.raises(RolledBack):
        seen.require(url, {"it": 3})


def test_a_database_that_can_not_be_used_is_our_error(tmp_path: Path) -> None:
    """A folder, a file that is no database, an unknown kind: nothing was seen there, and the guard does not start."""
    (tmp_path / "notes.txt").write_text("no database at all, but long enough to be looked at")
    for url in (f"sqlite:///{tmp_path}", f"sqlite:///{tmp_path}/notes.txt", "nothing://"):
        with pytest.raises(StoreError):
            seen.require(url, {"it": 1})
