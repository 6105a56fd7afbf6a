"""Rows counted by minute, level and logger when a day is sealed: histograms of months open no index."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import tantivy

from monitor_core.logs.query.moments import MICROSECONDS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from monitor_core.logs.index.days import DayIndex

__all__ = ["MINUTE", "Counts", "count", "read_counts", "write_counts"]

MINUTE = 60 * MICROSECONDS
_MAX_LOGGERS = 500
_MAX_MINUTES = 12_000  # tantivy makes at most 65,000 buckets, five levels each


@dataclass(frozen=True, slots=True)
class Counts:
    """What a day holds.

    Attributes
    ----------
    n_rows
        Of the index when it was counted: the counts hold as long as it is the same.
    first, last
        Bounds of its times.
    cells
        (minute since 1970, level, number of rows), one line each.
    loggers
        Names; the rows of each follow in `by_logger`.
    by_logger
        (minute, level, number of rows, position of the logger); rows without a logger have the position -1.
    """

    n_rows: int
    first: int
    last: int
    cells: NDArray[np.int64]
    loggers: tuple[str, ...]
    by_logger: NDArray[np.int64]


def count(index: DayIndex) -> Counts | None:
    """Count the rows of an index; None when they spread over too long a time, or have too many loggers."""
    bounds = index.bounds
    if bounds.n_rows == 0 or (bounds.last - bounds.first) // MINUTE > _MAX_MINUTES:
        return None
    everything = tantivy.Query.all_query()
    found: Any = index.searcher.aggregate(
        everything, {"loggers": {"terms": {"field": "logger", "size": _MAX_LOGGERS + 1}}}
    )
    names = tuple(bucket["key"] for bucket in found["loggers"]["buckets"])
    if len(names) > _MAX_LOGGERS:
        return None
    cells = _cells(index, everything)
    schema = index.index.schema
    parts = [np.empty((0, 4), np.int64)]
    for position, name in enumerate(names):
        mine = _cells(index, tantivy.Query.term_query(schema, "logger", name))
        parts.append(np.column_stack([mine, np.full(len(mine), position)]))
    return Counts(bounds.n_rows, bounds.first, bounds.last, cells, names, np.concatenate(parts))


def _cells(index: DayIndex, query: tantivy.Query) -> NDArray[np.int64]:
    steps = {"histogram": {"field": "ts", "interval": MINUTE, "min_doc_count": 1}}
    levels = {"levels": {"terms": {"field": "level", "size": 100}}}
    found: Any = index.searcher.aggregate(query, {"steps": {**steps, "aggs": levels}})
    rows = [
        (int(step["key"]) // MINUTE, int(level["key"]), level["doc_count"])
        for step in found["steps"]["buckets"]
        for level in step["levels"]["buckets"]
    ]
    return np.array(rows, np.int64).reshape(-1, 3)


def write_counts(path: Path, counts: Counts) -> None:
    """Write counts, whole or not at all."""
    new = path.with_name("counts.new.npz")
    with new.open("wb") as file:
        np.savez(
            file,
            about=np.array([counts.n_rows, counts.first, counts.last], np.int64),
            cells=counts.cells,
            loggers=np.frombuffer("\n".join(counts.loggers).encode("utf-8"), np.uint8),
            by_logger=counts.by_logger,
        )
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def read_counts(path: Path) -> Counts | None:
    """Read counts; None when there are none."""
    try:
        with np.load(path, allow_pickle=False) as data:
            n_rows, first, last = (int(value) for value in data["about"])
            names = bytes(data["loggers"]).decode("utf-8")
            return Counts(
                n_rows, first, last, data["cells"], tuple(names.split("\n")) if names else (), data["by_logger"]
            )
    except (FileNotFoundError, KeyError, ValueError, EOFError):
        return None
