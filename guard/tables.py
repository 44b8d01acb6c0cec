"""The tables of the audit store, and how a database gets them: made anew, or brought up by migrations.

A database that is up to date is only read here, so that a guard runs as a role that may do nothing but INSERT and SELECT.
Who owns the tables brings them up to date: `auscult guard audit migrate`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError

from guard.errors import StoreError

HEAD: Final = "0002"
"""The newest migration."""
_MIGRATIONS = Path(__file__).parent / "migrations"

metadata = sa.MetaData()
events = sa.Table(
    "auscult_events",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("request", sa.String(80), nullable=False, index=True),
    sa.Column("previous", sa.String(80), nullable=False, unique=True),
    sa.Column("digest", sa.String(80), nullable=False, unique=True),
    sa.Column("line", sa.Text, nullable=False),
)
"""One event a row, in one chain for all writers."""
seen = sa.Table(
    "auscult_seen",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
)
"""The highest numbers seen; only grows."""
_version = sa.table("alembic_version", sa.column("version_num", sa.String(32)))

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
_POSTGRES_LOCK: Final = 0x61757373  # "auss": any number that our other locks don't use


def prepare(writer: sa.Engine) -> None:
    """Make the tables, or bring them up to date; nothing is done where they are.

    Raises:
        StoreError: They are older than this version, or newer, and this role may not change them.
    """
    with writer.execution_options(auscult_writes=False).connect() as connection:
        if _stands_at(connection) == HEAD:
            return
    try:
        with writer.begin() as connection:
            if connection.dialect.name == "postgresql":  # SQLite begins with a lock
                connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_POSTGRES_LOCK})"))
            if (version := _stands_at(connection)) == HEAD:
                return
            if version is None and not sa.inspect(connection).has_table(events.name):
                _make(connection)
            else:
                upgrade(connection)
    except ProgrammingError:
        remedy = "run auscult guard audit migrate as the role that owns them"
        raise StoreError("the audit store's tables are missing or old, and this role may not change them", remedy) from None


def upgrade(connection: sa.Connection, to: str = "head") -> None:
    """Bring the tables up by migrations, in the transaction that is under way.

    Raises:
        StoreError: They are newer than this version.
    """
    # Takes a tenth of a second to load, and a database that is up to date never needs it.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, to)
    except CommandError:
        raise StoreError("the audit store was made by a newer version", "use that version, or a newer one") from None


def protect(connection: sa.Connection) -> None:
    """Make the database refuse every change to what was written."""
    for statement in _SQLITE_TRIGGERS if connection.dialect.name == "sqlite" else _POSTGRES_TRIGGERS:
        connection.exec_driver_sql(statement)


def grant(connection: sa.Connection, role: str) -> None:
    """Let a role of PostgreSQL add and read, and nothing else."""
    quoted = connection.dialect.identifier_preparer.quote_identifier(role)
    for table in (events.name, seen.name, _version.name):
        connection.exec_driver_sql(f"REVOKE ALL ON {table} FROM {quoted}")
        connection.exec_driver_sql(f"GRANT SELECT{'' if table == _version.name else ', INSERT'} ON {table} TO {quoted}")


def _stands_at(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table(_version.name):
        return None
    found: str | None = connection.execute(sa.select(_version.c.version_num)).scalar()
    return found


def _make(connection: sa.Connection) -> None:
    """Make everything as the migrations would; a test compares the two."""
    metadata.create_all(connection)
    protect(connection)
    connection.exec_driver_sql(
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    connection.execute(sa.insert(_version).values(version_num=HEAD))
