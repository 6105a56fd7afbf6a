"""The heatmap of a run: features x granules, as an ECharts option.

Colour says the size (PSI), the way a cell is drawn says the evidence, so that neither stands alone:

==============  =====================================================
state           drawn as
==============  =====================================================
stable          faint fill, however large the PSI (it is within noise)
unconfirmed     hatched fill
drifted         full fill, at least amber
undecided       dotted outline, no fill
absent          nothing
==============  =====================================================

Each state is one series with its own Arrow table, because only a series can carry a hatch without turning
182,500 cells into 182,500 JSON objects (measured: 500 x 365 as tables is 3 MB and draws within a second).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from monitor_core.drift.results import CellState
from monitor_core.figures.granules import short_label
from monitor_core.figures.theme import TEXT_FONT, Theme, mix, theme
from monitor_core.values import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from monitor_core.drift.results import RunMatrix

__all__ = ["AWAITING", "VISIBLE_GRANULES", "VISIBLE_ROWS", "HeatmapView", "heatmap"]

VISIBLE_ROWS = 40
"""Features on screen at once; more are reached with the slider at the side."""
VISIBLE_GRANULES = 120
"""Granules on screen at once; more are reached with the slider below."""
_ROW_PIXELS = 23
_DETAILED_CELLS = 20_000
_QUIET = (0.0, 0.33, 0.67, 1.0)
_STATES = tuple(CellState)
AWAITING = "awaiting"
"""The kind of cell that is stable, yet significant: its days are not yet calibrated."""
_DRAWN: tuple[str, ...] = (
    *(CellState.STABLE, CellState.UNCONFIRMED, CellState.DRIFTED, CellState.UNDECIDED, AWAITING),
)
_WORDS: dict[str, str] = {
    CellState.STABLE: "within noise",
    AWAITING: "significant, days not yet calibrated",
    CellState.UNCONFIRMED: "unconfirmed",
    CellState.DRIFTED: "drifted",
    CellState.UNDECIDED: "undecided",
}


@dataclass(frozen=True, slots=True, eq=False)
class HeatmapView:
    """Which rows and columns of a matrix are shown, in the order shown.

    Parameters
    ----------
    matrix
        The run.
    rows
        Positions of features, top to bottom.
    columns
        Positions of granules, left to right.
    """

    matrix: RunMatrix
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]

    @classmethod
    def whole(cls, matrix: RunMatrix) -> HeatmapView:
        """Show everything in the order of the file."""
        return cls(matrix, np.arange(len(matrix.features)), np.arange(len(matrix.granules)))

    def cells(self, kind: str) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return (row, column) on screen of every cell of a kind, in drawing order: a `CellState`, or `AWAITING`."""
        at = np.ix_(self.rows, self.columns)
        state = CellState.STABLE if kind == AWAITING else CellState(kind)
        found = self.matrix.state[at] == _STATES.index(state)
        if state is CellState.STABLE:
            waits = self.matrix.severity[at] == Severity.LOW.rank
            found &= waits if kind == AWAITING else ~waits
        rows, columns = np.nonzero(found)
        return rows, columns

    def cell_at(self, series: str, index: int) -> tuple[str, str] | None:
        """Return (feature, granule) of the `index`-th cell of a series, or None if there is none."""
        if series not in set(_DRAWN):
            return None
        rows, columns = self.cells(series)
        if not 0 <= index < len(rows):
            return None
        return (
            self.matrix.features[self.rows[rows[index]]],
            self.matrix.granules[self.columns[columns[index]]],
        )

    @property
    def height(self) -> int:
        """Pixels that the chart needs."""
        shown = min(len(self.rows), VISIBLE_ROWS)
        return max(shown * _ROW_PIXELS, 46) + 44 + (26 if len(self.columns) > VISIBLE_GRANULES else 0)


