"""What tests of the writer share: a folder of logs, and the loggers as they were before."""

from __future__ import annotations

import gzip
import json
import logging

import pytest

from monitor_core.logs.writer import DailyFileHandler, OutputHandler


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "logs"


@pytest.fixture(autouse=True)
def _loggers_as_before():
    root, audit = logging.getLogger(), logging.getLogger("audit")
    before = [(logger, logger.level, logger.propagate) for logger in (root, audit)]
    yield
    for logger, level, propagates in before:
        logger.setLevel(level)
        logger.propagate = propagates
        for handler in list(logger.handlers):
            if isinstance(handler, (DailyFileHandler, OutputHandler)):
                logger.removeHandler(handler)
                handler.close()
                if isinstance(handler, DailyFileHandler):
                    handler.wait()


@pytest.fixture
def settle():
    """Wait until closed files are compressed."""

    def wait():
        for logger in (logging.getLogger(), logging.getLogger("audit")):
            for handler in logger.handlers:
                if isinstance(handler, DailyFileHandler):
                    handler.wait()

    return wait


@pytest.fixture
def lines_of():
    """Read a log with all its closed files, as dictionaries."""

    def read(folder, log="app.log"):
        found = []
        for path in sorted(folder.iterdir()):
            if path.name == log or path.name.startswith(f"{log}."):
                data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
                assert data == b"" or data.endswith(b"\n"), f"{path.name} ends within a line"
                found += [json.loads(line) for line in data.splitlines()]
        return found

    return read


@pytest.fixture
def make_record():
    def make(message="scored", args=None, level=logging.INFO, name="api", exc_info=None, **extra):
        record = logging.LogRecord(name, level, "api.py", 1, message, args, exc_info)
        record.created = 1763116200.123
        record.__dict__.update(extra)
        return record

    return make
