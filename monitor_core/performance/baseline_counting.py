"""Count a labelled upload that becomes a baseline: every row on its own, no entities, no dates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from monitor_core.errors import Refused
from monitor_core.performance.counts import Counts
from monitor_core.performance.detail_reading import read_cells, read_scores
from monitor_core.performance.granules import Granules
from monitor_core.performance.loading import CellBook
from monitor_core.performance.pieces import Pieces
from monitor_core.performance.plan import plan, words_of
from monitor_core.performance.reading import CELL, Reader
from monitor_core.performance.refusals import Refusals
from monitor_core.performance.segments import SegmentBook
from monitor_core.performance.tally import View, count_changes, detail_changes
from monitor_core.values import Granularity

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import pyarrow as pa
    from numpy.typing import NDArray

    from monitor_core.performance.binary import Words
    from monitor_core.performance.coding import CellCoder
    from monitor_core.performance.series import CellCounts, ScoreCounts
    from monitor_core.settings import PerformanceSettings
    from monitor_core.snapshots.roles import Roles
    from monitor_core.snapshots.sources import TableSource

__all__ = ["CountedUpload", "count_upload"]


@dataclass(frozen=True, slots=True)
class CountedUpload:
    """What was counted of an upload; histogram and cells are those of one granule, the whole."""

    counts: Counts
    scores: ScoreCounts
    pieces: NDArray[np.int64]
    """(pieces, 2, 2, SCORE_BINS): the labelled ones by piece of the file (`Pieces`)."""
    cells: tuple[CellCounts, ...]
    notes: tuple[str, ...]
    words: Words | None
    """None: the usual ones."""


def count_upload(
    source: TableSource,
    roles: Roles,
    *,
    settings: PerformanceSettings,
    now: datetime,
    before: Words | None = None,
    coder: CellCoder | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> CountedUpload:
    """Return what the labelled rows of an upload add up to; raises `Refused` for bad rows.

    `before` are the words that production's deliveries came in.
    """
    columns = plan(roles, source.schema, kind="labelled", needs_entity=False, coder=coder)
    columns = replace(columns, entity=None, date=None, fixed_date=None, segment=None, version=None, label_date=None)
    words, note = words_of(source, columns, positive=roles.positive, before=before)
    reader = Reader(
        columns=columns,
        granules=Granules(Granularity()),
        words=words,
        threshold=settings.threshold,
        versions=("",),
        own_version=0,
        segments=SegmentBook(),
        coder=coder,
        refusals=Refusals(),
        now=now,
    )
    book, counts, row = CellBook(), Counts(), 1
    scores: list[bytes] = []
    cells: list[bytes] = []
    pieces = Pieces()
    for shard in source.shards():
        for batch in shard.batches(columns.columns):
            view = _view(reader.rows(batch, row), coder, book)
            counts += count_changes(view, None).get(0, Counts())
            details = detail_changes(view, None, book.words)
            pieces.add(view.predicted, view.label, view.score)
            scores += [details[0, "scores"]] if (0, "scores") in details else []
            cells += [details[0, "cells"]] if (0, "cells") in details else []
            row += batch.num_rows
            if progress is not None and source.n_rows:
                progress(min(1.0, row / source.n_rows), "counting")
    if reader.refusals.n_rows:
        raise Refused(f"{source.name!r} cannot be a baseline", reasons=reader.refusals.texts())
    notes = [note] if note else []
    if columns.prediction is None:
        notes.append(f"no prediction column: scores from {settings.threshold:g} on count as positive")
    added = read_scores(scores, [0] * len(scores), 1)
    return CountedUpload(counts, added, pieces.counts, read_cells(cells, [0] * len(cells), 1), tuple(notes), words)


def _view(rows: pa.RecordBatch, coder: CellCoder | None, book: CellBook) -> View:
    def column(name: str) -> NDArray[Any]:
        return np.asarray(rows.column(name).to_numpy(zero_copy_only=False))

    labelled = np.flatnonzero(column("label") >= 0)
    names = rows.schema.names
    cells = {
        name: book.numbers(name, words)[column(CELL + name)[labelled]]
        for name, words in (coder.features if coder is not None else ())
        if CELL + name in names
    }
    size = labelled.size
    return View(
        keys=np.arange(size, dtype=np.uint64),
        predicted=column("predicted")[labelled],
        score=column("score")[labelled],
        segment=np.zeros(size, np.int32),
        label=column("label")[labelled],
        delay=np.full(size, -1),
        cells=cells,
    )
