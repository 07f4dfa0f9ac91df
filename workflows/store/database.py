"""Opens the database of the store: which one, at which schema, brought up to date."""

from __future__ import annotations

import logging
from pathlib import Path

from sqlalchemy import Engine, make_url
from sqlalchemy.exc import ArgumentError

from workflows.store import postgres, sqlite
from workflows.store.errors import StoreUnusable
from workflows.store.faults import faults_of, told

HEAD = "0001"
"""The newest migration; a test compares it with the migration scripts."""
MIGRATIONS = Path(__file__).parent / "migrations"


def open_database(where: str | Path) -> Engine:
    """The engine of an SQLite file or of a URL, with the newest schema.

    Raises StoreUnusable, StoreBusy. A damaged file, or one of a newer program, is left as it is.
    """
    if isinstance(where, str) and "://" in where:
        try:
            url = make_url(where)
        except ArgumentError as error:
            raise StoreUnusable("this is no URL of a database: postgresql://user@host/name is one") from error
        if url.get_backend_name() == "postgresql":
            return _open_url(postgres.engine_for(url))
        if url.get_backend_name() != "sqlite" or not url.database:
            raise StoreUnusable(f"workflows are kept in SQLite or PostgreSQL, not in {url.drivername}")
        where = url.database
    return _open_file(Path(where).absolute())


def _open_file(path: Path) -> Engine:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnusable(f"the folder of {path} cannot be made: {error.strerror}") from error
    schema = sqlite.schema_of(path)
    engine = sqlite.engine_for(path)
    if schema != HEAD:
        _refuse_newer(schema, str(path))
        if schema is not None:
            sqlite.keep_copy(path, path.with_name(f"{path.name}.before-{HEAD}"))
        _migrate(engine, str(path))
    return engine


def _open_url(engine: Engine) -> Engine:
    place = engine.url.render_as_string()
    try:
        schema = postgres.schema_of(engine)
        if schema != HEAD:
            _refuse_newer(schema, place)
            _migrate(engine, place)
    except StoreUnusable:
        engine.dispose()
        raise
    return engine


def _refuse_newer(schema: str | None, place: str) -> None:
    if schema is not None and schema not in {script.name[:4] for script in MIGRATIONS.glob("versions/*.py")}:
        text = f"{place} was written by a newer version of this program (schema {schema}): update the program"
        raise StoreUnusable(text)


def _migrate(engine: Engine, place: str) -> None:
    from alembic import command
    from alembic.config import Config

    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    try:
        with engine.connect().execution_options(writes=True) as connection, connection.begin():
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except faults_of(engine) as error:
        raise StoreUnusable(str(told(error, place))) from error
