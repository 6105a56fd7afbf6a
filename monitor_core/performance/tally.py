"""Count rows of one version in one granule: integers that can be added and subtracted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.performance.counts import FIXED_POINT, Counts
from monitor_core.performance.details import CELLS, DELAYS, ENTITIES, SCORES, pack
from monitor_core.performance.series import SCORE_BINS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["MAX_DELAY", "MAX_ENTITIES", "View", "count_changes", "detail_changes", "score_bins"]

MAX_DELAY = 4_095
"""Delays from here on are counted together."""
MAX_ENTITIES = 2_000
"""Entities sampled of one change at most."""
_CLIP = 1e-15
_TN, _FN, _FP, _TP = range(4)  # 2 * predicted + label
_CELL_OUTCOME = np.array([3, 2, 1, 0], np.uint8)  # the order of CellCounts: TP, FP, FN, TN
_CODES = 6 * SCORE_BINS


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Predictions of one version with what is known of their labels; arrays are parallel to `keys`."""

    keys: NDArray[np.uint64]
    predicted: NDArray[np.int8]
    score: NDArray[np.float64]
    segment: NDArray[np.int32]
    label: NDArray[np.int8]
    """-1 while unknown."""
    delay: NDArray[np.int64]
    """Granules from prediction to label; -1 if unknown."""
    cells: Mapping[str, NDArray[np.int32]]

    @property
    def outcome(self) -> NDArray[np.int8]:
        """2 * predicted + label; 4 while the label is unknown."""
        return np.where(self.label < 0, np.int8(4), 2 * self.predicted + self.label)


