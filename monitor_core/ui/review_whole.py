"""Data & reports: what is said of an uploaded file as a whole, fitted to what it is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from monitor_core.snapshots.roles import Role
from monitor_core.ui.purposes import BAD_ROWS, DELIVERIES, two_words
from monitor_core.ui.text import plain
from monitor_core.ui.upload import GRANULARITIES

if TYPE_CHECKING:
    import pandas as pd

    from monitor_core.runtime import Services
    from monitor_core.snapshots.records import Preview

__all__ = ["WholeFile", "draw_whole_file"]

_NO_SEGMENT = "No segments"
_BY_ITSELF = "As before"


@dataclass(frozen=True, slots=True)
class WholeFile:
    """What somebody said of a file as a whole."""

    date: str | None
    segment: str | None
    keep: bool
    """Keep the rows."""
    granularity: str | None
    """None: as it is."""
    on_bad: str
    positive: str | None
    """The word of the positive class; None: as earlier deliveries, or by the alphabet."""


def draw_whole_file(app: Services, preview: Preview, edited: pd.DataFrame, key: str) -> WholeFile:
    """Draw the controls that concern the whole file, and return what they say."""
    purpose = preview.snapshot.purpose
    is_delivery = purpose in DELIVERIES
    with st.container(horizontal=True, vertical_alignment="bottom"):
        return WholeFile(
            date=_date(preview, key),
            segment=_segment(preview, key) if purpose != "labels" else None,
            granularity=_granularity(app, preview, key),
            positive=_positive(preview, edited, key),
            on_bad=_bad_rows(key) if is_delivery else "keep",
            keep=_keep(app, key) if not is_delivery else False,
        )


def _date(preview: Preview, key: str) -> str | None:
    of_labels = " to which all these labels belong, where they should not be joined by id alone"
    date = st.date_input(
        "One date for the whole file",
        value=preview.roles.fixed_date,
        format="YYYY-MM-DD",
        key=f"date-{key}",
        help="Only when no column says when a row is from"
        + (f": the date of the predictions{of_labels}" if preview.snapshot.purpose == "labels" else ""),
        width=210,
    )
    return str(date) if date else None


def _segment(preview: Preview, key: str) -> str | None:
    columns = [_NO_SEGMENT, *(column.name for column in preview.columns)]
    at = columns.index(preview.roles.segment) if preview.roles.segment in columns else 0
    picked = st.selectbox("Also judge by segment", columns, index=at, key=f"segment-{key}", width=210)
    return None if picked == _NO_SEGMENT else str(picked)


def _granularity(app: Services, preview: Preview, key: str) -> str | None:
    """Draw the granularity while it can still change: before there is anything to judge by it."""
    ref = preview.snapshot.ref
    if app.drift.baselines(ref) or app.performance.store.batches(ref.model_id, limit=1):
        return None
    model = app.models.get(ref.model_id)
    kinds = GRANULARITIES if model.granularity.rows is None else (str(model.granularity), *GRANULARITIES)
    index = list(kinds).index(str(model.granularity))
    chosen = st.selectbox("Judged by", kinds, index=index, key=f"granularity-{key}", width=130)
    return chosen if chosen != str(model.granularity) else None


def _positive(preview: Preview, edited: pd.DataFrame, key: str) -> str | None:
    """Draw the choice of the positive class where the classes are words that do not say it themselves."""
    pairs = zip(edited["Column"], edited["Role"], strict=True)
    words = two_words(preview.columns, {str(name): Role(role) for name, role in pairs})
    if not words:
        return None
    options = [_BY_ITSELF, *words]
    index = options.index(preview.roles.positive) if preview.roles.positive in words else 0
    picked = st.selectbox(
        "Counts as positive",
        options,
        index=index,
        key=f"positive-{key}",
        help=f"Which word F1, precision and recall are about. As before: as in earlier deliveries of this model; in "
        f"the first, the last by the alphabet (here {plain(words[-1])}).",
        width=180,
    )
    return None if picked == _BY_ITSELF else str(picked)


def _bad_rows(key: str) -> str:
    picked = st.selectbox(
        "When rows are bad",
        list(BAD_ROWS),
        key=f"on-bad-{key}",
        help="A row is bad without an id, with a date that cannot be read, with a label that is neither class ... "
        "The reasons are listed either way.",
        width=210,
    )
    return BAD_ROWS[str(picked)]


def _keep(app: Services, key: str) -> bool:
    return bool(
        st.checkbox(
            "Keep the rows",
            value=app.settings.snapshots.keep_rows,
            key=f"keep-{key}",
            help=f"As Parquet for {app.settings.snapshots.keep_days} days; otherwise only counts stay",
        )
    )
