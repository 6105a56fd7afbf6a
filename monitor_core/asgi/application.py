"""Put the application together."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import streamlit as st
from anyio import to_thread
from sqlalchemy.exc import SQLAlchemyError
from starlette.middleware import Middleware

from monitor_core.asgi.access import Access
from monitor_core.asgi.context import UPLOADS_AT_ONCE, Context, database_down, told
from monitor_core.asgi.guard import Guard, allowed_hosts
from monitor_core.asgi.routes import routes
from monitor_core.errors import MonitorError, Unavailable
from monitor_core.jobs.token import ensure_token
from monitor_core.runtime import open_services
from monitor_core.ui.cold import use_navigation

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from monitor_core.settings import Settings

__all__ = ["SCRIPT", "create_app"]

_PACKAGE = Path(__file__).resolve().parents[1]
SCRIPT = next(
    (path for path in (_PACKAGE / "site" / "streamlit_app.py",) if path.is_file()),
    _PACKAGE.parent / "streamlit_app.py",
)
"""The pages: inside the package where it came as a wheel, beside it in the project's folder."""


def create_app(settings: Settings, *, script: Path = SCRIPT) -> st.App:
    """Return the application; its services are opened when the server starts.

    Parameters
    ----------
    settings
        Where it listens decides who may read without the token (`monitor_core.asgi.access.Access`).
    script
        The Streamlit script.

    Raises
    ------
    Unavailable
        The script is not there: the package was installed incompletely.
    """
    if not script.is_file():
        raise Unavailable(
            f"the pages are not at {script}",
            hint="install the package again, or clone the project and use `make run`",
        )
    opened: list[Context] = []

    @asynccontextmanager
    async def lifespan(_app: st.App) -> AsyncGenerator[dict[str, Any], None]:
        context = await to_thread.run_sync(_open, settings)
        opened.append(context)
        try:
            yield {}
        finally:
            opened.clear()
            context.services.engine.dispose()

    use_navigation()
    return st.App(
        script,
        lifespan=lifespan,
        routes=routes(lambda: opened[0]),
        middleware=[Middleware(Guard, names=allowed_hosts(settings))],
        exception_handlers={MonitorError: told, SQLAlchemyError: database_down},
    )


def _open(settings: Settings) -> Context:
    access = Access(settings, ensure_token(settings.data_dir))
    return Context(open_services(settings), access, anyio.CapacityLimiter(UPLOADS_AT_ONCE))
