"""Drift: every feature over time; a cell opens both distributions, its statistics and its trend."""

from __future__ import annotations

import streamlit as st

from monitor_core.ui import access, drift_actions, drift_cell, drift_choice, drift_map, drift_states, jobs
from monitor_core.ui.frame import card, guarded, head
from monitor_core.ui.reading import absent
from monitor_core.ui.words import run_status

app = access.services()
ref = access.chosen()
if ref is None:
    head("Drift", "No model yet")
    jobs.follow(app, key="drift")
    drift_states.no_model()
    st.stop()

model = app.models.get(ref.model_id)
runs = app.drift.runs(ref)
if not runs:
    head("Drift", drift_states.about_nothing(ref))
    jobs.follow(app, key="drift")
    drift_states.no_run(app, ref, model)
    st.stop()

word = model.granularity.word
top = st.container()
jobs.follow(app, key="drift")

with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
    run = drift_choice.choose_run(runs)
    segment = drift_choice.choose_segment(app, run)
    with st.skeleton(height=600):
        matrix = access.matrix(app, run.run_id, segment)
    view = drift_choice.choose_view(matrix, word, dict(app.models.version(ref).importance))
    drift_actions.rerun_menu(app, ref, model, run)
    drift_actions.report_menu(app, run)

with top:
    head("Drift", drift_states.about(run, word, segment), run_status(run, n_absent=absent(matrix)))
    drift_states.warnings(app, run, word)

levels = drift_states.levels_of(run)
left, right = st.columns([3, 2])
with right:
    cell = drift_choice.choose_cell(matrix, word)
with left:
    drift_map.draw_map(view, cell, word=word, levels=levels)
    with st.expander("The same as a table", icon=":material/table_rows:", on_change="rerun", key="cells") as cells:
        if cells.open:
            drift_map.draw_table(view, run.run_id, word=word)
    drift_states.compare(app, run, runs)
with right, guarded("Reading the cell", key="cell"):
    if cell is None:
        with card("No cell"):
            st.caption("This run holds no feature that is monitored.")
    else:
        granule = access.granule(app, run.run_id, cell[1], segment)
        detail = access.cell(app, run.run_id, *cell, segment)
        drift_cell.draw_cell(detail, word=word, levels=levels, together=granule.window)
        if granule.multivariate is not None:
            drift_cell.draw_multivariate(granule.multivariate, cell[1])
