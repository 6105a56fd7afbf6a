"""The exception tree: what a reader sees."""

import pytest

from monitor_core import errors


def test_every_exception_is_a_monitor_error():
    """One `except MonitorError` at an outer edge is enough."""
    assert all(issubclass(getattr(errors, name), errors.MonitorError) for name in errors.__all__)


def test_refusal_shows_every_reason():
    """Nothing has to be fixed one upload at a time."""
    refused = errors.Refused("file 'a.csv' is refused", reasons=["column 'x' is empty", "row 3 is short"])
    assert str(refused).splitlines() == ["file 'a.csv' is refused", "- column 'x' is empty", "- row 3 is short"]


def test_hint_follows_the_message():
    """What to do comes after what happened."""
    assert str(errors.NotFound("no model 'x'", hint="add it")) == "no model 'x' (add it)"


@pytest.mark.parametrize(("kind", "builtin"), [("InvalidInput", ValueError), ("NotFound", LookupError)])
def test_exceptions_are_also_the_builtin_kind(kind, builtin):
    """Library users can catch what Python programmers expect."""
    assert issubclass(getattr(errors, kind), builtin)
