"""Labels of granules as an axis shows them."""

from __future__ import annotations

import re
from datetime import date

__all__ = ["short_label"]

_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}))?")
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_WEEK = re.compile(r"(\d{4})-W(\d{2})")


def short_label(label: str) -> str:
    """Return the label of a granule in as few characters as an axis needs.

    Years, and what is not a label at all, come back unchanged.

    Examples
    --------
    >>> [short_label(text) for text in ("2026-11-21", "2026-11-21T05", "2026-W47", "2026-11", "2026", "#00000012")]
    ['21 Nov', '21 Nov 05:00', 'W47 2026', 'Nov 2026', '2026', '#12']
    """
    if label.startswith("#") and label[1:].isdigit():
        return f"#{int(label[1:])}"
    if found := _DAY.fullmatch(label):
        year, month, day, hour = found.groups()
        text = f"{date(int(year), int(month), int(day)):%-d %b}"
        return f"{text} {hour}:00" if hour else text
    if found := _WEEK.fullmatch(label):
        return f"W{found[2]} {found[1]}"
    if found := _MONTH.fullmatch(label):
        return f"{date(int(found[1]), int(found[2]), 1):%b %Y}"
    return label
