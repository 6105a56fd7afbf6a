"""`models`: what is monitored."""

from __future__ import annotations

import json
from dataclasses import fields as dataclass_fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from monitor_core.cli.output import fields, show, table
from monitor_core.cli.session import AsJson, ModelArgument, Yes, actor, assignments, confirm, model_ref, opened
from monitor_core.errors import InvalidInput
from monitor_core.jobs import commands
from monitor_core.settings import DriftSettings, PerformanceSettings
from monitor_core.storage.deployments import Deployment
from monitor_core.storage.models import Model
from monitor_core.values import ModelRef

app = typer.Typer(help="Models and their versions.", no_args_is_help=True, rich_markup_mode=None)

ModelId = Annotated[str, typer.Argument(metavar="MODEL")]
Title = Annotated[str | None, typer.Option(help="What people read.")]
Kind = Annotated[str | None, typer.Option(help="What sort of model.")]
Owner = Annotated[str | None, typer.Option(help="Who answers for it.")]
Description = Annotated[str | None, typer.Option()]
Grain = Annotated[str | None, typer.Option("--granularity", help="hour, day, week, month, year or rows:N.")]
Training = Annotated[str, typer.Option("--training-date", help="As 2026-01-31.")]
Versioned = Annotated[str, typer.Argument(metavar="MODEL:VERSION")]
Shadow = Annotated[bool, typer.Option("--shadow", help="It predicts the same rows without being used.")]
Since = Annotated[str, typer.Option(help="As 2026-01-31 or 2026-01-31T08:00, in UTC; now unless given.")]
Note = Annotated[str, typer.Option(help="Free text.")]
Group = Annotated[
    Literal["drift", "performance"] | None, typer.Option(help="Only thresholds of this group; the others stay.")
]
Importance = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="JSON file: feature to importance.", show_default=False)
]


