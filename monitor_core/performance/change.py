"""What a delivery changes in one granule: for the rows it touches, what is known after less what was known before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from monitor_core.performance.granules import UNDATED
from monitor_core.performance.state import Labels, Predictions, State, find, no_predictions
from monitor_core.performance.tally import View, count_changes, detail_changes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from monitor_core.performance.counts import Counts

__all__ = ["Change", "VersionChange", "change", "news_of_labels", "news_of_predictions"]

_SOON = 2
"""Granules after its own within which a prediction counts as recorded when it was made."""


@dataclass(frozen=True, slots=True, eq=False)
class VersionChange:
    """What changes for one version."""

    counts: Mapping[int, Counts]
    """By segment; 0 is everything."""
    details: Mapping[tuple[int, str], bytes]
    corrections: int


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What changes in one granule."""

    versions: Mapping[str, VersionChange]
    pairs: Mapping[tuple[str, str], NDArray[np.int64]]
    """Eight signed counts, at 4 * label + 2 * a + b."""


def news_of_predictions(known: Predictions, given: Predictions) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell of each given row whether it says anything new, and whether it replaces what was known.

    News is another prediction, score or segment; another moment within the granule, or other cells, are not.
    """
    places, found = find(known.keys, given.keys)
    if not found.any():
        return np.ones(given.keys.size, bool), found
    same_score = known.score[places] == given.score
    same_score |= np.isnan(known.score[places]) & np.isnan(given.score)
    same = (known.predicted[places] == given.predicted) & same_score & (known.segment[places] == given.segment)
    return ~(found & same), found & ~same


def news_of_labels(known: Labels, given: Labels) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell of each given row whether it says anything new, and whether it replaces what was known."""
    places, found = find(known.keys, given.keys)
    if not found.any():
        return np.ones(given.keys.size, bool), found
    same = known.label[places] == given.label
    return ~(found & same), found & ~same


def change(
    before: State,
    predictions: Mapping[str, Predictions],
    labels: Labels,
    *,
    granule: int,
    words: Mapping[str, Sequence[str]],
) -> Change:
    """Return what changes.

    Parameters
    ----------
    before
        What was known.
    predictions, labels
        News only: rows that say nothing new are left out.
    granule
        Its code, from which delays are counted.
    words
        What the cells of each feature are called.
    """
    merged = _merged(before.labels, labels)
    changed = {}
    for version in sorted({*before.predictions, *predictions}):
        known, news = before.of(version), predictions.get(version) or no_predictions()
        keys = _touched(known, news, labels.keys)
        if keys.size:
            after = _view(keys, _updated(known, news, keys), merged, granule)
            old = _view(keys, known, before.labels, granule) if known.keys.size else None
            changed[version] = _version_change(after, old, words)
    return Change(changed, _pairs(before, predictions, labels, merged))


def _version_change(after: View, old: View | None, words: Mapping[str, Sequence[str]]) -> VersionChange:
    old = old if old is not None and old.keys.size else None
    counts = count_changes(after, old)
    corrected = _corrected(after, old) if old is not None else np.empty(0, np.int32)
    if corrected.size:
        by_segment = {0: corrected.size, **{int(s): int((corrected == s).sum()) for s in np.unique(corrected) if s}}
        counts = {s: replace(c, corrections=by_segment.get(s, 0)) for s, c in counts.items()}
    return VersionChange(counts, detail_changes(after, old, words), int(corrected.size))


def _corrected(after: View, old: View) -> NDArray[np.int32]:
    """Segments of the rows whose label or prediction was replaced."""
    places, found = find(after.keys, old.keys)
    same_score = after.score[places] == old.score
    same_score |= np.isnan(after.score[places]) & np.isnan(old.score)
    same = (after.predicted[places] == old.predicted) & same_score & (after.segment[places] == old.segment)
    same &= (old.label < 0) | (after.label[places] == old.label)
    return np.asarray(after.segment[places][found & ~same], np.int32)


