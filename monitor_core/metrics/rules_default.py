"""Our own rules, once: `dashboards/prometheus/rules.yml` is written from them, and the embedded evaluator runs them.

Every ratio asks for a least traffic: one failure in three requests at night is no error rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from monitor_core.metrics import names
from monitor_core.metrics.rules import AlertingRule, RecordingRule, Rule, RuleGroup, duration_text

__all__ = ["BURNS", "RUNBOOKS", "Burn", "Objectives", "default_rules", "runbook_name"]

RUNBOOKS = "docs/runbooks"
"""Where the runbooks stand in the repository."""


@dataclass(frozen=True, slots=True)
class Objectives:
    """What the service promises, and from when its figures are looked at.

    Attributes
    ----------
    latency_seconds, latency_target
        The promise, two numbers: this share of requests is answered within this time. The time must be a bound of
        the histogram, or the share is not exact.
    error_ratio
        Largest share of requests answered with 5xx.
    throughput_ratio
        Least share of the usual traffic of the same hour in past weeks.
    cpu_percent, memory_percent
        Of the machine.
    positive_ratio, positive_labels
        Largest share of positive predictions, and the label values that are positive (an expression).
    psi_moderate, psi_high, psi_critical
        Levels of a feature's PSI.
    f1_least
        F1 over the window below which it alerts.
    least_requests
        In the span a ratio is asked about; fewer say nothing.
    runbooks
        Address of the folder of runbooks that alerts link to, without a slash at its end; a path in this repository
        as long as nobody gives the address under which it can be read.
    """

    latency_seconds: float = names.LATENCY_OBJECTIVE_SECONDS
    latency_target: float = 0.95
    error_ratio: float = 0.05
    throughput_ratio: float = 0.5
    cpu_percent: float = 80
    memory_percent: float = 90
    positive_ratio: float = 0.2
    positive_labels: str = "1|1\\\\.0|true|True|yes|positive"
    psi_moderate: float = 0.1
    psi_high: float = 0.25
    psi_critical: float = 0.4
    f1_least: float = 0.67
    f1_window: str = "30d"
    least_requests: int = 50
    least_predictions: int = 100
    runbooks: str = RUNBOOKS


@dataclass(frozen=True, slots=True)
class Burn:
    """A pair of windows: both must burn the error budget at least this many times faster than it lasts."""

    factor: float
    long: str
    short: str
    severity: str
    hold: timedelta


BURNS = (
    Burn(14.4, "1h", "5m", "critical", timedelta(minutes=2)),
    Burn(6, "6h", "30m", "high", timedelta(minutes=15)),
    Burn(3, "1d", "2h", "moderate", timedelta(hours=1)),
    Burn(1, "3d", "6h", "low", timedelta(hours=3)),
)
"""Google's Site Reliability Workbook, 2018, chapter 5, table 5-8, with the day's window beside it."""

_LATENCY = names.API_REQUEST_DURATION.name
_REQUESTS = names.API_REQUESTS.name
_ERRORS = names.API_ERRORS.name
_PREDICTIONS = names.PREDICTIONS.name
_WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
_WEEKS = (1, 2, 3, 4)
_JOB = "{{ $labels.job }}"
_SHARE = "{{ $value | humanizePercentage }}"


def default_rules(objectives: Objectives | None = None) -> tuple[RuleGroup, ...]:
    """Return our groups of rules.

    Examples
    --------
    >>> [group.name for group in default_rules()]
    ['service', 'latency-slo', 'throughput', 'machine', 'model', 'targets']
    """
    given = objectives or Objectives()
    return (
        RuleGroup("service", _service(given)),
        RuleGroup("latency-slo", _slo(given), interval=timedelta(minutes=1)),
        RuleGroup("throughput", _throughput(given), interval=timedelta(minutes=1)),
        RuleGroup("machine", _machine(given)),
        RuleGroup("model", _model(given), interval=timedelta(minutes=1)),
        RuleGroup("targets", _targets(given)),
    )


def runbook_name(alert: str) -> str:
    """Return the file of a rule's runbook.

    Examples
    --------
    >>> runbook_name("ApiErrorRatioHigh")
    'ApiErrorRatioHigh.md'
    """
    return f"{alert}.md"


def _alert(
    given: Objectives,
    name: str,
    expr: str,
    *,
    severity: str,
    summary: str,
    description: str,
    minutes: float = 0,
    keep_minutes: float = 0,
) -> AlertingRule:
    annotations = {
        "summary": summary,
        "description": description,
        "runbook_url": f"{given.runbooks}/{runbook_name(name)}",
    }
    return AlertingRule(
        name,
        expr,
        hold=timedelta(minutes=minutes),
        keep_firing=timedelta(minutes=keep_minutes),
        labels=(("severity", severity),),
        annotations=tuple(sorted(annotations.items())),
    )


def _number(value: float) -> str:
    return f"{value:.12g}"


def _percent(value: float) -> str:
    return f"{value * 100:.6g} %"


def _bound(seconds: float) -> str:
    """Write a bucket's bound as the client library does: 0.15, 1.0."""
    return repr(float(seconds))


