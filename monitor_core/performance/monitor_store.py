"""Where `ModelMonitor` keeps labelled predictions: one table in an SQLite file of its own."""

from __future__ import annotations

import os
import sqlite3
import weakref
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from monitor_core.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from os import PathLike

__all__ = ["Label", "MonitorStore"]

_TABLE = """
CREATE TABLE IF NOT EXISTS production_labels (
    label_id INTEGER PRIMARY KEY AUTOINCREMENT,
    bse_code TEXT NOT NULL,
    prediction_date DATE NOT NULL,
    earnings_date DATE NOT NULL,
    actual_label INTEGER NOT NULL CHECK (actual_label IN (0, 1)),
    predicted_label INTEGER NOT NULL CHECK (predicted_label IN (0, 1)),
    predicted_probability REAL,
    model_version TEXT,
    labeled_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (bse_code, prediction_date)
)
"""

_PUT = """
INSERT INTO production_labels (bse_code, prediction_date, earnings_date, actual_label, predicted_label,
    predicted_probability, model_version, labeled_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (bse_code, prediction_date) DO UPDATE SET
    earnings_date = excluded.earnings_date, actual_label = excluded.actual_label,
    predicted_label = excluded.predicted_label, predicted_probability = excluded.predicted_probability,
    model_version = excluded.model_version, labeled_at = excluded.labeled_at
"""

_GET = """
SELECT bse_code, prediction_date, actual_label, predicted_label, predicted_probability FROM production_labels
WHERE prediction_date BETWEEN ? AND ? AND model_version = ?
ORDER BY prediction_date, bse_code
"""

_DAYS = """
SELECT SUM(actual_label AND predicted_label), SUM(actual_label OR predicted_label) FROM production_labels
WHERE prediction_date <= ? AND model_version = ?
GROUP BY prediction_date ORDER BY prediction_date
"""

_PREVIOUS = """
SELECT model_version, SUM(actual_label AND predicted_label), SUM(actual_label <> predicted_label),
    MAX(prediction_date) AS last
FROM production_labels
WHERE model_version <> ?1 AND prediction_date <= ?2
GROUP BY model_version
HAVING MIN(prediction_date) < (SELECT MIN(prediction_date) FROM production_labels WHERE model_version = ?1)
ORDER BY last DESC, model_version DESC LIMIT 1
"""

_WAIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Label:
    """One labelled prediction. Dates are ``YYYY-MM-DD``."""

    entity_id: str
    prediction_date: str
    actual: int
    predicted: int
    probability: float | None


class MonitorStore:
    """Keeps labelled predictions; the latest for an entity and date counts.

    Threads and processes may share it. A label survives the end of the process at once, a loss of power within moments.
    A file that the original system wrote is taken over as it is.

    Parameters
    ----------
    path
        An SQLite file, made when it does not exist, or ``":memory:"``.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self._path = path
        self._lock = Lock()
        self._opened: sqlite3.Connection | None = None
        self._process = 0
        with self._connection() as connection:
            connection.execute(_TABLE)

    def put(self, label: Label, *, earnings_date: str, version: str, now: datetime) -> None:
        """Keep a labelled prediction; it replaces an earlier one of the same entity and date, whatever its version."""
        row = (
            label.entity_id,
            label.prediction_date,
            earnings_date,
            label.actual,
            label.predicted,
            label.probability,
            version,
            now.isoformat(),
        )
        with self._connection() as connection:
            connection.execute(_PUT, row)

    def labels(self, first: str, last: str, *, version: str) -> list[Label]:
        """Return what is kept from `first` to `last`, both included, by date and entity."""
        with self._connection() as connection:
            return [Label(*row) for row in connection.execute(_GET, (first, last, version))]

    def days(self, last: str, *, version: str) -> list[tuple[int, int]]:
        """Return (TP, relevant cases) of each day with labels up to `last`, in order."""
        with self._connection() as connection:
            return connection.execute(_DAYS, (last, version)).fetchall()

    def previous(self, last: str, *, version: str) -> tuple[str, int, int, str] | None:
        """Return version, TP, errors and last date of the version that served before this one, if any."""
        with self._connection() as connection:
            found: tuple[str, int, int, str] | None = connection.execute(_PREVIOUS, (version, last)).fetchone()
            return found

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock, self._open() as connection:
                yield connection
        except sqlite3.Error as error:
            raise Unavailable(f"labelled predictions in {str(self._path)!r}: {error}") from error

    def _open(self) -> sqlite3.Connection:
        """Return the connection of this process: one that was open before a fork must not be used after it."""
        if self._opened is None or self._process != os.getpid():
            self._opened = sqlite3.connect(self._path, timeout=_WAIT_SECONDS, check_same_thread=False)
            self._process = os.getpid()
            weakref.finalize(self, self._opened.close)
            # Written ahead: readers never wait, and a label costs no wait for the disk.
            self._opened.execute("PRAGMA journal_mode = WAL")
            self._opened.execute("PRAGMA synchronous = NORMAL")
        return self._opened
