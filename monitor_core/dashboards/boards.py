"""What stands on each of the four Grafana dashboards."""

from __future__ import annotations

from dataclasses import dataclass

from monitor_core.dashboards.panels import Asked, Panel, Steps
from monitor_core.metrics.names import LATENCY_OBJECTIVE_SECONDS

__all__ = ["BOARDS", "Board", "Row"]


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a heading, from left to right; an empty title has no heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard; `variables` names those it offers beside datasource, job and instance."""

    uid: str
    title: str
    description: str
    variables: tuple[str, ...]
    rows: tuple[Row, ...]


SHARE: Steps = ((None, "green"), (0.01, "yellow"), (0.05, "red"))
PSI: Steps = ((None, "green"), (0.1, "yellow"), (0.25, "orange"), (0.4, "red"))
LEVELS = (
    ("0", "none", "green"),
    ("1", "low", "yellow"),
    ("2", "moderate", "orange"),
    ("3", "high", "red"),
    ("4", "critical", "dark-red"),
)
DROPS = (("0", "none", "green"), ("1", "minor", "yellow"), ("2", "moderate", "orange"), ("3", "severe", "red"))
_BY_ENDPOINT = 'endpoint=~"$endpoint"'
_BY_VERSION = 'model_version=~"$model_version"'
_BY_FEATURE = 'feature=~"$feature"'
TO_DRIFT = (
    "Open the drift page",
    "${app}/drift?model=${__field.labels.model}%20${__field.labels.version}&feature=${__field.labels.feature}",
)
TO_PERFORMANCE = (
    "Open the performance page",
    "${app}/performance?model=${__field.labels.model}%20${__field.labels.version}",
)


def _stat(title: str, description: str, query: str, unit: str, steps: Steps) -> Panel:
    return Panel(title, description, (Asked(query),), kind="stat", width=4, height=4, unit=unit, steps=steps)


ALERT_LIST = Panel(
    "Active alerts",
    "What is pending or firing now, of Grafana's own rules and of the data source's.",
    kind="alertlist",
    width=8,
)
LATENCY = Panel(
    "API Latency (p95)",
    "Quantiles of the time from a request's arrival to the last byte of its answer. A quantile is only known to lie "
    "within a bucket: .01, .05, .1, .15, .25, .5, 1, 5 s. The line is the objective, itself a bound.",
    (
        Asked("p50", "p50", _BY_ENDPOINT),
        Asked("p95", "p95", _BY_ENDPOINT),
        Asked("p99", "p99", _BY_ENDPOINT),
    ),
    unit="s",
    least=0,
    limit=LATENCY_OBJECTIVE_SECONDS,
)
THROUGHPUT = Panel(
    "Throughput",
    "Requests a second by endpoint (the route's template, never the raw path).",
    (Asked("requests_by_endpoint", "{{endpoint}}", _BY_ENDPOINT),),
    unit="reqps",
    least=0,
    stacked=True,
)
ERRORS = Panel(
    "Error Rate",
    "Share of requests answered with 4xx (the client's) and 5xx (the service's; an exception counts as 500).",
    (Asked("errors_4xx", "4xx", _BY_ENDPOINT), Asked("errors_5xx", "5xx", _BY_ENDPOINT)),
    unit="percentunit",
    least=0,
    limit=0.05,
)
HEAT = Panel(
    "Latency heatmap",
    "Requests a second by bucket of latency: two bands are two kinds of requests, which no quantile shows.",
    (Asked("latency_buckets", "{{le}}", _BY_ENDPOINT),),
    kind="heatmap",
    unit="reqps",
    buckets=True,
)
SYSTEM = Panel(
    "System Resources",
    "CPU and memory of the whole machine in use.",
    (Asked("cpu", "CPU {{instance}}"), Asked("memory", "memory {{instance}}")),
    unit="percentunit",
    least=0,
    most=1,
    width=8,
)
F1_SCORE = Panel(
    "Model F1 Score",
    "F1 over 30 days of labelled predictions, by version. The line is the least that was agreed. The app's performance "
    "page has the interval around it.",
    (Asked("f1", "{{model}} {{version}}"),),
    unit="short",
    decimals=3,
    least=0,
    most=1,
    limit=0.67,
    links=(TO_PERFORMANCE,),
)
DRIFT_HEAT = Panel(
    "Data Drift",
    "PSI of the 20 features that moved most, over time. Below .1 little, from .25 much; with few rows PSI is large "
    "without any change.",
    (Asked("psi_top", "{{feature}}", _BY_FEATURE),),
    kind="heatmap",
)
FIRING = _stat(
    "Alerts firing",
    "Alerts that fire now.",
    "firing_count",
    "short",
    ((None, "green"), (1, "red")),
)

SERVICE = Board(
    "bellwether-service",
    "Bellwether: service",
    "Latency, throughput, errors and resources of a prediction service, with its model's figures.",
    ("endpoint", "model_version", "feature"),
    (
        Row(
            "",
            (
                _stat("Requests", "Requests a second.", "requests", "reqps", ((None, "text"),)),
                _stat("p95", "95 % of requests are at least this fast.", "p95", "s", ((None, "green"), (0.15, "red"))),
                _stat(
                    "Slower than 150 ms",
                    "Exact share of requests above the objective, which is a bound of the histogram.",
                    "slow",
                    "percentunit",
                    SHARE,
                ),
                _stat("5xx", "Share of requests that failed.", "errors_5xx", "percentunit", SHARE),
                _stat(
                    "Up", "1 when every target answers its scrapes.", "all_up", "short", ((None, "red"), (1, "green"))
                ),
                FIRING,
            ),
        ),
        Row("Requests", (LATENCY, THROUGHPUT, ERRORS, HEAT)),
        Row("Model", (F1_SCORE, DRIFT_HEAT)),
        Row(
            "Machine",
            (
                SYSTEM,
                Panel(
                    "Memory of the service",
                    "Resident memory of the process. A staircase is a leak.",
                    (Asked("memory_bytes", "{{instance}}"),),
                    unit="bytes",
                    least=0,
                    width=8,
                ),
                Panel(
                    "Disk",
                    "Bytes a second read and written, all disks of the machine.",
                    (Asked("disk_read", "read {{instance}}"), Asked("disk_written", "written {{instance}}")),
                    unit="Bps",
                    least=0,
                    width=8,
                ),
                Panel(
                    "In progress",
                    "Requests being answered now; a queue shows here first.",
                    (Asked("in_progress", "{{instance}}"),),
                    least=0,
                    width=8,
                ),
                Panel(
                    "Cache",
                    "Share of cache look-ups that hit.",
                    (Asked("cache", "{{instance}}"),),
                    unit="percentunit",
                    least=0,
                    most=1,
                    width=8,
                ),
                ALERT_LIST,
            ),
        ),
    ),
)

MODEL = Board(
    "bellwether-model",
    "Bellwether: model",
    "Predictions, confidence and performance against labels, by version.",
    ("model_version",),
    (
        Row(
            "Performance against labels",
            (
                F1_SCORE,
                Panel(
                    "Precision, recall and AUC",
                    "Over 30 days of labelled predictions.",
                    (
                        Asked("precision", "precision {{model}} {{version}}"),
                        Asked("recall", "recall {{model}} {{version}}"),
                        Asked("roc_auc", "AUC {{model}} {{version}}"),
                    ),
                    decimals=3,
                    least=0,
                    most=1,
                    links=(TO_PERFORMANCE,),
                ),
                Panel(
                    "F1 by window",
                    "The same over 7, 30 and 90 days: the short window moves first and is the least sure.",
                    (Asked("f1_windows", "{{model}} {{version}}, {{window}}"),),
                    decimals=3,
                    least=0,
                    most=1,
                ),
                Panel(
                    "Degradation",
                    "Fall of F1 against the baseline: none, minor, moderate, severe. A level, not a verdict.",
                    (Asked("degradation", "{{model}} {{version}}"),),
                    kind="state-timeline",
                    mappings=DROPS,
                    links=(TO_PERFORMANCE,),
                ),
            ),
        ),
        Row(
            "Predictions",
            (
                Panel(
                    "Predictions by label",
                    "Predictions a second by label and version.",
                    (Asked("predictions", "{{predicted_label}} ({{model_version}})", _BY_VERSION),),
                    unit="cps",
                    least=0,
                    stacked=True,
                ),
                Panel(
                    "Predictions by confidence",
                    "High from .75, medium from .55, low below.",
                    (Asked("confidence", "{{confidence}}", _BY_VERSION),),
                    unit="cps",
                    least=0,
                    stacked=True,
                ),
                Panel(
                    "Time of the model (p95)",
                    "95 % quantile of the time that the model itself took, where the service measures it.",
                    (Asked("prediction_p95", "{{model_version}}", _BY_VERSION),),
                    unit="s",
                    least=0,
                    width=8,
                ),
                Panel(
                    "Features that could not be computed",
                    "Failures a second, by feature.",
                    (Asked("feature_failures", "{{feature_name}}"),),
                    unit="cps",
                    least=0,
                    width=8,
                ),
                Panel(
                    "Candidates today",
                    "The service's own figure of today's candidates.",
                    (Asked("candidates", "{{instance}}"),),
                    least=0,
                    width=8,
                ),
            ),
        ),
    ),
)

DRIFT = Board(
    "bellwether-drift",
    "Bellwether: drift",
    "How far each feature has moved from the model's baseline, in the latest granule and over time.",
    ("feature",),
    (
        Row(
            "",
            (
                _stat(
                    "Features from .25",
                    "Features whose PSI is .25 or more in the latest granule.",
                    "drifted",
                    "short",
                    ((None, "green"), (1, "orange")),
                ),
                Panel(
                    "Severity",
                    "Of the latest granule as a whole, by the app's own rules: significance, size and repetition.",
                    (Asked("drift_severity", "{{model}} {{version}}"),),
                    kind="stat",
                    width=8,
                    height=4,
                    mappings=LEVELS,
                    options={"textMode": "value_and_name"},
                ),
                Panel(
                    "Rows",
                    "Rows of the latest granule. PSI grows as they get fewer.",
                    (Asked("drift_rows", "{{model}} {{version}}"),),
                    kind="stat",
                    width=6,
                    height=4,
                    options={"textMode": "value_and_name"},
                ),
                Panel(
                    "Since the latest run",
                    "Time since drift was judged last.",
                    (Asked("drift_age", "{{model}} {{version}}"),),
                    kind="stat",
                    width=6,
                    height=4,
                    unit="s",
                    steps=((None, "green"), (129_600, "orange")),
                    options={"textMode": "value_and_name"},
                ),
            ),
        ),
        Row(
            "Features",
            (
                Panel(
                    "PSI by feature, as states",
                    "Green below .1, yellow to .25, orange to .4, red above: which feature was where, and when.",
                    (Asked("psi", "{{feature}}", _BY_FEATURE),),
                    kind="state-timeline",
                    width=24,
                    height=12,
                    steps=PSI,
                    links=(TO_DRIFT,),
                ),
                DRIFT_HEAT,
                Panel(
                    "Most moved now",
                    "The 20 largest PSI values of the latest granule.",
                    (Asked("psi_top", "{{feature}}", _BY_FEATURE),),
                    kind="bargauge",
                    decimals=3,
                    least=0,
                    steps=PSI,
                ),
                Panel(
                    "Kolmogorov-Smirnov distance",
                    "Largest distance between the distribution functions, its lower bound.",
                    (Asked("ks", "{{feature}}", _BY_FEATURE),),
                    decimals=3,
                    least=0,
                    most=1,
                ),
                Panel(
                    "Missing values",
                    "Share of rows without a value, by feature.",
                    (Asked("missing", "{{feature}}", _BY_FEATURE),),
                    unit="percentunit",
                    least=0,
                    most=1,
                ),
            ),
        ),
    ),
)

ALERTS = Board(
    "bellwether-alerts",
    "Bellwether: alerts and errors",
    "What fires, how fast the budget of slow requests burns, and which requests fail.",
    ("endpoint",),
    (
        Row(
            "",
            (
                FIRING,
                Panel(
                    "Firing, by severity",
                    "Alerts that fire now.",
                    (Asked("firing", "{{severity}}"),),
                    kind="stat",
                    width=12,
                    height=4,
                    steps=((None, "green"), (1, "red")),
                    options={"textMode": "value_and_name"},
                ),
                Panel(
                    "Targets",
                    "Whether each target answers its scrapes.",
                    (Asked("up", "{{job}} {{instance}}"),),
                    kind="stat",
                    width=8,
                    height=4,
                    steps=((None, "red"), (1, "green")),
                    mappings=(("0", "down", "red"), ("1", "up", "green")),
                    options={"textMode": "value_and_name"},
                ),
            ),
        ),
        Row(
            "Alerts",
            (
                Panel(
                    "Alerts over time",
                    "When each alert fired.",
                    (Asked("alerts", "{{alertname}} ({{severity}})"),),
                    kind="state-timeline",
                    width=16,
                    height=10,
                    steps=((None, "red"),),
                ),
                Panel(
                    "Active alerts",
                    ALERT_LIST.description,
                    kind="alertlist",
                    width=8,
                    height=10,
                ),
            ),
        ),
        Row(
            "Objective of latency",
            (
                Panel(
                    "Burn rate of the latency budget",
                    "How many times as fast as it lasts the budget of slow requests is spent, over 1 h, 6 h, 1 d, 3 d. "
                    "Alerts fire at 14.4, 6, 3 and 1.",
                    (
                        Asked("burn_1h", "{{job}} 1h"),
                        Asked("burn_6h", "{{job}} 6h"),
                        Asked("burn_1d", "{{job}} 1d"),
                        Asked("burn_3d", "{{job}} 3d"),
                    ),
                    unit="x",
                    least=0,
                    limit=1,
                ),
                Panel(
                    "Traffic, beside the usual",
                    "Requests a second over the last hour, and the median of the same hour in past weeks.",
                    (Asked("traffic_1h", "{{job}}"), Asked("usual_traffic", "{{job}}, usual")),
                    unit="reqps",
                    least=0,
                ),
            ),
        ),
        Row(
            "Errors",
            (
                ERRORS,
                Panel(
                    "Errors by endpoint and status",
                    "Answers of 4xx and 5xx a second.",
                    (Asked("errors_by_status", "{{endpoint}} {{status_code}}", _BY_ENDPOINT),),
                    unit="reqps",
                    least=0,
                ),
                Panel(
                    "Features that could not be computed",
                    "Failures a second, by feature: missing inputs often end as errors.",
                    (Asked("feature_failures", "{{feature_name}}"),),
                    unit="cps",
                    least=0,
                ),
                SYSTEM,
            ),
        ),
    ),
)

BOARDS = (SERVICE, MODEL, DRIFT, ALERTS)
"""In the order of the folder."""
