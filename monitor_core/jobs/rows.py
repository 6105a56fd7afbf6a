"""Predictions and labels that come as rows of plain values, as programs send them. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from monitor_core.errors import InvalidInput
from monitor_core.snapshots.roles import Role, Roles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["MOST_ROWS", "ROW_KEYS", "table_of"]

MOST_ROWS = 100_000
"""Rows of one delivery at most; more come as a file."""
ROW_KEYS: dict[str, tuple[Role | None, ...]] = {
    "predictions": (
        *(Role.ENTITY_ID, Role.TIMESTAMP, Role.PREDICTION, Role.SCORE, Role.LABEL, Role.LABEL_DATE, Role.VERSION, None),
    ),
    "labels": (Role.ENTITY_ID, Role.TIMESTAMP, Role.LABEL, Role.LABEL_DATE),
}
"""Keys that a row may have, by what is delivered; None stands for ``segment``."""

Plain = str | float | bool


def table_of(rows: Sequence[Mapping[str, Any]], kind: str) -> tuple[pa.Table, Roles]:
    """Return rows as a table with the roles of its columns.

    Parameters
    ----------
    rows
        Objects with some of the keys `ROW_KEYS`; what is missing in one is null.
    kind
        ``predictions`` or ``labels``.

    Raises
    ------
    InvalidInput
        Naming the row (from 1), the key and the value, for no row or too many, an unknown key, or a value that is
        neither text, number, truth value nor null.

    Examples
    --------
    >>> table, roles = table_of([{"entity_id": 7, "label": 1}, {"entity_id": "b", "label": None}], "labels")
    >>> table.to_pylist()
    [{'entity_id': '7', 'label': '1'}, {'entity_id': 'b', 'label': None}]
    """
    known = {role.value if role is not None else "segment": role for role in ROW_KEYS[kind]}
    if not 1 <= len(rows) <= MOST_ROWS:
        raise InvalidInput(f"{len(rows):,} rows", hint=f"1 to {MOST_ROWS:,} a request; more as a file")
    found: dict[str, None] = {}
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise InvalidInput(f"row {number} is {str(row)[:60]!r}", hint="an object with keys and values")
        for key in row:
            if key not in known:
                raise InvalidInput(
                    f"row {number}: {str(key)[:60]!r} is not known", hint=f"known are {', '.join(known)}"
                )
            found[key] = None
    arrays = {key: _column(key, rows) for key in known if key in found}
    columns = tuple((key, known[key] or Role.IGNORED) for key in arrays)
    return pa.table(arrays), Roles(columns, segment="segment" if "segment" in arrays else None)


def _column(key: str, rows: Sequence[Mapping[str, Any]]) -> pa.Array:
    values = [_plain(number, key, row.get(key)) for number, row in enumerate(rows, 1)]
    if key == Role.SCORE:
        return pa.array(
            [None if value is None else _number(n, value) for n, value in enumerate(values, 1)], pa.float64()
        )
    return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _plain(number: int, key: str, value: Any) -> Plain | None:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise InvalidInput(f"row {number}: {key} is {str(value)[:60]!r}", hint="text, a number, true, false or null")


def _number(number: int, value: Plain) -> float:
    if isinstance(value, str | bool):
        raise InvalidInput(f"row {number}: score is {value!r}", hint="a number from 0 to 1")
    try:
        return float(value)
    except OverflowError:  # refused as a row
        return math.inf


def _text(value: Plain) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
