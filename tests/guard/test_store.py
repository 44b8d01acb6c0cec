"""The audit store: durable, append-only, one chain whatever writes to it, and an error of ours when it can't."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from guard import chain, seen
from guard.audit import AuditEvent, Bindings, Phase
from guard.chain import Broken, Intact
from guard.errors import RolledBack, StoreError
from guard.store import Store


def event(request: str = "r", sequence: int = 0, **values: str) -> AuditEvent:
    """A short event."""
    return AuditEvent(
        request=request, sequence=sequence, tenant="t", recorded="2026-01-01T00:00:00.000Z", phase=Phase.BEGUN,
        agent="a", source="s", entity="m", bindings=Bindings(policy="p"), **values,
    )  # type: ignore[arg-type]  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "audit.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    """An open store."""
    opened = Store(f"sqlite:///{path}", busy=0.2)
    yield opened
    opened.close()


async def test_what_is_appended_is_found_by_request_and_in_order(store: Store) -> None:
    """Each event comes back, and the head is that of the chain."""
    await store.append(event("one", 0))
    await store.append(event("two", 0), event("two", 1))
    head = await store.append(event("one", 1))
    assert [found.sequence for found in store.events("one")] == [0, 1]
    assert [found.sequence for found in store.events("two")] == [0, 1]
    assert store.events("three") == ()
    assert store.verify(head) == Intact(4, head)


async def test_events_are_there_after_reopening(path: Path) -> None:
    """A store that is opened again goes on with the same chain."""
    first = Store(f"sqlite:///{path}")
    head = await first.append(event())
    first.close()
    second = Store(f"sqlite:///{path}")
    assert second.verify(head) == Intact(1, head)
    after = await second.append(event("next"))
    assert second.verify(after) == Intact(2, after)
    second.close()


async def test_an_event_is_committed_when_append_returns(store: Store, path: Path) -> None:
    """Another process sees it at once, and the journal is synced on commit."""
    await store.append(event())
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT count(*) FROM auscult_events").fetchone() == (1,)
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    other.close()
    with store._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


async def test_the_chain_can_be_checked_as_a_file(store: Store, tmp_path: Path) -> None:
    """Exported lines are a chained file like any other."""
    for number in range(3):
        head = await store.append(event(str(number)))
    exported = tmp_path / "audit.jsonl"
    exported.write_bytes(b"".join(store.lines()))
    assert len(chain.read(exported)) == 3
    assert chain.head(exported) == head


CHANGES = [
    "UPDATE auscult_events SET line = 'x' WHERE number = 1",
    "DELETE FROM auscult_events WHERE number = 1",
    "INSERT OR REPLACE INTO auscult_events SELECT number, request, previous, digest, 'x' FROM auscult_events",
]


@pytest.mark.parametrize("change", CHANGES)
async def test_the_database_refuses_changes(store: Store, path: Path, change: str) -> None:
    """Rows can be added, not altered, replaced or taken out."""
    for number in range(3):
        head = await store.append(event(str(number)))
    with sqlite3.connect(path) as other, pytest.raises(sqlite3.DatabaseError, match="append-only"):
        other.execute(change)
    other.close()
    assert store.verify(head) == Intact(3, head)


TAMPERS = [
    ("UPDATE auscult_events SET line = replace(line, 'begun', 'ended') WHERE number = 1", 2),
    ("DELETE FROM auscult_events WHERE number = 1", 1),
    ("UPDATE auscult_events SET request = 'hidden' WHERE number = 1", 1),
    ("UPDATE auscult_events SET number = 7 WHERE number = 2", 2),
    ("DELETE FROM auscult_events WHERE number = 2", 2),
]


@pytest.mark.parametrize(("tamper", "first"), TAMPERS)
async def test_what_gets_round_the_triggers_is_seen(store: Store, path: Path, tamper: str, first: int) -> None:
    """Whoever owns the file can drop a trigger; the chain names the first row that does not fit."""
    for number in range(3):
        head = await store.append(event(str(number)))
    with sqlite3.connect(path) as other:
        for trigger in ("update", "delete", "replace"):
            other.execute(f"DROP TRIGGER auscult_no_{trigger}")
        other.execute(tamper)
    other.close()
    report = store.verify(head)
    assert isinstance(report, Broken)
    assert report.index == first


async def test_many_tasks_and_two_stores_write_one_chain(store: Store, path: Path) -> None:
    """Concurrent writers never fork the chain, and all events of a call stand together."""
    second = Store(f"sqlite:///{path}")
    calls = [
        which.append(event(f"{name}{number}", 0), event(f"{name}{number}", 1))
        for number in range(60)
        for name, which in (("a", store), ("b", second))
    ]
    heads = await asyncio.gather(*calls)
    second.close()
    assert len(set(heads)) == 120
    report = store.verify()
    assert isinstance(report, Intact)
    assert report.count == 240
    requests = [line.split(b'"request":"')[1].split(b'"')[0] for line in store.lines()]
    assert requests[::2] == requests[1::2]


async def test_a_locked_database_is_an_error_and_passes(store: Store, path: Path) -> None:
    """While another holds the lock nothing is written and the caller knows; afterwards all is well."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError):
        await store.append(event("lost"))
    other.execute("ROLLBACK")
    other.close()
    head = await store.append(event("kept"))
    assert store.events("lost") == ()
    assert store.verify(head) == Intact(1, head)


