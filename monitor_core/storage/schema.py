"""Every table, once. Moments are UTC; labels of granules are text (see `monitor_core.values.Granularity`)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

__all__ = [
    "alert_event",
    "alert_state",
    "audit_event",
    "baseline",
    "baseline_block",
    "decision",
    "deployment",
    "drift_grid",
    "drift_report",
    "drift_result",
    "drift_run",
    "drift_sample",
    "drift_summary",
    "job",
    "lease",
    "metadata",
    "model",
    "model_version",
    "performance_baseline",
    "performance_batch",
    "performance_closed",
    "performance_count",
    "performance_detail",
    "performance_event",
    "performance_pair",
    "performance_total",
    "rule_state",
    "snapshot",
]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """A timezone-aware moment in UTC, on databases with and without time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive moments; store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive moment {value!r}; expected a timezone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Give moments back in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


model = Table(
    "model",
    metadata,
    Column("model_id", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column(
        "kind", Text, nullable=False, server_default=""
    ),  # what sort of model: "binary classifier, gradient boosting"
    Column("owner", Text, nullable=False, server_default=""),
    Column("description", Text, nullable=False, server_default=""),
    Column("granularity", Text, nullable=False, server_default="day"),
    Column("roles", JSON, nullable=True),  # remembered column roles of the last accepted upload
    Column("thresholds", JSON, nullable=True),  # overrides of DriftSettings, by field name
    Column("is_example", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", Moment, nullable=False),
    Column("archived_at", Moment, nullable=True),
)

model_version = Table(
    "model_version",
    metadata,
    Column("model_id", Text, ForeignKey("model.model_id", ondelete="CASCADE"), primary_key=True),
    Column("version", Text, primary_key=True),
    Column("training_date", Text, nullable=False, server_default=""),  # ISO date
    Column("note", Text, nullable=False, server_default=""),
    Column("importance", JSON, nullable=True),  # {feature: share}
    Column("created_at", Moment, nullable=False),
)


def _version_key() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["model_id", "version"], ["model_version.model_id", "model_version.version"], ondelete="CASCADE"
    )


snapshot = Table(
    "snapshot",
    metadata,
    Column("snapshot_id", Text, primary_key=True),
    Column("model_id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("purpose", Text, nullable=False),  # baseline | current | predictions | labels
    Column("state", Text, nullable=False),  # staged | accepted | ready | refused | deleted
    Column("filename", Text, nullable=False),  # as the user named it; never used as a path
    Column("sha256", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("format", Text, nullable=False),
    Column("n_rows", BigInteger, nullable=True),
    Column("n_columns", Integer, nullable=True),
    Column("first_granule", Text, nullable=True),
    Column("last_granule", Text, nullable=True),
    Column("roles", JSON, nullable=True),
    Column("findings", JSON, nullable=True),  # list of findings of the check
    Column("keep_rows", Boolean, nullable=False, server_default=text("false")),
    Column("rows_kept", Boolean, nullable=False, server_default=text("false")),
    Column("uploaded_at", Moment, nullable=False),
    Column("uploaded_by", Text, nullable=False, server_default=""),
    Column("ready_at", Moment, nullable=True),
    _version_key(),
    Index(None, "model_id", "version", "uploaded_at"),
    Index(None, "sha256"),
)

drift_grid = Table(  # where the cells lie; made once from a baseline upload, shared by what is counted on it
    "drift_grid",
    metadata,
    Column("grid_id", Text, primary_key=True),
    Column("model_id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
    _version_key(),
)

baseline = Table(
    "baseline",
    metadata,
    Column("baseline_id", Text, primary_key=True),
    Column("model_id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("number", Integer, nullable=False),  # 1, 2, 3 ... within a model version
    Column("kind", Text, nullable=False),  # fixed | rolling | same_weekday
    Column("origin", JSON, nullable=False),  # {"snapshot_id": ...} or {"first": ..., "last": ...}
    Column("grid_id", Text, ForeignKey("drift_grid.grid_id"), nullable=False),
    Column("sha256", Text, nullable=False),
    Column("n_rows", BigInteger, nullable=False),
    Column("n_features", Integer, nullable=False),
    Column("n_granules", Integer, nullable=False),
    Column("first_granule", Text, nullable=True),
    Column("last_granule", Text, nullable=True),
    Column("segment_column", Text, nullable=False, server_default=""),
    Column("is_active", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False, server_default=""),
    _version_key(),
    UniqueConstraint("model_id", "version", "number"),
    Index(
        "uq_baseline_active",
        "model_id",
        "version",
        unique=True,
        sqlite_where=text("is_active"),
        postgresql_where=text("is_active"),
    ),
)

baseline_block = Table(  # the baseline's summaries, a block of features a row
    "baseline_block",
    metadata,
    Column("baseline_id", Text, ForeignKey("baseline.baseline_id", ondelete="CASCADE"), primary_key=True),
    Column("segment", Text, primary_key=True),  # "" is everything
    Column("block", Integer, primary_key=True),
    Column("payload", LargeBinary, nullable=False),
)

drift_summary = Table(  # what one snapshot adds to one granule; a granule is the sum of its rows here
    "drift_summary",
    metadata,
    Column("grid_id", Text, ForeignKey("drift_grid.grid_id", ondelete="CASCADE"), primary_key=True),
    Column("snapshot_id", Text, ForeignKey("snapshot.snapshot_id", ondelete="CASCADE"), primary_key=True),
    Column("granule", Text, primary_key=True),
    Column("segment", Text, primary_key=True),
    Column("block", Integer, primary_key=True),
    Column("n_rows", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Index(None, "grid_id", "segment", "granule"),
    Index(None, "snapshot_id"),  # deleting a snapshot looks its rows up
)

drift_sample = Table(  # a bounded sample of rows a granule, for the multivariate check
    "drift_sample",
    metadata,
    Column("snapshot_id", Text, ForeignKey("snapshot.snapshot_id", ondelete="CASCADE"), primary_key=True),
    Column("granule", Text, primary_key=True),
    Column("n_rows", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
)

drift_run = Table(
    "drift_run",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("model_id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("baseline_id", Text, ForeignKey("baseline.baseline_id"), nullable=False),
    Column("segment_column", Text, nullable=False, server_default=""),
    Column("settings", JSON, nullable=False),  # the DriftSettings used
    Column("input_sha256", Text, nullable=False),  # same input and settings, same result
    Column("first_granule", Text, nullable=False),
    Column("last_granule", Text, nullable=False),
    Column("n_granules", Integer, nullable=False),
    Column("n_features", Integer, nullable=False),
    Column("n_rows", BigInteger, nullable=False),
    Column("severity", Text, nullable=False),  # of the latest granule
    Column("verdict", Text, nullable=False),
    Column("headline", JSON, nullable=False),  # counts shown in lists without reading the results
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False, server_default=""),
    _version_key(),
    Index(None, "model_id", "version", "created_at"),
)

drift_result = Table(  # Arrow table, one row a feature
    "drift_result",
    metadata,
    Column("run_id", Text, ForeignKey("drift_run.run_id", ondelete="CASCADE"), primary_key=True),
    Column("segment", Text, primary_key=True),
    Column("granule", Text, primary_key=True),
    Column("payload", LargeBinary, nullable=False),
)

drift_report = Table(
    "drift_report",
    metadata,
    Column("run_id", Text, ForeignKey("drift_run.run_id", ondelete="CASCADE"), primary_key=True),
    Column("format", Text, primary_key=True),  # text | html | markdown | csv | json
    Column("payload", LargeBinary, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
)

job = Table(
    "job",
    metadata,
    Column("job_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("model_id", Text, nullable=True),
    Column("version", Text, nullable=True),
    Column("params", JSON, nullable=False),
    Column("state", Text, nullable=False),  # queued | running | done | failed | cancelled
    Column("progress", Float, nullable=False, server_default="0"),  # 0..1
    Column("note", Text, nullable=False, server_default=""),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("max_attempts", Integer, nullable=False, server_default="3"),
    Column("not_before", Moment, nullable=True),
    Column("cancel_requested", Boolean, nullable=False, server_default=text("false")),
    Column("owner", Text, nullable=True),
    Column("heartbeat_at", Moment, nullable=True),
    Column("error", JSON, nullable=True),  # {"message", "hint", "reasons"}
    Column("result", JSON, nullable=True),
    Column("requested_by", Text, nullable=False, server_default=""),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment, nullable=True),
    Column("finished_at", Moment, nullable=True),
    Index(None, "state", "created_at"),
    Index(None, "model_id", "created_at"),
)

lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

deployment = Table(  # which version served when; a model has at most one live version at a time
    "deployment",
    metadata,
    Column("deployment_id", Text, primary_key=True),
    Column("model_id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("stage", Text, nullable=False),  # live | shadow
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment, nullable=True),
    Column("recorded_at", Moment, nullable=False),  # when the start was written down
    Column("end_recorded_at", Moment, nullable=True),
    Column("created_by", Text, nullable=False, server_default=""),
    _version_key(),
    Index(None, "model_id", "started_at"),
    Index(
        "uq_deployment_live",
        "model_id",
        unique=True,
        sqlite_where=text("stage = 'live' AND ended_at IS NULL"),
        postgresql_where=text("stage = 'live' AND ended_at IS NULL"),
    ),
)

performance_batch = Table(  # one delivery of predictions or labels: all of it counts, or nothing
    "performance_batch",
    metadata,
    Column("batch_id", Text, primary_key=True),
    Column("model_id", Text, ForeignKey("model.model_id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),  # predictions | labels | labelled (both in one row)
    Column("idempotency_key", Text, nullable=False),  # given by the sender, or the content's SHA-256
    Column("snapshot_id", Text, nullable=True),  # the upload it came from
    Column("n_rows", BigInteger, nullable=False),
    Column("n_accepted", BigInteger, nullable=False),
    Column("n_duplicates", BigInteger, nullable=False),  # said before, exactly so
    Column("n_refused", BigInteger, nullable=False),
    Column("n_orphans", BigInteger, nullable=False),  # labels without a prediction, so far
    Column("n_corrections", BigInteger, nullable=False),  # changed what was known
    Column("reasons", JSON, nullable=False),  # of refusals: the first few of each kind, with row and value
    Column("effect", JSON, nullable=False),  # of corrections: granules touched, F1 before and after
    Column("first_granule", Text, nullable=True),
    Column("last_granule", Text, nullable=True),
    Column("recorded_at", Moment, nullable=False),
    Column("recorded_by", Text, nullable=False, server_default=""),
    UniqueConstraint("model_id", "idempotency_key"),
    Index(None, "model_id", "recorded_at"),
)

performance_event = Table(  # rows of a batch, columnar, by granule; appended, never changed, dropped by age
    "performance_event",
    metadata,
    Column("batch_id", Text, ForeignKey("performance_batch.batch_id", ondelete="CASCADE"), primary_key=True),
    Column("kind", Text, primary_key=True),  # prediction | label | labelled (both) | joined (labels no longer waiting)
    Column("version", Text, primary_key=True),  # "" for labels: a fact about the world, whichever version asked
    Column("granule", Text, primary_key=True),  # "" for labels without a date whose prediction is not known yet
    Column("part", Integer, primary_key=True),
    Column("model_id", Text, ForeignKey("model.model_id", ondelete="CASCADE"), nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("n_rows", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Index(None, "model_id", "granule", "recorded_at"),
)


performance_closed = Table(  # granules whose events were dropped by age: their counts are final
    "performance_closed",
    metadata,
    Column("model_id", Text, ForeignKey("model.model_id", ondelete="CASCADE"), primary_key=True),
    Column("granule", Text, primary_key=True),
    Column("closed_at", Moment, nullable=False),
)


def _count_key() -> list[Column[str]]:
    return [
        Column("model_id", Text, ForeignKey("model.model_id", ondelete="CASCADE"), primary_key=True),
        Column("version", Text, primary_key=True),
        Column("segment", Text, primary_key=True),  # "" is everything
        Column("granule", Text, primary_key=True),
        Column("batch_id", Text, primary_key=True),  # no foreign key: counts outlive the list of batches
    ]


performance_count = Table(  # what one batch changed in a granule: signed; a granule is the sum of its rows here
    "performance_count",
    metadata,
    *_count_key(),
    Column("recorded_at", Moment, nullable=False),
    Column("predictions", BigInteger, nullable=False),
    Column("true_positives", BigInteger, nullable=False),
    Column("false_positives", BigInteger, nullable=False),
    Column("false_negatives", BigInteger, nullable=False),
    Column("true_negatives", BigInteger, nullable=False),
    Column("scored", BigInteger, nullable=False),  # labelled rows that have a score
    Column("brier", BigInteger, nullable=False),  # sums over `scored`, in fixed point: exact in any order
    Column("brier_squared", BigInteger, nullable=False),
    Column("log_loss", BigInteger, nullable=False),
    Column("log_loss_squared", BigInteger, nullable=False),
    Column("corrections", BigInteger, nullable=False),  # rows whose label or prediction was replaced
    sqlite_with_rowid=False,  # a version's granules lie together, in order: years of them are one short read
)

performance_detail = Table(  # the larger parts of the same change, read only where they are needed
    "performance_detail",
    metadata,
    *_count_key(),
    Column("kind", Text, primary_key=True),  # scores | cells | entities | delays
    Column("recorded_at", Moment, nullable=False),
    Column("payload", LargeBinary, nullable=False),
)

performance_total = Table(  # the sum of a granule's counts and details, as of its latest change: years are read fast
    "performance_total",
    metadata,
    Column("model_id", Text, ForeignKey("model.model_id", ondelete="CASCADE"), primary_key=True),
    Column("version", Text, primary_key=True),
    Column("segment", Text, primary_key=True),
    Column("kind", Text, primary_key=True),  # counts | scores | entities | sample | delays
    Column("granule", Text, primary_key=True),
    Column("recorded_at", Moment, nullable=False),  # as of an earlier moment the changes themselves are added up
    Column("payload", LargeBinary, nullable=False),
    sqlite_with_rowid=False,  # totals of a kind lie together: the short ones many to a page
)

performance_pair = Table(  # two versions on the same labelled rows: what one batch changed, signed
    "performance_pair",
    metadata,
    Column("model_id", Text, ForeignKey("model.model_id", ondelete="CASCADE"), primary_key=True),
    Column("version_a", Text, primary_key=True),  # the lesser by text
    Column("version_b", Text, primary_key=True),
    Column("granule", Text, primary_key=True),
    Column("batch_id", Text, primary_key=True),
    Column("recorded_at", Moment, nullable=False),
    Column("counts", JSON, nullable=False),  # eight counts, at 4 * label + 2 * a + b
)

performance_baseline = Table(  # how well a version did when it was accepted
    "performance_baseline",
    metadata,
    Column("baseline_id", Text, primary_key=True),
    Column("model_id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("origin", JSON, nullable=False),  # {"snapshot_id"} | {"first", "last"} | {"given": true}
    Column("counts", JSON, nullable=True),  # the fields of performance.counts.Counts; None for bare values
    Column("given", JSON, nullable=True),  # {"f1", "precision", "recall", "roc_auc"} as somebody wrote them down
    Column("payload", LargeBinary, nullable=True),  # score histogram and cells
    Column("is_active", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False, server_default=""),
    _version_key(),
    UniqueConstraint("model_id", "version", "number"),
    Index(
        "uq_performance_baseline_active",
        "model_id",
        "version",
        unique=True,
        sqlite_where=text("is_active"),
        postgresql_where=text("is_active"),
    ),
)

decision = Table(  # what was decided on an advice, by whom, why, and on which evidence
    "decision",
    metadata,
    Column("decision_id", Text, primary_key=True),
    Column("model_id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("decided_at", Moment, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("action", Text, nullable=False),  # keep | watch | retrain | roll_back | acknowledge
    Column("reason", Text, nullable=False),
    Column("advised", Text, nullable=False),  # the action that was advised
    Column("evidence", JSON, nullable=False),
    Column("evidence_sha256", Text, nullable=False),
    _version_key(),
    Index(None, "model_id", "version", "decided_at"),
)

audit_event = Table(  # the operators' trail, chained (monitor_core.audit)
    "audit_event",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", JSON, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

alert_state = Table(  # every alert in sight, as the last evaluation left it (monitor_core.alerts.states)
    "alert_state",
    metadata,
    Column("fingerprint", Text, primary_key=True),  # hash of group, rule and labels
    Column("rule_group", Text, nullable=False),
    Column("rule", Text, nullable=False),  # name; the second of a name within a group is name#2
    Column("state", Text, nullable=False),  # pending | firing | resolved
    Column("severity", Text, nullable=False, server_default=""),
    Column("labels", JSON, nullable=False),
    Column("annotations", JSON, nullable=False),
    Column("value", Text, nullable=False),  # as text: NaN and infinities are values
    Column("episode", Text, nullable=False),  # one word for all events from pending to resolved
    Column("active_at", Moment, nullable=False),
    Column("fired_at", Moment, nullable=True),
    Column("resolved_at", Moment, nullable=True),
    Column("keep_firing_since", Moment, nullable=True),
    Index(None, "rule_group", "rule"),
)

alert_event = Table(  # what became of alerts; a row is never changed
    "alert_event",
    metadata,
    Column("episode", Text, primary_key=True),
    Column("event", Text, primary_key=True),  # pending | firing | resolved | dropped (never fired)
    Column("fingerprint", Text, nullable=False),
    Column("rule_group", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("severity", Text, nullable=False, server_default=""),
    Column("labels", JSON, nullable=False),
    Column("annotations", JSON, nullable=False),
    Column("value", Text, nullable=False),
    Column("active_at", Moment, nullable=False),
    Column("at", Moment, nullable=False),
    Index(None, "at"),
    Index(None, "fingerprint", "at"),
)

rule_state = Table(  # how the last evaluation of each rule went
    "rule_state",
    metadata,
    Column("rule_group", Text, primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("evaluated_at", Moment, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("error", Text, nullable=False, server_default=""),  # empty: it was evaluated
)
