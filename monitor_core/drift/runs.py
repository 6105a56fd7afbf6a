"""Saved runs: a summary line, the results of every granule and segment, the reports."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from monitor_core.drift.record import decode_granule, encode_granule, read_matrix, read_trend
from monitor_core.drift.results import CellState, RunSummary
from monitor_core.errors import NotFound
from monitor_core.storage.schema import baseline, drift_report, drift_result, drift_run
from monitor_core.values import ModelRef, Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray
    from sqlalchemy import Connection, Engine, RowMapping

    from monitor_core.drift.results import GranuleDrift, RunMatrix
    from monitor_core.drift.store import BaselineInfo

__all__ = ["NewRun", "RunStore", "SavedGranule"]


@dataclass(frozen=True, slots=True)
class SavedGranule:
    """The result of one granule and segment, as it is stored."""

    segment: str
    granule: str
    n_rows: int
    """Rows of the granule itself, whatever else was judged with it."""
    payload: bytes

    @classmethod
    def of(cls, result: GranuleDrift, n_rows: int) -> SavedGranule:
        """Encode a result."""
        return cls(result.segment, result.granule, n_rows, encode_granule(result))


@dataclass(frozen=True, slots=True)
class NewRun:
    """What was found, before it is saved."""

    run_id: str
    against: BaselineInfo
    segment_column: str
    settings: Mapping[str, Any]
    input_sha256: str
    results: Sequence[SavedGranule]
    """Every granule of the whole in time order, then those of each segment."""
    latest: GranuleDrift
    """The last granule of the whole."""
    left_out: Sequence[str]
    """Sentences: what should have been judged and was not."""


class RunStore:
    """Keep runs."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, connection: Connection, new: NewRun, *, at: datetime, actor: str) -> RunSummary:
        """Write a run with all its results."""
        whole = [result for result in new.results if result.segment == ""]
        latest = new.latest
        states = Counter(feature.state for feature in latest.features)
        row = {
            "run_id": new.run_id,
            "model_id": new.against.ref.model_id,
            "version": new.against.ref.version,
            "baseline_id": new.against.baseline_id,
            "segment_column": new.segment_column,
            "settings": dict(new.settings),
            "input_sha256": new.input_sha256,
            "first_granule": whole[0].granule,
            "last_granule": latest.granule,
            "n_granules": len(whole),
            "n_features": len(latest.features),
            "n_rows": sum(result.n_rows for result in whole),
            "severity": latest.severity.value,
            "verdict": latest.verdict.value,
            "headline": {
                "drifted": states[CellState.DRIFTED],
                "unconfirmed": states[CellState.UNCONFIRMED],
                "undecided": states[CellState.UNDECIDED],
                "left_out": list(new.left_out),
            },
            "created_at": at,
            "created_by": actor,
        }
        connection.execute(insert(drift_run), row)
        for result in new.results:
            connection.execute(
                insert(drift_result),
                {
                    "run_id": new.run_id,
                    "segment": result.segment,
                    "granule": result.granule,
                    "payload": result.payload,
                },
            )
        return self.get(new.run_id, connection=connection)

    def get(self, run_id: str, *, connection: Connection | None = None) -> RunSummary:
        """Return the summary line of one run; raises `NotFound`."""
        query = _summaries().where(drift_run.c.run_id == run_id)
        if connection is not None:
            row = connection.execute(query).mappings().first()
        else:
            with self._engine.connect() as own:
                row = own.execute(query).mappings().first()
        if row is None:
            raise NotFound(f"there is no drift run {run_id!r}")
        return _summary(row)

    def list(self, ref: ModelRef, *, limit: int) -> tuple[RunSummary, ...]:
        """Return the runs of a model version, the newest first."""
        column = drift_run.c
        query = _summaries().where(column.model_id == ref.model_id, column.version == ref.version)
        query = query.order_by(column.created_at.desc(), column.run_id.desc()).limit(limit)
        with self._engine.connect() as connection:
            return tuple(_summary(row) for row in connection.execute(query).mappings())

    def input_sha256(self, run_id: str) -> str:
        """Return the hash of everything the results of a run depend on."""
        with self._engine.connect() as connection:
            found = connection.scalar(select(drift_run.c.input_sha256).where(drift_run.c.run_id == run_id))
        if found is None:
            raise NotFound(f"there is no drift run {run_id!r}")
        return str(found)

    def delete(self, connection: Connection, run_id: str) -> None:
        """Delete a run with its results and reports."""
        connection.execute(delete(drift_run).where(drift_run.c.run_id == run_id))

    def matrix(self, run_id: str, segment: str) -> RunMatrix:
        """Return a run as the heatmap needs it."""
        return read_matrix(run_id, segment, self._payloads(run_id, segment))

    def trend(self, run_id: str, segment: str, feature: str) -> tuple[tuple[str, ...], NDArray[np.float64]]:
        """Return the granules of a run, and PSI and its 99 % noise quantile of one feature in each."""
        return read_trend(self._payloads(run_id, segment), feature)

    def _payloads(self, run_id: str, segment: str) -> Sequence[bytes]:
        column = drift_result.c
        query = select(column.payload).where(column.run_id == run_id, column.segment == segment)
        with self._engine.connect() as connection:
            payloads = connection.scalars(query.order_by(column.granule)).all()
        if not payloads:
            self._explain(run_id, segment)
        return payloads

    def granule(self, run_id: str, label: str, segment: str) -> GranuleDrift:
        """Return all features of one granule; raises `NotFound`."""
        column = drift_result.c
        query = select(column.payload).where(
            column.run_id == run_id, column.segment == segment, column.granule == label
        )
        with self._engine.connect() as connection:
            payload = connection.scalar(query)
        if payload is None:
            self._explain(run_id, segment)
            raise NotFound(f"granule {label!r} is not in run {run_id!r}")
        return decode_granule(payload)

    def segments(self, run_id: str) -> tuple[str, ...]:
        """Return the segments a run judged beside the whole, in alphabetical order."""
        query = select(drift_result.c.segment).where(drift_result.c.run_id == run_id).distinct()
        with self._engine.connect() as connection:
            return tuple(sorted(segment for segment in connection.scalars(query) if segment))

    def save_report(self, connection: Connection, run_id: str, kind: str, payload: bytes, *, at: datetime) -> None:
        """Keep a report with its run, in place of an earlier one of the same format."""
        column = drift_report.c
        connection.execute(delete(drift_report).where(column.run_id == run_id, column.format == kind))
        digest = sha256(payload).hexdigest()
        values = {"run_id": run_id, "format": kind, "payload": payload, "sha256": digest, "created_at": at}
        connection.execute(insert(drift_report), values)

    def report(self, run_id: str, kind: str) -> bytes | None:
        """Return a kept report, if there is one."""
        query = select(drift_report.c.payload).where(drift_report.c.run_id == run_id, drift_report.c.format == kind)
        with self._engine.connect() as connection:
            found = connection.scalar(query)
        return None if found is None else bytes(found)

    def _explain(self, run_id: str, segment: str) -> None:
        """Raise `NotFound` for an unknown run, or a segment that it did not judge."""
        run = self.get(run_id)
        known = self.segments(run_id)
        if segment and segment not in known:
            hint = f"it has {', '.join(map(repr, known))}" if known else "it judged no segments"
            raise NotFound(f"segment {segment!r} is not in run {run.run_id!r}", hint=hint)


