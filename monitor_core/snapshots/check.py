"""Look at every row of a table once and say what is wrong with it: refusals, warnings, and what is left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.snapshots import verdicts
from monitor_core.snapshots.duplicates import KeyCounter, hash_keys
from monitor_core.snapshots.facts import DateFacts, Facts
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.snapshots.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pyarrow as pa

    from monitor_core.snapshots.findings import CheckFinding
    from monitor_core.snapshots.purposes import Purpose
    from monitor_core.snapshots.sources import TableSource

__all__ = ["CheckResult", "check_columns", "check_table"]

_CLOCK_SKEW = timedelta(days=1)  # files carry local dates; a day ahead of UTC is no future


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What the check of a table found.

    Parameters
    ----------
    n_rows, n_columns
        Of the whole table.
    findings
        Everything worth saying, refusals first.
    first, last
        The earliest and latest moment; None without a date column or fixed date.
    left_out_rows
        Rows without a readable date.
    left_out_columns
        Columns that cannot be compared with the baseline.
    roles
        The roles as given, with the columns left out ignored: count with these.
    """

    n_rows: int
    n_columns: int
    findings: tuple[CheckFinding, ...]
    roles: Roles
    first: datetime | None = None
    last: datetime | None = None
    left_out_rows: int = 0
    left_out_columns: tuple[str, ...] = ()

    @property
    def refusals(self) -> tuple[CheckFinding, ...]:
        """The findings for which the table cannot be accepted; empty when it can."""
        return tuple(finding for finding in self.findings if finding.severity == "refusal")

    @property
    def left_out(self) -> tuple[str, ...]:
        """What will not be counted, a sentence each."""
        said = [f"column {column!r}" for column in self.left_out_columns]
        return (*((f"{self.left_out_rows:,} rows without a readable date",) if self.left_out_rows else ()), *said)

    def of_rows(self, n_rows: int, findings: Sequence[CheckFinding]) -> CheckResult:
        """Return the same with what those who read the rows found."""
        return replace(self, n_rows=n_rows, findings=verdicts.ordered([*self.findings, *findings]))


def check_table(
    source: TableSource,
    roles: Roles,
    *,
    now: datetime,
    expected: Mapping[str, str] | None = None,
    needs_date: bool = False,
    progress: Callable[[float, str], None] | None = None,
) -> CheckResult:
    """Check a table from its first row to its last.

    Parameters
    ----------
    source
        The table.
    roles
        What its columns are for; ignored columns are not read.
    now
        Dates more than a day after it lie in the future.
    expected
        Kind of each column of the baseline (``numeric``, ``categorical``, ``boolean``, ``datetime``); None for a
        table that becomes a baseline.
    needs_date
        Without a date column or a date for the whole file, refuse.
    progress
        Called with the share done (0..1) and a note; may raise `Cancelled`.

    Returns
    -------
    CheckResult
        Refused are: no rows, no columns to monitor, columns with a role that are absent or of a type that the role
        does not allow, dates of which more than half cannot be read, dates in the future, and a table of which more
        than half does not fit the baseline. Everything else is a finding, and what is left out is named.

    Raises
    ------
    Refused
        When the file turns out to be damaged on the way.

    Notes
    -----
    Memory: the keys of at most 8 million rows (see `KeyCounter`) and one batch.
    """
    schema = source.schema
    n_columns = len(schema)
    before = [*source.findings, *verdicts.on_schema(schema, roles, needs_date=needs_date)]
    fitting, left_out, about_baseline = verdicts.on_baseline(schema, roles, expected)
    before += about_baseline
    if any(finding.severity == "refusal" for finding in before):
        return CheckResult(source.n_rows or 0, n_columns, verdicts.ordered(before), roles)
    facts = _Pass(source, fitting, now + _CLOCK_SKEW).run(progress or (lambda share, note: None))  # noqa: ARG005
    findings = [*before, *verdicts.on_facts(source, fitting, facts, now=now)]
    result = CheckResult(facts.n_rows, n_columns, verdicts.ordered(findings), fitting, left_out_columns=left_out)
    return _with_dates(result, roles, facts.dates)


def check_columns(source: TableSource, roles: Roles, *, purpose: Purpose, needs_date: bool) -> CheckResult:
    """Check what columns, types and roles alone say; the rows are looked at by those who take them in."""
    found = [*source.findings, *verdicts.on_schema(source.schema, roles, needs_date=needs_date, purpose=purpose)]
    return CheckResult(source.n_rows or 0, len(source.schema), verdicts.ordered(found), roles)


def _with_dates(result: CheckResult, roles: Roles, dates: DateFacts | None) -> CheckResult:
    if roles.fixed_date is not None:
        day = datetime.fromisoformat(roles.fixed_date).replace(tzinfo=UTC)
        return replace(result, first=day, last=day)
    if dates is None or dates.low is None or dates.high is None:
        return result
    first, last = (moment.astype("datetime64[us]").item().replace(tzinfo=UTC) for moment in (dates.low, dates.high))
    return replace(result, first=first, last=last, left_out_rows=dates.n_missing + dates.n_unreadable)


class _Pass:
    """One pass over all rows of the columns that have a role."""

    def __init__(self, source: TableSource, roles: Roles, latest: datetime) -> None:
        self._source = source
        self._roles = roles
        self._when = roles.one(Role.TIMESTAMP)
        self._key = roles.one(Role.ENTITY_ID)
        self._columns = [name for name, role in roles.columns if role is not Role.IGNORED]
        self._keys = KeyCounter()
        self._facts = Facts()
        if self._when is not None:
            self._facts.dates = DateFacts(np.datetime64(latest.astimezone(UTC).replace(tzinfo=None), "us"))
        for name, role in roles.columns:
            if role is Role.SCORE:
                self._facts.tallies[name] = Tally(low=0.0, high=1.0)
            elif role in (Role.LABEL, Role.PREDICTION):
                self._facts.tallies[name] = Tally(wants_levels=role is Role.LABEL)
            elif role is Role.FEATURE:
                self._facts.tallies[name] = Tally()

    def run(self, tell: Callable[[float, str], None]) -> Facts:
        facts, total = self._facts, self._source.n_rows
        for batch in self._batches():
            self._add(dict(zip(self._columns, batch.columns, strict=True)), facts.n_rows + 1)
            facts.n_rows += batch.num_rows
            of = f" of {total:,}" if total else ""
            tell(facts.n_rows / total if total else 0.0, f"checking: {facts.n_rows:,}{of} rows")
        facts.duplicates = self._keys.result() if self._key else None
        return facts

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for shard in self._source.shards():
            yield from shard.batches(self._columns)

    def _add(self, columns: Mapping[str, pa.Array], first_row: int) -> None:
        moments = None
        if self._when is not None and self._facts.dates is not None:
            moments = self._facts.dates.add(columns[self._when], first_row=first_row)
        if self._key is not None:
            self._keys.add(hash_keys(columns[self._key], moments), first_row=first_row)
        for name, tally in self._facts.tallies.items():
            tally.add(columns[name], first_row=first_row)
