"""How many rows a finding needs."""

from __future__ import annotations

import math

from scipy import special

from monitor_core.errors import InvalidInput

__all__ = ["rows_needed"]


def rows_needed(
    effect: float, *, n_baseline: float, cells: int, alpha: float = 0.01, power: float = 0.8, rho: float = 0.0
) -> int | None:
    """Return the current rows needed to see a change of PSI `effect`, or None when no number would do.

    Parameters
    ----------
    effect
        True PSI of the change, above 0 (.1 is the usual "moderate").
    n_baseline
        Baseline rows.
    cells
        Cells (B), from 2.
    alpha, power
        Level of the test, and the chance of seeing the change.
    rho
        Correlation of rows of the same day (`ReferenceSpread.rho`): the larger, the less more rows help.

    Returns
    -------
    int or None
        None when the baseline is too small, or days vary too much, for any number of rows.

    Notes
    -----
    A PSI of `effect` gives the chi-square a noncentrality of about ``effect / (1/n + 1/m)``, over
    ``1 + (m - 1) rho``. Good to some ten per cent for small and middling changes.

    Examples
    --------
    >>> rows_needed(0.1, n_baseline=100_000, cells=10)
    215
    """
    if not (effect > 0 and n_baseline > 0 and cells >= 2 and 0 < alpha < 1 and 0 < power < 1 and rho >= 0):
        raise InvalidInput(
            f"effect {effect}, {n_baseline} rows, {cells} cells, rho {rho}", hint="all positive, cells from 2"
        )
    critical = float(special.chdtri(cells - 1.0, alpha))
    strength = float(special.chndtrinc(critical, cells - 1.0, 1.0 - power))
    # effect n m / (n + m) >= strength (1 + (m - 1) rho): quadratic in m, the smaller root is the answer.
    a = strength * rho
    b = strength * (n_baseline * rho + 1.0 - rho) - effect * n_baseline
    c = strength * n_baseline * (1.0 - rho)
    if b >= 0 or b * b < 4.0 * a * c:
        return None
    return max(1, math.ceil(2.0 * c / (-b + math.sqrt(b * b - 4.0 * a * c))))
