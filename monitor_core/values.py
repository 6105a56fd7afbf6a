"""Words that every room uses: severity, verdict, model, window, granule."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from monitor_core.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Granularity", "GranularityKind", "ModelRef", "Severity", "Verdict", "Window", "takes_old_entity_name"]

P = ParamSpec("P")
T = TypeVar("T")


def takes_old_entity_name(function: Callable[P, T]) -> Callable[P, T]:
    """Let a function that has a parameter `entity_id` be called with its old name, ``bse_code``.

    Examples
    --------
    >>> @takes_old_entity_name
    ... def name(entity_id):
    ...     return entity_id
    >>> name("a"), name(entity_id="a"), name(bse_code="a")
    ('a', 'a', 'a')
    """

    @wraps(function)
    def renamed(*args: Any, **named: Any) -> T:
        if "bse_code" in named:
            if "entity_id" in named:
                raise InvalidInput("both entity_id and bse_code are given", hint="they name the same thing")
            named["entity_id"] = named.pop("bse_code")
        return function(*args, **named)

    return renamed


class Severity(StrEnum):
    """How much a finding matters: ``none < low < moderate < high < critical``.

    Examples
    --------
    >>> max(Severity.LOW, Severity.CRITICAL, Severity.NONE)
    <Severity.CRITICAL: 'critical'>
    """

    NONE = "none"
    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Position in the order, 0 (none) to 4 (critical)."""
        return list(Severity).index(self)

    # All four: `str` brings its own, and they sort by letters.
    def __lt__(self, other: object) -> bool:
        return self.rank < other.rank if isinstance(other, Severity) else NotImplemented

    def __le__(self, other: object) -> bool:
        return self.rank <= other.rank if isinstance(other, Severity) else NotImplemented

    def __gt__(self, other: object) -> bool:
        return self.rank > other.rank if isinstance(other, Severity) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return self.rank >= other.rank if isinstance(other, Severity) else NotImplemented


class Verdict(StrEnum):
    """What the data can carry: `undecided` means too little data to say."""

    STABLE = "stable"
    DRIFTED = "drifted"
    UNDECIDED = "undecided"


_MODEL_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,62}")


@dataclass(frozen=True, slots=True, order=True)
class ModelRef:
    """A model and one of its versions.

    Parameters
    ----------
    model_id
        1-63 lowercase letters, digits, ``-`` or ``_``.
    version
        1-63 letters, digits, ``.``, ``_``, ``+`` or ``-``.

    Examples
    --------
    >>> str(ModelRef("churn", "1.0.0"))
    'churn 1.0.0'
    """

    model_id: str
    version: str

    def __post_init__(self) -> None:
        if not _MODEL_ID.fullmatch(self.model_id):
            raise InvalidInput(
                f"model id {self.model_id!r} is not allowed",
                hint="1-63 characters of a-z, 0-9, '-' and '_', starting with a letter or digit",
            )
        if not _VERSION.fullmatch(self.version):
            raise InvalidInput(
                f"model version {self.version!r} is not allowed",
                hint="1-63 characters of letters, digits, '.', '_', '+' and '-'",
            )

    def __str__(self) -> str:
        return f"{self.model_id} {self.version}"


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """Half-open interval ``[start, end)`` of timezone-aware UTC moments."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        for moment in (self.start, self.end):
            if moment.tzinfo is None:
                raise InvalidInput(f"window bound {moment.isoformat()} has no timezone")
        if self.end <= self.start:
            raise InvalidInput(f"window end {self.end.isoformat()} is not after start {self.start.isoformat()}")


class GranularityKind(StrEnum):
    """The length of a granule."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    ROWS = "rows"


_FORMATS = {
    GranularityKind.HOUR: "%Y-%m-%dT%H",
    GranularityKind.DAY: "%Y-%m-%d",
    GranularityKind.WEEK: "%G-W%V",
    GranularityKind.MONTH: "%Y-%m",
    GranularityKind.YEAR: "%Y",
}


@dataclass(frozen=True, slots=True)
class Granularity:
    """The model's granule: an hour, day, week, month, year or a number of rows.

    A granule is named by a label that sorts in time order as text: ``2026-11-21T05``,
    ``2026-11-21``, ``2026-W47``, ``2026-11``, ``2026`` or ``#00000012`` (the twelfth block of rows).
    Labels are in UTC; weeks are ISO weeks and start on Monday.

    Parameters
    ----------
    kind
        The length.
    rows
        Rows a granule, from 100 on; only with `GranularityKind.ROWS`.

    Examples
    --------
    >>> Granularity.parse("week").label(datetime(2026, 11, 21, tzinfo=UTC))
    '2026-W47'
    >>> str(Granularity.parse("rows:5000"))
    'rows:5000'
    """

    kind: GranularityKind = GranularityKind.DAY
    rows: int | None = None

    def __post_init__(self) -> None:
        if (self.kind is GranularityKind.ROWS) != (self.rows is not None):
            raise InvalidInput(f"granularity {self.kind.value!r} with rows={self.rows!r}")
        if self.rows is not None and self.rows < 100:
            raise InvalidInput(f"granularity of {self.rows} rows", hint="at least 100 rows")

    @classmethod
    def parse(cls, text: str) -> Granularity:
        """Read ``hour|day|week|month|year|rows:N``."""
        name, _, rows = text.strip().lower().partition(":")
        try:
            kind = GranularityKind(name)
            return cls(kind, int(rows) if rows else None)
        except ValueError as error:
            if isinstance(error, InvalidInput):
                raise
            raise InvalidInput(
                f"granularity {text!r} is not known", hint="hour, day, week, month, year or rows:N"
            ) from None

    def __str__(self) -> str:
        return f"rows:{self.rows}" if self.rows else self.kind.value

    @property
    def word(self) -> str:
        """The noun for one granule: ``day``, ``year``, ``block``."""
        return "block" if self.kind is GranularityKind.ROWS else self.kind.value

    def label(self, moment: datetime) -> str:
        """Return the label of the granule that holds `moment` (not for rows)."""
        self._needs_time()
        return moment.astimezone(UTC).strftime(_FORMATS[self.kind])

    def window(self, label: str) -> Window:
        """Return the interval that `label` names (not for rows)."""
        start = self._start(label)
        match self.kind:
            case GranularityKind.HOUR:
                return Window(start, start + timedelta(hours=1))
            case GranularityKind.DAY:
                return Window(start, start + timedelta(days=1))
            case GranularityKind.WEEK:
                return Window(start, start + timedelta(weeks=1))
            case GranularityKind.MONTH:
                return Window(start, (start + timedelta(days=32)).replace(day=1))
            case _:
                return Window(start, start.replace(year=start.year + 1))

    def _start(self, label: str) -> datetime:
        self._needs_time()
        text, form = label, _FORMATS[self.kind]
        if self.kind is GranularityKind.WEEK:
            text, form = f"{label}-1", f"{form}-%u"
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            raise InvalidInput(f"{label!r} is not the label of a {self.kind.value}") from None

    def _needs_time(self) -> None:
        if self.kind is GranularityKind.ROWS:
            raise InvalidInput("granules of a number of rows have no calendar interval")
