"""Clustering of a window's rows."""

import numpy as np
import pytest

from monitor_core.performance.clusters import by_entity, effect_of, relevant_of
from monitor_core.performance.series import EntityClusters, series_of


def daily(n, share, cases=100):
    tp = np.rint(np.broadcast_to(share, n) * cases).astype(int)
    return series_of(
        [f"2026-01-{i + 1:02d}" for i in range(n)], tp=tp, fp=(cases - tp) // 2, fn=cases - tp - (cases - tp) // 2
    )


def entities(granule, entity, tp, errors):
    columns = (np.array(part, dtype=np.int64) for part in (granule, tp, errors))
    granule, tp, errors = columns
    return EntityClusters(granule, np.array(entity, dtype=np.uint64), tp, errors, 1.0)


def test_relevant_cases_leave_true_negatives_out():
    assert relevant_of(series_of(["2026"], tp=3, fp=2, fn=1, tn=50)).tolist() == [6]


def test_equal_days_are_as_independent_rows():
    assert effect_of(daily(20, 0.6)).source == "independent"


def test_days_that_differ_cluster():
    effect = effect_of(daily(20, [0.4, 0.8] * 10))
    assert effect.source == "granules"
    assert effect.deff == pytest.approx(20 / 19 * 100 * 0.04 / (0.6 * 0.4))


def test_only_the_window_counts():
    series = daily(20, [0.6] * 10 + [0.4, 0.8] * 5)
    assert effect_of(series, 0, 10).source == "independent"
    assert effect_of(series, 10, 20).source == "granules"


def test_entities_are_added_up_over_the_window():
    clusters = entities([0, 1, 1, 2], [7, 7, 9, 7], [1, 2, 0, 50], [0, 1, 4, 50])
    hits, cases = by_entity(clusters, 0, 2)
    assert hits.tolist() == [3, 0]
    assert cases.tolist() == [4, 4]


def test_entities_that_are_always_right_or_wrong_cluster():
    from dataclasses import replace

    n, people = 20, 100
    granule, entity = (part.ravel() for part in np.meshgrid(np.arange(n), np.arange(people), indexing="ij"))
    right = (entity < 60).astype(int)
    series = replace(daily(n, 0.6), entities=entities(granule, entity, right, 1 - right))
    effect = effect_of(series)
    assert (effect.source, effect.clusters) == ("entities", people)
    assert effect.deff == pytest.approx(n * people / (people - 1))


def test_no_rows_at_all():
    effect = effect_of(series_of((), tp=()))
    assert (effect.deff, effect.source) == (1.0, "independent")
