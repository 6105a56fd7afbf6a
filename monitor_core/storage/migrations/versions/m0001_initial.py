"""The first schema: models, snapshots, drift, jobs, leases, the operators' trail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_event",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_audit_event")),
    )
    op.create_table(
        "job",
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("model_id", sa.Text(), nullable=True),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("progress", sa.Float(), server_default="0", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("max_attempts", sa.Integer(), server_default="3", nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("requested_by", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job")),
    )
    op.create_index(op.f("ix_job_model_id_created_at"), "job", ["model_id", "created_at"], unique=False)
    op.create_index(op.f("ix_job_state_created_at"), "job", ["state", "created_at"], unique=False)
    op.create_table(
        "lease",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "model",
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("owner", sa.Text(), server_default="", nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("granularity", sa.Text(), server_default="day", nullable=False),
        sa.Column("roles", sa.JSON(), nullable=True),
        sa.Column("thresholds", sa.JSON(), nullable=True),
        sa.Column("is_example", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("model_id", name=op.f("pk_model")),
    )
    op.create_table(
        "model_version",
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("training_date", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("importance", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["model.model_id"], name=op.f("fk_model_version_model_id_model"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("model_id", "version", name=op.f("pk_model_version")),
    )
    op.create_table(
        "drift_grid",
        sa.Column("grid_id", sa.Text(), nullable=False),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id", "version"],
            ["model_version.model_id", "model_version.version"],
            name=op.f("fk_drift_grid_model_id_version_model_version"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("grid_id", name=op.f("pk_drift_grid")),
    )
    op.create_table(
        "snapshot",
        sa.Column("snapshot_id", sa.Text(), nullable=False),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("n_rows", sa.BigInteger(), nullable=True),
        sa.Column("n_columns", sa.Integer(), nullable=True),
        sa.Column("first_granule", sa.Text(), nullable=True),
        sa.Column("last_granule", sa.Text(), nullable=True),
        sa.Column("roles", sa.JSON(), nullable=True),
        sa.Column("findings", sa.JSON(), nullable=True),
        sa.Column("keep_rows", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("rows_kept", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uploaded_by", sa.Text(), server_default="", nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["model_id", "version"],
            ["model_version.model_id", "model_version.version"],
            name=op.f("fk_snapshot_model_id_version_model_version"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("snapshot_id", name=op.f("pk_snapshot")),
    )
    op.create_index(
        op.f("ix_snapshot_model_id_version_uploaded_at"),
        "snapshot",
        ["model_id", "version", "uploaded_at"],
        unique=False,
    )
    op.create_index(op.f("ix_snapshot_sha256"), "snapshot", ["sha256"], unique=False)
    op.create_table(
        "baseline",
        sa.Column("baseline_id", sa.Text(), nullable=False),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("origin", sa.JSON(), nullable=False),
        sa.Column("grid_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("n_rows", sa.BigInteger(), nullable=False),
        sa.Column("n_features", sa.Integer(), nullable=False),
        sa.Column("n_granules", sa.Integer(), nullable=False),
        sa.Column("first_granule", sa.Text(), nullable=True),
        sa.Column("last_granule", sa.Text(), nullable=True),
        sa.Column("segment_column", sa.Text(), server_default="", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["grid_id"], ["drift_grid.grid_id"], name=op.f("fk_baseline_grid_id_drift_grid")),
        sa.ForeignKeyConstraint(
            ["model_id", "version"],
            ["model_version.model_id", "model_version.version"],
            name=op.f("fk_baseline_model_id_version_model_version"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("baseline_id", name=op.f("pk_baseline")),
        sa.UniqueConstraint("model_id", "version", "number", name=op.f("uq_baseline_model_id_version_number")),
    )
    op.create_index(
        "uq_baseline_active",
        "baseline",
        ["model_id", "version"],
        unique=True,
        sqlite_where=sa.text("is_active"),
        postgresql_where=sa.text("is_active"),
    )
    op.create_table(
        "drift_sample",
        sa.Column("snapshot_id", sa.Text(), nullable=False),
        sa.Column("granule", sa.Text(), nullable=False),
        sa.Column("n_rows", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["snapshot_id"],
            ["snapshot.snapshot_id"],
            name=op.f("fk_drift_sample_snapshot_id_snapshot"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "granule", name=op.f("pk_drift_sample")),
    )
    op.create_table(
        "drift_summary",
        sa.Column("grid_id", sa.Text(), nullable=False),
        sa.Column("snapshot_id", sa.Text(), nullable=False),
        sa.Column("granule", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("n_rows", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["grid_id"], ["drift_grid.grid_id"], name=op.f("fk_drift_summary_grid_id_drift_grid"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["snapshot_id"],
            ["snapshot.snapshot_id"],
            name=op.f("fk_drift_summary_snapshot_id_snapshot"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("grid_id", "snapshot_id", "granule", "segment", "block", name=op.f("pk_drift_summary")),
    )
    op.create_index(
        op.f("ix_drift_summary_grid_id_segment_granule"),
        "drift_summary",
        ["grid_id", "segment", "granule"],
        unique=False,
    )
    op.create_index(op.f("ix_drift_summary_snapshot_id"), "drift_summary", ["snapshot_id"], unique=False)
    op.create_table(
        "baseline_block",
        sa.Column("baseline_id", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["baseline_id"],
            ["baseline.baseline_id"],
            name=op.f("fk_baseline_block_baseline_id_baseline"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("baseline_id", "segment", "block", name=op.f("pk_baseline_block")),
    )
    op.create_table(
        "drift_run",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("baseline_id", sa.Text(), nullable=False),
        sa.Column("segment_column", sa.Text(), server_default="", nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("input_sha256", sa.Text(), nullable=False),
        sa.Column("first_granule", sa.Text(), nullable=False),
        sa.Column("last_granule", sa.Text(), nullable=False),
        sa.Column("n_granules", sa.Integer(), nullable=False),
        sa.Column("n_features", sa.Integer(), nullable=False),
        sa.Column("n_rows", sa.BigInteger(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("headline", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["baseline_id"], ["baseline.baseline_id"], name=op.f("fk_drift_run_baseline_id_baseline")
        ),
        sa.ForeignKeyConstraint(
            ["model_id", "version"],
            ["model_version.model_id", "model_version.version"],
            name=op.f("fk_drift_run_model_id_version_model_version"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_drift_run")),
    )
    op.create_index(
        op.f("ix_drift_run_model_id_version_created_at"),
        "drift_run",
        ["model_id", "version", "created_at"],
        unique=False,
    )
    op.create_table(
        "drift_report",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["drift_run.run_id"], name=op.f("fk_drift_report_run_id_drift_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "format", name=op.f("pk_drift_report")),
    )
    op.create_table(
        "drift_result",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("granule", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["drift_run.run_id"], name=op.f("fk_drift_result_run_id_drift_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "segment", "granule", name=op.f("pk_drift_result")),
    )
