"""Performance: a metric over time with its interval, levels, deployments and what is still to come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from monitor_core.figures.performance import Mark, rolling
from monitor_core.reports.numbers import fixed
from monitor_core.ui.frame import card, is_dark
from monitor_core.ui.performance_words import METRICS, held_value, levels
from monitor_core.ui.tables import csv_button

if TYPE_CHECKING:
    from monitor_core.performance.results import Rolling
    from monitor_core.runtime import Services
    from monitor_core.storage.models import Model
    from monitor_core.ui.performance_choice import Choice
    from monitor_core.ui.performance_reads import Reads

__all__ = ["draw_rolling"]


def draw_rolling(app: Services, model: Model, reads: Reads, choice: Choice) -> None:
    """Draw the chosen metric of the window that ends at each granule."""
    shown = reads.rolling(choice.metric)
    name = METRICS[choice.metric]
    other = (f"Version {choice.other}", reads.other(choice.other, choice.metric)) if choice.other else None
    with card(f"{name}, rolling {choice.words}", "band: 95 % interval", key="rolling"):
        if not any(value is not None for value in shown.estimate):
            st.caption(
                f"{name} cannot be computed yet: no labelled prediction serves it. What the scores promise stands "
                "below, under Without labels."
            )
            return
        st.echarts_chart(
            rolling(
                shown,
                dark=is_dark(),
                name=f"Version {reads.ref.version}" if other else name,
                marks=[*_levels(reads, choice.metric), *_deployments(app, model, shown)],
                other=other,
            ),
            height=330,
            key="rolling-chart",
            alt=_alt(shown, name, model.granularity.word),
        )
        csv_button(
            _columns(shown, model.granularity.word), name=f"{choice.metric}_{reads.ref.model_id}_{reads.ref.version}"
        )


def _levels(reads: Reads, metric: str) -> list[Mark]:
    value = held_value(reads.baseline(), metric)
    if value is None:
        return []
    if metric != "f1":
        return [Mark(value, f"baseline {value:.2f}")]
    settings = reads.app.performance.settings_of(reads.ref)
    drops = (settings.f1_drop_minor, settings.f1_drop_moderate, settings.f1_drop_severe)
    return [Mark(at, words, tone) for at, words, tone in levels(value, drops)]


def _deployments(app: Services, model: Model, shown: Rolling) -> list[Mark]:
    known = set(shown.granules)
    found = (
        (model.granularity.label(one.started_at), one.ref.version)
        for one in app.deployments.list(model.model_id)
        if one.stage == "live" and model.granularity.rows is None
    )
    return [Mark(granule, f"{version} live") for granule, version in found if granule in known]


def _alt(shown: Rolling, name: str, word: str) -> str:
    known = [
        (granule, value) for granule, value in zip(shown.granules, shown.estimate, strict=True) if value is not None
    ]
    (first, before), (last, now) = known[0], known[-1]
    return f"{name} by {word} from {fixed(before)} on {first} to {fixed(now)} on {last}, with its 95 % interval"


def _columns(shown: Rolling, word: str) -> dict[str, list[object]]:
    return {
        word.capitalize(): list(shown.granules),
        shown.metric: list(shown.estimate),
        "low": list(shown.low),
        "high": list(shown.high),
        "cases": list(shown.n),
        "labelled share": list(shown.coverage),
        "matured": list(shown.matured),
    }
