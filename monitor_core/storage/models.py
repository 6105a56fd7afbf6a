"""Models and their versions: what they are, how they are judged, and what is remembered about their files."""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Connection, delete, exists, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from monitor_core.errors import Conflict, InvalidInput, NotFound
from monitor_core.settings import DriftSettings, PerformanceSettings, override
from monitor_core.storage.schema import baseline, drift_grid, drift_run, job, performance_batch, snapshot
from monitor_core.storage.schema import model as table
from monitor_core.storage.schema import model_version as versions_table
from monitor_core.values import Granularity, ModelRef

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Engine, RowMapping

    from monitor_core.clock import Clock
    from monitor_core.storage.trail import Trail

__all__ = ["Model", "ModelStore", "ModelVersion"]

_LONGEST = {"title": 200, "kind": 200, "owner": 200, "note": 2_000, "description": 10_000}


@dataclass(frozen=True, slots=True)
class Model:
    """A model, whatever its version."""

    model_id: str
    title: str
    kind: str
    """What sort of model, in words: "binary classifier, gradient boosting"."""
    owner: str
    description: str
    granularity: Granularity
    roles: Mapping[str, Any] | None
    """Column roles of the last accepted upload, as `snapshots.Roles.to_json` gives them."""
    thresholds: Mapping[str, Any]
    """Overrides of `DriftSettings` and `PerformanceSettings`, by field name: no name is in both."""
    is_example: bool
    created_at: datetime
    archived_at: datetime | None

    @property
    def is_archived(self) -> bool:
        """Whether the model is put away: listed on request only, closed to uploads."""
        return self.archived_at is not None

    def drift_settings(self, base: DriftSettings) -> DriftSettings:
        """Return `base` with this model's own thresholds."""
        return override(base, _of(DriftSettings, self.thresholds), source=f"model {self.model_id!r}")

    def performance_settings(self, base: PerformanceSettings) -> PerformanceSettings:
        """Return `base` with this model's own thresholds."""
        return override(base, _of(PerformanceSettings, self.thresholds), source=f"model {self.model_id!r}")


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version of a model."""

    ref: ModelRef
    training_date: str
    """ISO date, or empty when unknown."""
    note: str
    importance: Mapping[str, float]
    """Feature importance as given, at least 0; empty when unknown."""
    created_at: datetime


class ModelStore:
    """Keep models and versions; every change is recorded in the trail.

    Parameters
    ----------
    engine
        The database.
    trail
        Where operators' actions are recorded.
    now
        The source of time.
    """

    def __init__(self, engine: Engine, trail: Trail, now: Clock) -> None:
        self._engine = engine
        self._trail = trail
        self._now = now

    def add(
        self,
        model_id: str,
        *,
        title: str = "",
        version: str | None = None,
        kind: str = "",
        owner: str = "",
        description: str = "",
        granularity: Granularity | str = "day",
        is_example: bool = False,
        actor: str,
        connection: Connection | None = None,
    ) -> Model:
        """Add a model, and its first version if one is named.

        Parameters
        ----------
        title
            What people read; the id when empty.
        granularity
            The granule of its data; fixed once data are in.

        Raises
        ------
        Conflict
            The id is taken.
        InvalidInput
            For an id, text or granularity that is not allowed.
        """
        ref = ModelRef(model_id, "1" if version is None else version)
        granularity = Granularity.parse(str(granularity))
        texts = _texts(title=title or model_id, kind=kind, owner=owner, description=description)
        values = {"model_id": model_id, **texts, "granularity": str(granularity), "is_example": is_example}
        with self._transaction(connection) as open_connection:
            try:
                with open_connection.begin_nested():
                    open_connection.execute(insert(table), {**values, "created_at": self._now()})
            except IntegrityError:
                raise Conflict(f"a model {model_id!r} exists already", hint="choose another id") from None
            if version is not None:
                self._insert_version(open_connection, ref, "", "", {})
            added = self._read(open_connection, model_id)
            detail = {**values, "version": version}
            self._trail.record("model.add", model_id, actor=actor, detail=detail, connection=open_connection)
        return added

    def get(self, model_id: str) -> Model:
        """Return one model, archived or not; raises `NotFound`."""
        with self._engine.connect() as connection:
            return self._read(connection, model_id)

    def list(self, *, archived: bool = False) -> tuple[Model, ...]:
        """Return the models by title; the archived ones too on request."""
        query = select(table).order_by(table.c.title, table.c.model_id)
        if not archived:
            query = query.where(table.c.archived_at.is_(None))
        with self._engine.connect() as connection:
            return tuple(_model(row) for row in connection.execute(query).mappings())

    def update(
        self,
        model_id: str,
        *,
        title: str | None = None,
        kind: str | None = None,
        owner: str | None = None,
        description: str | None = None,
        granularity: Granularity | str | None = None,
        actor: str,
    ) -> Model:
        """Change what is given; None leaves a value as it is.

        Raises
        ------
        Conflict
            The granularity cannot change any more, because data of the present one are stored.
        """
        given = {"title": title, "kind": kind, "owner": owner, "description": description}
        values: dict[str, Any] = _texts(**{name: text for name, text in given.items() if text is not None})
        with self._engine.begin() as connection:
            before = self._read(connection, model_id)
            if granularity is not None:
                wanted = Granularity.parse(str(granularity))
                if wanted != before.granularity:
                    self._check_no_data(connection, before, wanted)
                values["granularity"] = str(wanted)
            self._change(connection, "model.update", before, values, actor=actor)
            return self._read(connection, model_id)

    def set_thresholds(
        self,
        model_id: str,
        thresholds: Mapping[str, Any],
        *,
        group: Literal["drift", "performance"] | None = None,
        actor: str,
    ) -> Model:
        """Replace the model's own thresholds; an empty mapping returns to the general ones.

        Parameters
        ----------
        group
            Only those of this group are replaced, the others stay; None: all of them.

        Raises
        ------
        InvalidSetting
            For an unknown threshold or a value out of range.
        """
        checked = _checked_thresholds(thresholds, group, source=f"model {model_id!r}")
        with self._engine.begin() as connection:
            before = self._read(connection, model_id)
            kept = _of(_OTHER[group], before.thresholds) if group else {}
            values = {**kept, **{name: checked[name] for name in thresholds}}
            self._change(connection, "model.thresholds", before, {"thresholds": values}, actor=actor)
            return self._read(connection, model_id)

    def remember_roles(self, model_id: str, roles: Mapping[str, Any], *, connection: Connection) -> None:
        """Keep the column roles of an accepted upload, to be guessed first next time.

        Not recorded in the trail: the upload itself is.
        """
        connection.execute(update(table).where(table.c.model_id == model_id).values(roles=dict(roles)))

    def archive(self, model_id: str, *, actor: str) -> Model:
        """Put a model away: nothing is deleted; nothing happens when it is archived already."""
        return self._set_archived(model_id, "model.archive", self._now(), actor=actor)

    def restore(self, model_id: str, *, actor: str) -> Model:
        """Take a model out of the archive."""
        return self._set_archived(model_id, "model.restore", None, actor=actor)

    def delete(self, model_id: str, *, actor: str) -> tuple[str, ...]:
        """Delete a model with all versions, snapshots, baselines and runs; the trail keeps what was done.

        Returns
        -------
        snapshot_ids
            Of the snapshots deleted with it, whose files are to be removed.
        """
        with self._engine.begin() as connection:
            before = self._read(connection, model_id)
            gone = connection.scalars(select(snapshot.c.snapshot_id).where(snapshot.c.model_id == model_id)).all()
            connection.execute(
                update(job).where(job.c.model_id == model_id, job.c.state == "running").values(cancel_requested=True)
            )
            connection.execute(delete(job).where(job.c.model_id == model_id, job.c.state != "running"))
            for part in (drift_run, baseline, drift_grid, snapshot, versions_table, table):
                connection.execute(delete(part).where(part.c.model_id == model_id))
            detail = {"title": before.title, "snapshots": len(gone)}
            self._trail.record("model.delete", model_id, actor=actor, detail=detail, connection=connection)
        return tuple(gone)

    def add_version(
        self,
        ref: ModelRef,
        *,
        training_date: str = "",
        note: str = "",
        importance: Mapping[str, float] | None = None,
        actor: str,
        connection: Connection | None = None,
    ) -> ModelVersion:
        """Add a version to a model.

        Parameters
        ----------
        training_date
            ISO date.
        importance
            Feature importance, at least 0, of any scale.

        Raises
        ------
        NotFound
            There is no such model.
        Conflict
            The version exists already.
        """
        with self._transaction(connection) as open_connection:
            self._read(open_connection, ref.model_id)
            self._insert_version(open_connection, ref, training_date, note, importance or {})
            added = self._read_version(open_connection, ref)
            detail = {"training_date": training_date, "note": note}
            self._trail.record("version.add", str(ref), actor=actor, detail=detail, connection=open_connection)
        return added

    def version(self, ref: ModelRef) -> ModelVersion:
        """Return one version; raises `NotFound`, naming the versions there are."""
        with self._engine.connect() as connection:
            return self._read_version(connection, ref)

    def versions(self, model_id: str) -> tuple[ModelVersion, ...]:
        """Return the versions of a model, the newest first."""
        column = versions_table.c
        query = select(versions_table).where(column.model_id == model_id)
        query = query.order_by(column.created_at.desc(), column.version.desc())
        with self._engine.connect() as connection:
            found = tuple(_version(row) for row in connection.execute(query).mappings())
            if not found:
                self._read(connection, model_id)
            return found

    def update_version(
        self,
        ref: ModelRef,
        *,
        training_date: str | None = None,
        note: str | None = None,
        importance: Mapping[str, float] | None = None,
        actor: str,
    ) -> ModelVersion:
        """Change what is given of a version; None leaves a value as it is."""
        values: dict[str, Any] = {}
        if training_date is not None:
            values["training_date"] = _date(training_date)
        if note is not None:
            values.update(_texts(note=note))
        if importance is not None:
            values["importance"] = _importance(importance)
        with self._engine.begin() as connection:
            self._read_version(connection, ref)
            if values:
                connection.execute(update(versions_table).where(_is(ref)).values(**values))
                self._trail.record("version.update", str(ref), actor=actor, detail=values, connection=connection)
            return self._read_version(connection, ref)

    @contextmanager
    def _transaction(self, connection: Connection | None) -> Iterator[Connection]:
        if connection is not None:
            yield connection
            return
        with self._engine.begin() as own:
            yield own

    def _read(self, connection: Connection, model_id: str) -> Model:
        row = connection.execute(select(table).where(table.c.model_id == model_id)).mappings().first()
        if row is None:
            raise NotFound(f"there is no model {model_id!r}", hint="`models list` shows what there is")
        return _model(row)

    def _read_version(self, connection: Connection, ref: ModelRef) -> ModelVersion:
        row = connection.execute(select(versions_table).where(_is(ref))).mappings().first()
        if row is not None:
            return _version(row)
        self._read(connection, ref.model_id)
        known = connection.scalars(
            select(versions_table.c.version).where(versions_table.c.model_id == ref.model_id).order_by("created_at")
        ).all()
        raise NotFound(
            f"model {ref.model_id!r} has no version {ref.version!r}",
            hint=f"it has {', '.join(map(repr, known))}" if known else "it has none yet: add one",
        )

    def _insert_version(
        self, connection: Connection, ref: ModelRef, training_date: str, note: str, importance: Mapping[str, float]
    ) -> None:
        values = {
            "model_id": ref.model_id,
            "version": ref.version,
            "training_date": _date(training_date),
            **_texts(note=note),
            "importance": _importance(importance),
            "created_at": self._now(),
        }
        try:
            with connection.begin_nested():
                connection.execute(insert(versions_table), values)
        except IntegrityError:
            raise Conflict(f"model {ref.model_id!r} has a version {ref.version!r} already") from None

    def _check_no_data(self, connection: Connection, before: Model, wanted: Granularity) -> None:
        is_in = snapshot.c.state.in_(("accepted", "ready"))
        has_data = or_(
            exists().where(snapshot.c.model_id == before.model_id, is_in),
            exists().where(drift_grid.c.model_id == before.model_id),
            exists().where(performance_batch.c.model_id == before.model_id),
        )
        if connection.scalar(select(has_data)):
            raise Conflict(
                f"model {before.model_id!r} holds data by {before.granularity}; it cannot change to {wanted}",
                hint="delete its snapshots, baselines and deliveries first, or add another model",
            )

    def _change(
        self, connection: Connection, action: str, before: Model, values: Mapping[str, Any], *, actor: str
    ) -> None:
        changed = {name: value for name, value in values.items() if value != _stored(before, name)}
        if not changed:
            return
        connection.execute(update(table).where(table.c.model_id == before.model_id).values(**changed))
        detail = {name: {"from": _stored(before, name), "to": value} for name, value in changed.items()}
        self._trail.record(action, before.model_id, actor=actor, detail=detail, connection=connection)

    def _set_archived(self, model_id: str, action: str, moment: datetime | None, *, actor: str) -> Model:
        with self._engine.begin() as connection:
            before = self._read(connection, model_id)
            if before.is_archived != (moment is not None):
                connection.execute(update(table).where(table.c.model_id == model_id).values(archived_at=moment))
                self._trail.record(action, model_id, actor=actor, connection=connection)
            return self._read(connection, model_id)


_OTHER: dict[str, type] = {"drift": PerformanceSettings, "performance": DriftSettings}


def _of(group: type, thresholds: Mapping[str, Any]) -> dict[str, Any]:
    """Return the thresholds of one group of settings."""
    names = {field.name for field in fields(group)}
    return {name: value for name, value in thresholds.items() if name in names}


def _checked_thresholds(thresholds: Mapping[str, Any], group: str | None, *, source: str) -> dict[str, Any]:
    """Check each threshold against the group it belongs to; an unknown one is refused."""
    drift, judged = _of(DriftSettings, thresholds), _of(PerformanceSettings, thresholds)
    unknown = {name: value for name, value in thresholds.items() if name not in drift and name not in judged}
    if group == "performance":
        judged |= unknown | drift
        drift = {}
    else:
        drift |= unknown if group is None else unknown | judged
        judged = judged if group is None else {}
    checked = asdict(override(DriftSettings(), drift, source=source))
    return checked | asdict(override(PerformanceSettings(), judged, source=source))


def _is(ref: ModelRef) -> Any:
    return (versions_table.c.model_id == ref.model_id) & (versions_table.c.version == ref.version)


def _stored(model: Model, name: str) -> Any:
    value = getattr(model, name)
    return str(value) if isinstance(value, Granularity) else value


def _model(row: RowMapping) -> Model:
    values = {column.name: row[column.name] for column in table.columns}
    values["granularity"] = Granularity.parse(row["granularity"])
    values["thresholds"] = row["thresholds"] or {}
    return Model(**values)


def _version(row: RowMapping) -> ModelVersion:
    ref = ModelRef(row["model_id"], row["version"])
    return ModelVersion(ref, row["training_date"], row["note"], row["importance"] or {}, row["created_at"])


def _texts(**given: str) -> dict[str, str]:
    texts = {}
    for name, text in given.items():
        cleaned = text.replace("\0", "").strip()
        if len(cleaned) > _LONGEST[name]:
            raise InvalidInput(f"{name} of {len(cleaned)} characters", hint=f"at most {_LONGEST[name]}")
        if name == "title" and not cleaned:
            raise InvalidInput("a model needs a title")
        texts[name] = cleaned
    return texts


def _date(text: str) -> str:
    if not text:
        return ""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise InvalidInput(f"training date {text!r}", hint="write it as YYYY-MM-DD") from None


def _importance(given: Mapping[str, float]) -> dict[str, float]:
    for name, share in given.items():
        if isinstance(share, bool) or not isinstance(share, int | float) or not math.isfinite(share) or share < 0:
            raise InvalidInput(f"importance of feature {name!r} is {share!r}", hint="a number, at least 0")
    return {str(name): float(share) for name, share in given.items()}
