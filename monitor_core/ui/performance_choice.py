"""Performance: the controls, and what they ask for. All of them live in the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from monitor_core.performance.calendar import granules_in
from monitor_core.performance.rolling import ROLLING_METRICS
from monitor_core.ui.performance_words import METRICS
from monitor_core.ui.words import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor_core.runtime import Services
    from monitor_core.storage.models import Model
    from monitor_core.values import ModelRef

__all__ = ["LOOKS", "Choice", "choose", "choose_look", "usual_window"]

_DAYS = (7, 30, 90)
_USUAL = "30"
_GRANULES = ("1", "3", "10")
_CUSTOM = "Custom"
_EVERYTHING = "All rows"
_NONE = "None"
_LONGEST = 3_650

LOOKS = ("Evidence", "Without labels", "Where", "Cut-off", "Calibration", "Labels", "Decisions")
"""What can be looked at more closely, in the order of the page."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the page shows."""

    window: int
    """Granules."""
    words: str
    """The window as its control calls it: ``30 days``."""
    segment: str
    metric: str
    other: str
    """Version to compare with, or empty."""


def choose(app: Services, ref: ModelRef, model: Model) -> Choice:
    """Draw the controls in one row and return what they ask for."""
    window, words = _window(model)
    metric = _metric()
    other = _other(app, ref)
    return Choice(window, words, _segment(app, ref), metric, other)


def usual_window(model: Model) -> tuple[int, str]:
    """Return the window that is shown when nobody has chosen one: 30 days, or the shortest that there is."""
    fitting = _fitting(model)
    if not fitting:
        return int(_GRANULES[0]), counted(int(_GRANULES[0]), model.granularity.word)
    usual = _usual(list(fitting))
    return fitting[usual], f"{usual} days"


def _fitting(model: Model) -> dict[str, int]:
    return {str(days): granules for days in _DAYS if (granules := granules_in(days, model.granularity))}


def _usual(options: Sequence[str]) -> str:
    return _USUAL if _USUAL in options else options[0]


def choose_look() -> str:
    """Draw the tabs of what can be looked at more closely; only the one that is open is worked out."""
    _drop_stale("look", LOOKS)
    picked = st.segmented_control(
        "Look closer",
        LOOKS,
        default=LOOKS[0],
        required=True,
        key="look",
        bind="query-params",
        label_visibility="collapsed",
    )
    return str(picked)


def _window(model: Model) -> tuple[int, str]:
    word = model.granularity.word
    fitting = _fitting(model)
    by_granule = not fitting
    options = [*(fitting or _GRANULES), _CUSTOM]
    _drop_stale("window", options)
    picked = st.segmented_control(
        f"Window ({word}s)" if by_granule else "Window (days)",
        options,
        default=_usual(options),
        required=True,
        key="window",
        bind="query-params",
        help="How much is judged together, ending with the last granule whose labels are due. "
        + (f"Windows of days are not available for a model judged by {word}." if by_granule else ""),
    )
    if picked == _CUSTOM:
        n = st.number_input(f"{word.capitalize()}s", 1, _LONGEST, 14, 1, key="granules", bind="query-params", width=110)
        return int(n or 1), counted(int(n or 1), word)
    if by_granule:
        return int(str(picked)), counted(int(str(picked)), word)
    return fitting[str(picked)], f"{picked} days"


def _metric() -> str:
    by_name = {METRICS[name]: name for name in ROLLING_METRICS if name in METRICS}
    _drop_stale("metric", list(by_name))
    picked = st.selectbox("Metric", list(by_name), key="metric", bind="query-params", width=150)
    return by_name[str(picked)]


def _other(app: Services, ref: ModelRef) -> str:
    versions = [version for version in app.performance.store.versions(ref.model_id) if version != ref.version]
    if not versions:
        return ""
    options = [_NONE, *versions]
    _drop_stale("other", options)
    picked = st.selectbox("Compare with version", options, key="other", bind="query-params", width=150)
    return "" if picked == _NONE else str(picked)


def _segment(app: Services, ref: ModelRef) -> str:
    values = app.performance.store.segments(ref)
    if not values:
        return ""
    options = [_EVERYTHING, *values]
    _drop_stale("only", options)
    picked = st.selectbox("Segment", options, key="only", bind="query-params", width=160)
    return "" if picked == _EVERYTHING else str(picked)


def _drop_stale(key: str, options: Sequence[str]) -> None:
    """Forget a choice that another model left behind."""
    if key in st.session_state and st.session_state[key] not in options:
        del st.session_state[key]
