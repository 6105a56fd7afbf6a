"""Performance: how well the model really does, how sure that is, and what to do about it."""

from __future__ import annotations

import streamlit as st

from monitor_core.ui import access, jobs, performance_closer, performance_labels, performance_scores, performance_states
from monitor_core.ui.frame import guarded, head
from monitor_core.ui.performance_advice import draw_advice, draw_decisions
from monitor_core.ui.performance_baseline import baseline_menu, offer_baseline
from monitor_core.ui.performance_chart import draw_rolling
from monitor_core.ui.performance_choice import choose, choose_look
from monitor_core.ui.performance_figures import draw_metrics
from monitor_core.ui.performance_reads import Reads
from monitor_core.ui.performance_report import report_menu
from monitor_core.ui.performance_words import advice_badge
from monitor_core.ui.text import plain

app = access.services()
ref = access.chosen()
if ref is None:
    head("Performance", "No model yet")
    jobs.follow(app, key="performance")
    performance_states.no_model()
    st.stop()

model = app.models.get(ref.model_id)
if ref.version not in app.performance.store.versions(ref.model_id):
    head("Performance", f"{plain(ref)} · no predictions yet")
    jobs.follow(app, key="performance")
    performance_states.no_predictions(ref, model)
    st.stop()

word = model.granularity.word
top = st.container()
jobs.follow(app, key="performance")

with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
    choice = choose(app, ref, model)
    reads = Reads.of(app, ref, window=choice.window, segment=choice.segment)
    window, baseline = reads.window(), reads.baseline()
    if baseline is not None:
        baseline_menu(app, reads, word)
    report_menu(reads)

with top:
    head(
        "Performance", performance_states.about(window, reads.delays(), baseline, word), advice_badge(reads.advice()[1])
    )
    performance_states.warnings(window, word)

if baseline is None:
    with guarded("Offering a baseline", key="baseline"):
        offer_baseline(app, reads, word)
left, right = st.columns([5, 3])
with left:
    draw_rolling(app, model, reads, choice)
with right, guarded("Working the advice out", key="advice"):
    draw_advice(reads)
draw_metrics(window, baseline, choice)
if choice.other:
    with guarded("Comparing the versions", key="versions"):
        performance_closer.draw_versions(reads, choice)

look = choose_look()
with guarded(f"Showing {look}", key="look"):
    match look:
        case "Evidence":
            performance_closer.draw_evidence(reads, word)
        case "Without labels":
            performance_closer.draw_without(reads, choice.metric)
        case "Where":
            performance_closer.draw_where(reads)
        case "Cut-off":
            performance_scores.draw_cut_off(reads)
        case "Calibration":
            performance_scores.draw_calibration(reads)
        case "Labels":
            performance_labels.draw_labels(app, reads, word)
        case _:
            draw_decisions(app, reads)
