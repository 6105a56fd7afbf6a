"""Options that say what the columns of a file are for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Annotated

import typer

from monitor_core.errors import InvalidInput
from monitor_core.snapshots.roles import Role, Roles

__all__ = [
    "Date",
    "Entity",
    "Features",
    "Ignore",
    "Label",
    "LabelDate",
    "Positive",
    "Prediction",
    "RoleOptions",
    "Score",
    "Segment",
    "Timestamp",
    "VersionColumn",
]

Timestamp = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the moment.")]
Date = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="One date for the whole file.")]
Entity = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column that identifies the row.")]
Prediction = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the predicted class or value.")]
Score = Annotated[list[str] | None, typer.Option(metavar="COLUMN", help="Column of a probability; repeatable.")]
Label = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the ground truth.")]
LabelDate = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of when the label became known.")]
VersionColumn = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="Column of the version that predicted; the model's versions.")
]
Positive = Annotated[
    str | None, typer.Option(metavar="WORD", help="Which of two words counts as positive; else the later by alphabet.")
]
Features = Annotated[
    list[str] | None, typer.Option("--feature", metavar="COLUMN", help="A feature, whatever was guessed; repeatable.")
]
Ignore = Annotated[list[str] | None, typer.Option(metavar="COLUMN", help="Column to leave out; repeatable.")]
Segment = Annotated[str | None, typer.Option(metavar="COLUMN", help="Also judge each value of this column.")]


@dataclass(frozen=True, slots=True)
class RoleOptions:
    """What the user said; the rest is remembered or guessed."""

    timestamp: str | None = None
    date: str | None = None
    entity: str | None = None
    prediction: str | None = None
    score: tuple[str, ...] = ()
    label: str | None = None
    feature: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    segment: str | None = None
    label_date: str | None = None
    version: str | None = None
    positive: str | None = None

    def on(self, guessed: Roles) -> Roles:
        """Return the guessed roles with what the user said on top.

        A column that was guessed for a role which another one gets is left out.

        Raises
        ------
        InvalidInput
            A column is not in the file, or two roles are given to one.

        Examples
        --------
        >>> guessed = Roles((("id", Role.ENTITY_ID), ("when", Role.TIMESTAMP), ("age", Role.FEATURE)))
        >>> RoleOptions(date="2026-11-01", entity="age").on(guessed).columns
        (('id', <Role.IGNORED: 'ignored'>), ('when', <Role.IGNORED: 'ignored'>), ('age', <Role.ENTITY_ID: 'entity_id'>))
        """
        given = self._given([name for name, _ in guessed.columns])
        taken = set(given.values()) - {Role.FEATURE, Role.IGNORED}
        if self.date is not None:
            taken.add(Role.TIMESTAMP)
        columns = tuple(
            (name, given.get(name, Role.IGNORED if role in taken else role)) for name, role in guessed.columns
        )
        date = self.date or (None if self.timestamp else guessed.fixed_date)
        return replace(
            guessed,
            columns=columns,
            fixed_date=date,
            segment=self.segment or guessed.segment,
            positive=self.positive or guessed.positive,
        )

    def _given(self, names: list[str]) -> dict[str, Role]:
        wanted = [
            *((name, Role.FEATURE) for name in self.feature),
            *((name, Role.IGNORED) for name in self.ignore),
            *((name, Role.SCORE) for name in self.score),
            (self.timestamp, Role.TIMESTAMP),
            (self.entity, Role.ENTITY_ID),
            (self.prediction, Role.PREDICTION),
            (self.label, Role.LABEL),
            (self.label_date, Role.LABEL_DATE),
            (self.version, Role.VERSION),
        ]
        given: dict[str, Role] = {}
        for name, role in wanted:
            if name is None:
                continue
            if name not in names:
                raise InvalidInput(f"column {name!r} is not in the file", hint=_near(name, names))
            if given.setdefault(name, role) is not role:
                raise InvalidInput(f"column {name!r} is given two roles", hint=f"{given[name].value} or {role.value}")
        return given


def _near(name: str, names: list[str]) -> str:
    near = get_close_matches(name, names, n=1)
    return f"did you mean {near[0]!r}?" if near else f"it has {', '.join(map(repr, names[:10]))}"
