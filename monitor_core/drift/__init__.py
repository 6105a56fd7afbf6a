"""Drift of a model's inputs and outputs: summaries instead of rows, and verdicts that say how sure they are."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor_core.drift.api import build_baseline, compare
    from monitor_core.drift.baseline import Baseline
    from monitor_core.drift.detector import DriftDetector
    from monitor_core.drift.results import CellState, DriftReport, FeatureDrift, FeatureKind, GranuleDrift
    from monitor_core.drift.rules import judge

__all__ = [
    "Baseline",
    "CellState",
    "DriftDetector",
    "DriftReport",
    "FeatureDrift",
    "FeatureKind",
    "GranuleDrift",
    "build_baseline",
    "compare",
    "judge",
]

_HOMES = {
    "Baseline": "baseline",
    "CellState": "results",
    "DriftDetector": "detector",
    "DriftReport": "results",
    "FeatureDrift": "results",
    "FeatureKind": "results",
    "GranuleDrift": "results",
    "build_baseline": "api",
    "compare": "api",
    "judge": "rules",
}


def __getattr__(name: str) -> object:
    """Load a public name on first use: importing the package stays cheap."""
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
