"""Read a delivery piece by piece: good rows as plain columns, bad ones with their reasons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from monitor_core.performance.binary import BAD, MISSING, read_binary
from monitor_core.performance.granules import UNDATED
from monitor_core.performance.keys import keys_of, lengths_of, plain_entities
from monitor_core.snapshots.dates import instants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from monitor_core.performance.binary import Words
    from monitor_core.performance.coding import CellCoder
    from monitor_core.performance.granules import Granules
    from monitor_core.performance.plan import Plan
    from monitor_core.performance.refusals import Refusals
    from monitor_core.performance.segments import SegmentBook

__all__ = ["CELL", "LONGEST_ID", "Reader"]

CELL = "cell:"
"""What the name of a column of cells begins with."""
LONGEST_ID = 200
"""Bytes of an entity id at most."""
_AHEAD = timedelta(days=1)  # a date without a time zone may be up to 14 hours ahead of UTC
_OLDEST = np.datetime64("1900-01-01", "us")  # what lies before stands for "no date" somewhere: year 1, 1899-12-30
_BINARY = "allowed are 0 and 1, true and false, or the two words of the model's classes"


@dataclass(frozen=True, slots=True)
class Reader:
    """What is needed to read the rows of one delivery."""

    columns: Plan
    granules: Granules
    words: Words | None
    threshold: float
    versions: Sequence[str]
    """Known versions; a row's version is its place here."""
    own_version: int
    segments: SegmentBook
    coder: CellCoder | None
    refusals: Refusals
    now: datetime

    def rows(self, batch: pa.RecordBatch, first_row: int) -> pa.RecordBatch:
        """Return the good rows of a batch; its first row is row `first_row` of the file, from 1.

        Columns: ``number, granule`` (code), ``entity, key``; with predictions ``version, predicted, score, segment,
        moment`` (microseconds) and ``cell:<feature>``; with labels ``label`` and ``observed`` (code of the granule in
        which the label became known, `UNDATED` if the file does not say).
        """
        piece = _Piece(self, batch, first_row)
        columns = piece.identity()
        if self.columns.predicts:
            columns |= piece.prediction()
        if self.columns.label is not None:
            columns |= piece.label()
        return piece.good(columns)


