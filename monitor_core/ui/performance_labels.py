"""Performance: how late labels come, what was delivered, what was corrected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from monitor_core.figures import performance as figures
from monitor_core.reports.numbers import fixed
from monitor_core.ui.frame import card, is_dark, zone
from monitor_core.ui.purposes import DELIVERED, counts_of
from monitor_core.ui.tables import table
from monitor_core.ui.words import counted, moment

if TYPE_CHECKING:
    from monitor_core.runtime import Services
    from monitor_core.ui.performance_reads import Reads

__all__ = ["draw_labels"]


def draw_labels(app: Services, reads: Reads, word: str) -> None:
    """Draw how late labels come, what was delivered, and what was corrected."""
    left, right = st.columns([2, 3])
    with left, card("How late labels come", counted(reads.delays().n, "label"), key="delays"):
        curve = reads.delays()
        if not curve.delays:
            st.caption("Not known yet: no label has come later than its prediction while the model served.")
        else:
            st.echarts_chart(
                figures.delays(curve, dark=is_dark(), word=word),
                height=240,
                key="delays-chart",
                alt="Share of labels that have arrived by time since the prediction",
            )
            st.caption(_due(curve.horizon, curve.horizon_from, word))
    with right:
        _deliveries(app, reads)
        _corrections(reads)


def _due(horizon: int, source: str, word: str) -> str:
    how = {"set": "as the setting `horizon` says", "observed": "when 95 % of the labels that come have come"}.get(
        source, ""
    )
    return (
        f"A prediction is due after {counted(horizon, word)}{', ' + how if how else ''}; until then it is not judged."
    )


def _deliveries(app: Services, reads: Reads) -> None:
    found = app.performance.store.batches(reads.ref.model_id, limit=100)
    with card("Deliveries", "latest first", key="deliveries"):
        here = zone()
        counts = [counts_of(one) for one in found]
        table(
            {
                "Recorded": [moment(one.recorded_at, here) for one in found],
                "What": [one.kind for one in found],
                "Rows": [one.n_rows for one in found],
                **{word: [one[word] for one in counts] for word in DELIVERED},
                "By": [one.recorded_by for one in found],
            },
            name=f"deliveries_{reads.ref.model_id}",
            alt="Deliveries of predictions and labels",
            config={title: st.column_config.NumberColumn(format="localized") for title in ("Rows", *DELIVERED)},
            height=min(220, 38 + 35 * len(found)),
        )


def _corrections(reads: Reads) -> None:
    found = reads.corrections()
    with card("Corrections", "what later deliveries changed", key="corrections"):
        if not found:
            st.caption("Nothing was corrected.")
            return
        here = zone()
        table(
            {
                "Recorded": [moment(one.recorded_at, here) for one in found],
                "Of": [one.granule for one in found],
                "Rows": [one.rows for one in found],
                "F1 before": [fixed(one.f1_before) for one in found],
                "F1 after": [fixed(one.f1_after) for one in found],
                "By": [one.recorded_by for one in found],
            },
            name=f"corrections_{reads.ref.model_id}_{reads.ref.version}",
            alt="Corrections with their effect on F1",
            height=min(220, 38 + 35 * len(found)),
        )
