"""Drift: the line under the title, what is missing before a run, warnings, and two runs side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from monitor_core.reports.numbers import fixed
from monitor_core.ui.drift_actions import rerun_menu
from monitor_core.ui.drift_choice import run_labels
from monitor_core.ui.frame import empty
from monitor_core.ui.places import DATA, OVERVIEW
from monitor_core.ui.tables import table
from monitor_core.ui.text import plain
from monitor_core.ui.words import STATE, age, counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor_core.drift.results import CellState, RunSummary
    from monitor_core.runtime import Services
    from monitor_core.storage.models import Model
    from monitor_core.values import ModelRef

__all__ = ["about", "about_nothing", "compare", "levels_of", "no_model", "no_run", "warnings"]

_STALE_DAYS = 7


def about(run: RunSummary, word: str, segment: str) -> str:
    """Return what is shown: features, granules, baseline with its rows and period, and the error rate held."""
    ends = list(dict.fromkeys(end for end in (run.baseline_first, run.baseline_last) if end))
    period = f", {' – '.join(ends)}" if ends else ""
    rate = float(str(run.settings.get("fdr", 0.01)))
    step = "Benjamini–Yekutieli" if run.settings.get("dependence") == "any" else "Benjamini–Hochberg"
    only = f" · only {plain(run.segment_column)} = {plain(segment)}" if segment else ""
    return (
        f"{counted(run.n_features, 'feature')} · {counted(run.n_granules, word)} · PSI against baseline "
        f"{run.baseline_number} ({counted(run.baseline_rows, 'row')}{period}) · {step} at {100 * rate:g} %{only}"
    )


def about_nothing(ref: ModelRef) -> str:
    """Return the line under the title while there is no run."""
    return f"{plain(ref)} · not judged yet"


def levels_of(run: RunSummary) -> tuple[float, float, float]:
    """Return the PSI levels that the run was judged with."""
    defaults = {"psi_moderate": 0.10, "psi_high": 0.25, "psi_critical": 0.40}
    moderate, high, critical = (float(str(run.settings.get(name, value))) for name, value in defaults.items())
    return moderate, high, critical


def no_model() -> None:
    """Draw the state without any model."""
    with empty("There is no model yet", "Upload a baseline for one, or load the example on the overview."):
        if st.button("Upload a baseline", type="primary", icon=":material/upload:", key="go-upload"):
            st.switch_page(DATA)
        st.page_link(OVERVIEW, label="Overview")


def no_run(app: Services, ref: ModelRef, model: Model) -> None:
    """Draw the state of a model that has not been judged: what is still missing comes first."""
    has_baseline = bool(app.drift.baselines(ref))
    has_data = bool(app.drift.granules(ref))
    if has_baseline and has_data:
        with empty("Nothing judged yet", "A baseline and newer data are here."):
            rerun_menu(app, ref, model, None, label="Judge the drift")
        return
    missing = "newer data to compare with it" if has_baseline else "a baseline: the data it was trained on"
    with empty("Not ready yet", f"{plain(model.title)} still needs {missing}."):
        if st.button("Upload", type="primary", icon=":material/upload:", key="go-upload"):
            st.switch_page(DATA, query_params={"model": str(ref)})


def warnings(app: Services, run: RunSummary, word: str) -> None:
    """Draw what a reader must know before believing the page: stale, or not calibrated."""
    with st.container(horizontal=True, gap="small"):
        days = (app.now() - run.created_at).total_seconds() / 86_400
        if days > _STALE_DAYS:
            st.badge(f"judged {age(run.created_at, app.now())} ago", color="orange", icon=":material/schedule:")
        if run.n_undecided:
            st.badge(
                f"{run.n_undecided} undecided",
                color="gray",
                icon=":material/help:",
                help=f"Too few rows in the latest {word}, or nothing to compute; the cells say why",
            )


def compare(app: Services, run: RunSummary, runs: Sequence[RunSummary]) -> None:
    """Draw the comparison with another run: cells whose state differs."""
    others = {other.run_id: other for other in runs if other.run_id != run.run_id}
    if not others:
        return
    box = st.expander("Compare with another run", icon=":material/compare:", on_change="rerun", key="compare")
    if not box.open:
        return
    with box:
        picked = st.selectbox("Other run", list(others), format_func=run_labels(runs).__getitem__, key="compare-run")
        found = app.drift.compare_runs(picked, run.run_id)
        st.caption(f"{counted(len(found), 'cell')} differ in what they say.")
        if found:
            table(
                {
                    "Feature": [one.feature for one in found],
                    "Granule": [one.granule for one in found],
                    "Other run": [_state(one.before) for one in found],
                    "This run": [_state(one.after) for one in found],
                    "Other PSI": [fixed(one.psi_before) for one in found],
                    "PSI": [fixed(one.psi_after) for one in found],
                },
                name=f"compare_{run.run_id[-6:]}_{picked[-6:]}",
                alt="Cells that the two runs judge differently",
            )


def _state(state: CellState | None) -> str:
    return "not in that run" if state is None else STATE[state][0]
