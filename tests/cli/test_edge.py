"""Errors at the edge: a line, a hint, an exit code, no traceback."""

import pytest
from sqlalchemy.exc import OperationalError

from monitor_core import errors
from monitor_core.cli.edge import run


def raising(error):
    def command():
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InvalidInput("x"), 2),
        (errors.Refused("x"), 2),
        (errors.NotFound("x"), 2),
        (errors.Conflict("x"), 2),
        (errors.InvalidSetting("x"), 2),
        (errors.Unavailable("x"), 3),
        (errors.MissingExtra("x"), 3),
        (errors.Cancelled("x"), 130),
        (KeyboardInterrupt(), 130),
        (OperationalError("SELECT", {}, Exception("secret")), 3),
        (ZeroDivisionError("x"), 70),
        (SystemExit(1), 1),
        (SystemExit(None), 0),
    ],
)
def test_exit_codes(error, code):
    """As the documentation says."""
    assert run(raising(error)) == code


def test_a_refusal_lists_its_reasons(capsys):
    """Message, reasons, hint."""
    run(raising(errors.Refused("file 'a.csv'", reasons=["row 1", "row 2"], hint="mend it")))
    assert capsys.readouterr().err == "error: file 'a.csv'\n  - row 1\n  - row 2\nhint: mend it\n"


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), OperationalError("SELECT", {}, Exception("s3cret"))])
def test_no_traceback_and_no_secret(error, capsys):
    """A fault of the program is named; what a database said is not repeated."""
    run(raising(error))
    told = capsys.readouterr().err
    assert "Traceback" not in told
    assert "s3cret" not in told
