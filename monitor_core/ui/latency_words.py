"""Latency & throughput: numbers, changes and the page's one badge in words. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from monitor_core.figures.latency import bound_words
from monitor_core.reports.numbers import MISSING, percent
from monitor_core.ui.words import counted

if TYPE_CHECKING:
    from monitor_core.metrics.readings import Latency, Percentile
    from monitor_core.ui.words import Colour

__all__ = ["OBJECTIVE_SHARE", "bucket_words", "change", "count", "latency", "objective_badge", "rate"]

OBJECTIVE_SHARE = 0.95
"""The share of requests that must be answered within the objective: what "p95 below it" says."""

_FEW = 100
"""Requests below which a page says that they are few: p99 then rests on a single one."""


def latency(seconds: float | None) -> str:
    """Write a latency in milliseconds up to a second, in seconds from there.

    Examples
    --------
    >>> latency(0.0784), latency(0.0042), latency(1.25), latency(float("nan")), latency(0.9999)
    ('78.4 ms', '4.2 ms', '1.25 s', 'n/a', '1 s')
    """
    if seconds is None or math.isnan(seconds):
        return MISSING
    if round(seconds, 3) >= 1:
        return f"{seconds:,.3g} s"
    return f"{1000 * seconds:.3g} ms" if seconds < 0.1 else f"{1000 * seconds:.0f} ms"


def bucket_words(found: Percentile) -> str:
    """Return the bounds that a percentile lies between; a histogram knows no more.

    Examples
    --------
    >>> from monitor_core.metrics.readings import Percentile
    >>> bucket_words(Percentile(0.078, 0.05, 0.1)), bucket_words(Percentile(math.nan, math.nan, math.nan))
    ('in 50 – 100 ms', 'no requests')
    """
    return "no requests" if math.isnan(found.value) else f"in {bound_words(found.low, found.high)}"


def count(number: float) -> str:
    """Write a number of requests; from 100,000 on in its unit.

    Examples
    --------
    >>> count(16_920.0), count(6_213_400), count(1_500_000_000), count(math.nan)
    ('16,920', '6.21 M', '1.5 G', 'n/a')
    """
    if math.isnan(number):
        return MISSING
    for unit, size in (("G", 1e9), ("M", 1e6)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number / 1e3:.3g} k" if number >= 99_999.5 else f"{number:,.0f}"


def rate(a_second: float) -> str:
    """Write how many there are a second, or a minute where that is less than one.

    Examples
    --------
    >>> rate(128.4), rate(2.34), rate(0.05), rate(0.0)
    ('128 req/s', '2.3 req/s', '3 req/min', '0 req/s')
    """
    if 0 < a_second < 1:
        return f"{60 * a_second:.2g} req/min"
    return f"{a_second:,.0f} req/s" if a_second >= 10 or not a_second else f"{a_second:.1f} req/s"


def change(now: float | None, before: float | None) -> str:
    """Return how a figure compares with the period before; empty where there is none.

    Examples
    --------
    >>> change(78.0, 64.0), change(1.0, 1.0), change(1.0, 0.0), change(9.0, 1.0)
    ('+22%', 'as before', 'none before', '9 × before')
    """
    if now is None or before is None or math.isnan(now) or math.isnan(before):
        return ""
    if before == 0:
        return "as before" if now == 0 else "none before"
    ratio = now / before
    if abs(ratio - 1) < 0.005:
        return "as before"
    if ratio >= 3:
        return f"{ratio:,.3g} × before"
    return f"{ratio - 1:+.0%}".replace("-", "\N{MINUS SIGN}")


def objective_badge(told: Latency, objective: float) -> tuple[str, Colour, str] | None:
    """Return the one badge of the page: whether p95 keeps the objective, from the exact share of slower requests."""
    share = told.share_above(objective)
    if share is None:
        return None
    if told.total < _FEW:
        return f"Only {counted(round(told.total), 'request')}", "gray", ":material/help:"
    within = f"{percent(1 - share)} within {latency(objective)}"
    if share <= 1 - OBJECTIVE_SHARE:
        return within, "green", ":material/check_circle:"
    return f"p95 over {latency(objective)}: {within}", "red", ":material/error:"
