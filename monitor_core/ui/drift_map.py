"""Drift: the heatmap card with its legend, and the same data as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from monitor_core.drift.results import CellState
from monitor_core.figures.drift import heatmap
from monitor_core.figures.heatmap import AWAITING
from monitor_core.reports.numbers import p_value
from monitor_core.ui.drift_choice import select
from monitor_core.ui.frame import card, is_dark
from monitor_core.ui.reading import awaiting
from monitor_core.ui.tables import table
from monitor_core.ui.words import counted, state_words

if TYPE_CHECKING:
    from monitor_core.figures.drift import HeatmapView

__all__ = ["draw_map", "draw_table", "legend"]

_CHART = "heatmap"
_STATES = tuple(CellState)
_TABLE_ROWS = 5_000


def draw_map(view: HeatmapView, cell: tuple[str, str] | None, *, word: str, levels: tuple[float, float, float]) -> None:
    """Draw the heatmap; a click opens its cell."""
    with card(f"Features × {word}s", legend(levels), key="map"):
        if not len(view.rows):
            st.caption("No feature fits the filter.")
            return

        def clicked() -> None:
            _open_clicked(view)

        waits, _ = view.cells(AWAITING)
        waiting = "less faint: significant, days not yet calibrated · " if len(waits) else ""
        st.echarts_chart(
            heatmap(view, dark=is_dark(), levels=levels, selected=cell),
            height=view.height,
            key=_CHART,
            on_select=clicked,
            alt=_alt(view, word),
        )
        st.caption(
            f"Faint: within noise · {waiting}hatched: unconfirmed · full: drifted · dotted: undecided · blank: absent. "
            f"PSI a feature and {word}. Click a cell to open it."
        )


def legend(levels: tuple[float, float, float]) -> str:
    """Return the colour steps as badges (Markdown)."""
    moderate, high, _ = levels
    return f":gray-badge[PSI \\< {moderate:.2f}] :orange-badge[{moderate:.2f} – {high:.2f}] :red-badge[≥ {high:.2f}]"


def _open_clicked(view: HeatmapView) -> None:
    for group in st.session_state[_CHART].selection.selected:
        if group["data_indices"] and (found := view.cell_at(group["series_id"], group["data_indices"][0])):
            select(*found)
            return


def _alt(view: HeatmapView, word: str) -> str:
    drifted, _ = view.cells(CellState.DRIFTED)
    return (
        f"Heatmap of PSI, {counted(len(view.rows), 'feature')} by {counted(len(view.columns), word)}; "
        f"{counted(len(drifted), 'cell')} drifted. The table below holds the same data."
    )


def draw_table(view: HeatmapView, run_id: str, *, word: str) -> None:
    """Draw what the heatmap shows as rows, worst state first, for keyboard, reader and spreadsheet."""
    columns, cut = _rows(view, word)
    if cut:
        st.caption(f"The {_TABLE_ROWS:,} most notable of {cut:,} cells; the report's CSV holds them all.")
    table(
        columns,
        name=f"drift_cells_{run_id[-6:]}",
        alt=f"PSI, adjusted p-value and state of every feature and {word} shown",
        config={
            "PSI": st.column_config.NumberColumn(format="%.3f"),
            "Above noise": st.column_config.NumberColumn(format="%.3f", help="PSI minus its noise floor"),
            "Missing": st.column_config.NumberColumn(format="percent"),
            "Rows": st.column_config.NumberColumn(format="localized"),
        },
        height=420,
    )


def _rows(view: HeatmapView, word: str) -> tuple[dict[str, Any], int]:
    matrix = view.matrix
    grid = np.ix_(view.rows, view.columns)
    state, psi = matrix.state[grid].ravel(), matrix.psi[grid].ravel()
    notable = np.array([{"drifted": 0, "absent": 1, "unconfirmed": 2}.get(one.value, 3) for one in _STATES])
    order = np.lexsort((-np.nan_to_num(psi), notable[state]))
    cut = len(order) if len(order) > _TABLE_ROWS else 0
    order = order[:_TABLE_ROWS]
    rows, columns = np.unravel_index(order, (len(view.rows), len(view.columns)))
    at = (view.rows[rows], view.columns[columns])
    return {
        "Feature": [matrix.features[i] for i in at[0]],
        word.capitalize(): [matrix.granules[i] for i in at[1]],
        "State": [
            state_words(_STATES[state], awaits=bool(waits))[0]
            for state, waits in zip(matrix.state[at], awaiting(matrix)[at], strict=True)
        ],
        "PSI": matrix.psi[at],
        "Above noise": matrix.psi_debiased[at],
        "Adjusted p": [p_value(float(p)) for p in matrix.p_adjusted[at]],
        "Missing": matrix.missing_share[at],
        "Rows": matrix.n_rows[at[1]],
    }, cut
