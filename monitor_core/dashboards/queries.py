"""The questions that dashboards ask, once: Grafana's panels and the HTML dashboard take them from here.

`$__rate_interval` stands for the span of a rate and `$selection` for the matchers that the reader chose; who draws
puts in what is right for it.
"""

from __future__ import annotations

from monitor_core.metrics import names

__all__ = ["QUERIES", "RATE", "SELECTION", "bound", "question"]

RATE = "$__rate_interval"
SELECTION = "$selection"

_LATENCY = names.API_REQUEST_DURATION.name
_OBJECTIVE = names.LATENCY_OBJECTIVE_SECONDS


def bound(seconds: float) -> str:
    """Return a bucket's bound as the label `le` spells it.

    Examples
    --------
    >>> bound(1), bound(0.15)
    ('1.0', '0.15')
    """
    return repr(float(seconds))


def _rate(metric: str, *matchers: str, by: str = "") -> str:
    inside = ", ".join([SELECTION, *matchers])
    grouped = f" by ({by})" if by else ""
    return f"sum{grouped} (rate({metric}{{{inside}}}[{RATE}]))"


def _gauge(metric: str, *matchers: str) -> str:
    return f"{metric}{{{', '.join([SELECTION, *matchers])}}}"


def _quantile(share: float) -> str:
    return f"histogram_quantile({share:g}, {_rate(f'{_LATENCY}_bucket', by='le')})"


def _failing(kind: str) -> str:
    """Return a share of requests; a service that never failed has no series of errors: 0, not nothing."""
    matcher = f'error_type="{kind}"'
    return f"({_rate(names.API_ERRORS.name, matcher)} or vector(0))\n  / {_rate(names.API_REQUESTS.name)}"


_FAST = f'le="{bound(_OBJECTIVE)}"'
_WINDOW = 'window="30d"'

QUERIES = {
    "p50": _quantile(0.5),
    "p95": _quantile(0.95),
    "p99": _quantile(0.99),
    "slow": f"1 - {_rate(f'{_LATENCY}_bucket', _FAST)}\n  / {_rate(f'{_LATENCY}_count')}",
    "latency_buckets": _rate(f"{_LATENCY}_bucket", by="le"),
    "requests": _rate(names.API_REQUESTS.name),
    "requests_by_endpoint": _rate(names.API_REQUESTS.name, by="endpoint"),
    "errors_4xx": _failing("4xx"),
    "errors_5xx": _failing("5xx"),
    "errors_by_status": _rate(names.API_ERRORS.name, by="endpoint, status_code"),
    "in_progress": f"sum by (instance) ({_gauge(names.API_IN_PROGRESS.name)})",
    "cpu": f"avg by (instance) ({_gauge(names.PROCESS_CPU_PERCENT.name)}) / 100",
    "memory": f"avg by (instance) ({_gauge(names.PROCESS_MEMORY_PERCENT.name)}) / 100",
    "memory_bytes": f"sum by (instance) ({_gauge(names.PROCESS_MEMORY_BYTES.name)})",
    "disk_read": _rate(names.DISK_READ.name, by="instance"),
    "disk_written": _rate(names.DISK_WRITTEN.name, by="instance"),
    "predictions": _rate(names.PREDICTIONS.name, by="predicted_label, model_version"),
    "confidence": _rate(names.PREDICTIONS.name, by="confidence"),
    "predictions_by_version": _rate(names.PREDICTIONS.name, by="model_version"),
    "prediction_p95": (
        f"histogram_quantile(0.95, {_rate(f'{names.PREDICTION_DURATION.name}_bucket', by='le, model_version')})"
    ),
    "feature_failures": _rate(names.FEATURE_FAILURES.name, by="feature_name"),
    "cache": f"avg by (instance) ({_gauge(names.CACHE_HIT_RATE.name)})",
    "candidates": f"max by (instance) ({_gauge(names.DAILY_CANDIDATES.name)})",
    "f1": f"max by (model, version) ({_gauge(names.MODEL_F1.name, _WINDOW)})",
    "precision": f"max by (model, version) ({_gauge(names.MODEL_PRECISION.name, _WINDOW)})",
    "recall": f"max by (model, version) ({_gauge(names.MODEL_RECALL.name, _WINDOW)})",
    "roc_auc": f"max by (model, version) ({_gauge(names.MODEL_ROC_AUC.name, _WINDOW)})",
    "f1_windows": f"max by (model, version, window) ({_gauge(names.MODEL_F1.name)})",
    "degradation": f"max by (model, version) ({_gauge(names.MODEL_DEGRADATION_SEVERITY.name)})",
    "psi": f"max by (model, version, feature) ({_gauge(names.FEATURE_DRIFT_PSI.name)})",
    "psi_top": f"topk(20, max by (feature) ({_gauge(names.FEATURE_DRIFT_PSI.name)}))",
    "ks": f"max by (feature) ({_gauge(names.FEATURE_DRIFT_KS.name)})",
    "missing": f"max by (feature) ({_gauge('feature_missing_ratio')})",
    "drift_severity": f"max by (model, version) ({_gauge('model_drift_severity')})",
    "drift_rows": f"max by (model, version) ({_gauge('model_drift_rows')})",
    "drift_age": f"time() - max by (model, version) ({_gauge('model_drift_run_timestamp_seconds')})",
    "drifted": f"count({_gauge(names.FEATURE_DRIFT_PSI.name)} >= 0.25) or vector(0)",
    "firing": 'count by (severity) (ALERTS{alertstate="firing", job=~"$job|"})',
    "firing_count": 'count(ALERTS{alertstate="firing", job=~"$job|"}) or vector(0)',
    "alerts": 'max by (alertname, severity) (ALERTS{alertstate="firing", job=~"$job|"})',
    "burn_1h": 'job:api_requests_slow:ratio_rate1h{job=~"$job"} / 0.05',
    "burn_6h": 'job:api_requests_slow:ratio_rate6h{job=~"$job"} / 0.05',
    "burn_1d": 'job:api_requests_slow:ratio_rate1d{job=~"$job"} / 0.05',
    "burn_3d": 'job:api_requests_slow:ratio_rate3d{job=~"$job"} / 0.05',
    "usual_traffic": 'job:api_requests:rate1h_usual{job=~"$job"}',
    "traffic_1h": 'job:api_requests:rate1h{job=~"$job"}',
    "all_up": f"min({_gauge('up')})",
    "up": f"min by (job, instance) ({_gauge('up')})",
}
"""By name. Ratios have no value where nothing was asked of the service: 0 / 0 is not 0."""


def question(name: str, *, selection: str, rate: str = RATE) -> str:
    """Return one question with matchers and span put in.

    Parameters
    ----------
    selection
        Matchers with commas, such as ``job="api"``; empty for none.
    rate
        A span such as ``5m``.

    Examples
    --------
    >>> question("requests", selection='job="api"', rate="5m")
    'sum (rate(api_requests_total{job="api"}[5m]))'
    >>> question("cpu", selection="")
    'avg by (instance) (process_cpu_percent{}) / 100'
    """
    text = QUERIES[name]
    if selection:
        text = text.replace(SELECTION, selection)
    else:
        text = text.replace(f"{SELECTION}, ", "").replace(SELECTION, "")
    return text.replace(RATE, rate)
