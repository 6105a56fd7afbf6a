"""Labels, rolling metrics with honest intervals, and advice that can be defended."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor_core.performance.advice import Advice, Evidence, advise
    from monitor_core.performance.expected import ExpectedCounts, cbpe
    from monitor_core.performance.monitor import ModelMonitor

__all__ = ["Advice", "Evidence", "ExpectedCounts", "ModelMonitor", "advise", "cbpe"]

_HOMES = {
    "Advice": "advice",
    "Evidence": "advice",
    "ExpectedCounts": "expected",
    "ModelMonitor": "monitor",
    "advise": "advice",
    "cbpe": "expected",
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
