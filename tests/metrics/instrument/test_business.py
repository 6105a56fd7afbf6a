"""Business metrics by configuration."""

import pytest
from prometheus_client import Counter

from monitor_core import PerformanceMonitor
from monitor_core.errors import Conflict, InvalidInput, InvalidSetting, NotFound
from monitor_core.metrics.instrument import BusinessMetric, get_metrics_text, read_business_metrics

FILE = """
[[metric]]
name = "loans_waiting"
help = "Applications not decided yet."
labels = ["region"]

[[metric]]
name = "loans_approved_total"
help = "Applications approved."
kind = "counter"

[[metric]]
name = "scoring_failures_total"
help = "Applications that could not be scored."
kind = "failures"
labels = ["bureau", "reason"]
most_values = 5
"""


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "business.toml"
    found.write_text(FILE, encoding="utf-8")
    return found


@pytest.fixture
def monitor(registry, path):
    return PerformanceMonitor(registry, business=path)


def test_three_kinds(monitor, value):
    """Gauge, counter, counter of failures."""
    monitor.set_gauge("loans_waiting", 12, region="north")
    monitor.count("loans_approved_total")
    monitor.count("loans_approved_total", 2.5)
    monitor.count_failure("scoring_failures_total", bureau="a", reason="timeout")
    assert value("loans_waiting", region="north") == 12
    assert value("loans_approved_total") == 3.5
    assert value("scoring_failures_total", bureau="a", reason="timeout") == 1


def test_help_is_shown(monitor, registry):
    """Whoever looks at the metrics reads what they mean."""
    assert b"# HELP loans_waiting Applications not decided yet." in get_metrics_text(monitor.registry)
    assert registry is monitor.registry


def test_values_are_bounded(monitor, labels_of):
    """Five values a label were asked for."""
    for number in range(100):
        monitor.count_failure("scoring_failures_total", bureau="a", reason=f"error {number}")
    found = labels_of("scoring_failures_total")
    assert len(found) == 6
    assert ("a", "other") in found


def test_labels_called_name_and_value(registry, value):
    """The method's own words are free for labels."""
    metric = BusinessMetric("stock", "In store.", labels=("name", "value"))
    PerformanceMonitor(registry, business=[metric]).set_gauge("stock", 3, name="a", value="b")
    assert value("stock", name="a", value="b") == 3


def test_two_monitors_share(registry, path, monitor, value):
    """Same definition, same metric."""
    PerformanceMonitor(registry, business=path).set_gauge("loans_waiting", 1, region="south")
    assert value("loans_waiting", region="south") == 1
    assert monitor.registry is registry


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda m: m.set_gauge("loans", 1),
            r"no business metric 'loans' of kind gauge; defined are \['loans_waiting'\]",
        ),
        (lambda m: m.count("loans_waiting", region="x"), "of kind counter"),
        (lambda m: m.count_failure("loans_approved_total"), "of kind failures"),
    ],
)
def test_unknown_names(monitor, call, words):
    """Named, with those that are there."""
    with pytest.raises(NotFound, match=words):
        call(monitor)


def test_wrong_labels(monitor):
    """Named, with the right ones."""
    with pytest.raises(InvalidInput, match=r"has labels \('region',\), not \('area',\)"):
        monitor.set_gauge("loans_waiting", 1, area="north")


@pytest.mark.parametrize("amount", [-1, float("nan"), float("inf")])
def test_counters_only_grow(monitor, amount):
    """By finite amounts."""
    with pytest.raises(InvalidInput, match="cannot grow by"):
        monitor.count("loans_approved_total", amount)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"kind": "summary"}, "kind 'summary' is not one of gauge, counter, failures"),
        ({"name": "loans-waiting"}, "a name has letters"),
        ({"name": "7loans"}, "a name has letters"),
        ({"name": "api_requests_total", "kind": "counter"}, "taken by a metric that every service has"),
        ({"kind": "counter"}, "the name of a counter ends in _total"),
        ({"name": "loans_total"}, "the name of a gauge does not end in _total"),
        ({"labels": ("le",)}, r"labels \['le'\] are reserved"),
        ({"labels": ("__name",)}, "are reserved or no names"),
        ({"labels": ("a", "a")}, "come twice"),
        ({"most_values": 0}, "must be at least 1"),
    ],
)
def test_definitions_are_checked(parts, words):
    """Each says what is wrong with which metric."""
    with pytest.raises(InvalidSetting, match=words):
        BusinessMetric(**{"name": "loans", "help": "Loans.", **parts})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("metric = 3", "only .*metric.* tables"),
        ("[other]\na = 1", "only .*metric.* tables"),
        ("[[metric]]\nname = 'a'", r"missing \['help'\]"),
        ("[[metric]]\nname = 'a'\nhelp = 'b'\nlabel = ['x']", r"unknown \['label'\]"),
        ("not toml", "cannot be read"),
    ],
)
def test_files_are_checked(path, text, words):
    """A slip is named, nothing is passed over."""
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidSetting, match=words):
        read_business_metrics(path)


def test_missing_file(tmp_path):
    """Named."""
    with pytest.raises(InvalidSetting, match=r"gone\.toml"):
        read_business_metrics(tmp_path / "gone.toml")


def test_empty_file(path):
    """No metrics is an answer."""
    path.write_text("", encoding="utf-8")
    assert read_business_metrics(path) == ()


def test_foreign_metric_is_a_conflict(registry, path):
    """Another library's counter of the same name."""
    Counter("loans_approved_total", "Theirs.", ["who"], registry=registry)
    with pytest.raises(Conflict, match="loans_approved_total"):
        PerformanceMonitor(registry, business=path)
