"""The tables, the same in SQLite and PostgreSQL. The first migration makes exactly these.

What `ADDED_ONLY` names is only ever added to: triggers refuse everything else.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

Chars = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that compares and sorts by code point everywhere."""

ADDED_ONLY = ("blobs", "names", "versions", "parents", "releases")
"""Tables whose rows are never changed or removed."""

blobs = Table(
    "blobs",
    metadata,
    Column("digest", Chars, primary_key=True),
    Column("kind", Chars, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""Contents by their sha256, each once, zlib-compressed. `kind` is what it was first stored as."""

workflows = Table(
    "workflows",
    metadata,
    Column("uid", Chars, primary_key=True),
    Column("name", Chars, nullable=False),
    Column("folded", Chars, nullable=False, unique=True),
    Column("description", Chars, nullable=False),
    Column("labels", Chars, nullable=False),
    Column("label_keys", Chars, nullable=False),
    Column("search", Chars, nullable=False),
    Column("archived", Integer, nullable=False),
    Column("created", Float, nullable=False),
    Column("updated", Float, nullable=False),
    Column("origin", Chars),
    Index("workflows_by_update", "updated"),
)
"""`labels` is JSON, `label_keys` and `search` are made for finding: case-folded, one line each."""

names = Table(
    "names",
    metadata,
    Column("folded", Chars, primary_key=True),
    Column("workflow", Chars, ForeignKey("workflows.uid"), nullable=False),
)
"""Every name a workflow has or had: what calls it by an old one still finds it."""

versions = Table(
    "versions",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("id", Chars, nullable=False, unique=True),
    Column("workflow", Chars, ForeignKey("workflows.uid"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("document", Chars, ForeignKey("blobs.digest"), nullable=False),
    Column("layout", Chars, ForeignKey("blobs.digest"), nullable=False),
    Column("thumbnail", Chars, ForeignKey("blobs.digest")),
    Column("author", Chars, nullable=False),
    Column("message", Chars, nullable=False),
    Column("created", Float, nullable=False),
    Column("function", Integer, nullable=False),
    UniqueConstraint("workflow", "number", name="versions_by_number"),
    Index("versions_by_document", "document"),
)
"""`function` says whether it declares one. A `seq` is always higher than those of its parents."""

parents = Table(
    "parents",
    metadata,
    Column("version", Integer, ForeignKey("versions.seq"), primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("parent", Integer, ForeignKey("versions.seq"), nullable=False),
    Column("workflow", Chars, ForeignKey("workflows.uid"), nullable=False),
    Index("parents_by_workflow", "workflow", "version", "parent"),
)
"""The index holds all there is to say of what led to what: a history of thousands is read from it alone."""

branches = Table(
    "branches",
    metadata,
    Column("workflow", Chars, ForeignKey("workflows.uid"), primary_key=True),
    Column("name", Chars, primary_key=True),
    Column("version", Integer, ForeignKey("versions.seq"), nullable=False),
    Column("updated", Float, nullable=False),
    Index("branches_by_version", "version"),
)

tags = Table(
    "tags",
    metadata,
    Column("workflow", Chars, ForeignKey("workflows.uid"), primary_key=True),
    Column("name", Chars, primary_key=True),
    Column("version", Integer, ForeignKey("versions.seq"), nullable=False),
    Column("created", Float, nullable=False),
    Index("tags_by_version", "version"),
)

releases = Table(
    "releases",
    metadata,
    Column("workflow", Chars, ForeignKey("workflows.uid"), primary_key=True),
    Column("major", Integer, primary_key=True, autoincrement=False),
    Column("minor", Integer, primary_key=True, autoincrement=False),
    Column("patch", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, ForeignKey("versions.seq"), nullable=False),
    Column("notes", Chars, nullable=False),
    Column("author", Chars, nullable=False),
    Column("created", Float, nullable=False),
    Index("releases_by_version", "version"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Chars, primary_key=True),
    Column("workflow", Chars),
    Column("version", Chars),
    Column("release", Chars),
    Column("modified", Integer, nullable=False),
    Column("prompt", Chars, ForeignKey("blobs.digest")),
    Column("record", Chars, nullable=False),
    Column("created", Float, nullable=False),
    Column("finished", Float),
    Column("status", Chars, nullable=False),
    Column("complete", Integer, nullable=False),
    Index("runs_by_workflow", "workflow", "created"),
    Index("runs_by_version", "version"),
    Index("runs_by_time", "created"),
    Index("runs_by_completeness", "complete", "created"),
)
"""What ran, with what, on what. `workflow` is a uid and `version` an id, neither of which need be here.
`complete` is 1 once the hashes of its files are in `record`.
"""

file_hashes = Table(
    "file_hashes",
    metadata,
    Column("path", Chars, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("sha256", Chars, nullable=False),
    Index("file_hashes_by_content", "sha256"),
)
"""The contents of files that take long to read, by what tells that they are still the same."""

sweeps = Table(
    "sweeps",
    metadata,
    Column("id", Chars, primary_key=True),
    Column("workflow", Chars, nullable=False),
    Column("version", Chars, nullable=False),
    Column("queue", Chars, nullable=False),
    Column("spec", Chars, nullable=False),
    Column("total", Integer, nullable=False),
    Column("created", Float, nullable=False),
    Column("author", Chars, nullable=False),
    Column("cancelled", Float),
    Column("finished", Float),
    Index("sweeps_by_time", "created"),
    Index("sweeps_by_workflow", "workflow", "created"),
)
"""`workflow` is a uid, `queue` names the job table that its runs are in."""

sweep_items = Table(
    "sweep_items",
    metadata,
    Column("sweep", Chars, ForeignKey("sweeps.id"), primary_key=True),
    Column("idx", Integer, primary_key=True, autoincrement=False),
    Column("inputs", Chars, nullable=False),
    Column("run", Chars, nullable=False),
    Column("status", Chars),
    Column("result", Chars),
    Index("sweep_items_by_run", "run"),
)
"""The run of an item has its id before it is queued. `status` is empty until it is over, `result` then says
what came out.
"""

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Chars, primary_key=True),
    Column("url", Chars, nullable=False),
    Column("secret", Chars, nullable=False),
    Column("events", Chars, nullable=False),
    Column("workflow", Chars),
    Column("active", Integer, nullable=False),
    Column("created", Float, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Chars, primary_key=True),
    Column("webhook", Chars, ForeignKey("webhooks.id"), nullable=False),
    Column("run", Chars),
    Column("event", Chars, nullable=False),
    Column("body", Chars, nullable=False),
    Column("created", Float, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Float),
    Column("taken", Chars),
    Column("delivered", Float),
    Column("last_error", Chars),
    Index("deliveries_by_time", "next_at"),
    Index("deliveries_by_webhook", "webhook", "created"),
)
"""What was or is to be sent to a webhook. `next_at` is empty once it is delivered or given up; `taken` says
who is sending it just now.
"""

positions = Table(
    "positions",
    metadata,
    Column("name", Chars, primary_key=True),
    Column("value", Chars, nullable=False),
)
"""How far those who follow a job table got in it."""
