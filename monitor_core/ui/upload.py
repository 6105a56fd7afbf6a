"""Data & reports: choose model and purpose, hand over files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from monitor_core.errors import InvalidInput, MonitorError
from monitor_core.ui import access
from monitor_core.ui.frame import card, failure
from monitor_core.ui.jobs import actor
from monitor_core.ui.lines import cli_lines, http_lines
from monitor_core.ui.purposes import PURPOSES, TAKES
from monitor_core.ui.text import plain
from monitor_core.ui.words import size
from monitor_core.values import GranularityKind, ModelRef

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from monitor_core.runtime import Services
    from monitor_core.snapshots.records import Purpose

__all__ = ["FILE_TYPES", "GRANULARITIES", "draw_upload", "granularity_of"]

FILE_TYPES = ("csv", "gz", "parquet", "pq", "jsonl", "ndjson", "arrow", "feather", "zip")
GRANULARITIES = tuple(kind.value for kind in GranularityKind)
_NEW = "A new model"


@dataclass(frozen=True, slots=True)
class Target:
    """Where files go: an existing model version by name, or a new one with its granularity."""

    name: str
    version: str = ""
    granularity: str = ""

    @property
    def is_new(self) -> bool:
        """Whether the model has to be added first."""
        return bool(self.granularity)


def draw_upload(app: Services, ref: ModelRef | None) -> None:
    """Draw the card that takes files in; they wait for a look at their columns before anything is counted."""
    with card("Upload", "CSV, Parquet, JSONL, Arrow; gzip or zip of these", key="upload"):
        left, right = st.columns([2, 3])
        with left:
            target = _target(app, ref)
            has_baseline = bool(ref and target.name == str(ref) and app.drift.baselines(ref))
            purpose = _purpose(target, has_baseline=has_baseline)
        with right:
            files = st.file_uploader(
                "Files",
                type=list(FILE_TYPES),
                accept_multiple_files=True,
                max_upload_size=max(app.settings.snapshots.max_page_bytes >> 20, 1),
                key=f"files-{st.session_state.get('files-round', 0)}",
            )
            st.caption(f"Up to {size(app.settings.snapshots.max_page_bytes)} a file here; larger ones as below.")
        if st.button("Continue", type="primary", disabled=not files, icon=":material/arrow_forward:", key="go-stage"):
            _stage(app, files, target, purpose)
        _larger(app, ref)


def _purpose(target: Target, *, has_baseline: bool) -> Purpose:
    asked = st.query_params.get("purpose", "")
    usual = "New data" if has_baseline else "Baseline"
    picked = st.segmented_control(
        "What it is",
        list(PURPOSES),
        default=asked if asked in PURPOSES else usual,
        required=True,
        key=f"purpose-{target.name}-{has_baseline}",
        help="\n".join(f"- **{word}**: {TAKES[purpose]}" for word, purpose in PURPOSES.items()),
    )
    purpose = PURPOSES[str(picked)]
    st.caption(TAKES[purpose])
    return purpose


def _target(app: Services, ref: ModelRef | None) -> Target:
    names = access.model_names(app)
    options = [*names, _NEW]
    index = options.index(str(ref)) if ref and str(ref) in options else len(options) - 1
    target = st.selectbox("Model", options, index=index, key=f"upload-to-{ref}")
    if target != _NEW:
        return Target(str(target))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        model_id = st.text_input("Id", placeholder="churn", key="new-id", help="a-z, 0-9, '-' and '_'", max_chars=63)
        version = st.text_input("Version", value="1.0.0", key="new-version", max_chars=63, width=110)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.selectbox(
            "Judged by", GRANULARITIES, index=1, key="new-granularity", help="The length of one granule of its data"
        )
        rows = st.number_input("Rows", 100, 10**9, 5000, 100, key="new-rows") if kind == "rows" else None
    return Target(model_id or "", version or "", granularity_of(str(kind), rows))


def granularity_of(kind: str, rows: int | None) -> str:
    """Return a granularity as text.

    Examples
    --------
    >>> granularity_of("day", None), granularity_of("rows", 500)
    ('day', 'rows:500')
    """
    return f"{kind}:{rows}" if kind == "rows" and rows else kind


def _stage(app: Services, files: Sequence[UploadedFile], target: Target, purpose: Purpose) -> None:
    try:
        ref = _ref(app, target)
    except MonitorError as error:
        failure(error, tried="Adding the model", key="add-model")
        return
    # Several files of a baseline are parts of one table; several files of anything else are so many uploads.
    groups = [list(files)] if purpose == "baseline" else [[file] for file in files]
    known = []
    for group in groups:
        try:
            parts = [(file.name, file) for file in group]
            staged = app.snapshots.stage_many(parts, ref=ref, purpose=purpose, actor=actor())
        except MonitorError as error:
            failure(error, tried=f"Uploading {plain(group[0].name, limit=60)}", key=f"stage-{group[0].file_id}")
            return
        if staged.duplicate_of:
            known.append(staged.filename)
    st.session_state["files-round"] = st.session_state.get("files-round", 0) + 1
    st.session_state["show-model"] = str(ref)
    if known:
        st.toast(f"Already here: {plain(', '.join(known))}", icon=":material/content_copy:")
    st.rerun()


def _ref(app: Services, target: Target) -> ModelRef:
    if not target.is_new:
        model_id, _, version = target.name.partition(" ")
        return ModelRef(model_id, version)
    if not target.name:
        raise InvalidInput("the new model needs an id", hint="1-63 characters of a-z, 0-9, '-' and '_'")
    ref = ModelRef(target.name, target.version)
    app.models.add(ref.model_id, version=ref.version, granularity=target.granularity, actor=actor())
    return ref


def _larger(app: Services, ref: ModelRef | None) -> None:
    with st.expander("Larger than memory, or from a pipeline", icon=":material/terminal:"):
        st.caption("These stream from disk, of any size that the settings allow:")
        st.code(cli_lines(ref), language="bash", wrap_lines=True)
        st.code(http_lines(app.settings, ref), language="bash", wrap_lines=True)
