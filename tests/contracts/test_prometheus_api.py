"""`prometheus-api-client`, unchanged, pointed at our HTTP API and at a real Prometheus: the same answers."""

from __future__ import annotations

import json
import math
import urllib.error
import urllib.request
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from prometheus_api_client import PrometheusConnect

QUERIES = (
    "up",
    "hits_total",
    "sum by (code) (rate(hits_total[4s]))",
    "increase(hits_total[6s])",
    "histogram_quantile(.95, sum by (le) (rate(lat_seconds_bucket[6s])))",
    "rate(lat_seconds_sum[6s]) / rate(lat_seconds_count[6s])",
    "temperature",
    "avg_over_time(temperature[2s])",
    "max(temperature) - min(temperature)",
    "odd",
    "sometimes",
    "absent(sometimes)",
    "changes(up[10s])",
    "count_over_time(hits_total[4s])",
    "last_over_time(sometimes[4s])",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
    "{__name__=~'.+', __name__!='scrape_duration_seconds'}",
    "sum(nothing) or vector(1)",
    "time()",
    "topk(2, hits_total)",
    "deriv(temperature[4s])",
)


def moment(seconds):
    return datetime.fromtimestamp(seconds, UTC)


def same(ours, theirs):
    """Equal, numbers within rounding."""
    if isinstance(ours, str) and isinstance(theirs, str) and ours != theirs:
        return math.isclose(float(ours), float(theirs), rel_tol=1e-9)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(ours[key], theirs[key]) for key in ours)
    return ours == theirs


def in_order(result):
    return sorted(result, key=lambda item: json.dumps(item.get("metric", item), sort_keys=True))


@pytest.fixture
def clients(our_api, history):
    with PrometheusConnect(our_api) as ours, PrometheusConnect(history.real) as theirs:
        yield ours, theirs


@pytest.mark.prometheus
@pytest.mark.parametrize("query", QUERIES)
def test_range_queries_agree(clients, history, query):
    """Every point of every series."""
    answers = [
        client.custom_query_range(
            query,
            moment(history.first),
            moment(history.last),
            "0.1",
            params={"start": history.first, "end": history.last},
        )
        for client in clients
    ]
    assert same(*map(in_order, answers))


@pytest.mark.prometheus
@pytest.mark.parametrize("query", [*QUERIES, "up[5m]", "hits_total[2s]", "'text'", "1"])
def test_instant_queries_agree(clients, history, query):
    """At moments on, before and after scrapes."""
    for at in (history.moments[0], history.moments[8] + 0.1, history.moments[15], history.last + 0.05):
        ours, theirs = (client.custom_query(query, params={"time": at}) for client in clients)
        is_series = bool(ours) and isinstance(ours[0], dict)
        assert same(*((in_order(ours), in_order(theirs)) if is_series else (ours, theirs))), at


@pytest.mark.prometheus
def test_its_other_questions_agree(clients, history):
    """Series, labels, metadata."""
    span = {"start": history.first, "end": history.last}
    asked = (
        lambda client: in_order(
            client.get_series(moment(history.first), moment(history.last), {"match[]": "hits_total"})
        ),
        lambda client: client.get_label_names(dict(span)),
        lambda client: client.get_label_values("code", dict(span)),
        lambda client: client.all_metrics(dict(span)),
        lambda client: in_order(client.get_metric_metadata("hits_total")),
        lambda client: client.get_current_metric_value("up", {"job": "api"}, {"time": history.moments[2]}),
    )
    for question in asked:
        ours, theirs = map(question, clients)
        assert same(ours, theirs)


def raw(address, path, form=None, **parameters):
    """Return status and body."""
    url = f"{address}/api/v1/{path}?{urlencode(parameters, doseq=True)}"
    request = urllib.request.Request(url, data=urlencode(form).encode() if form else None)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


WRONG = (
    ("query", {}),
    ("query", {"query": "sum("}),
    ("query", {"query": "up", "time": "yesterday"}),
    ("query_range", {"query": "up", "start": "1", "end": "2"}),
    ("query_range", {"query": "up", "start": "1", "end": "2", "step": "0"}),
    ("query_range", {"query": "up", "start": "2", "end": "1", "step": "1"}),
    ("query_range", {"query": "up", "start": "1", "end": "20000", "step": "1"}),
    ("query_range", {"query": "'a'", "start": "1", "end": "2", "step": "1"}),
    ("series", {}),
    ("series", {"match[]": "rate(up[5m])"}),
    ("labels", {"match[]": "}{"}),
)


@pytest.mark.prometheus
@pytest.mark.parametrize(("path", "parameters"), WRONG)
def test_errors_have_the_same_form(our_api, history, path, parameters):
    """Status, type of error and keys."""
    ours, theirs = raw(our_api, path, **parameters), raw(history.real, path, **parameters)
    assert ours[0] == theirs[0]
    assert ours[1].keys() == theirs[1].keys()
    assert (ours[1]["status"], ours[1]["errorType"]) == (theirs[1]["status"], theirs[1]["errorType"])


def test_a_form_works_as_an_address_does(our_api, history):
    """POST, as Grafana asks."""
    parameters = {"query": "hits_total", "time": history.moments[3]}
    assert raw(our_api, "query", form=parameters) == raw(our_api, "query", **parameters)
    span = {"query": "up", "start": history.first, "end": history.last, "step": "1s"}
    assert raw(our_api, "query_range", form=span) == raw(our_api, "query_range", **span)
    chosen = {"match[]": ["up", "sometimes"], "start": history.first, "end": history.last}
    assert raw(our_api, "series", **chosen)[1]["data"]


def test_moments_and_durations_in_words(our_api, history):
    """RFC 3339 and 1m30s."""
    start, end = (moment(seconds).isoformat() for seconds in (history.first, history.last))
    status, body = raw(our_api, "query_range", query="up", start=start, end=end, step="1s500ms")
    assert status == 200
    assert len(body["data"]["result"][0]["values"]) >= 3


def test_limits_are_told(our_api, history):
    """Fewer than there are, and a warning."""
    status, body = raw(our_api, "labels", limit=2)
    assert (status, len(body["data"]), len(body["warnings"])) == (200, 2, 1)


def test_what_grafana_asks_first(our_api):
    """The version, and a sum."""
    assert raw(our_api, "status/buildinfo")[1]["data"]["version"].startswith("3.")
    assert raw(our_api, "query", query="1+1", time=4)[1]["data"] == {"resultType": "scalar", "result": [4, "2"]}


def test_targets_as_the_client_reads_them(our_api, history):
    """Active ones with their labels."""
    with PrometheusConnect(our_api) as client:
        (target,) = client.get_targets()["activeTargets"]
    assert target["labels"] == {"instance": history.instance, "job": "api"}
    assert target["scrapePool"] == "api"
