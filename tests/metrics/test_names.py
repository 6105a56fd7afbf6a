"""The catalogue of names."""

import re

import pytest

from monitor_core.asgi import exposition
from monitor_core.metrics import names
from monitor_core.metrics.names import CATALOGUE, Kind


@pytest.mark.parametrize("metric", CATALOGUE.values(), ids=list(CATALOGUE))
def test_names_follow_prometheus(metric):
    """Lower case, counters end in `_total`, and nothing else does; a sentence of help; labels once each."""
    assert re.fullmatch(r"[a-z][a-z0-9_]*", metric.name)
    assert (metric.kind is Kind.COUNTER) == metric.name.endswith("_total")
    assert metric.words.endswith(".")
    assert len(set(metric.labels)) == len(metric.labels)


def test_every_exported_metric_is_in_the_catalogue():
    """Nothing is named twice, nothing left out."""
    found = [value for key in names.__all__ if isinstance(value := getattr(names, key), names.MetricName)]
    assert {metric.name: metric for metric in found} == CATALOGUE
    assert len(found) == len(CATALOGUE)


def test_objective_is_a_bound():
    """So that the share above it is exact."""
    assert names.LATENCY_OBJECTIVE_SECONDS in names.LATENCY_BUCKETS
    assert sorted(names.LATENCY_BUCKETS) == list(names.LATENCY_BUCKETS)


def test_drift_families_of_the_app_have_these_names():
    """What the app exports is what rules will ask for."""
    for metric in (names.FEATURE_DRIFT_PSI, names.FEATURE_DRIFT_KS):
        families = {family.name: family for family in exposition._feature_families().values()}
        assert families[metric.name].documentation == metric.words
        assert families[metric.name]._labelnames == metric.labels
