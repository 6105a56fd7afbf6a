"""The names of every metric, in one place: services write them, pages, rules and dashboards read them.

Names follow Prometheus: base units in the name, counters end in `_total`. Those of the original system are kept
letter for letter, with their labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "API_ERRORS",
    "API_FIRST_BYTE",
    "API_IN_PROGRESS",
    "API_REQUESTS",
    "API_REQUEST_DURATION",
    "CACHE_HITS",
    "CACHE_HIT_RATE",
    "CACHE_REQUESTS",
    "CATALOGUE",
    "DAILY_CANDIDATES",
    "DISK_READ",
    "DISK_WRITTEN",
    "FEATURE_DRIFT_KS",
    "FEATURE_DRIFT_PSI",
    "FEATURE_FAILURES",
    "FIRST_BYTE_BUCKETS",
    "LATENCY_BUCKETS",
    "LATENCY_OBJECTIVE_SECONDS",
    "MODEL_DEGRADATION_SEVERITY",
    "MODEL_F1",
    "MODEL_PRECISION",
    "MODEL_RECALL",
    "MODEL_ROC_AUC",
    "OTHER",
    "OTHER_METHOD",
    "PREDICTIONS",
    "PREDICTION_DURATION",
    "PROCESS_CPU_PERCENT",
    "PROCESS_MEMORY_BYTES",
    "PROCESS_MEMORY_PERCENT",
    "UNMATCHED",
    "Kind",
    "MetricName",
]

UNMATCHED = "__unmatched__"
"""The endpoint of a request that no route took: its path would be a label value of the client's choosing."""

OTHER = "other"
"""The label value of everything beyond a label's limit."""

OTHER_METHOD = "OTHER"
"""The method of a request whose method HTTP does not know."""

LATENCY_OBJECTIVE_SECONDS = 0.15
"""The latency that rules ask about. It is a bound of the histogram, so the share above it is exact."""

LATENCY_BUCKETS = (0.01, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 5.0)
"""Upper bounds in seconds.

The original's with .15 and .25 beside them: with .1 and .5 alone, p95 reads .48 s where every request takes .11 s.
"""

FIRST_BYTE_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds of the time to a stream's first byte."""


class Kind(StrEnum):
    """What a metric is to Prometheus."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class MetricName:
    """One metric as it is written and read.

    Parameters
    ----------
    name
        As queries spell it; a counter's ends in `_total`, a histogram's is without `_bucket`.
    kind
        Counter, gauge or histogram.
    words
        Its help text.
    labels
        Names of its labels, in the order in which values are given.

    Examples
    --------
    >>> API_REQUESTS.name, API_REQUESTS.labels
    ('api_requests_total', ('endpoint', 'method', 'status_code'))
    >>> API_REQUEST_DURATION.series
    'api_request_duration_seconds_bucket'
    """

    name: str
    kind: Kind
    words: str
    labels: tuple[str, ...] = ()

    @property
    def series(self) -> str:
        """The name under which samples come: a histogram's are its buckets."""
        return f"{self.name}_bucket" if self.kind is Kind.HISTOGRAM else self.name


_REQUEST = ("endpoint", "method", "status_code")

API_REQUEST_DURATION = MetricName(
    "api_request_duration_seconds",
    Kind.HISTOGRAM,
    "Seconds from a request's arrival to the last byte of its answer.",
    _REQUEST,
)
API_REQUESTS = MetricName("api_requests_total", Kind.COUNTER, "Requests answered.", _REQUEST)
API_ERRORS = MetricName(
    "api_errors_total",
    Kind.COUNTER,
    "Requests answered with 4xx or 5xx; 499 is a client that left, 500 also an exception.",
    ("endpoint", "error_type", "status_code"),
)
API_FIRST_BYTE = MetricName(
    "api_response_first_byte_seconds",
    Kind.HISTOGRAM,
    "Seconds from a request's arrival to the first byte of a streamed answer.",
    _REQUEST,
)
API_IN_PROGRESS = MetricName("api_requests_in_progress", Kind.GAUGE, "Requests being answered now.")
PREDICTIONS = MetricName(
    "model_predictions_total",
    Kind.COUNTER,
    "Predictions by label, confidence (high from .75, medium from .55, low) and model version.",
    ("predicted_label", "confidence", "model_version"),
)
PREDICTION_DURATION = MetricName(
    "model_prediction_duration_seconds", Kind.HISTOGRAM, "Seconds the model itself took.", ("model_version",)
)
DAILY_CANDIDATES = MetricName("daily_upper_circuit_candidates", Kind.GAUGE, "Upper circuit candidates found today.")
FEATURE_FAILURES = MetricName(
    "feature_extraction_failures_total",
    Kind.COUNTER,
    "Features that could not be computed.",
    ("bse_code", "feature_name"),
)
CACHE_HIT_RATE = MetricName("model_cache_hit_rate", Kind.GAUGE, "Share of cache look-ups that hit, 0 to 1.")
CACHE_HITS = MetricName("model_cache_hits_total", Kind.COUNTER, "Cache look-ups that hit.")
CACHE_REQUESTS = MetricName("model_cache_requests_total", Kind.COUNTER, "Cache look-ups.")
PROCESS_CPU_PERCENT = MetricName(
    "process_cpu_percent", Kind.GAUGE, "CPU of the whole machine in use, 0 to 100 over all cores."
)
PROCESS_MEMORY_BYTES = MetricName("process_resident_memory_bytes", Kind.GAUGE, "Resident memory size in bytes.")
PROCESS_MEMORY_PERCENT = MetricName(
    "process_memory_percent", Kind.GAUGE, "Memory of the whole machine in use, 0 to 100."
)
DISK_READ = MetricName("system_disk_read_bytes_total", Kind.COUNTER, "Bytes read from all disks since boot.")
DISK_WRITTEN = MetricName("system_disk_written_bytes_total", Kind.COUNTER, "Bytes written to all disks since boot.")

_WINDOW = ("model", "version", "window")
_FEATURE = ("model", "version", "feature")
MODEL_F1 = MetricName("model_f1_score", Kind.GAUGE, "F1 over a window of labelled predictions.", _WINDOW)
MODEL_PRECISION = MetricName("model_precision", Kind.GAUGE, "Precision over a window of labelled predictions.", _WINDOW)
MODEL_RECALL = MetricName("model_recall", Kind.GAUGE, "Recall over a window of labelled predictions.", _WINDOW)
MODEL_ROC_AUC = MetricName(
    "model_roc_auc", Kind.GAUGE, "Area under the ROC curve over a window of labelled predictions.", _WINDOW
)
MODEL_DEGRADATION_SEVERITY = MetricName(
    "model_degradation_severity",
    Kind.GAUGE,
    "Fall of F1 against the baseline: 0 none, 1 minor, 2 moderate, 3 severe.",
    ("model", "version"),
)
FEATURE_DRIFT_PSI = MetricName("feature_drift_psi", Kind.GAUGE, "Latest granule: population stability index.", _FEATURE)
FEATURE_DRIFT_KS = MetricName(
    "feature_drift_ks", Kind.GAUGE, "Latest granule: Kolmogorov-Smirnov distance, its lower bound.", _FEATURE
)

CATALOGUE = {value.name: value for value in list(globals().values()) if isinstance(value, MetricName)}
"""Every metric above by its name."""
