"""The rows of one delivery in one granule: which say something new, and what they change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.performance.change import change, news_of_labels, news_of_predictions
from monitor_core.performance.reading import CELL
from monitor_core.performance.state import Labels, Predictions, find, last_of_each, no_labels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from monitor_core.performance.change import Change
    from monitor_core.performance.loading import CellBook
    from monitor_core.performance.state import State

__all__ = ["Delivered", "deliver"]


@dataclass(frozen=True, slots=True, eq=False)
class Delivered:
    """What became of the rows of one granule."""

    change: Change
    new_predictions: NDArray[np.bool_]
    """Of each row: its prediction is news, and is stored."""
    new_labels: NDArray[np.bool_]
    duplicates: int
    """Rows that say exactly what was known."""
    replaced: NDArray[np.int64]
    """Places of rows that a later row of the same delivery contradicts."""
    corrections: int
    orphans: int
    """Rows with a label whose prediction is not known."""
    joined: Labels
    """Of the labels that waited, those that no other label of the row stands against."""


@dataclass(slots=True)
class _Part:
    """The predictions of one version, or the labels, of the rows: which are news, which repeat the last."""

    rows: NDArray[np.int64]
    news: NDArray[np.bool_]
    repeats: NDArray[np.bool_]
    """Of each of `rows`: it says the same as the last row of its key."""
    corrections: int


def deliver(
    rows: pa.Table,
    before: State,
    *,
    granule: int,
    recorded: int,
    versions: Sequence[str],
    book: CellBook,
    words: Mapping[str, Sequence[str]],
    joining: Labels | None = None,
) -> Delivered:
    """Compare rows with what is known.

    Parameters
    ----------
    rows
        As `Reader.rows` gives them, in file order, all of one granule.
    recorded
        Code of the granule in which they are recorded.
    versions
        Names of the versions, by place.
    words
        Words for the cells of the delivery's own features.
    joining
        Labels that waited for a prediction among these rows.
    """
    size = rows.num_rows
    keys = rows.column("key").to_numpy()
    new_predictions, new_labels, repeats = np.zeros(size, bool), np.zeros(size, bool), np.ones(size, bool)
    corrections = 0
    predictions: dict[str, Predictions] = {}
    if "predicted" in rows.column_names:
        version_of = rows.column("version").to_numpy()
        for place in np.unique(version_of):
            version = versions[int(place)]
            chosen = np.flatnonzero(version_of == place)
            part, predictions[version] = _predictions(
                rows, chosen, before.of(version), recorded=recorded, book=book, words=words
            )
            _mark(part, new_predictions, repeats)
            corrections += part.corrections
    labels = no_labels()
    if "label" in rows.column_names:
        part, labels = _labels(rows, before, recorded)
        _mark(part, new_labels, repeats)
        corrections += part.corrections
    orphans = _orphans(rows, keys, before, predictions) if "label" in rows.column_names else 0
    joined = no_labels() if joining is None else _joined(joining, labels, before.labels)
    if joined.keys.size:
        labels = _both(labels, joined)
    is_new = new_predictions | new_labels
    return Delivered(
        change(before, predictions, labels, granule=granule, words=book.words),
        new_predictions,
        new_labels,
        int((~is_new & repeats).sum()),
        np.flatnonzero(~is_new & ~repeats),
        corrections,
        orphans,
        joined,
    )


def _mark(part: _Part, news: NDArray[np.bool_], repeats: NDArray[np.bool_]) -> None:
    news[part.rows[part.news]] = True
    repeats[part.rows[~part.repeats]] = False


def _predictions(
    rows: pa.Table,
    chosen: NDArray[np.int64],
    known: Predictions,
    *,
    recorded: int,
    book: CellBook,
    words: Mapping[str, Sequence[str]],
) -> tuple[_Part, Predictions]:
    size = rows.num_rows
    has = rows.column_names
    keys = rows.column("key").to_numpy()[chosen]
    predicted, score = rows.column("predicted").to_numpy()[chosen], rows.column("score").to_numpy()[chosen]
    segment = (rows.column("segment").to_numpy() if "segment" in has else np.zeros(size, np.int32))[chosen]
    _, last = last_of_each(keys)
    cells = {
        name: book.numbers(name, listed)[rows.column(CELL + name).to_numpy()[chosen[last]]]
        for name, listed in words.items()
        if CELL + name in has
    }
    given = Predictions(keys[last], predicted[last], score[last], segment[last], np.full(last.size, recorded), cells)
    news, corrected = news_of_predictions(known, given)
    is_news = np.zeros(chosen.size, bool)
    is_news[last[news]] = True
    repeats = np.ones(chosen.size, bool)
    if last.size < chosen.size:
        at, _ = find(given.keys, keys)
        same_score = (given.score[at] == score) | (np.isnan(given.score[at]) & np.isnan(score))
        repeats = (given.predicted[at] == predicted) & same_score & (given.segment[at] == segment)
    some = given if news.all() else _some_predictions(given, news)
    return _Part(chosen, is_news, repeats, int(corrected.sum())), some


def _some_predictions(given: Predictions, chosen: NDArray[np.bool_]) -> Predictions:
    cells = {name: codes[chosen] for name, codes in given.cells.items()}
    return Predictions(
        given.keys[chosen],
        given.predicted[chosen],
        given.score[chosen],
        given.segment[chosen],
        given.recorded[chosen],
        cells,
    )


def _labels(rows: pa.Table, before: State, recorded: int) -> tuple[_Part, Labels]:
    label = rows.column("label").to_numpy()
    chosen = np.flatnonzero(label >= 0)
    keys, label = rows.column("key").to_numpy()[chosen], label[chosen]
    observed = rows.column("observed").to_numpy()[chosen]
    _, last = last_of_each(keys)
    given = Labels(keys[last], label[last], observed[last], np.full(last.size, recorded))
    news, corrected = news_of_labels(before.labels, given)
    is_news = np.zeros(chosen.size, bool)
    is_news[last[news]] = True
    repeats = np.ones(chosen.size, bool)
    if last.size < chosen.size:
        at, _ = find(given.keys, keys)
        repeats = given.label[at] == label
    return _Part(chosen, is_news, repeats, int(corrected.sum())), _some_labels(given, news)


def _some_labels(given: Labels, chosen: NDArray[np.bool_]) -> Labels:
    if chosen.all():
        return given
    return Labels(given.keys[chosen], given.label[chosen], given.observed[chosen], given.recorded[chosen])


def _orphans(rows: pa.Table, keys: NDArray[np.uint64], before: State, predictions: Mapping[str, Predictions]) -> int:
    if predictions:  # every row with a label has its prediction beside it, now or before
        return 0
    labelled = keys[rows.column("label").to_numpy() >= 0]
    return int((~before.is_predicted(labelled)).sum())


def _joined(joining: Labels, given: Labels, known: Labels) -> Labels:
    """Return the labels that waited of the rows that have no label of their own."""
    own = find(given.keys, joining.keys)[1] | find(known.keys, joining.keys)[1]
    return _some_labels(joining, ~own)


def _both(one: Labels, other: Labels) -> Labels:
    order = np.argsort(np.concatenate([one.keys, other.keys]), kind="stable")
    return Labels(
        np.concatenate([one.keys, other.keys])[order],
        np.concatenate([one.label, other.label])[order],
        np.concatenate([one.observed, other.observed])[order],
        np.concatenate([one.recorded, other.recorded])[order],
    )
