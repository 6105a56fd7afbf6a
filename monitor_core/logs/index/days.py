"""The folders of the index: ``<root>/<kind>/<day>``, each with a tantivy index and what is written beside it."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tantivy

from monitor_core.logs.index.schema import open_index

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Bounds", "DayIndex", "Place", "kind_of", "list_places", "write_json"]

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_KIND = re.compile(r"[a-z0-9_-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where the lines of one kind of file and one day of reading lie."""

    day: str
    kind: str
    folder: Path

    @property
    def index(self) -> Path:
        """The folder of tantivy."""
        return self.folder / "index"

    @property
    def names(self) -> Path:
        """The names of context fields that occur."""
        return self.folder / "names.json"

    @property
    def counts(self) -> Path:
        """What was counted when the day was sealed."""
        return self.folder / "counts.npz"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many rows an index holds, and from when to when."""

    n_rows: int
    first: int
    last: int


def kind_of(name: str) -> str:
    """Return what a file is, by its name: what stands before ``.log``.

    Examples
    --------
    >>> kind_of("app.log"), kind_of("audit.log.2026-11-21.gz"), kind_of("My Service.jsonl")
    ('app', 'audit', 'my_service')
    """
    stem = name.lower().split(".log")[0] if ".log" in name.lower() else name.lower().split(".")[0]
    return re.sub(r"[^a-z0-9_-]", "_", stem)[:64] or "other"


def list_places(root: Path) -> list[Place]:
    """Return the indexes below a folder, the oldest first."""
    found = []
    for kind in _folders(root, _KIND):
        found += [
            Place(day.name, kind.name, day) for day in _folders(kind, _DAY) if (day / "index" / "meta.json").exists()
        ]
    return sorted(found)


def _folders(root: Path, pattern: re.Pattern[str]) -> list[Path]:
    try:
        return [path for path in root.iterdir() if pattern.fullmatch(path.name) and path.is_dir()]
    except FileNotFoundError:
        return []


def write_json(path: Path, value: Any) -> None:
    """Write a file whole or not at all, on the disk when this returns."""
    new = path.with_name(path.name + ".new")
    with new.open("w", encoding="utf-8") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


class DayIndex:
    """One index, open for reading; it sees what was committed when it was last refreshed."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.index = open_index(place.index)
        self.searcher: tantivy.Searcher = self.index.searcher()
        self._stamp = self._meta()
        self._bounds: Bounds | None = None

    def refresh(self) -> None:
        """See what was committed since."""
        stamp = self._meta()
        if stamp == self._stamp:
            return
        self.index.reload()
        self.searcher = self.index.searcher()
        self._stamp, self._bounds = stamp, None

    @property
    def bounds(self) -> Bounds:
        """Number of rows, earliest and latest time; of the lines, not of the file's date: late ones count."""
        if self._bounds is None:
            found: Any = self.searcher.aggregate(
                tantivy.Query.all_query(), {"low": {"min": {"field": "ts"}}, "high": {"max": {"field": "ts"}}}
            )
            low, high = found["low"]["value"], found["high"]["value"]
            # Aggregations answer in floating point, exact to the microsecond until the year 2255.
            self._bounds = Bounds(self.searcher.num_docs, int(low or 0), int(high or 0) + 1)
        return self._bounds

    def n_found(self, query: tantivy.Query) -> int:
        """Return how many rows answer."""
        found: Any = self.searcher.search(query, 1)
        return int(found.count)

    def progress(self) -> dict[int, int]:
        """Return how far each file was read, by the rows that are here."""
        found: Any = self.searcher.aggregate(
            tantivy.Query.all_query(),
            {"files": {"terms": {"field": "file_id", "size": 65_000}, "aggs": {"end": {"max": {"field": "end"}}}}},
        )
        return {int(bucket["key"]): int(bucket["end"]["value"]) for bucket in found["files"]["buckets"]}

    def latest_batch(self) -> int:
        """Return the number of the newest commit here; 0 when there is no row."""
        found: Any = self.searcher.aggregate(tantivy.Query.all_query(), {"batch": {"max": {"field": "batch"}}})
        return int(found["batch"]["value"] or 0)

    def names(self) -> tuple[str, ...]:
        """Return the names of context fields that occur."""
        try:
            return tuple(json.loads(self.place.names.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return ()

    def _meta(self) -> tuple[int, int, int]:
        found = (self.place.index / "meta.json").stat()
        return found.st_mtime_ns, found.st_size, found.st_ino
