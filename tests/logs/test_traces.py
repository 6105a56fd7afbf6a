"""W3C Trace Context, in and out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_core.logs.traces import Trace, continue_trace, new_trace, parse_traceparent, traceparent

ID, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    "header",
    [
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{ID}-{'0' * 16}-01",
        f"ff-{ID}-{SPAN}-01",
        f"00-{ID.upper()}-{SPAN}-01",
        f"00-{ID}-{SPAN}-01-more",
        f"00-{ID}-{SPAN}",
        f"00-{ID[:-1]}-{SPAN}-01",
        f"cc-{ID}-{SPAN}-01.more",
        "",
        "hello",
        "x" * 100_000,
    ],
)
def test_wrong_headers_begin_a_new_trace(header):
    """Zeros, a version that is none, capitals, lengths: never an error, never the caller's id."""
    assert parse_traceparent(header) is None
    trace = continue_trace(header, "a=b")
    assert trace.trace_id != ID
    assert (trace.parent_id, trace.state) == ("", "")


@pytest.mark.parametrize("header", [f"00-{ID}-{SPAN}-01", f" 00-{ID}-{SPAN}-01\t", f"cc-{ID}-{SPAN}-01-what-comes"])
def test_sound_headers_are_continued(header):
    """The trace stays, the span is new, the caller's span is the parent; later versions may say more."""
    trace = continue_trace(header, "vendor=1, other=2")
    assert (trace.trace_id, trace.parent_id, trace.flags) == (ID, SPAN, "01")
    assert trace.span_id != SPAN
    assert trace.state == "vendor=1, other=2"
    assert traceparent(trace) == f"00-{ID}-{trace.span_id}-01"


@pytest.mark.parametrize("state", ["x" * 600, "a=\r\nSet-Cookie: b", "é"])
def test_a_state_that_is_none_is_dropped(state):
    """What is handed on cannot carry a header of its own."""
    assert continue_trace(f"00-{ID}-{SPAN}-01", state).state == ""


def test_new_traces_differ():
    """Every trace has an id of its own, in the standard's form."""
    one, two = new_trace(), new_trace()
    assert one.trace_id != two.trace_id
    assert parse_traceparent(traceparent(one)) == Trace(one.trace_id, one.span_id)


def test_an_id_that_is_not_hexadecimal_is_not_sent():
    """A trace named by a caller's own word goes nowhere."""
    assert traceparent(Trace("order 17")) == ""


@given(st.text())
def test_any_header(header):
    """Whatever arrives, there is a sound trace."""
    assert parse_traceparent(traceparent(continue_trace(header, header))) is not None