def score_bins(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the bin of each score.

    Examples
    --------
    >>> score_bins(np.array([0.0, 0.0015, 1.0])).tolist()
    [0, 1, 999]
    """
    return np.minimum(np.floor(scores * SCORE_BINS), SCORE_BINS - 1).astype(np.int64)


def count_changes(after: View, before: View | None) -> dict[int, Counts]:
    """Return the counts after less those before, by segment; 0 is everything."""
    changed = _counted(after)
    for segment, counts in (_counted(before) if before is not None else {}).items():
        changed[segment] = changed.get(segment, Counts()) - counts
    return changed


def _counted(view: View) -> dict[int, Counts]:
    outcome = view.outcome
    has_score = (outcome < 4) & ~np.isnan(view.score)
    scored = np.flatnonzero(has_score)
    losses = _losses(view.score[scored], view.label[scored])
    counted = {0: _one(np.bincount(outcome, minlength=5), len(scored), losses)}
    if view.segment.any():
        width = int(view.segment.max()) + 1
        table = np.bincount(view.segment.astype(np.int64) * 5 + outcome, minlength=width * 5).reshape(-1, 5)
        segment_of = view.segment[scored]
        for segment in np.flatnonzero(table[1:].any(axis=1)) + 1:
            chosen = segment_of == segment
            counted[int(segment)] = _one(table[segment], int(chosen.sum()), [part[chosen] for part in losses])
    return counted


def _one(outcomes: NDArray[np.int64], scored: int, losses: Sequence[NDArray[np.int64]]) -> Counts:
    tn, fn, fp, tp, _ = (int(number) for number in outcomes)
    sums = (int(part.sum()) for part in losses)
    return Counts(int(outcomes.sum()), tp, fp, fn, tn, scored, *sums)


def _losses(score: NDArray[np.float64], label: NDArray[np.int8]) -> list[NDArray[np.int64]]:
    """Brier score, its square, log loss, its square: whole numbers of 1 / `FIXED_POINT`."""
    brier = (score - label) ** 2
    log_loss = -np.log(np.clip(np.where(label == 1, score, 1 - score), _CLIP, 1 - _CLIP))
    return [np.rint(part * FIXED_POINT).astype(np.int64) for part in (brier, brier**2, log_loss, log_loss**2)]


def detail_changes(
    after: View, before: View | None, words: Mapping[str, Sequence[str]]
) -> dict[tuple[int, str], bytes]:
    """Return the payload of each detail that changed, by segment and kind.

    Parameters
    ----------
    words
        What the cells of each feature are called.
    """
    made: dict[tuple[int, str], bytes] = {}
    for segment, records in _scores(after, before).items():
        made[segment, "scores"] = pack(records)
    delays = _net(_delays(after), None if before is None else _delays(before))
    if delays.any():
        made[0, "delays"] = pack(_records(DELAYS, delays))
    entities, level = _entities(after, before)
    if entities.size:
        made[0, "entities"] = pack(entities, {"level": level})
    cells = _cells(after, before, words)
    if cells is not None:
        made[0, "cells"] = cells
    return made


def _scores(after: View, before: View | None) -> dict[int, NDArray[np.void]]:
    codes, segments = _score_codes(after)
    whole = np.bincount(codes, minlength=_CODES)
    by_segment = _by_segment(codes, segments)
    if before is not None:
        codes, segments = _score_codes(before)
        whole -= np.bincount(codes, minlength=_CODES)
        for segment, counts in _by_segment(codes, segments).items():
            by_segment[segment] = by_segment.get(segment, 0) - counts
    return {segment: _records(SCORES, counts) for segment, counts in {0: whole, **by_segment}.items() if counts.any()}


def _by_segment(codes: NDArray[np.int64], segments: NDArray[np.int32]) -> dict[int, NDArray[np.int64]]:
    present = np.unique(segments[segments > 0]) if segments.any() else ()
    return {int(segment): np.bincount(codes[segments == segment], minlength=_CODES) for segment in present}


def _score_codes(view: View) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Codes of `SCORES` (each row once as made, once more when labelled) and the segment of each."""
    scored = np.flatnonzero(~np.isnan(view.score))
    bins, outcome, segment = score_bins(view.score[scored]), view.outcome[scored], view.segment[scored]
    made = view.predicted[scored].astype(np.int64) * SCORE_BINS + bins
    known = outcome < 4
    labelled = (2 + outcome[known].astype(np.int64)) * SCORE_BINS + bins[known]
    return np.concatenate([made, labelled]), np.concatenate([segment, segment[known]])


def _delays(view: View) -> NDArray[np.int64]:
    return np.bincount(np.clip(view.delay[view.delay >= 0], 0, MAX_DELAY), minlength=1)


def _net(after: NDArray[np.int64], before: NDArray[np.int64] | None) -> NDArray[np.int64]:
    if before is None:
        return after
    net = np.zeros(max(after.size, before.size), np.int64)
    net[: after.size] += after
    net[: before.size] -= before
    return net


def _records(kind: np.dtype[np.void], counts: NDArray[np.int64]) -> NDArray[np.void]:
    codes = np.flatnonzero(counts)
    records = np.empty(codes.size, kind)
    records[kind.names[0]], records["count"] = codes, counts[codes]  # type: ignore[index]  # it has names
    return records


def _entities(after: View, before: View | None) -> tuple[NDArray[np.void], int]:
    keys, right, wrong = _relevant(after)
    if before is not None:
        earlier, right_before, wrong_before = _relevant(before)
        keys = np.concatenate([keys, earlier])
        right, wrong = np.concatenate([right, -right_before]), np.concatenate([wrong, -wrong_before])
    level = 0
    while keys.size > MAX_ENTITIES:
        level += 1
        chosen = keys < np.uint64(2 ** (64 - level))
        keys, right, wrong = keys[chosen], right[chosen], wrong[chosen]
    distinct, places = np.unique(keys, return_inverse=True)
    records = np.zeros(distinct.size, ENTITIES)
    records["entity"] = distinct
    np.add.at(records["true_positives"], places, right)
    np.add.at(records["errors"], places, wrong)
    return records[(records["true_positives"] != 0) | (records["errors"] != 0)], level


def _relevant(view: View) -> tuple[NDArray[np.uint64], NDArray[np.int32], NDArray[np.int32]]:
    outcome = view.outcome
    rows = np.flatnonzero((outcome > _TN) & (outcome <= _TP))
    right = (outcome[rows] == _TP).astype(np.int32)
    return view.keys[rows], right, 1 - right


def _cells(after: View, before: View | None, words: Mapping[str, Sequence[str]]) -> bytes | None:
    parts: list[NDArray[np.void]] = []
    features: list[list[object]] = []
    for feature in words:
        net = _net(_outcomes(after, feature), None if before is None else _outcomes(before, feature))
        codes = np.flatnonzero(net)
        if codes.size:
            records = np.empty(codes.size, CELLS)
            records["feature"], records["cell"] = len(features), codes // 4
            records["outcome"], records["count"] = _CELL_OUTCOME[codes % 4], net[codes]
            parts.append(records)
            features.append([feature, list(words[feature])])
    return pack(np.concatenate(parts), {"features": features}) if parts else None


def _outcomes(view: View, feature: str) -> NDArray[np.int64]:
    if feature not in view.cells:
        return np.zeros(4, np.int64)
    cells, outcome = view.cells[feature], view.outcome
    rows = (cells >= 0) & (outcome < 4)
    return np.bincount(cells[rows].astype(np.int64) * 4 + outcome[rows], minlength=4)
