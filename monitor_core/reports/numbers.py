"""Figures as a reader sees them; what cannot be computed is `n/a`, never a zero. Pure."""

from __future__ import annotations

import math

__all__ = ["MISSING", "distance", "fixed", "p_value", "percent"]

MISSING = "n/a"


def fixed(value: float | None, digits: int = 3) -> str:
    """Write a number with a fixed number of decimals.

    Examples
    --------
    >>> fixed(0.27779), fixed(-0.0002), fixed(None), fixed(12345.6, 1)
    ('0.278', '0.000', 'n/a', '12,345.6')
    """
    if value is None or math.isnan(value):
        return MISSING
    return f"{value:z,.{digits}f}"


def percent(share: float | None, digits: int = 1) -> str:
    """Write a share of 0..1 as percent.

    Examples
    --------
    >>> percent(0.12), percent(0.0004), percent(0)
    ('12.0%', '<0.1%', '0.0%')
    """
    if share is None or math.isnan(share):
        return MISSING
    least = 10 ** -(digits + 2)
    return f"<{least:.{digits}%}" if 0 < share < least else f"{share:.{digits}%}"


def p_value(value: float | None) -> str:
    """Write a p-value: three decimals, or its power of ten when it is smaller.

    Examples
    --------
    >>> p_value(0.0421), p_value(3.21e-7), p_value(0.0)
    ('0.042', '3e-07', '<1e-300')
    """
    if value is None or math.isnan(value):
        return MISSING
    if value < 1e-300:
        return "<1e-300"
    return f"{value:.3f}" if value >= 0.001 else f"{value:.0e}"


def distance(low: float | None, high: float | None) -> str:
    """Write a KS distance: one number where its bounds agree on screen, else both.

    Examples
    --------
    >>> distance(0.3512, 0.3514), distance(0.348, 0.353), distance(None, None)
    ('0.351', '0.348..0.353', 'n/a')
    """
    if low is None or high is None:
        return MISSING
    texts = (fixed(low), fixed(high))
    return texts[0] if texts[0] == texts[1] else "..".join(texts)
