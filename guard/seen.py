"""The highest numbers that an installation has seen, so that nobody can hand it an older document in place of a newer one.

Comes in: names with numbers, such as the serial number of a product's certificate. Goes out: nothing, or a refusal. The
numbers stand beside the audit events, in a table that only grows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa

from guard import tables
from guard.database import BUSY_SECONDS, connect, translated
from guard.errors import RolledBack

_seen = tables.seen
_POSTGRES_LOCK: Final = 0x61757374  # "aust": any number that our other locks don't use


def serial_of(product: str) -> str:
    """Name the serial number of a product's certificates."""
    return f"the serial number of {product}"


def list_of(origin: str) -> str:
    """Name the number of the revocation lists of a line of keys."""
    return f"the revocation list of key {origin}"


def require(url: str, numbers: Mapping[str, int]) -> None:
    """Refuse numbers that are lower than what was seen before under their names; else take note of all of them.

    Args:
        url: SQLAlchemy URL of the audit store.
        numbers: By name.

    Raises:
        RolledBack: One is lower.
        StoreError: The database can't be read or written.
    """
    engine = connect(url, BUSY_SECONDS, create=True).execution_options(auscult_writes=True)
    try:
        with translated("opened"):
            tables.prepare(engine)
        with translated("written"), engine.begin() as connection:
            if connection.dialect.name == "postgresql":  # SQLite begins with a lock
                connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_POSTGRES_LOCK})"))
            for name, number in numbers.items():
                _require(connection, name, number)
    finally:
        engine.dispose()


def _require(connection: sa.Connection, name: str, number: int) -> None:
    highest = connection.execute(sa.select(sa.func.max(_seen.c.number)).where(_seen.c.name == name)).scalar()
    if highest is not None and number < highest:
        raise RolledBack(f"{name} is {number}, but {highest} was seen here before", "take the newest one")
    if number != highest:
        connection.execute(_seen.insert().values(name=name, number=number))
