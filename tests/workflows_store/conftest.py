"""Every test here runs on SQLite and on a PostgreSQL server that was started for it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from tests.workflows_store.postgres import NoServer, Postgres
from workflows.store import Store
from workflows.store.database import HEAD
from workflows.store.tables import metadata


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    try:
        server = Postgres()
    except NoServer as error:
        pytest.skip(str(error))
    with server:
        yield server


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "workflows.sqlite"
    Store.open(path).close()
    return path


@pytest.fixture(scope="session")
def shared_database(postgres: Postgres) -> str:
    url = postgres.database()
    Store.open(url).close()
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where to open a store that has its tables and nothing in them."""
    if request.param == "sqlite":
        path = tmp_path / "workflows.sqlite"
        shutil.copy(request.getfixturevalue("empty_file"), path)
        return str(path)
    url: str = request.getfixturevalue("shared_database")
    wipe(url)
    return url


def wipe(url: str) -> None:
    """Empty a database that was used before, which takes far less than making one."""
    with psycopg.connect(url) as connection:
        # What a killed program began is not to end later; and what protects the rows is to be out of the way.
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        connection.execute("SET session_replication_role = replica")
        for table in metadata.tables.values():
            connection.execute(SQL("DELETE FROM {}").format(Identifier(table.name)))
        connection.execute("UPDATE alembic_version SET version_num = %s", [HEAD])


@pytest.fixture
def store(where: str) -> Iterator[Store]:
    opened = Store.open(where)
    yield opened
    opened.close()
