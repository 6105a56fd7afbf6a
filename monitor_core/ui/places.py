"""Where the pages lie, for links between them."""

from __future__ import annotations

__all__ = ["DATA", "DRIFT", "LATENCY", "OVERVIEW", "PERFORMANCE", "SETTINGS"]

OVERVIEW = "pages/overview/overview.py"
LATENCY = "pages/service/latency.py"
DRIFT = "pages/model/drift.py"
PERFORMANCE = "pages/model/performance.py"
DATA = "pages/data/data.py"
SETTINGS = "pages/settings/settings.py"
