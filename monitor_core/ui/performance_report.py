"""Performance: the menu of downloads."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from monitor_core.jobs.performance_reporting import report
from monitor_core.reports.performance import FORMATS, MEDIA_TYPES, SUFFIXES

if TYPE_CHECKING:
    from monitor_core.ui.performance_reads import Reads

__all__ = ["report_menu"]

_WORDS = {"html": "HTML", "markdown": "Markdown", "csv": "CSV", "json": "JSON", "text": "Text"}


def report_menu(reads: Reads) -> None:
    """Draw the menu of downloads; a format is written when it is asked for, as things are known then."""
    ref, window = reads.ref, reads.asked.window
    with st.popover("Report", icon=":material/download:", key="performance-report"):
        st.caption(
            "The window with its counts, intervals, advice and decisions. Asked for the same moment, it is the same."
        )
        for form in sorted(FORMATS, key=list(_WORDS).index):
            st.download_button(
                _WORDS[form],
                partial(report, reads.app, ref, form, window=window),
                file_name=f"performance_{ref.model_id}_{ref.version}.{SUFFIXES[form]}",
                mime=MEDIA_TYPES[form].partition(";")[0],
                key=f"report-{form}-{ref}-{window}",
                on_click="ignore",
                width="stretch",
            )
