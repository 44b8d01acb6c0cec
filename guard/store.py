"""Where audit events are kept: one append-only table, chained, in SQLite or PostgreSQL.

Comes in: `AuditEvent`. Goes out: the new head of the chain, once the event is on disk. One thread owns the connection
and writes what has queued up in one transaction, so that many requests share the cost of one sync. Several guards may
share a PostgreSQL database: the head is read under a lock, and two lines can't name the same line before them.

A write that fails raises `StoreError`; the guard then serves nothing, because what it did could not be shown.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from guard import audit, chain, tables
from guard.audit import AuditEvent
from guard.chain import Broken, ChainReport
from guard.database import BUSY_SECONDS, connect, sqlite_writing, translated
from guard.digest import Digest, of_bytes
from guard.errors import InputError, StoreError

__all__ = ["BUSY_SECONDS", "Store", "connect", "translated"]

_events = tables.events
_LAST = sa.select(_events.c.number, _events.c.digest).order_by(_events.c.number.desc()).limit(1)
_SQLITE = sqlite.dialect(paramstyle="named")
_SQLITE_LAST: Final = str(_LAST.compile(dialect=_SQLITE, compile_kwargs={"literal_binds": True}))
_SQLITE_INSERT: Final = str(_events.insert().compile(dialect=_SQLITE))
_POSTGRES_LOCK: Final = 0x61757363  # "ausc": any number that our other locks don't use
COMPANY_SECONDS: Final = 0.005
"""How long a write that nobody waits for yet waits for others, to share the cost of one sync with them."""


@dataclass(frozen=True, slots=True)
class _Write:
    events: tuple[AuditEvent, ...]
    done: Future[Digest]
    patient: bool = False


class Store:
    """An open audit store. `append` may be called from any task or thread."""

    def __init__(self, url: str, *, busy: float = BUSY_SECONDS, create: bool = True) -> None:
        """Open, and create the table and its triggers where they are missing.

        Args:
            url: SQLAlchemy URL, `sqlite:///audit.sqlite` or `postgresql+psycopg://...`.
            busy: Seconds that a write waits for another process before it fails.
            create: False for who only reads: nothing is made, and a database without an audit trail is refused.

        Raises:
            StoreError: The database can't be opened or written, or has no audit trail where it should.
        """
        self._engine = connect(url, busy, create)
        self._writer = self._engine.execution_options(auscult_writes=True)
        self._busy = busy
        self._queue: SimpleQueue[_Write | None] = SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._listeners: tuple[Callable[[AuditEvent], None], ...] = ()
        self.failing = False
        """Whether the last write failed."""
        try:
            self._open(create)
        except StoreError:
            self._engine.dispose()
            raise
        self._thread = threading.Thread(target=self._run, name="auscult-store", daemon=True)
        self._thread.start()

    def _open(self, create: bool) -> None:
        with translated("opened"):
            if create:
                tables.prepare(self._writer)
            elif not sa.inspect(self._engine).has_table(_events.name):
                raise StoreError("the database holds no audit trail", "name another with --store")

    def listen(self, listener: Callable[[AuditEvent], None]) -> None:
        """Have each event told to somebody once it is on disk, on the store's thread; must be quick and never raise."""
        self._listeners = (*self._listeners, listener)

    @property
    def closed(self) -> bool:
        """Whether nothing can be written any more."""
        return self._closed

    def submit(self, *events: AuditEvent, patient: bool = False) -> Future[Digest]:
        """Queue events and return a future of the head after the last of them; it is done when they are on disk.

        For callers that can't wait: a request whose client has gone still leaves its last event.

        Args:
            events: In order; all or none of them are written.
            patient: Nobody waits for them yet, so that they may wait for others, for `COMPANY_SECONDS` at most.
        """
        future: Future[Digest] = Future()
        with self._closing:
            if self._closed:
                future.set_exception(StoreError("the audit store is closed"))
            else:
                self._queue.put(_Write(events, future, patient))
        return future

    async def append(self, *events: AuditEvent) -> Digest:
        """Write events, in order and all or none, and return the new head once they are on disk.

        Cancelling the caller does not cancel the write.

        Raises:
            StoreError: The disk is full, the database is locked or gone; nothing was written.
        """
        return await asyncio.shield(asyncio.wrap_future(self.submit(*events)))

    def events(self, request: str) -> tuple[AuditEvent, ...]:
        """Return the events of one request, in order.

        Raises:
            StoreError: The database can't be read, or holds a line that is not an event.
        """
        query = sa.select(_events.c.line).where(_events.c.request == request).order_by(_events.c.number)
        with translated("read"), self._engine.connect() as connection:
            lines = tuple(connection.execute(query).scalars())
        try:
            return tuple(audit.decode(line.encode())[0] for line in lines)
        except InputError as error:
            raise StoreError("the audit store holds a line that is not an event", "run auscult guard audit verify") from error

    def lines(self) -> Iterator[bytes]:
        """Yield every line of the chain, as a file of them would hold it.

        Raises:
            StoreError: The database can't be read.
        """
        query = sa.select(_events.c.line).order_by(_events.c.number)
        with translated("read"), self._engine.connect() as connection:
            for line in connection.execution_options(yield_per=1000).execute(query).scalars():
                yield line.encode() + b"\n"

    def head(self) -> tuple[int, Digest]:
        """Return how many events there are, and the digest of the last.

        Raises:
            StoreError: The database can't be read.
        """
        with translated("read"), self._engine.connect() as connection:
            row = connection.execute(_LAST).first()
        return (row.number + 1, Digest(row.digest)) if row else (0, chain.START)

    def digest_at(self, number: int) -> str:
        """Return the digest of an event; empty where there is none.

        Raises:
            StoreError: The database can't be read.
        """
        with translated("read"), self._engine.connect() as connection:
            return connection.execute(sa.select(_events.c.digest).where(_events.c.number == number)).scalar() or ""

    def verify(self, head: Digest | None = None) -> ChainReport:
        """Follow the whole chain and name the first line that does not fit.

        Args:
            head: Digest of the last line, from somewhere else: without it, missing last lines can't be seen.

        Raises:
            StoreError: The database can't be read.
        """
        report = chain.verify(self.lines(), head)
        if isinstance(report, Broken):
            return report
        with translated("read"), self._engine.connect() as connection:
            rows = connection.execution_options(yield_per=1000).execute(sa.select(_events).order_by(_events.c.number))
            for index, row in enumerate(rows):
                if row.number != index or not _fits(row.request, row.previous, row.digest, row.line.encode()):
                    return Broken(index, "stands in a row whose other columns say something else")
        return report

    def close(self) -> None:
        """Write what is queued, and close."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._thread.join()
        self._engine.dispose()

    def _run(self) -> None:
        while (write := self._queue.get()) is not None:
            self._write(self._gathered(write))

    def _gathered(self, first: _Write) -> list[_Write]:
        """Return what has queued up, and what comes while nobody waits for any of it."""
        batch, until = [first], time.monotonic() + COMPANY_SECONDS
        hurried = not first.patient
        while True:
            left = 0.0 if hurried else until - time.monotonic()
            try:
                following = self._queue.get_nowait() if left <= 0 else self._queue.get(timeout=left)
            except Empty:
                return batch
            if following is None:
                self._queue.put(None)
                return batch
            batch.append(following)
            hurried |= not following.patient

    def _write(self, batch: Sequence[_Write]) -> None:
        """Write a batch in one transaction; if that fails, each of its writes in one of its own."""
        try:
            heads = self._transact(batch)
        except StoreError as error:
            if len(batch) == 1:
                self.failing = True
                batch[0].done.set_exception(error)
                return
            for write in batch:
                self._write([write])
            return
        self.failing = False
        for write, head in zip(batch, heads, strict=True):
            write.done.set_result(head)
        self._tell(event for write in batch for event in write.events)

    def _tell(self, events: Iterable[AuditEvent]) -> None:
        for event in events:
            for listener in self._listeners:
                # A listener that breaks must not end the thread that keeps the trail.
                with contextlib.suppress(Exception):
                    listener(event)

    def _transact(self, batch: Sequence[_Write]) -> list[Digest]:
        heads: list[Digest] = []
        with translated("written"), self._writing() as (last, insert):
            number, head = (last[0], Digest(last[1])) if last else (-1, chain.START)
            rows = []
            for write in batch:
                for event in write.events:
                    line = chain.line(head, audit.encode(event))
                    number, previous, head = number + 1, head, of_bytes(line)
                    rows.append(
                        {"number": number, "request": event.request, "previous": previous, "digest": head,
                         "line": line[:-1].decode()}
                    )  # fmt: skip
                heads.append(head)
            if rows:
                insert(rows)
        return heads

    @contextlib.contextmanager
    def _writing(self) -> Iterator[tuple[Sequence[Any] | None, Callable[[list[dict[str, Any]]], object]]]:
        """Yield the last line's number and digest, locked, and what inserts after it; all is on disk at the end."""
        if self._engine.dialect.name == "sqlite":
            # Straight to the driver, which takes a quarter of the time.
            with sqlite_writing(self._engine) as cursor:
                yield cursor.execute(_SQLITE_LAST).fetchone(), partial(cursor.executemany, _SQLITE_INSERT)
            return
        with self._writer.begin() as connection:
            connection.execute(sa.text(f"SET LOCAL lock_timeout TO {math.ceil(self._busy * 1000)}"))
            connection.execute(sa.text("SET LOCAL synchronous_commit TO on"))
            connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_POSTGRES_LOCK})"))
            yield connection.execute(_LAST).first(), partial(connection.execute, _events.insert())


def _fits(request: str, previous: str, digest: str, line: bytes) -> bool:
    try:
        event, before = audit.decode(line)
    except InputError:
        return False
    return (request, previous, digest) == (event.request, before, of_bytes(line + b"\n"))
