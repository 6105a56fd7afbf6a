"""Recorded series lie beside the scraped ones."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitor_core.alerts.evaluator import RuleEvaluator
from monitor_core.alerts.recording import StoreSink
from monitor_core.metrics.promql import Engine
from monitor_core.metrics.rules import AlertingRule, RecordingRule, RuleGroup
from monitor_core.metrics.store.reader import StoreReader
from monitor_core.metrics.store.writer import Batch, StoreWriter

START = datetime(2026, 11, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "metrics.db"


@pytest.fixture
def writer(path):
    made = StoreWriter(path, max_series=5)
    yield made
    made.close()


@pytest.fixture
def engine(path, writer):
    reader = StoreReader(path)
    yield Engine(reader)
    reader.close()


def scrape(writer, at, *values):
    labels = [(("__name__", "up"), ("job", f"job{number}")) for number in range(len(values))]
    numbers = writer.numbers("target", labels, writer.known("target"))
    series = np.array([numbers[one] for one in labels])
    milliseconds = round(at.timestamp() * 1000)
    writer.write("target", Batch(milliseconds, series, np.array(values, dtype=float)))


def test_the_next_rule_sees_what_was_recorded(writer, engine):
    """In the same evaluation, through the store."""
    group = RuleGroup("g", (RecordingRule("all:up", "sum(up)"), AlertingRule("Down", "all:up == 0")))
    scrape(writer, START, 0)
    done = RuleEvaluator([group], engine, sink=StoreSink(writer)).evaluate(START)
    assert [event.name for event in done.events] == ["firing"]
    found = engine.query("ALERTS", START.timestamp()).value
    assert [dict(labels)["alertstate"] for labels in found.labels] == ["firing"]


def test_a_series_that_is_gone_ends(writer, engine):
    """At once, not after five minutes."""
    rule = RecordingRule("was:down", "up == 0")
    evaluator = RuleEvaluator([RuleGroup("g", (rule,), interval=MINUTE)], engine, sink=StoreSink(writer))
    scrape(writer, START, 0)
    evaluator.evaluate(START)
    scrape(writer, START + MINUTE, 1)
    evaluator.evaluate(START + MINUTE)
    assert len(engine.query("was:down", START.timestamp()).value.labels) == 1
    assert engine.query("was:down", (START + MINUTE).timestamp()).value.labels == ()


def test_the_limit_on_series_holds(writer, engine):
    """What has no room is not recorded; the rest is."""
    scrape(writer, START, 1, 1, 1)
    writer.follow("target", 3)
    group = RuleGroup("g", (RecordingRule("copy:up", "up"),))
    RuleEvaluator([group], engine, sink=StoreSink(writer)).evaluate(START)
    assert len(engine.query("copy:up", START.timestamp()).value.labels) == 2


def test_a_new_process_knows_the_series(writer, engine):
    """They keep their numbers and their room."""
    scrape(writer, START, 1)
    group = RuleGroup("g", (RecordingRule("copy:up", "up"),), interval=MINUTE)
    for minute in range(3):
        RuleEvaluator([group], engine, sink=StoreSink(writer)).evaluate(START + minute * MINUTE)
    assert len(writer.known("rule:g/copy:up")) == 1
    assert engine.query("count_over_time(copy:up[10m])", (START + 3 * MINUTE).timestamp()).value.values.tolist() == [3]
