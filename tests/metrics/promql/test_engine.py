"""The engine as a whole: forms of answers, semantics of Prometheus 3, limits."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from monitor_core.errors import InvalidInput, MonitorError
from monitor_core.metrics.promql import (
    BadQuery,
    Engine,
    ExecutionFailed,
    Grid,
    Limits,
    Matrix,
    MemoryReader,
    QueryTimeout,
    Scalar,
    String,
    Vector,
)


@pytest.fixture
def reader(loaded):
    return loaded("""
        load 15s
          hits_total{job="api"} 0+5x40
          hits_total{job="web"} 0+3x19 3x19
          level{job="api"} 1 2 _ 4 stale 6
    """)


def named(vector: Vector, label: str = "job") -> dict:
    keys = [dict(labels).get(label, "") for labels in vector.labels]
    return dict(zip(keys, vector.values.tolist(), strict=True))


def test_instant_queries_give_the_kind_of_the_expression(reader):
    engine = Engine(reader)
    assert isinstance(engine.query("hits_total", 60).value, Vector)
    assert isinstance(engine.query("hits_total[1m]", 60).value, Matrix)
    assert engine.query("1 + 1", 60.5).value == Scalar(60_500, 2.0)
    assert engine.query("('a')", 60).value == String(60_000, "a")


def test_range_queries_give_a_grid_sorted_by_labels(reader):
    grid = Engine(reader).query_range("-hits_total", 0, 60, 30).value
    assert isinstance(grid, Grid)
    assert grid.labels == ((("job", "api"),), (("job", "web"),))
    assert grid.timestamps.tolist() == [0, 30_000, 60_000]
    assert grid.timestamps.dtype == np.int64
    assert grid.values.tolist() == [[0, 0], [-10, -6], [-20, -12]]
    assert grid.values.dtype == np.float64


def test_a_scalar_over_a_range_is_one_series_without_labels(reader):
    grid = Engine(reader).query_range("time() * 2", 0, 30, 15).value
    assert grid.labels == ((),)
    assert grid.values[:, 0].tolist() == [0, 30, 60]


def test_nan_as_a_value_is_present_and_a_gap_is_not(reader):
    grid = Engine(reader).query_range("level / (level != 2) - 1", 0, 75, 15).value
    assert grid.present[:, 0].tolist() == [True, False, False, True, False, True]
    nan = Engine(reader).query_range("0 * level / 0", 0, 15, 15).value
    assert nan.present.all()
    assert np.isnan(nan.values).all()


def test_ranges_are_open_on_the_left(reader):
    assert named(Engine(reader).query("count_over_time(hits_total[30s])", 60).value)["api"] == 2
    assert named(Engine(reader, compat=2).query("count_over_time(hits_total[30s])", 60).value)["api"] == 3


def test_a_value_holds_for_less_than_the_lookback(reader):
    engine = Engine(reader)
    assert named(engine.query("level", 75 + 299.999).value) == {"api": 6}
    assert named(engine.query("level", 75 + 300).value) == {}
    assert named(Engine(reader, lookback=30).query("level", 75 + 30).value) == {}


def test_a_stale_series_is_gone_at_once(reader):
    engine = Engine(reader)
    assert named(engine.query("level", 59).value) == {"api": 4}
    assert named(engine.query("level", 60).value) == {}


def test_rate_is_extrapolated_to_the_ends_of_the_range(reader):
    rate = named(Engine(reader).query("rate(hits_total[1m])", 420).value)
    assert rate["api"] == pytest.approx(5 / 15)
    assert rate["web"] == pytest.approx(0)


def test_a_reset_counts_what_came_after_it(loaded):
    reader = loaded("load 15s\n x_total 0 10 20 5 15")
    assert Engine(reader).query("increase(x_total[1m])", 60).value.values[0] == pytest.approx((15 - 10 + 20) * 60 / 45)


def test_resets_are_exact_beside_large_numbers(loaded):
    reader = loaded("load 15s\n x_total 0 1e17 0 1 2 0 1 2 3")
    found = Engine(reader).query("increase(x_total[75s])", 105).value.values[0]
    assert found == pytest.approx((2 - 1 + 2) * 75 / 60)


def test_sums_do_not_lose_small_numbers(loaded):
    reader = loaded('load 15s\n x{a="1"} 1e100\n x{a="2"} 1\n x{a="3"} -1e100\n y 1e100 1 -1e100')
    engine = Engine(reader)
    assert engine.query("sum(x)", 0).value.values.tolist() == [1.0]
    assert engine.query("sum_over_time(y[1m])", 30).value.values.tolist() == [1.0]


def test_means_do_not_overflow(loaded):
    reader = loaded('load 15s\n x{a="1"} 1.7e308\n x{a="2"} 1.7e308\n y 1.7e308 1.7e308')
    engine = Engine(reader)
    assert engine.query("avg(x)", 0).value.values[0] == pytest.approx(1.7e308)
    assert engine.query("avg_over_time(y[1m])", 15).value.values[0] == pytest.approx(1.7e308)


def test_series_that_lose_their_name_may_not_collide(loaded):
    reader = loaded("load 15s\n a_total 1\n b_total 2")
    with pytest.raises(ExecutionFailed, match="vector cannot contain metrics with the same labelset"):
        Engine(reader).query('abs({__name__=~".*_total"})', 0)


def test_many_to_one_must_be_explicit(reader, loaded):
    reader = loaded('load 15s\n a{x="1"} 1\n a{x="2"} 2\n b 1')
    with pytest.raises(ExecutionFailed, match="many-to-one matching must be explicit"):
        Engine(reader).query("a / on () b", 0)
    with pytest.raises(
        ExecutionFailed, match=r"found duplicate series for the match group \{\} on the right hand-side"
    ):
        Engine(reader).query("b / on () a", 0)
    with pytest.raises(ExecutionFailed, match="grouping labels must ensure unique matches"):
        Engine(reader).query("label_replace(a, 'y', '', 'y', '') / on () group_left (x) (b or on (x) b)", 0)


def test_comparisons_keep_values_and_bool_gives_numbers(reader):
    engine = Engine(reader)
    assert named(engine.query("hits_total > 15", 60).value) == {"api": 20}
    assert named(engine.query("hits_total > bool 15", 60).value) == {"api": 1, "web": 0}


def test_sorting_and_the_largest(reader):
    engine = Engine(reader)
    assert list(named(engine.query("sort(hits_total)", 60).value)) == ["web", "api"]
    assert list(named(engine.query("sort_desc(hits_total)", 60).value)) == ["api", "web"]
    assert named(engine.query("topk(1, hits_total)", 60).value) == {"api": 20}
    assert list(named(engine.query("bottomk(5, hits_total)", 60).value)) == ["web", "api"]


def test_labels_can_be_written_anew(reader):
    query = 'label_replace(hits_total, "short", "$1-${2}x$$$9", "job", "(.)(?P<rest>.*)")'
    assert set(named(Engine(reader).query(query, 60).value, "short")) == {"a-pix$", "w-ebx$"}
    joined = Engine(reader).query('label_join(hits_total, "both", "/", "job", "none", "__name__")', 60).value
    assert "api//hits_total" in named(joined, "both")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ('label_replace(hits_total, "", "$1", "job", "(.*)")', "invalid destination label name in label_replace"),
        ('label_replace(hits_total, "a", "$1", "job", "(")', "invalid regular expression in label_replace"),
        ('label_join(hits_total, "", "-", "job")', "invalid destination label name in label_join"),
        ('count_values("", hits_total)', "invalid label name"),
        ("topk(NaN, hits_total)", "Parameter value is NaN"),
        ("topk(1e300, hits_total)", "overflows int64"),
    ],
)
def test_arguments_that_cannot_be_used(reader, query, message):
    with pytest.raises(ExecutionFailed, match=message) as failed:
        Engine(reader).query(query, 60)
    assert failed.value.error_type == "execution"


def test_values_are_counted(loaded):
    reader = loaded('load 15s\n x{a="1"} 1\n x{a="2"} 1\n x{a="3"} 0.5\n x{a="4"} NaN\n x{a="5"} NaN')
    assert named(Engine(reader).query('count_values("value", x)', 0).value, "value") == {"0.5": 1, "1": 2, "NaN": 2}
    assert named(Engine(reader).query('count_values by (a) ("a", x)', 0).value, "a") == {"0.5": 1, "1": 2, "NaN": 2}


def test_absent_carries_the_labels_that_were_asked_for(reader):
    (labels,) = Engine(reader).query('absent(nothing{job="a", code=~"5..", x="1", x="2"})', 0).value.labels
    assert labels == (("job", "a"),)
    assert Engine(reader).query("absent(hits_total)", 0).value.labels == ()


def test_the_calendar(loaded):
    reader = loaded("load 15s\n moment 1709210096 NaN")  # 2024-02-29 12:34:56
    names = ["minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year"]
    found = [Engine(reader).query(f"{name}(moment)", 0).value.values[0] for name in names]
    assert found == [34, 12, 4, 29, 60, 29, 2, 2024]
    assert math.isnan(Engine(reader).query("year(moment)", 15).value.values[0])
    assert Engine(reader).query("day_of_year()", 1709210096).value.values.tolist() == [60]


def test_experimental_functions_where_they_are_switched_on(loaded):
    reader = loaded("load 15s\n x 3 1 4 1 5")
    engine = Engine(reader, experimental=True)
    wanted = {
        "first_over_time(x[2m])": 3,
        "mad_over_time(x[2m])": 2,
        "ts_of_min_over_time(x[2m])": 45,
        "ts_of_max_over_time(x[2m])": 60,
        "ts_of_first_over_time(x[2m])": 0,
        "ts_of_last_over_time(x[2m])": 60,
    }
    assert {query: engine.query(query, 60).value.values[0] for query in wanted} == wanted
    with pytest.raises(ExecutionFailed, match="invalid smoothing factor"):
        engine.query("double_exponential_smoothing(x[2m], 1, .5)", 60)


def test_sorting_by_label_reads_numbers_as_numbers(loaded):
    reader = loaded('load 15s\n x{n="node10"} 1\n x{n="node9"} 1\n x{n="node"} 1')
    engine = Engine(reader, experimental=True)
    assert list(named(engine.query('sort_by_label(x, "n")', 0).value, "n")) == ["node", "node9", "node10"]
    assert list(named(engine.query('sort_by_label_desc(x, "n")', 0).value, "n")) == ["node10", "node9", "node"]


def test_notes_carry_their_place(reader):
    answer = Engine(reader).query_range("sum(sort(rate(level[1m])))", 0, 60, 15)
    assert answer.warnings == (
        "PromQL warning: sort is ineffective for range queries since results are always ordered by labels (1:5)",
    )
    assert answer.infos == (
        'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "level" (1:15)',
    )


def test_wrong_quantiles_are_noted(reader):
    answer = Engine(reader).query("quantile(1.5, hits_total)", 60)
    assert answer.value.values.tolist() == [math.inf]
    assert answer.warnings == ("PromQL warning: quantile value should be between 0 and 1, got 1.5 (1:10)",)


# -- limits ------------------------------------------------------------------------------------------------------------


def test_samples_are_counted_and_limited(reader):
    assert Engine(reader).query("hits_total", 60).samples == 10
    with pytest.raises(ExecutionFailed, match="too many samples into memory"):
        Engine(reader, limits=Limits(samples=9)).query("hits_total", 60)


def test_tables_in_between_are_limited(reader):
    with pytest.raises(ExecutionFailed, match="too many samples into memory"):
        Engine(reader).query("sum_over_time(vector(1)[10y:1ms])", 60)
    with pytest.raises(ExecutionFailed, match="too many samples into memory"):
        Engine(reader, limits=Limits(samples=100)).query_range("hits_total", 0, 600, 5)


def test_series_are_limited(reader):
    with pytest.raises(ExecutionFailed, match="a selector found 2 series, 1 are allowed"):
        Engine(reader, limits=Limits(series=1)).query("hits_total", 60)


def test_time_is_limited(reader):
    with pytest.raises(QueryTimeout, match="query timed out") as failed:
        Engine(reader, limits=Limits(seconds=0)).query("hits_total", 60)
    assert failed.value.error_type == "timeout"


def test_steps_are_limited(reader):
    with pytest.raises(BadQuery, match="exceeded maximum resolution of 11,000 points per timeseries"):
        Engine(reader).query_range("hits_total", 0, 11_000, 1)


def test_length_is_limited(reader):
    with pytest.raises(BadQuery, match="too long"):
        Engine(reader).query("1" + " " * 20_000, 0)


@pytest.mark.parametrize("depth", [0, 121])
def test_depth_has_bounds_of_its_own(depth):
    with pytest.raises(InvalidInput, match="1 to 120 are allowed"):
        Limits(depth=depth)


def test_the_deepest_query_leaves_room_for_the_caller(reader):
    """A page's own calls stand on the same stack."""

    def far_down(levels):
        if levels:
            return far_down(levels - 1)
        return Engine(reader).query("abs(" * 98 + "hits_total" + ")" * 98, 60).value

    assert named(far_down(250)) == {"api": 20, "web": 12}


