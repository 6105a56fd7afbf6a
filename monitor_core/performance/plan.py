"""Which column of a delivery holds what, and which words stand for the two classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from monitor_core.errors import Refused
from monitor_core.performance.binary import as_text, choose_words
from monitor_core.snapshots.roles import Role

if TYPE_CHECKING:
    from monitor_core.performance.binary import Words
    from monitor_core.performance.coding import CellCoder
    from monitor_core.snapshots.roles import Roles
    from monitor_core.snapshots.sources import TableSource

__all__ = ["Plan", "plan", "words_of"]


@dataclass(frozen=True, slots=True)
class Plan:
    """Which column of a delivery holds what; None where there is none."""

    entity: str | None
    date: str | None
    fixed_date: str | None
    prediction: str | None
    score: str | None
    label: str | None
    label_date: str | None
    version: str | None
    segment: str | None
    cells: tuple[str, ...]
    """Columns that are put into cells."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns to read."""
        named = (self.entity, self.date, self.prediction, self.score, self.label, self.label_date)
        rest = (self.version, self.segment, *self.cells)
        return tuple(dict.fromkeys(name for name in (*named, *rest) if name is not None))

    @property
    def predicts(self) -> bool:
        """Whether its rows hold predictions."""
        return self.prediction is not None or self.score is not None

    @property
    def is_dated(self) -> bool:
        """Whether its rows say which granule they belong to."""
        return self.date is not None or self.fixed_date is not None


def plan(
    roles: Roles,
    schema: pa.Schema,
    *,
    kind: str,
    by_rows: bool = False,
    needs_entity: bool = True,
    coder: CellCoder | None = None,
) -> Plan:
    """Return which columns a delivery of `kind` is read from.

    Raises
    ------
    Refused
        Naming every role that is missing.
    """

    def named(role: Role) -> str | None:
        name = roles.one(role)
        return name if name in schema.names else None

    wants_labels, wants_predictions = kind != "predictions", kind != "labels"
    made = Plan(
        entity=named(Role.ENTITY_ID),
        date=None if by_rows else named(Role.TIMESTAMP),
        fixed_date=None if by_rows else roles.fixed_date,
        prediction=named(Role.PREDICTION) if wants_predictions else None,
        score=named(Role.SCORE) if wants_predictions else None,
        label=named(Role.LABEL) if wants_labels else None,
        label_date=named(Role.LABEL_DATE) if wants_labels else None,
        version=named(Role.VERSION) if wants_predictions else None,
        segment=roles.segment if wants_predictions and roles.segment in schema.names else None,
        cells=_cell_columns(coder, schema) if wants_predictions else (),
    )
    reasons = []
    if needs_entity and made.entity is None:
        reasons.append("no column has the role 'entity_id': rows are joined by it")
    if wants_predictions and not made.predicts:
        reasons.append("no column has the role 'prediction' or 'score'")
    if wants_labels and made.label is None:
        reasons.append("no column has the role 'label'")
    if wants_predictions and needs_entity and not by_rows and not made.is_dated:
        reasons.append("no column has the role 'timestamp', and there is no date for the whole file")
    if reasons:
        raise Refused(f"the {kind} cannot be read", reasons=reasons, hint="name the columns")
    return made


def _cell_columns(coder: CellCoder | None, schema: pa.Schema) -> tuple[str, ...]:
    return () if coder is None else tuple(name for name, _ in coder.features if name in schema.names)


def words_of(
    source: TableSource, columns: Plan, *, positive: str | None, before: Words | None
) -> tuple[Words | None, str]:
    """Look which words stand for the two classes (see `choose_words`); columns of numbers are not looked through."""
    names = [name for name in (columns.prediction, columns.label) if name is not None]
    names = [name for name in names if _holds_words(source.schema.field(name).type)]
    found: set[str] = set()
    for shard in source.shards() if names else ():
        for batch in shard.batches(names):
            for column in batch.columns:
                texts = as_text(column)
                if texts is not None:
                    plain = texts.dictionary_decode() if pa.types.is_dictionary(texts.type) else texts
                    found.update(text for text in pc.unique(plain).to_pylist() if text)
            if len(found) > 1_000:
                break
    return choose_words(found, positive=positive, before=before) if names else (None, "")


def _holds_words(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _holds_words(kind.value_type)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
