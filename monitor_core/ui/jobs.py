"""Jobs on a page: a line of live progress with time left, cancel, and the reason when it failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from monitor_core.errors import Conflict, NotFound
from monitor_core.jobs import commands
from monitor_core.jobs.queue import JobState
from monitor_core.ui.places import DRIFT, PERFORMANCE
from monitor_core.ui.purposes import delivered_words
from monitor_core.ui.text import plain
from monitor_core.ui.words import duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor_core.jobs.queue import Job
    from monitor_core.runtime import Services

__all__ = ["JOB_WORDS", "follow", "job_title", "progress_text", "track", "tracked"]

JOB_WORDS = {
    "take_in": "Taking in an upload",
    "drift_run": "Drift run",
    "baseline_from_range": "Making a baseline",
    "load_example": "Loading the example",
    "multivariate": "Multivariate check",
}
"""What each kind of job is called on screen."""

_POLL = "1s"
_SHOWN = 10
_UNDER_WAY = (JobState.QUEUED, JobState.RUNNING)
_TRACKED = "tracked-jobs"


def job_title(job: Job) -> str:
    """Return the job's kind and model in words (plain text, not Markdown)."""
    word = JOB_WORDS.get(job.kind, job.kind.replace("_", " ").capitalize())
    return f"{word}: {job.ref}" if job.ref else word


def progress_text(job: Job, seconds_left: float | None) -> str:
    """Return what a running job is doing, how far it is and how long it will take (Markdown)."""
    if job.state is JobState.QUEUED:
        return f"{plain(job_title(job))} — waiting for the worker"
    left = f", about {duration(seconds_left)} left" if seconds_left is not None else ""
    note = f" — {plain(job.note)}" if job.note else ""
    return f"{plain(job_title(job))}{note} ({job.progress:.0%}{left})"


def track(job_id: str) -> None:
    """Remember a job that this session asked for, so that the page follows it."""
    jobs = [*tracked(), job_id]
    st.session_state[_TRACKED] = tuple(dict.fromkeys(jobs))[-20:]


def tracked() -> tuple[str, ...]:
    """Return the jobs that this session follows, oldest first."""
    return tuple(st.session_state.get(_TRACKED, ()))


def follow(services: Services, *, key: str) -> None:
    """Draw the jobs under way, whoever asked for them, and this session's that have ended; nothing without any.

    Polls once a second in a fragment while a job is under way; reruns the whole page when one ends, so that
    its results appear.
    """
    jobs = _jobs(services)
    if not jobs:
        return
    if any(not job.state.is_final for job in jobs):
        st.fragment(_lines, run_every=_POLL, key=f"jobs-{key}")(services, key)
    else:
        _lines(services, key)


def _jobs(services: Services) -> list[Job]:
    queue = commands.queue(services)
    found = {job.job_id: job for job in queue.list(states=_UNDER_WAY, limit=_SHOWN)}
    for job_id in tracked():
        try:
            job = found.get(job_id) or queue.get(job_id)
        except NotFound:
            _forget(job_id)
            continue
        if job.state is JobState.CANCELLED:
            _forget(job_id)
        else:
            found[job_id] = job
    return sorted(found.values(), key=lambda job: job.created_at)


def _lines(services: Services, key: str) -> None:
    jobs = _jobs(services)
    now = services.now()
    for job in jobs:
        if not job.state.is_final:
            _running(services, job, job.seconds_left(now), key)
        elif job.state is JobState.FAILED:
            _failed(services, job, key)
        elif job.state is JobState.DONE:
            _done(job, key)
    under_way = {job.job_id for job in jobs if not job.state.is_final}
    before = st.session_state.get(f"{key}-under-way", under_way)
    st.session_state[f"{key}-under-way"] = under_way
    if before - under_way:
        st.rerun()


def _running(services: Services, job: Job, seconds_left: float | None, key: str) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="bottom"):
        st.progress(min(max(job.progress, 0.0), 1.0), text=progress_text(job, seconds_left))
        st.button(
            "Cancelling" if job.cancel_requested else "Cancel",
            key=f"{key}-cancel-{job.job_id}",
            disabled=job.cancel_requested,
            on_click=_cancel,
            args=(services, job.job_id),
        )


def _done(job: Job, key: str) -> None:
    result = job.result or {}
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"{key}-done-{job.job_id}"):
        st.markdown(f":green-badge[:material/check: Done] {plain(job_title(job))}{_delivered(result)}", width="stretch")
        query = {"model": str(job.ref)} if job.ref else {}
        if result.get("run_id") and key != "drift":
            st.page_link(DRIFT, label="See the drift", icon=":material/arrow_forward:", query_params=query, help="")
        if (result.get("delivery") or result.get("performance_baseline_id")) and key != "performance":
            st.page_link(
                PERFORMANCE, label="See the performance", icon=":material/arrow_forward:", query_params=query, help=""
            )
        st.button("Dismiss", key=f"{key}-away-{job.job_id}", on_click=_forget, args=(job.job_id,), type="tertiary")


def _delivered(result: Mapping[str, Any]) -> str:
    """Return what an upload brought about performance, or why it brought nothing (Markdown)."""
    if result.get("delivery"):
        return f"  \n:small[:gray[Performance: {delivered_words(result['delivery'])}]]"
    why = result.get("not_delivered") or ()
    return f"  \n:small[:gray[Nothing about performance: {plain('; '.join(why), limit=300)}]]" if why else ""


def _failed(services: Services, job: Job, key: str) -> None:
    error = job.error
    message = plain(error.message, limit=600) if error else "no reason was kept"
    hint = f"\n\n{plain(error.hint, limit=400)}" if error and error.hint else ""
    reasons = "".join(f"\n- {plain(reason, limit=400)}" for reason in (error.reasons if error else ())[:10])
    st.error(f"{message}{hint}{reasons}", title=f"{plain(job_title(job))} failed", icon=":material/error:")
    with st.container(horizontal=True):
        st.button("Retry", key=f"{key}-again-{job.job_id}", on_click=_retry, args=(services, job.job_id))
        st.button("Dismiss", key=f"{key}-away-{job.job_id}", on_click=_forget, args=(job.job_id,), type="tertiary")


def _cancel(services: Services, job_id: str) -> None:
    try:
        commands.cancel_job(services, job_id, actor=actor())
    except (Conflict, NotFound) as error:
        st.toast(plain(error.message))


def _retry(services: Services, job_id: str) -> None:
    try:
        commands.retry_job(services, job_id, actor=actor())
    except (Conflict, NotFound) as error:
        st.toast(plain(error.message))


def _forget(job_id: str) -> None:
    st.session_state[_TRACKED] = tuple(other for other in tracked() if other != job_id)


def actor() -> str:
    """Return who acts: the signed-in person, or the page when nobody signs in."""
    return str(st.user.get("email") or "page") if st.user.get("is_logged_in") else "page"
