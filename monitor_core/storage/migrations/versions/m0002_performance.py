"""Performance: deliveries of predictions and labels, counts by granule, baselines, deployments, decisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "performance_batch",
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("snapshot_id", sa.Text(), nullable=True),
        sa.Column("n_rows", sa.BigInteger(), nullable=False),
        sa.Column("n_accepted", sa.BigInteger(), nullable=False),
        sa.Column("n_duplicates", sa.BigInteger(), nullable=False),
        sa.Column("n_refused", sa.BigInteger(), nullable=False),
        sa.Column("n_orphans", sa.BigInteger(), nullable=False),
        sa.Column("n_corrections", sa.BigInteger(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("effect", sa.JSON(), nullable=False),
        sa.Column("first_granule", sa.Text(), nullable=True),
        sa.Column("last_granule", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["model.model_id"], name=op.f("fk_performance_batch_model_id_model"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_performance_batch")),
        sa.UniqueConstraint("model_id", "idempotency_key", name=op.f("uq_performance_batch_model_id_idempotency_key")),
    )
    op.create_index(
        op.f("ix_performance_batch_model_id_recorded_at"),
        "performance_batch",
        ["model_id", "recorded_at"],
        unique=False,
    )
    op.create_table(
        "performance_count",
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("granule", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("predictions", sa.BigInteger(), nullable=False),
        sa.Column("true_positives", sa.BigInteger(), nullable=False),
        sa.Column("false_positives", sa.BigInteger(), nullable=False),
        sa.Column("false_negatives", sa.BigInteger(), nullable=False),
        sa.Column("true_negatives", sa.BigInteger(), nullable=False),
        sa.Column("scored", sa.BigInteger(), nullable=False),
        sa.Column("brier", sa.BigInteger(), nullable=False),
        sa.Column("brier_squared", sa.BigInteger(), nullable=False),
        sa.Column("log_loss", sa.BigInteger(), nullable=False),
        sa.Column("log_loss_squared", sa.BigInteger(), nullable=False),
        sa.Column("corrections", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["model.model_id"], name=op.f("fk_performance_count_model_id_model"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "model_id", "version", "segment", "granule", "batch_id", name=op.f("pk_performance_count")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "performance_closed",
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("granule", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["model.model_id"], name=op.f("fk_performance_closed_model_id_model"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("model_id", "granule", name=op.f("pk_performance_closed")),
    )
    op.create_table(
        "performance_detail",
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("granule", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["model.model_id"], name=op.f("fk_performance_detail_model_id_model"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "model_id", "version", "segment", "granule", "batch_id", "kind", name=op.f("pk_performance_detail")
        ),
    )
    op.create_table(
        "performance_total",
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("granule", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["model.model_id"], name=op.f("fk_performance_total_model_id_model"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("model_id", "version", "segment", "kind", "granule", name=op.f("pk_performance_total")),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":  # read often and by the thousand: unpacking would take longest
        op.execute("ALTER TABLE performance_total ALTER COLUMN payload SET STORAGE EXTERNAL")
    op.create_table(
        "performance_pair",
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("version_a", sa.Text(), nullable=False),
        sa.Column("version_b", sa.Text(), nullable=False),
        sa.Column("granule", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["model.model_id"], name=op.f("fk_performance_pair_model_id_model"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "model_id", "version_a", "version_b", "granule", "batch_id", name=op.f("pk_performance_pair")
        ),
    )
    op.create_table(
        "decision",
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("advised", sa.Text(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("evidence_sha256", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id", "version"],
            ["model_version.model_id", "model_version.version"],
            name=op.f("fk_decision_model_id_version_model_version"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_decision")),
    )
    op.create_index(
        op.f("ix_decision_model_id_version_decided_at"), "decision", ["model_id", "version", "decided_at"], unique=False
    )
    op.create_table(
        "deployment",
        sa.Column("deployment_id", sa.Text(), nullable=False),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id", "version"],
            ["model_version.model_id", "model_version.version"],
            name=op.f("fk_deployment_model_id_version_model_version"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("deployment_id", name=op.f("pk_deployment")),
    )
    op.create_index(op.f("ix_deployment_model_id_started_at"), "deployment", ["model_id", "started_at"], unique=False)
    op.create_index(
        "uq_deployment_live",
        "deployment",
        ["model_id"],
        unique=True,
        sqlite_where=sa.text("stage = 'live' AND ended_at IS NULL"),
        postgresql_where=sa.text("stage = 'live' AND ended_at IS NULL"),
    )
    op.create_table(
        "performance_baseline",
        sa.Column("baseline_id", sa.Text(), nullable=False),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("origin", sa.JSON(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=True),
        sa.Column("given", sa.JSON(), nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id", "version"],
            ["model_version.model_id", "model_version.version"],
            name=op.f("fk_performance_baseline_model_id_version_model_version"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("baseline_id", name=op.f("pk_performance_baseline")),
        sa.UniqueConstraint(
            "model_id", "version", "number", name=op.f("uq_performance_baseline_model_id_version_number")
        ),
    )
    op.create_index(
        "uq_performance_baseline_active",
        "performance_baseline",
        ["model_id", "version"],
        unique=True,
        sqlite_where=sa.text("is_active"),
        postgresql_where=sa.text("is_active"),
    )
    op.create_table(
        "performance_event",
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("granule", sa.Text(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("n_rows", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["performance_batch.batch_id"],
            name=op.f("fk_performance_event_batch_id_performance_batch"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["model.model_id"], name=op.f("fk_performance_event_model_id_model"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("batch_id", "kind", "version", "granule", "part", name=op.f("pk_performance_event")),
    )
    op.create_index(
        op.f("ix_performance_event_model_id_granule_recorded_at"),
        "performance_event",
        ["model_id", "granule", "recorded_at"],
        unique=False,
    )