def heatmap(
    view: HeatmapView,
    *,
    dark: bool,
    levels: tuple[float, float, float] = (0.10, 0.25, 0.40),
    selected: tuple[str, str] | None = None,
) -> dict[str, Any]:
    """Return the ECharts option of a run's heatmap; cells can be selected.

    Parameters
    ----------
    view
        What to show.
    dark
        Appearance.
    levels
        PSI from which a cell is amber, red and dark red.
    selected
        (feature, granule) drawn with a frame; ignored when it is not on screen.
    """
    tokens = theme(dark=dark)
    series = [_series(view, position, kind, tokens) for position, kind in enumerate(_DRAWN)]
    return {
        "animation": False,
        "textStyle": {"fontFamily": TEXT_FONT},
        "grid": {
            "outerBoundsMode": "none",
            "left": _label_width(view) + 14,
            "right": 12 if len(view.rows) <= VISIBLE_ROWS else 34,
            "top": 4,
            "bottom": 36 + (26 if len(view.columns) > VISIBLE_GRANULES else 0),
        },
        "xAxis": _axis(
            [short_label(view.matrix.granules[i]) for i in view.columns], tokens, pointer=not _is_detailed(view)
        ),
        "yAxis": _feature_axis(view, tokens),
        "dataset": [{"source": _table(view, kind)} for kind in _DRAWN],
        "visualMap": [
            _colours(position, kind, levels, tokens)
            for position, kind in enumerate(_DRAWN)
            if kind != CellState.UNDECIDED
        ],
        "dataZoom": _zooms(view, tokens),
        "tooltip": _tooltip(tokens),
        "series": [*series, _frame(view, selected, tokens)],
    }


def _is_detailed(view: HeatmapView) -> bool:
    """Whether each cell carries its names and numbers; in a large map that doubles the time to draw (measured)."""
    return len(view.rows) * len(view.columns) <= _DETAILED_CELLS


def _table(view: HeatmapView, kind: str) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415 - heavy, and only charts need it

    rows, columns = view.cells(kind)
    at = (view.rows[rows], view.columns[columns])
    matrix = view.matrix
    table: dict[str, Any] = {
        "x": columns.astype(np.int32),
        "y": rows.astype(np.int32),
        "psi": np.round(np.nan_to_num(matrix.psi[at]), 4),  # a cell without a value would not be drawn at all
    }
    if _is_detailed(view):
        table |= {
            "feature": _named(matrix.features, at[0]),
            "granule": _named(matrix.granules, at[1]),
            "rows": matrix.n_rows[at[1]],
            "p": [_p_text(p) for p in matrix.p_adjusted[at]],
        }
    return pa.table(table)


def _named(names: Sequence[str], at: NDArray[np.intp]) -> pa.Array:
    import pyarrow as pa  # noqa: PLC0415 - heavy, and only charts need it

    return pa.array(names, type=pa.string()).take(pa.array(at))


def _p_text(p: float) -> str:
    return "not computed" if np.isnan(p) else "< 1e-9" if p < 1e-9 else f"{p:.2g}"


def _series(view: HeatmapView, position: int, kind: str, tokens: Theme) -> dict[str, Any]:
    style: dict[str, Any] = {"borderColor": tokens.background, "borderWidth": _gap(view), "borderRadius": 2}
    if kind == CellState.UNCONFIRMED:
        style["decal"] = {
            "symbol": "rect",
            "color": tokens.text,
            "dashArrayX": [1, 0],
            "dashArrayY": [1.5, 4],
            "rotation": -np.pi / 4,
        }
    if kind == CellState.UNDECIDED:
        style |= {"color": "transparent", "borderColor": tokens.muted, "borderType": "dotted", "borderWidth": 1}
    return {
        "type": "heatmap",
        "id": str(kind),
        "name": _WORDS[kind],
        "datasetIndex": position,
        "encode": {"x": "x", "y": "y", "value": "psi", "tooltip": ["psi"]},
        "tooltip": {"formatter": _tooltip_text(kind, detailed=_is_detailed(view))},
        "selectedMode": "single",
        "progressive": 0,  # what is on screen fits into one frame
        "itemStyle": style,
        "emphasis": {"itemStyle": {"color": "inherit", "borderColor": tokens.text, "borderWidth": 1}},
        "select": {"disabled": True},  # the frame below shows the choice, wherever it was made
    }


def _gap(view: HeatmapView) -> float:
    return 2 if min(len(view.columns), VISIBLE_GRANULES) <= 62 else 1


def _colours(position: int, kind: str, levels: tuple[float, float, float], tokens: Theme) -> dict[str, Any]:
    moderate, high, critical = levels
    share = {CellState.STABLE: 0.32, AWAITING: 0.5, CellState.UNCONFIRMED: 0.7, CellState.DRIFTED: 1.0}[kind]
    amber, crimson = (
        [mix(colour, tokens.background, share) for colour in colours] for colours in (tokens.amber, tokens.crimson)
    )
    middle = (moderate + high) / 2
    # Below the first level, small changes still differ in shade; a drifted cell is amber however small its PSI.
    quiet = [
        amber[0] if kind == CellState.DRIFTED else mix(tokens.neutral[1], tokens.neutral[0], part) for part in _QUIET
    ]
    return {
        "type": "piecewise",
        "show": False,
        "seriesIndex": position,
        "dimension": 2,
        "pieces": [
            {"lt": moderate / 8, "color": quiet[0]},
            {"gte": moderate / 8, "lt": moderate / 4, "color": quiet[1]},
            {"gte": moderate / 4, "lt": moderate / 2, "color": quiet[2]},
            {"gte": moderate / 2, "lt": moderate, "color": quiet[3]},
            {"gte": moderate, "lt": middle, "color": amber[0]},
            {"gte": middle, "lt": high, "color": amber[1]},
            {"gte": high, "lt": critical, "color": crimson[0]},
            {"gte": critical, "color": crimson[1]},
        ],
    }


