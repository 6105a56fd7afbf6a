"""Import budgets: what must not be loaded is asserted, in a fresh interpreter."""

import subprocess
import sys

import pytest

HEAVY = {
    "alembic",
    "duckdb",
    "jinja2",
    "numpy",
    "pandas",
    "plotly",
    "pyarrow",
    "scipy",
    "sklearn",
    "sqlalchemy",
    "streamlit",
}

BUDGETS = [
    ("monitor_core", HEAVY),
    ("monitor_core.errors", HEAVY),
    ("monitor_core.clock", HEAVY),
    ("monitor_core.values", HEAVY),
    ("monitor_core.settings", HEAVY),
    ("monitor_core.audit", HEAVY),
    ("monitor_core.metrics.instrument", HEAVY),
    ("monitor_core.logs", HEAVY | {"prometheus_client", "re2", "tantivy"}),
    ("monitor_core.stats", HEAVY - {"numpy", "scipy"} | {"scipy.stats"}),
    ("monitor_core.drift", HEAVY - {"numpy", "scipy", "pyarrow", "pandas", "duckdb"} | {"scipy.stats"}),
    ("monitor_core.reports.drift", {"streamlit", "plotly", "sklearn", "scipy.stats"}),
    ("monitor_core.cli", {"streamlit", "plotly", "sklearn", "scipy.stats"}),
]


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    return set(out.stdout.split())


@pytest.mark.parametrize(("module", "forbidden"), BUDGETS, ids=[module for module, _ in BUDGETS])
def test_module_does_not_load(module, forbidden):
    """The module comes without what it does not need."""
    assert loaded_by(f"import {module}") & forbidden == set()


def test_the_package_alone_loads_nothing_of_its_own():
    """`import monitor_core` loads no other module of ours and no package of others."""
    added = loaded_by("import monitor_core") - loaded_by("pass")
    foreign = {name.partition(".")[0] for name in added} - set(sys.stdlib_module_names)
    assert foreign == {"monitor_core"}
    assert {name for name in added if name.startswith("monitor_core")} == {"monitor_core"}


def test_instruments_bring_two_packages():
    """What a prediction service loads to measure itself: prometheus-client and psutil, nothing else of others."""
    added = loaded_by("from monitor_core import PerformanceMonitor, get_metrics_text") - loaded_by("pass")
    foreign = {name.partition(".")[0] for name in added if not name.startswith("_psutil")} - set(
        sys.stdlib_module_names
    )
    assert foreign == {"monitor_core", "prometheus_client", "psutil"}
    rooms = {name.split(".")[1] for name in added if name.startswith("monitor_core.")}
    assert rooms == {"errors", "metrics"}


def test_the_log_writer_brings_two_packages():
    """What a service loads to write its logs: python-json-logger and concurrent-log-handler with its lock."""
    names = "JSONFormatter, get_logger_with_context, log_prediction_audit, setup_logging"
    added = loaded_by(f"from monitor_core import {names}") - loaded_by("pass")
    foreign = {name.partition(".")[0] for name in added} - set(sys.stdlib_module_names)
    assert foreign == {"concurrent_log_handler", "monitor_core", "portalocker", "pythonjsonlogger"}
    rooms = {name.split(".")[1] for name in added if name.startswith("monitor_core.")}
    assert rooms == {"audit", "clock", "errors", "logs", "settings"}
