"""A drift report as one HTML file: nothing is loaded from anywhere, nothing runs in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.reports.advice import STATUS
from monitor_core.reports.charts import distribution, sparkline, trend
from monitor_core.reports.facts import head_facts, setting_facts, summary_facts
from monitor_core.reports.heatmap import MOST_GRANULES, heatmap
from monitor_core.reports.numbers import distance, fixed, p_value, percent
from monitor_core.reports.page import style, templates
from monitor_core.settings import DriftSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor_core.drift.results import FeatureDrift
    from monitor_core.reports.document import Document

__all__ = ["render"]


def render(document: Document) -> str:
    """Write the report as a page for screen (light and dark), phone and paper.

    Whatever comes from the data is escaped; a content policy in the file forbids scripts and requests on top.
    """
    levels = _levels(document)
    return (
        templates()
        .get_template("drift.html.j2")
        .render(
            document=document,
            head=head_facts(document),
            summary=summary_facts(document),
            settings=setting_facts(document),
            status=STATUS,
            heatmap=heatmap(document, levels),
            most_granules=MOST_GRANULES,
            levels=levels,
            bar_top=max((line.drift.psi or 0.0 for line in document.features), default=0.0) or 1.0,
            sparkline=sparkline,
            distribution=distribution,
            trend=lambda detail: trend(detail, levels[:2]),
            cell_facts=_cell_facts,
            style=style("drift.css"),
        )
    )


def _levels(document: Document) -> tuple[float, float, float]:
    """Return the run's PSI levels; a run saved without one has the default."""
    known = DriftSettings()
    moderate, high, critical = (
        float(str(document.run.settings.get(name, getattr(known, name))))
        for name in ("psi_moderate", "psi_high", "psi_critical")
    )
    return moderate, high, critical


def _cell_facts(drift: FeatureDrift) -> Mapping[str, str]:
    facts = {
        "PSI": fixed(drift.psi, 4),
        "without noise": fixed(drift.psi_debiased, 4),
        "noise floor": fixed(drift.noise_floor, 4),
        "noise 99%": fixed(drift.noise_q99, 4),
        "KS": distance(drift.ks_low, drift.ks_high),
        "Jensen-Shannon": fixed(drift.js),
        "Wasserstein": fixed(drift.wasserstein),
        "p, adjusted": p_value(drift.p_adjusted),
        "missing": percent(drift.missing_share),
        "was missing": percent(drift.missing_share_baseline),
        "unseen": percent(drift.unseen_share),
        "out of range": percent(drift.out_of_range_share),
        "rows": f"{drift.n_current:,}",
        "baseline rows": f"{drift.n_baseline:,}",
    }
    return {name: value for name, value in facts.items() if value != "n/a"}
