import math
import re
import socket
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from monitor_core.metrics import questions
from monitor_core.metrics.promql.reader import STALE, labels_of
from monitor_core.metrics.scrape.target import owner_of
from monitor_core.metrics.sources import Metadata, TargetHealth, TargetState
from monitor_core.metrics.store.database import FILE
from monitor_core.metrics.store.writer import Batch, StoreWriter
from monitor_core.settings import Target
from monitor_core.ui import access, latency_reads

PAGE = "pages/service/latency.py"
TARGET = Target("api", "http://127.0.0.1:9/metrics")
BOUNDS = ("0.01", "0.05", "0.1", "0.15", "0.25", "0.5", "1.0", "5.0", "+Inf")
HOSTILE = '/**x**"} or up <img src=x onerror=alert(1)>'
EVERY = 15


def counts(endpoint):
    """Requests by bucket at each scrape: one in ten of /slow takes longer than 150 ms."""
    return {"/fast": (4, 6, 0, 0, 0, 0, 0, 0, 0), "/slow": (0, 0, 5, 4, 1, 0, 0, 0, 0)}.get(endpoint, (1,) + (0,) * 8)


class Written:
    """Writes what a collector would have scraped."""

    def __init__(self, installation):
        folder = installation.services.settings.data_dir
        folder.mkdir(parents=True, exist_ok=True)
        self.writer = StoreWriter(folder / FILE, max_series=5000)
        self.owner = owner_of(TARGET)

    def history(self, *, minutes=70, until=0.0, extra=None, endpoints=("/fast", "/slow")):
        """Scrapes every 15 s up to `until` seconds ago; `extra` gives further series: (name, labels) to growth."""
        growth = self._requests(endpoints) | {self._labels(*key): value for key, value in (extra or {}).items()}
        up = self._labels("up", ())
        wanted = [*growth, up]
        known = self.writer.known(self.owner)
        numbers = known | self.writer.numbers(self.owner, wanted, known)
        series = np.array([numbers[one] for one in wanted])
        n = minutes * 60 // EVERY
        end = time.time() - until
        for at in range(n + 1):
            moment = end - (n - at) * EVERY
            values = [*(step * at for step in growth.values()), 1.0]
            state = TargetState(
                "api", TARGET.instance, TARGET.url, TargetHealth.UP, "", moment, 0.01, len(wanted), 0, 15, 10
            )
            told = {"loans_waiting": Metadata("gauge", "Applications not decided yet.")} if not at else {}
            self.writer.write(
                self.owner, Batch(round(moment * 1000), series, np.array(values), metadata=told, state=state)
            )
        return self

    def went_down(self, error):
        """The next scrape fails: every series ends."""
        series = np.array(list(self.writer.known(self.owner).values()))
        moment = time.time()
        state = TargetState("api", TARGET.instance, TARGET.url, TargetHealth.DOWN, error, moment, 0.01, 0, 0, 15, 10)
        stale = np.full(len(series), STALE)
        self.writer.write(self.owner, Batch(round((moment - 105) * 1000), series, stale, state=state))

    def _requests(self, endpoints):
        found = {}
        for endpoint in endpoints:
            labels = (
                ("endpoint", endpoint),
                ("method", "GET"),
                ("status_code", "503" if endpoint == "/slow" else "200"),
            )
            cumulative = np.cumsum(counts(endpoint)).tolist()
            for bound, count in zip(BOUNDS, cumulative, strict=True):
                found[self._labels("api_request_duration_seconds_bucket", (*labels, ("le", bound)))] = count
            found[self._labels("api_requests_total", labels)] = cumulative[-1]
        return found

    def _labels(self, name, labels):
        return labels_of({"__name__": name, "job": "api", "instance": TARGET.instance, **dict(labels)})


@pytest.fixture
def targeted(monkeypatch):
    """A service's address stands in the settings."""
    monkeypatch.setenv("MONITOR_METRICS_TARGETS", "api=http://127.0.0.1:9/metrics")


@pytest.fixture
def written(targeted, installation):
    found = Written(installation)
    yield found
    found.writer.close()


@pytest.fixture
def server(monkeypatch):
    """A web server in the place of Prometheus; the test says how it answers."""

    class Handler(BaseHTTPRequestHandler):
        reply = (200, "text/html", b"<html>a login page</html>")
        delay = 0.0
        lists = b""

        def do_GET(self):
            time.sleep(type(self).delay)
            status, kind, body = type(self).reply
            body = type(self).lists if type(self).lists and "/label/" in self.path else body
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.end_headers()
            with suppress(OSError):  # whoever asked has given up
                self.wfile.write(body)

        def do_POST(self):
            self.do_GET()

        def log_message(self, *_):
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    monkeypatch.setenv("MONITOR_METRICS_PROMETHEUS_URL", f"http://127.0.0.1:{listening.server_port}")
    monkeypatch.setenv("MONITOR_METRICS_PROMETHEUS_TIMEOUT", "0.5")
    yield Handler
    listening.shutdown()
    listening.server_close()


