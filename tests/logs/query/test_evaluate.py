"""What a query means for a row."""

from datetime import UTC, datetime

import pytest

from monitor_core.logs.query import LogRow, matches, parse

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ROW = LogRow(
    1_795_255_200_000_000,  # 2026-11-21T10:00
    40,
    "api_predict",
    "Connection refused by db_7",
    "Traceback ...\nTimeoutError: 30 s",
    "4bf9",
    (("ticker", "AAPL"), ("latency_ms", 700), ("ok", True), ("tag", "a"), ("tag", "b")),
    "app.log",
    "app",
)


@pytest.mark.parametrize(
    "text",
    [
        "refused", "REFUSED", '"connection refused"', "db_7", "timeouterror", "aapl", "predict", "4BF9", "conn*",
        "level:error", "level>=WARN", "level<50", "logger:api_*", "logger:api_predict", "trace_id:4BF9",
        "context.latency_ms>500", "context.latency_ms:700", "context.latency_ms:7e2", "context.ok:true",
        "context.tag:b", "context.tag:(a and b)",
        'context.ticker:"AAPL"', "context.ticker:A*L", "exception:*", "message:refused",
        "ts>=now-2h", "ts:2026-11-21", "ts:today",
        "ts<2026-11-22", "ts<=2026-11-21T10", "-ts>2026-11-21T10", "kind:app", "file:app.*",
        r'message:~"db_\d$"', 'exception:~"Error: .0"', "not level:INFO", "*", "",
    ],
)  # fmt: skip
def test_it_answers(text):
    """Rows that are found."""
    assert matches(parse(text).where, ROW, now=NOW)


@pytest.mark.parametrize(
    "text",
    [
        "refuse", '"refused connection"', "context.ticker:aapl", 'context.latency_ms:"700"', "level>40", "logger:api",
        "context.latency_ms>700", "context.missing:*", "ts>now", "ts>2026-11-21", "trace_id:*x", "message:traceback",
        'context.latency_ms:~"7"', "ion*", "kind:audit", '"a b"',
    ],
)  # fmt: skip
def test_it_does_not_answer(text):
    """Rows that are not."""
    assert not matches(parse(text).where, ROW, now=NOW)
