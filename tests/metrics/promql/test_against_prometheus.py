"""The engine beside a real Prometheus 2.42 over the same samples (``compat=2``)."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.prometheus

BASE = 1_700_000_000
RANGE_FUNCTIONS = (
    *("rate", "increase", "delta", "irate", "idelta", "deriv", "changes", "resets"),
    *("avg_over_time", "min_over_time", "max_over_time", "sum_over_time", "count_over_time", "last_over_time"),
    *("stddev_over_time", "stdvar_over_time", "present_over_time", "absent_over_time"),
)
VALUE_FUNCTIONS = (
    *("abs", "ceil", "floor", "exp", "ln", "log2", "log10", "sqrt", "sgn", "round", "timestamp", "sort", "sort_desc"),
    *("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "deg", "rad"),
    "absent",
)
CALENDAR = ("minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year")
QUERIES = (
    *(f"{name}(requests_total[{span}])" for name in RANGE_FUNCTIONS for span in ("1m", "5m")),
    *(f"{name}(temperature[{span}])" for name in RANGE_FUNCTIONS for span in ("45s", "10m")),
    *(f"{name}(rare[30m])" for name in RANGE_FUNCTIONS),
    *(f"{name}(temperature)" for name in VALUE_FUNCTIONS),
    *(f"{name}(small * 3e8)" for name in CALENDAR),
    *(f"{name}()" for name in ("time", "pi", "minute", "hour", "day_of_year", "month")),
    *(f"{name} by (job) (temperature)" for name in ("sum", "avg", "min", "max", "count", "group", "stddev", "stdvar")),
    *(f"{name} without (instance) (requests_total)" for name in ("sum", "avg", "min", "max", "stddev")),
    *(f"quantile({q}, temperature)" for q in ("0", ".3", "1", "-1", "2", "NaN")),
    *(f"quantile_over_time({q}, temperature[5m])" for q in ("0", ".37", "1", "1.5")),
    *(f"histogram_quantile({q}, sum by (job, le) (rate(duration_bucket[5m])))" for q in (".5", ".95", ".99", "0", "2")),
    *(f"histogram_quantile({q}, duration_bucket)" for q in (".1", ".9")),
    *(f"temperature {op} 20" for op in ("+", "-", "*", "/", "%", "^", "==", "!=", ">", "<", ">=", "<=", "atan2")),
    *(f"20 {op} bool temperature" for op in ("==", "!=", ">", "<", ">=", "<=")),
    *(
        f"temperature {op} on (job, instance) temperature offset 1m"
        for op in ("-", "/", ">", "== bool", "unless", "or")
    ),
    "requests_total{code='500'} / ignoring (code) requests_total{code='200'}",
    "requests_total * on (job, instance) group_left (version) info",
    "info * on (job, instance) group_right (version) requests_total",
    "requests_total > on (job, instance) group_left (version) info",
    "requests_total{code='500'} > on (job, instance) info",
    "requests_total and on (job) temperature > 30",
    "temperature or on () vector(1)",
    "topk(2, temperature)",
    "bottomk by (job) (1, temperature)",
    "topk(scalar(count(info)), temperature)",
    "count_values('value', small)",
    "count_values by (job) ('value', round(temperature / 10))",
    "label_replace(requests_total, 'who', '$1-${2}x$3', 'instance', '(.)(.*)')",
    "label_join(requests_total, 'who', '/', 'job', 'instance', 'none')",
    "sum by (le) (rate(duration_bucket[2m]))",
    "predict_linear(temperature[10m], 600)",
    "holt_winters(temperature[10m], .3, .6)",
    "clamp(temperature, 10, 25)",
    "clamp_min(temperature, 15)",
    "clamp_max(temperature, scalar(avg(temperature)))",
    "round(temperature, .25)",
    "avg_over_time(rate(requests_total[2m])[10m:1m])",
    "max_over_time(sum(requests_total)[15m:])",
    "rate(requests_total[5m:30s])",
    "sum_over_time(temperature[5m:45s] offset 2m)",
    "sum_over_time(temperature[5m] @ 1700003600)",
    "requests_total @ end() - requests_total @ start()",
    "rate(requests_total[5m] offset -3m)",
    "temperature offset 7m30s",
    "scalar(sum(requests_total)) + vector(time())",
    "-temperature",
    "absent(nothing{a='b', c=~'d'})",
    "absent_over_time(temperature{job='none'}[5m])",
    "{__name__=~'.*total', job!~'work.*', code!='200'}",
    "small{text=~'gr.*\"q\"'}",
    "sum(temperature) / count(temperature)",
    "stddev_over_time(small[3m]) > bool .5",
    "rare",
    "rare[1m] ",
    "'text'",
    "1 + 2 * 3 ^ 2 % 7",
    "requests_total / on (job) temperature",
    "{__name__=~'requests_total|info'} + 1",
    "rate({__name__=~'requests_total|temperature'}[5m])",
    "sum(temperature) by (job) > ignoring (job) group_left () vector(0)",
)


def test_range_queries_agree_point_by_point(comparison):
    differing = {}
    for query in QUERIES:
        for start, end, step in ((BASE + 60, BASE + 7200, 120), (BASE + 3001, BASE + 3061, 7)):
            difference = comparison.ranged(query, start, end, step)
            if difference:
                differing[query] = difference
    assert not differing, "\n".join(f"{query}: {cause}" for query, cause in differing.items())
    assert comparison.points >= 10_000
    assert comparison.answered >= len(QUERIES)


def test_instant_queries_agree(comparison):
    differing = {}
    for query in QUERIES:
        for moment in (BASE - 10, BASE + 37.037, BASE + 1000, BASE + 3600.5, BASE + 7500):
            difference = comparison.instant(query, moment)
            if difference:
                differing[f"{query} @ {moment}"] = difference
    assert not differing, "\n".join(f"{query}: {cause}" for query, cause in differing.items())
