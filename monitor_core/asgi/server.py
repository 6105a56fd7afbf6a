"""The web process: the application under uvicorn."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

import uvicorn

from monitor_core.jobs.children import stop_with_parent
from monitor_core.jobs.supervisor import mark_supervised

if TYPE_CHECKING:
    from monitor_core.settings import Settings

__all__ = ["run"]

_MEBIBYTE = 1 << 20


def run(settings: Settings, *, with_parent: bool) -> None:
    """Serve until stopped by a signal, or by the end of the parent process.

    Parameters
    ----------
    with_parent
        A supervisor started this process and looks after the worker.
    """
    _configure_streamlit(settings)
    from monitor_core.asgi.application import create_app  # noqa: PLC0415 - Streamlit reads its options when it is imported

    server = uvicorn.Server(
        uvicorn.Config(
            create_app(settings),
            host=settings.host,
            port=settings.port,
            access_log=False,
            log_config=None,
            server_header=False,
            ws="websockets-sansio",
            ws_max_size=200 * _MEBIBYTE,
            ws_ping_interval=30,
            ws_ping_timeout=30,
            timeout_graceful_shutdown=5,
        )
    )
    logging.getLogger("uvicorn.access").disabled = True  # Streamlit would give it handlers again
    if with_parent:
        mark_supervised()
        stop_with_parent(lambda: setattr(server, "should_exit", True))
    server.run()


def _configure_streamlit(settings: Settings) -> None:
    """Pass on what Streamlit needs to know; the rest stands in ``.streamlit/config.toml``."""
    os.environ.update(
        {
            "STREAMLIT_SERVER_ADDRESS": settings.host,
            "STREAMLIT_SERVER_PORT": str(settings.port),
            "STREAMLIT_SERVER_HEADLESS": "true",
            "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none",
            "STREAMLIT_SERVER_MAX_UPLOAD_SIZE": str(max(1, settings.snapshots.max_page_bytes // _MEBIBYTE)),
            "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
        }
    )