async def test_a_full_disk_is_an_error_and_passes(store: Store, path: Path) -> None:
    """What does not fit on the disk is reported, none of the call's events is kept, and no text is in the error."""
    await store.append(event("first"))
    size = max(file.stat().st_size for file in path.parent.iterdir())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        with pytest.raises(StoreError) as caught:
            await store.append(event("lost", 0), event("lost", 1, reason="secret" * 20_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "secret" not in str(caught.value)
    assert store.events("lost") == ()
    head = await store.append(event("kept"))
    assert store.verify(head) == Intact(2, head)


async def test_a_cancelled_caller_does_not_cancel_the_write(store: Store) -> None:
    """A request whose client goes away still leaves its event."""
    task = asyncio.ensure_future(store.append(event("gone")))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.append(event("next"))
    assert len(store.events("gone")) == 1


async def test_a_closed_store_takes_nothing(path: Path) -> None:
    """Closing writes what is queued, then refuses."""
    closed = Store(f"sqlite:///{path}")
    pending = [closed.submit(event(str(number))) for number in range(20)]
    closed.close()
    closed.close()
    assert all(future.result(timeout=1) for future in pending)
    with pytest.raises(StoreError):
        await closed.append(event())


class Counting(Store):
    """A store that counts its transactions."""

    transactions = 0

    def _transact(self, batch: Any) -> Any:
        """Count one more."""
        self.transactions += 1
        return super()._transact(batch)


@pytest.mark.parametrize(("patient", "transactions"), [(True, 1), (False, 2)])
def test_what_nobody_waits_for_shares_the_sync_of_what_comes_next(path: Path, patient: bool, transactions: int) -> None:
    """One transaction for both, in order; the control: what is not patient is written at once."""
    store = Counting(f"sqlite:///{path}")
    first = store.submit(event("r", 0), patient=patient)
    if not patient:
        first.result(timeout=5)
    second = store.submit(event("r", 1))
    assert second.result(timeout=5) != first.result(timeout=5)
    assert store.transactions == transactions
    assert [one.sequence for one in store.events("r")] == [0, 1]
    assert isinstance(store.verify(second.result()), Intact)
    store.close()


def test_what_is_patient_is_written_soon_also_without_company(store: Store) -> None:
    """Nothing else has to come for it."""
    store.submit(event("alone"), patient=True).result(timeout=5)
    assert len(store.events("alone")) == 1


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite:////nowhere/at/all.sqlite", "nonsense", "oracle://x"])
def test_a_store_that_can_not_be_opened_says_so(url: str) -> None:
    """Our error, not the driver's."""
    with pytest.raises(StoreError):
        Store(url)


@pytest.fixture(scope="module")
def postgres(program: Callable[[str], Path]) -> Iterator[str]:
    """URL of a PostgreSQL server of our own, on a socket only we can reach."""
    programs = program("postgres").parent
    # Not in pytest's own folder: every run of pytest shuts that to other users, and the server is one.
    with tempfile.TemporaryDirectory(prefix="auscult-") as name:
        folder, as_user = Path(name), _unprivileged(Path(name))
        data = folder / "data"
        options = f"-c listen_addresses='' -k {folder} -c fsync=off"
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "auscult", "-A", "trust"], check=True, capture_output=True, **as_user
        )
        start = [programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options]
        subprocess.run([*start, "start"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **as_user)
        try:
            yield f"postgresql+psycopg://auscult@/postgres?host={folder}"
        finally:
            subprocess.run(
                [programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"], check=True, capture_output=True, **as_user
            )


def _unprivileged(folder: Path) -> dict[str, object]:
    """The server must not run as root: give another user the folder."""
    if os.geteuid() != 0:
        return {}
    shutil.chown(folder, "nobody")
    return {"user": "nobody"}


@pytest.mark.postgres
async def test_postgresql_keeps_one_append_only_chain(postgres: str) -> None:
    """Two stores on one server write one chain, and the server refuses changes."""
    first, second = Store(postgres), Store(postgres)
    calls = [which.append(event(f"{n}", 0), event(f"{n}", 1)) for n in range(20) for which in (first, second)]
    await asyncio.gather(*calls)
    report = first.verify()
    assert isinstance(report, Intact)
    assert report.count == 80
    second.close()
    engine = sa.create_engine(postgres)
    for change in (*CHANGES[:2], "TRUNCATE auscult_events"):
        with engine.begin() as connection, pytest.raises(sa.exc.DBAPIError, match="append-only"):
            connection.exec_driver_sql(change)
    engine.dispose()
    assert first.verify() == report
    first.close()


@pytest.mark.postgres
def test_postgresql_remembers_the_highest_numbers_seen(postgres: str) -> None:
    """Several guards that start at once note one number, and none takes a lower one afterwards."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: seen.require(postgres, {"it": number}), [7] * 8))
    with pytest.raises(RolledBack, match="it is 6, but 7 was seen here before"):
        seen.require(postgres, {"it": 6})
    seen.require(postgres, {"it": 8, "other": 1})
