"""Pages of metrics: the first time, the second time, and those that are wrong."""

import math

import numpy as np
import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from monitor_core.metrics.scrape.grammar import BadPage
from monitor_core.metrics.scrape.lines import PageReader
from monitor_core.metrics.sources import Metadata


class Numbers(dict):
    """Gives numbers, and remembers how often it was asked."""

    def __init__(self, room=10**6):
        super().__init__()
        self.asked, self.room = 0, room

    def __call__(self, wanted):
        self.asked += len(wanted)
        return {item: self.setdefault(item, len(self) if len(self) < self.room else -1) for item in wanted}


@pytest.fixture
def numbers():
    return Numbers()


@pytest.fixture
def reader(numbers):
    return PageReader({"job": "api", "instance": "h:1"}, numbers)


def found(numbers, read):
    """Return what a page said by labels, without those of the target."""
    by_number = {number: labels for labels, number in numbers.items()}
    return {
        tuple(pair for pair in by_number[series] if pair[0] not in {"job", "instance"}): value
        for series, value in zip(read.series.tolist(), read.values.tolist(), strict=True)
    }


def example():
    registry = CollectorRegistry()
    counter = Counter("hits", "Hits.", ["path"], registry=registry)
    for path in ("/a", "/b c", '/"d"', "/back\\slash", "/new\nline", "/{x} # {y}", "/ü"):
        counter.labels(path).inc(3)
    histogram = Histogram("lat", "Latency.", registry=registry)
    histogram.observe(0.3, {"trace_id": "abc"})
    gauge = Gauge("temp", "T.", ["x"], registry=registry)
    for number, value in enumerate((math.inf, -math.inf, 1e-300, -0.5, 12345678901234567890.0)):
        gauge.labels(str(number)).set(value)
    Info("build", "B.", registry=registry).info({"version": "1"})
    return registry


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("is_openmetrics", [False, True])
def test_what_the_client_library_writes(reader, numbers, is_openmetrics, times):
    """Every sample as its own parser reads it; the second time from memory."""
    registry = example()
    text = (generate_openmetrics if is_openmetrics else generate_latest)(registry).decode()
    for _ in range(times):
        read = reader.read(text, is_openmetrics=is_openmetrics)
    plain = "\n".join(line.partition(" # {trace")[0] for line in text.splitlines() if not line.startswith("#"))
    expected = {}
    for line in plain.splitlines():
        (family,) = text_string_to_metric_families(line)
        (sample,) = family.samples
        pairs = {"__name__": sample.name, **{name: value for name, value in sample.labels.items() if value}}
        expected[tuple(sorted(pairs.items()))] = sample.value
    assert found(numbers, read) == expected
    assert read.count == len(expected)
    assert numbers.asked == len(expected)


def test_labels_of_the_target_win(reader, numbers):
    """The page's own become exported ones, as with Prometheus."""
    reader.read('x{job="inner",exported_job="deep"} 1\n', is_openmetrics=False)
    (labels,) = numbers
    assert dict(labels) == {
        "__name__": "x",
        "job": "api",
        "instance": "h:1",
        "exported_job": "deep",
        "exported_exported_job": "inner",
    }


def test_spacing_does_not_make_another_series(reader, numbers):
    """Nor do empty labels or the order of labels."""
    text = 'x{a="1",b="2"} 1\nx{b="2",a="1",c=""}  2\nx {a="1", b="2"}\t3\n'
    read = reader.read(text, is_openmetrics=False)
    assert len(numbers) == 1
    assert read.series.tolist() == [0, 0, 0]


def test_moments_of_their_own(reader):
    """Milliseconds in the old format, seconds in OpenMetrics."""
    read = reader.read("x 1 1700000000123\ny 2\n", is_openmetrics=False)
    assert read.lone == [(0, 1_700_000_000_123, 1.0)]
    assert read.values.tolist() == [2]
    read = reader.read("x 1 1700000000.5\n# EOF\n", is_openmetrics=True)
    assert read.lone == [(0, 1_700_000_000_500, 1.0)]


