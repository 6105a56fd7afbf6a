"""Parts of charts as SVG text: lines, areas, words. Colours are classes of the style sheets. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["area", "band", "frame", "line", "rounded", "words"]


def rounded(value: float) -> str:
    """Write a coordinate to a tenth, without what is not needed.

    Examples
    --------
    >>> rounded(12.34), rounded(12.0)
    ('12.3', '12')
    """
    return f"{value:.1f}".removesuffix(".0")


def words(x: float, y: float, text: str, *, anchor: str = "start", kind: str = "tick") -> Markup:
    """Write text at a place; it is escaped."""
    form = '<text class="{}" text-anchor="{}" x="{}" y="{}">{}</text>'
    return Markup(form).format(kind, anchor, rounded(x), rounded(y), text)  # noqa: S704 - a constant


def line(kind: str, x: NDArray[np.float64], y: NDArray[np.float64]) -> Markup:
    """Draw a line with gaps where there is no value; a point on its own gets a dot."""
    parts, pen_up = [], True
    known = ~np.isnan(y)
    for place in range(len(x)):
        if not known[place]:
            pen_up = True
            continue
        alone = pen_up and (place + 1 == len(x) or not known[place + 1])
        parts.append(f"{'M' if pen_up else 'L'}{rounded(x[place])} {rounded(y[place])}{'h.1' if alone else ''}")
        pen_up = False
    return Markup('<path class="{}" d="{}"/>').format(kind, "".join(parts))


def area(kind: str, x: NDArray[np.float64], y: NDArray[np.float64], floor: float) -> Markup:
    """Fill what lies between a line and the floor; nothing where there is no value."""
    y = np.where(np.isnan(y), floor, y)
    points = "".join(f"L{rounded(left)} {rounded(up)}" for left, up in zip(x[: len(y)], y, strict=True))
    if not points:
        return Markup("")
    return Markup('<path class="{}" d="M{} {}{}L{} {}z"/>').format(
        kind, rounded(x[0]), floor, points, rounded(x[len(y) - 1]), floor
    )


def band(kind: str, x: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> Markup:
    """Fill what lies between two lines; where one of them has no value the band has a gap."""
    known = ~(np.isnan(low) | np.isnan(high))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
    paths = []
    for start, stop in edges.reshape(-1, 2).tolist():
        up = [f"{rounded(x[i])} {rounded(high[i])}" for i in range(start, stop)]
        down = [f"{rounded(x[i])} {rounded(low[i])}" for i in range(stop - 1, start - 1, -1)]
        paths.append(f"M{'L'.join(up + down)}z")
    return Markup('<path class="{}" d="{}"/>').format(kind, "".join(paths)) if paths else Markup("")


def frame(body: Markup, width: float, height: float, label: str, kind: str) -> Markup:
    """Put the parts in a picture with words for those who cannot see it."""
    return Markup('<svg class="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        kind, width, height, label, body
    )
