"""A server as a source: what is sent, and what happens when it answers badly or not at all."""

import json
import socket
import time

import numpy as np
import pytest

from monitor_core.errors import Unavailable
from monitor_core.metrics.promql import BadQuery, ExecutionFailed, QueryTimeout
from monitor_core.metrics.server.replies import answer_from, grid_from, payload_from
from monitor_core.metrics.server.source import PrometheusSource
from monitor_core.settings import MetricsSettings

VECTOR = {"resultType": "vector", "result": [{"metric": {"job": "a"}, "value": [1.5, "2"]}]}


def success(data):
    return json.dumps({"status": "success", "data": data}, separators=(",", ":")).encode()


def matrix(series):
    """Build the body of a range query: metric and pairs."""
    result = [{"metric": metric, "values": [[at, text] for at, text in pairs]} for metric, pairs in series]
    return success({"resultType": "matrix", "result": result})


@pytest.fixture
def source():
    """Make sources of a server."""
    made = []

    def start(server, *, user="", path="", **settings):
        given = {"prometheus_timeout": 2.0, **settings}
        made.append(PrometheusSource(MetricsSettings(prometheus_url=f"http://{user}{server.host}{path}", **given)))
        return made[-1]

    yield start
    for one in made:
        one.close()


class TestAsking:
    """What the server gets to see."""

    def test_queries_are_forms(self, raw_server, answers, source):
        """So that long ones fit; times keep their milliseconds."""
        server = raw_server(answers(success({"resultType": "matrix", "result": []})))
        source(server).query_range("up" + " + up" * 3000, 1.001, 61.001, 15)
        head, _, body = server.requests[0].partition("\r\n\r\n")
        assert head.startswith("POST /api/v1/query_range HTTP/1.1")
        assert "start=1.001&end=61.001&step=15" in body

    def test_a_path_before_the_api(self, raw_server, answers, source):
        """As Mimir has."""
        server = raw_server(answers(success(VECTOR)))
        source(server, path="/prometheus/").query("up", 1)
        assert server.requests[0].startswith("POST /prometheus/api/v1/query ")

    @pytest.mark.parametrize(
        ("settings", "user", "header"),
        [
            ({"prometheus_bearer_token": "t0p"}, "", "Authorization: Bearer t0p"),
            ({"prometheus_username": "u", "prometheus_password": "p"}, "", "Authorization: Basic dTpw"),
            ({}, "u:p@", "Authorization: Basic dTpw"),
            ({"prometheus_tenant": "team-a"}, "", "X-Scope-OrgID: team-a"),
            ({"prometheus_headers": "X-A: 1; X-B: c:d"}, "", "X-B: c:d"),
        ],
    )
    def test_headers(self, raw_server, answers, source, settings, user, header):  # noqa: PLR0917 - fixtures
        """On queries and on everything else."""
        server = raw_server(answers(success([])))
        made = source(server, user=user, **settings)
        made.label_names([], 0, 1)
        with pytest.raises(Unavailable):
            made.query("up", 1)
        assert [header in request for request in server.requests] == [True, True]

    def test_surroundings_play_no_part(self, raw_server, answers, source, monkeypatch):
        """Neither proxies nor passwords of other programs."""
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        server = raw_server(answers(success(VECTOR)))
        assert source(server).query("up", 1).value.values.tolist() == [2]
        assert "Authorization" not in server.requests[0]

    def test_nothing_is_asked_before_the_first_question(self, raw_server, answers, source):
        """Opening costs nothing."""
        server = raw_server(answers(b""))
        assert source(server).name == f"Prometheus at {server.host}"
        assert server.connections == 0


