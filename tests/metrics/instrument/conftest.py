"""What tests of the instruments share: a fresh registry, and an ASGI client of ten lines."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import CollectorRegistry

from monitor_core.metrics.instrument import PerformanceMonitor


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def monitor(registry):
    return PerformanceMonitor(registry)


@pytest.fixture
def value(registry):
    """Read one sample; labels by keyword."""

    def read(name, /, **labels):
        return registry.get_sample_value(name, {key: str(text) for key, text in labels.items()})

    return read


@pytest.fixture
def labels_of(registry):
    """Give the label values of every sample of a name, as tuples sorted by label name."""

    def read(name):
        samples = (sample for family in registry.collect() for sample in family.samples)
        return sorted(
            tuple(text for _, text in sorted(sample.labels.items())) for sample in samples if sample.name == name
        )

    return read


class Answer:
    """What an application sent."""

    def __init__(self):
        self.status = 0
        self.body = b""
        self.headers = {}
        self.error = None

    async def send(self, message):
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {key.decode(): text.decode() for key, text in message["headers"]}
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")


def make_scope(path, method="GET", *, root="", headers=(), query=b""):
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": root + path,
        "raw_path": (root + path).encode(),
        "root_path": root,
        "query_string": query,
        "headers": [(key.encode(), text.encode()) for key, text in headers],
        "server": ("service", 80),
        "client": ("client", 1),
    }


@pytest.fixture
def ask():
    """Ask an ASGI application for one path; an error it raises is kept in the answer."""

    def call(app, path, method="GET", **options):
        answer = Answer()

        bodies = iter([{"type": "http.request", "body": b"", "more_body": False}])

        async def receive():
            for body in bodies:
                return body
            return await asyncio.Event().wait()  # a client that waits for its answer

        async def run():
            try:
                await app(make_scope(path, method, **options), receive, answer.send)
            except Exception as error:  # noqa: BLE001 - whatever the application raises
                answer.error = error

        asyncio.run(run())
        return answer

    return call
