"""What is known of each granule by now, added up once: reading years of granules is one short row for each.

A total is the sum of the changes of `performance_count` and `performance_detail`, written in the same transaction as
they are. It carries the moment of its latest change, so that a view as of an earlier moment knows for which granules
to add up the changes themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import delete, insert, select

from monitor_core.performance.detail_merging import MERGED, merged, sample_of
from monitor_core.storage.schema import performance_total

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

__all__ = ["COUNTS", "KINDS", "SAMPLE", "add_to_totals", "pack_counts"]

COUNTS = "counts"
"""The fields of `Counts`, in their order, as int64."""
SAMPLE = "sample"
"""Of the entities the few with the lowest keys: enough for windows of many granules."""
KINDS = (COUNTS, *MERGED)
"""What is added up; the sample follows from the entities."""


def pack_counts(values: Sequence[int]) -> bytes:
    """Return counts as bytes."""
    return np.array(values, "<i8").tobytes()


def add_to_totals(
    connection: Connection,
    of: tuple[str, str, str, str],
    changes: Mapping[str, bytes],
    recorded_at: datetime,
) -> None:
    """Add changes to the totals of some granules.

    Parameters
    ----------
    of
        Model, version, segment and kind.
    changes
        By granule; some hundred at most.
    recorded_at
        When they are recorded; later than all before.
    """
    *owner, kind = of
    column = performance_total.c
    mine = (
        (column.model_id == owner[0])
        & (column.version == owner[1])
        & (column.segment == owner[2])
        & column.granule.in_(list(changes))
    )
    found = connection.execute(select(column.granule, column.payload).where(mine, column.kind == kind))
    known = {str(row[0]): bytes(row[1]) for row in found}
    kinds = [kind] if kind != "entities" else [kind, SAMPLE]
    if known:
        connection.execute(delete(performance_total).where(mine, column.kind.in_(kinds)))
    rows: list[dict[str, Any]] = []
    common = {**dict(zip(("model_id", "version", "segment"), owner, strict=True)), "recorded_at": recorded_at}
    for granule, change in changes.items():
        payload = _sum(kind, [known[granule], change] if granule in known else [change])
        rows.append({**common, "granule": granule, "kind": kind, "payload": payload})
        if kind == "entities":
            rows.append({**common, "granule": granule, "kind": SAMPLE, "payload": sample_of(payload)})
    connection.execute(insert(performance_total), rows)


def _sum(kind: str, payloads: Sequence[bytes]) -> bytes:
    if kind != COUNTS:
        return merged(kind, payloads)
    added = np.array([np.frombuffer(payload, "<i8") for payload in payloads]).sum(axis=0)
    return pack_counts(added.tolist())
