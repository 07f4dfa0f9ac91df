"""Every test here runs on SQLite and on a PostgreSQL server that was started for it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workflows_store.postgres import NoServer, Postgres
from workflows.store import Store


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
def empty_database(postgres: Postgres) -> str:
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
    server: Postgres = request.getfixturevalue("postgres")
    return server.database(like=request.getfixturevalue("empty_database"))


@pytest.fixture
def store(where: str) -> Iterator[Store]:
    opened = Store.open(where)
    yield opened
    opened.close()