def _summaries() -> Any:
    column = baseline.c
    against = [
        column.number.label("baseline_number"),
        column.n_rows.label("baseline_rows"),
        column.first_granule.label("baseline_first"),
        column.last_granule.label("baseline_last"),
    ]
    return select(drift_run, *against).join(baseline, column.baseline_id == drift_run.c.baseline_id)


def _summary(row: RowMapping) -> RunSummary:
    headline = row["headline"]
    return RunSummary(
        run_id=row["run_id"],
        ref=ModelRef(row["model_id"], row["version"]),
        baseline_id=row["baseline_id"],
        baseline_number=row["baseline_number"],
        baseline_rows=row["baseline_rows"],
        baseline_first=row["baseline_first"],
        baseline_last=row["baseline_last"],
        segment_column=row["segment_column"],
        first_granule=row["first_granule"],
        last_granule=row["last_granule"],
        n_granules=row["n_granules"],
        n_features=row["n_features"],
        n_rows=row["n_rows"],
        severity=Severity(row["severity"]),
        verdict=Verdict(row["verdict"]),
        n_drifted=headline["drifted"],
        n_unconfirmed=headline["unconfirmed"],
        n_undecided=headline["undecided"],
        created_at=row["created_at"],
        created_by=row["created_by"],
        settings=row["settings"],
        left_out=tuple(headline.get("left_out", ())),
    )
