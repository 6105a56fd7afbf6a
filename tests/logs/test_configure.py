"""`setup_logging`: what a service calls once."""

import json
import logging
import subprocess
import sys

import pytest

import monitor_core
from monitor_core import get_logger_with_context, log_prediction_audit, setup_logging
from monitor_core.logs import scope
from monitor_core.logs.configure import read_level
from monitor_core.settings.logs import log_words


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for name in ("LOG_LEVEL", "LOG_FORMAT", "MONITOR_LOG_LEVEL", "MONITOR_LOG_FORMAT"):
        monkeypatch.delenv(name, raising=False)


def test_three_files(folder, lines_of):
    """Everything in app.log, errors with their traces in errors.log, predictions in audit.log; the root is returned."""
    root = setup_logging(log_level="DEBUG", log_dir=str(folder))
    assert root is logging.getLogger()
    assert root.level == logging.DEBUG
    log = logging.getLogger("api")
    log.debug("first")
    try:
        raise ValueError("no model")  # noqa: TRY301 - a traceback to log
    except ValueError:
        log.exception("second")
    log_prediction_audit("500325", "2025-11-14", 1, 0.85, "1.0.0", "t-1")
    assert [line["message"] for line in lines_of(folder)] == ["first", "second"]
    [error] = lines_of(folder, "errors.log")
    assert error["level"] == "ERROR"
    assert error["exception"].endswith("ValueError: no model")
    [audit] = lines_of(folder, "audit.log")
    assert {"bse_code": "500325", "prediction_date": "2025-11-14", "predicted_label": 1}.items() <= audit.items()
    assert {"probability": 0.85, "model_version": "1.0.0", "trace_id": "t-1", "user_id": None}.items() <= audit.items()


def test_lines_on_standard_output(folder, capsys):
    """JSON for whoever collects a container's output; the audit stays in its file."""
    setup_logging(log_dir=folder)
    logging.getLogger("api").info("seen")
    log_prediction_audit("1", "2025-11-14", 1, 0.85, "1.0.0", "t-1")
    assert [json.loads(line)["message"] for line in capsys.readouterr().out.splitlines()] == ["seen"]


def test_again_moves_everything(tmp_path, lines_of):
    """The second folder gets every further line, the first none; handlers of others stay."""
    foreign = logging.NullHandler()
    root = setup_logging(log_dir=tmp_path / "one")
    root.addHandler(foreign)
    logging.getLogger("api").error("one")
    log_prediction_audit("1", "2025-11-14", 1, 0.85, "1.0.0", "t-1")
    setup_logging(log_level="ERROR", log_dir=tmp_path / "two")
    logging.getLogger("api").error("two")
    log_prediction_audit("2", "2025-11-14", 1, 0.85, "1.0.0", "t-1")
    for name in ("app.log", "errors.log", "audit.log"):
        assert len(lines_of(tmp_path / "one", name)) == 1
        assert len(lines_of(tmp_path / "two", name)) == 1
    assert foreign in root.handlers
    assert root.level == logging.ERROR
    root.removeHandler(foreign)


@pytest.mark.parametrize(
    ("said", "argument", "expected"),
    [(None, {}, 20), ("debug", {}, 10), ("ERROR", {"log_level": "WARNING"}, 30), ("ERROR", {"log_level": "INFO"}, 20)],
)
def test_level(folder, monkeypatch, said, argument, expected):
    """Argument, else LOG_LEVEL, else INFO."""
    if said:
        monkeypatch.setenv("LOG_LEVEL", said)
    assert setup_logging(log_dir=folder, stdout=False, **argument).level == expected


@pytest.mark.parametrize("way", ["environment", "argument"])
def test_a_bad_level_warns_and_means_info(folder, monkeypatch, lines_of, way):
    """The service starts; the warning stands in its log, too."""
    argument = {"log_level": "LOUD"} if way == "argument" else {}
    if way == "environment":
        monkeypatch.setenv("LOG_LEVEL", "LOUD")
    with pytest.warns(RuntimeWarning, match="'LOUD' is not a log level"):
        root = setup_logging(log_dir=folder, **argument)
    assert root.level == logging.INFO
    assert lines_of(folder)[0]["message"].startswith("'LOUD' is not a log level")


