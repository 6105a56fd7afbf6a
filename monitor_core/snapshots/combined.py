"""Several files that are one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from monitor_core.errors import Refused
from monitor_core.snapshots.columns import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor_core.snapshots.findings import CheckFinding
    from monitor_core.snapshots.sources import Shard, TableSource

__all__ = ["CombinedSource", "combine", "common_kinds"]

_LISTED = 20


@dataclass(frozen=True, slots=True)
class _Cast:
    """A shard whose columns come in the types of the whole table."""

    shard: Shard
    name: str
    schema: pa.Schema

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        wanted = pa.schema([self.schema.field(name) for name in columns])
        for batch in self.shard.batches(columns):
            try:
                yield batch if batch.schema.equals(wanted) else batch.cast(wanted)
            except pa.ArrowException as error:
                raise Refused(f"{self.name!r} does not fit the other files", reasons=[str(error)]) from None


@dataclass(frozen=True, slots=True)
class CombinedSource:
    """Files with the same columns, one after the other."""

    name: str
    schema: pa.Schema
    parts: tuple[TableSource, ...]

    @property
    def findings(self) -> tuple[CheckFinding, ...]:
        """What reading the files brought up, file by file."""
        return tuple(finding for part in self.parts for finding in part.findings)

    @property
    def n_rows(self) -> int | None:
        """Rows of all files, where each is known."""
        counts = [part.n_rows for part in self.parts]
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else None

    def shards(self) -> tuple[Shard, ...]:
        """Return the shards of all files, in order."""
        return tuple(_Cast(shard, part.name, self.schema) for part in self.parts for shard in part.shards())


def combine(name: str, parts: Sequence[TableSource]) -> TableSource:
    """Return `parts` as one table with the columns of the first.

    Whole numbers and decimals unite as decimals, dates of several units as microseconds, text with and without
    dictionaries as text; a column without values takes the type of the others.

    Raises
    ------
    Refused
        When files differ in their columns, or in the kind of one; each difference names file and column.
    """
    if len(parts) == 1:
        return parts[0]
    first = parts[0].schema
    reasons = [reason for part in parts[1:] for reason in _differences(part, parts[0])]
    fields = []
    for column in first.names if not reasons else ():
        kinds = [part.schema.field(column).type for part in parts]
        united = _unite(kinds)
        if united is None:
            reasons.append(_kinds_differ(column, parts, kinds))
        fields.append(pa.field(column, united or kinds[0]))
    if reasons:
        more = [f"and {len(reasons) - _LISTED:,} more"] if len(reasons) > _LISTED else []
        raise Refused(f"the files in {name!r} are not one table", reasons=reasons[:_LISTED] + more)
    return CombinedSource(name, pa.schema(fields), tuple(parts))


def _differences(part: TableSource, first: TableSource) -> Iterator[str]:
    ours, theirs = set(part.schema.names), set(first.schema.names)
    for column in first.schema.names:
        if column not in ours:
            yield f"{part.name!r} has no column {column!r}, which {first.name!r} has"
    for column in part.schema.names:
        if column not in theirs:
            yield f"{part.name!r} has a column {column!r}, which {first.name!r} has not"


def _kinds_differ(column: str, parts: Sequence[TableSource], kinds: Sequence[pa.DataType]) -> str:
    other = next(number for number, kind in enumerate(kinds) if _unite([kinds[0], kind]) is None)
    return f"column {column!r} is {kinds[0]} in {parts[0].name!r} and {kinds[other]} in {parts[other].name!r}"


def _unite(kinds: Sequence[pa.DataType]) -> pa.DataType | None:
    distinct = list(dict.fromkeys(kind for kind in kinds if not pa.types.is_null(kind)))
    if len(distinct) <= 1:
        return distinct[0] if distinct else pa.null()
    words = {kind_of(kind) for kind in distinct}
    if words == {"numeric"}:
        whole = all(pa.types.is_integer(kind) and not pa.types.is_uint64(kind) for kind in distinct)
        return pa.int64() if whole else pa.float64()
    if words == {"categorical"}:
        return pa.string()
    if words == {"datetime"}:
        zoned = any(pa.types.is_timestamp(kind) and kind.tz for kind in distinct)
        return pa.timestamp("us", tz="UTC" if zoned else None)
    return None


def common_kinds(parts: Sequence[TableSource]) -> dict[str, str]:
    """Return the columns in whose kind the files differ, with the kind that holds all of them: text.

    A file in text form can be read again with these.
    """
    kinds: dict[str, list[pa.DataType]] = {}
    for part in parts:
        for field in part.schema:
            kinds.setdefault(field.name, []).append(field.type)
    return {column: "categorical" for column, found in kinds.items() if _unite(found) is None}
