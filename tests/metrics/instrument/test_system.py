"""CPU, memory and disks; and who gives which name."""

import threading
import time
from types import SimpleNamespace

import psutil
import pytest
from prometheus_client import REGISTRY, CollectorRegistry, ProcessCollector, generate_latest

from monitor_core import PerformanceMonitor, get_metrics_text
from monitor_core.metrics.instrument import system


def families(registry):
    return [family.name for family in registry.collect()]


class TestNames:
    def test_usual_registry_has_memory_once(self):
        """prometheus-client's own collector gives it there."""
        PerformanceMonitor()
        assert get_metrics_text().count(b"# TYPE process_resident_memory_bytes ") == 1

    def test_own_registry_has_it_too(self, monitor):
        """Nobody else does."""
        assert families(monitor.registry).count("process_resident_memory_bytes") == 1

    @pytest.mark.parametrize("auto_describe", [True, False])
    @pytest.mark.parametrize("is_first", [True, False])
    def test_with_a_process_collector_of_its_own(self, auto_describe, is_first):
        """Whichever came first, and whether the registry knows its names or not."""
        registry = CollectorRegistry(auto_describe=auto_describe)
        if is_first:
            ProcessCollector(registry=registry)
        PerformanceMonitor(registry)
        if not is_first:
            ProcessCollector(registry=registry)
        assert families(registry).count("process_resident_memory_bytes") == 1
        assert generate_latest(registry).count(b"\nprocess_resident_memory_bytes ") == 1

    def test_two_monitors_have_one_collector(self, registry):
        """Not every name twice."""
        PerformanceMonitor(registry)
        PerformanceMonitor(registry)
        assert len(families(registry)) == len(set(families(registry)))

    def test_no_family_comes_twice_in_the_usual_registry(self):
        """A scrape with a name twice is refused whole."""
        PerformanceMonitor()
        assert len(families(REGISTRY)) == len(set(families(REGISTRY)))


class TestScrape:
    def test_reads_anew(self, monitor, value, monkeypatch):
        """Nobody needs to call `update_system_gauges`."""
        monkeypatch.setattr(system, "_FRESH", 0.0)
        for memory in (30.0, 40.0):
            monkeypatch.setattr(psutil, "virtual_memory", lambda memory=memory: SimpleNamespace(percent=memory))
            assert value("process_memory_percent") == memory
        assert monitor.memory_percent_gauge.collect()[0].samples[0].value == 40.0

    def test_keeps_a_reading_of_the_last_second(self, monitor, value, monkeypatch):
        """CPU over a few milliseconds would be noise."""
        monkeypatch.setattr(psutil, "cpu_percent", lambda **_: 12.0)
        monitor.update_system_gauges()
        monkeypatch.setattr(psutil, "cpu_percent", lambda **_: 99.0)
        assert value("process_cpu_percent") == 12.0

    def test_disks(self, monitor, value, monkeypatch):
        """Counters, as read."""
        monkeypatch.setattr(psutil, "disk_io_counters", lambda **_: SimpleNamespace(read_bytes=4_096, write_bytes=512))
        assert value("system_disk_read_bytes_total") == 4_096
        assert value("system_disk_written_bytes_total") == 512
        assert monitor.registry is not None

    @pytest.mark.parametrize("outcome", [None, OSError("no /proc/diskstats"), RuntimeError("format")])
    def test_hidden_disks_break_nothing(self, monitor, value, monkeypatch, outcome):
        """A container may not see them: the names are then absent, not zero."""

        def read(**_):
            if outcome:
                raise outcome

        monkeypatch.setattr(psutil, "disk_io_counters", read)
        assert value("system_disk_read_bytes_total") is None
        assert value("process_memory_percent") > 0
        assert monitor.registry is not None


class TestCpu:
    def test_two_readings_in_a_row_are_both_real(self, monitor):
        """The second waits until a tenth of a second has passed."""
        monitor.collect_system_metrics()
        started = time.monotonic()
        found = monitor.collect_system_metrics()["cpu_percent"]
        assert time.monotonic() - started >= 0.05
        assert 0 <= found <= 100

    def test_new_thread_measures_first(self, monitor):
        """psutil's first answer in a thread means nothing."""
        found = []
        busy = threading.Event()

        def spin():
            while not busy.is_set():
                sum(range(1_000))

        spinner = threading.Thread(target=spin)
        spinner.start()
        reader = threading.Thread(target=lambda: found.append(monitor.collect_system_metrics()["cpu_percent"]))
        reader.start()
        reader.join()
        busy.set()
        spinner.join()
        assert found[0] > 0
