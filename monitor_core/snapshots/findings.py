"""One fact that the reading or checking of a table brought up."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

__all__ = ["CheckFinding", "shown", "text_of"]

_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """A fact about an uploaded table.

    Parameters
    ----------
    severity
        ``info``: good to know; ``warning``: accepted, but look at it; ``refusal``: the file cannot be accepted.
    message
        One sentence that names column, row, value and what was allowed.
    column, row, value, allowed
        The same, for lists. Rows are numbered from 1 and do not count a header line.
    count
        Rows concerned, where rows are.

    Examples
    --------
    >>> finding = CheckFinding("warning", "column 'age': 1 of 3 values is missing", column="age", count=1)
    >>> CheckFinding.from_json(finding.to_json()) == finding
    True
    """

    severity: Literal["info", "warning", "refusal"]
    message: str
    column: str | None = None
    row: int | None = None
    value: str | None = None
    allowed: str | None = None
    count: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain values for a JSON column."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> CheckFinding:
        """Read what `to_json` wrote."""
        return cls(**data)


def text_of(scalar: pa.Scalar) -> str:
    """Return one value as text, also where Python cannot hold it (a date in the year 50,000, an unknown time zone)."""
    try:
        return str(scalar.as_py())
    except (OverflowError, ValueError, LookupError):
        return f"{scalar.value} as {scalar.type}"


def shown(value: object) -> str:
    """Return `value` as it appears in a message: quoted, shortened, without control characters.

    Examples
    --------
    >>> shown("n/a"), shown(-999.0), shown("a" * 80)[-3:]
    ("'n/a'", '-999.0', "a…'")
    """
    if not isinstance(value, str):
        return str(value)
    return repr(value if len(value) <= _SHOWN_CHARACTERS else value[:_SHOWN_CHARACTERS] + "…")
