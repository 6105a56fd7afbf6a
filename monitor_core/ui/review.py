"""Data & reports: look at what was uploaded, say what each column is for, accept or discard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from monitor_core.errors import MonitorError
from monitor_core.jobs import commands
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.ui.frame import card, failure
from monitor_core.ui.jobs import actor, track
from monitor_core.ui.purposes import purpose_word, role_options
from monitor_core.ui.review_whole import draw_whole_file
from monitor_core.ui.tables import table
from monitor_core.ui.text import plain
from monitor_core.ui.words import counted, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from monitor_core.runtime import Services
    from monitor_core.snapshots.findings import CheckFinding
    from monitor_core.snapshots.records import Preview, Snapshot
    from monitor_core.ui.review_whole import WholeFile

__all__ = ["draw_findings", "draw_review", "roles_from"]

_FINDING_ICONS = {"refusal": "Refused", "warning": "Look at it", "info": "Good to know"}
_ROLES_HELP = (
    "- **entity_id**: joins predictions and labels\n- **timestamp**: when the prediction was made\n"
    "- **label**: what came true\n- **label_date**: when that became known\n"
    "- **version**: which version predicted, where one file holds several"
)


@st.cache_resource(max_entries=20, show_spinner="Reading the first rows")
def _preview(_app: Services, snapshot_id: str) -> Preview:
    return _app.snapshots.preview(snapshot_id)


def draw_review(app: Services, waiting: Sequence[Snapshot]) -> None:
    """Draw a card for every upload that waits for a decision."""
    for snapshot in waiting:
        aside = f"{purpose_word(snapshot.purpose)} of {plain(snapshot.ref)} · {size(snapshot.size_bytes)}"
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
    whole = draw_whole_file(app, preview, edited, key)
    with st.expander("First rows", icon=":material/table_rows:"):
        names = [column.name for column in preview.columns]
        st.dataframe(
            {name: [row[i] for row in preview.rows] for i, name in enumerate(names)}, alt="First rows of the file"
        )
    with st.container(horizontal=True):
        if st.button("Accept", type="primary", icon=":material/check:", key=f"go-accept-{key}"):
            _accept(app, preview, edited, whole)
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
            "Role": st.column_config.SelectboxColumn(
                options=role_options(preview.snapshot.purpose), required=True, help=_ROLES_HELP
            ),
            "Missing": st.column_config.NumberColumn(help=f"Among the first {preview.n_looked_at:,} rows"),
        },
        height=min(38 + 35 * len(frame), 430),
        key=f"roles-{key}",
        alt="Role of each column; choose one a row",
    )
    return edited


def roles_from(
    edited: pd.DataFrame, date: str | None = None, segment: str | None = None, positive: str | None = None
) -> Roles:
    """Return the roles as the editor shows them.

    Raises
    ------
    InvalidInput
        When two columns have a role that one may have, or a date stands beside a date column.
    """
    pairs = zip(edited["Column"], edited["Role"], strict=True)
    columns = tuple((str(name), Role(role)) for name, role in pairs)
    return Roles(columns, fixed_date=date, segment=segment, positive=positive)


def _accept(app: Services, preview: Preview, edited: pd.DataFrame, whole: WholeFile) -> None:
    snapshot = preview.snapshot
    try:
        if whole.granularity:
            app.models.update(snapshot.ref.model_id, granularity=whole.granularity, actor=actor())
        roles = roles_from(edited, whole.date, whole.segment, whole.positive)
        track(
            commands.accept_snapshot(
                app, snapshot.snapshot_id, roles, keep_rows=whole.keep, on_bad=whole.on_bad, actor=actor()
            )
        )
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
