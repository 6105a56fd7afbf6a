"""What becomes of a delivery: rows are joined, compared with what is known, and what changes is made ready."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from sqlalchemy import func, select

from monitor_core.performance.counts import Counts
from monitor_core.performance.delivery import deliver
from monitor_core.performance.granules import UNDATED
from monitor_core.performance.loading import (
    CellBook,
    granules_with_events,
    load_state,
    places_of,
    waiting_labels,
)
from monitor_core.performance.merging import merged
from monitor_core.performance.numbering import number_rows
from monitor_core.performance.results import Batch
from monitor_core.performance.state import Labels, State, find
from monitor_core.performance.writing import Writer
from monitor_core.storage.schema import performance_closed, performance_count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from monitor_core.performance.change import Change
    from monitor_core.performance.delivery import Delivered
    from monitor_core.performance.reading import Reader
    from monitor_core.performance.refusals import Refusals
    from monitor_core.performance.runs import Runs
    from monitor_core.values import ModelRef

__all__ = ["Delivery", "Preparation"]

_LISTED = 1_000
_MUCH = 4
"""How many times as many rows as are delivered must be stored of a granule, before only those that match are read."""
_SHOWN_NOTES = 20
_COUNTED = ("true_positives", "false_positives", "false_negatives", "true_negatives")


@dataclass(frozen=True, slots=True)
class Delivery:
    """Rows that were read, and whose they are."""

    batch_id: str
    ref: ModelRef
    kind: str
    n_rows: int
    runs: Runs
    reader: Reader
    notes: tuple[str, ...]
    keep_days: int
    actor: str

    def empty(self, at: datetime) -> Batch:
        """Return the delivery as it is before anything became of it."""
        return Batch(
            batch_id=self.batch_id,
            model_id=self.ref.model_id,
            kind=self.kind,
            n_rows=self.n_rows,
            n_accepted=0,
            n_duplicates=0,
            n_refused=0,
            n_orphans=0,
            n_corrections=0,
            reasons=(),
            effect={},
            first_granule=None,
            last_granule=None,
            recorded_at=at,
            recorded_by=self.actor,
        )


@dataclass(slots=True)
class _Sums:
    duplicates: int = 0
    orphans: int = 0
    corrections: int = 0
    replaced: int = 0
    replaced_rows: list[int] = field(default_factory=list)
    joined: int = 0
    granules: list[int] = field(default_factory=list)
    corrected: list[list[object]] = field(default_factory=list)
    unlisted: int = 0


class Preparation:
    """One delivery while it is compared with what is known; `run` is called once, `write` after it.

    Only reads until `write`: what was read must still hold then, see `batches.state_of`.
    """

    def __init__(self, connection: Connection, delivery: Delivery, at: datetime) -> None:
        self._connection = connection
        self._delivery = delivery
        self._reader = delivery.reader
        self._refusals = delivery.reader.refusals.copy()
        self._granules = delivery.reader.granules
        self._model_id = delivery.ref.model_id
        self._sums = _Sums()
        self._notes = list(delivery.notes)
        self._book = CellBook()
        coder = delivery.reader.coder
        self._words = dict(coder.features) if coder is not None else {}
        self._at = at
        self._recorded = self._recorded_in(at)
        self._writer = Writer(
            delivery.runs.folder,
            self._model_id,
            delivery.batch_id,
            recorded=self._recorded,
            versions=delivery.reader.versions,
            words=self._words,
        )

    def _recorded_in(self, at: datetime) -> int:
        if not self._granules.by_rows:
            return self._granules.at(at)
        latest = self._latest_block()
        return 0 if latest == UNDATED else latest

    def _latest_block(self) -> int:
        column = performance_count.c
        label = self._connection.scalar(select(func.max(column.granule)).where(column.model_id == self._model_id))
        return self._granules.code(label or "")

    def run(self, progress: Callable[[float, str], None]) -> Batch:
        """Do it, and return what became of the delivery."""
        runs = self._placed()
        codes = [code for code in runs.granules() if code != UNDATED]
        column = performance_closed.c
        closed = set(self._connection.scalars(select(column.granule).where(column.model_id == self._model_id)))
        stored = granules_with_events(self._connection, self._model_id)
        joining = self._joining(runs, codes) if self._reader.columns.predicts and "" in stored else {}
        if UNDATED in runs.granules():
            self._keep_waiting(runs.rows(UNDATED))
        for done, code in enumerate(codes):
            label = self._granules.label(code)
            if label in closed:
                self._refuse_closed(runs.rows(code), label)
            else:
                self._granule(code, label, runs, stored=stored.get(label, 0), joining=joining.get(code))
            progress(0.4 + 0.5 * (done + 1) / len(codes), f"counting {label}")
        return self._result()

    @property
    def ref(self) -> ModelRef:
        """Whose delivery it is."""
        return self._delivery.ref

    @property
    def refusals(self) -> Refusals:
        """Rows that were kept out, while reading and since."""
        return self._refusals

    def write(self, connection: Connection, at: datetime) -> None:
        """Write what was made ready."""
        self._writer.write(connection, at)

    def close(self) -> None:
        """Give temporary files back."""
        self._writer.close()

    # ------------------------------------------------------------------ rows without a granule of their own
    def _placed(self) -> Runs:
        """Return the rows with the granule of each: rows without a date belong to that of their entity."""
        runs = self._delivery.runs
        if runs.granules() != [UNDATED]:
            return runs
        keys = np.concatenate([piece.column("key").to_numpy() for piece in runs.pieces(UNDATED)])
        distinct, first_row, of_row = np.unique(keys, return_index=True, return_inverse=True)
        del keys
        found = places_of(self._connection, self._model_id, distinct, self._granules.code)
        if self._reader.columns.predicts:
            blocks = number_rows(self._connection, self._model_id, found.first, first_row, granules=self._granules)
            return _with_granules(runs, blocks[of_row], np.zeros(of_row.size, bool))
        codes = found.first[of_row]
        several = found.count[of_row] > 1
        if several.any():
            example = of_row[np.flatnonzero(several)[0]]
            first, second = (self._granules.label(int(part[example])) for part in (found.first, found.second))
            allowed = "the entity was predicted more than once (the first for "
            for rows in _pieces_where(runs, several):
                self._refuse(rows, f"{allowed}{first} and {second}): a date column must say which")
        return _with_granules(runs, codes, several)

    def _refuse_closed(self, rows: pa.Table, label: str) -> None:
        self._refuse(
            rows,
            f"single rows of {label} are no longer kept (setting keep_events_days, {self._delivery.keep_days}): its "
            "counts are final",
        )

    def _refuse(self, rows: pa.Table, allowed: str) -> None:
        entity = rows.column("entity")
        name = self._reader.columns.entity or "entity"
        numbers = rows.column("number").to_numpy()
        self._refusals.add(f"column {name!r}", allowed, numbers, lambda place: entity[place].as_py())

    def _keep_waiting(self, rows: pa.Table) -> None:
        """Keep labels whose prediction is not there yet."""
        known = State(labels=waiting_labels(self._connection, self._model_id))
        delivered = self._delivered(rows, known, UNDATED, None)
        self._writer.rows("", rows, delivered, ())
        self._add(rows, delivered)

    def _joining(self, runs: Runs, codes: list[int]) -> dict[int, Labels]:
        """Return, by granule, the labels that waited for predictions among the rows; they wait no longer."""
        waiting = waiting_labels(self._connection, self._model_id)
        granule_of = np.full(waiting.keys.size, UNDATED)
        several = np.zeros(waiting.keys.size, bool)
        for code in codes if waiting.keys.size else ():
            for piece in runs.pieces(code):
                places, found = find(waiting.keys, piece.column("key").to_numpy())
                hits = np.unique(places[found])
                several[hits] |= (granule_of[hits] != UNDATED) & (granule_of[hits] != code)
                granule_of[hits] = code
        joins = (granule_of != UNDATED) & ~several
        if several.any():
            one = int(several.sum()) == 1
            self._notes.append(
                f"{int(several.sum()):,} {'label' if one else 'labels'} without a date "
                f"{'fits' if one else 'fit'} several of these predictions and {'goes' if one else 'go'} on waiting: "
                f"send {'it' if one else 'them'} with the date"
            )
        if joins.any():
            self._writer.labels("", _some(waiting, joins), kind="joined")
        self._sums.joined = int(joins.sum())
        # without a date of its own a label counts as known when it finds its prediction
        waiting = replace(waiting, recorded=np.full(waiting.keys.size, self._recorded))
        return {int(code): _some(waiting, joins & (granule_of == code)) for code in np.unique(granule_of[joins])}

    # ------------------------------------------------------------------ one granule
    def _granule(self, code: int, label: str, runs: Runs, *, stored: int, joining: Labels | None) -> None:
        segments = self._reader.segments
        changes: list[Change] = []
        for rows in runs.parts(code):
            before = State()
            if stored:
                keys = np.unique(rows.column("key").to_numpy())
                some = keys if stored > _MUCH * keys.size else None
                before = load_state(
                    self._connection, self._model_id, label, keys=some, segments=segments, book=self._book
                )
            delivered = self._delivered(rows, before, code, None if joining is None else _of(rows, joining))
            self._writer.rows(label, rows, delivered, segments.names)
            self._writer.labels(label, delivered.joined)
            self._add(rows, delivered)
            changes.append(delivered.change)
        change = merged(changes)
        self._list_corrections(label, change)
        self._writer.change(label, change, segments.names)
        self._sums.granules.append(code)

    def _delivered(self, rows: pa.Table, before: State, code: int, joining: Labels | None) -> Delivered:
        return deliver(
            rows,
            before,
            granule=code,
            recorded=self._recorded,
            versions=self._reader.versions,
            book=self._book,
            words=self._words,
            joining=joining,
        )

    def _list_corrections(self, label: str, change: Change) -> None:
        for version, changed in change.versions.items():
            if not changed.corrections:
                continue
            if len(self._sums.corrected) >= _LISTED:
                self._sums.unlisted += 1
                continue
            before = self._counts(version, label)
            after = before + changed.counts.get(0, Counts())
            self._sums.corrected.append([version, label, changed.corrections, _short(before), _short(after)])

    def _counts(self, version: str, label: str) -> Counts:
        column = performance_count.c
        query = select(*(func.sum(column[name]) for name in _COUNTED)).where(
            column.model_id == self._model_id, column.version == version, column.segment == "", column.granule == label
        )
        sums = self._connection.execute(query).one()
        return Counts(**{name: int(number or 0) for name, number in zip(_COUNTED, sums, strict=True)})

    def _add(self, rows: pa.Table, delivered: Delivered) -> None:
        sums = self._sums
        sums.duplicates += delivered.duplicates
        sums.orphans += delivered.orphans
        sums.corrections += delivered.corrections
        sums.replaced += delivered.replaced.size
        if delivered.replaced.size and len(sums.replaced_rows) < 3:
            sums.replaced_rows += rows.column("number").to_numpy()[delivered.replaced[:3]].tolist()

    # ------------------------------------------------------------------ the answer
    def _result(self) -> Batch:
        sums, refusals = self._sums, self._refusals
        if sums.replaced:
            shown = ", ".join(f"{number:,}" for number in sorted(sums.replaced_rows)[:3])
            rows, several = ("row is", "") if sums.replaced == 1 else ("rows are", "s")
            self._notes.append(
                f"{sums.replaced:,} {rows} contradicted by a later row of the same entity and granule, which counts "
                f"(row{several} {shown})"
            )
        effect: dict[str, object] = {"granules": len(sums.granules)}
        if self._reader.words is not None:
            effect["words"] = [self._reader.words.negative, self._reader.words.positive]
        if sums.corrected:
            effect |= {"corrected": sums.corrected, "corrected_unlisted": sums.unlisted}
        if sums.joined:
            effect["joined"] = sums.joined
        labels = [self._granules.label(code) for code in sums.granules]
        return replace(
            self._delivery.empty(self._at),
            n_accepted=self._delivery.n_rows - refusals.n_rows - sums.duplicates,
            n_duplicates=sums.duplicates,
            n_refused=refusals.n_rows,
            n_orphans=sums.orphans,
            n_corrections=sums.corrections,
            reasons=(*refusals.texts()[:_SHOWN_NOTES], *self._notes[:_SHOWN_NOTES]),
            effect=effect,
            first_granule=labels[0] if labels else None,
            last_granule=labels[-1] if labels else None,
        )


def _with_granules(runs: Runs, codes: NDArray[np.int64], left_out: NDArray[np.bool_]) -> Runs:
    """Return rows that had no granule with the one of each, but for those that are left out."""
    placed, at = runs.another(), 0
    for piece in runs.pieces(UNDATED):
        some = slice(at, at + piece.num_rows)
        rows = piece.set_column(piece.column_names.index("granule"), "granule", pa.array(codes[some]))
        rows = rows.filter(pa.array(~left_out[some])) if left_out[some].any() else rows
        for batch in rows.to_batches():
            placed.add(batch)
        at += piece.num_rows
    return placed


def _pieces_where(runs: Runs, chosen: NDArray[np.bool_]) -> Iterator[pa.Table]:
    at = 0
    for piece in runs.pieces(UNDATED):
        yield piece.filter(pa.array(chosen[at : at + piece.num_rows]))
        at += piece.num_rows


def _of(rows: pa.Table, joining: Labels) -> Labels:
    """Return the labels that join one of these rows."""
    return _some(joining, np.isin(joining.keys, rows.column("key").to_numpy()))


def _some(labels: Labels, chosen: NDArray[np.bool_]) -> Labels:
    return Labels(labels.keys[chosen], labels.label[chosen], labels.observed[chosen], labels.recorded[chosen])


def _short(counts: Counts) -> dict[str, int]:
    return {name: getattr(counts, name) for name in _COUNTED}
