"""Workflows, their versions and what runs of them leave behind."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ADDED_ONLY = ("blobs", "names", "versions", "parents", "releases")


def chars() -> sa.Text:
    """Text that compares by code point in both databases."""
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables, and the triggers that keep what was written as it is."""
    make_history()
    make_runs()
    if op.get_bind().dialect.name == "postgresql":
        protect_in_postgres()
    else:
        protect_in_sqlite()


def make_history() -> None:
    """What is saved, and its names."""
    op.create_table(
        "blobs",
        sa.Column("digest", chars(), primary_key=True),
        sa.Column("kind", chars(), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "workflows",
        sa.Column("uid", chars(), primary_key=True),
        sa.Column("name", chars(), nullable=False),
        sa.Column("folded", chars(), nullable=False, unique=True),
        sa.Column("description", chars(), nullable=False),
        sa.Column("labels", chars(), nullable=False),
        sa.Column("label_keys", chars(), nullable=False),
        sa.Column("search", chars(), nullable=False),
        sa.Column("archived", sa.Integer, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("updated", sa.Float, nullable=False),
        sa.Column("origin", chars()),
    )
    op.create_index("workflows_by_update", "workflows", ["updated"])
    op.create_table(
        "names",
        sa.Column("folded", chars(), primary_key=True),
        sa.Column("workflow", chars(), sa.ForeignKey("workflows.uid"), nullable=False),
    )
    op.create_table(
        "versions",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("id", chars(), nullable=False, unique=True),
        sa.Column("workflow", chars(), sa.ForeignKey("workflows.uid"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("document", chars(), sa.ForeignKey("blobs.digest"), nullable=False),
        sa.Column("layout", chars(), sa.ForeignKey("blobs.digest"), nullable=False),
        sa.Column("thumbnail", chars(), sa.ForeignKey("blobs.digest")),
        sa.Column("author", chars(), nullable=False),
        sa.Column("message", chars(), nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("function", sa.Integer, nullable=False),
        sa.UniqueConstraint("workflow", "number", name="versions_by_number"),
    )
    op.create_index("versions_by_document", "versions", ["document"])
    op.create_table(
        "parents",
        sa.Column(
            "version", sa.Integer, sa.ForeignKey("versions.seq"), primary_key=True, autoincrement=False
        ),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("parent", sa.Integer, sa.ForeignKey("versions.seq"), nullable=False),
        sa.Column("workflow", chars(), sa.ForeignKey("workflows.uid"), nullable=False),
    )
    op.create_index("parents_by_workflow", "parents", ["workflow", "version", "parent"])
    op.create_table(
        "branches",
        sa.Column("workflow", chars(), sa.ForeignKey("workflows.uid"), primary_key=True),
        sa.Column("name", chars(), primary_key=True),
        sa.Column("version", sa.Integer, sa.ForeignKey("versions.seq"), nullable=False),
        sa.Column("updated", sa.Float, nullable=False),
    )
    op.create_index("branches_by_version", "branches", ["version"])
    op.create_table(
        "tags",
        sa.Column("workflow", chars(), sa.ForeignKey("workflows.uid"), primary_key=True),
        sa.Column("name", chars(), primary_key=True),
        sa.Column("version", sa.Integer, sa.ForeignKey("versions.seq"), nullable=False),
        sa.Column("created", sa.Float, nullable=False),
    )
    op.create_index("tags_by_version", "tags", ["version"])
    op.create_table(
        "releases",
        sa.Column("workflow", chars(), sa.ForeignKey("workflows.uid"), primary_key=True),
        sa.Column("major", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("minor", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("patch", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, sa.ForeignKey("versions.seq"), nullable=False),
        sa.Column("notes", chars(), nullable=False),
        sa.Column("author", chars(), nullable=False),
        sa.Column("created", sa.Float, nullable=False),
    )
    op.create_index("releases_by_version", "releases", ["version"])


def make_runs() -> None:
    """What runs, by itself or as one of many, and who is told."""
    op.create_table(
        "runs",
        sa.Column("id", chars(), primary_key=True),
        sa.Column("workflow", chars()),
        sa.Column("version", chars()),
        sa.Column("release", chars()),
        sa.Column("modified", sa.Integer, nullable=False),
        sa.Column("prompt", chars(), sa.ForeignKey("blobs.digest")),
        sa.Column("record", chars(), nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("finished", sa.Float),
        sa.Column("status", chars(), nullable=False),
        sa.Column("complete", sa.Integer, nullable=False),
    )
    op.create_index("runs_by_completeness", "runs", ["complete", "created"])
    op.create_index("runs_by_time", "runs", ["created"])
    op.create_index("runs_by_version", "runs", ["version"])
    op.create_index("runs_by_workflow", "runs", ["workflow", "created"])
    op.create_table(
        "file_hashes",
        sa.Column("path", chars(), primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("mtime_ns", sa.BigInteger, nullable=False),
        sa.Column("sha256", chars(), nullable=False),
    )
    op.create_index("file_hashes_by_content", "file_hashes", ["sha256"])
    op.create_table(
        "sweeps",
        sa.Column("id", chars(), primary_key=True),
        sa.Column("workflow", chars(), nullable=False),
        sa.Column("version", chars(), nullable=False),
        sa.Column("queue", chars(), nullable=False),
        sa.Column("spec", chars(), nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("author", chars(), nullable=False),
        sa.Column("cancelled", sa.Float),
        sa.Column("finished", sa.Float),
    )
    op.create_index("sweeps_by_time", "sweeps", ["created"])
    op.create_index("sweeps_by_workflow", "sweeps", ["workflow", "created"])
    op.create_table(
        "sweep_items",
        sa.Column("sweep", chars(), sa.ForeignKey("sweeps.id"), primary_key=True),
        sa.Column("idx", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("inputs", chars(), nullable=False),
        sa.Column("run", chars(), nullable=False),
        sa.Column("status", chars()),
        sa.Column("result", chars()),
    )
    op.create_index("sweep_items_by_run", "sweep_items", ["run"])
    op.create_table(
        "webhooks",
        sa.Column("id", chars(), primary_key=True),
        sa.Column("url", chars(), nullable=False),
        sa.Column("secret", chars(), nullable=False),
        sa.Column("events", chars(), nullable=False),
        sa.Column("workflow", chars()),
        sa.Column("active", sa.Integer, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", chars(), primary_key=True),
        sa.Column("webhook", chars(), sa.ForeignKey("webhooks.id"), nullable=False),
        sa.Column("run", chars()),
        sa.Column("event", chars(), nullable=False),
        sa.Column("body", chars(), nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.Float),
        sa.Column("taken", chars()),
        sa.Column("delivered", sa.Float),
        sa.Column("last_error", chars()),
    )
    op.create_index("deliveries_by_time", "deliveries", ["next_at"])
    op.create_index("deliveries_by_webhook", "deliveries", ["webhook", "created"])
    op.create_table(
        "positions",
        sa.Column("name", chars(), primary_key=True),
        sa.Column("value", chars(), nullable=False),
    )


def protect_in_sqlite() -> None:
    """Refuse to change or remove what is only ever added to."""
    for table in ADDED_ONLY:
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuse_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are kept as they are'); END"
            )


def protect_in_postgres() -> None:
    """The same, and to empty a table."""
    op.execute(
        "CREATE FUNCTION darkroom_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'rows of % are kept as they are', TG_TABLE_NAME; END $$"
    )
    for table in ADDED_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION darkroom_refuse()"
        )


def downgrade() -> None:
    """Not to be had: it would drop every workflow."""
    raise NotImplementedError("drop the database to be rid of its workflows")
