"""Data & reports: what has been uploaded, made and judged, with what can be done about each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from monitor_core.jobs import commands
from monitor_core.jobs.queue import JobState
from monitor_core.ui.drift_actions import report_menu
from monitor_core.ui.drift_choice import run_labels
from monitor_core.ui.frame import attempt, zone
from monitor_core.ui.jobs import actor, job_title, track
from monitor_core.ui.places import DRIFT
from monitor_core.ui.purposes import DELIVERED, DELIVERIES, counts_of, delivered_words, purpose_word
from monitor_core.ui.review import draw_findings
from monitor_core.ui.tables import table
from monitor_core.ui.text import plain
from monitor_core.ui.words import counted, duration, moment, run_status, size

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from monitor_core.jobs.queue import Job
    from monitor_core.performance.results import Batch
    from monitor_core.runtime import Services
    from monitor_core.snapshots.records import Snapshot
    from monitor_core.values import ModelRef

__all__ = ["draw_baselines", "draw_jobs", "draw_runs", "draw_snapshots"]

_KINDS = {"fixed": "Fixed", "rolling": "Rolling", "same_weekday": "Same weekday"}
_STATES = {
    JobState.QUEUED: "gray",
    JobState.RUNNING: "blue",
    JobState.DONE: "green",
    JobState.FAILED: "red",
    JobState.CANCELLED: "gray",
}


def draw_snapshots(app: Services, ref: ModelRef) -> None:
    """Draw the uploads of a model version; findings and deletion of the chosen one."""
    found = app.snapshots.list(ref)
    if not found:
        st.caption("Nothing uploaded yet.")
        return
    here = zone()
    delivered = app.performance.store.of_uploads(ref.model_id)
    table(
        {
            "File": [one.filename for one in found],
            "For": [purpose_word(one.purpose) for one in found],
            "State": [one.state for one in found],
            "Rows": [one.n_rows for one in found],
            "From": [one.first_granule or "" for one in found],
            "To": [one.last_granule or "" for one in found],
            **_became([delivered.get(one.snapshot_id) for one in found]),
            "Size": [size(one.size_bytes) for one in found],
            "Uploaded": [moment(one.uploaded_at, here) for one in found],
            "By": [one.uploaded_by for one in found],
        },
        name=f"snapshots_{ref.model_id}_{ref.version}",
        alt="Uploaded files of this model version",
        config={title: st.column_config.NumberColumn(format="localized") for title in ("Rows", *DELIVERED)},
    )
    by_id = {one.snapshot_id: one for one in found if one.state != "deleted"}
    picked = st.selectbox(
        "Look at an upload",
        list(by_id),
        index=None,
        format_func=lambda i: f"{by_id[i].filename} ({by_id[i].state})",
        key="snapshot-picker",
    )
    if picked:
        _chosen(app, app.snapshots.get(picked), delivered.get(picked))


def _became(deliveries: Sequence[Batch | None]) -> dict[str, list[int | None]]:
    """Return a column for each thing that can become of a delivery's rows; none where nothing was delivered."""
    if not any(deliveries):
        return {}
    counts = [counts_of(one) if one else {} for one in deliveries]
    return {word: [one.get(word) for one in counts] for word in DELIVERED}


def _chosen(app: Services, chosen: Snapshot, delivery: Batch | None) -> None:
    """Draw what the check found in an upload, what became of its rows, and its deletion."""
    if delivery is not None:
        st.markdown(f"Performance: of {counted(delivery.n_rows, 'row')}, {delivered_words(delivery)}.")
        if chosen.purpose not in DELIVERIES:  # else they stand among the findings
            for reason in delivery.reasons:
                st.caption(plain(reason, limit=300))
    draw_findings(chosen.findings, name=chosen.snapshot_id[-6:])
    if not chosen.findings:
        st.caption("The check found nothing to say.")
    with st.popover("Delete this upload", icon=":material/delete:"):
        st.caption(_gone(chosen, is_delivery=delivery is not None))
        st.button(
            "Delete",
            type="primary",
            key=f"go-delete-{chosen.snapshot_id}",
            on_click=attempt,
            args=(partial(app.snapshots.delete, chosen.snapshot_id, actor=actor()), "Deleted"),
        )


def _gone(chosen: Snapshot, *, is_delivery: bool) -> str:
    """Return what deleting an upload takes away, and what it leaves."""
    kept = (
        "Predictions and labels that were delivered stay counted; what is wrong among them is corrected by a later "
        "delivery."
    )
    if chosen.purpose in DELIVERIES:
        return f"The file goes. {kept}"
    if chosen.purpose == "baseline":
        return "The file goes; the baseline that was made from it stays until it is deleted itself."
    taken = "What it added to the drift of its days is taken away; saved runs stay as they are."
    return f"{taken} {kept}" if is_delivery else taken