def figures(page):
    """What stands on the tiles, by name."""
    found = {}
    for one in page.test.get("html"):
        text = str(one.proto.body)
        if "bw-figure" in text:
            name, _, rest = text.partition(">")[2].partition("<strong>")
            found[name] = rest.partition("<")[0]
    return found


def charts(page):
    return len(page.test.get("echarts_chart"))


def test_without_a_target_it_gives_the_lines_to_paste(open_page):
    """Two for the service, one setting; nothing to guess."""
    page = open_page(PAGE)
    code = [one.value for one in page.test.code]
    assert "No service is connected yet" in page.words()
    assert any("PerformanceMonitor().instrument(app)" in text for text in code)
    assert any('MONITOR_METRICS_TARGETS="api=http://127.0.0.1:8000/metrics"' in text for text in code)


def test_before_the_first_request_it_shows_the_targets(targeted, open_page):
    """What is scraped and how that goes, not an empty chart."""
    page = open_page(PAGE)
    assert "No requests yet" in page.words()
    assert "127.0.0.1:9" in "".join(str(one.proto.body) for one in page.test.get("html"))
    assert not charts(page)


def test_figures_come_with_their_buckets_and_the_exact_share(written, open_page):
    """Half of 20 requests a scrape lie below 50 ms; one in twenty above 150 ms."""
    written.history()
    page = open_page(PAGE)
    words = page.words()
    assert figures(page)["p50"] == "50 ms"
    assert figures(page)["p95"] == "150 ms"
    assert figures(page)["Above 150 ms"] == "5.0%"
    assert "in 100 – 150 ms" in words
    assert "requests, exact" in words
    assert "built\\-in store · last 1h" in words
    assert charts(page) >= 4


def test_the_table_adds_up_to_the_figures(written, open_page):
    """Endpoints, their errors, their percentiles."""
    written.history()
    table = open_page(PAGE).test.dataframe[0].value
    assert table["Endpoint"].tolist() == ["/fast", "/slow"]
    assert table["5xx"].tolist() == [0, table["Requests"][1]]
    assert table["Errors"].tolist() == [0.0, 1.0]
    assert table["> 150 ms"].tolist() == [0.0, 0.1]
    assert abs(table["Requests"].sum() - 20 * 240) <= 40


def test_an_endpoint_in_the_address_is_opened(written, open_page):
    """By method and status, and the way back."""
    written.history()
    page = open_page(PAGE, endpoint="/slow")
    assert page.test.dataframe[0].value["Status"].tolist() == ["503"]
    assert figures(page)["Above 150 ms"] == "10.0%"
    page.press("All endpoints")
    assert figures(page)["Above 150 ms"] == "5.0%"


def test_a_hostile_endpoint_is_only_text(written, open_page):
    """In the query, on the page, in the address."""
    written.history(endpoints=("/fast", HOSTILE))
    page = open_page(PAGE, endpoint=HOSTILE)
    assert not page.test.error
    assert page.test.dataframe[0].value["Requests"].tolist()[0] > 0
    assert "<img" not in page.words().replace("\\<img", "")


def test_addresses_that_fit_nothing_show_the_default(written, open_page):
    """Old links do not break the page."""
    written.history()
    page = open_page(PAGE, endpoint="/gone", range="2y", objective="x", job="y", more="z", live="maybe")
    assert "last 1h" in page.words()
    assert figures(page)["Above 150 ms"] == "5.0%"


def test_another_objective_is_another_exact_share(written, open_page):
    """One of the histogram's bounds."""
    written.history()
    assert figures(open_page(PAGE, objective="100 ms"))["Above 100 ms"] == "25.0%"


def test_it_compares_with_the_period_before(written, open_page):
    """Equal traffic in both hours."""
    written.history(minutes=130)
    assert "as before" in open_page(PAGE, compare="true").words()


def test_nothing_in_the_range_is_said(written, open_page):
    """The service is known, but rests; a longer range shows it."""
    written.history(minutes=10, until=4 * 3600)
    assert "Nothing in the last 1h" in open_page(PAGE).words()
    assert figures(open_page(PAGE, range="6h"))["p50"] == "50 ms"


def test_no_traffic_is_not_zero_latency(written, open_page):
    """A service that is scraped but not asked has no percentiles."""
    labels = (("endpoint", "/x"), ("status_code", "200"))
    quiet = {("api_request_duration_seconds_bucket", (*labels, ("le", bound))): 0 for bound in BOUNDS}
    written.history(extra=quiet | {("api_requests_total", labels): 0}, endpoints=())
    page = open_page(PAGE)
    assert figures(page)["p95"] == "n/a"
    assert figures(page)["Requests"] == "0"


