"""What the page of a service asks, as PromQL: the same text works here and on any server with Prometheus's API.

Counts are differences of counters between two steps, not extrapolated rates. They are whole numbers and add up over a
range, so that a table by wide steps agrees with a chart by narrow ones, and a percentile of them is the percentile of
what the service itself counted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from monitor_core.metrics import names

__all__ = [
    "RANGES",
    "Scope",
    "Span",
    "added",
    "buckets",
    "counter",
    "disk_read",
    "disk_written",
    "gauge",
    "percentile",
    "predictions",
    "process_memory",
    "quoted",
    "requests",
    "share_above",
    "shared_cpu",
    "shared_memory",
    "starter",
]

RANGES = {"1h": 3_600, "6h": 21_600, "24h": 86_400, "7d": 604_800, "15d": 1_296_000}
"""Spans that the page offers, in seconds."""

MOST_STEPS = 600
"""Points of a chart: longer ranges are added up on the server, by wider steps."""

_STEPS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 1_200, 1_800, 2_400, 3_600, 7_200, 21_600)
_SETTLE = 6  # a range ends at a multiple of step / 6, so that pages opened together ask the same


@dataclass(frozen=True, slots=True)
class Span:
    """Steps that a range is asked at: `step` seconds each, the first ending at `start` + `step`, the last at `end`.

    Attributes
    ----------
    start, end
        Seconds since 1970.
    step
        Seconds.
    """

    start: float
    end: float
    step: float

    @classmethod
    def of(cls, seconds: float, now: float, *, least: float = 1.0, most_steps: int = MOST_STEPS) -> Span:
        """Return the latest `seconds` in at most `most_steps` steps that are no shorter than `least`.

        Examples
        --------
        >>> Span.of(86_400, 1_000_000_007.0, least=30)
        Span(start=999913590.0, end=999999990.0, step=180)
        """
        wanted = max(seconds / most_steps, least)
        step = next((step for step in _STEPS if step >= wanted), math.ceil(wanted))
        settle = max(1, step // _SETTLE)
        end = float(now // settle * settle)
        return cls(end - math.ceil(seconds / step) * step, end, step)

    @property
    def first(self) -> float:
        """The end of the first step."""
        return self.start + self.step

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return round((self.end - self.start) / self.step)

    def before(self) -> Span:
        """Return the span of the same length that ends where this one begins."""
        return Span(2 * self.start - self.end, self.start, self.step)

    def coarser(self, most_steps: int) -> Span:
        """Return exactly the same time in at most `most_steps` wider steps.

        Examples
        --------
        >>> Span(0, 3600, 30).coarser(12)
        Span(start=0, end=3600, step=300.0)
        """
        count = next(count for count in range(min(most_steps, self.steps), 0, -1) if self.steps % count == 0)
        return Span(self.start, self.end, (self.end - self.start) / count)

    def pieces(self, seconds: float) -> tuple[Span, ...]:
        """Cut it into spans of at most `seconds`, in order.

        Examples
        --------
        >>> [(piece.start, piece.end) for piece in Span(0, 100, 10).pieces(45)]
        [(0, 40), (40, 80), (80, 100)]
        """
        width = max(1, int(seconds // self.step)) * self.step
        count = max(1, math.ceil((self.end - self.start) / width))
        return tuple(
            Span(self.start + at * width, min(self.start + (at + 1) * width, self.end), self.step)
            for at in range(count)
        )


def quoted(text: str) -> str:
    r"""Return any text as a PromQL string.

    Examples
    --------
    >>> print(quoted('a "b" \\ c'))
    "a \"b\" \\ c"
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(_written(letter) for letter in escaped) + '"'


def _written(letter: str) -> str:
    code = ord(letter)
    if code < 32 or code == 127 or code in {0x2028, 0x2029}:
        return f"\\u{code:04x}"
    return "\N{REPLACEMENT CHARACTER}" if 0xD800 <= code < 0xE000 else letter


@dataclass(frozen=True, slots=True)
class Scope:
    """Which requests are meant.

    Attributes
    ----------
    job
        The service; empty: all that count requests.
    endpoint
        The route; empty: all.
    """

    job: str = ""
    endpoint: str = ""

    def of(self, metric: str, *further: str) -> str:
        """Return the selector of a metric that has the labels of a request; `further` are conditions as written.

        Examples
        --------
        >>> Scope("api", "/predict").of("api_requests_total", 'status_code="200"')
        'api_requests_total{job="api",endpoint="/predict",status_code="200"}'
        >>> Scope().of("api_requests_total")
        'api_requests_total'
        """
        conditions = [*self._job(), *([f"endpoint={quoted(self.endpoint)}"] if self.endpoint else []), *further]
        return f"{metric}{{{','.join(conditions)}}}" if conditions else metric

    def process(self, metric: str) -> str:
        """Return a metric of the processes that count requests.

        Examples
        --------
        >>> Scope("api", "/predict").process("process_cpu_percent")
        'process_cpu_percent{job="api"}'
        >>> Scope().process("process_cpu_percent")
        'process_cpu_percent and on (job, instance) api_requests_total'
        """
        if self.job:
            return f"{metric}{{{self._job()[0]}}}"
        return f"{metric} and on (job, instance) {names.API_REQUESTS.name}"

    def service(self, metric: str) -> str:
        """Return the selector of a metric that knows no endpoint."""
        return f"{metric}{{{self._job()[0]}}}" if self.job else metric

    def _job(self) -> list[str]:
        return [f"job={quoted(self.job)}"] if self.job else []


