"""Overview: the state of every model, what needs attention, the most drifted features."""

from __future__ import annotations

import streamlit as st

from monitor_core.ui import access, jobs, overview
from monitor_core.ui.frame import guarded, head

app = access.services()
rows = overview.latest_runs(app)
ref = access.chosen()
run = next((run for _, other, run in rows if other == ref), None)
word = next((model.granularity.word for model, other, _ in rows if other == ref), "day")

head(
    "Overview", overview.about(app, rows) if rows else "A new installation", overview.status(app, run) if run else None
)
jobs.follow(app, key="overview")

if not rows:
    overview.greet(app)
else:
    tiles = overview.model_cards(app, rows)
    left, right = st.columns([3, 2])
    with left, guarded("Reading the leading features", key="leaders"):
        if ref is not None and run is not None:
            overview.leading_features(app, ref, run, word)
    briefs = overview.performance_parts(app, tiles)
    with right, guarded("Reading what needs attention", key="attention"):
        overview.needs_attention(app, rows, briefs)
