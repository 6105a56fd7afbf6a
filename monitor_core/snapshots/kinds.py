"""What the values of a text column are: numbers, truth values, dates or text; decided from all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitor_core.snapshots.dates import instants
from monitor_core.snapshots.findings import CheckFinding, shown, text_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MOMENT", "STRAY_SHARE", "Evidence", "Kind", "convert", "decide"]

MOMENT = pa.timestamp("us", tz="UTC")
STRAY_SHARE = 0.05
"""Share of values up to which those of another kind count as missing (and are reported) instead of making text."""
_SETTLED_ROWS = 50_000


class Kind(StrEnum):
    """What one value is, as it was written."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    CODE = "code"  # digits with a leading zero, or more than 18 of them: a number would lose something
    BOOLEAN = "boolean"
    MOMENT = "date"
    COMMA = "decimal comma"
    TEXT = "text"
    NESTED = "nested"


_NUMBERS = (Kind.INTEGER, Kind.DECIMAL)
_PATTERNS = (  # the first that fits
    (Kind.INTEGER, r"^[+-]?(0|[1-9][0-9]{0,17})$"),
    (Kind.CODE, r"^[+-]?[0-9]+$"),
    (Kind.DECIMAL, r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$|^[+-]?(?i:inf|infinity|nan)$"),
    (Kind.BOOLEAN, r"^(?i:true|false)$"),
    (Kind.COMMA, r"^[+-]?[0-9]+,[0-9]+$"),
    (Kind.MOMENT, r"^[0-9]{4}-[0-9]{2}(-[0-9]{2}.*)?$"),
)
_CODE_START = r"^[+-]?0[0-9xX]"  # a cast would drop the zero, or read hexadecimal


@dataclass(slots=True)
class Evidence:
    """Counts of the kinds of values seen in one column, with the first row and value of each.

    Fold it over a column's pieces with `add`; the order of the pieces only decides which example is the first.

    Examples
    --------
    >>> evidence = Evidence()
    >>> evidence.add(pa.array(["1", "2", None, "n/a"]), first_row=1)
    >>> evidence.counts[Kind.INTEGER], evidence.first[Kind.TEXT]
    (2, (4, 'n/a'))
    """

    counts: dict[Kind, int] = field(default_factory=dict)
    first: dict[Kind, tuple[int, str]] = field(default_factory=dict)

    @property
    def n_values(self) -> int:
        """Values that are not missing."""
        return sum(self.counts.values())

    def add(self, values: pa.Array, *, first_row: int) -> None:
        """Take in the next piece, whose first value stands in `first_row` (from 1)."""
        if len(values) == values.null_count:
            return
        typed = _typed_kind(values.type)
        if typed is None:
            self._add_text(pc.utf8_trim_whitespace(values), first_row)
        else:
            self._count(typed, len(values) - values.null_count, values, first_row)

    def _add_text(self, values: pa.Array, first_row: int) -> None:
        n_valid = len(values) - values.null_count
        if self._is_settled_text():
            self._count(Kind.TEXT, n_valid, values, first_row)
        elif self._may_be_numbers() and (number := _all_numbers(values, decimals=Kind.DECIMAL in self.counts)):
            self._count(number, n_valid, values, first_row)
        else:
            self._add_each(values, first_row)

    def _may_be_numbers(self) -> bool:
        numbers = sum(self.counts.get(kind, 0) for kind in _NUMBERS)
        return numbers * 2 >= self.n_values

    def _is_settled_text(self) -> bool:
        text = self.counts.get(Kind.TEXT, 0)
        return text > _SETTLED_ROWS and text > self.n_values / 2

    def _add_each(self, values: pa.Array, first_row: int) -> None:
        encoded = values.dictionary_encode()
        kinds = _kinds_of(encoded.dictionary)
        codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
        per_row = np.append(kinds, -1)[codes]
        for number, kind in enumerate(Kind):
            rows = np.flatnonzero(per_row == number)
            if rows.size:
                self._count(kind, int(rows.size), values.slice(int(rows[0])), first_row + int(rows[0]))

    def _count(self, kind: Kind, count: int, values: pa.Array, first_row: int) -> None:
        if kind not in self.first:
            offset = pc.index(pc.is_valid(values), value=True).as_py()
            self.first[kind] = (first_row + offset, text_of(values[offset]))
        self.counts[kind] = self.counts.get(kind, 0) + count


def _typed_kind(kind: pa.DataType) -> Kind | None:
    if pa.types.is_boolean(kind):
        return Kind.BOOLEAN
    if pa.types.is_integer(kind):
        return Kind.INTEGER
    if pa.types.is_floating(kind):
        return Kind.DECIMAL
    if pa.types.is_timestamp(kind):
        return Kind.MOMENT
    return Kind.NESTED if pa.types.is_nested(kind) else None


def _all_numbers(values: pa.Array, *, decimals: bool) -> Kind | None:
    """Return the kind when every value is a plain number; the common case, by one cast.

    A cast that fails is slow, so the first value says whether it is worth a try.
    """
    first = str(values[pc.index(pc.is_valid(values), value=True).as_py()])
    tries = []
    if (
        not decimals
        and first.lstrip("+-").isdigit()
        and not pc.any(pc.match_substring_regex(values, _CODE_START)).as_py()
    ):
        tries.append((Kind.INTEGER, pa.int64()))
    if decimals or "." in first:
        tries.append((Kind.DECIMAL, pa.float64()))
    for kind, target in tries:
        try:
            pc.cast(values, target)
        except pa.ArrowInvalid:
            continue
        return kind
    return None


def _kinds_of(levels: pa.Array) -> NDArray[np.int8]:
    order = list(Kind)
    kinds = np.full(len(levels), order.index(Kind.TEXT), np.int8)
    undecided = np.ones(len(levels), np.bool_)
    for kind, pattern in _PATTERNS:
        fits = pc.match_substring_regex(levels, pattern).to_numpy(zero_copy_only=False) & undecided
        if kind is Kind.MOMENT and fits.any():
            fits[fits] = ~np.isnat(instants(levels.filter(pa.array(fits))))
        kinds[fits] = order.index(kind)
        undecided &= ~fits
    return kinds


def decide(column: str, evidence: Evidence, *, expected: str | None = None) -> tuple[pa.DataType, list[CheckFinding]]:
    """Return the type of a text column and what has to be said about it.

    Parameters
    ----------
    column
        Its name, for messages.
    evidence
        The kinds of all its values.
    expected
        Kind in the baseline (``numeric``, ``categorical``, ``boolean`` or ``datetime``), which settles what the values
        alone leave open: codes like ``007``, numbers used as categories, a column without values.

    Returns
    -------
    pa.DataType
        int64, float64, bool, timestamp (UTC), string; null for a column without values.
    list of CheckFinding
        Values that count as missing because nearly all others (95 %) are numbers or dates; numbers with a decimal
        comma.

    Examples
    --------
    >>> evidence = Evidence()
    >>> evidence.add(pa.array(["1.5"] * 99 + ["n/a"]), first_row=1)
    >>> kind, findings = decide("age", evidence)
    >>> str(kind), findings[0].message
    ('double', "column 'age': 1 of 100 values is not a number and counts as missing (first: row 100, 'n/a')")
    """
    if not evidence.n_values:
        return _EMPTY.get(expected or "", pa.null()), []
    if expected == "categorical":
        return pa.string(), []
    if _share(evidence, Kind.COMMA) > 0.5:
        return pa.string(), [_decimal_commas(column, evidence)]
    for kinds, target, noun in _candidates(evidence, expected):
        stray = {kind: count for kind, count in evidence.counts.items() if kind not in kinds}
        if len(stray) == len(evidence.counts):
            continue
        if sum(stray.values()) <= STRAY_SHARE * evidence.n_values:
            return target, [_strays(column, evidence, stray, noun)] if stray else []
    if _share(evidence, Kind.NESTED) > 0.5:
        return pa.null(), [_nested(column, evidence)]
    return pa.string(), _mixed(column, evidence)


_EMPTY = {"categorical": pa.string(), "numeric": pa.float64(), "boolean": pa.bool_(), "datetime": MOMENT}


def _candidates(evidence: Evidence, expected: str | None) -> list[tuple[tuple[Kind, ...], pa.DataType, str]]:
    seen = evidence.counts
    if Kind.CODE in seen and Kind.CODE not in _number_kinds(evidence) and expected != "numeric":
        return []
    whole = Kind.DECIMAL not in seen and Kind.CODE not in seen
    number = ((*_NUMBERS, Kind.CODE), pa.int64() if whole else pa.float64(), "number")
    moment = ((Kind.MOMENT,), MOMENT, "date")
    truth = [((Kind.BOOLEAN,), pa.bool_(), "truth value")] if len(seen) == 1 else []
    return [*truth, number, moment]


def _number_kinds(evidence: Evidence) -> tuple[Kind, ...]:
    """Return what passes for a number: digits with a leading zero only beside decimals, which no code has."""
    return (*_NUMBERS, Kind.CODE) if Kind.DECIMAL in evidence.counts else _NUMBERS


def _share(evidence: Evidence, kind: Kind) -> float:
    return evidence.counts.get(kind, 0) / evidence.n_values


def _strays(column: str, evidence: Evidence, stray: dict[Kind, int], noun: str) -> CheckFinding:
    count = sum(stray.values())
    row, value = min(evidence.first[kind] for kind in stray)
    article = f"is not a {noun} and counts" if count == 1 else f"are not {noun}s and count"
    return CheckFinding(
        "warning",
        f"column {column!r}: {count:,} of {evidence.n_values:,} values {article} as missing "
        f"(first: row {row:,}, {shown(value)})",
        column=column,
        row=row,
        value=value,
        allowed=f"{noun}s, as in the other rows",
        count=count,
    )


def _nested(column: str, evidence: Evidence) -> CheckFinding:
    row, value = evidence.first[Kind.NESTED]
    return CheckFinding(
        "warning",
        f"column {column!r} holds lists or objects and is left out (first: row {row:,}, {shown(value)})",
        column=column,
        row=row,
        value=value,
        allowed="one number, text, truth value or date a row",
    )


def _mixed(column: str, evidence: Evidence) -> list[CheckFinding]:
    kinds = _number_kinds(evidence)
    numbers = sum(_share(evidence, kind) for kind in kinds)
    others = [kind for kind in evidence.counts if kind not in kinds]
    if numbers < 0.5 or not others:
        return []
    row, value = min(evidence.first[kind] for kind in others)
    return [
        CheckFinding(
            "warning",
            f"column {column!r} is read as text: {1 - numbers:.1%} of {evidence.n_values:,} values are not numbers "
            f"(first: row {row:,}, {shown(value)})",
            column=column,
            row=row,
            value=value,
        )
    ]


def _decimal_commas(column: str, evidence: Evidence) -> CheckFinding:
    count = evidence.counts[Kind.COMMA]
    row, value = evidence.first[Kind.COMMA]
    return CheckFinding(
        "refusal",
        f"column {column!r}: {count:,} of {evidence.n_values:,} values are numbers with a comma "
        f"(first: row {row:,}, {shown(value)}); write them with a point: 3.14",
        column=column,
        row=row,
        value=value,
        allowed="numbers with a decimal point and no thousands separator",
        count=count,
    )


def convert(values: pa.Array, target: pa.DataType) -> pa.Array:
    """Return `values` as `target`; what does not fit becomes missing.

    Examples
    --------
    >>> convert(pa.array([" 1.5", "n/a", None]), pa.float64()).to_pylist()
    [1.5, None, None]
    """
    if values.type == target or pa.types.is_null(values.type):
        return values.cast(target)
    if pa.types.is_null(target) or pa.types.is_nested(values.type):
        return pa.nulls(len(values), target)
    if pa.types.is_string(target):
        return values.cast(target)
    if pa.types.is_timestamp(target):
        return pa.array(instants(values)).cast(pa.timestamp("us")).cast(target)
    return _parse(values, target) if pa.types.is_string(values.type) else _typed_to(values, target)


def _parse(values: pa.Array, target: pa.DataType) -> pa.Array:
    trimmed = pc.utf8_trim_whitespace(values)
    if not (pa.types.is_integer(target) and pc.any(pc.match_substring(trimmed, "x")).as_py()):
        try:
            return pc.cast(trimmed, target)
        except pa.ArrowInvalid:  # some values do not fit, or carry a plus sign
            pass
    fitting = pc.if_else(_fits(trimmed, target), trimmed, None)
    return pc.cast(pc.replace_substring_regex(fitting, r"^\+", ""), target)


def _typed_to(values: pa.Array, target: pa.DataType) -> pa.Array:
    is_number = pa.types.is_integer(values.type) or pa.types.is_floating(values.type)
    if is_number and (pa.types.is_integer(target) or pa.types.is_floating(target)):
        return values.cast(target, safe=False)
    return pa.nulls(len(values), target)


def _fits(values: pa.Array, target: pa.DataType) -> pa.Array:
    encoded = values.dictionary_encode()
    kinds = _kinds_of(encoded.dictionary)
    if pa.types.is_boolean(target):
        wanted: tuple[Kind, ...] = (Kind.BOOLEAN,)
    else:
        wanted = (Kind.INTEGER,) if pa.types.is_integer(target) else (*_NUMBERS, Kind.CODE)
    fits = np.isin(kinds, [list(Kind).index(kind) for kind in wanted])
    return pc.take(pa.array(fits), encoded.indices)
