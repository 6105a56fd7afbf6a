"""Two versions of a model side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.performance.levels import DROPS
from monitor_core.performance.results import Comparison
from monitor_core.stats import paired_probability_of_drop, probabilities_of_drop

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from monitor_core.performance.results import WindowMetrics

__all__ = ["compare"]


def compare(current: WindowMetrics, other: WindowMetrics, cells: NDArray[np.int64]) -> Comparison:
    """Return how sure it is that one version is worse than another.

    Parameters
    ----------
    current, other
        Windows of both.
    cells
        Labelled rows that both predicted in the window of `current`, at ``4 * label + 2 * current + other``, shape
        (8,). With any relevant case among them the comparison is paired and rests on these rows alone; without, it
        rests on each version's own rows, and whatever else differs between those counts, too.
    """
    relevant = int(cells[1:].sum())
    if relevant:
        deff = max(current.design_effect, other.design_effect)
        found = {drop: paired_probability_of_drop(cells, drop, deff=deff) for drop in DROPS}
        return Comparison(current, other, tuple(cells.tolist()), found, "paired")
    mine, theirs = current.counts, other.counts
    if not (mine.relevant and theirs.relevant):
        return Comparison(current, other, (), {}, "apart")
    probabilities = probabilities_of_drop(
        mine.true_positives,
        mine.errors,
        (theirs.true_positives, theirs.errors),
        DROPS,
        deff=current.design_effect,
        baseline_deff=other.design_effect,
    )
    return Comparison(current, other, (), dict(zip(DROPS, probabilities.tolist(), strict=True)), "apart")
