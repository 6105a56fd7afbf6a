"""A prediction service with Flask (WSGI), with business metrics of its own.

``pip install bellwether-monitor flask gunicorn``, then::

    mkdir -p metrics && rm -f metrics/*.db
    PROMETHEUS_MULTIPROC_DIR=metrics gunicorn --workers 4 flask_service:app

The variable makes the four workers' figures add up. Metrics are at ``/metrics``.
"""

from flask import Flask

from monitor_core import PerformanceMonitor
from monitor_core.metrics.instrument import BusinessMetric

app = Flask(__name__)
monitor = PerformanceMonitor(
    business=[
        BusinessMetric("applications_waiting", "Applications not decided yet.", labels=("region",)),
        BusinessMetric("applications_total", "Applications received.", kind="counter"),
        BusinessMetric(
            "bureau_failures_total", "Credit bureaus that did not answer.", kind="failures", labels=("bureau",)
        ),
    ]
)
monitor.instrument(app)


@app.get("/score/<int:income>")
def score(income: int) -> dict[str, object]:
    """Approve what the income allows."""
    monitor.count("applications_total")
    monitor.set_gauge("applications_waiting", 0, region="north")
    if income == 0:
        monitor.count_failure("bureau_failures_total", bureau="first")
    approved = income > 30_000
    monitor.track_prediction("approved" if approved else "declined", 0.8, "7")
    return {"approved": approved}
