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
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from guard import audit, chain
from guard.audit import AuditEvent
from guard.chain import Broken, ChainReport
from guard.digest import Digest, of_bytes
from guard.errors import InputError, StoreError

BUSY_SECONDS: Final = 5.0
"""How long a write waits for another process before it fails, unless said otherwise."""

_metadata = sa.MetaData()
_events = sa.Table(
    "auscult_events",
    _metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("request", sa.String(80), nullable=False, index=True),
    sa.Column("previous", sa.String(80), nullable=False, unique=True),
    sa.Column("digest", sa.String(80), nullable=False, unique=True),
    sa.Column("line", sa.Text, nullable=False),
)

_SQLITE_TRIGGERS = (
    "CREATE TRIGGER IF NOT EXISTS auscult_no_update BEFORE UPDATE ON auscult_events "
    "BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END",
    "CREATE TRIGGER IF NOT EXISTS auscult_no_delete BEFORE DELETE ON auscult_events "
    "BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END",
    # INSERT OR REPLACE deletes without firing a delete trigger.
    "CREATE TRIGGER IF NOT EXISTS auscult_no_replace BEFORE INSERT ON auscult_events "
    "WHEN EXISTS (SELECT 1 FROM auscult_events WHERE number = NEW.number "
    "OR previous = NEW.previous OR digest = NEW.digest) "
    "BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END",
)
_POSTGRES_TRIGGERS = (
    "CREATE OR REPLACE FUNCTION auscult_append_only() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'audit events are append-only'; END $$",
    "CREATE OR REPLACE TRIGGER auscult_no_change BEFORE UPDATE OR DELETE ON auscult_events "
    "FOR EACH ROW EXECUTE FUNCTION auscult_append_only()",
    "CREATE OR REPLACE TRIGGER auscult_no_truncate BEFORE TRUNCATE ON auscult_events "
    "FOR EACH STATEMENT EXECUTE FUNCTION auscult_append_only()",
)
_POSTGRES_LOCK: Final = 0x61757363  # "ausc": any number that our other locks don't use


@dataclass(frozen=True, slots=True)
class _Write:
    events: tuple[AuditEvent, ...]
    done: Future[Digest]


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
        self._engine = _connect(url, busy, create)
        self._writer = self._engine.execution_options(auscult_writes=True)
        self._busy = busy
        self._queue: SimpleQueue[_Write | None] = SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        with _translated("opened"):
            if create:
                _create(self._writer)
            elif not sa.inspect(self._engine).has_table(_events.name):
                raise StoreError("the database holds no audit trail", "name another with --store")
        self._thread = threading.Thread(target=self._run, name="auscult-store", daemon=True)
        self._thread.start()

    def submit(self, *events: AuditEvent) -> Future[Digest]:
        """Queue events and return a future of the head after the last of them; it is done when they are on disk.

        For callers that can't wait: a request whose client has gone still leaves its last event.
        """
        future: Future[Digest] = Future()
        with self._closing:
            if self._closed:
                future.set_exception(StoreError("the audit store is closed"))
            else:
                self._queue.put(_Write(events, future))
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
        with _translated("read"), self._engine.connect() as connection:
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
        with _translated("read"), self._engine.connect() as connection:
            for line in connection.execution_options(yield_per=1000).execute(query).scalars():
                yield line.encode() + b"\n"

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
        with _translated("read"), self._engine.connect() as connection:
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
            batch = [write]
            while not self._queue.empty():
                following = self._queue.get()
                if following is None:
                    self._queue.put(None)
                    break
                batch.append(following)
            self._write(batch)

    def _write(self, batch: Sequence[_Write]) -> None:
        """Write a batch in one transaction; if that fails, each of its writes in one of its own."""
        try:
            heads = self._transact(batch)
        except StoreError as error:
            if len(batch) == 1:
                batch[0].done.set_exception(error)
                return
            for write in batch:
                self._write([write])
            return
        for write, head in zip(batch, heads, strict=True):
            write.done.set_result(head)

    def _transact(self, batch: Sequence[_Write]) -> list[Digest]:
        heads: list[Digest] = []
        with _translated("written"), self._writer.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text(f"SET LOCAL lock_timeout TO {math.ceil(self._busy * 1000)}"))
                connection.execute(sa.text("SET LOCAL synchronous_commit TO on"))
                connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_POSTGRES_LOCK})"))
            last = sa.select(_events.c.number, _events.c.digest).order_by(_events.c.number.desc()).limit(1)
            row = connection.execute(last).first()
            number, head = (row.number, Digest(row.digest)) if row else (-1, chain.START)
            rows = []
            for write in batch:
                for event in write.events:
                    line = chain.line(head, audit.encode(event))
                    number, previous, head = number + 1, head, chain.link(head, audit.encode(event))
                    rows.append(
                        {"number": number, "request": event.request, "previous": previous, "digest": head,
                         "line": line[:-1].decode()}
                    )  # fmt: skip
                heads.append(head)
            if rows:
                connection.execute(_events.insert(), rows)
        return heads


def _fits(request: str, previous: str, digest: str, line: bytes) -> bool:
    try:
        event, before = audit.decode(line)
    except InputError:
        return False
    return (request, previous, digest) == (event.request, before, of_bytes(line + b"\n"))


def _connect(url: str, busy: float, create: bool) -> sa.Engine:
    try:
        parsed = sa.make_url(url)
        if parsed.get_backend_name() == "sqlite":
            engine = sa.create_engine(parsed, connect_args={"timeout": busy, "check_same_thread": False})
            sa.event.listen(engine, "connect", _sqlite_durable if create else _sqlite_manual)
            sa.event.listen(engine, "begin", _sqlite_begin)
            return engine
        if parsed.get_backend_name() == "postgresql":
            return sa.create_engine(parsed, connect_args={"connect_timeout": math.ceil(busy)}, pool_pre_ping=True)
    except (SQLAlchemyError, ImportError) as error:
        raise StoreError("the audit store can't be opened: its URL or its driver is not usable") from error
    raise StoreError("the audit store is neither SQLite nor PostgreSQL", "use sqlite:///FILE or postgresql+psycopg://")


def _sqlite_manual(connection: object, _record: object) -> None:
    connection.isolation_level = None  # type: ignore[attr-defined]


def _sqlite_durable(connection: object, record: object) -> None:
    _sqlite_manual(connection, record)
    cursor = connection.cursor()  # type: ignore[attr-defined]
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sqlite_begin(connection: sa.Connection) -> None:
    # A writer takes the lock before it reads the head, or two processes could read the same one.
    writes = connection.get_execution_options().get("auscult_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _create(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        _metadata.create_all(connection)
        triggers = _SQLITE_TRIGGERS if connection.dialect.name == "sqlite" else _POSTGRES_TRIGGERS
        for statement in triggers:
            connection.exec_driver_sql(statement)


@contextlib.contextmanager
def _translated(done: str) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        # The driver's own text may quote what was written.
        raise StoreError(
            f"the audit store can't be {done} ({type(error).__name__})", "check its disk, locks and address"
        ) from None
