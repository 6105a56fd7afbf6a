"""Read stored events back: what is known of a granule, which labels wait for their prediction, where an entity is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import func, select

from monitor_core.performance.events import cell_words, decode, flags, recorded_in
from monitor_core.performance.granules import UNDATED
from monitor_core.performance.reading import CELL
from monitor_core.performance.state import (
    Labels,
    Predictions,
    State,
    find,
    latest_labels,
    latest_predictions,
    no_labels,
)
from monitor_core.storage.schema import performance_event

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from monitor_core.performance.segments import SegmentBook

__all__ = ["CellBook", "Places", "granules_with_events", "load_state", "places_of", "waiting_labels"]

_KNOWN = ("predicted", "score", "segment", "label", "observed")
_PREDICTING = ("prediction", "labelled")


class CellBook:
    """Numbers for the cells of features, the same whoever coded them.

    Examples
    --------
    >>> book = CellBook()
    >>> book.numbers("age", ["young", "old"]).tolist(), book.numbers("age", ["old", "older"]).tolist()
    ([0, 1], [1, 2])
    """

    def __init__(self) -> None:
        self.words: dict[str, list[str]] = {}
        self._places: dict[tuple[str, str], int] = {}

    def numbers(self, feature: str, words: Sequence[str]) -> NDArray[np.int32]:
        """Return the number of each of a feature's cells."""
        listed = self.words.setdefault(feature, [])
        for word in words:
            if (feature, word) not in self._places:
                self._places[feature, word] = len(listed)
                listed.append(word)
        return np.array([self._places[feature, word] for word in words], np.int32)


def granules_with_events(connection: Connection, model_id: str) -> dict[str, int]:
    """Return the granules of which single rows are stored, and how many."""
    column = performance_event.c
    query = select(column.granule, func.sum(column.n_rows)).where(column.model_id == model_id).group_by(column.granule)
    return {granule: int(rows) for granule, rows in connection.execute(query)}


def load_state(
    connection: Connection,
    model_id: str,
    granule: str,
    *,
    keys: NDArray[np.uint64] | None = None,
    segments: SegmentBook,
    book: CellBook,
) -> State:
    """Return what is known of one granule; with `keys`, which rise, of these only."""
    column = performance_event.c
    query = select(column.kind, column.version, column.payload).where(
        column.model_id == model_id, column.granule == granule
    )
    predictions: dict[str, list[Predictions]] = {}
    labels: list[Labels] = []
    for row in connection.execute(query.order_by(column.recorded_at, column.part)):
        table = decode(row.payload, [*_KNOWN, *_cells_in(row.payload)])
        if keys is not None:
            table = table.filter(pa.array(find(keys, table.column("key").to_numpy())[1]))
        if row.kind in _PREDICTING:
            predictions.setdefault(row.version, []).append(_predictions(table, segments, book))
        if "label" in table.column_names:
            labels.append(_labels(table))
    joined = {version: latest_predictions(_joined(parts)) for version, parts in predictions.items()}
    return State(joined, latest_labels(_labels_joined(labels)) if labels else no_labels())


def _cells_in(payload: bytes) -> list[str]:
    return [name for name in pa.ipc.open_stream(payload).schema.names if name.startswith(CELL)]


def _predictions(table: pa.Table, segments: SegmentBook, book: CellBook) -> Predictions:
    predicted = flags(table, "predicted")
    rows = np.flatnonzero(predicted >= 0)
    size = table.num_rows
    has = table.column_names
    score = table.column("score").to_numpy() if "score" in has else np.full(size, np.nan)
    segment = np.zeros(size, np.int32)
    if "segment" in has:
        segment = segments.kept(table.column("segment").combine_chunks())
    recorded = np.full(rows.size, recorded_in(table))
    keys = table.column("key").to_numpy()
    cells = {}
    for field in table.schema:
        if field.name.startswith(CELL):
            numbers = book.numbers(field.name.removeprefix(CELL), cell_words(field))
            cells[field.name.removeprefix(CELL)] = numbers[table.column(field.name).to_numpy()[rows]]
    return Predictions(keys[rows], predicted[rows], score[rows], segment[rows], recorded, cells)