def draw_baselines(app: Services, ref: ModelRef) -> None:
    """Draw the baselines: activate one, delete one, make one from past data."""
    found = app.drift.baselines(ref)
    if not found:
        st.caption("No baseline yet. Upload one above.")
        return
    for one in found:
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"baseline-{one.number}"):
            with st.container(gap=None):
                st.markdown(f"**Baseline {one.number}** {'' if not one.is_active else ':green-badge[active]'}")
                period = f" · {one.first_granule} – {one.last_granule}" if one.first_granule else ""
                st.caption(
                    f"{_KINDS.get(one.kind, one.kind)} · {counted(one.n_rows, 'row')}, "
                    f"{counted(one.n_features, 'feature')}{period} · {moment(one.created_at, zone())}"
                )
            if not one.is_active:
                _act(f"Activate {one.number}", partial(app.drift.activate, one.baseline_id, actor=actor()))
                _act(f"Delete {one.number}", partial(app.drift.delete_baseline, one.baseline_id, actor=actor()))
    _from_range(app, ref)


def _act(label: str, action: Callable[[], object]) -> None:
    st.button(label, key=f"act-{label}", on_click=attempt, args=(action,))


def _from_range(app: Services, ref: ModelRef) -> None:
    labels = [label for label, _ in app.drift.granules(ref)]
    if len(labels) < 2:
        return
    with st.expander("Make a baseline from past data", icon=":material/history:"), st.form("from-range", border=False):
        first, last = st.select_slider("From and to, both included", labels, value=(labels[0], labels[-1]))
        kind = st.selectbox(
            "Kind",
            list(_KINDS),
            format_func=_KINDS.__getitem__,
            help="Fixed stays as it is; rolling moves on with the data; same weekday compares Mondays with Mondays.",
        )
        if st.form_submit_button("Make it", icon=":material/add:"):
            attempt(lambda: track(commands.request_baseline(app, ref, first, last, kind=str(kind), actor=actor())))
            st.rerun()


def draw_jobs(app: Services) -> None:
    """Draw the latest jobs with state, progress, reason; cancel or retry."""
    found = commands.queue(app).list(limit=50)
    if not found:
        st.caption("No job yet.")
        return
    now = app.now()
    for job in found[:8]:
        _job_line(app, job, job.seconds_taken(now))
    here = zone()
    table(
        {
            "Job": [job_title(job) for job in found],
            "State": [job.state.value for job in found],
            "Progress": [job.progress for job in found],
            "Asked for": [moment(job.created_at, here) for job in found],
            "By": [job.requested_by for job in found],
            "Took": [duration(taken) if (taken := job.seconds_taken(now)) is not None else "" for job in found],
            "Reason": [job.error.message if job.error else "" for job in found],
        },
        name="jobs",
        alt="The latest jobs",
        config={"Progress": st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="percent")},
    )


def _job_line(app: Services, job: Job, taken: float | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"job-{job.job_id}"):
        st.badge(job.state.value, color=_STATES[job.state], width=84)  # type: ignore[arg-type]  # colours above
        took = f" · {duration(taken)}" if taken is not None else ""
        why = f" · {plain(job.error.message, limit=160)}" if job.error else ""
        st.markdown(f"{plain(job_title(job))}{took}{why}", width="stretch")
        if not job.state.is_final:
            _act_on(job, "Cancel", lambda: commands.cancel_job(app, job.job_id, actor=actor()))
        elif job.state in (JobState.FAILED, JobState.CANCELLED):
            _act_on(job, "Retry", lambda: track(commands.retry_job(app, job.job_id, actor=actor()).job_id))


def _act_on(job: Job, label: str, action: Callable[[], object]) -> None:
    st.button(label, key=f"{label}-{job.job_id}", on_click=attempt, args=(action,))


def draw_runs(app: Services, ref: ModelRef) -> None:
    """Draw the saved runs; open one, download its report."""
    found = app.drift.runs(ref)
    if not found:
        st.caption("Nothing judged yet.")
        return
    here = zone()
    table(
        {
            "Run": [moment(run.created_at, here) for run in found],
            "Result": [run_status(run)[0] for run in found],
            "Baseline": [run.baseline_number for run in found],
            "From": [run.first_granule for run in found],
            "To": [run.last_granule for run in found],
            "Features": [run.n_features for run in found],
            "Rows": [run.n_rows for run in found],
            "By": [run.created_by for run in found],
        },
        name=f"runs_{ref.model_id}_{ref.version}",
        alt="Saved drift runs of this model version",
        config={"Rows": st.column_config.NumberColumn(format="localized")},
    )
    by_id = {run.run_id: run for run in found}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        picked = st.selectbox("Run", list(by_id), format_func=run_labels(found).__getitem__, key="report-run")
        report_menu(app, by_id[picked], key="report-list")
        st.page_link(DRIFT, label="Open", query_params={"model": str(ref), "run": picked}, help="")
