"""The HTTP API of Prometheus beside our own; its answers are compared with a real server's in `tests/contracts`."""

import time
from urllib.parse import urlencode

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_core.asgi.prometheus_json import number_text, stamp_text
from monitor_core.metrics.promql.reader import labels_of
from monitor_core.metrics.store.database import FILE
from monitor_core.metrics.store.writer import Batch, StoreWriter

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def server(serve):
    """An app whose store holds one series."""
    made = serve()
    writer = StoreWriter(made.services.settings.data_dir / FILE, max_series=10)
    numbers = writer.numbers("a", [labels_of({"__name__": "x", "path": '/ä "b"'})], {})
    now = round(time.time() * 1000)
    for at in range(5):
        writer.write("a", Batch(now - 60_000 + at * 15_000, np.array(list(numbers.values())), np.array([float(at)])))
    writer.close()
    return made


def test_a_query(server):
    """JSON as Prometheus writes it."""
    body = server.client.get("/api/v1/query", params={"query": "x"}).json()
    assert body["status"] == "success"
    assert body["data"]["result"][0]["metric"] == {"__name__": "x", "path": '/ä "b"'}
    assert body["data"]["result"][0]["value"][1] == "4"


def test_warnings_and_infos_come_along(server):
    """Beside the data."""
    body = server.client.get("/api/v1/query", params={"query": "rate(x[5m])"}).json()
    assert "x" in body["infos"][0]


def test_reading_needs_the_token_where_others_can_connect(serve):
    """GET and POST alike; what is free stays free."""
    server = serve(host="0.0.0.0")
    for path in ("query?query=up", "labels", "targets", "metadata", "status/buildinfo", "label/job/values"):
        assert server.client.get(f"/api/v1/{path}").status_code == 401
        assert server.writer.get(f"/api/v1/{path}").status_code == 200
    assert server.client.post("/api/v1/query", data={"query": "up"}).status_code == 401
    assert server.writer.post("/api/v1/query", data={"query": "up"}).status_code == 200


def test_pages_of_other_sites_may_not_ask(server):
    """Not even by a form, which browsers send without asking."""
    answer = server.client.post("/api/v1/query", data={"query": "up"}, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403


def test_no_cache_keeps_an_answer(server):
    """They are of now."""
    assert server.client.get("/api/v1/labels").headers["cache-control"] == "no-store"


def test_large_and_odd_forms_are_refused(server):
    """In Prometheus's form."""
    for content, headers in (
        (urlencode({"query": "x" * 2_000_000}), FORM),
        ("{}", {"content-type": "application/json"}),
    ):
        answer = server.client.post("/api/v1/query", content=content, headers=headers)
        assert (answer.status_code, answer.json()["errorType"]) == (400, "bad_data")


def test_a_dead_server_behind_it_is_told(serve):
    """503 with the reason; the page is still served."""
    server = serve(**{"metrics.prometheus_url": "http://127.0.0.1:9", "metrics.prometheus_timeout": 1.0})
    answer = server.client.get("/api/v1/query", params={"query": "up"})
    assert (answer.status_code, answer.json()["errorType"]) == (503, "unavailable")
    assert "cannot be reached" in answer.json()["error"]
    assert server.client.get("/api/health").status_code == 200


def test_our_own_routes_are_still_there(server):
    """Beside Prometheus's."""
    assert server.client.get("/api/v1/models").status_code == 200


@given(st.floats())
def test_numbers_keep_their_value(value):
    """Text and back; an exponent only where Prometheus has one."""
    text = number_text(value)
    assert float(text) == value or value != value  # noqa: PLR0124 - NaN
    assert ("e" in text) == (value == value and value != 0 and abs(value) != np.inf and not 1e-6 <= abs(value) < 1e21)  # noqa: PLR0124


@given(st.integers(-(10**15), 10**15))
def test_moments_keep_their_milliseconds(milliseconds):
    """Text and back."""
    assert round(float(stamp_text(milliseconds)) * 1000) == milliseconds
