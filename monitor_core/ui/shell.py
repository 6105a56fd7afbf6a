"""What every page stands in: logo, navigation, model selector, and the error state of the whole app."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from monitor_core.errors import MonitorError
from monitor_core.ui.access import choose_model, services
from monitor_core.ui.frame import failure, is_dark
from monitor_core.ui.places import DATA, DRIFT, OVERVIEW, SETTINGS

__all__ = ["open_page"]

_ASSETS = Path(__file__).parent / "assets"


def open_page() -> None:
    """Draw the frame and run the page that the address names."""
    st.logo(_ASSETS / f"logo-{'dark' if is_dark() else 'light'}.svg", icon_image=_ASSETS / "mark.svg")
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
            "Model": [
                st.Page(
                    DRIFT,
                    title="Drift",
                    icon=":material/grid_on:",
                    help="Every feature over time against the baseline; choose a cell to see both distributions.",
                )
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
    try:
        app = services()
        _keep_worker()
        with st.sidebar:
            choose_model(app)
    except MonitorError as error:
        failure(error, tried="Opening the installation", key="app")
        return
    try:
        page.run()
    except MonitorError as error:
        failure(error, tried=f"Showing {page.title}", key="page")


def _keep_worker() -> None:
    from monitor_core.jobs.supervisor import ensure_worker  # noqa: PLC0415 - not needed when opening failed

    ensure_worker(services())