def test_a_target_that_is_down_is_named(written, open_page):
    """With its reason, and how old the last figures are; what was scraped is still shown."""
    written.history(until=120).went_down("connection refused")
    page = open_page(PAGE)
    (said,) = [one.value for one in page.test.warning]
    assert "**api** at 127\\.0\\.0\\.1\\:9 is down" in said.replace("\u2060", "")
    assert "connection refused" in said
    assert re.search(r"Last figures (1|2) min ago", said)
    assert figures(page)["p50"] == "50 ms"


def test_a_collector_that_rests_is_said(written, open_page):
    """Figures that grow old without a word would be a lie."""
    written.history(until=900)
    assert "Nothing was scraped for" in open_page(PAGE).test.warning[0].value


@pytest.mark.parametrize(
    "reply",
    [
        (200, "text/html", b"<html>a login page</html>"),
        (401, "text/plain", b"no"),
        (200, "application/json", b'{"status": "success"'),
    ],
)
def test_a_server_that_is_none_is_named(server, installation, open_page, reply):
    """HTML, 401, half an answer: a message, and the controls stay."""
    server.reply = reply
    page = open_page(PAGE)
    (error,) = page.test.error
    assert error.value
    assert "127.0.0.1" in page.words().replace("\\", "").replace("\u2060", "")
    assert page.button("Try again")
    assert page.test.get("button_group")


def test_a_slow_server_is_given_up(server, installation, open_page):
    """Within the timeout, not when the browser loses patience."""
    server.delay = 3.0
    started = time.monotonic()
    page = open_page(PAGE)
    assert page.test.error
    assert time.monotonic() - started < 8


def test_the_last_good_figures_stay_with_their_age(written, open_page, installation):
    """A source that goes away takes nothing from the page."""
    written.history()
    page = open_page(PAGE)
    source = access.services().metrics
    latency_reads._asked.clear()
    broken = installation.services.settings.data_dir / FILE
    assert broken.exists()
    source.close()
    broken.write_bytes(b"no database" * 1000)
    for rest in broken.parent.glob(f"{FILE}-*"):
        rest.unlink()
    page.test.run()
    assert page.test.error
    assert "The last good figures" in page.words()
    assert figures(page)["p50"] == "50 ms"


class TestLooks:
    """What stands below, one at a time, each by its address."""

    def test_machines(self, written, open_page):
        """CPU, memory, the process, disks."""
        written.history(extra={("process_cpu_percent", ()): 0.1, ("system_disk_read_bytes_total", ()): 1e6})
        page = open_page(PAGE, more="Machine")
        assert "Nothing in this range" in page.words()  # memory is not told
        assert charts(page) == 6

    def test_predictions(self, written, open_page):
        """By label and confidence."""
        key = ("model_predictions_total", (("predicted_label", "1"), ("confidence", "high"), ("model_version", "2")))
        written.history(extra={key: 3})
        page = open_page(PAGE, more="Predictions")
        assert "Predictions by confidence" in page.words()
        assert charts(page) == 6

    def test_without_predictions_it_says_how_to_count_them(self, written, open_page):
        """The call, by name."""
        written.history()
        assert "monitor.track_prediction" in open_page(PAGE, more="Predictions").words()

    def test_business(self, written, open_page):
        """A gauge and a counter of the user's own; NaN is said to be none."""
        extra = {("loans_waiting", ()): 1, ("loans_total", ()): 2, ("model_cache_hit_rate", ()): math.nan}
        written.history(extra=extra)
        page = open_page(PAGE, more="Business")
        words = page.words()
        assert "loans\\_waiting" in words
        assert "Applications not decided yet" in words
        assert "Only NaN in this range" in words
        assert "api\\_requests" not in words
        assert charts(page) == 6

    def test_without_business_metrics_it_says_how_to_define_them(self, written, open_page):
        """An empty tab leads on."""
        written.history()
        assert "BusinessMetric" in open_page(PAGE, more="Business").words()

    def test_slow_requests(self, written, open_page):
        """The trace of one that took longer than the objective."""
        written.history()
        labels = written._labels(
            "api_request_duration_seconds_bucket",
            (("endpoint", "/slow"), ("method", "GET"), ("status_code", "503"), ("le", "0.25")),
        )
        number = written.writer.known(written.owner)[labels]
        at = round(time.time() * 1000) - 20_000
        exemplar = {number: (labels_of({"trace_id": "abc123"}), 0.2, at)}
        empty = np.empty(0)
        written.writer.write(written.owner, Batch(at + 1000, empty.astype(np.int64), empty, exemplars=exemplar))
        page = open_page(PAGE, more="Slow requests")
        assert "abc123" in "".join(str(one.proto.body) for one in page.test.get("html"))
        assert "None in this range" in open_page(PAGE, more="Slow requests", objective="500 ms").words()

    def test_targets(self, written, open_page):
        """How the latest scrape went."""
        written.history()
        page = open_page(PAGE, more="Targets")
        assert "127.0.0.1:9" in "".join(str(one.proto.body) for one in page.test.get("html"))


