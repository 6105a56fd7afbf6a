"""Settings: describe a model and its version, archive it, delete it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from monitor_core.errors import InvalidInput, MonitorError
from monitor_core.ui.frame import attempt, card, failure
from monitor_core.ui.jobs import actor
from monitor_core.ui.text import plain
from monitor_core.ui.upload import GRANULARITIES

if TYPE_CHECKING:
    import pandas as pd

    from monitor_core.runtime import Services
    from monitor_core.storage.models import Model, ModelVersion
    from monitor_core.values import ModelRef

__all__ = ["draw_archive", "draw_model", "draw_version", "importance_from"]


def draw_model(app: Services, model: Model) -> None:
    """Draw what is known about a model, to be changed."""
    with card("Model", plain(model.model_id), key="model-card"), st.form(f"model-{model.model_id}", border=False):
        left, right = st.columns(2)
        title = left.text_input("Title", model.title, max_chars=200)
        owner = right.text_input("Owner", model.owner, max_chars=200, placeholder="Team or person")
        kind = left.text_input("Type", model.kind, max_chars=200, placeholder="binary classifier, gradient boosting")
        kinds = list(dict.fromkeys([str(model.granularity), *GRANULARITIES]))
        granularity = right.selectbox(
            "Judged by", kinds, help="The length of a granule; it can change while no data are stored"
        )
        description = st.text_area("Description", model.description, max_chars=10_000, height=90)
        if st.form_submit_button("Save", icon=":material/save:"):
            try:
                app.models.update(
                    model.model_id,
                    title=title,
                    owner=owner,
                    kind=kind,
                    granularity=None if granularity == str(model.granularity) else granularity,
                    description=description,
                    actor=actor(),
                )
            except MonitorError as error:
                failure(error, tried="Saving the model", key="save-model")
                return
            st.toast("Saved", icon=":material/check:")
            st.rerun()


def draw_version(app: Services, version: ModelVersion) -> None:
    """Draw a version's training date, note and feature importance, and a place to add the next version."""
    with card("Version", plain(version.ref.version), key="version-card"):
        with st.form(f"version-{version.ref}", border=False):
            left, right = st.columns([1, 2])
            trained = left.date_input("Trained on", value=version.training_date or None, format="YYYY-MM-DD")
            note = right.text_input("Note", version.note, max_chars=2_000)
            st.caption("Feature importance: any scale; it orders the heatmap and weighs what to look at first.")
            edited = _importance_editor(version)
            if st.form_submit_button("Save", icon=":material/save:"):
                _save_version(app, version.ref, str(trained) if trained else "", note, edited)
        with (
            st.form(f"add-version-{version.ref.model_id}", border=False),
            st.container(horizontal=True, vertical_alignment="bottom"),
        ):
            name = st.text_input("Add a version", placeholder="1.1.0", max_chars=63, width=200)
            if st.form_submit_button("Add", icon=":material/add:"):
                _add_version(app, version.ref, name or "")


def _importance_editor(version: ModelVersion) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - heavy; only this editor needs it

    names = list(version.importance)
    frame = pd.DataFrame(
        {
            "Feature": pd.Series(names, dtype="str"),
            "Importance": pd.Series([version.importance[name] for name in names], dtype="float64"),
        }
    )
    edited: pd.DataFrame = st.data_editor(
        frame,
        num_rows="dynamic",
        hide_index=True,
        height=220,
        key=f"importance-{version.ref}",
        column_config={"Importance": st.column_config.NumberColumn(min_value=0.0, format="%.4g")},
        alt="Importance of each feature",
    )
    return edited


def importance_from(edited: pd.DataFrame) -> dict[str, float]:
    """Return the importance as the editor shows it; rows without a name or number are left out.

    Raises
    ------
    InvalidInput
        When a feature stands twice.
    """
    filled = edited.dropna()
    names = [str(name).strip() for name in filled["Feature"]]
    for name in names:
        if names.count(name) > 1:
            raise InvalidInput(f"feature {name!r} stands twice in the table", hint="keep one row of it")
    return {name: float(value) for name, value in zip(names, filled["Importance"], strict=True) if name}


def _save_version(app: Services, ref: ModelRef, trained: str, note: str, edited: pd.DataFrame) -> None:
    try:
        app.models.update_version(
            ref, training_date=trained, note=note, importance=importance_from(edited), actor=actor()
        )
    except MonitorError as error:
        failure(error, tried="Saving the version", key="save-version")
        return
    st.toast("Saved", icon=":material/check:")
    st.rerun()


def _add_version(app: Services, ref: ModelRef, name: str) -> None:
    try:
        app.models.add_version(type(ref)(ref.model_id, name), actor=actor())
    except MonitorError as error:
        failure(error, tried="Adding the version", key="add-version")
        return
    st.rerun()


def draw_archive(app: Services, model: Model | None) -> None:
    """Draw archiving and deleting of the chosen model, and what lies in the archive."""
    with card("Archive and delete", key="archive-card"):
        if model is not None:
            _away(app, model)
        put_away = [one for one in app.models.list(archived=True) if one.is_archived]
        if put_away:
            st.caption("In the archive:")
            for one in put_away:
                with st.container(horizontal=True, vertical_alignment="center"):
                    st.markdown(plain(one.title), width="stretch")
                    st.button(
                        "Restore",
                        key=f"restore-{one.model_id}",
                        on_click=attempt,
                        args=(lambda one=one: app.models.restore(one.model_id, actor=actor()),),
                    )


def _away(app: Services, model: Model) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("An archived model keeps everything and takes no more uploads.", width="stretch")
        st.button(
            "Archive",
            icon=":material/archive:",
            key="archive",
            on_click=attempt,
            args=(lambda: app.models.archive(model.model_id, actor=actor()), "Archived"),
        )
    with st.popover("Delete", icon=":material/delete:", key="delete-model"):
        st.caption(f"Deletes {plain(model.title)} with all its files, baselines and runs. Type its id to allow it.")
        typed = st.text_input("Id of the model", key="delete-name", live=True)
        st.button(
            "Delete for good",
            type="primary",
            key="go-delete-for-good",
            disabled=typed != model.model_id,
            on_click=attempt,
            args=(lambda: delete_model(app, model.model_id), "Deleted"),
        )


def delete_model(app: Services, model_id: str) -> None:
    """Delete a model and the files of its uploads."""
    for one in app.models.versions(model_id):
        for snapshot in app.snapshots.list(one.ref):
            if snapshot.state != "deleted":
                app.snapshots.delete(snapshot.snapshot_id, actor=actor())
    app.models.delete(model_id, actor=actor())