class TestFailing:
    """Every answer that is none becomes words."""

    @pytest.mark.parametrize(
        ("status", "headers", "body", "words"),
        [
            ("401 Unauthorized", {}, b"no", r"401.*password"),
            ("403 Forbidden", {}, b"no", r"403.*tenant"),
            ("404 Not Found", {}, b"404 page not found", r"404.*path"),
            ("500 Internal Server Error", {}, b"", "500"),
            ("502 Bad Gateway", {}, b"<html>", "502"),
            ("302 Found", {"location": "http://169.254.169.254/"}, b"", "redirects"),
            ("200 OK", {}, b"<!doctype html><html>login</html>", "HTML"),
            ("200 OK", {}, b"", "nothing"),
            ("200 OK", {}, b"hello", "something else"),
            ("200 OK", {}, b"[]", "not of Prometheus"),
            ("200 OK", {}, b'{"status": "fine"}', "not of Prometheus"),
            ("200 OK", {}, b'{"status": "success"}', "not of Prometheus"),
            (
                "200 OK",
                {},
                success({"resultType": "vector", "result": [{"metric": {}, "value": [1, "x"]}]}),
                "not under",
            ),
            ("200 OK", {}, success({"resultType": "dream", "result": []}), "not understood"),
            ("200 OK", {"content_length": 99}, b"{}", "broke off|cannot be reached|within"),
            (
                "503 Service Unavailable",
                {},
                b'{"status":"error","errorType":"unavailable","error":"starting"}',
                "starting",
            ),
            ("422 Unprocessable", {}, b"plain words", "422"),
        ],
    )
    def test_it_is_unavailable(self, raw_server, answers, source, status, headers, body, words):  # noqa: PLR0917 - fixtures
        """And says why."""
        made = source(raw_server(answers(body, status, **headers)), user="u:s3cret@", prometheus_timeout=1.0)
        with pytest.raises(Unavailable, match=words) as caught:
            made.query("up", 1)
        assert "s3cret" not in str(caught.value)
        health = made.health()
        assert not health.is_up
        assert "s3cret" not in health.message

    @pytest.mark.parametrize(
        ("kind", "error"), [("bad_data", BadQuery), ("execution", ExecutionFailed), ("timeout", QueryTimeout)]
    )
    def test_the_querys_own_faults(self, raw_server, answers, source, kind, error):
        """Are told apart from the server's."""
        body = json.dumps({"status": "error", "errorType": kind, "error": "because"}).encode()
        with pytest.raises(error, match="because"):
            source(raw_server(answers(body, "422 Unprocessable Entity"))).query("up", 1)

    @pytest.mark.parametrize("kind", ["silent", "dripping body"])
    def test_time_is_bounded(self, raw_server, silent, dripping, source, kind):
        """Within the timeout, whatever the server does."""
        talk = {
            "silent": silent,
            "dripping body": dripping(b"HTTP/1.1 200 OK\r\ncontent-length: 9999999\r\n\r\n", b" "),
        }[kind]
        made = source(raw_server(talk), prometheus_timeout=0.5)
        begin = time.monotonic()
        with pytest.raises(Unavailable):
            made.query("up", 1)
        assert time.monotonic() - begin < 1.5

    def test_nobody_there(self):
        """Refused twice, said once."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        made = PrometheusSource(MetricsSettings(prometheus_url=f"http://127.0.0.1:{port}", prometheus_timeout=2))
        begin = time.monotonic()
        with pytest.raises(Unavailable, match="cannot be reached"):
            made.query("up", 1)
        assert time.monotonic() - begin < 1.5
        made.close()

    def test_a_dead_address(self):
        """Packets vanish: given up within the timeout."""
        made = PrometheusSource(MetricsSettings(prometheus_url="http://10.255.255.1:9090", prometheus_timeout=1.0))
        begin = time.monotonic()
        with pytest.raises(Unavailable):
            made.query("up", 1)
        assert time.monotonic() - begin < 2
        made.close()

    def test_a_large_answer_is_not_read_to_its_end(self, raw_server, answers, source):
        """Past the limit."""
        made = source(raw_server(answers(b" " * 3_000_000)), prometheus_max_bytes=1_000_000)
        with pytest.raises(Unavailable, match="more than 1,000,000 bytes"):
            made.query("up", 1)

    def test_a_redirect_is_not_followed(self, raw_server, answers, source):
        """Wherever it leads."""
        elsewhere = raw_server(answers(success(VECTOR)))
        server = raw_server(answers(b"", "307 Temporary Redirect", location=f"http://{elsewhere.host}/"))
        with pytest.raises(Unavailable):
            source(server).query("up", 1)
        assert elsewhere.requests == []

    def test_it_recovers(self, raw_server, answers, source):
        """The next question is a new one."""
        bodies = [answers(b"", "500 Internal Server Error"), answers(success(VECTOR))]

        def talk(connection, _server):
            connection.sendall(bodies.pop(0))
            return False

        made = source(raw_server(talk))
        with pytest.raises(Unavailable):
            made.query("up", 1)
        assert made.query("up", 1).value.values.tolist() == [2]


class TestReading:
    """JSON to arrays."""

    def test_names_of_the_backend(self, raw_server, answers, source):
        """VictoriaMetrics is told by what only it says."""
        body = {"status": "success", "isPartial": False, "data": {"resultType": "scalar", "result": [0, "1"]}}
        made = source(raw_server(answers(json.dumps(body).encode())))
        assert "rate" in made.health().message
        assert made.name.startswith("VictoriaMetrics at ")

    def test_warnings_come_along(self):
        """And infos."""
        payload = {"data": VECTOR, "warnings": ["w"], "infos": ["i"]}
        answer = answer_from(payload, "x")
        assert (answer.warnings, answer.infos) == (("w",), ("i",))

    @pytest.mark.parametrize("n_series", [1, 3_000])
    def test_small_and_large_answers_are_read_alike(self, n_series):
        """The quick way and the usual one."""
        texts = ["1", "-0.5", "NaN", "+Inf", "-Inf", "1e+21", "1e-07"]
        series = [
            (
                {"n": f'{n:05d} "values":[[0,"1"]] \\', "__name__": "x"},
                [(10 + at, text) for at, text in enumerate(texts)],
            )
            for n in range(n_series)
        ]
        body = matrix(series)
        grid = grid_from(payload_from(body, "x"), "x", np.arange(10_000, 17_000, 1000)).value
        assert grid.values.shape == (7, n_series)
        expected = np.array(list(map(float, texts)))
        assert np.array_equal(grid.values, np.tile(expected[:, None], n_series), equal_nan=True)
        assert grid.present.all()
        assert dict(grid.labels[-1]) == series[-1][0]

    def test_the_quick_way_keeps_every_bit(self):
        """Of what the text says."""
        numbers = np.random.default_rng(7).integers(0, 2**64, 30_000, dtype=np.uint64).view(np.float64)
        texts = [repr(number).replace("inf", "Inf").replace("nan", "NaN") for number in numbers.tolist()]
        body = matrix([({"n": str(n)}, [(at, texts[at]) for at in range(n % 7, 30_000)]) for n in range(3)])
        grid = grid_from(payload_from(body, "x"), "x", np.arange(0, 30_000_000, 1000)).value
        assert np.array_equal(grid.values[:, 0], numbers, equal_nan=True)
        assert np.array_equal(grid.values[2:, 2], numbers[2:], equal_nan=True)

    def test_gaps_are_gaps(self):
        """Steps without a value."""
        payload = payload_from(matrix([({"n": "1"}, [(1, "1"), (3, "3")]), ({"n": "2"}, [(2, "2")])]), "x")
        grid = grid_from(payload, "x", np.array([1000, 2000, 3000])).value
        assert grid.present.tolist() == [[True, False], [False, True], [True, False]]
        assert np.isnan(grid.values[~grid.present]).all()

    def test_servers_that_move_the_steps(self):
        """Are taken at their word."""
        payload = payload_from(matrix([({}, [(15, "1"), (30, "2")])]), "x")
        grid = grid_from(payload, "x", np.array([17_000, 32_000])).value
        assert grid.timestamps.tolist() == [15_000, 30_000]
        assert grid.values.tolist() == [[1], [2]]

    def test_never_a_traceback(self):
        """Any JSON at all is an answer or `Unavailable`."""
        for data in (None, 1, [], {}, {"resultType": "matrix"}, {"resultType": "matrix", "result": [1]}, {"a": 1}):
            payload = {"status": "success", "data": data}
            with pytest.raises(Unavailable):
                grid_from(payload, "x", np.array([0]))
            with pytest.raises(Unavailable):
                answer_from(payload, "x")