def test_where_warnings_are_errors_the_service_starts(folder, monkeypatch, lines_of):
    """Also a bad format and an unknown zone."""
    monkeypatch.setenv("LOG_FORMAT", "xml")
    setup_logging(log_level="LOUD", log_dir=folder, zone="Nowhere/Town", stdout=False)
    assert len(lines_of(folder)) == 3


def test_format_of_the_environment(folder, monkeypatch, lines_of):
    """LOG_FORMAT shapes the lines; the audit log stays native."""
    monkeypatch.setenv("LOG_FORMAT", "ecs")
    setup_logging(log_dir=folder, stdout=False, service={"name": "scoring"})
    logging.getLogger("api").info("seen")
    log_prediction_audit("1", "2025-11-14", 1, 0.85, "1.0.0", "t-1")
    assert lines_of(folder)[0]["service"] == {"name": "scoring"}
    assert lines_of(folder)[0]["log.level"] == "info"
    assert lines_of(folder, "audit.log")[0]["level"] == "INFO"


def test_a_folder_that_cannot_be_written(tmp_path, capfd):
    """The service goes on, with what it can: standard output; each file says it once."""
    (tmp_path / "logs").write_text("not a folder")
    setup_logging(log_dir=tmp_path / "logs")
    for _ in range(3):
        logging.getLogger("api").error("seen")
    said = capfd.readouterr()
    assert len(said.out.splitlines()) == 3
    assert said.err.count("cannot write") == 3


def test_logger_with_context(folder, lines_of):
    """Trace and context in every line; what a call adds stands beside them."""
    setup_logging(log_dir=folder, stdout=False)
    logger = get_logger_with_context("api", trace_id="t-1", context={"endpoint": "/predict"})
    logger.info("one")
    logger.info("two", extra={"context": {"rows": 2}, "ms": 5})
    assert isinstance(logger, logging.LoggerAdapter)
    assert [line["context"] for line in lines_of(folder)] == [
        {"endpoint": "/predict"},
        {"endpoint": "/predict", "rows": 2, "ms": 5},
    ]
    assert {line["trace_id"] for line in lines_of(folder)} == {"t-1"}


def test_the_running_trace(folder, lines_of):
    """A logger without a trace of its own, and the audit, take the running one."""
    setup_logging(log_dir=folder, stdout=False)
    with scope("t-2", ticker="AAPL"):
        get_logger_with_context("api").info("one")
        log_prediction_audit("AAPL", "2025-11-14", "up", None, "1.0.0")
    assert (lines_of(folder)[0]["trace_id"], lines_of(folder)[0]["context"]) == ("t-2", {"ticker": "AAPL"})
    assert lines_of(folder, "audit.log")[0]["trace_id"] == "t-2"


def test_the_audit_hides_nothing(folder, lines_of):
    """An entity may be an e-mail address: without it the record is worth nothing."""
    setup_logging(log_dir=folder, stdout=False)
    log_prediction_audit("ann@example.org", "2025-11-14", 1, 0.5, "1", "t", features={"password_age": 3})
    assert lines_of(folder, "audit.log")[0]["bse_code"] == "ann@example.org"
    assert lines_of(folder, "audit.log")[0]["features"] == {"password_age": 3}


def test_words_of_the_environment():
    """Nothing else is read, and nothing is checked."""
    assert log_words({"MONITOR_LOG_LEVEL": "a", "LOG_LEVEL": "b", "MONITOR_DRIFT_FDR": "x"}) == {"level": "a"}
    assert log_words({}) == {}


@pytest.mark.parametrize(
    ("level", "number"), [("warn", 30), ("FATAL", 50), (5, 5), ("0", 0), (-1, None), ("", None), ("99999", None)]
)
def test_levels(level, number):
    """Names in any case and numbers."""
    assert read_level(level) == number


def test_names_from_the_package():
    """The names people know."""
    assert {"JSONFormatter", "get_logger_with_context", "log_prediction_audit", "setup_logging"} <= set(
        monitor_core.__all__
    )


def test_at_the_end_of_a_program(folder):
    """Lines from atexit functions are written, and nothing is said on standard error."""
    program = """
import atexit, logging, sys
from monitor_core import setup_logging
setup_logging(log_dir=sys.argv[1])
atexit.register(lambda: logging.getLogger("api").info("last"))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, folder], capture_output=True, text=True, check=True, timeout=60
    )
    assert json.loads(done.stdout)["message"] == "last"
    assert done.stderr == ""
