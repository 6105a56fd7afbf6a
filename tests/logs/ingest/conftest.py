"""A folder of log files and the ingester that follows it."""

import json
from datetime import UTC, datetime

import pytest

from monitor_core.logs.ingest.ingester import Ingester
from monitor_core.logs.query import Query, parse
from monitor_core.logs.search import LogService
from monitor_core.settings import LogSettings


class World:
    """A folder of logs, its index, and a clock."""

    def __init__(self, path):
        self.logs = path / "in"
        self.root = path / "index"
        self.logs.mkdir()
        self.settings = LogSettings(poll_seconds=0.01)
        self.at = datetime(2026, 11, 22, 12, tzinfo=UTC)
        self.written = 0

    def now(self):
        return self.at

    def ingester(self, **changes):
        from dataclasses import replace

        return Ingester(self.root, [self.logs], replace(self.settings, **changes), self.now)

    def line(self, day=21, words="request", **context):
        self.written += 1
        number, at = self.written, f"2026-11-{day:02d}T10:{self.written // 60 % 60:02d}:{self.written % 60:02d}.000Z"
        return (
            json.dumps({"timestamp": at, "level": "INFO", "message": f"{words} n{number}", "context": context}) + "\n"
        )

    def write(self, name, *lines):
        with (self.logs / name).open("a", encoding="utf-8") as file:
            file.write("".join(lines))

    def take(self, **changes):
        ingester = self.ingester(**changes)
        found = ingester.catch_up()
        ingester.close()
        return found

    def search(self, text="", **options):
        service = LogService(self.root, self.settings, self.now)
        return service.search(parse(text) if text else Query(parse("").where), **{"limit": 5_000_000, **options})

    def messages(self, text=""):
        return [row.message for row in self.search(text, is_newest_first=False).rows]


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)
