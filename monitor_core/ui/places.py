"""Where the pages lie, for links between them."""

from __future__ import annotations

__all__ = ["DATA", "DRIFT", "OVERVIEW", "SETTINGS"]

OVERVIEW = "pages/overview/overview.py"
DRIFT = "pages/model/drift.py"
DATA = "pages/data/data.py"
SETTINGS = "pages/settings/settings.py"
