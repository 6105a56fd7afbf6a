"""Which granule and segment each row belongs to, without a loop over rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitor_core.errors import InvalidInput
from monitor_core.snapshots.dates import instants
from monitor_core.snapshots.roles import Role
from monitor_core.values import Granularity, GranularityKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from monitor_core.snapshots.roles import Roles

__all__ = [
    "EMPTY_SEGMENT",
    "MISSING_SEGMENT",
    "OTHER_SEGMENT",
    "Key",
    "RowGroups",
    "RowPlan",
    "plan_rows",
    "segment_texts",
]

Key = tuple[str, str]
"""(granule, segment); the granule is empty for rows without a readable date, or when there are no granules."""

MISSING_SEGMENT = "(missing)"
OTHER_SEGMENT = "(other)"
EMPTY_SEGMENT = "(empty)"

_UNITS = {
    GranularityKind.HOUR: "datetime64[h]",
    GranularityKind.DAY: "datetime64[D]",
    GranularityKind.WEEK: "datetime64[D]",
    GranularityKind.MONTH: "datetime64[M]",
    GranularityKind.YEAR: "datetime64[Y]",
}
_UNDATED = np.iinfo(np.int64).min
_MONDAY = 3  # 1970-01-01 was a Thursday: three days after a Monday


@dataclass(frozen=True, slots=True, eq=False)
class RowGroups:
    """The rows of one batch in runs of equal (granule, segment).

    Attributes
    ----------
    keys
        One a run; no key comes twice.
    bounds
        Run i is rows ``bounds[i]`` to ``bounds[i + 1]``, after `order` was applied.
    order
        Permutation that brings rows of a run together; None when they already are.
    """

    keys: tuple[Key, ...]
    bounds: NDArray[np.int64]
    order: NDArray[np.int64] | None

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Rows of each run."""
        return np.diff(self.bounds)


@dataclass(frozen=True, slots=True)
class RowPlan:
    """How a row finds its granule and segment: from a date, a fixed label or its number, and a segment column."""

    granularity: str = ""
    timestamp: str | None = None
    label: str = ""
    segment: str | None = None
    segments: tuple[str, ...] = ()
    rows_before: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that `groups` needs."""
        return tuple(dict.fromkeys(name for name in (self.timestamp, self.segment) if name is not None))

    @property
    def by_rows(self) -> bool:
        """Whether granules are blocks of rows in file order."""
        return bool(self.granularity) and Granularity.parse(self.granularity).kind is GranularityKind.ROWS

    @property
    def is_single(self) -> bool:
        """Whether all rows are in one granule (`label`) and no segment."""
        return not (self.columns or self.by_rows)

    def groups(self, batch: pa.RecordBatch, *, first_row: int) -> RowGroups:
        """Group the rows of `batch`, the first of which is row `first_row` of the table (counted from 0)."""
        granules, labels = self._granules(batch, first_row)
        if self.segment is None:
            return _grouped(granules, [(label, "") for label in labels], batch.num_rows)
        segments, names = _segment_codes(batch.column(self.segment), self.segments)
        codes = segments if granules is None else granules * len(names) + segments
        return _grouped(codes, [(label, name) for label in labels for name in names], batch.num_rows)

    def _granules(self, batch: pa.RecordBatch, first_row: int) -> tuple[NDArray[np.int64] | None, list[str]]:
        """Code of each row (None when all rows share one) and the label of each code."""
        if self.timestamp is not None:
            moments = instants(batch.column(self.timestamp))
            distinct, codes = _compact(_calendar(moments, Granularity.parse(self.granularity).kind))
            return codes, [_label(int(code), Granularity.parse(self.granularity)) for code in distinct]
        if self.by_rows:
            block = Granularity.parse(self.granularity).rows or 1
            start = self.rows_before + first_row
            distinct, codes = _compact(np.arange(start, start + batch.num_rows, dtype=np.int64) // block)
            return codes, [f"#{code + 1:08d}" for code in distinct]
        return None, [self.label]


def plan_rows(
    roles: Roles | None,
    *,
    granularity: Granularity | None,
    segment: str = "",
    segments: Sequence[str] = (),
    columns: Sequence[str] = (),
    rows_before: int = 0,
) -> RowPlan:
    """Return how the rows of a table with `columns` are grouped.

    Raises
    ------
    InvalidInput
        When calendar granules are asked for and neither a date column nor a date for the whole file is named.
    """
    if segment and segment not in columns:
        segment = ""
    seg = {"segment": segment or None, "segments": tuple(segments)}
    if granularity is None:
        return RowPlan(**seg)  # type: ignore[arg-type]  # two keys of two types
    text = str(granularity)
    if granularity.kind is GranularityKind.ROWS:
        return RowPlan(text, rows_before=rows_before, **seg)  # type: ignore[arg-type]  # as above
    if roles is not None and roles.fixed_date is not None:
        day = datetime.fromisoformat(roles.fixed_date)
        return RowPlan(text, label=granularity.label(day.replace(tzinfo=day.tzinfo or UTC)), **seg)  # type: ignore[arg-type]  # as above
    timestamp = roles.one(Role.TIMESTAMP) if roles is not None else None
    if timestamp is None or timestamp not in columns:
        named = "none is named" if timestamp is None else f"{timestamp!r} is not in the file"
        raise InvalidInput(
            f"granules of a {granularity.word} need a date column; {named}",
            hint="name the date column, or one date for the whole file",
        )
    return RowPlan(text, timestamp=timestamp, **seg)  # type: ignore[arg-type]  # as above


def _calendar(moments: NDArray[np.datetime64], kind: GranularityKind) -> NDArray[np.int64]:
    codes = moments.astype(_UNITS[kind]).astype(np.int64)
    if kind is GranularityKind.WEEK:
        codes = np.where(codes == _UNDATED, codes, (codes + _MONDAY) // 7)
    return codes


def _label(code: int, granularity: Granularity) -> str:
    if code == _UNDATED:
        return ""
    place = code * 7 - _MONDAY if granularity.kind is GranularityKind.WEEK else code
    start = np.array([place]).astype(_UNITS[granularity.kind]).astype("datetime64[us]")
    return granularity.label(start.tolist()[0].replace(tzinfo=UTC))


def _compact(codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
    """Return the distinct codes, and each row's place among them (None when there is only one)."""
    if not codes.size:
        return np.zeros(1, np.int64), None
    if codes.min() == codes.max():
        return codes[:1], None
    distinct, places = np.unique(codes, return_inverse=True)
    return distinct, places.astype(np.int64)


