"""What people do to jobs: order them, try them again, submit them twice; and what a job leaves behind."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, the table of submissions and the table of the queue's own state."""
    with op.batch_alter_table("jobs") as batch:
        batch.add_column(sa.Column("rank", sa.Float, nullable=False, server_default="0"))
        batch.add_column(sa.Column("retry_of", sa.Text))
        batch.add_column(sa.Column("workflow_id", sa.Text))
        batch.add_column(sa.Column("nodes", sa.Text))
        batch.add_column(sa.Column("events", sa.LargeBinary))
        batch.drop_index("jobs_by_state")
        batch.create_index("jobs_by_state", ["state", "number", "rank"])
        batch.create_index("jobs_by_workflow", ["workflow_id"])
    op.execute("UPDATE jobs SET rank = id")
    op.execute("UPDATE jobs SET workflow_id = json_extract(extra_data, '$.extra_pnginfo.workflow.id')")
    op.create_table(
        "submissions",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("body_hash", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
    )
    op.create_index("submissions_by_age", "submissions", ["created"])
    op.create_table(
        "queue_state",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Drop what was added."""
    op.drop_table("queue_state")
    op.drop_table("submissions")
    with op.batch_alter_table("jobs") as batch:
        batch.drop_index("jobs_by_workflow")
        batch.drop_index("jobs_by_state")
        batch.create_index("jobs_by_state", ["state", "number", "id"])
        for name in ("events", "nodes", "workflow_id", "retry_of", "rank"):
            batch.drop_column(name)
