"""Drift: run again with other settings, compare two runs, and take the report home."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from monitor_core.errors import MonitorError
from monitor_core.jobs import commands
from monitor_core.jobs.reporting import report
from monitor_core.reports.drift import FORMATS, MEDIA_TYPES, filename
from monitor_core.ui.drift_choice import show_newest_run
from monitor_core.ui.jobs import actor, track
from monitor_core.ui.text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor_core.drift.results import RunSummary
    from monitor_core.runtime import Services
    from monitor_core.settings import DriftSettings
    from monitor_core.storage.models import Model
    from monitor_core.values import ModelRef

__all__ = ["report_menu", "rerun_menu"]

_WORDS = {"html": "HTML", "markdown": "Markdown", "csv": "CSV", "json": "JSON", "text": "Text"}


def report_menu(app: Services, run: RunSummary, *, key: str = "report") -> None:
    """Draw the menu of downloads of a run's report; a format is written when it is first asked for."""
    with st.popover("Report", icon=":material/download:", key=key):
        st.caption("The whole run, with sample sizes, noise and the baseline's period.")
        for form in sorted(FORMATS, key=list(_WORDS).index):
            st.download_button(
                _WORDS[form],
                partial(report, app, run.run_id, form),
                file_name=filename(run, form),
                mime=MEDIA_TYPES[form].partition(";")[0],
                key=f"{key}-{form}-{run.run_id}",
                on_click="ignore",
                width="stretch",
            )


def rerun_menu(app: Services, ref: ModelRef, model: Model, run: RunSummary | None, *, label: str = "Re-run") -> None:
    """Draw the form that judges again: baseline, range, segment, thresholds of this run only."""
    baselines = app.drift.baselines(ref)
    labels = [label for label, _ in app.drift.granules(ref)]
    ready = bool(baselines) and bool(labels)
    with st.popover(label, type="primary", icon=":material/refresh:", disabled=not ready, key="go-rerun"):
        if not ready:
            return
        with st.form("rerun-form", border=False):
            numbers = {baseline.number: baseline for baseline in baselines}
            active = next((b.number for b in baselines if b.is_active), baselines[0].number)
            number = st.selectbox("Baseline", list(numbers), index=list(numbers).index(active), format_func=_numbered)
            first, last = _range(labels, model.granularity.word)
            segment = _segment(app, ref, run)
            multivariate = st.checkbox("Also judge all features together", value=False)
            settings = model.drift_settings(app.settings.drift)
            together = st.number_input(
                "Judge together",
                1,
                400,
                settings.window_granules,
                help=f"{model.granularity.word.capitalize()}s that are judged as one, each with those before it: few "
                "rows a day add up, and a slow change shows earlier; a sudden one later.",
            )
            overrides = _thresholds(settings)
            if st.form_submit_button("Start", type="primary", icon=":material/play_arrow:", key="go-start"):
                if multivariate:
                    overrides["multivariate"] = True
                if together != settings.window_granules:
                    overrides["window_granules"] = together
                request = {"baseline_id": numbers[number].baseline_id, "granules": (first, last)}
                _start(app, ref, {**request, "segment_column": segment, "overrides": overrides})


def _numbered(number: int) -> str:
    return f"Baseline {number}"


def _range(labels: Sequence[str], word: str) -> tuple[str, str]:
    if len(labels) < 2:
        st.caption(f"One {word} of data: {labels[0]}")
        return labels[0], labels[0]
    first, last = st.select_slider(f"From and to, both included ({word}s)", labels, value=(labels[0], labels[-1]))
    return first, last


def _segment(app: Services, ref: ModelRef, run: RunSummary | None) -> str:
    columns = {baseline.segment_column for baseline in app.drift.baselines(ref) if baseline.segment_column}
    if not columns:
        return ""
    options = ["", *sorted(columns)]
    index = options.index(run.segment_column) if run and run.segment_column in options else 0
    return str(st.selectbox("By segment", options, index=index, format_func=lambda name: name or "No segments"))


def _thresholds(settings: DriftSettings) -> dict[str, Any]:
    with st.expander("Thresholds of this run only"):
        chosen = {
            "fdr": st.number_input("False discovery rate", 1e-6, 0.5, settings.fdr, 0.005, format="%.3f"),
            "min_debiased_psi": st.number_input(
                "Smallest PSI above noise that can alert", 0.0, 10.0, settings.min_debiased_psi, 0.01
            ),
            "confirm_hits": st.number_input("Granules that must show it", 1, 100, settings.confirm_hits),
            "confirm_of": st.number_input("out of this many latest", 1, 100, settings.confirm_of),
        }
    return {name: value for name, value in chosen.items() if value != getattr(settings, name)}


def _start(app: Services, ref: ModelRef, request: dict[str, Any]) -> None:
    try:
        job_id = commands.request_run(app, ref, **request, actor=actor())
    except MonitorError as error:
        st.error(plain(error.message, limit=400))
        return
    track(job_id)
    show_newest_run()
    st.rerun()
