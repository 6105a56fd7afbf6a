from dataclasses import replace
from datetime import UTC, datetime

from monitor_core.jobs.queue import Job, JobState
from monitor_core.ui.jobs import job_title, progress_text
from monitor_core.values import ModelRef

JOB = Job(
    job_id="j",
    kind="drift_run",
    ref=ModelRef("shop", "1.0"),
    params={},
    state=JobState.RUNNING,
    progress=0.42,
    note="counting **x**",
    attempt=1,
    max_attempts=3,
    not_before=None,
    cancel_requested=False,
    owner="w",
    heartbeat_at=None,
    error=None,
    result=None,
    requested_by="page",
    created_at=datetime(2026, 11, 21, tzinfo=UTC),
    started_at=datetime(2026, 11, 21, tzinfo=UTC),
    finished_at=None,
)


def test_progress_says_what_how_far_and_how_long():
    """The note comes from the work and may hold names: it is only text."""
    said = progress_text(JOB, 75.0)
    assert "Drift run" in said
    assert "42%, about 1 min left" in said
    assert "**x**" not in said


def test_a_waiting_job_says_so():
    """It has no rate yet."""
    assert "waiting for the worker" in progress_text(replace(JOB, state=JobState.QUEUED), None)


def test_an_unknown_kind_is_shown_as_words():
    """A newer worker may know more kinds than this page."""
    assert job_title(replace(JOB, kind="count_stars", ref=None)) == "Count stars"
