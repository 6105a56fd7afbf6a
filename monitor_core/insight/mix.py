"""What a fall of F1 goes with: the mix of the inputs, or worse answers to the same inputs. Pure.

"Goes with", never "because": that a feature's mix changed while F1 fell says nothing about what did what.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.errors import InvalidInput
from monitor_core.stats import f1_from_f_star
from monitor_core.stats.intervals import quantile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from monitor_core.performance.series import CellCounts

__all__ = ["MixLink", "mix_link", "rank_links"]

_TP, _FP, _FN, _TN = range(4)


@dataclass(frozen=True, slots=True)
class MixLink:
    """How much of a fall of F1 goes with the changed mix of one feature.

    Attributes
    ----------
    feature
        Its name.
    f1_baseline, f1_current
        Before and after; None where undefined.
    f1_reweighted
        F1 of the current rows, each cell weighted as in the baseline: "the same mix, today's answers".
    low, high
        95 % interval of `f1_reweighted`, approximate.
    explained
        Share of the fall that goes with the mix: 1 all of it, 0 none, below 0 the mix even helped, above 1 it hid that
        the answers got better. None when F1 has not fallen.
    covered
        Share of the baseline's rows whose cell also holds current rows; the rest has no answers to weight.
    psi_debiased, importance
        What ranks it; the importance is 1 where none is stored.
    rank
        importance * debiased PSI * explained, the latter two between 0 and 1 at least; 0 where nothing links them.
    """

    feature: str
    f1_baseline: float | None
    f1_current: float | None
    f1_reweighted: float | None
    low: float | None
    high: float | None
    explained: float | None
    covered: float
    psi_debiased: float
    importance: float
    rank: float

    @property
    def rest(self) -> float | None:
        """Share of the fall that is "same inputs, worse answers"."""
        return None if self.explained is None else 1.0 - self.explained

    def sentence(self) -> str:
        """Say it in words, with the numbers."""
        if self.f1_reweighted is None or self.f1_current is None:
            return f"{self.feature}: nothing to say, F1 is undefined."
        with_mix = f"With the baseline's mix of {self.feature}, F1 would be {self.f1_reweighted:.3f}"
        interval = f" (95 % interval {self.low:.3f} to {self.high:.3f})"
        against = f" instead of {self.f1_current:.3f}"
        cover = (
            "" if self.covered > 0.995 else f" Only {100.0 * self.covered:.0f} % of the baseline's mix still occurs."
        )
        if self.explained is None or self.f1_baseline is None:
            return f"{with_mix}{interval}{against}; it has not fallen.{cover}"
        return f"{with_mix}{interval}{against} (baseline {self.f1_baseline:.3f}): {_parts(self.explained)}.{cover}"


def mix_link(
    feature: str,
    current: ArrayLike,
    baseline_rows: ArrayLike,
    *,
    f1_baseline: float | None,
    psi_debiased: float = 0.0,
    importance: float = 1.0,
    deff: float = 1.0,
) -> MixLink:
    """Reweight the cells of one feature back to the baseline's mix, and see what becomes of F1.

    Parameters
    ----------
    feature
        Its name.
    current
        Labelled rows by cell: (cells, 4), the last axis TP, FP, FN, TN; granules before it are summed.
    baseline_rows
        Rows of the baseline in each cell, (cells,); only their shares matter.
    f1_baseline
        None where it is undefined.
    psi_debiased, importance
        For the rank.
    deff
        Design effect of the window, 1 or more: widens the interval.

    Examples
    --------
    Half of the rows were easy (F1 .9) and half hard (F1 .5); now nine in ten are hard, and each answered as before.

    >>> link = mix_link("plan", [[9, 1, 1, 9], [45, 45, 45, 45]], [100, 100], f1_baseline=0.7, psi_debiased=0.8)
    >>> round(link.f1_current, 4), round(link.f1_reweighted, 4), round(link.explained, 4)
    (0.54, 0.7, 1.0)
    """
    cells, mix = _checked(feature, current, baseline_rows)
    rows = cells.sum(axis=1)
    some = (rows > 0) & (mix > 0)
    # Weight of one row; a cell that no longer occurs has no answers, the others take its place.
    weight = np.divide(mix, rows, out=np.zeros_like(mix), where=some)
    now, _ = _f1(cells, np.ones_like(weight), deff)
    reweighted, bounds = _f1(cells, weight, deff)
    explained = None
    if f1_baseline is not None and now is not None and reweighted is not None and f1_baseline > now:
        explained = (reweighted - now) / (f1_baseline - now)
    link = min(max(explained or 0.0, 0.0), 1.0)
    return MixLink(
        feature,
        f1_baseline,
        now,
        reweighted,
        bounds[0] if bounds else None,
        bounds[1] if bounds else None,
        explained,
        covered=float(mix[some].sum() / mix.sum()) if mix.sum() else 0.0,
        psi_debiased=psi_debiased,
        importance=importance,
        rank=importance * max(psi_debiased, 0.0) * link,
    )


def rank_links(
    cells: Sequence[CellCounts],
    baseline_rows: Mapping[str, NDArray[np.int64]],
    *,
    f1_baseline: float | None,
    psi_debiased: Mapping[str, float],
    importance: Mapping[str, float] | None = None,
    deff: float = 1.0,
) -> tuple[MixLink, ...]:
    """Return a link for each drifted feature, the strongest first.

    Parameters
    ----------
    cells
        Labelled rows of the window by cell of each feature.
    baseline_rows
        Rows of the baseline in the same cells, by feature.
    f1_baseline
        None where it is undefined.
    psi_debiased
        By drifted feature; the others are passed over.
    importance
        As stored with the version, by feature; a feature without one counts 0, unless none is stored at all.
    deff
        Design effect of the window.
    """
    weights = importance or {}
    links = [
        mix_link(
            table.feature,
            table.counts,
            baseline_rows[table.feature],
            f1_baseline=f1_baseline,
            psi_debiased=psi_debiased[table.feature],
            importance=weights.get(table.feature, 0.0) if weights else 1.0,
            deff=deff,
        )
        for table in cells
        if table.feature in psi_debiased and table.feature in baseline_rows
    ]
    return tuple(sorted(links, key=lambda link: (-link.rank, -link.psi_debiased, link.feature)))


def _checked(
    feature: str, current: ArrayLike, baseline_rows: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    cells, mix = np.asarray(current, dtype=np.float64), np.asarray(baseline_rows, dtype=np.float64)
    if cells.ndim < 2 or cells.shape[-1] != 4 or mix.ndim != 1 or cells.shape[-2] != len(mix):
        raise InvalidInput(
            f"{feature!r}: current cells of shape {cells.shape}, baseline's of {mix.shape}",
            hint="(cells, 4) and (cells,), counted on the same cells",
        )
    cells = cells.reshape(-1, *cells.shape[-2:]).sum(axis=0)
    if not (np.all(cells >= 0) and np.all(mix >= 0) and np.all(np.isfinite(cells)) and np.all(np.isfinite(mix))):
        raise InvalidInput(f"{feature!r}: a value is not a count", hint="finite, 0 or more")
    return cells, mix


def _f1(
    cells: NDArray[np.float64], weight: NDArray[np.float64], deff: float
) -> tuple[float | None, tuple[float, float] | None]:
    """F1 of weighted rows, and its 95 % interval by the delta method on F*."""
    hits, errors = cells[:, _TP], cells[:, _FP] + cells[:, _FN]
    relevant = float(weight @ (hits + errors))
    if relevant == 0.0:
        return None, None
    share = float(weight @ hits) / relevant
    spread = weight**2 @ (hits * (1.0 - share) ** 2 + errors * share**2)
    reach = float(quantile(0.95)) * math.sqrt(deff * float(spread)) / relevant
    low, middle, high = f1_from_f_star([max(share - reach, 0.0), share, min(share + reach, 1.0)])
    return float(middle), (float(low), float(high))


def _parts(explained: float) -> str:
    if explained < -0.005:
        return "its mix alone would have raised F1; all of the fall is same inputs, worse answers"
    if explained > 1.005:
        return "all of the fall goes with its mix; to the same inputs the answers are better than before"
    mix = round(100.0 * abs(explained))
    return f"{mix} % of the fall goes with its mix, {100 - mix} % is same inputs, worse answers"
