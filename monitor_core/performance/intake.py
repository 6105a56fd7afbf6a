"""Take a delivery of predictions or labels in: all of it counts once, or nothing does."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

from sqlalchemy import select

from monitor_core.errors import NotFound, Refused
from monitor_core.performance.batches import (
    add,
    counted_segments,
    last_words,
    lock_model,
    next_moment,
    repeated,
    state_of,
)
from monitor_core.performance.granules import Granules
from monitor_core.performance.plan import plan, words_of
from monitor_core.performance.preparation import Delivery, Preparation
from monitor_core.performance.reading import Reader
from monitor_core.performance.refusals import Refusals
from monitor_core.performance.runs import Runs
from monitor_core.performance.segments import SegmentBook
from monitor_core.storage.schema import model_version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

    from monitor_core.clock import Clock
    from monitor_core.performance.binary import Words
    from monitor_core.performance.coding import CellCoder
    from monitor_core.performance.results import Batch
    from monitor_core.settings import PerformanceSettings
    from monitor_core.snapshots.roles import Roles
    from monitor_core.snapshots.sources import TableSource
    from monitor_core.storage.trail import Trail
    from monitor_core.values import Granularity, ModelRef

__all__ = ["Kind", "PerformanceIntake"]

_ATTEMPTS = 3
"""How often a delivery is compared with what is known before it makes the others wait."""

Progress = Callable[[float, str], None]
Kind = Literal["predictions", "labels", "labelled"]


def _silent(_share: float, _note: str) -> None:
    """Tell nobody."""


class PerformanceIntake:
    """The one way for predictions and labels into the performance tables."""

    def __init__(self, engine: Engine, trail: Trail, now: Clock) -> None:
        self._engine = engine
        self._trail = trail
        self._now = now

    def take_in(
        self,
        source: TableSource,
        roles: Roles,
        ref: ModelRef,
        *,
        kind: Kind,
        granularity: Granularity,
        settings: PerformanceSettings,
        idempotency_key: str,
        actor: str,
        on_bad: Literal["keep", "refuse"] = "keep",
        snapshot_id: str | None = None,
        coder: CellCoder | None = None,
        progress: Progress = _silent,
    ) -> Batch:
        """Take one delivery in, in one transaction.

        The transaction is short: reading and comparing with what is known happen before it, and again if another
        delivery was recorded meanwhile.

        Parameters
        ----------
        kind
            ``predictions``, ``labels`` or ``labelled`` (both in one row; a missing label may come later).
        granularity
            The model's.
        idempotency_key
            The same key of the same model again: the first answer, with `Batch.is_repeat`.
        on_bad
            ``keep`` the good rows and say why the others were kept out, or ``refuse`` the whole.
        snapshot_id
            The upload that it comes from.
        coder
            Puts features into cells; None: nothing is counted by cell.
        progress
            Told the share done and a note; may raise `Cancelled`, then nothing is kept.

        Raises
        ------
        Refused
            For missing roles, a delivery without one good row, and with ``on_bad="refuse"`` for any bad row.
        NotFound
            There is no such model version.
        """
        with self._engine.connect() as reading:
            if (first := repeated(reading, ref.model_id, idempotency_key)) is not None:
                return first
            versions, segments, before = _known(reading, ref)
        granules = Granules(granularity)
        columns = plan(roles, source.schema, kind=kind, by_rows=granules.by_rows, coder=coder)
        words, note = words_of(source, columns, positive=roles.positive, before=before)
        reader = Reader(
            columns=columns,
            granules=granules,
            words=words,
            threshold=settings.threshold,
            versions=versions,
            own_version=versions.index(ref.version),
            segments=segments,
            coder=coder,
            refusals=Refusals(),
            now=self._now(),
        )
        with TemporaryDirectory(prefix="bellwether-") as folder:
            runs = Runs(Path(folder))
            n_rows = _read_all(source, reader, runs, progress)
            delivery = Delivery(
                batch_id=secrets.token_hex(8),
                ref=ref,
                kind=kind,
                n_rows=n_rows,
                runs=runs,
                reader=reader,
                notes=_notes(columns.prediction, kind, note, settings.threshold),
                keep_days=settings.keep_events_days,
                actor=actor,
            )
            batch = self._recorded(
                delivery, source.name, key=idempotency_key, snapshot_id=snapshot_id, on_bad=on_bad, progress=progress
            )
        progress(1.0, "done")
        return batch

    def _recorded(
        self, delivery: Delivery, name: str, *, key: str, snapshot_id: str | None, on_bad: str, progress: Progress
    ) -> Batch:
        """Compare with what is known, and write if that still holds.

        Nothing is told from inside the transaction: on SQLite a job's progress would wait for that very transaction.
        """
        model_id = delivery.ref.model_id
        for _ in range(_ATTEMPTS):
            with ExitStack() as open_things:
                reading = open_things.enter_context(self._engine.connect())
                known = state_of(reading, model_id)
                preparation = open_things.enter_context(closing(Preparation(reading, delivery, self._now())))
                batch = preparation.run(progress)
                reading.close()
                _check(name, batch, preparation.refusals, on_bad)
                progress(0.9, "writing")
                with self._locked(model_id) as writing:
                    if (first := repeated(writing, model_id, key)) is not None:
                        return first
                    if state_of(writing, model_id) == known:
                        return self._write(writing, preparation, batch, key=key, snapshot_id=snapshot_id)
        with self._locked(model_id) as writing:  # many deliver at once: this time the others wait
            if (first := repeated(writing, model_id, key)) is not None:
                return first
            with closing(Preparation(writing, delivery, self._now())) as preparation:
                batch = preparation.run(_silent)
                _check(name, batch, preparation.refusals, on_bad)
                return self._write(writing, preparation, batch, key=key, snapshot_id=snapshot_id)

    @contextmanager
    def _locked(self, model_id: str) -> Iterator[Connection]:
        with self._engine.begin() as connection:
            lock_model(connection, model_id)
            yield connection

    def _write(
        self, connection: Connection, preparation: Preparation, batch: Batch, *, key: str, snapshot_id: str | None
    ) -> Batch:
        at = next_moment(connection, batch.model_id, self._now())
        batch = replace(batch, recorded_at=at)
        add(connection, batch, idempotency_key=key, snapshot_id=snapshot_id)
        preparation.write(connection, at)
        self._tell(connection, preparation.ref, batch)
        return batch

    def _tell(self, connection: Connection, ref: ModelRef, batch: Batch) -> None:
        detail = {
            "batch": batch.batch_id,
            "rows": batch.n_rows,
            "accepted": batch.n_accepted,
            "refused": batch.n_refused,
            "corrections": batch.n_corrections,
        }
        self._trail.record(
            f"performance.{batch.kind}", str(ref), actor=batch.recorded_by, detail=detail, connection=connection
        )


def _known(connection: Connection, ref: ModelRef) -> tuple[list[str], SegmentBook, Words | None]:
    column = model_version.c
    query = select(column.version).where(column.model_id == ref.model_id).order_by(column.created_at, column.version)
    versions = list(connection.scalars(query))
    if ref.version not in versions:
        listed = ", ".join(map(repr, versions))
        raise NotFound(
            f"model {ref.model_id!r} has no version {ref.version!r}",
            hint=f"it has {listed}" if versions else "add the model and its version first",
        )
    segments = counted_segments(connection, ref.model_id, versions)
    return versions, SegmentBook(segments), last_words(connection, ref.model_id)


def _read_all(source: TableSource, reader: Reader, runs: Runs, progress: Progress) -> int:
    row, total = 1, source.n_rows
    for shard in source.shards():
        for batch in shard.batches(reader.columns.columns):
            runs.add(reader.rows(batch, row))
            row += batch.num_rows
            progress(0.4 * min(row / total, 1.0) if total else 0.2, "reading")
    return row - 1


def _check(name: str, batch: Batch, refusals: Refusals, on_bad: str) -> None:
    n_good = batch.n_rows - refusals.n_rows
    if n_good and not (refusals.n_rows and on_bad == "refuse"):
        return
    hint = "correct the rows and send it again" if n_good == 0 else "correct them, or keep the good rows"
    raise Refused(
        f"{name!r}: {refusals.n_rows:,} of {batch.n_rows:,} rows of {batch.kind} cannot be accepted",
        reasons=refusals.texts() or ("there are no rows",),
        hint=hint,
    )


def _notes(prediction: str | None, kind: str, note: str, threshold: float) -> tuple[str, ...]:
    notes = [note] if note else []
    if prediction is None and kind != "labels":
        notes.append(f"no prediction column: scores from {threshold:g} on count as positive (setting threshold)")
    return tuple(notes)