def _enough(metric: str, window: str, least: int) -> str:
    return f"and\nsum by (job) (increase({metric}[{window}])) >= {least}"


def _service(given: Objectives) -> tuple[Rule, ...]:
    bound = _bound(given.latency_seconds)
    shown = f"{given.latency_seconds * 1000:.6g} ms"
    slow = (
        f'1 - sum by (job) (rate({_LATENCY}_bucket{{le="{bound}"}}[5m]))\n'
        f"  / sum by (job) (rate({_LATENCY}_count[5m]))\n"
        f"> {_number(round(1 - given.latency_target, 12))}\n" + _enough(f"{_LATENCY}_count", "5m", given.least_requests)
    )
    failing = (
        f'sum by (job) (rate({_ERRORS}{{error_type="5xx"}}[5m]))\n'
        f"  / sum by (job) (rate({_REQUESTS}[5m]))\n"
        f"> {_number(given.error_ratio)}\n" + _enough(_REQUESTS, "5m", given.least_requests)
    )
    return (
        _alert(
            given,
            "ApiLatencyHigh",
            slow,
            severity="high",
            minutes=5,
            summary=f"{_JOB}: {_SHARE} of requests take longer than {shown}",
            description=f"The {_percent(given.latency_target)} quantile of latency is above {shown}: "
            f"{_percent(1 - given.latency_target)} of requests may be slower, "
            f"{_SHARE} are, over five minutes.",
        ),
        _alert(
            given,
            "ApiErrorRatioHigh",
            failing,
            severity="critical",
            minutes=10,
            keep_minutes=5,
            summary=f"{_JOB}: {_SHARE} of requests fail",
            description=f"More than {_percent(given.error_ratio)} of requests end with 5xx, over five minutes.",
        ),
    )


def _slo(given: Objectives) -> tuple[Rule, ...]:
    bound = _bound(given.latency_seconds)
    recorded = [
        RecordingRule(
            _slow_ratio(window),
            f'1 - sum by (job) (rate({_LATENCY}_bucket{{le="{bound}"}}[{window}]))\n'
            f"  / sum by (job) (rate({_LATENCY}_count[{window}]))",
        )
        for window in _WINDOWS
    ]
    return (*recorded, *(_burn(given, burn) for burn in BURNS))


def _slow_ratio(window: str) -> str:
    return f"job:api_requests_slow:ratio_rate{window}"


def _burn(given: Objectives, burn: Burn) -> AlertingRule:
    budget = _number(round(1 - given.latency_target, 12))
    expr = (
        f"{_slow_ratio(burn.long)} > {_number(burn.factor)} * {budget}\n"
        f"and\n{_slow_ratio(burn.short)} > {_number(burn.factor)} * {budget}\n"
        + _enough(f"{_LATENCY}_count", burn.long, 2 * given.least_requests)
    )
    lasts = duration_text(timedelta(days=30) / burn.factor) if burn.factor != 14.4 else "50h"
    return _alert(
        given,
        f"LatencyBudgetBurn{burn.long}",
        expr,
        severity=burn.severity,
        minutes=burn.hold / timedelta(minutes=1),
        summary=f"{_JOB}: the latency budget burns {_number(burn.factor)} times as fast as it lasts "
        f"({_SHARE} slow over {burn.long})",
        description=f"{_percent(given.latency_target)} of requests shall be answered within "
        f"{given.latency_seconds * 1000:.6g} ms. Over {burn.long} and over {burn.short}, so many were slower that the "
        f"budget of 30 days is gone in {lasts}.",
    )


def _throughput(given: Objectives) -> tuple[Rule, ...]:
    now, usual = "job:api_requests:rate1h", "job:api_requests:rate1h_usual"
    past = "\n  or\n".join(f'  label_replace({now} offset {week}w, "week", "{week}", "", "")' for week in _WEEKS)
    least = _number(given.least_requests)
    return (
        RecordingRule(now, f"sum by (job) (rate({_REQUESTS}[1h]))"),
        RecordingRule(
            usual,
            f"quantile by (job) (0.5,\n{past}\n)\nand\ncount by (job) (\n{past}\n) >= 2",
        ),
        _alert(
            given,
            "ApiThroughputLow",
            f"{now} / {usual} < {_number(given.throughput_ratio)}\nand\n{usual} * 3600 >= {least}",
            severity="moderate",
            minutes=15,
            summary=f"{_JOB}: {_SHARE} of the usual traffic",
            description="Requests of the last hour, beside the median of the same hour in the four weeks before "
            "(two of them at least must be known).",
        ),
    )


