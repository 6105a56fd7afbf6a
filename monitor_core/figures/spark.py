"""Small areas without axes, as pictures: a page of them needs no chart library."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.figures.theme import theme
from monitor_core.figures.thin import thin

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["spark_svg", "spark_uri"]

_POINTS = 60
_WIDTH, _HEIGHT = 600, 100


def spark_svg(values: Sequence[float], *, dark: bool, top: float | None = None) -> str:
    """Return a line over a faint area, from 0 up, that stretches into whatever box it is given.

    Parameters
    ----------
    values
        At least one value, oldest first; NaN is a gap, negative values lie on the ground. Long series are thinned
        without losing an extreme.
    dark
        Appearance.
    top
        Value at the upper edge; by default the largest one.

    Examples
    --------
    >>> "M0,100 L600,4" in spark_svg([0.0, 2.0], dark=False)
    True
    """
    tokens = theme(dark=dark)
    series = np.asarray(values, dtype=np.float64)
    kept = thin(series, _POINTS)
    highest = top if top is not None else float(np.nanmax(series, initial=0.0))
    across = kept * (_WIDTH / max(len(series) - 1, 1))
    heights = _HEIGHT - (_HEIGHT - 4) * np.clip(series[kept] / (highest or 1.0), 0.0, 1.0)
    runs = [_drawn(run) for run in _unbroken(across, heights)]
    line = " ".join(f"M{points}" for points, _, _ in runs)
    area = " ".join(f"M{first},{_HEIGHT} L{points} L{last},{_HEIGHT}Z" for points, first, last in runs)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none">'
        f'<path d="{area}" fill="{tokens.primary}" fill-opacity=".12"/>'
        f'<path d="{line}" fill="none" stroke="{tokens.primary}" stroke-width="1.5" stroke-linejoin="round" '
        'vector-effect="non-scaling-stroke"/></svg>'
    )


def spark_uri(values: Sequence[float], *, dark: bool, top: float | None = None) -> str:
    """Return `spark_svg` as an address that an image can have."""
    return "data:image/svg+xml;base64," + b64encode(spark_svg(values, dark=dark, top=top).encode()).decode()


def _unbroken(across: np.ndarray, heights: np.ndarray) -> list[list[tuple[float, float]]]:
    """Split at gaps."""
    runs: list[list[tuple[float, float]]] = [[]]
    for x, y in zip(across, heights, strict=True):
        if not np.isnan(y):
            runs[-1].append((x, y))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _drawn(run: list[tuple[float, float]]) -> tuple[str, str, str]:
    points = [f"{x:.4g},{y:.4g}" for x, y in run]
    if len(run) == 1:
        points = [points[0], f"{run[0][0] + 1:.4g},{run[0][1]:.4g}"]
    return " L".join(points), points[0].partition(",")[0], points[-1].partition(",")[0]
