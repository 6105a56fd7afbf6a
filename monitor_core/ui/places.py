"""Where the pages lie, for links between them."""

from __future__ import annotations

__all__ = ["DATA", "DRIFT", "OVERVIEW", "PERFORMANCE", "SETTINGS"]

OVERVIEW = "pages/overview/overview.py"
DRIFT = "pages/model/drift.py"
PERFORMANCE = "pages/model/performance.py"
DATA = "pages/data/data.py"
SETTINGS = "pages/settings/settings.py"