def _machine(given: Objectives) -> tuple[Rule, ...]:
    return (
        _alert(
            given,
            "CpuHigh",
            f"{names.PROCESS_CPU_PERCENT.name} > {_number(given.cpu_percent)}",
            severity="high",
            minutes=15,
            summary='{{ $labels.instance }}: CPU at {{ $value | printf "%.0f" }} %',
            description=f"More than {_number(given.cpu_percent)} % of the machine's cores are busy, for 15 minutes.",
        ),
        _alert(
            given,
            "MemoryHigh",
            f"{names.PROCESS_MEMORY_PERCENT.name} > {_number(given.memory_percent)}",
            severity="critical",
            minutes=5,
            summary='{{ $labels.instance }}: memory at {{ $value | printf "%.0f" }} %',
            description=f"More than {_number(given.memory_percent)} % of the machine's memory is used, for 5 minutes.",
        ),
    )


def _model(given: Objectives) -> tuple[Rule, ...]:
    positive = (
        f'sum by (job, model_version) (increase({_PREDICTIONS}{{predicted_label=~"{given.positive_labels}"}}[1h]))\n'
        f"  / sum by (job, model_version) (increase({_PREDICTIONS}[1h]))\n"
        f"> {_number(given.positive_ratio)}\n"
        f"and\nsum by (job, model_version) (increase({_PREDICTIONS}[1h])) >= {given.least_predictions}"
    )
    return (
        _alert(
            given,
            "PositiveRateHigh",
            positive,
            severity="moderate",
            minutes=15,
            summary=f"{_JOB}, model {{{{ $labels.model_version }}}}: {_SHARE} of predictions are positive",
            description=f"More than {_percent(given.positive_ratio)} of an hour's predictions are positive.",
        ),
        *_drift(given),
        *_performance(given),
    )


def _drift(given: Objectives) -> tuple[AlertingRule, ...]:
    levels = (
        ("FeatureDriftModerate", "moderate", given.psi_moderate, given.psi_high),
        ("FeatureDriftHigh", "high", given.psi_high, given.psi_critical),
        ("FeatureDriftCritical", "critical", given.psi_critical, None),
    )
    psi = names.FEATURE_DRIFT_PSI.name
    return tuple(
        _alert(
            given,
            name,
            f"count by (job, model, version) ({psi} >= {_number(low)}"
            + (f" < {_number(high)}" if high is not None else "")
            + ")",
            severity=severity,
            minutes=2,
            summary="{{ $labels.model }} {{ $labels.version }}: "
            f"features with a PSI of {_number(low)}"
            + (f" to {_number(high)}" if high else " or more")
            + ": {{ $value }}",
            description="Population stability index of the latest granule, by feature. PSI grows as rows get fewer: "
            "the app's own drift page says which of these changes are more than chance.",
        )
        for name, severity, low, high in levels
    )


def _performance(given: Objectives) -> tuple[AlertingRule, ...]:
    drops = (
        ("ModelF1DropMinor", "low", 1, "3 %"),
        ("ModelF1DropModerate", "moderate", 2, "5 %"),
        ("ModelF1DropSevere", "high", 3, "10 %"),
    )
    severity = names.MODEL_DEGRADATION_SEVERITY.name
    return (
        *(
            _alert(
                given,
                name,
                f"{severity} == {level}",
                severity=word,
                minutes=5,
                summary="{{ $labels.model }} {{ $labels.version }}: F1 fell by " + percent + " or more",
                description="F1 over the window, beside the model's baseline. The performance page shows the interval "
                "around it and what to do.",
            )
            for name, word, level, percent in drops
        ),
        _alert(
            given,
            "ModelF1Low",
            f'{names.MODEL_F1.name}{{window="{given.f1_window}"}} < {_number(given.f1_least)}',
            severity="high",
            minutes=5,
            summary='{{ $labels.model }} {{ $labels.version }}: F1 is {{ $value | printf "%.3f" }}',
            description=f"F1 over {given.f1_window} is below {_number(given.f1_least)}.",
        ),
    )


def _targets(given: Objectives) -> tuple[Rule, ...]:
    always = names.API_IN_PROGRESS.name
    return (
        _alert(
            given,
            "TargetDown",
            "up == 0",
            severity="critical",
            minutes=2,
            summary="{{ $labels.job }} at {{ $labels.instance }} does not answer",
            description="The last scrapes of /metrics failed: the service is down, or cannot be reached from here.",
        ),
        _alert(
            given,
            "NothingScraped",
            "absent(up)",
            severity="critical",
            minutes=5,
            summary="No target is scraped at all",
            description="There is no series `up`: no targets are configured, or the collector does not run.",
        ),
        _alert(
            given,
            "ServiceMetricsAbsent",
            f"count by (job, instance) (present_over_time({always}[1d]))\n"
            f"unless\ncount by (job, instance) ({always})\nand on (job, instance)\nup == 1",
            severity="high",
            minutes=10,
            summary="{{ $labels.job }} at {{ $labels.instance }} answers, but its request metrics are gone",
            description="They were there within the last day. A release without the middleware, most likely.",
        ),
    )
