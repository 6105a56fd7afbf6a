"""Whole hours become chunks, and what is too old goes."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.metrics.store.chunks import (
    ABSENT,
    decode_stamps,
    decode_table,
    encode_stamps,
    encode_table,
    is_absent,
)
from monitor_core.metrics.store.database import PAGE

if TYPE_CHECKING:
    import sqlite3

    from numpy.typing import NDArray

    Stamps = NDArray[np.int64]
    Table = NDArray[np.float64]

__all__ = ["HOUR_MS", "compact", "drop", "due_pages"]

HOUR_MS = 3_600_000
_SETTLED_MS = 300_000
"""An hour is deflated this long after its end: samples that come late find it open."""


def due_pages(run: sqlite3.Connection, now_ms: int) -> list[int]:
    """Give the pages that have whole hours in the head."""
    rows = run.execute("SELECT DISTINCT page FROM head WHERE at_ms < ? ORDER BY page", (_edge(now_ms),))
    return [row[0] for row in rows]


def compact(run: sqlite3.Connection, page: int, now_ms: int) -> None:
    """Turn the whole hours of a page into chunks; all of it in the caller's transaction."""
    edge = _edge(now_ms)
    rows = run.execute("SELECT at_ms, block FROM head WHERE page = ? AND at_ms < ? ORDER BY at_ms", (page, edge))
    for hour, group in groupby(rows.fetchall(), key=lambda row: row[0] // HOUR_MS):
        part = list(group)
        stamps = np.array([at for at, _ in part], dtype=np.int64)
        table = np.frombuffer(b"".join(block for _, block in part)).reshape(-1, PAGE)
        _put(run, page, hour * HOUR_MS, stamps, table)
    run.execute("DELETE FROM head WHERE page = ? AND at_ms < ?", (page, edge))


def drop(run: sqlite3.Connection, before_ms: int) -> int:
    """Drop samples older than a moment, and the series that have none left; return how many series went."""
    run.execute("DELETE FROM chunk WHERE end_ms < ?", (before_ms,))
    run.execute("DELETE FROM head WHERE at_ms < ?", (before_ms,))
    run.execute("DELETE FROM lone WHERE at_ms < ?", (before_ms,))
    run.execute("DELETE FROM exemplar WHERE at_ms < ?", (before_ms,))
    empty = run.execute(
        "SELECT id FROM page WHERE made_ms < ? AND id NOT IN (SELECT page FROM chunk)"
        " AND id NOT IN (SELECT page FROM head) AND id NOT IN (SELECT series / ? FROM lone)",
        (before_ms, PAGE),
    ).fetchall()
    gone = 0
    for (page,) in empty:
        gone += run.execute("DELETE FROM series WHERE id / ? = ?", (PAGE, page)).rowcount
        run.execute("DELETE FROM page WHERE id = ?", (page,))
    if gone:
        run.execute("UPDATE dropped SET generation = generation + 1")
    return gone


def _edge(now_ms: int) -> int:
    """Return the end of the last hour that is whole and settled."""
    return (now_ms - _SETTLED_MS) // HOUR_MS * HOUR_MS


def _put(run: sqlite3.Connection, page: int, start_ms: int, stamps: Stamps, table: Table) -> None:
    """Write an hour; when it is there already, because the clock went back, both together."""
    held = run.execute("SELECT stamps, block FROM chunk WHERE (page, start_ms) = (?, ?)", (page, start_ms)).fetchone()
    if held is not None:
        stamps, table = _together(decode_stamps(held[0]), decode_table(held[1]), stamps, table)
    run.execute(
        "INSERT OR REPLACE INTO chunk (page, start_ms, end_ms, stamps, block) VALUES (?, ?, ?, ?, ?)",
        (page, start_ms, int(stamps[-1]), encode_stamps(stamps), encode_table(table)),
    )


def _together(old_stamps: Stamps, old: Table, stamps: Stamps, table: Table) -> tuple[Stamps, Table]:
    every = np.union1d(old_stamps, stamps)
    joined = np.full((len(every), PAGE), ABSENT)
    joined[np.searchsorted(every, stamps)] = table
    place = np.searchsorted(every, old_stamps)
    joined[place] = np.where(is_absent(old), joined[place], old)
    return every, joined
