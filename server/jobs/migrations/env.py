"""Alembic's entry: runs the scripts on the connection the server hands over."""

from alembic import context

connection = context.config.attributes["connection"]
# All or nothing: a crash in the middle leaves the old schema, and the next start tries again.
connection.exec_driver_sql("BEGIN IMMEDIATE")
context.configure(connection=connection, render_as_batch=True, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