class _Piece:
    """One batch while it is read; a row that is bad for several reasons is refused for the first."""

    def __init__(self, reader: Reader, batch: pa.RecordBatch, first_row: int) -> None:
        self.reader = reader
        self.batch = batch
        self.plan = reader.columns
        self.numbers = np.arange(first_row, first_row + batch.num_rows, dtype=np.int64)
        self.is_bad = np.zeros(batch.num_rows, bool)

    def identity(self) -> dict[str, object]:
        """Return what says which row this is."""
        columns: dict[str, object] = {"number": self.numbers}
        columns["granule"], moments = self._granules()
        if self.plan.entity is not None:
            ids = self.batch.column(self.plan.entity)
            entity = plain_entities(ids)
            self._refuse(_nulls(entity), self.plan.entity, "a row needs an entity id")
            if entity.type == pa.string():
                self._refuse(lengths_of(entity) > LONGEST_ID, self.plan.entity, f"ids have at most {LONGEST_ID} bytes")
            columns |= {"entity": entity, "key": keys_of(entity)}
        if self.plan.predicts:
            columns["moment"] = moments
        return columns

    def _granules(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        size = len(self.numbers)
        if self.plan.date is not None:
            moments = instants(self.batch.column(self.plan.date))
            allowed = "allowed are ISO dates and times, years and Unix times"
            self._refuse(np.isnat(moments), self.plan.date, allowed)
            self._refuse_future(moments, self.plan.date)
            self._refuse(moments < _OLDEST, self.plan.date, f"dates before {_OLDEST.item():%Y-%m-%d} are mistakes")
            return self.reader.granules.codes(moments), moments.astype(np.int64)
        undated = np.full(size, UNDATED)
        if self.plan.fixed_date is None:
            return undated, undated
        day = datetime.fromisoformat(self.plan.fixed_date)
        code = self.reader.granules.at(day.replace(tzinfo=day.tzinfo or UTC))
        return np.full(size, code), undated

    def prediction(self) -> dict[str, object]:
        """Return what was predicted."""
        scores, given = self._scores()
        columns: dict[str, object] = {"version": self._versions(), "score": scores}
        columns["predicted"] = self._predicted(scores, given)
        if self.plan.segment is not None:
            columns["segment"] = self.reader.segments.codes(self.batch.column(self.plan.segment))
        if self.reader.coder is not None and self.plan.cells:
            codes = self.reader.coder.code(self.batch.select(list(self.plan.cells)))
            for place, (name, _) in enumerate(self.reader.coder.features):
                columns[CELL + name] = codes[:, place]
        return columns

    def _scores(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Scores (NaN where there is none), and which rows have one."""
        if self.plan.score is None:
            return np.full(len(self.numbers), np.nan), np.zeros(len(self.numbers), bool)
        raw = self.batch.column(self.plan.score)
        scores = _numbers(raw)
        given = ~_nulls(raw)
        outside = given & ~((scores >= 0) & (scores <= 1))
        self._refuse(outside, self.plan.score, "allowed are numbers from 0 to 1, or nothing")
        return scores, given

    def _predicted(self, scores: NDArray[np.float64], given: NDArray[np.bool_]) -> NDArray[np.int8]:
        if self.plan.prediction is None:
            self._refuse(~given, self.plan.score or "", "a row needs a prediction or a score")
            return (scores >= self.reader.threshold).astype(np.int8)
        predicted = read_binary(self.batch.column(self.plan.prediction), self.reader.words)
        self._refuse(predicted == MISSING, self.plan.prediction, "a row needs a prediction")
        self._refuse(predicted == BAD, self.plan.prediction, _BINARY)
        return predicted

    def _versions(self) -> NDArray[np.int16]:
        own = self.reader.own_version
        if self.plan.version is None:
            return np.full(len(self.numbers), own, np.int16)
        known = {name: place for place, name in enumerate(self.reader.versions)}
        texts = plain_entities(self.batch.column(self.plan.version)).cast(pa.string()).dictionary_encode()
        lookup = np.array([known.get(text, -1) for text in texts.dictionary.to_pylist()] + [own], np.int16)
        places = pc.fill_null(texts.indices.cast(pa.int64()), len(lookup) - 1).to_numpy(zero_copy_only=False)
        codes = lookup[places]
        listed = ", ".join(self.reader.versions)
        self._refuse(codes < 0, self.plan.version, f"the model has the versions {listed}; add a version first")
        return np.asarray(codes, np.int16)

    def label(self) -> dict[str, object]:
        """Return what turned out to be true."""
        name = self.plan.label or ""
        labels = read_binary(self.batch.column(name), self.reader.words)
        self._refuse(labels == BAD, name, _BINARY)
        if not self.plan.predicts:
            self._refuse(labels == MISSING, name, "a row needs a label")
        observed = np.full(len(labels), UNDATED)
        if self.plan.label_date is not None:
            raw = self.batch.column(self.plan.label_date)
            moments = instants(raw)
            unreadable = np.isnat(moments) & ~_nulls(raw)
            self._refuse(unreadable, self.plan.label_date, "allowed are ISO dates and times, years and Unix times")
            self._refuse_future(moments, self.plan.label_date)
            observed = self.reader.granules.codes(moments)
        return {"label": labels, "observed": observed}

    def _refuse_future(self, moments: NDArray[np.datetime64], name: str) -> None:
        latest = np.datetime64((self.reader.now.astimezone(UTC) + _AHEAD).replace(tzinfo=None), "us")
        self._refuse(moments > latest, name, f"dates after {latest.item():%Y-%m-%d} are in the future")

    def _refuse(self, rows: NDArray[np.bool_], name: str, allowed: str) -> None:
        if not rows.any():
            return
        places = np.flatnonzero(rows & ~self.is_bad)
        self.is_bad |= rows
        column = self.batch.column(name)
        self.reader.refusals.add(
            f"column {name!r}", allowed, self.numbers[places], lambda place: column[int(places[place])].as_py()
        )

    def good(self, columns: dict[str, object]) -> pa.RecordBatch:
        """Return the rows that were not refused."""
        rows = pa.RecordBatch.from_arrays(
            [
                values if isinstance(values, pa.Array) else pa.array(values, from_pandas=False)
                for values in columns.values()
            ],
            names=list(columns),
        )
        return rows.filter(pa.array(~self.is_bad)) if self.is_bad.any() else rows


def _nulls(column: pa.Array) -> NDArray[np.bool_]:
    if not column.null_count:
        return np.zeros(len(column), bool)
    return np.asarray(pc.is_null(column).to_numpy(zero_copy_only=False), bool)


def _numbers(column: pa.Array) -> NDArray[np.float64]:
    """Return a column as floats, NaN where a value is missing or no number."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    try:
        numbers = column.cast(pa.float64(), safe=False)
    except pa.ArrowException:  # words among the numbers
        return np.asarray(pd.to_numeric(pd.Series(column.to_pylist(), dtype=object), errors="coerce"), np.float64)
    return np.asarray(numbers.to_numpy(zero_copy_only=False), np.float64)