def _labels(table: pa.Table) -> Labels:
    label = flags(table, "label")
    rows = np.flatnonzero(label >= 0)
    observed = np.full(table.num_rows, UNDATED)
    if "observed" in table.column_names:
        observed = pc.fill_null(table.column("observed"), UNDATED).to_numpy()
    return Labels(
        table.column("key").to_numpy()[rows], label[rows], observed[rows], np.full(rows.size, recorded_in(table))
    )


def _joined(parts: Sequence[Predictions]) -> Predictions:
    if len(parts) == 1:
        return parts[0]
    names = sorted({name for part in parts for name in part.cells})
    cells = {
        name: np.concatenate([part.cells.get(name, np.full(part.keys.size, -1, np.int32)) for part in parts])
        for name in names
    }
    return Predictions(
        np.concatenate([part.keys for part in parts]),
        np.concatenate([part.predicted for part in parts]),
        np.concatenate([part.score for part in parts]),
        np.concatenate([part.segment for part in parts]),
        np.concatenate([part.recorded for part in parts]),
        cells,
    )


def _labels_joined(parts: Sequence[Labels]) -> Labels:
    return Labels(
        np.concatenate([part.keys for part in parts]),
        np.concatenate([part.label for part in parts]),
        np.concatenate([part.observed for part in parts]),
        np.concatenate([part.recorded for part in parts]),
    )


def waiting_labels(connection: Connection, model_id: str) -> Labels:
    """Return the labels without a date that wait for their prediction."""
    column = performance_event.c
    query = select(column.kind, column.payload).where(column.model_id == model_id, column.granule == "")
    parts: list[Labels] = []
    for row in connection.execute(query.order_by(column.recorded_at, column.part)):
        table = decode(row.payload, _KNOWN)
        if row.kind == "joined":
            keys = table.column("key").to_numpy()
            nothing = np.full(keys.size, UNDATED)
            parts.append(Labels(keys, np.full(keys.size, -1, np.int8), nothing, nothing))
        else:
            parts.append(_labels(table))
    if not parts:
        return no_labels()
    latest = latest_labels(_labels_joined(parts))
    wait = latest.label >= 0
    return Labels(latest.keys[wait], latest.label[wait], latest.observed[wait], latest.recorded[wait])


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """In which granules entities were predicted; arrays are parallel to the keys asked for."""

    count: NDArray[np.int64]
    """Granules in which the entity was predicted, by whichever version."""
    first: NDArray[np.int64]
    """Code of the first of them; `UNDATED` without any."""
    second: NDArray[np.int64]


def places_of(connection: Connection, model_id: str, keys: NDArray[np.uint64], code_of: Callable[[str], int]) -> Places:
    """Look the granules of entities up in all stored predictions of a model.

    Parameters
    ----------
    keys
        Rising.
    code_of
        Code of each granule label.
    """
    column = performance_event.c
    query = select(column.granule, column.payload).where(column.model_id == model_id, column.kind.in_(_PREDICTING))
    query = query.order_by(column.granule).execution_options(stream_results=True, yield_per=8)
    count, first, second = np.zeros(keys.size, np.int64), np.full(keys.size, UNDATED), np.full(keys.size, UNDATED)
    latest = np.full(keys.size, UNDATED)
    for row in connection.execute(query) if keys.size else ():
        code = code_of(row.granule)
        places, found = find(keys, decode(row.payload, ()).column("key").to_numpy())
        hits = np.unique(places[found])
        hits = hits[latest[hits] != code]
        latest[hits] = code
        count[hits] += 1
        first[hits[count[hits] == 1]] = code
        second[hits[count[hits] == 2]] = code
    return Places(count, first, second)
