"""Data & reports: upload, look, accept; what is stored, and what can be taken home."""

from __future__ import annotations

import streamlit as st

from monitor_core.ui import access, jobs, lists, review, upload
from monitor_core.ui.frame import guarded, head
from monitor_core.ui.text import plain

app = access.services()
ref = access.chosen()

head("Data & reports", f"Files, baselines, jobs and reports of {plain(ref)}" if ref else "Begin with a baseline")
jobs.follow(app, key="data")

waiting = [one for one in app.snapshots.list(limit=200) if one.state == "staged"]
review.draw_review(app, waiting)
upload.draw_upload(app, ref)

files, baselines, runs, work = st.tabs(
    ["Uploads", "Baselines", "Runs and reports", "Jobs"], on_change="rerun", key="list", bind="query-params"
)
if ref is not None and files.open:
    with files, guarded("Listing the uploads", key="uploads"):
        lists.draw_snapshots(app, ref)
if ref is not None and baselines.open:
    with baselines, guarded("Listing the baselines", key="baselines"):
        lists.draw_baselines(app, ref)
if ref is not None and runs.open:
    with runs, guarded("Listing the runs", key="runs"):
        lists.draw_runs(app, ref)
if work.open:
    with work, guarded("Listing the jobs", key="jobs"):
        lists.draw_jobs(app)
if ref is None and not work.open:
    st.caption("Nothing here yet.")
