"""Tell the format of a file by its content, and open it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.errors import NotFound, Refused
from monitor_core.snapshots.parquet import open_parquet
from monitor_core.snapshots.sources import TableSource, schema_reasons

if TYPE_CHECKING:
    from pathlib import Path

    from monitor_core.settings import SnapshotSettings

__all__ = ["open_file"]


def open_file(path: Path, *, limits: SnapshotSettings) -> TableSource:
    """Open one data file of any known format.

    Raises
    ------
    NotFound
        When there is no such file.
    Refused
        When the file is empty, damaged, of an unknown format or beyond a limit.
    """
    if not path.is_file():
        raise NotFound(f"there is no file {str(path)!r}")
    if path.stat().st_size == 0:
        raise Refused(f"{path.name!r} is empty", reasons=["0 bytes; expected a table"])
    source = open_parquet(path)
    reasons = schema_reasons(source.schema.names, limits=limits)
    if reasons:
        raise Refused(f"{path.name!r} cannot be accepted", reasons=reasons)
    return source
