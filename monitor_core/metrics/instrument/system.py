"""CPU, memory and disks, read when somebody asks."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psutil
from prometheus_client import Gauge, ProcessCollector
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from monitor_core.metrics.instrument import multiprocess
from monitor_core.metrics.instrument.instruments import collectors, owner
from monitor_core.metrics.names import (
    DISK_READ,
    DISK_WRITTEN,
    PROCESS_CPU_PERCENT,
    PROCESS_MEMORY_BYTES,
    PROCESS_MEMORY_PERCENT,
    MetricName,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client import CollectorRegistry, Metric

__all__ = ["SystemCollector", "SystemReading", "exceeded", "read_system"]

CPU_LIMIT = 80.0
MEMORY_LIMIT = 90.0
_SHORTEST = 0.1
"""Seconds; psutil's share of CPU over less than this is noise (psutil documentation, `cpu_percent`)."""
_FRESH = 1.0
"""Seconds for which a reading stands at a scrape."""

_read_at: dict[int, float] = {}


@dataclass(frozen=True, slots=True)
class SystemReading:
    """The machine's CPU and memory in use (0 to 100), and the resident bytes of this process."""

    cpu_percent: float
    memory_percent: float
    memory_bytes: int


def read_system() -> SystemReading:
    """Read now. The first reading in a thread waits a tenth of a second: CPU is measured from one call to the next."""
    return SystemReading(_cpu_percent(), float(psutil.virtual_memory().percent), _resident_bytes())


def exceeded() -> list[dict[str, Any]]:
    """Return what is above its limit now: CPU above 80 %, memory above 90 %."""
    readings = [
        ("cpu_percent", "CPU usage", "warning", _cpu_percent(), CPU_LIMIT),
        ("memory_percent", "Memory usage", "critical", float(psutil.virtual_memory().percent), MEMORY_LIMIT),
    ]
    return [
        {
            "severity": severity,
            "metric": metric,
            "value": value,
            "threshold": limit,
            "message": f"{words} {value:.1f} % is above {limit:.0f} %",
        }
        for metric, words, severity, value, limit in readings
        if value > limit
    ]


class SystemCollector(Collector):
    """Give at each scrape what no other collector of the registry gives under the same name.

    The usual registry already has `process_resident_memory_bytes`, from prometheus-client's own collector, on Linux.

    Parameters
    ----------
    registry
        Where to look whether a name is taken.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._updated = -_FRESH
        self.cpu = _gauge(PROCESS_CPU_PERCENT)
        self.memory = _gauge(PROCESS_MEMORY_BYTES)
        self.memory_percent = _gauge(PROCESS_MEMORY_PERCENT)
        prime()

    def describe(self) -> Iterable[Metric]:
        """Claim the names that are ours alone."""
        return [*self.cpu.describe(), *self.memory_percent.describe()]

    def collect(self) -> Iterator[Metric]:
        """Read if the last reading is more than a second old, and give what is missing."""
        self.refresh()
        if not multiprocess.is_active():  # there the workers' files hold them
            yield from self.cpu.collect()
            yield from self.memory_percent.collect()
            if not self._is_taken(PROCESS_MEMORY_BYTES):
                yield from self.memory.collect()
        yield from self._disks()

    def refresh(self) -> None:
        """Read unless that was done within the last second."""
        if time.monotonic() - self._updated >= _FRESH:
            self.update(read_system())

    def update(self, reading: SystemReading) -> None:
        """Put a reading into the gauges."""
        self._updated = time.monotonic()
        self.cpu.set(reading.cpu_percent)
        self.memory_percent.set(reading.memory_percent)
        self.memory.set(reading.memory_bytes)

    def _disks(self) -> Iterator[Metric]:
        try:
            counted = psutil.disk_io_counters(nowrap=True)
        except (OSError, RuntimeError):  # a container may hide them
            return
        if counted is None:
            return
        for name, value in ((DISK_READ, counted.read_bytes), (DISK_WRITTEN, counted.write_bytes)):
            if not self._is_taken(name):
                yield CounterMetricFamily(name.name.removesuffix("_total"), name.words, value=value)

    def _is_taken(self, metric: MetricName) -> bool:
        if owner(self._registry, metric.name) not in {None, self}:
            return True
        # Its names are unknown to a registry that does not ask collectors for them.
        others = (item for item in collectors(self._registry) if isinstance(item, ProcessCollector))
        return metric is PROCESS_MEMORY_BYTES and any(list(item.collect()) for item in others)


def prime() -> None:
    """Start measuring CPU in this thread."""
    psutil.cpu_percent(interval=None)
    _read_at[threading.get_ident()] = time.monotonic()


def _gauge(metric: MetricName) -> Gauge:
    return Gauge(metric.name, metric.words, registry=None, multiprocess_mode="mostrecent")


def _cpu_percent() -> float:
    """Return the machine's share of CPU since this thread last asked, waiting if that was only just now."""
    thread, now = threading.get_ident(), time.monotonic()
    wait = _SHORTEST - (now - _read_at.get(thread, now))
    value = float(psutil.cpu_percent(interval=wait if wait > 0 else None))
    if len(_read_at) > 1_000:  # threads come and go
        _read_at.clear()
    _read_at[thread] = time.monotonic()
    return value


def _resident_bytes() -> int:
    """Return resident memory of this process, or of all live workers where several share their metrics."""
    total = 0
    for pid in multiprocess.live_workers() or {os.getpid()}:
        try:
            total += psutil.Process(pid).memory_info().rss
        except psutil.Error:  # gone in between
            continue
    return total
