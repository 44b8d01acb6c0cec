"""Connections to the audit database, SQLite or PostgreSQL, and its errors in our words."""

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections.abc import Iterator
from typing import Final, cast

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from guard.errors import StoreError

BUSY_SECONDS: Final = 5.0
"""How long a write waits for another process before it fails, unless said otherwise."""


def connect(url: str, busy: float, create: bool) -> sa.Engine:
    """Return the engine of a store's database.

    Raises:
        StoreError: The URL or its driver can't be used.
    """
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


@contextlib.contextmanager
def sqlite_writing(engine: sa.Engine) -> Iterator[sqlite3.Cursor]:
    """Yield the driver's own cursor in a transaction that holds the write lock from its beginning; it commits at the end."""
    with contextlib.closing(engine.raw_connection()) as connection:
        cursor = cast(sqlite3.Cursor, connection.cursor())
        cursor.execute("BEGIN IMMEDIATE")
        try:
            yield cursor
            cursor.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise
        finally:
            cursor.close()


@contextlib.contextmanager
def translated(done: str) -> Iterator[None]:
    """Turn the database's errors into ours, which quote nothing that was written."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        # The driver's own text may quote what was written.
        raise StoreError(
            f"the audit store can't be {done} ({type(error).__name__})", "check its disk, locks and address"
        ) from None
