"""Whatever is logged becomes a line: generated objects."""

import json
import logging
from enum import Enum

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_core.logs import JSONFormatter
from monitor_core.logs.formatter import LONGEST_LINE
from monitor_core.logs.plain import Converter, Limits


class Colour(Enum):
    RED = "red"


class Hostile:
    def __repr__(self):
        raise ZeroDivisionError

    @property
    def __class__(self):
        raise RuntimeError("no class")


class Word(str):
    __slots__ = ()

    def __str__(self):
        raise RuntimeError("no text")


scalars = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.complex_numbers()),
    *(st.datetimes(), st.timedeltas(), st.decimals(), st.uuids(), st.sampled_from([Hostile, Colour.RED, print])),
    *(st.builds(Hostile), st.builds(object), st.builds(Word)),
)
keys = st.one_of(st.text(), st.integers(), st.none(), st.binary())
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner), st.tuples(inner, inner), st.dictionaries(keys, inner)),
    max_leaves=30,
)


@settings(deadline=None, max_examples=200)
@given(anything)
def test_anything_becomes_json(value):
    """No object raises, and JSON without NaN takes what comes out."""
    json.dumps(Converter(Limits()).mapping({"v": value}), allow_nan=False)


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(st.one_of(st.text(), st.integers()), anything), anything, anything)
def test_anything_in_context_and_extra(context, extra, trace):
    """No object raises, and each line is JSON of at most 256 KB."""
    record = logging.LogRecord("api", 20, "api.py", 1, "m %s", None, None)
    record.args = (extra,)
    record.context, record.other, record.trace_id = context, extra, trace
    for name in ("native", "otel"):
        line = JSONFormatter(name).format(record)
        assert len(line.encode()) <= LONGEST_LINE
        assert json.loads(line)
        assert "could not be written" not in line
