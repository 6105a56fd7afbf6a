"""A line of JSON, whatever was logged."""

import json
import logging
import sys
import time

import pytest

from monitor_core.logs import JSONFormatter, bind, scope
from monitor_core.logs.formatter import LONGEST_LINE


class Unprintable:
    def __str__(self):
        raise ZeroDivisionError


class Hostile:
    def __repr__(self):
        raise ZeroDivisionError

    @property
    def __class__(self):
        raise RuntimeError("no class")


def failure(error):
    try:
        raise error
    except type(error):
        return sys.exc_info()


def read(record, **options):
    line = JSONFormatter(**options).format(record)
    assert "\n" not in line
    return json.loads(line)


def test_the_fields_of_a_line(make_record):
    """The document's example: timestamp, level, logger, message, context, trace_id, in this order."""
    record = make_record(name="api_server", context={"bse_code": "500325"}, trace_id="a1b2c3d4")
    assert JSONFormatter().format(record) == (
        '{"timestamp": "2025-11-14T10:30:00.123Z", "level": "INFO", "logger": "api_server", "message": "scored", '
        '"context": {"bse_code": "500325"}, "trace_id": "a1b2c3d4"}'
    )


def test_what_is_empty_is_left_out(make_record):
    """No context, trace or exception: no key."""
    assert list(read(make_record())) == ["timestamp", "level", "logger", "message"]


def test_extras_are_context(make_record):
    """Whatever `extra` adds stands in the context, beside what is bound; the call comes first."""
    with scope("t-1", model="churn", rows=1):
        bind(step="score")
        line = read(make_record(rows=3, _private=1))
    assert line["context"] == {"model": "churn", "rows": 3, "step": "score"}
    assert line["trace_id"] == "t-1"


def test_an_exception_has_its_traceback(make_record):
    """`exception` is the traceback, to its last line."""
    line = read(make_record(level=logging.ERROR, exc_info=failure(ValueError("no model"))))
    assert line["exception"].startswith("Traceback (most recent call last)")
    assert line["exception"].endswith("ValueError: no model")


def test_a_long_traceback_keeps_its_end(make_record):
    """64 KB of it, and what happened is among them."""
    line = read(make_record(exc_info=failure(ValueError("x" * 200_000 + " the end"))))
    assert line["exception"].endswith(" the end")
    assert len(line["exception"]) < 66_000


def test_a_message_has_32_kilobytes(make_record):
    """The rest is cut, and counted."""
    assert read(make_record("x" * 100_000))["message"] == "x" * 32_768 + "…[100000 characters]"


@pytest.mark.parametrize(
    ("message", "args", "expected"),
    [
        ("%d rows", ("many",), "%d rows [TypeError; args ('many',)]"),
        ("%s and %s", (1,), "%s and %s [TypeError; args (1,)]"),
        ("%(name)s", ({"name": "x"},), "x"),
        (17, None, "17"),
        ({"message": "scored", "rows": 3}, None, "scored"),
    ],
)
def test_messages_of_every_kind(make_record, message, args, expected):
    """Wrong placeholders lose nothing; numbers and dictionaries are messages, too."""
    assert read(make_record(message, args))["message"] == expected


def test_a_hostile_message_is_written(make_record):
    """A message that cannot be printed says so."""
    assert "Hostile" in read(make_record(Hostile()))["message"]
    assert "Unprintable" in read(make_record("got %s", args=(Unprintable(),)))["message"]


HIDING = "\x1b[31m\x00\x7f\x9b\u202eevil\u2066\u200b\ufeff\u2028\ud800\U000e0041"


def test_hidden_characters_are_visible_and_kept(make_record):
    """What steers a terminal or turns text around is written as an escape, and is the same once read."""
    line = JSONFormatter().format(make_record(HIDING, context={"k": HIDING, HIDING: 1}))
    assert line.isprintable()
    assert json.loads(line)["message"] == HIDING
    assert json.loads(line)["context"] == {"k": HIDING, HIDING: 1}
    line.encode("utf-8")


def test_letters_stay_letters(make_record):
    """Words in any script can be searched with grep."""
    assert "Größe 大小 आकार 🙂" in JSONFormatter().format(make_record("Größe 大小 आकार 🙂"))


def test_newlines_stay_on_the_line(make_record):
    """A message cannot forge a second line."""
    assert JSONFormatter().format(make_record('a\n{"level": "INFO"}\r\n')).count("\n") == 0


@pytest.mark.parametrize("made", ["\x00", '"', "\\", "é", "\u202e", "\ud800", "😀"])
def test_no_line_is_longer_than_256_kilobytes(make_record, made):
    """Also where each character takes six bytes: it is cut further."""
    record = make_record(
        made * 40_000,
        context={f"key {i}": made * 40_000 for i in range(300)},
        exc_info=failure(ValueError(made * 100_000)),
        trace_id=made * 300_000,
    )
    for name in ("native", "ecs", "otel", "datadog", "splunk"):
        line = JSONFormatter(name).format(record)
        assert len(line.encode()) <= LONGEST_LINE
        assert "10:30:00.123Z" in line or name in {"otel", "splunk"}


def test_a_broken_record_is_still_a_line(make_record):
    """Attributes of a wrong kind, as from a foreign `makeLogRecord`."""
    line = read(make_record(created="now", levelname=None, exc_info="yes", name=None, stack_info=7, msg=None))
    assert line["message"] == "None"
    assert line["timestamp"] == "1970-01-01T00:00:00.000Z"


def test_dumping_much_is_quick(make_record):
    """A million items cost what is kept of them."""
    record = make_record(context={"rows": list(range(1_000_000)), "text": "password=" + "x" * 5_000_000})
    formatter = JSONFormatter()
    started = time.process_time()
    formatter.format(record)
    assert time.process_time() - started < 0.5
