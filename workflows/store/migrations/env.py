"""Alembic's entry: runs the scripts on the connection the store hands over."""

from alembic import context
from sqlalchemy import text

connection = context.config.attributes["connection"]
# All or nothing: a crash in the middle leaves the old schema, and the next start tries again. Of two programs
# that start at once, the second waits here (in SQLite: where the transaction began) and finds it done.
if connection.dialect.name == "postgresql":
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('darkroom workflows'))"))
context.configure(connection=connection, render_as_batch=True, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