def added(selector: str, step: float) -> str:
    """Return by how much each counter of a selector has grown in the step that ends now.

    Its last value within the step less its last value before. What was not there before, or had more than now (a
    restart), began at zero if its service was scraped then: the first error of a kind is an error. Else it began with
    the first value seen. Only where a counter began anew amid the step is its growth left to ``increase``, which draws
    it out to the step's ends.

    Examples
    --------
    >>> print(added("hits_total", 30))
    (max_over_time(hits_total[30s]) - (
      hits_total offset 30s <= min_over_time(hits_total[30s])
      or hits_total * 0 and on (job, instance) up offset 30s == 1
      or min_over_time(hits_total[30s])
    ) unless resets(hits_total[30s]) > 0 or increase(hits_total[30s]))
    """
    ago = _duration(step)
    within = f"{selector}[{ago}]"
    return (
        f"(max_over_time({within}) - (\n"
        f"  {selector} offset {ago} <= min_over_time({within})\n"
        f"  or {selector} * 0 and on (job, instance) up offset {ago} == 1\n"
        f"  or min_over_time({within})\n"
        f") unless resets({within}) > 0 or increase({within}))"
    )


def buckets(scope: Scope, step: float, *by: str) -> str:
    """Return requests by latency bucket (cumulative, ``le``) in each step; percentiles, shares and heatmap in one."""
    return f"sum by ({_names(*by, 'le')}) (\n  {_latency(scope, step)}\n)"


def percentile(share: float, scope: Scope, step: float, *by: str) -> str:
    """Return a percentile of latency in seconds, to be taken elsewhere; the page reads it off `buckets`."""
    return f"histogram_quantile({share:g}, {buckets(scope, step, *by)})"


def share_above(objective: float, scope: Scope, step: float) -> str:
    """Return the exact share of requests slower than a bound of the histogram (seconds)."""
    bound = f"{objective:g}"
    written = f'le=~"{bound.replace(".", "[.]")}{"" if "." in bound else "|" + bound + "[.]0"}"'
    within = added(scope.of(names.API_REQUEST_DURATION.series, written), step)
    every = added(scope.of(names.API_REQUEST_DURATION.series, 'le="+Inf"'), step)
    return f"1 - sum({within})\n  / sum({every})"


def requests(scope: Scope, step: float, *by: str) -> str:
    """Return requests answered in each step by these labels."""
    return f"sum by ({_names(*by)}) (\n  {added(scope.of(names.API_REQUESTS.name), step)}\n)"


def predictions(scope: Scope, step: float) -> str:
    """Return predictions in each step by label and confidence."""
    counted = added(scope.service(names.PREDICTIONS.name), step)
    return f"sum by (predicted_label, confidence) (\n  {counted}\n)"


def shared_cpu(scope: Scope) -> str:
    """Return CPU of each machine in use, percent."""
    return f"max by (instance) ({scope.process(names.PROCESS_CPU_PERCENT.name)})"


def shared_memory(scope: Scope) -> str:
    """Return memory of each machine in use, percent."""
    return f"max by (instance) ({scope.process(names.PROCESS_MEMORY_PERCENT.name)})"


def process_memory(scope: Scope) -> str:
    """Return resident memory of each service process, bytes."""
    return f"max by (instance) ({scope.process(names.PROCESS_MEMORY_BYTES.name)})"


def disk_read(scope: Scope, step: float) -> str:
    """Return bytes read from the disks of each machine a second."""
    return _per_second(names.DISK_READ.name, scope, step)


def disk_written(scope: Scope, step: float) -> str:
    """Return bytes written to the disks of each machine a second."""
    return _per_second(names.DISK_WRITTEN.name, scope, step)


def gauge(metric: str, scope: Scope) -> str:
    """Return a gauge as it stands, its largest 20 series."""
    return f"topk(20, {scope.service(metric)})"


def counter(metric: str, scope: Scope, step: float) -> str:
    """Return how much a counter has grown in each step, its labels kept and workers added up."""
    return f"sum without (instance) ({added(scope.service(metric), step)})"


def starter(metric: str, kind: str) -> str:
    """Return a query to begin with for a metric of a kind (``counter``, ``gauge``, ``histogram``).

    Examples
    --------
    >>> starter("api_requests_total", "counter"), starter("up", "gauge")
    ('sum by (job) (rate(api_requests_total[5m]))', 'up')
    >>> starter("api_request_duration_seconds_bucket", "histogram")
    'histogram_quantile(0.95, sum by (le) (rate(api_request_duration_seconds_bucket[5m])))'
    """
    if metric.endswith("_bucket"):
        return f"histogram_quantile(0.95, sum by (le) (rate({metric}[5m])))"
    if kind == "counter" or metric.endswith(("_total", "_count", "_sum")):
        return f"sum by (job) (rate({metric}[5m]))"
    return metric


def _latency(scope: Scope, step: float) -> str:
    return added(scope.of(names.API_REQUEST_DURATION.series), step)


def _per_second(metric: str, scope: Scope, step: float) -> str:
    if scope.job:
        return f"max by (instance) (rate({scope.process(metric)}[{_duration(2 * step)}]))"
    return f"max by (instance) (rate({metric}[{_duration(2 * step)}]) and on (job, instance) {names.API_REQUESTS.name})"


def _names(*labels: str) -> str:
    return ", ".join(labels)


def _duration(seconds: float) -> str:
    return f"{seconds:g}s" if float(seconds).is_integer() else f"{round(seconds * 1000)}ms"
