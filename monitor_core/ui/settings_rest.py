"""Settings: what the installation is configured to, the example, the operators' trail."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import streamlit as st

from monitor_core.jobs import commands
from monitor_core.settings.catalogue import describe
from monitor_core.ui.frame import attempt, card, zone
from monitor_core.ui.jobs import actor
from monitor_core.ui.tables import table
from monitor_core.ui.text import plain
from monitor_core.ui.words import moment

if TYPE_CHECKING:
    from monitor_core.runtime import Services

__all__ = ["draw_configuration", "draw_example", "draw_trail"]


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
