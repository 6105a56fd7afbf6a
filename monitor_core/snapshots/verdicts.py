"""Turn what is known about a table into findings: what refuses it, what to look at, what is left out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from monitor_core.snapshots.columns import kind_of
from monitor_core.snapshots.findings import CheckFinding, shown, text_of
from monitor_core.snapshots.purposes import Purpose, lacking
from monitor_core.snapshots.roles import Role, Roles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    import pyarrow as pa

    from monitor_core.snapshots.facts import DateFacts, Facts
    from monitor_core.snapshots.sources import TableSource

__all__ = ["on_baseline", "on_facts", "on_schema", "ordered"]

_ORDER = {"refusal": 0, "warning": 1, "info": 2}
_NAMED = 10
_MANY_MISSING = 0.5
_ALLOWED_KINDS = {
    Role.ENTITY_ID: ("numeric", "categorical"),
    Role.SCORE: ("numeric", "empty"),
    Role.PREDICTION: ("numeric", "categorical", "boolean", "empty"),
    Role.LABEL: ("numeric", "categorical", "boolean", "empty"),
    Role.FEATURE: ("numeric", "categorical", "boolean", "datetime", "empty"),
    Role.TIMESTAMP: ("numeric", "categorical", "datetime", "empty"),
    Role.LABEL_DATE: ("numeric", "categorical", "datetime", "empty"),
    Role.VERSION: ("numeric", "categorical", "empty"),
}
_HARMLESS = {("boolean", "numeric"), ("numeric", "boolean")}


def ordered(findings: Iterable[CheckFinding]) -> tuple[CheckFinding, ...]:
    """Return refusals before warnings before the rest, otherwise in the order found."""
    return tuple(sorted(findings, key=lambda finding: _ORDER[finding.severity]))


def on_schema(
    schema: pa.Schema, roles: Roles, *, needs_date: bool, purpose: Purpose = "current"
) -> Iterator[CheckFinding]:
    """Yield what columns, types and roles alone say."""
    for reason in lacking(roles, purpose, needs_date=needs_date):
        yield CheckFinding("refusal", reason)
    types = dict(zip(schema.names, schema.types, strict=True))
    for name, role in roles.columns:
        if name not in types:
            if role is not Role.IGNORED:
                yield CheckFinding("refusal", f"column {name!r} ({role.value}) is not in the file", column=name)
            continue
        kind = kind_of(types[name])
        allowed = _ALLOWED_KINDS.get(role)
        if allowed and kind not in allowed:
            words = ", ".join(word for word in allowed if word != "empty")
            yield CheckFinding(
                "refusal",
                f"column {name!r} has the type {types[name]}; as {role.value} allowed are: {words}",
                column=name,
                value=str(types[name]),
                allowed=words,
            )


def on_baseline(
    schema: pa.Schema, roles: Roles, expected: Mapping[str, str] | None
) -> tuple[Roles, tuple[str, ...], list[CheckFinding]]:
    """Compare the monitored columns with those of the baseline.

    Returns
    -------
    Roles
        With the columns that cannot be compared ignored.
    tuple of str
        These columns.
    list of CheckFinding
        Absent, extra and re-typed columns.
    """
    if expected is None:
        return roles, (), []
    types = dict(zip(schema.names, schema.types, strict=True))
    kinds = {name: kind_of(types[name]) for name, _ in roles.monitored if name in types}
    absent = [name for name in expected if name not in kinds]
    extra = [name for name in kinds if name not in expected]
    retyped = [name for name, kind in kinds.items() if name in expected and not _fits(kind, expected[name])]
    findings = [
        *_grouped("warning", absent, "is in the baseline and not among the monitored columns of this file"),
        *_grouped("info", extra, "is not in the baseline and is left out"),
        *(
            CheckFinding(
                "warning",
                f"column {name!r} is {kinds[name]}, in the baseline {expected[name]}, and is left out",
                column=name,
                value=kinds[name],
                allowed=expected[name],
            )
            for name in retyped
        ),
    ]
    if expected and 2 * (len(absent) + len(retyped)) > len(expected):
        findings.append(
            CheckFinding(
                "refusal",
                f"{len(absent) + len(retyped):,} of the baseline's {len(expected):,} columns are absent or of another "
                "kind; is this file for another model?",
                allowed="at least half of the baseline's columns",
            )
        )
    gone = {*extra, *retyped}
    fitting = replace(
        roles, columns=tuple((name, Role.IGNORED if name in gone else role) for name, role in roles.columns)
    )
    return fitting, tuple(name for name, _ in roles.columns if name in gone), findings


def _fits(kind: str, expected: str) -> bool:
    return kind in (expected, "empty") or (kind, expected) in _HARMLESS


def on_facts(source: TableSource, roles: Roles, facts: Facts, *, now: datetime) -> Iterator[CheckFinding]:
    """Yield what one pass over all rows says."""
    if not facts.n_rows:
        yield CheckFinding("refusal", f"{source.name!r} has no rows; expected at least one", allowed="1 row or more")
        return
    if facts.dates is not None:
        yield from _on_dates(roles.one(Role.TIMESTAMP) or "", facts.dates, facts.n_rows, now)
    yield from _on_duplicates(source, roles, facts)
    yield from _on_values(roles, facts)


def _on_dates(column: str, dates: DateFacts, n_rows: int, now: datetime) -> Iterator[CheckFinding]:
    lost = dates.n_missing + dates.n_unreadable
    if dates.n_unreadable and dates.first_unreadable:
        row, value = dates.first_unreadable
        yield CheckFinding(
            "refusal" if 2 * lost > n_rows else "warning",
            f"column {column!r}: {dates.n_unreadable:,} of {n_rows:,} dates cannot be read and their rows are left out "
            f"(first: row {row:,}, {shown(value)}); write dates as 2026-11-21 or 2026-11-21T05:30:00Z",
            column=column,
            row=row,
            value=value,
            allowed="ISO 8601, a year, YYYYMMDD or Unix time",
            count=dates.n_unreadable,
        )
    if dates.n_missing:
        yield CheckFinding(
            "refusal" if 2 * lost > n_rows else "warning",
            f"column {column!r}: {dates.n_missing:,} of {n_rows:,} dates are missing and their rows are left out",
            column=column,
            count=dates.n_missing,
            allowed="a date in every row",
        )
    if dates.first_future:
        row, value = dates.first_future
        yield CheckFinding(
            "refusal",
            f"column {column!r}: {dates.n_future:,} of {n_rows:,} dates lie in the future "
            f"(first: row {row:,}, {shown(value)}); allowed are dates up to {now:%Y-%m-%d}",
            column=column,
            row=row,
            value=value,
            allowed=f"up to {now:%Y-%m-%d}",
            count=dates.n_future,
        )
    if dates.first_early:
        row, value = dates.first_early
        yield CheckFinding(
            "warning",
            f"column {column!r}: {dates.n_early:,} of {n_rows:,} dates lie before 1990 "
            f"(first: row {row:,}, {shown(value)}); numbers are read as years, YYYYMMDD or Unix time",
            column=column,
            row=row,
            value=value,
            count=dates.n_early,
        )


def _on_duplicates(source: TableSource, roles: Roles, facts: Facts) -> Iterator[CheckFinding]:
    found, column = facts.duplicates, roles.one(Role.ENTITY_ID)
    if found is None or found.first is None or column is None:
        return
    earlier, row = found.first
    value = _value_in_row(source, column, row)
    when = " and date" if facts.dates is not None else ""
    looked = f", looking at one id in {found.one_in}" if found.one_in > 1 else ""
    repeat = "row repeats" if found.count == 1 else "rows repeat"
    yield CheckFinding(
        "warning",
        f"column {column!r}: {found.count:,} {repeat} the id{when} of an earlier row{looked} "
        f"(first: rows {earlier:,} and {row:,}, {shown(value)}); all are counted",
        column=column,
        row=row,
        value=value,
        allowed=f"each id{when} once",
        count=found.count,
    )


def _on_values(roles: Roles, facts: Facts) -> Iterator[CheckFinding]:
    tallies, n_rows = facts.tallies, facts.n_rows
    yield from _grouped(
        "warning", [name for name, tally in tallies.items() if tally.is_missing], "has no values at all"
    )
    constant = [name for name, tally in tallies.items() if tally.is_constant and n_rows > 1]
    yield from _grouped("info", constant, "has one and the same value in every row")
    for name, tally in tallies.items():
        share = tally.n_missing / n_rows
        if _MANY_MISSING <= share < 1:
            yield CheckFinding(
                "info",
                f"column {name!r}: {tally.n_missing:,} of {n_rows:,} values are missing ({share:.0%})",
                column=name,
                count=tally.n_missing,
            )
        if tally.first_infinite is not None:
            row, number = tally.first_infinite
            yield CheckFinding(
                "warning",
                f"column {name!r}: {tally.n_infinite:,} of {n_rows:,} values are infinite "
                f"(first: row {row:,}, {number})",
                column=name,
                row=row,
                value=str(number),
                allowed="finite numbers",
                count=tally.n_infinite,
            )
        if tally.first_outside is not None:
            row, number = tally.first_outside
            yield CheckFinding(
                "warning",
                f"column {name!r}: {tally.n_outside:,} of {n_rows:,} scores lie outside 0..1 "
                f"(first: row {row:,}, {number:g})",
                column=name,
                row=row,
                value=f"{number:g}",
                allowed="0..1",
                count=tally.n_outside,
            )
    yield from _on_label(roles, facts)


def _on_label(roles: Roles, facts: Facts) -> Iterator[CheckFinding]:
    column = roles.one(Role.LABEL)
    levels = facts.tallies[column].levels if column is not None else None
    if column is None or levels is None or len(levels) <= 2:
        return
    some = ", ".join(shown(level) for level in sorted(levels, key=str)[:5])
    count = f"{len(levels):,}" if len(levels) <= 50 else "more than 50"
    yield CheckFinding("info", f"column {column!r}: {count} different labels ({some}, …)", column=column)


def _grouped(severity: Literal["info", "warning"], columns: Sequence[str], says: str) -> Iterator[CheckFinding]:
    """Yield one finding a column, or a single one when there are many."""
    if len(columns) <= _NAMED:
        yield from (CheckFinding(severity, f"column {name!r} {says}", column=name) for name in columns)
        return
    some = ", ".join(map(repr, columns[:_NAMED]))
    yield CheckFinding(severity, f"{len(columns):,} columns, each of which {says}: {some}, …", count=len(columns))


def _value_in_row(source: TableSource, column: str, row: int) -> str:
    """Return one value as text, by reading its column up to `row` (from 1)."""
    before = 0
    for shard in source.shards():
        for batch in shard.batches([column]):
            if row <= before + batch.num_rows:
                return text_of(batch.column(0)[row - before - 1])
            before += batch.num_rows
    return ""
