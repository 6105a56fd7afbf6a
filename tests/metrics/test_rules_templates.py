"""Templates give what Prometheus gives, or are refused by name."""

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_core.errors import InvalidInput
from monitor_core.metrics.rules_templates import expand, go_number, humanize_duration, template

LABELS = {"job": "api", "instance": "a:8000"}


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("plain", 1, "plain"),
        ("{{ $value }}", 0.1, "0.1"),
        ("{{$value}}", 1e6, "1000000"),
        ("{{ .Value }} of {{ .Labels.job }}", 5.0, "5 of api"),
        ("{{ $labels.missing }}!", 1, "!"),
        ("{{ $value | humanize }}", 1234567.0, "1.235M"),
        ("{{ humanize $value }}", 0.0012, "1.2m"),
        ("{{ $value | humanize1024 }}", 1536.0, "1.5ki"),
        ("{{ $value | humanizePercentage }}", 0.12345, "12.35%"),
        ("{{ $value | humanizeDuration }}", 93784.0, "1d 2h 3m 4s"),
        ('{{ printf "%.2f" $value }}', 1.005, "1.00"),
        ('{{ $value | printf "%.1f%%" }}', 5.25, "5.2%"),
        ('{{ $value | printf "%v" }}', 1e21, "1e+21"),
        ('{{ printf "%s" $labels.job }}', 1, "api"),
        ("a {{- $value -}} b", 1, "a1b"),
        ("a\n{{- $labels.job }}\n", 1, "aapi\n"),
        ("{{ $value }}", math.inf, "+Inf"),
        ("{{ $value | humanizePercentage }}", math.nan, "NaN%"),
    ],
)
def test_known_actions(text, value, expected):
    """Written as Go writes them."""
    assert expand(text, value, LABELS) == expected


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{{ range query `up` }}", "range"),
        ("{{ if gt $value 1.0 }}", "if"),
        ("{{ $value | toUpper }}", "toUpper"),
        ("{{ $externalURL }}", r"\$externalURL"),
        ("{{ $value | printf `%d` }}", "printf"),
        ('{{ printf "%d" $value }}', "printf"),
        ('{{ printf "%s%s" $value }}', "printf"),
        ("{{ $labels }}", r"\$labels"),
        ("{{ }}", "nothing"),
        ("{{ $value", "never ends"),
        ("{{/* a note */}}", "note"),
    ],
)
def test_everything_else_is_refused_by_name(text, named):
    """Before it could be evaluated."""
    with pytest.raises(InvalidInput, match=named):
        template(text)


@given(st.floats(allow_nan=False))
def test_a_written_number_reads_as_itself(value):
    """The shortest digits are enough."""
    assert float(go_number(value)) == value


@given(st.text(max_size=200))
def test_no_text_gives_a_traceback(text):
    """It is read or refused."""
    with suppress(InvalidInput):
        template(text)


def test_negative_durations_keep_their_sign():
    """As Prometheus writes them."""
    assert humanize_duration(-3661.0) == "-1h 1m 1s"