def _frame(view: HeatmapView, selected: tuple[str, str] | None, tokens: Theme) -> dict[str, Any]:
    at = _position(view, selected)
    return {
        "type": "heatmap",
        "id": "selected",
        "name": "selected",
        "silent": True,
        "zlevel": 1,
        "data": [] if at is None else [[at[1], at[0], 0]],
        "itemStyle": {"color": "transparent", "borderColor": tokens.text, "borderWidth": 2, "borderRadius": 2},
        "tooltip": {"show": False},
    }


def _position(view: HeatmapView, selected: tuple[str, str] | None) -> tuple[int, int] | None:
    if selected is None:
        return None
    features = [view.matrix.features[i] for i in view.rows]
    granules = [view.matrix.granules[i] for i in view.columns]
    if selected[0] not in features or selected[1] not in granules:
        return None
    return features.index(selected[0]), granules.index(selected[1])


def _label_width(view: HeatmapView) -> int:
    longest = max((len(view.matrix.features[i]) for i in view.rows), default=0)
    return min(8 + longest * 6, 150)


def _axis(labels: list[str], tokens: Theme, *, pointer: bool) -> dict[str, Any]:
    return {
        "axisPointer": {
            "show": pointer,
            "type": "none",
            "label": {"color": tokens.background, "backgroundColor": tokens.text},
        },
        "type": "category",
        "data": labels,
        "axisTick": {"show": False},
        "axisLine": {"show": False},
        "splitArea": {"show": False},
        "splitLine": {"show": False},
        "axisLabel": {"color": tokens.muted, "fontSize": 11, "hideOverlap": True},
    }


def _feature_axis(view: HeatmapView, tokens: Theme) -> dict[str, Any]:
    axis = _axis([view.matrix.features[i] for i in view.rows], tokens, pointer=not _is_detailed(view))
    axis["inverse"] = True
    axis["axisLabel"] |= {
        "interval": 0,
        "hideOverlap": False,
        "width": _label_width(view),
        "overflow": "truncate",
        "margin": 6,
    }
    return axis


def _zooms(view: HeatmapView, tokens: Theme) -> list[dict[str, Any]]:
    look = {
        "type": "slider",
        "brushSelect": False,
        "showDetail": False,
        "showDataShadow": False,
        "borderColor": tokens.border,
        "fillerColor": tokens.gray_soft,
        "handleStyle": {"color": tokens.background, "borderColor": tokens.muted},
        "moveHandleSize": 0,
    }
    zooms: list[dict[str, Any]] = []
    if len(view.rows) > VISIBLE_ROWS:
        zooms.append(
            look | {"yAxisIndex": 0, "startValue": 0, "endValue": VISIBLE_ROWS - 1, "right": 4, "width": 14, "top": 4}
        )
    if len(view.columns) > VISIBLE_GRANULES:
        last = len(view.columns) - 1
        start = last - VISIBLE_GRANULES + 1
        zooms.append(look | {"xAxisIndex": 0, "startValue": start, "endValue": last, "bottom": 6, "height": 16})
    return zooms


def _tooltip(tokens: Theme) -> dict[str, Any]:
    return {
        "backgroundColor": tokens.background,
        "borderColor": tokens.border,
        "textStyle": {"color": tokens.text, "fontSize": 12},
        "confine": True,
    }


def _tooltip_text(kind: str, *, detailed: bool) -> str:
    """Return the template, which is HTML; Streamlit puts the values in escaped.

    A large map names feature and granule on its axes instead.
    """
    psi = "" if kind == CellState.UNDECIDED else "PSI {@psi}"
    if not detailed:
        return "<br>".join(filter(None, [_WORDS[kind], psi]))
    numbers = [f"{psi}, {{@rows}} rows", "adjusted p {@p}"] if psi else ["{@rows} rows"]
    return "<br>".join(["<b>{@feature}</b>", f"{{@granule}}: {_WORDS[kind]}", *numbers])