@app.command("list")
def list_models(
    *,
    archived: Annotated[bool, typer.Option("--archived", help="Those put away, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the models."""
    with opened() as services:
        found = [(model, services.models.versions(model.model_id)) for model in services.models.list(archived=archived)]
    data = [{**_data(model), "versions": [version.ref.version for version in versions]} for model, versions in found]
    rows = [
        [row["model_id"], ", ".join(row["versions"]), row["granularity"], row["owner"], row["title"]] for row in data
    ]
    empty = "no model yet; add one with: models add ID --version 1"
    show(data, table(rows, ["model", "versions", "granularity", "owner", "title"], empty=empty), as_json=as_json)


@app.command()
def add(
    model_id: ModelId,
    *,
    version: Annotated[str, typer.Option(help="Its first version.")] = "1",
    title: Title = None,
    kind: Kind = None,
    owner: Owner = None,
    description: Description = None,
    granularity: Grain = None,
    as_json: AsJson = False,
) -> None:
    """Add a model with its first version."""
    with opened() as services:
        made = services.models.add(
            model_id,
            title=title or "",
            version=version,
            kind=kind or "",
            owner=owner or "",
            description=description or "",
            granularity=granularity or "day",
            actor=actor(),
        )
    show(_data(made), f"added model {made.model_id}, version {version}, by {made.granularity}", as_json=as_json)


@app.command("show")
def show_model(model_id: ModelId, *, as_json: AsJson = False) -> None:
    """Show a model, its versions and thresholds."""
    with opened() as services:
        model, versions = services.models.get(model_id), services.models.versions(model_id)
    data = {**_data(model), "versions": [{**_version(item)} for item in versions]}
    rows = [[item["version"], item["training_date"], item["note"]] for item in data["versions"]]
    shown = {name: value for name, value in data.items() if name not in {"versions", "thresholds", "roles"}}
    shown["thresholds"] = ", ".join(f"{name}={value}" for name, value in model.thresholds.items())
    text = fields(shown) + "\n\n" + table(rows, ["version", "trained", "note"], empty="no version yet")
    show(data, text, as_json=as_json)


@app.command()
def update(
    model_id: ModelId,
    *,
    title: Title = None,
    kind: Kind = None,
    owner: Owner = None,
    description: Description = None,
    granularity: Grain = None,
    as_json: AsJson = False,
) -> None:
    """Change what is given of a model."""
    with opened() as services:
        changed = services.models.update(
            model_id,
            title=title,
            kind=kind,
            owner=owner,
            description=description,
            granularity=granularity,
            actor=actor(),
        )
    show(_data(changed), f"updated model {model_id}", as_json=as_json)


@app.command()
def archive(model_id: ModelId, *, as_json: AsJson = False) -> None:
    """Put a model away; nothing is deleted."""
    with opened() as services:
        show(_data(services.models.archive(model_id, actor=actor())), f"archived model {model_id}", as_json=as_json)


@app.command()
def restore(model_id: ModelId, *, as_json: AsJson = False) -> None:
    """Take a model out of the archive."""
    with opened() as services:
        show(_data(services.models.restore(model_id, actor=actor())), f"restored model {model_id}", as_json=as_json)


@app.command()
def delete(model_id: ModelId, *, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete a model with all its data and results."""
    with opened() as services:
        model = services.models.get(model_id)
        confirm(f"Delete model {model_id!r} with all its snapshots, baselines and runs?", yes=yes)
        commands.delete_model(services, model.model_id, actor=actor())
    show({"deleted": model_id}, f"deleted model {model_id}", as_json=as_json)


@app.command("add-version")
def add_version(
    model: Versioned,
    *,
    training_date: Training = "",
    note: Note = "",
    importance: Importance = None,
    as_json: AsJson = False,
) -> None:
    """Add a version to a model."""
    ref = _versioned(model)
    with opened() as services:
        made = services.models.add_version(
            ref,
            training_date=training_date,
            note=note,
            importance=_importance(importance),
            actor=actor(),
        )
    show(_version(made), f"added version {ref.version} of model {ref.model_id}", as_json=as_json)


@app.command()
def thresholds(
    model: ModelArgument,
    changes: Annotated[list[str] | None, typer.Argument(metavar="NAME=VALUE", show_default=False)] = None,
    *,
    clear: Annotated[bool, typer.Option("--clear", help="Return to the general thresholds first.")] = False,
    group: Group = None,
    as_json: AsJson = False,
) -> None:
    """Show or change a model's own thresholds."""
    with opened() as services:
        found = services.models.get(model_ref(services, model).model_id)
        if clear or changes:
            kept = {} if clear else _thresholds(found, group)
            wanted = {**kept, **assignments(changes)}
            found = services.models.set_thresholds(found.model_id, wanted, group=group, actor=actor())
    own = _thresholds(found, group)
    show(own, fields(own) if own else "none of its own; the general ones apply", as_json=as_json)


@app.command()
def deploy(model: Versioned, *, shadow: Shadow = False, since: Since = "", as_json: AsJson = False) -> None:
    """Write down that a version serves; a version that goes live ends the one before it."""
    with opened() as services:
        made = services.deployments.start(
            _versioned(model), stage="shadow" if shadow else "live", started_at=_moment(since), actor=actor()
        )
    text = f"{made.ref} is {'a shadow' if shadow else 'live'} since {made.started_at:%Y-%m-%d %H:%M} UTC"
    show(_deployment(made), text, as_json=as_json)


@app.command()
def withdraw(model: Versioned, *, as_json: AsJson = False) -> None:
    """Write down that a version no longer serves, live or as a shadow."""
    with opened() as services:
        ended = services.deployments.end(_versioned(model), actor=actor())
    show(_deployment(ended), f"{ended.ref} is no longer {ended.stage}", as_json=as_json)


@app.command()
def deployments(model_id: ModelId, *, as_json: AsJson = False) -> None:
    """List which version served when, the latest first."""
    with opened() as services:
        services.models.get(model_id)
        data = [_deployment(item) for item in services.deployments.list(model_id)]
    rows = [[row["version"], row["stage"], row["started_at"], row["ended_at"] or "", row["created_by"]] for row in data]
    empty = f"no version was deployed yet; write it down with: models deploy {model_id}:VERSION"
    show(data, table(rows, ["version", "stage", "since", "until", "by"], empty=empty), as_json=as_json)


def _thresholds(model: Model, group: Literal["drift", "performance"] | None) -> dict[str, Any]:
    """Return the model's own thresholds, all or those of one group."""
    if group is None:
        return dict(model.thresholds)
    names = {field.name for field in dataclass_fields(DriftSettings if group == "drift" else PerformanceSettings)}
    return {name: value for name, value in model.thresholds.items() if name in names}


def _versioned(text: str) -> ModelRef:
    model_id, _, version = text.partition(":")
    if not version:
        raise InvalidInput(f"{text!r} names no version", hint=f"for example {text}:2")
    return ModelRef(model_id, version)


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"--since {text!r}", hint="as 2026-01-31 or 2026-01-31T08:00, in UTC") from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _deployment(item: Deployment) -> dict[str, Any]:
    return {
        "version": item.ref.version,
        "stage": item.stage,
        "started_at": item.started_at,
        "ended_at": item.ended_at,
        "created_by": item.created_by,
    }


def _importance(path: Path | None) -> dict[str, float] | None:
    if path is None:
        return None
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InvalidInput(f"{path.name} is not JSON: {error}") from None
    if not isinstance(read, dict):
        raise InvalidInput(f"{path.name} holds no object", hint='write {"feature": 0.3, ...}')
    return read


def _data(model: Model) -> dict[str, Any]:
    names = (
        "model_id",
        "title",
        "kind",
        "owner",
        "description",
        "is_example",
        "created_at",
        "archived_at",
        "thresholds",
    )
    return {**{name: getattr(model, name) for name in names}, "granularity": str(model.granularity)}


def _version(version: Any) -> dict[str, Any]:
    return {
        "version": version.ref.version,
        "training_date": version.training_date,
        "note": version.note,
        "importance": version.importance,
        "created_at": version.created_at,
    }
