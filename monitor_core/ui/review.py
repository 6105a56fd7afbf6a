"""Data & reports: look at what was uploaded, say what each column is for, accept or discard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from monitor_core.errors import MonitorError
from monitor_core.jobs import commands
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.ui.frame import card, failure
from monitor_core.ui.jobs import actor, track
from monitor_core.ui.tables import table
from monitor_core.ui.text import plain
from monitor_core.ui.upload import GRANULARITIES
from monitor_core.ui.words import counted, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from monitor_core.runtime import Services
    from monitor_core.snapshots.findings import CheckFinding
    from monitor_core.snapshots.records import Preview, Snapshot

__all__ = ["draw_findings", "draw_review", "roles_from"]

_FINDING_ICONS = {"refusal": "Refused", "warning": "Look at it", "info": "Good to know"}
_NO_SEGMENT = "No segments"


@st.cache_resource(max_entries=20, show_spinner="Reading the first rows")
def _preview(_app: Services, snapshot_id: str) -> Preview:
    return _app.snapshots.preview(snapshot_id)


def draw_review(app: Services, waiting: Sequence[Snapshot]) -> None:
    """Draw a card for every upload that waits for a decision."""
    for snapshot in waiting:
        what = "Baseline" if snapshot.purpose == "baseline" else "New data"
        aside = f"{what} of {plain(snapshot.ref)} · {size(snapshot.size_bytes)}"
        with card(plain(snapshot.filename, limit=60), aside, key=f"review-{snapshot.snapshot_id}"):
            try:
                preview = _preview(app, snapshot.snapshot_id)
            except MonitorError as error:
                failure(error, tried="Reading the file", key=snapshot.snapshot_id)
                _discard_button(app, snapshot)
                continue
            _one(app, preview)


def _one(app: Services, preview: Preview) -> None:
    key = preview.snapshot.snapshot_id
    if preview.snapshot.duplicate_of:
        st.warning(
            "The same file was accepted before and is not counted twice: discard it, or delete the earlier upload.",
            icon=":material/content_copy:",
        )
    rows = counted(preview.n_rows, "row") if preview.n_rows is not None else "rows not counted yet"
    remembered = "roles as last time" if preview.roles_remembered else "roles guessed"
    st.caption(f"{rows}, {counted(len(preview.columns), 'column')} · {remembered}; change what is wrong.")
    draw_findings(preview.findings, name=f"preview_{key[-6:]}")
    edited = _editor(preview, key)
    date, segment, keep, granularity = _whole_file(app, preview, key)
    with st.expander("First rows", icon=":material/table_rows:"):
        names = [column.name for column in preview.columns]
        st.dataframe(
            {name: [row[i] for row in preview.rows] for i, name in enumerate(names)}, alt="First rows of the file"
        )
    with st.container(horizontal=True):
        if st.button("Accept", type="primary", icon=":material/check:", key=f"go-accept-{key}"):
            _accept(app, preview, roles_from(edited, date, segment), keep=keep, granularity=granularity)
        _discard_button(app, preview.snapshot)


def _editor(preview: Preview, key: str) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - heavy; only a waiting upload needs it

    role_of = dict(preview.roles.columns)
    frame = pd.DataFrame(
        {
            "Column": [column.name for column in preview.columns],
            "Role": [role_of.get(column.name, Role.IGNORED).value for column in preview.columns],
            "Type": [column.type for column in preview.columns],
            "Missing": [column.n_missing for column in preview.columns],
            "Examples": [", ".join(column.examples) for column in preview.columns],
        }
    )
    edited: pd.DataFrame = st.data_editor(
        frame,
        hide_index=True,
        disabled=["Column", "Type", "Missing", "Examples"],
        column_config={
            "Role": st.column_config.SelectboxColumn(options=[role.value for role in Role], required=True),
            "Missing": st.column_config.NumberColumn(help=f"Among the first {preview.n_looked_at:,} rows"),
        },
        height=min(38 + 35 * len(frame), 430),
        key=f"roles-{key}",
        alt="Role of each column; choose one a row",
    )
    return edited


def _whole_file(app: Services, preview: Preview, key: str) -> tuple[str | None, str | None, bool, str | None]:
    """Draw what concerns the file as a whole: its date, segments, keeping, and the granularity while it can change."""
    model = app.models.get(preview.snapshot.ref.model_id)
    granularity: str | None = None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        fixed = preview.roles.fixed_date
        date = st.date_input(
            "One date for the whole file",
            value=fixed,
            format="YYYY-MM-DD",
            key=f"date-{key}",
            help="Only when no column says when a row is from",
            width=210,
        )
        columns = [_NO_SEGMENT, *(column.name for column in preview.columns)]
        at = columns.index(preview.roles.segment) if preview.roles.segment in columns else 0
        segment = st.selectbox("Also judge by segment", columns, index=at, key=f"segment-{key}", width=210)
        if not app.drift.baselines(preview.snapshot.ref):
            kinds = (
                GRANULARITIES if model.granularity.kind.value != "rows" else (str(model.granularity), *GRANULARITIES)
            )
            index = list(kinds).index(str(model.granularity))
            chosen = st.selectbox("Judged by", kinds, index=index, key=f"granularity-{key}", width=130)
            granularity = chosen if chosen != str(model.granularity) else None
        keep = st.checkbox(
            "Keep the rows",
            value=app.settings.snapshots.keep_rows,
            key=f"keep-{key}",
            help=f"As Parquet for {app.settings.snapshots.keep_days} days; otherwise only counts stay",
        )
    return (str(date) if date else None), (None if segment == _NO_SEGMENT else segment), keep, granularity


def roles_from(edited: pd.DataFrame, date: str | None, segment: str | None) -> Roles:
    """Return the roles as the editor shows them.

    Raises
    ------
    InvalidInput
        When two columns have a role that one may have, or a date stands beside a date column.
    """
    pairs = zip(edited["Column"], edited["Role"], strict=True)
    return Roles(tuple((str(name), Role(role)) for name, role in pairs), fixed_date=date, segment=segment)


def _accept(app: Services, preview: Preview, roles: Roles, *, keep: bool, granularity: str | None) -> None:
    snapshot = preview.snapshot
    try:
        if granularity:
            app.models.update(snapshot.ref.model_id, granularity=granularity, actor=actor())
        track(commands.accept_snapshot(app, snapshot.snapshot_id, roles, keep_rows=keep, actor=actor()))
    except MonitorError as error:
        failure(error, tried="Accepting the file", key=f"accept-{snapshot.snapshot_id}")
        return
    st.rerun()


def _discard_button(app: Services, snapshot: Snapshot) -> None:
    st.button(
        "Discard",
        icon=":material/delete:",
        key=f"discard-{snapshot.snapshot_id}",
        on_click=_discard,
        args=(app, snapshot.snapshot_id),
    )


def _discard(app: Services, snapshot_id: str) -> None:
    try:
        app.snapshots.delete(snapshot_id, actor=actor())
    except MonitorError as error:
        st.toast(plain(error.message), icon=":material/error:")


def draw_findings(findings: Sequence[CheckFinding], *, name: str) -> None:
    """Draw what a check found: the refusals as an error, all of it as a table that can be downloaded."""
    if not findings:
        return
    refusals = [finding for finding in findings if finding.severity == "refusal"]
    if refusals:
        st.error(f"{counted(len(refusals), 'reason')}, listed below.", title="Refused", icon=":material/block:")
    table(
        {
            "": [_FINDING_ICONS[finding.severity] for finding in findings],
            "Finding": [finding.message for finding in findings],
            "Column": [finding.column or "" for finding in findings],
            "Row": [finding.row for finding in findings],
            "Value": [finding.value or "" for finding in findings],
            "Allowed": [finding.allowed or "" for finding in findings],
        },
        name=f"findings_{name}",
        alt="What the check of the file found",
        config={"Finding": st.column_config.TextColumn(width="large")},
    )
