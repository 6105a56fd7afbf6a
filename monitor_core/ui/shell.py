"""What every page stands in: logo, navigation, model selector, and the error state of the whole app."""

from __future__ import annotations

import logging
import secrets
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from monitor_core.errors import MonitorError, Unavailable
from monitor_core.figures.theme import DARK, LIGHT
from monitor_core.ui.access import choose_model, services
from monitor_core.ui.frame import failure, is_dark
from monitor_core.ui.light import STYLE
from monitor_core.ui.places import DATA, DRIFT, LATENCY, OVERVIEW, PERFORMANCE, SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MARK", "open_page"]

_RULES = f"""<style>
[class*="st-key-go-"] button:not(:disabled) {{ color: light-dark({LIGHT.on_primary}, {DARK.on_primary}) }}
{STYLE}</style>"""
"""Streamlit writes white on the primary colour, 3.2:1 in the dark; keys of primary buttons begin with ``go-``."""

_log = logging.getLogger(__name__)

_ASSETS = Path(__file__).parent / "assets"
MARK = _ASSETS / "mark.svg"
"""The product's mark, wherever the app is started from."""


def open_page() -> None:
    """Draw the frame and run the page that the address names."""
    st.logo(_ASSETS / f"logo-{'dark' if is_dark() else 'light'}.svg", icon_image=MARK)
    st.html(_RULES)
    page = st.navigation(
        {
            "": [
                st.Page(
                    OVERVIEW,
                    title="Overview",
                    icon=":material/dashboard:",
                    default=True,
                    help="The state of every model, what needs attention, and the most drifted features.",
                )
            ],
            "Service": [
                st.Page(
                    LATENCY,
                    title="Latency & throughput",
                    icon=":material/speed:",
                    help="Percentiles, requests, errors and machines of the services; queries of your own.",
                )
            ],
            "Model": [
                st.Page(
                    DRIFT,
                    title="Drift",
                    icon=":material/grid_on:",
                    help="Every feature over time against the baseline; choose a cell to see both distributions.",
                ),
                st.Page(
                    PERFORMANCE,
                    title="Performance",
                    icon=":material/query_stats:",
                    help="F1 and its like from labels, with intervals; what to do about a fall, and how sure that is.",
                ),
            ],
            "Data": [
                st.Page(
                    DATA,
                    title="Data & reports",
                    icon=":material/upload_file:",
                    help="Upload baselines and new data; follow jobs; download reports.",
                )
            ],
            "Installation": [
                st.Page(
                    SETTINGS,
                    title="Settings",
                    icon=":material/settings:",
                    help="Models, thresholds, retention and the trail of what operators did.",
                )
            ],
        }
    )
    with _edge("Opening the installation", key="app"):
        app = services()
        _keep_worker()
        with st.sidebar:
            choose_model(app)
        with _edge(f"Showing {page.title}", key="page"):
            page.run()


@contextmanager
def _edge(tried: str, *, key: str) -> Iterator[None]:
    """Be the outer edge of a page: every error becomes an error state, the unexpected ones also a log line."""
    try:
        yield
    except MonitorError as error:
        failure(error, tried=tried, key=key)
    except Exception as error:  # noqa: BLE001 - the outer edge of a page: report and carry on
        mark = secrets.token_hex(4)
        _log.exception("page failed, mark %s", mark)
        said = Unavailable(
            f"something unexpected happened ({type(error).__name__}, mark {mark})",
            hint="the server's output has the details under this mark; please report it",
        )
        failure(said, tried=tried, key=key)


def _keep_worker() -> None:
    from monitor_core.jobs.supervisor import ensure_worker  # noqa: PLC0415 - not needed when opening failed

    ensure_worker(services())
