"""What all commands of one call share: the options before the noun, the settings, the services, who acts."""

from __future__ import annotations

import getpass
import logging
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor_core import settings
from monitor_core.errors import InvalidInput, NotFound
from monitor_core.values import ModelRef, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor_core.runtime import Services
    from monitor_core.settings import Settings

__all__ = [
    "AsJson",
    "FailOn",
    "ModelArgument",
    "Session",
    "Yes",
    "actor",
    "assignments",
    "begin",
    "confirm",
    "load_settings",
    "model_ref",
    "opened",
]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
ModelArgument = Annotated[
    str, typer.Argument(metavar="MODEL[:VERSION]", help="The live version when none is named, else the newest.")
]
FailOn = Annotated[
    Severity | None,
    typer.Option("--fail-on", help="Exit with 1 when drift is at least this severe.", show_default=False),
]


@dataclass(frozen=True, slots=True)
class Session:
    """The options given before the noun."""

    config: Path | None = None
    arguments: dict[str, Any] = field(default_factory=dict)


_session: ContextVar[Session | None] = ContextVar("session", default=None)


def begin(session: Session) -> None:
    """Set the options of this call."""
    _session.set(session)


def load_settings(**arguments: Any) -> Settings:
    """Return the settings, with the options of this call on top."""
    session = _session.get() or Session()
    loaded = settings.load(file=session.config, arguments={**session.arguments, **_given(arguments)})
    if "log_level" in loaded.origins:
        logging.getLogger().setLevel(loaded.log_level)
    return loaded


def _given(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if value is not None}


@contextmanager
def opened(**arguments: Any) -> Iterator[Services]:
    """Open the services for one command; the database is brought up to date first."""
    from monitor_core.runtime import open_services  # noqa: PLC0415 - heavy; `--help` does not need it

    services = open_services(load_settings(**arguments))
    try:
        yield services
    finally:
        services.engine.dispose()


def actor() -> str:
    """Return who acts: the name of the user at this terminal."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return "command line"


def model_ref(services: Services, text: str) -> ModelRef:
    """Read ``MODEL[:VERSION]``; the live version when none is named, and the newest where none is live.

    Raises
    ------
    NotFound
        There is no such model or version.
    """
    model_id, _, version = text.partition(":")
    if version:
        ref = ModelRef(model_id, version)
        services.models.version(ref)
        return ref
    versions = services.models.versions(model_id)
    if not versions:
        raise NotFound(f"model {model_id!r} has no version yet", hint=f"models add-version {model_id}:1")
    live = services.deployments.live(model_id)
    return live.ref if live is not None else versions[0].ref


def assignments(pairs: list[str] | None) -> dict[str, str]:
    """Read ``name=value`` arguments.

    Examples
    --------
    >>> assignments(["psi_high=0.3", "fdr=0.05"])
    {'psi_high': '0.3', 'fdr': '0.05'}
    """
    for pair in pairs or []:
        if "=" not in pair:
            raise InvalidInput(f"{pair!r} is not an assignment", hint="write it as name=value")
    return {name.strip(): value.strip() for name, _, value in (pair.partition("=") for pair in pairs or [])}


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something is deleted; without a terminal to ask on, ``--yes`` is needed."""
    if yes:
        return
    if not typer.get_text_stream("stdin").isatty():
        raise InvalidInput(f"{question} Nobody is there to answer", hint="give --yes")
    typer.confirm(question, abort=True, err=True)