class TestExplore:
    """A query of one's own."""

    def test_a_query_in_the_address_is_answered(self, written, open_page):
        """As a chart."""
        written.history()
        page = open_page(PAGE, more="Explore", query="sum(rate(api_requests_total[5m]))")
        assert charts(page) == 5
        assert "1 series" in page.words()

    def test_as_a_table(self, written, open_page):
        """One row a series, a column a label."""
        written.history()
        page = open_page(PAGE, more="Explore", query='up{job="api"}', **{"as": "Table"})
        table = page.test.dataframe[-1].value
        assert table["job"].tolist() == ["api"]
        assert table["Value"].tolist() == ["1.0"]

    @pytest.mark.parametrize("query", ["1 + 1", '"text"', "up[1m]", "vector(NaN)"])
    def test_every_kind_of_answer_has_a_table(self, written, open_page, query):
        """Scalar, string, matrix, NaN."""
        written.history(minutes=2)
        page = open_page(PAGE, more="Explore", query=query, **{"as": "Table"})
        assert not page.test.error
        assert len(page.test.dataframe[-1].value) >= 1

    def test_a_mistake_is_shown_where_it_is(self, written, open_page):
        """The engine's words, and a mark under the column."""
        written.history(minutes=2)
        page = open_page(PAGE, more="Explore", query="sum(rate(up[5m])")
        (error,) = page.test.error
        assert "parse error" in error.value.replace("\\", "")
        assert "^" in page.test.code[-1].value

    def test_what_is_not_supported_is_refused_by_name(self, written, open_page):
        """Never approximated."""
        written.history(minutes=2)
        page = open_page(PAGE, more="Explore", query="histogram_avg(up)")
        assert "histogram" in page.test.error[0].value

    def test_warnings_of_the_engine_are_shown(self, written, open_page):
        """Rate of a gauge is answered, with a word about it."""
        written.history()
        page = open_page(PAGE, more="Explore", query="rate(loans_waiting[5m]) or rate(up[5m])")
        assert "metric might not be a counter" in page.words().replace("\\", "")

    def test_choosing_a_metric_begins_a_query(self, written, open_page):
        """A counter with its rate; a second metric is put behind what was changed."""
        written.history()
        page = open_page(PAGE, more="Explore")
        box = next(one for one in page.test.selectbox if one.label == "Metric")
        box.select("api_requests_total").run()
        assert page.test.text_area[0].value == "sum by (job) (rate(api_requests_total[5m]))"
        assert charts(page) == 5


def test_a_chart_leads_to_its_query(written, open_page):
    """What the line shows can be taken elsewhere."""
    written.history()
    page = open_page(PAGE).press("Explore p95")
    assert page.test.text_area[0].value.startswith("histogram_quantile(0.95")
    assert not page.test.error


def test_long_ranges_are_asked_in_parts(written, monkeypatch):
    """A question that reads too much is halved until it fits, and says the same."""
    from monitor_core.metrics.embedded import EmbeddedSource
    from monitor_core.metrics.promql import Engine, Limits

    written.history(minutes=60)
    source = access.services().metrics
    assert isinstance(source, EmbeddedSource)
    span = questions.Span.of(3600, time.time(), least=30)
    text = questions.buckets(questions.Scope(), span.step)
    whole = latency_reads._bounded(source, text, span)
    source._opened()[1]._limits = Limits(samples=4_000)
    assert isinstance(source._opened()[1], Engine)
    parts = latency_reads._bounded(source, text, span)
    assert np.array_equal(parts.values, whole.values, equal_nan=True)


def test_a_port_that_nobody_listens_on(installation, monkeypatch, open_page):
    """Refused at once."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("MONITOR_METRICS_PROMETHEUS_URL", f"http://127.0.0.1:{port}")
    page = open_page(PAGE)
    assert "cannot be reached" in page.test.error[0].value


def test_victoria_metrics_is_named_with_its_difference(server, installation, open_page):
    """The page says whose rate it shows."""
    server.reply = (
        200,
        "application/json",
        b'{"status":"success","isPartial":false,"data":{"resultType":"matrix","result":[]}}',
    )
    server.lists = b'{"status":"success","isPartial":false,"data":["api"]}'
    page = open_page(PAGE)
    assert "differ a little" in page.words()
