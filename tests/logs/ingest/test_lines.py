"""Reading one line, JSON or not."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_core.logs.ingest.lines import read_line

DAY = 1_795_219_200_000_000  # 2026-11-21
TEN = DAY + 36_000_000_000


@pytest.mark.parametrize(
    ("raw", "ts", "level", "logger", "message"),
    [
        (
            '{"timestamp": "2026-11-21T10:00:00.250Z", "level": "ERROR", "logger": "api", "message": "boom"}',
            TEN + 250_000, 40, "api", "boom",
        ),
        ('{"@timestamp": "2026-11-21T10:00:00Z", "log.level": "warn", "message": "x"}', TEN, 30, "", "x"),
        ('{"time": 1795255200, "severity": "notice", "msg": "x"}', TEN, 25, "", "x"),
        ("2026-11-21 10:00:00,250 - api.x - ERROR - boom", TEN + 250_000, 40, "api.x", "boom"),
        ("2026-11-21 10:00:00,250 [main] INFO  com.example.Job - started",
         TEN + 250_000, 20, "com.example.Job", "started"),
        ("2026-11-21T10:00:00Z WARN something odd", TEN, 30, "", "something odd"),
        ("[2026-11-21 10:00:00] [INFO] ready", TEN, 20, "", "ready"),
        ("ERROR:db.pool:no connection", 7, 40, "db.pool", "no connection"),
        ("<11>1 2026-11-21T10:00:00Z host app 12 - - it failed", TEN, 40, "app", "it failed"),
        ("Nov 21 10:00:00 host sshd[12]: bad key", TEN, 0, "sshd", "bad key"),
        ("<13>Nov 21 10:00:00 host cron: done", TEN, 25, "cron", "done"),
        ("nothing of the kind", 7, 0, "", "nothing of the kind"),
        ("{not json", 7, 0, "", "{not json"),
        ('{"timestamp": "0001-01-01T00:00:00Z", "message": "x"}', 7, 0, "", "x"),
        ("[1, 2]", 7, 0, "", "[1, 2]"),
        ("", 7, 0, "", ""),
    ],
)  # fmt: skip
def test_what_is_read(raw, ts, level, logger, message):
    """Times, levels, loggers and messages of common shapes; anything else is kept as text."""
    fallback = TEN + 3_600_000_000 if raw.startswith(("Nov", "<13>")) else 7
    row = read_line(raw, fallback)
    assert (row.ts, row.level, row.logger, row.message, row.raw) == (ts, level, logger, message, raw)


def test_an_access_line_has_fields():
    """Apache and its like."""
    row = read_line('10.0.0.5 - - [21/Nov/2026:11:00:00 +0100] "GET /p?a=1 HTTP/1.1" 404 12 "-" "curl"', 0)
    assert (row.ts, row.level, row.logger) == (TEN, 30, "access")
    assert dict(row.context) == {"host": "10.0.0.5", "method": "GET", "path": "/p?a=1", "status": 404, "bytes": 12}


def test_context_is_flat_bounded_and_named_searchably():
    """Nested names are joined, lists are several values, odd signs go, empty values are none."""
    row = read_line('{"msg": "m", "context": {"a": {"b c": [1, "x"]}, "e": "", "n": null}, "extra": true}', 0)
    assert row.context == (("a.b_c", 1), ("a.b_c", "x"), ("extra", True))
    wide = read_line('{"context": {' + ", ".join(f'"k{i}": {i}' for i in range(500)) + "}}", 0)
    assert len(wide.context) == 200


def test_times_without_a_zone_are_in_the_one_given():
    """Plain lines only."""
    row = read_line("2026-11-21 11:00:00 INFO x", 0, ZoneInfo("Europe/Berlin"))
    assert row.ts == TEN


def test_old_syslog_at_new_year():
    """A line of December that is read in January is of last year."""
    january = int(datetime(2027, 1, 1, 1, tzinfo=UTC).timestamp() * 1e6)
    row = read_line("Dec 31 23:59:59 host app: x", january)
    assert row.ts == january - 3_601_000_000


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_line_is_read(raw):
    """Nothing is raised, and the line itself is kept."""
    assert read_line(raw, 5).raw == raw


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
@settings(max_examples=100, deadline=None)
def test_any_json_is_read(value):
    """Whatever stands in a JSON line."""
    import json

    raw = json.dumps({"message": value, "context": value, "ts": value, "level": value})
    assert read_line(raw, 5).raw == raw
