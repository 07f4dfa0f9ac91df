"""Jobs: the queue and the history, one row each."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of jobs."""
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("prompt_id", sa.Text, nullable=False, unique=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("number", sa.Float, nullable=False),
        sa.Column("explicit_number", sa.Integer, nullable=False),
        sa.Column("client_id", sa.Text),
        sa.Column("graph", sa.Text, nullable=False),
        sa.Column("extra_data", sa.Text, nullable=False),
        sa.Column("targets", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("started", sa.Float),
        sa.Column("finished", sa.Float),
        sa.Column("finish_order", sa.Integer),
        sa.Column("outputs", sa.Text),
        sa.Column("meta", sa.Text),
        sa.Column("messages", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_index("jobs_by_state", "jobs", ["state", "number", "id"])
    op.create_index("jobs_by_finish", "jobs", ["finish_order"])


def downgrade() -> None:
    """Drop the table of jobs."""
    op.drop_table("jobs")
