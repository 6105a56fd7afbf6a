"""`GET /api/health`: whether everything is there that the app needs."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from monitor_core.jobs import commands
from monitor_core.jobs.lease import WORKER, Leases
from monitor_core.jobs.queue import JobState

if TYPE_CHECKING:
    from monitor_core.runtime import Services

__all__ = ["health", "package_version"]


def health(services: Services) -> tuple[bool, dict[str, Any]]:
    """Return whether all is well, and the parts: database, worker, queue. Nothing in it is secret.

    A worker that is not there is a fault only when work waits for it.
    """
    try:
        with services.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        counts = commands.queue(services).counts()
        leases = Leases(services.engine, services.now)
        held, is_live = leases.holder(WORKER), leases.is_live(WORKER)
    except SQLAlchemyError as error:
        return False, {
            "status": "down",
            "version": package_version(),
            "database": {"up": False, "error": type(error).__name__},
        }
    waiting = counts[JobState.QUEUED]
    is_well = is_live or not waiting
    left = None if held is None else (held.expires_at - services.now()).total_seconds()
    return is_well, {
        "status": "up" if is_well else "degraded",
        "version": package_version(),
        "database": {"up": True, "kind": services.engine.dialect.name},
        "worker": {"up": is_live, "lease_seconds_left": None if left is None else round(left, 1)},
        "jobs": {state.value: count for state, count in counts.items()},
    }


def package_version() -> str:
    """Return the installed version, or ``unknown`` when run from files that were never installed."""
    try:
        return version("bellwether-monitor")
    except PackageNotFoundError:
        return "unknown"