def _grouped(codes: NDArray[np.int64] | None, keys: list[Key], n_rows: int) -> RowGroups:
    if codes is None or len(keys) == 1:
        return RowGroups((keys[0],), np.array([0, n_rows]), None)
    order = None
    if np.any(codes[1:] < codes[:-1]):
        # 16-bit keys are sorted by radix, in a fifth of the time
        order = np.argsort(codes.astype(np.int16 if len(keys) < 2**15 else np.int64), kind="stable")
        codes = codes[order]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(codes)) + 1])
    return RowGroups(tuple(keys[code] for code in codes[starts]), np.append(starts, n_rows), order)


def _segment_codes(column: pa.Array, segments: tuple[str, ...]) -> tuple[NDArray[np.int64], list[str]]:
    """Return each row's place among the names: the followed segments, then the pooled ones, then missing."""
    encoded = segment_texts(column)
    names = list(dict.fromkeys([*segments, OTHER_SEGMENT, MISSING_SEGMENT]))
    place = {name: index for index, name in enumerate(names)}
    texts = [MISSING_SEGMENT if text is None else text or EMPTY_SEGMENT for text in encoded.dictionary.to_pylist()]
    lookup = np.array([place.get(text, place[OTHER_SEGMENT]) for text in texts] + [place[MISSING_SEGMENT]])
    codes = pc.fill_null(encoded.indices.cast(pa.int64()), len(texts)).to_numpy(zero_copy_only=False)
    return lookup[codes], names


def segment_texts(column: pa.Array) -> pa.DictionaryArray:
    """Return the values of a segment column as a dictionary of texts, whatever their type."""
    if pa.types.is_dictionary(column.type):
        if _is_text(column.type.value_type):
            return column
        column = column.dictionary_decode()
    return (column if _is_text(column.type) else pc.cast(column, pa.string())).dictionary_encode()


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