@pytest.mark.parametrize(
    ("start", "end", "step", "message"),
    [
        (0, 10, 0, "zero or negative query resolution"),
        (0, 10, -1, "zero or negative query resolution"),
        (10, 0, 1, "end timestamp must not be before start time"),
        (math.nan, 10, 1, 'invalid parameter "start"'),
        (0, math.inf, 1, 'invalid parameter "end"'),
    ],
)
def test_ranges_that_make_no_sense(reader, start, end, step, message):
    with pytest.raises(BadQuery, match=message):
        Engine(reader).query_range("hits_total", start, end, step)


@pytest.mark.parametrize(("query", "kind"), [("hits_total[5m]", "range vector"), ("'a'", "string")])
def test_a_range_needs_numbers(reader, query, kind):
    with pytest.raises(BadQuery, match=f'invalid expression type "{kind}" for range query'):
        Engine(reader).query_range(query, 0, 10, 1)


def test_failures_are_errors_of_the_package():
    with pytest.raises(MonitorError):
        Engine(MemoryReader()).query("(", 0)
    with pytest.raises(InvalidInput):
        Engine(MemoryReader(), compat=1)


def test_neither_pandas_nor_streamlit_nor_the_expression_engine_are_imported_with_it():
    program = (
        "import sys, monitor_core.metrics.promql as promql; promql.Engine(promql.MemoryReader()).query('x', 0);"
        "print([name for name in ('pandas', 'streamlit', 're2') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
