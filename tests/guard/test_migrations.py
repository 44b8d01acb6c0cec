"""Databases of every age become what a new one is, and a guard needs no right but to add and to read."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from guard import seen, tables
from guard.chain import Intact
from guard.database import connect
from guard.errors import StoreError
from guard.store import Store
from tests.guard.test_store import event
from tests.guard.test_store import postgres as postgres  # noqa: PLC0414 - the fixture


def schema(path: Path) -> set[tuple[str, str]]:
    """Everything in a SQLite database, without spaces."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    return {(name, "".join(sql.split())) for name, sql in rows}


def migrated(path: Path, to: str = "head") -> sa.Engine:
    """A database made by migrations alone."""
    engine = connect(f"sqlite:///{path}", 1.0, create=True).execution_options(auscult_writes=True)
    with engine.begin() as connection:
        tables.upgrade(connection, to)
    return engine


def test_a_new_database_is_what_the_migrations_make(tmp_path: Path) -> None:
    """Tables, index and triggers are the same to the letter, and so is the version."""
    Store(f"sqlite:///{tmp_path}/new.sqlite").close()
    engine = migrated(tmp_path / "old.sqlite")
    with engine.connect() as connection:
        assert tables._stands_at(connection) == tables.HEAD
    engine.dispose()
    assert schema(tmp_path / "new.sqlite") == schema(tmp_path / "old.sqlite")


async def test_a_database_from_before_there_were_migrations_is_brought_up(tmp_path: Path) -> None:
    """Its events are there, the chain goes on, and what it lacked is made."""
    path = tmp_path / "audit.sqlite"
    first = Store(f"sqlite:///{path}")
    await first.append(event("old"))
    first.close()
    with sqlite3.connect(path) as other:
        other.execute("DROP TABLE alembic_version")
        other.execute("DROP TABLE auscult_seen")
        other.execute("DROP TRIGGER auscult_no_replace")
    other.close()
    again = Store(f"sqlite:///{path}")
    head = await again.append(event("new"))
    assert again.verify(head) == Intact(2, head)
    again.close()
    Store(f"sqlite:///{tmp_path}/new.sqlite").close()
    assert schema(path) == schema(tmp_path / "new.sqlite")


def test_a_database_half_way_goes_on_and_a_newer_one_is_refused(tmp_path: Path) -> None:
    """Each step is taken once; a version that is not known is somebody else's."""
    migrated(tmp_path / "half.sqlite", "0001").dispose()
    seen.require(f"sqlite:///{tmp_path}/half.sqlite", {"it": 1})
    with sqlite3.connect(tmp_path / "half.sqlite") as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
    other.close()
    with pytest.raises(StoreError, match="newer version"):
        Store(f"sqlite:///{tmp_path}/half.sqlite")


@pytest.mark.postgres
async def test_a_role_that_may_only_add_and_read_is_enough(postgres: str) -> None:
    """The owner makes the tables; the guard's role writes and verifies, and can neither change, nor take out, nor make."""
    owner = sa.create_engine(postgres)
    with owner.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS auscult_events, auscult_seen, alembic_version")
        connection.exec_driver_sql("CREATE ROLE guard LOGIN")
    as_guard = postgres.replace("auscult@", "guard@")
    with pytest.raises(StoreError, match="audit migrate"):
        Store(as_guard)
    with owner.execution_options(auscult_writes=True).begin() as connection:
        tables._make(connection)
        tables.grant(connection, "guard")
    one, two = Store(as_guard), Store(as_guard)
    await one.append(event("a"))
    head = await two.append(event("b"))
    assert one.verify(head) == Intact(2, head)
    one.close()
    two.close()
    seen.require(as_guard, {"it": 3})
    engine = sa.create_engine(as_guard)
    for change in (
        "UPDATE auscult_events SET line = 'x'", "DELETE FROM auscult_events", "TRUNCATE auscult_events",
        "DROP TRIGGER auscult_no_change ON auscult_events", "DROP TABLE auscult_events", "DELETE FROM auscult_seen",
    ):  # fmt: skip
        with engine.connect() as connection, pytest.raises(sa.exc.ProgrammingError, match=r"denied|owner"):
            connection.exec_driver_sql(change)
    engine.dispose()
    owner.dispose()


@pytest.mark.postgres
def test_postgresql_migrations_make_what_a_new_database_has(postgres: str) -> None:
    """Columns and triggers are the same either way."""
    owner = sa.create_engine(postgres).execution_options(auscult_writes=True)
    made = []
    for make in (tables._make, tables.upgrade):
        with owner.begin() as connection:
            connection.exec_driver_sql("DROP TABLE IF EXISTS auscult_events, auscult_seen, alembic_version")
        with owner.begin() as connection:
            call: Callable[[sa.Connection], None] = make
            call(connection)
            inspected = sa.inspect(connection)
            columns = [
                (c["name"], str(c["type"])) for t in ("auscult_events", "auscult_seen") for c in inspected.get_columns(t)
            ]
            triggers = connection.exec_driver_sql("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1")
            made.append((columns, [row[0] for row in triggers]))
    assert made[0] == made[1]
    assert len(made[0][1]) == 2
    owner.dispose()