def _touched(known: Predictions, news: Predictions, labelled: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Rising keys of a version's rows that a delivery touches."""
    if not labelled.size:
        return news.keys
    hit = find(known.keys, labelled)[1]
    keys = labelled[hit] if hit.any() else labelled[:0]
    return np.union1d(news.keys, keys) if keys.size else news.keys


def _updated(known: Predictions, news: Predictions, keys: NDArray[np.uint64]) -> Predictions:
    """Return the latest predictions of `keys`, of which each is in `known`, in `news` or in both."""
    if not known.keys.size:
        return news
    at_new, is_new = find(news.keys, keys)
    at_old, is_old = find(known.keys, keys)

    def pick(new: NDArray[Any], old: NDArray[Any]) -> NDArray[Any]:
        return np.where(is_new, new[at_new], old[at_old]) if new.size else old[at_old]

    none = np.int32(-1)
    cells = {}
    for name in {*known.cells, *news.cells}:
        from_old = known.cells[name][at_old] if name in known.cells else none
        from_new = news.cells[name][at_new] if name in news.cells and news.keys.size else none
        cells[name] = np.where(is_new, from_new, np.where(is_old, from_old, none)).astype(np.int32)
    recorded = known.recorded[at_old]
    if news.keys.size:
        recorded = np.where(is_old, recorded, news.recorded[at_new])
    return Predictions(
        keys,
        pick(news.predicted, known.predicted),
        pick(news.score, known.score),
        pick(news.segment, known.segment),
        recorded,
        cells,
    )


def _merged(known: Labels, news: Labels) -> Labels:
    """Return all labels after the news."""
    if not known.keys.size or not news.keys.size:
        return news if news.keys.size else known
    places, found = find(known.keys, news.keys)
    label = known.label.copy()
    label[places[found]] = news.label[found]
    fresh = ~found
    keys = np.concatenate([known.keys, news.keys[fresh]])
    order = np.argsort(keys, kind="stable")
    return Labels(
        keys[order],
        np.concatenate([label, news.label[fresh]])[order],
        np.concatenate([known.observed, news.observed[fresh]])[order],
        np.concatenate([known.recorded, news.recorded[fresh]])[order],
    )


def _view(keys: NDArray[np.uint64], rows: Predictions, labels: Labels, granule: int) -> View:
    """Return those of `keys` that are predicted, with their labels."""
    if rows.keys is not keys:
        places, found = find(rows.keys, keys)
        keys, places = keys[found], places[found]
        cells = {name: codes[places] for name, codes in rows.cells.items()}
        rows = Predictions(
            keys, rows.predicted[places], rows.score[places], rows.segment[places], rows.recorded[places], cells
        )
    at, known = find(labels.keys, keys)
    if not known.any():
        nothing = np.full(keys.size, -1, np.int64)
        return View(keys, rows.predicted, rows.score, rows.segment, nothing.astype(np.int8), nothing, rows.cells)
    label = np.where(known, labels.label[at], np.int8(-1))
    observed = labels.observed[at]
    live = np.where(rows.recorded - granule <= _SOON, labels.recorded[at] - granule, -1)
    delay = np.where(observed == UNDATED, live, np.maximum(observed, granule) - granule)
    delay = np.where(known, delay, -1)
    return View(keys, rows.predicted, rows.score, rows.segment, label, delay, rows.cells)


def _pairs(
    before: State, predictions: Mapping[str, Predictions], labels: Labels, merged: Labels
) -> dict[tuple[str, str], NDArray[np.int64]]:
    versions = sorted({*before.predictions, *predictions})
    changed = {}
    for a, b in combinations(versions, 2):
        touched = [labels.keys, *(predictions[v].keys for v in (a, b) if v in predictions)]
        keys = np.unique(np.concatenate(touched))
        after = [_updated_of(before.of(v), predictions.get(v), keys) for v in (a, b)]
        counts = _eight(keys, after[0], after[1], merged)
        counts -= _eight(keys, before.of(a), before.of(b), before.labels)
        if counts.any():
            changed[a, b] = counts
    return changed


def _updated_of(known: Predictions, news: Predictions | None, keys: NDArray[np.uint64]) -> Predictions:
    if news is None:
        return known
    some = find(known.keys, keys)[1] | find(news.keys, keys)[1]
    return _updated(known, news, keys[some])


def _eight(keys: NDArray[np.uint64], a: Predictions, b: Predictions, labels: Labels) -> NDArray[np.int64]:
    (at_a, in_a), (at_b, in_b), (at, known) = find(a.keys, keys), find(b.keys, keys), find(labels.keys, keys)
    rows = in_a & in_b & known
    if not rows.any():
        return np.zeros(8, np.int64)
    codes = 4 * labels.label[at[rows]].astype(np.int64) + 2 * a.predicted[at_a[rows]] + b.predicted[at_b[rows]]
    return np.bincount(codes, minlength=8).astype(np.int64)
