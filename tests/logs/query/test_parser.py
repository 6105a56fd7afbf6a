"""Reading queries: what they mean, and what is said when they cannot be read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_core.logs.query import (
    And,
    Compare,
    Everything,
    Has,
    Is,
    Like,
    Not,
    Or,
    Query,
    QueryError,
    Timeline,
    Top,
    Words,
    parse,
)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("timeout", Query(Words("timeout"))),
        (
            '"connection refused" level>=WARNING',
            Query(And((Words("connection refused", is_quoted=True), Compare("level", ">=", "WARNING")))),
        ),
        ("logger:api_* -logger:health", Query(And((Is("logger", "api_*"), Not(Is("logger", "health")))))),
        (
            "context.latency_ms>500 and context.ticker:(AAPL or MSFT)",
            Query(
                And(
                    (
                        Compare("context.latency_ms", ">", "500"),
                        Or((Is("context.ticker", "AAPL"), Is("context.ticker", "MSFT"))),
                    )
                )
            ),
        ),
        ("ts>=now-2h exception:*", Query(And((Compare("ts", ">=", "now-2h"), Has("exception"))))),
        (r'message:~"conf.* 0\.9\d"', Query(Like("message", r"conf.* 0\.9\d"))),
        ("level=ERROR | top 10 context.ticker", Query(Is("level", "ERROR"), Top(10, "context.ticker"))),
        ("| timeline 5m by level", Query(Everything(), Timeline(300, "level"))),
        (
            "Timestamp<2026-11-21 Severity:warn MSG:x",
            Query(And((Compare("ts", "<", "2026-11-21"), Is("level", "warn"), Is("message", "x")))),
        ),
        ("a OR b And NOT c", Query(Or((Words("a"), And((Words("b"), Not(Words("c")))))))),
        ("context.x:-5 context.t:10:30", Query(And((Is("context.x", "-5"), Is("context.t", "10:30"))))),
        ("db-1", Query(Words("db-1"))),
    ],
)
def test_what_is_read(text, tree):
    """The specification's examples, and what comes close."""
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "column", "message", "hint"),
    [
        ("levle:ERROR", 1, "unknown field 'levle'", "level"),
        ("a ticker:AAPL", 3, "unknown field 'ticker'", "context.ticker"),
        ("http://example", 1, "unknown field 'http'", "quotes"),
        ("(a or b", 8, "not closed", ")"),
        ("a)", 2, "closes nothing", "quotes"),
        ('a "b', 3, "quote is not closed", '"'),
        ("a or", 5, "the query ends", "add a word"),
        ("or a", 1, "'or' stands", "quote"),
        ("level:", 7, "nothing stands", "add one"),
        ("level:loud", 7, "no level", "WARNING"),
        ("ts>soon", 4, "no time", "now-2h"),
        ("context.x>abc", 11, "no number", "context.x:abc"),
        ("logger>a", 8, "no order", "logger:value"),
        ("message:~x", 10, "in quotes", "message:~"),
        ('message:~"(?=x)"', 10, "cannot be read", "RE2"),
        ('message:~"("', 10, "cannot be read", "RE2"),
        ('ts:~"x"', 5, "not text", "ts>=value"),
        ("api_*", 1, "single words", "logger:api_*"),
        ("§", 1, "no letter or digit", "message:~"),
        ("logger:(a b)", 11, "joined by words", "or"),
        ("| drop x", 3, "no step", "top 10"),
        ("| top many level", 7, "no number", "top 10"),
        ("| timeline 5x", 12, "no step of time", "5m"),
        ("| top 5 message", 9, "not counted", "level"),
        ("a | top 5 level | top 5 level", 17, "only one |", "quotes"),
        ("a !b", 3, "'!'", "quotes"),
    ],
)
def test_what_is_refused(text, column, message, hint):
    """A column and what to write instead."""
    with pytest.raises(QueryError) as caught:
        parse(text, context=["ticker"])
    assert caught.value.column == column
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_bounds_of_size_depth_and_terms():
    """4 KB, 64 levels, 100 terms."""
    parse("(" * 60 + "a" + ")" * 60)
    parse(" ".join(["a"] * 100))
    for text, words in (
        ("a" * 5_000, "4,096"),
        ("(" * 70 + "a", "64 levels"),
        ("-" * 70 + "a", "64 levels"),
        (" ".join(["a"] * 101), "100 terms"),
    ):
        with pytest.raises(QueryError, match=words):
            parse(text)
    with pytest.raises(QueryError, match="64 levels"):
        parse("logger:" + "(" * 70 + "a")


@given(st.text(alphabet='ab"()|:<>=~!-* \\\\0context.level', max_size=60))
@settings(max_examples=500, deadline=None)
def test_any_text_is_read_or_refused_with_a_column_and_a_hint(text):
    """Nothing else is raised, and the column lies within the text or just behind."""
    try:
        parse(text)
    except QueryError as error:
        found = error
    else:
        return
    assert 1 <= found.column <= len(text) + 1
    assert found.hint
