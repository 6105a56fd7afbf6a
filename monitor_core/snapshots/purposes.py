"""What an upload is for, and which columns that needs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal, get_args

import pyarrow.compute as pc

from monitor_core.snapshots.columns import kind_of
from monitor_core.snapshots.roles import Role, Roles

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

__all__ = ["PURPOSES", "Purpose", "fitted", "lacking"]

Purpose = Literal["baseline", "current", "predictions", "labels"]
"""``baseline`` and ``current`` hold features to be compared; ``predictions`` and ``labels`` what the model said and
what came true."""
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)

_KEPT: dict[str, tuple[Role, ...]] = {
    "predictions": (
        *(Role.ENTITY_ID, Role.TIMESTAMP, Role.PREDICTION, Role.SCORE, Role.LABEL, Role.LABEL_DATE, Role.VERSION),
    ),
    "labels": (Role.ENTITY_ID, Role.TIMESTAMP, Role.LABEL, Role.LABEL_DATE),
}


def fitted(roles: Roles, sample: pa.Table, purpose: Purpose, *, remembered: Roles | None = None) -> Roles:
    """Return a proposal of roles with what the purpose has no use for ignored.

    A file of labels needs a label: the column that the model's own files call so, else the only column of at most two
    values among the first rows, which was taken for a feature or a prediction.

    Examples
    --------
    >>> import pyarrow as pa
    >>> sample = pa.table({"id": [7, 8, 9], "employed": [0, 1, 0]})
    >>> proposed = Roles((("id", Role.ENTITY_ID), ("employed", Role.FEATURE)))
    >>> [role.value for _, role in fitted(proposed, sample, "labels").columns]
    ['entity_id', 'label']
    """
    kept = _KEPT.get(purpose)
    if kept is None:
        return roles
    columns = dict(roles.columns)
    if purpose == "labels" and Role.LABEL not in columns.values():
        label = remembered.one(Role.LABEL) if remembered is not None else None
        found = label if label in columns else _only(roles, sample)
        if found is not None:
            columns[found] = Role.LABEL
    plain = tuple((name, role if role in kept else Role.IGNORED) for name, role in columns.items())
    segment = roles.segment if purpose == "predictions" else None
    return replace(roles, columns=plain, segment=segment)


def _only(roles: Roles, sample: pa.Table) -> str | None:
    might_be = [
        name
        for name, role in roles.columns
        if role in (Role.FEATURE, Role.PREDICTION)
        and kind_of(sample.schema.field(name).type) in _LABEL_KINDS
        and len(pc.unique(sample[name].drop_null())) <= _CLASSES
    ]
    return might_be[0] if len(might_be) == 1 else None


_LABEL_KINDS = ("numeric", "categorical", "boolean")
_CLASSES = 2


def lacking(roles: Roles, purpose: Purpose, *, needs_date: bool) -> Iterator[str]:
    """Yield what the roles lack for the purpose, a sentence each.

    Parameters
    ----------
    needs_date
        Whether the model tells its granules apart by date.
    """
    dated = roles.fixed_date is not None or roles.one(Role.TIMESTAMP) is not None
    if purpose in ("baseline", "current"):
        if not roles.monitored:
            yield "no column is monitored; expected at least one feature, prediction or score"
    elif roles.one(Role.ENTITY_ID) is None:
        yield "no column names the entity; predictions and labels are joined by it"
    if purpose == "predictions" and not (roles.named(Role.PREDICTION) or roles.named(Role.SCORE)):
        yield "no column is the prediction or its score"
    if purpose == "labels" and roles.one(Role.LABEL) is None:
        yield "no column is the label"
    if needs_date and purpose in ("current", "predictions") and not dated:
        yield "no column says when a row is from; choose a date column, or one date for the whole file"
