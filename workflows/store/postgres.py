"""The store on a PostgreSQL server, for teams."""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, inspect, text

from workflows.store.errors import StoreUnusable
from workflows.store.faults import faults_of, told

PATIENCE = 10
"""Seconds to wait for the server, and for another process that writes to the same workflow."""


def engine_for(url: URL) -> Engine:
    """The engine of a database that is there. Raises StoreUnusable if there is no driver."""
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args={"connect_timeout": PATIENCE},
            pool_pre_ping=True,
            pool_size=4,
            max_overflow=28,
        )
    except ImportError as error:
        raise StoreUnusable(
            "workflows in PostgreSQL need its driver: pip install 'darkroom[postgres]'"
        ) from error
    event.listen(engine, "connect", _configure)
    return engine


def _configure(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{PATIENCE}s'")
    connection.commit()


def schema_of(engine: Engine) -> str | None:
    """The migration the database is at; None for a new one. Raises StoreUnusable."""
    place = engine.url.render_as_string()
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except faults_of(engine) as error:
        raise StoreUnusable(str(told(error, place))) from error
    return None if found is None else str(found)
