"""From text to tree: what is read, what is refused, and with which words."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from monitor_core.metrics.promql import BadQuery
from monitor_core.metrics.promql.functions import FUNCTIONS, REFUSED
from monitor_core.metrics.promql.parser import parse
from monitor_core.metrics.promql.syntax import (
    Aggregation,
    Binary,
    Call,
    Number,
    RangeSelector,
    Selector,
    Subquery,
    Unary,
)


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("1e3", 1000),
        ("0x1F", 31),
        ("010", 8),
        ("08", 8),
        (".5", 0.5),
        ("2.", 2),
        ("Inf", float("inf")),
        ("5m", 300),
        ("1h30m", 5400),
        ("1ms", 0.001),
    ],
)
def test_numbers(query, value):
    assert parse(query) == Number(value, 0)


@pytest.mark.parametrize(
    ("query", "same"),
    [
        ("1 + 2 * 3", "1 + (2 * 3)"),
        ("2 ^ 3 ^ 2", "2 ^ (3 ^ 2)"),
        ("-1 ^ 2", "-(1 ^ 2)"),
        ("-a * b", "(-a) * b"),
        ("a or b and c", "a or (b and c)"),
        ("a - b - c", "(a - b) - c"),
        ("a == b + c", "a == (b + c)"),
        ("2 ^ -1 * 3", "(2 ^ (-1)) * 3"),
        ("a atan2 b / c", "(a atan2 b) / c"),
    ],
)
def test_precedence(query, same):
    assert bare(parse(query)) == bare(parse(same))


def bare(node):
    """Give the shape of a tree without parentheses and places."""
    match node:
        case Binary():
            return (node.operator, bare(node.left), bare(node.right))
        case Unary():
            return (node.operator, bare(node.body))
        case Number():
            return node.value
        case Selector():
            return node.name
    return bare(node.body)


def test_a_selector_with_everything():
    node = parse('x{a="1", b!~"2.*",} [5m] @ -1.5 offset -1m30s')
    assert isinstance(node, RangeSelector)
    assert node.range_ms == 300_000
    assert (node.selector.at, node.selector.offset_ms) == (-1500, -90_000)
    assert [str(matcher) for matcher in node.selector.matchers] == ['a="1"', 'b!~"2.*"', '__name__="x"']


def test_numbers_are_seconds_where_durations_stand():
    node = parse("sum(x)[90:1.5] offset 60")
    assert isinstance(node, Subquery)
    assert (node.range_ms, node.step_ms, node.offset_ms) == (90_000, 1500, 60_000)


def test_names_outside_of_letters_are_quoted():
    node = parse('{"größe.x", "a b"="c"}')
    assert [(matcher.name, matcher.value) for matcher in node.matchers] == [("__name__", "größe.x"), ("a b", "c")]


def test_words_of_the_language_name_metrics_and_labels():
    assert isinstance(parse("sum + by"), Binary)
    node = parse("sum by (on, sum, offset) (group)")
    assert isinstance(node, Aggregation)
    assert node.labels == ("on", "sum", "offset")


def test_operators_and_aggregations_in_any_case():
    assert isinstance(parse("SUM(x) BY (a)"), Aggregation)
    assert parse("x AND y").operator == "and"


def test_comments_and_lines_are_skipped():
    assert isinstance(parse("rate( # per second\n  x[5m]\n)"), Call)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "no expression found in input"),
        ("foo bar", '1:5: parse error: unexpected identifier "bar"'),
        ("sum(", "1:5: parse error: unclosed left parenthesis"),
        ("x[5m", "1:5: parse error: unclosed left bracket"),
        ("x)", "1:2: parse error: unexpected right parenthesis ')'"),
        ("x{a=", "1:5: parse error: unexpected end of input inside braces"),
        ('x{a="b" or c="d"}', '1:9: parse error: unexpected identifier "or" in label matching, expected "," or "}"'),
        ('"abc', "1:1: parse error: unterminated quoted string"),
        ('"\\q"', "1:1: parse error: unknown escape sequence '\\q'"),
        ('x{a=~"("}', "1:3: parse error: error parsing regexp"),
        ("{}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
        ('{a=~".*"}', "1:1: parse error: vector selector must contain at least one non-empty matcher"),
        ('x{__name__="y"}', "1:1: parse error: metric name must not be set twice"),
        ("nope(x)", '1:1: parse error: unknown function with name "nope"'),
        ("rate(x)", 'expected type range vector in call to function "rate", got instant vector'),
        ("abs()", '1:1: parse error: expected 1 argument(s) in call to "abs", got 0'),
        ("label_join(x)", "1:1: parse error: expected at least 3 argument(s)"),
        ("sum(x, y)", "wrong number of arguments for aggregate expression provided, expected 1, got 2"),
        ("sum(x,)", "trailing commas not allowed in function call args"),
        ("sum(1)", "1:5: parse error: expected type instant vector in aggregation expression, got scalar"),
        ("topk(x, y)", "expected type scalar in aggregation parameter, got instant vector"),
        ("1 > 2", "1:3: parse error: comparisons between scalars must use BOOL modifier"),
        ("1 + bool 2", "bool modifier can only be used on comparison operators"),
        ("x and 1", 'set operator "and" not allowed in binary scalar expression'),
        ("x and on (a) group_left () y", 'no grouping allowed for "and" operation'),
        ("x * on (a) group_left (a) y", 'label "a" must not occur in ON and GROUP clause at once'),
        ("x * on (a) 2", "vector matching only allowed between instant vectors"),
        ('"a" + 1', "binary expression must contain only scalar and instant vector types"),
        ("x[5m] + 1", "binary expression must contain only scalar and instant vector types"),
        ("x[5m][5m]", "ranges only allowed for vector selectors"),
        ("x offset 1m [5m]", "no offset modifiers allowed before range"),
        ("x offset 1m offset 1m", "offset may not be set multiple times"),
        ("x @ 1 @ 2", "@ <timestamp> may not be set multiple times"),
        ("1 offset 1m", "offset modifier must be preceded by"),
        ("x @ NaN", "timestamp out of bounds for @ modifier"),
        ("x[0s]", "duration must be greater than 0"),
        ("x[1h1d]", 'not a valid duration string: "1h1d"'),
        ("x[999999999y]", "duration out of range"),
        ("1[5m:]", "subquery is only allowed on instant vector, got scalar instead"),
        ("-x[5m]", "unary expression only allowed on expressions of type scalar or instant vector"),
        ("0x" + "f" * 400, "error parsing number"),
        ("x{\ud800}", "invalid UTF-8"),
    ],
)
def test_what_is_no_query_is_refused_in_prometheus_words(query, message):
    with pytest.raises(BadQuery) as refused:
        parse(query)
    assert message in refused.value.message
    assert refused.value.error_type == "bad_data"


@pytest.mark.parametrize(
    "query",
    [
        *("histogram_avg(x)", "histogram_count(x)", "histogram_sum(x)", "histogram_stddev(x)", "histogram_stdvar(x)"),
        *("info(x)", "start()", "end()", "step()", "range()", "integral(x[5m])"),
        *("first_over_time(x[5m])", "mad_over_time(x[5m])", "double_exponential_smoothing(x[5m], .1, .2)"),
        *("sort_by_label(x, 'a')", "sort_by_label_desc(x, 'a')", "histogram_quantiles(x, 'q', .5)"),
        *(f"ts_of_{which}_over_time(x[5m])" for which in ("first", "last", "min", "max")),
    ],
)
def test_functions_refused_by_name(query):
    name = query.split("(")[0]
    with pytest.raises(BadQuery) as refused:
        parse(query)
    assert refused.value.message == f'1:1: parse error: function "{name}" is not enabled'
    assert refused.value.hint


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limitk(1, x)", "limitk() is experimental and must be enabled with"),
        ("limit_ratio(.5, x)", "limit_ratio() is experimental and must be enabled with"),
        ("x + fill(0) y", "binop fill modifiers are experimental and not enabled"),
        ("x * on (a) group_left () fill_right (1) y", "binop fill modifiers are experimental and not enabled"),
        ("rate(x[5m] smoothed)", "smoothed modifier is experimental and not enabled"),
        ("x anchored", "anchored modifier is experimental and not enabled"),
        ("x[1m + 1m]", "experimental duration expression is not enabled"),
        ("x[step()]", "experimental duration expression is not enabled"),
        ("x offset (1m)", "experimental duration expression is not enabled"),
    ],
)
def test_experimental_syntax_is_refused_by_name(query, message):
    with pytest.raises(BadQuery, match="experimental") as refused:
        parse(query)
    assert message in refused.value.message


def test_experimental_functions_behind_their_switch():
    assert isinstance(parse("mad_over_time(x[5m])", experimental=True), Call)
    with pytest.raises(BadQuery, match="not enabled"):
        parse("info(x)", experimental=True)


def test_places_are_lines_and_columns():
    with pytest.raises(BadQuery, match=r"^3:3: parse error"):
        parse("sum(\n  x\n) / bool 2")


@pytest.mark.parametrize("text", ["(" * 5000 + "1" + ")" * 5000, "-" * 5000 + "1", "1" + "+1" * 5000, "abs(" * 5000])
def test_deep_nesting_is_refused_at_once(text):
    started = time.perf_counter()
    with pytest.raises(BadQuery):
        parse(text)
    assert time.perf_counter() - started < 2


def test_nesting_up_to_the_limit_is_read():
    parse("(" * 90 + "1" + ")" * 90)
    parse("1" + "+1" * 90)


@pytest.mark.parametrize(
    ("query", "known"),
    [
        ("holt_winters(x[5m], .1, .2)", True),
        ("x[300]", False),
        ("5m", False),
        ('{"x"}', False),
        ("mad_over_time(x[5m])", False),
        ("x offset 0s", False),
    ],
)
def test_what_2_42_knows(query, known):
    if known:
        parse(query, compat=2)
        return
    with pytest.raises(BadQuery):
        parse(query, compat=2)


def test_the_documents_name_every_function():
    text = (Path(__file__).resolve().parents[3] / "docs" / "promql.md").read_text(encoding="utf-8")
    words = set(re.findall(r"[a-z_0-9]+", text))
    assert set(FUNCTIONS) | set(REFUSED) <= words
