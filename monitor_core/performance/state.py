"""What is known of the rows of one granule: the latest prediction of each version, and the latest label."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = [
    "Labels",
    "Predictions",
    "State",
    "find",
    "last_of_each",
    "latest_labels",
    "latest_predictions",
    "no_labels",
    "no_predictions",
]


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Predictions of one version, one a key; all arrays are parallel to `keys`, which rise."""

    keys: NDArray[np.uint64]
    predicted: NDArray[np.int8]
    score: NDArray[np.float64]
    """NaN where there is none."""
    segment: NDArray[np.int32]
    recorded: NDArray[np.int64]
    """Granule in which the row was first recorded."""
    cells: Mapping[str, NDArray[np.int32]]
    """Cell by feature, -1 where there is none."""


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """Labels, one a key; all arrays are parallel to `keys`, which rise."""

    keys: NDArray[np.uint64]
    label: NDArray[np.int8]
    observed: NDArray[np.int64]
    """Granule in which a label of the row became known, as it was said first; `UNDATED` if nobody said."""
    recorded: NDArray[np.int64]
    """Granule in which a label of the row was first recorded."""


def no_predictions() -> Predictions:
    """Return an empty table."""
    none = np.empty(0, np.int64)
    return Predictions(
        none.astype(np.uint64), none.astype(np.int8), none.astype(np.float64), none.astype(np.int32), none, {}
    )


def no_labels() -> Labels:
    """Return an empty table."""
    none = np.empty(0, np.int64)
    return Labels(none.astype(np.uint64), none.astype(np.int8), none, none)


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What was known of one granule before a delivery."""

    predictions: Mapping[str, Predictions] = field(default_factory=dict)
    """By version."""
    labels: Labels = field(default_factory=no_labels)

    def of(self, version: str) -> Predictions:
        """Return the predictions of a version."""
        return self.predictions.get(version) or no_predictions()

    def is_predicted(self, keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Tell of each key whether any version predicted it."""
        known = np.zeros(keys.size, bool)
        for predictions in self.predictions.values():
            known |= find(predictions.keys, keys)[1]
        return known


def latest_predictions(table: Predictions) -> Predictions:
    """Return the last row of each key; rows come in the order in which they were recorded."""
    first, last = last_of_each(table.keys)
    cells = {name: codes[last] for name, codes in table.cells.items()}
    return Predictions(
        table.keys[last], table.predicted[last], table.score[last], table.segment[last], table.recorded[first], cells
    )


def latest_labels(table: Labels) -> Labels:
    """Return the last label of each key, with when the first was known."""
    first, last = last_of_each(table.keys)
    return Labels(table.keys[last], table.label[last], table.observed[first], table.recorded[first])


def last_of_each(keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places of the first and of the last occurrence of each key, in order of the keys.

    Examples
    --------
    >>> first, last = last_of_each(np.array([9, 4, 9], np.uint64))
    >>> first.tolist(), last.tolist()
    ([1, 0], [1, 2])
    """
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    changes = ordered[1:] != ordered[:-1]
    first = np.concatenate([[True], changes])[: keys.size]
    last = np.concatenate([changes, [True]])[: keys.size]
    return order[first], order[last]


def find(keys: NDArray[np.uint64], wanted: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the place of each wanted key among rising `keys` (0 where it is not), and whether it is there."""
    if not keys.size:
        return np.zeros(wanted.size, np.int64), np.zeros(wanted.size, bool)
    places = np.searchsorted(keys, wanted)
    places[places == keys.size] = 0
    return places, keys[places] == wanted
