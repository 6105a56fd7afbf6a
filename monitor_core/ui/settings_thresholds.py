"""Settings: the thresholds of a model beside those of the installation, for drift and for performance."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from monitor_core.errors import MonitorError
from monitor_core.settings.catalogue import known_settings
from monitor_core.ui.frame import attempt, card, failure
from monitor_core.ui.jobs import actor

if TYPE_CHECKING:
    import pandas as pd

    from monitor_core.runtime import Services
    from monitor_core.storage.models import Model

    Group = Literal["drift", "performance"]

__all__ = ["changed", "draw_thresholds"]

_TITLES: dict[Group, str] = {"drift": "Thresholds of drift", "performance": "Thresholds of performance"}
_ABOUT: dict[Group, str] = {
    "drift": "Sizes name the severity; an alert also needs significance over the day's features and its repetition. "
    "Saved runs keep the thresholds they were judged with.",
    "performance": "Levels name the severity of a fall of F1; advice rests on probabilities and costs. They apply at "
    "once, also to what was delivered before.",
}
_SAVED: dict[Group, str] = {"drift": "Saved; the next run uses them", "performance": "Saved; they apply from now on"}
_GLOBAL = ("threads", "knots", "max_levels", "max_segments", "sample_rows")  # bounds of counting, set for everyone


def draw_thresholds(app: Services, model: Model, group: Group) -> None:
    """Draw the thresholds of a model beside those of the installation."""
    general, own = _of(app, model, group)
    names = [name for name in general if name not in _GLOBAL]
    n_own = sum(name in model.thresholds for name in names)
    with card(
        _TITLES[group], f"{n_own} of its own" if n_own else "as the installation", key=f"thresholds-card-{group}"
    ):
        st.caption(_ABOUT[group])
        edited = _editor(model, names, general, own, group)
        with st.container(horizontal=True):
            if st.button("Save thresholds", icon=":material/save:", key=f"save-thresholds-{group}"):
                _save(app, model, changed(edited, names, general), group)
            st.button(
                "Reset to the installation's",
                key=f"reset-thresholds-{group}",
                disabled=not n_own,
                on_click=attempt,
                args=(lambda: app.models.set_thresholds(model.model_id, {}, group=group, actor=actor()), "Reset"),
            )


def _of(app: Services, model: Model, group: Group) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the thresholds of the installation, and those in force for the model."""
    if group == "drift":
        return asdict(app.settings.drift), asdict(model.drift_settings(app.settings.drift))
    return asdict(app.settings.performance), asdict(model.performance_settings(app.settings.performance))


def _editor(model: Model, names: list[str], general: dict[str, Any], own: dict[str, Any], group: Group) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - heavy; only this editor needs it

    known = known_settings()
    frame = pd.DataFrame(
        {
            "Threshold": names,
            "This model": [_text(own[name]) for name in names],
            "Installation": [_text(general[name]) for name in names],
            "Allowed": [known[f"{group}.{name}"].allowed for name in names],
            "What it does": [known[f"{group}.{name}"].words for name in names],
        }
    )
    n_own = sum(name in model.thresholds for name in names)
    edited: pd.DataFrame = st.data_editor(
        frame,
        hide_index=True,
        disabled=["Threshold", "Installation", "Allowed", "What it does"],
        column_config={"What it does": st.column_config.TextColumn(width="large")},
        key=f"thresholds-{group}-{model.model_id}-{n_own}",
        alt=f"Thresholds of this model for {group}; the second column can be changed",
    )
    return edited


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def changed(edited: pd.DataFrame, names: list[str], general: dict[str, Any]) -> dict[str, Any]:
    """Return the thresholds that differ from the installation's, as text for `settings.override` to read."""
    pairs = zip(names, edited["This model"], strict=True)
    return {name: str(value).strip() for name, value in pairs if str(value).strip() != _text(general[name])}


def _save(app: Services, model: Model, thresholds: dict[str, Any], group: Group) -> None:
    try:
        app.models.set_thresholds(model.model_id, thresholds, group=group, actor=actor())
    except MonitorError as error:
        failure(error, tried="Saving the thresholds", key=f"thresholds-{group}")
        return
    st.toast(_SAVED[group], icon=":material/check:")
    st.rerun()
