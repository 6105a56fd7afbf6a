"""Close days that are over: count them once, for histograms, and drop those that are too old."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from monitor_core.logs.index.counts import count, read_counts, write_counts
from monitor_core.logs.index.days import DayIndex, list_places
from monitor_core.logs.query.moments import micros

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from pathlib import Path

    from monitor_core.logs.ingest.registry import Registry

__all__ = ["drop_older", "seal"]


def seal(root: Path, *, before: str, now: datetime) -> int:
    """Count the days before one that were not counted, or changed since; return how many."""
    del now
    n_sealed = 0
    for place in list_places(root):
        meta = (place.index / "meta.json").stat().st_mtime_ns
        if place.day >= before or (place.counts.exists() and place.counts.stat().st_mtime_ns > meta):
            continue
        index = DayIndex(place)
        known = read_counts(place.counts)
        if known is not None and known.n_rows == index.bounds.n_rows:
            place.counts.touch()
            continue
        made = count(index)
        if made is not None:
            write_counts(place.counts, made)
            n_sealed += 1
    return n_sealed


def drop_older(root: Path, registry: Registry, *, now: datetime, keep: timedelta) -> tuple[str, ...]:
    """Drop the indexes whose latest line is too old; how far files were read stays known.

    Nobody may write meanwhile. Returns the days dropped.
    """
    limit = micros(now - keep)
    dropped = []
    for place in list_places(root):
        index = DayIndex(place)
        if index.bounds.last > limit:
            continue
        ends = index.progress()
        known = [registry.get(file_id) for file_id in ends]
        registry.keep(*(replace(item, floor=max(item.floor, ends[item.file_id])) for item in known if item))
        shutil.rmtree(place.folder)
        dropped.append(f"{place.kind} {place.day}")
    return tuple(dropped)
