"""The database: made whole or not at all, protected from changes, and clear about what is wrong with it."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from tests.workflows_store.documents import document
from tests.workflows_store.postgres import Postgres
from tests.workflows_store.saver import crash_at, forks, start
from workflows.store import (
    Store,
    StoreBusy,
    StoreError,
    StoreFull,
    StoreUnreachable,
    StoreUnusable,
    Version,
)
from workflows.store.database import HEAD, MIGRATIONS
from workflows.store.tables import ADDED_ONLY, metadata

ROOT = Path(__file__).parents[2]


def test_migrations_make_exactly_the_tables_the_code_uses(store: Store) -> None:
    found = store.read(lambda on: compare_metadata(MigrationContext.configure(on), metadata))
    assert found == []
    if store.read(lambda on: on.dialect.name) == "sqlite":
        pragmas = ("journal_mode", "synchronous", "foreign_keys")
        found = store.read(lambda on: [on.exec_driver_sql(f"PRAGMA {pragma}").scalar() for pragma in pragmas])
        assert found == ["wal", 2, 1]  # every commit is synced
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_what_is_written_once_cannot_be_changed_by_any_statement(store: Store) -> None:
    saved = store.create("Harbour", document(), author="ann")
    store.commit("Harbour", document("fog"), parent=saved.id, author="ann")
    store.release("Harbour", "#1", "1.0.0", author="ann")
    statements = [f"DELETE FROM {table}" for table in ADDED_ONLY]
    statements += [
        "UPDATE blobs SET body = ''",
        "UPDATE versions SET author = 'eve'",
        "UPDATE parents SET parent = 2",
        "UPDATE releases SET version = 2",
        "UPDATE names SET folded = 'x'",
    ]
    if store.read(lambda on: on.dialect.name) == "sqlite":
        statements += ["REPLACE INTO releases SELECT uid, 1, 0, 0, 2, '', 'eve', 0 FROM workflows"]
    else:
        statements += ["TRUNCATE releases", "TRUNCATE blobs CASCADE"]
    for statement in statements:
        with pytest.raises(StoreError, match="are kept as they are"):
            store.write(lambda on, statement=statement: on.execute(text(statement)))
    assert store.verify() == [] and store.version("Harbour", "1.0.0").number == 1


def test_what_does_not_go_through_leaves_nothing(store: Store) -> None:
    saved = store.create("Harbour", document(), author="ann")

    def work(on: Any) -> None:
        on.execute(text("UPDATE workflows SET description = 'half'"))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.write(work)
    assert store.workflow("Harbour").item.description == ""
    assert store.commit("Harbour", document("fog"), parent=saved.id, author="ann").changed


def test_a_fault_is_told_without_the_statement(store: Store) -> None:
    store.create("Harbour", document(), author="ann")
    for statement, values in (
        ("SELECT secret FROM nowhere", {}),
        ("INSERT INTO webhooks (id) VALUES ('secret')", {}),
        ("INSERT INTO webhooks (id) VALUES (:id)", {"id": "secret\ud800"}),
    ):
        with pytest.raises(StoreError) as caught:
            store.write(lambda on, statement=statement, values=values: on.execute(text(statement), values))
        assert "INSERT" not in str(caught.value) and "secret FROM" not in str(caught.value)
        assert ("half a character" if values else "the workflow store") in str(caught.value)


def test_a_crash_at_any_statement_of_the_first_start_costs_nothing(
    tmp_path: Path, postgres: Postgres
) -> None:
    for kind in ("sqlite", "postgresql"):
        crashes = 0
        for statement in range(1, 200, 15):
            where = str(tmp_path / f"{statement}.sqlite") if kind == "sqlite" else postgres.database()
            process = start(crash_at, where, statement)
            process.join(30)
            store = Store.open(where)
            assert store.read(lambda on: compare_metadata(MigrationContext.configure(on), metadata)) == []
            store.create("Harbour", document(), author="ann")
            store.close()
            if process.exitcode == 0:
                break
            assert process.exitcode == 9
            crashes += 1
        assert crashes >= 3


def test_two_that_start_at_once_make_one_store(tmp_path: Path, postgres: Postgres) -> None:
    for where in (str(tmp_path / "new" / "workflows.sqlite"), postgres.database()):
        told, tells = forks.Pipe(duplex=False)
        processes = [start(opened, where, tells) for _ in range(3)]
        assert [told.recv() for _ in processes] == [None] * 3
        for process in processes:
            process.join(10)


def opened(where: str, result: Any) -> None:
    try:
        Store.open(where).close()
    except StoreError as error:
        result.send(str(error))
    else:
        result.send(None)


def test_a_newer_database_is_refused_and_left(where: str, store: Store) -> None:
    store.create("Harbour", document(), author="ann")
    store.write(lambda on: on.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(StoreUnusable, match=r"newer version of this program.*update the program"):
        Store.open(where)
    assert store.workflow("Harbour").item.name == "Harbour"


def test_an_older_database_is_copied_before_it_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "workflows.sqlite"
    store = Store.open(path)
    saved = store.create("Harbour", document(), author="ann")
    migrated = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, migrated)
    (migrated / "versions" / "0002_more.py").write_text(
        'revision = "0002"\ndown_revision = "0001"\nbranch_labels = depends_on = None\n'
        "from alembic import op\ndef upgrade():\n    op.execute('CREATE TABLE more (x)')\n"
    )
    monkeypatch.setattr("workflows.store.database.MIGRATIONS", migrated)
    monkeypatch.setattr("workflows.store.database.HEAD", "0002")
    newer = Store.open(
        path
    )  # while another program has it open, with what it wrote not yet in the file itself
    assert newer.document(saved.id) == document()
    newer.close()
    store.close()
    with closing(sqlite3.connect(tmp_path / "workflows.sqlite.before-0002")) as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
        assert copy.execute("SELECT id FROM versions").fetchone() == (saved.id,)


def test_a_file_of_something_else_is_refused_and_left(tmp_path: Path) -> None:
    path = tmp_path / "workflows.sqlite"
    for content in (b"not a database at all" * 100, b"SQLite format 3\0" + bytes(4000)):
        path.write_bytes(content)
        with pytest.raises(StoreUnusable, match=r"workflows\.sqlite cannot be used.*left as it is"):
            Store.open(path)
        assert path.read_bytes() == content
    path.unlink()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE bookmarks (x)")
    with pytest.raises(StoreUnusable, match="something else"):
        Store.open(path)
    with pytest.raises(StoreUnusable, match=r"folder of .* cannot be made"):
        Store.open(path / "inside" / "a" / "file")
    with pytest.raises(StoreUnusable, match="cannot be opened"):
        Store.open(tmp_path)


def test_damage_is_told_and_never_read_as_something_else(tmp_path: Path) -> None:
    path = tmp_path / "sound.sqlite"
    store = Store.open(path)
    saved = [store.create("Harbour", document("0"), author="ann")]
    for number in range(1, 12):
        parent = saved[-1].id
        made = store.commit("Harbour", document(str(number)), parent=parent, author="ann")
        saved.append(made.version)
    store.close()
    sound = path.read_bytes()
    chance, refused, noticed = random.Random(4), 0, 0
    for number in range(40):
        damaged = bytearray(sound)
        for _ in range(30):
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        if number % 8 == 0:
            damaged = bytearray(sound[: chance.randrange(1, len(sound))])
        broken = tmp_path / f"{number}.sqlite"
        broken.write_bytes(damaged)
        try:
            store = Store.open(broken)
        except StoreUnusable as error:
            refused += 1
            assert broken.name in str(error) and broken.read_bytes() == damaged
            continue
        noticed += _read_damaged(store, saved)
        store.close()
    assert refused + noticed > 25


def _read_damaged(store: Store, saved: list[Version]) -> bool:
    """Whether damage was noticed. What is read at all is what was written."""
    errors = 0
    for number, version in enumerate(saved):
        try:
            assert store.document(version.id) == document(str(number))
        except StoreError:
            errors += 1
    try:
        return bool(store.verify()) or errors > 0
    except StoreError:
        return True


def test_changes_behind_its_back_are_found(store: Store) -> None:
    first = store.create("Harbour", document(), author="ann", thumbnail=b"picture")
    second = store.commit("Harbour", document("fog"), parent=first.id, author="ann").version
    third = store.commit("Harbour", document("rain"), parent=second.id, author="ann").version
    assert store.verify() == []
    postgres = store.read(lambda on: on.dialect.name) == "postgresql"
    unprotected = ["SET LOCAL session_replication_role = replica"]
    if not postgres:
        unprotected = ["DROP TRIGGER versions_refuse_update", "DROP TRIGGER blobs_refuse_update"]

    def change(on: Any) -> None:
        for statement in (
            *unprotected,
            f"UPDATE versions SET author = 'eve' WHERE id = '{first.id}'",
            f"UPDATE blobs SET body = (SELECT body FROM blobs WHERE digest = '{third.document}')"
            f" WHERE digest = '{second.document}'",
        ):
            on.execute(text(statement))

    store.write(change)
    found = store.verify()
    assert len(found) == 2
    assert found[0].startswith(f"the content {second.document} is not what was written")
    assert found[1].startswith(f"version {first.id} is not what was written")
    with pytest.raises(StoreError, match="restore a copy"):
        store.document(second.id)
    assert store.document(third.id) == document("rain")


def test_a_lock_is_waited_for_and_then_told(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("sqlite", "postgres"):
        monkeypatch.setattr(f"workflows.store.{module}.PATIENCE", 1)
    store, other = Store.open(where), Store.open(where)
    first = store.create("Harbour", document(), author="ann").id
    held, let_go = threading.Event(), threading.Event()

    def hold(on: Any) -> None:
        on.execute(text("UPDATE workflows SET description = 'held'"))
        held.set()
        let_go.wait(20)

    holder = threading.Thread(target=lambda: other.write(hold))
    holder.start()
    held.wait(10)
    with pytest.raises(StoreBusy, match="nothing was changed"):
        store.commit("Harbour", document("fog"), parent=first, author="ann")
    assert store.version("Harbour").id == first  # reading waits for nobody
    threading.Timer(0.3, let_go.set).start()
    assert store.commit("Harbour", document("fog"), parent=first, author="ann").changed
    holder.join()
    assert store.workflow("Harbour").item.description == "held"
    store.close()
    other.close()


def test_a_file_another_program_keeps_to_itself_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.store.sqlite.PATIENCE", 0.2)
    path = tmp_path / "workflows.sqlite"
    Store.open(path).close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreBusy, match="close it and try again"):
            Store.open(path)


def test_a_database_server_that_goes_away_is_told_and_found_again() -> None:
    with Postgres() as server:
        url = server.database()
        store = Store.open(url)
        first = store.create("Harbour", document(), author="ann").id
        server.stop()
        with pytest.raises(StoreUnreachable, match="is the server running"):
            store.version("Harbour")
        with pytest.raises(StoreUnreachable):
            store.commit("Harbour", document("fog"), parent=first, author="ann")
        with pytest.raises(StoreUnusable, match="is the server running"):
            Store.open(url)
        server.start()
        assert store.version("Harbour").id == first and store.document(first) == document()
        store.close()


def test_a_database_server_without_space_is_told_as_such(postgres: Postgres) -> None:
    store = Store.open(postgres.database())
    full = text("DO $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$")
    with pytest.raises(StoreFull, match="no space left"):
        store.write(lambda on: on.execute(full))
    store.close()


def test_urls_are_checked_and_passwords_kept(tmp_path: Path) -> None:
    for url, said in (
        ("mysql://localhost/x", "SQLite or PostgreSQL, not in mysql"),
        ("nonsense://", "SQLite or PostgreSQL"),
        ("://", "no URL of a database"),
        ("sqlite://", "SQLite or PostgreSQL"),
    ):
        with pytest.raises(StoreUnusable, match=said):
            Store.open(url)
    missing = f"postgresql://ann:swordfish@/workflows?host={tmp_path}"
    with pytest.raises(StoreUnusable, match="does not answer") as caught:
        Store.open(missing)
    assert "swordfish" not in str(caught.value)
    store = Store.open(f"sqlite:///{tmp_path}/a b%.sqlite")
    store.create("Harbour", document(), author="ann")
    store.close()
    assert Store.open(tmp_path / "a b%.sqlite").workflows().total == 1


def test_saying_what_went_wrong_needs_no_database_code() -> None:
    code = "import sys, workflows.store; assert not {'sqlalchemy', 'alembic', 'torch'} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