def test_exemplars_come_once(reader):
    """And again when there is a new one."""
    text = 'b{{le="1"}} 5 # {{trace_id="{}"}} 0.5 1700000000.25\n# EOF\n'
    assert reader.read(text.format("a"), is_openmetrics=True).exemplars == {
        0: ((("trace_id", "a"),), 0.5, 1_700_000_000_250)
    }
    assert reader.read(text.format("a"), is_openmetrics=True).exemplars == {}
    assert reader.read(text.format("b"), is_openmetrics=True).exemplars[0][0] == (("trace_id", "b"),)


def test_an_exemplar_without_labels_before_it(reader):
    """The brace is the exemplar's."""
    read = reader.read('x_total 5 # {trace_id="a"} 1\n# EOF\n', is_openmetrics=True)
    assert (read.values.tolist(), read.exemplars) == ([5.0], {0: ((("trace_id", "a"),), 1.0, 0)})


def test_metadata_comes_once(reader):
    """Type, words and unit, under the name that the page gives."""
    text = "# HELP x_total Two\\nlines.\n# TYPE x_total counter\n# some words\nx_total 1\n# TYPE y untyped\ny 1\n"
    read = reader.read(text, is_openmetrics=False)
    assert read.metadata == {"x_total": Metadata("counter", "Two\nlines."), "y": Metadata("unknown", "")}
    assert reader.read(text, is_openmetrics=False).metadata == {}


@pytest.mark.parametrize(
    "text",
    [
        "x\n",
        "x one\n",
        "x 1_000\n",
        "x 1 2 3\n",
        "x 1 soon\n",
        'x{a="1" 1\n',
        "x{a=1} 1\n",
        'x{a="1",a="2"} 1\n',
        'x{a="b"c"} 1\n',
        "1x 1\n",
        "x 1",
        "# TYPE x sundial\nx 1\n",
        "<html><body>hello</body></html>\n",
    ],
)
def test_a_wrong_page_is_refused_whole(reader, numbers, text):
    """With the line, and without a trace in the numbers."""
    with pytest.raises(BadPage):
        reader.read(f"good 1\n{text}", is_openmetrics=False)
    assert numbers == {}
    assert reader.read("good 1\n", is_openmetrics=False).values.tolist() == [1]


@pytest.mark.parametrize("text", ["x 1\n", "x 1\n# EOFF\n", ""])
def test_openmetrics_says_where_it_ends(reader, text):
    """What breaks off is no page."""
    with pytest.raises(BadPage, match="breaks off"):
        reader.read(text, is_openmetrics=True)


def test_an_empty_page_is_a_page(reader):
    """With nothing on it."""
    assert reader.read("", is_openmetrics=False).count == 0
    assert reader.read("# EOF\n", is_openmetrics=True).count == 0


def test_series_left_out_are_counted_and_not_asked_for_again():
    """Until there is room."""
    numbers = Numbers(room=2)
    reader = PageReader({}, numbers)
    text = "".join(f'x{{n="{n}"}} {n}\n' for n in range(5))
    for _ in range(2):
        read = reader.read(text, is_openmetrics=False)
        assert (read.left_out, len(read.series), numbers.asked) == (3, 2, 5)
    numbers.clear()
    numbers.room = 10
    reader.forget_left_out()
    assert reader.read(text, is_openmetrics=False).left_out == 0


def test_lines_of_ended_series_can_be_forgotten(reader):
    """So that churn does not fill memory."""
    for number in range(20):
        read = reader.read(f'x{{pod="{number}"}} 1\n', is_openmetrics=False)
    reader.keep_only(frozenset(read.series.tolist()))
    assert reader.lines == 1


def test_ten_thousand_lines_again_are_quick(reader):
    """From memory: far below what the parser takes (bench_metrics measures it)."""
    import time

    rng = np.random.default_rng(0)
    text = "".join(f'x_bucket{{path="/{n // 16}",le="{n % 16}"}} {rng.integers(1e6)}\n' for n in range(10_000))
    reader.read(text, is_openmetrics=False)
    begin = time.process_time()
    read = reader.read(text, is_openmetrics=False)
    assert time.process_time() - begin < 0.1
    assert len(read.series) == 10_000
