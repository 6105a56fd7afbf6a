"""Settings: thresholds of a model, what the installation is configured to, the example, the operators' trail."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import streamlit as st

from monitor_core.errors import MonitorError
from monitor_core.jobs import commands
from monitor_core.settings.catalogue import describe, known_settings
from monitor_core.ui.frame import attempt, card, failure, zone
from monitor_core.ui.jobs import actor
from monitor_core.ui.tables import table
from monitor_core.ui.text import plain
from monitor_core.ui.words import moment

if TYPE_CHECKING:
    import pandas as pd

    from monitor_core.runtime import Services
    from monitor_core.storage.models import Model

__all__ = ["changed", "draw_configuration", "draw_example", "draw_thresholds", "draw_trail"]

_GLOBAL = ("threads", "knots", "max_levels", "max_segments", "sample_rows")  # bounds of counting, set for everyone


def draw_thresholds(app: Services, model: Model) -> None:
    """Draw the thresholds of a model beside those of the installation."""
    general, own = asdict(app.settings.drift), asdict(model.drift_settings(app.settings.drift))
    names = [name for name in general if name not in _GLOBAL]
    aside = f"{len(model.thresholds)} of its own" if model.thresholds else "as the installation"
    with card("Thresholds", aside, key="thresholds-card"):
        st.caption(
            "Sizes name the severity; an alert also needs significance over the day's features and its repetition. "
            "Saved runs keep the thresholds they were judged with."
        )
        edited = _threshold_editor(model, names, general, own)
        with st.container(horizontal=True):
            if st.button("Save thresholds", icon=":material/save:", key="save-thresholds"):
                _save(app, model, changed(edited, names, general))
            st.button(
                "Reset to the installation's",
                key="reset-thresholds",
                disabled=not model.thresholds,
                on_click=attempt,
                args=(lambda: app.models.set_thresholds(model.model_id, {}, actor=actor()), "Reset"),
            )


def _threshold_editor(model: Model, names: list[str], general: dict[str, Any], own: dict[str, Any]) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - heavy; only this editor needs it

    known = known_settings()
    frame = pd.DataFrame(
        {
            "Threshold": names,
            "This model": [_text(own[name]) for name in names],
            "Installation": [_text(general[name]) for name in names],
            "Allowed": [known[f"drift.{name}"].allowed for name in names],
            "What it does": [known[f"drift.{name}"].words for name in names],
        }
    )
    edited: pd.DataFrame = st.data_editor(
        frame,
        hide_index=True,
        disabled=["Threshold", "Installation", "Allowed", "What it does"],
        column_config={"What it does": st.column_config.TextColumn(width="large")},
        key=f"thresholds-{model.model_id}-{len(model.thresholds)}",
        alt="Thresholds of this model; the second column can be changed",
    )
    return edited


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def changed(edited: pd.DataFrame, names: list[str], general: dict[str, Any]) -> dict[str, Any]:
    """Return the thresholds that differ from the installation's, as text for `settings.override` to read."""
    pairs = zip(names, edited["This model"], strict=True)
    return {name: str(value).strip() for name, value in pairs if str(value).strip() != _text(general[name])}


def _save(app: Services, model: Model, thresholds: dict[str, Any]) -> None:
    try:
        app.models.set_thresholds(model.model_id, thresholds, actor=actor())
    except MonitorError as error:
        failure(error, tried="Saving the thresholds", key="thresholds")
        return
    st.toast("Saved; the next run uses them", icon=":material/check:")
    st.rerun()


def draw_configuration(app: Services) -> None:
    """Draw what is configured and where each value came from; passwords are starred out."""
    with card("Configuration", "monitor.toml, environment, arguments", key="configuration-card"):
        values = describe(app.settings)
        table(
            {
                "Setting": [value.setting.key for value in values],
                "Value": [value.text for value in values],
                "From": [value.origin for value in values],
                "What it does": [value.setting.words for value in values],
                "Variable": [value.setting.variable for value in values],
            },
            name="configuration",
            alt="Every setting with its value and origin",
            config={"What it does": st.column_config.TextColumn(width="large")},
            height=420,
        )
        keep = app.settings
        st.caption(
            f"Kept rows are dropped after {keep.snapshots.keep_days} days, unconfirmed uploads after "
            f"{keep.snapshots.staged_hours} hours, finished jobs after {keep.retention.jobs_days} days; drift runs "
            + (f"after {keep.retention.runs_days} days." if keep.retention.runs_days else "never.")
        )


def draw_example(app: Services) -> None:
    """Draw the removal of the example, while it is there."""
    if any(model.is_example for model in app.models.list(archived=True)):
        with card("Example", "made-up data", key="example-card"):
            st.caption("The example model and everything made from it can be removed; nothing else is touched.")
            st.button(
                "Remove the example",
                icon=":material/delete:",
                key="remove-example",
                on_click=attempt,
                args=(lambda: commands.remove_example(app, actor=actor()), "The example is gone"),
            )


def draw_trail(app: Services) -> None:
    """Draw what operators did, and check that nobody changed it."""
    with card("Trail", "what operators did, chained", key="trail-card"):
        if st.button("Verify the chain", icon=":material/verified:", key="verify"):
            broken = app.trail.verify()
            if broken is None:
                st.success("The chain holds: no record was changed, removed or slipped in.", icon=":material/check:")
            else:
                st.error(f"Record {broken.sequence}: {plain(broken.reason)}", title="The chain is broken")
        here = zone()
        records = app.trail.list(limit=200)
        if not records:
            st.caption("Nothing recorded yet.")
            return
        table(
            {
                "When": [moment(record.at, here) for record in records],
                "Who": [record.actor for record in records],
                "What": [record.action for record in records],
                "Of": [record.subject for record in records],
                "Detail": [json.dumps(dict(record.detail), ensure_ascii=False) for record in records],
                "Number": [record.sequence for record in records],
            },
            name="trail",
            alt="The latest 200 actions of operators",
            config={"Detail": st.column_config.TextColumn(width="large")},
            height=420,
        )
