"""What each column of an uploaded table is for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from monitor_core.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Role", "Roles"]


class Role(StrEnum):
    """What a column is for."""

    ENTITY_ID = "entity_id"
    TIMESTAMP = "timestamp"
    PREDICTION = "prediction"
    SCORE = "score"
    LABEL = "label"
    LABEL_DATE = "label_date"
    """When the label became known."""
    VERSION = "version"
    """Which version of the model made the prediction, where one file holds several."""
    FEATURE = "feature"
    IGNORED = "ignored"


_ONLY_ONE = (Role.ENTITY_ID, Role.TIMESTAMP, Role.PREDICTION, Role.LABEL, Role.LABEL_DATE, Role.VERSION)
_MONITORED = (Role.FEATURE, Role.PREDICTION, Role.SCORE)


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles of a table's columns.

    Parameters
    ----------
    columns
        ``(column, role)`` in the order of the file.
    fixed_date
        ISO date when the whole file belongs to one granule; excludes a timestamp column.
    segment
        Column whose values are also judged separately; it keeps the role it has.
    positive
        The value of label and prediction that counts as positive, where they are words; None leaves it to the
        reader.

    Raises
    ------
    InvalidInput
        For a repeated column, two columns of a role that allows one (entity id, timestamp, prediction, label, label
        date, version), a segment column that is not in the table, or a fixed date that is no ISO date.

    Examples
    --------
    >>> roles = Roles((("id", Role.ENTITY_ID), ("age", Role.FEATURE), ("score", Role.SCORE)))
    >>> roles.one(Role.ENTITY_ID), roles.one(Role.TIMESTAMP)
    ('id', None)
    >>> roles.monitored
    (('age', 'feature'), ('score', 'score'))
    """

    columns: tuple[tuple[str, Role], ...]
    fixed_date: str | None = None
    segment: str | None = None
    positive: str | None = None

    def __post_init__(self) -> None:
        names = [name for name, _ in self.columns]
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise InvalidInput(f"column {twice!r} has two roles", hint="one role a column")
        for role in _ONLY_ONE:
            if len(self.named(role)) > 1:
                raise InvalidInput(
                    f"columns {', '.join(map(repr, self.named(role)))} all have the role {role.value!r}",
                    hint="one column may have it",
                )
        if self.segment is not None and self.segment not in names:
            raise InvalidInput(f"segment column {self.segment!r} is not in the table")
        self._check_fixed_date()

    def _check_fixed_date(self) -> None:
        if self.fixed_date is None:
            return
        try:
            date.fromisoformat(self.fixed_date)
        except ValueError:
            raise InvalidInput(f"date {self.fixed_date!r} for the whole file", hint="write it as YYYY-MM-DD") from None
        if (column := self.one(Role.TIMESTAMP)) is not None:
            raise InvalidInput(
                f"a date for the whole file ({self.fixed_date}) and a date column ({column!r})", hint="choose one"
            )

    def named(self, role: Role) -> tuple[str, ...]:
        """Return the columns that have `role`, in file order."""
        return tuple(name for name, has in self.columns if has is role)

    def one(self, role: Role) -> str | None:
        """Return the first column that has `role`, or None."""
        return next(iter(self.named(role)), None)

    @property
    def monitored(self) -> tuple[tuple[str, str], ...]:
        """What drift is measured on: ``(column, "feature"|"prediction"|"score")`` in file order."""
        return tuple((name, role.value) for name, role in self.columns if role in _MONITORED)

    def to_json(self) -> dict[str, Any]:
        """Return plain values for a JSON column.

        Examples
        --------
        >>> roles = Roles((("age", Role.FEATURE),), fixed_date="2026-01-31")
        >>> Roles.from_json(roles.to_json()) == roles
        True
        """
        written = {
            "columns": [[name, role.value] for name, role in self.columns],
            "fixed_date": self.fixed_date,
            "segment": self.segment,
        }
        return written if self.positive is None else {**written, "positive": self.positive}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Roles:
        """Read what `to_json` wrote.

        Raises
        ------
        InvalidInput
            When `data` has another shape or names an unknown role.
        """
        try:
            columns = tuple((str(name), Role(role)) for name, role in data["columns"])
        except (KeyError, TypeError, ValueError) as error:
            allowed = ", ".join(role.value for role in Role)
            raise InvalidInput(f"roles cannot be read: {error}", hint=f"known roles: {allowed}") from None
        return cls(
            columns,
            fixed_date=data.get("fixed_date"),
            segment=data.get("segment"),
            positive=data.get("positive"),
        )
