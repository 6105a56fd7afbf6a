"""Settings: which version of a model serves, live or as a shadow, and since when."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any

import streamlit as st

from monitor_core.errors import MonitorError
from monitor_core.ui.frame import attempt, card, failure, zone
from monitor_core.ui.jobs import actor
from monitor_core.ui.tables import table
from monitor_core.ui.text import plain
from monitor_core.ui.words import moment

if TYPE_CHECKING:
    from datetime import date

    from monitor_core.runtime import Services
    from monitor_core.storage.deployments import Deployment
    from monitor_core.storage.models import Model
    from monitor_core.values import ModelRef

__all__ = ["draw_deployments"]

_STAGES = {"Live": "live", "Shadow": "shadow"}


def draw_deployments(app: Services, model: Model, ref: ModelRef) -> None:
    """Draw which version serves, what served before, and the form that writes a change down."""
    found = app.deployments.list(model.model_id)
    serving = [one for one in found if one.ended_at is None]
    with card("In service", plain(model.model_id), key="deployments-card"):
        st.caption(
            "Written down, not done: Bellwether deploys nothing. It tells which version the advice is about, which one "
            "it could go back to, and which shadow may be compared with it."
        )
        for one in serving:
            _line(app, one)
        if not serving:
            st.caption("No version is written down as serving.")
        _form(app, model, ref)
        if found:
            _history(found, model)


def _line(app: Services, one: Deployment) -> None:
    since = moment(one.started_at, zone())
    colour, word = ("green", "Live") if one.stage == "live" else ("blue", "Shadow")
    with st.container(horizontal=True, vertical_alignment="center", key=f"serving-{one.deployment_id}"):
        st.markdown(
            f":{colour}-badge[{word}] **{plain(one.ref.version)}** :small[:gray[since {since}]]",
            width="stretch",
        )
        st.button(
            "Take out of service",
            key=f"withdraw-{one.deployment_id}",
            on_click=attempt,
            args=(lambda: app.deployments.end(one.ref, actor=actor()), "Written down"),
        )


def _form(app: Services, model: Model, ref: ModelRef) -> None:
    versions = [one.ref.version for one in app.models.versions(model.model_id)]
    with (
        st.form(f"deploy-{model.model_id}", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        version = st.selectbox("Version", versions, index=versions.index(ref.version), width=150)
        stage = st.selectbox(
            "Serves",
            list(_STAGES),
            width=110,
            help="Live: its answers are used. Shadow: it predicts the same rows, and nobody uses it.",
        )
        today = app.now().astimezone(zone()).date()
        since = st.date_input(
            "Since", value=None, max_value=today, format="YYYY-MM-DD", width=150, help="Left empty: now"
        )
        if st.form_submit_button("Write it down", icon=":material/rocket_launch:"):
            _start(app, type(ref)(model.model_id, str(version)), _STAGES[str(stage)], since)


def _start(app: Services, ref: ModelRef, stage: Any, since: date | None) -> None:
    """Since a day: from its beginning, where the viewer is."""
    at = datetime.combine(since, time.min, tzinfo=zone()).astimezone(UTC) if since else None
    try:
        app.deployments.start(ref, stage=stage, started_at=at, actor=actor())
    except MonitorError as error:
        failure(error, tried="Writing the version down", key="deploy")
        return
    st.toast("Written down", icon=":material/check:")
    st.rerun()


def _history(found: tuple[Deployment, ...], model: Model) -> None:
    here = zone()
    with st.expander("All deployments", icon=":material/history:"):
        table(
            {
                "Version": [one.ref.version for one in found],
                "Served": [one.stage for one in found],
                "Since": [moment(one.started_at, here) for one in found],
                "Until": [moment(one.ended_at, here) if one.ended_at else "" for one in found],
                "By": [one.created_by for one in found],
            },
            name=f"deployments_{model.model_id}",
            alt="Which version served when",
        )
