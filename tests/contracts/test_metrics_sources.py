"""What every source of metrics keeps: ours in the same process, ours over HTTP, and a real Prometheus."""

from __future__ import annotations

import numpy as np
import pytest

from monitor_core.metrics.promql import BadQuery, ExecutionFailed, Grid, Matrix, QueryFailed, Scalar, String, Vector
from monitor_core.metrics.sources import SourceKind, TargetHealth


def named(labels):
    return dict(labels).get("__name__")


def test_an_instant_vector(source, history):
    """Labels sorted by name, milliseconds, doubles."""
    answer = source.query("hits_total", history.moments[3])
    assert isinstance(answer.value, Vector)
    assert len(answer.value.labels) == 6
    assert all(labels == tuple(sorted(labels)) for labels in answer.value.labels)
    assert answer.value.timestamp == round(history.moments[3] * 1000)
    assert answer.value.values.dtype == np.float64


def test_the_other_kinds(source, history):
    """Scalar, string and raw samples."""
    at = history.last
    assert source.query("1.5", at).value == Scalar(round(at * 1000), 1.5)
    assert source.query("'a\"b'", at).value == String(round(at * 1000), 'a"b')
    raw = source.query("up[10m]", at).value
    assert isinstance(raw, Matrix)
    assert raw.timestamps[0].tolist() == [round(moment * 1000) for moment in history.moments]
    assert raw.values[0].tolist() == [0.0 if page is None else 1.0 for page in history.pages]


def test_a_grid(source, history):
    """Steps as asked for; what is absent is told apart from NaN."""
    start = round(history.first, 3)
    answer = source.query_range("temperature", start, start + 10, 0.5)
    grid = answer.value
    assert isinstance(grid, Grid)
    assert grid.timestamps.tolist() == [round(start * 1000) + 500 * step for step in range(21)]
    assert grid.values.shape == grid.present.shape == (21, 3)
    assert grid.present[:5].all()
    assert sorted(dict(labels)["room"] for labels in grid.labels) == ["a", 'b "quoted"\n\\', "ü"]


def test_nan_is_a_value(source, history):
    """And infinities are what they are."""
    found = source.query("odd", history.moments[9]).value
    by_kind = {dict(labels).get("kind", ""): value for labels, value in zip(found.labels, found.values, strict=True)}
    assert np.isnan(by_kind["nan"])
    assert by_kind["inf"] == np.inf
    assert by_kind["huge"] == 1e22 * 10
    assert by_kind["tiny"] == 1e-9 * 9
    assert by_kind[""] == 7


def test_ended_series_are_absent_at_once(source, history):
    """A stale marker ends a series; so does a failed scrape."""
    assert source.query("sometimes", history.moments[4]).value.values.tolist() == [4]
    assert source.query("sometimes", history.moments[5]).value.labels == ()
    assert source.query("sometimes", history.moments[9]).value.values.tolist() == [9]
    assert source.query("hits_total", history.moments[15]).value.labels == ()
    assert source.query("up", history.moments[15]).value.values.tolist() == [0]


def test_an_empty_answer(source, history):
    """No series is no error."""
    grid = source.query_range("nothing_of_the_kind", history.first, history.first + 4, 1).value
    assert grid.labels == ()
    assert grid.values.shape == (5, 0)
    assert source.query("nothing_of_the_kind", history.first).value.labels == ()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("sum(", BadQuery),
        ("nofunction(up)", BadQuery),
        ("rate(up)", BadQuery),
        ('label_replace(temperature, "room", "same", "room", ".*")', ExecutionFailed),
    ],
)
def test_a_wrong_query_is_told_from_a_wrong_source(source, history, text, kind):
    """With the kind of error that Prometheus names."""
    with pytest.raises(QueryFailed) as caught:
        source.query(text, history.last)
    assert type(caught.value) is kind
    assert caught.value.message


def test_series_by_selectors(source, history):
    """Any of several selectors."""
    found = source.series(["up", 'hits_total{code=~"4.."}'], history.first, history.last)
    assert [named(labels) for labels in found] == ["hits_total", "hits_total", "up"]
    assert dict(found[-1]) == {"__name__": "up", "instance": history.instance, "job": "api"}


def test_labels_and_their_values(source, history):
    """Of all series, and of some."""
    span = (history.first, history.last)
    expected = ("__name__", "code", "exported_job", "instance", "job", "kind", "le", "method", "room")
    assert source.label_names([], *span) == expected
    assert source.label_names(["up"], *span) == ("__name__", "instance", "job")
    assert source.label_values("code", [], *span) == ("200", "404", "500")
    assert source.label_values("le", ["hits_total"], *span) == ()
    assert "lat_seconds_bucket" in source.label_values("__name__", [], *span)


def test_no_series_of_another_time(source, history):
    """Long before the first scrape there was nothing."""
    assert source.series(["up"], history.first - 9_000_000, history.first - 8_000_000) == ()


def test_a_bad_selector(source, history):
    """Is refused as such."""
    with pytest.raises(BadQuery):
        source.series(["rate(up[5m])"], history.first, history.last)


def test_metadata(source):
    """Type and words."""
    told = source.metadata("hits_total")
    assert [(one.kind, one.help) for one in told["hits_total"]] == [("counter", "Requests\nanswered.")]
    assert source.metadata()["lat_seconds"][0].kind == "histogram"


def test_targets(source, history):
    """With the state of the latest scrape."""
    (target,) = source.targets()
    assert (target.job, target.instance) == ("api", history.instance)
    assert target.health in {TargetHealth.UP, TargetHealth.DOWN}
    assert target.scraped_at >= history.last - 1
    assert target.url == f"http://{history.instance}/metrics"


def test_exemplars_are_a_list(source, history):
    """Empty here."""
    assert source.exemplars("lat_seconds_bucket", history.first, history.last) == ()


def test_name_and_health(source):
    """What it is and whether it answers."""
    assert source.kind in SourceKind
    assert source.name
    assert source.health().message
