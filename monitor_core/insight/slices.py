"""Where a model does worst: slices of one or two cells, with a price for having looked at all of them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from monitor_core.errors import InvalidInput
from monitor_core.stats import benjamini_hochberg, f1_from_f_star, f1_intervals

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["CodedFeature", "Slice", "worst_slices"]


@dataclass(frozen=True, slots=True)
class CodedFeature:
    """A feature whose values are given as cells: code k is called `labels[k]`."""

    name: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows in which the model does worse than elsewhere.

    Attributes
    ----------
    terms
        One or two of (feature, cell).
    true_positives, errors
        Counts within the slice.
    f1, low, high
        With its 95 % interval (Wilson on F*).
    f1_elsewhere
        Of all other rows.
    effect
        Relative difference: (elsewhere - slice) / elsewhere.
    p_value, p_adjusted
        That it is no worse than elsewhere; adjusted over all slices that were looked at.
    """

    terms: tuple[tuple[str, str], ...]
    true_positives: int
    errors: int
    f1: float
    low: float
    high: float
    f1_elsewhere: float
    effect: float
    p_value: float
    p_adjusted: float

    @property
    def name(self) -> str:
        """In words: ``region = north and plan = basic``."""
        return " and ".join(f"{feature} = {cell}" for feature, cell in self.terms)

    @property
    def relevant(self) -> int:
        """Cases that its F1 rests on."""
        return self.true_positives + self.errors

    def sentence(self) -> str:
        """Say it in words, with the numbers."""
        return (
            f"{self.name}: F1 {self.f1:.3f} (95 % interval {self.low:.3f} to {self.high:.3f},"
            f" {self.relevant:,} relevant cases) against {self.f1_elsewhere:.3f} elsewhere."
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """Counts of many slices: parallel arrays."""

    terms: NDArray[np.int64]
    """(slices, 4): feature, cell, and again or -1."""
    hits: NDArray[np.int64]
    relevant: NDArray[np.int64]

    def where(self, kept: NDArray[np.bool_]) -> _Found:
        """Return some of them."""
        return _Found(self.terms[kept], self.hits[kept], self.relevant[kept])


def worst_slices(
    cells: ArrayLike,
    predicted: ArrayLike,
    label: ArrayLike,
    features: Sequence[CodedFeature],
    *,
    deff: float = 1.0,
    fdr: float = 0.05,
    min_relevant: int = 30,
    min_effect: float = 0.10,
    limit: int = 20,
) -> tuple[Slice, ...]:
    """Return slices of one or two cells in which F1 is lower than elsewhere, the largest effect first.

    Parameters
    ----------
    cells
        Codes, (rows, features), unsigned.
    predicted, label
        0 or 1, (rows,).
    features
        What columns and codes are called.
    deff
        Design effect, 1 or more: counts are divided by it for the test and the interval.
    fdr
        False discovery rate over every slice with enough relevant cases.
    min_relevant, min_effect
        Effective relevant cases, and relative difference of F1, below which a slice is not told.
    limit
        Most slices returned.

    Returns
    -------
    tuple of Slice
        A slice of two cells must be worse than the other rows of either cell as well: else that cell says it already.

    Notes
    -----
    The larger of two p-values, each one-sided: the exact binomial against the rows elsewhere (right for small slices)
    and the pooled two-sample score test (right for large ones); for two cells, the largest over the three comparisons.
    Adjusted by Benjamini & Hochberg (1995). Only relevant rows (TP, FP, FN) are counted: O(relevant rows * features
    squared), less than a second for 100,000 rows and 25 features.
    """
    codes, hits = _relevant(cells, predicted, label, features)
    total, right = len(hits), int(np.count_nonzero(hits))
    everything = _counted(codes, hits, [len(feature.labels) for feature in features])
    found = everything.where((everything.relevant >= min_relevant * deff) & (everything.relevant < total))
    if not len(found.hits):
        return ()
    p_value = np.maximum.reduce(
        [
            _p_values(found, np.full(len(found.hits), total), np.full(len(found.hits), right), deff),
            *(_p_values(found, *_alone(found, side, everything), deff) for side in (0, 2)),
        ]
    )
    adjusted = benjamini_hochberg(p_value)
    f1, low, high = f1_intervals(found.hits, found.relevant - found.hits, deff=deff)
    elsewhere = f1_from_f_star((right - found.hits) / (total - found.relevant))
    effect = np.divide(elsewhere - f1, elsewhere, out=np.zeros_like(f1), where=elsewhere > 0)
    keep = (adjusted <= fdr) & (effect >= min_effect)
    order = sorted(np.flatnonzero(keep), key=lambda i: (-effect[i], p_value[i], i))[:limit]
    return tuple(
        Slice(
            _terms(found.terms[i], features),
            int(found.hits[i]),
            int(found.relevant[i] - found.hits[i]),
            *(float(values[i]) for values in (f1, low, high, elsewhere, effect, p_value, adjusted)),
        )
        for i in order
    )


def _relevant(
    cells: ArrayLike, predicted: ArrayLike, label: ArrayLike, features: Sequence[CodedFeature]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Codes (features, relevant rows) and whether each row is a true positive."""
    codes = np.asarray(cells)
    guess, truth = np.asarray(predicted, dtype=bool), np.asarray(label, dtype=bool)
    if codes.ndim != 2 or codes.shape != (len(guess), len(features)) or guess.shape != truth.shape:
        raise InvalidInput(
            f"cells of shape {codes.shape}, predicted of {guess.shape}, label of {truth.shape},"
            f" {len(features)} features",
            hint="(rows, features), (rows,) and (rows,)",
        )
    for place, feature in enumerate(features):
        most = int(codes[:, place].max(initial=0))
        if most >= len(feature.labels):
            raise InvalidInput(
                f"{feature.name!r}: code {most}", hint=f"below {len(feature.labels)}, one for each label"
            )
    kept = guess | truth
    return np.ascontiguousarray(codes[kept].T, dtype=np.int64), (guess & truth)[kept]


def _counted(codes: NDArray[np.int64], hits: NDArray[np.bool_], sizes: Sequence[int]) -> _Found:
    parts = [*_singles(codes, hits, sizes), *_pairs(codes, hits, sizes)]
    if not parts:
        return _Found(np.zeros((0, 4), np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64))
    terms, right, relevant = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return _Found(terms, right, relevant)


_Part = tuple["NDArray[np.int64]", "NDArray[np.int64]", "NDArray[np.int64]"]


def _singles(codes: NDArray[np.int64], hits: NDArray[np.bool_], sizes: Sequence[int]) -> Iterator[_Part]:
    for place, size in enumerate(sizes):
        cells = np.arange(size)
        terms = np.stack([np.full(size, place), cells, np.full(size, -1), np.full(size, -1)], axis=1)
        yield terms, *_count(codes[place], hits, size)


def _pairs(codes: NDArray[np.int64], hits: NDArray[np.bool_], sizes: Sequence[int]) -> Iterator[_Part]:
    for one, other in combinations(range(len(sizes)), 2):
        width = sizes[other]
        right, relevant = _count(codes[one] * width + codes[other], hits, sizes[one] * width)
        some = np.flatnonzero(relevant)  # most pairs of cells are empty
        terms = np.stack([np.full(len(some), one), some // width, np.full(len(some), other), some % width], axis=1)
        yield terms, right[some], relevant[some]


def _count(code: NDArray[np.int64], hits: NDArray[np.bool_], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    table = np.bincount(2 * code + hits, minlength=2 * size).reshape(size, 2)
    return table[:, 1], table.sum(axis=1)


def _p_values(
    found: _Found, relevant_all: NDArray[np.int64], right_all: NDArray[np.int64], deff: float
) -> NDArray[np.float64]:
    """P(as few true positives or fewer) if each slice were like the rest of the rows that hold it.

    0 where nothing holds it (a slice of one cell has no cell around it); 1 where there is no rest.
    """
    hits, relevant = found.hits / deff, found.relevant / deff
    others, others_right = relevant_all / deff - relevant, right_all / deff - hits
    rest = np.divide(others_right, others, out=np.zeros_like(others), where=others > 0)
    # I_{1-p}(m - k, k + 1) is P(X <= k) of the binomial, also for counts that are not whole.
    exact = np.where(hits >= relevant, 1.0, special.betainc(np.maximum(relevant - hits, 1e-9), hits + 1.0, 1.0 - rest))
    pooled = right_all / np.maximum(relevant_all, 1)
    spread = np.sqrt(pooled * (1.0 - pooled) * (1.0 / relevant + 1.0 / np.where(others > 0, others, np.inf)))
    score = special.ndtr(np.divide(hits / relevant - rest, spread, out=np.zeros_like(rest), where=spread > 0))
    return np.where(relevant_all == 0, 0.0, np.where(others > 0, np.maximum(exact, score), 1.0))


def _alone(found: _Found, side: int, everything: _Found) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Relevant cases and true positives of the first or second cell alone of each pair; 0 for a slice of one cell."""
    pair, single = found.terms[:, 2] >= 0, everything.where(everything.terms[:, 2] < 0)
    width = int(everything.terms.max(initial=0)) + 1
    keys = single.terms[:, 0] * width + single.terms[:, 1]  # in order: features, then cells
    wanted = np.where(pair, found.terms[:, side] * width + found.terms[:, side + 1], 0)
    place = np.searchsorted(keys, wanted)
    return single.relevant[place] * pair, single.hits[place] * pair


def _terms(term: NDArray[np.int64], features: Sequence[CodedFeature]) -> tuple[tuple[str, str], ...]:
    pairs = [(int(term[0]), int(term[1])), (int(term[2]), int(term[3]))]
    return tuple((features[place].name, features[place].labels[cell]) for place, cell in pairs if place >= 0)
