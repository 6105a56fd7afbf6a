"""Rules tested as ``promtool test rules`` tests them, with our own engine and evaluator."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from monitor_core.alerts.evaluator import RuleEvaluator
from monitor_core.alerts.recording import MemorySink
from monitor_core.alerts.states import AlertState
from monitor_core.errors import InvalidInput
from monitor_core.metrics.promql import Engine, MemoryReader, QueryFailed, Scalar, Vector
from monitor_core.metrics.promql.notation import add_series
from monitor_core.metrics.promql.reader import labels_of
from monitor_core.metrics.rules import AlertingRule

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from monitor_core.alerts.states import Alert
    from monitor_core.metrics.rules import Pairs, RuleGroup
    from monitor_core.metrics.rules_cases import AlertCase, ExpressionCase, RuleCase, RuleCases

__all__ = ["CaseOutcome", "run_case", "run_cases"]

START = datetime(1970, 1, 1, tzinfo=UTC)
MOST_STEPS = 100_000


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """One story told: `failures` say what was expected and what came; none is a pass."""

    name: str
    failures: tuple[str, ...]

    @property
    def is_passed(self) -> bool:
        """Everything came as expected."""
        return not self.failures


def run_cases(
    cases: RuleCases, groups: Sequence[RuleGroup], *, engine: Callable[[MemoryReader], Engine] = Engine
) -> tuple[CaseOutcome, ...]:
    """Run every story of a file over the same rules, each with series of its own.

    Parameters
    ----------
    engine
        Makes what answers; for tests that compare with an older Prometheus.

    Examples
    --------
    >>> from monitor_core.metrics.rules_cases import read_cases
    >>> from monitor_core.metrics.rules_file import read_rules
    >>> groups = read_rules("groups: [{name: g, rules: [{alert: Down, expr: up == 0, for: 2m}]}]")
    >>> story = '''
    ... tests:
    ... - input_series: [{series: 'up{job="api"}', values: 0x5}]
    ...   alert_rule_test:
    ...   - {eval_time: 1m, alertname: Down}
    ...   - {eval_time: 2m, alertname: Down, exp_alerts: [{exp_labels: {job: api}}]}
    ... '''
    >>> [outcome.is_passed for outcome in run_cases(read_cases(story), groups)]
    [True]
    """
    ordered = _ordered(groups, cases.group_order)
    return tuple(run_case(case, ordered, interval=cases.interval, engine=engine) for case in cases.cases)


def run_case(
    case: RuleCase,
    groups: Sequence[RuleGroup],
    *,
    interval: timedelta,
    engine: Callable[[MemoryReader], Engine] = Engine,
) -> CaseOutcome:
    """Tell one story: evaluate all groups every `interval` from 0 to the last moment asked about, and look."""
    if case.end / interval > MOST_STEPS:
        raise InvalidInput(f"{case.name}: more than {MOST_STEPS:,} evaluations; use a longer evaluation_interval")
    reader = MemoryReader()
    for series, values in case.series:
        add_series(reader, f"{series} {values}", case.interval // timedelta(milliseconds=1))
    asks = engine(reader)
    evaluator = RuleEvaluator(groups, asks, sink=MemorySink(reader))
    failures: list[str] = []
    moment = timedelta(0)
    while moment <= case.end:
        done = evaluator.evaluate(START + moment, is_forced=True)
        failures += [f"rule {name} at {moment}: {error}" for name, error in done.errors]
        due = [item for item in case.alerts if moment <= item.at < moment + interval]
        failures += [failure for item in due for failure in _alerts(item, groups, evaluator.alerts())]
        moment += interval
    failures += [failure for item in case.expressions for failure in _expression(item, asks)]
    return CaseOutcome(case.name, tuple(failures))


def _ordered(groups: Sequence[RuleGroup], order: Sequence[str]) -> tuple[RuleGroup, ...]:
    known = {group.name for group in groups}
    if missing := [name for name in order if name not in known]:
        raise InvalidInput(f"group_eval_order names {missing[0]!r}; there are {', '.join(sorted(known))}")
    rank = {name: place for place, name in enumerate(order)}
    return tuple(sorted(groups, key=lambda group: rank.get(group.name, len(rank))))


def _alerts(case: AlertCase, groups: Sequence[RuleGroup], alerts: Sequence[Alert]) -> list[str]:
    names = {rule.alert for group in groups for rule in group.rules if isinstance(rule, AlertingRule)}
    if case.alertname not in names and case.alerts:
        return [f"there is no alerting rule {case.alertname!r}"]
    got = [
        (alert.labels, tuple(sorted(alert.annotations)))
        for alert in alerts
        if alert.state is AlertState.FIRING and dict(alert.labels)["alertname"] == case.alertname
    ]
    wanted = [
        (labels_of({**dict(alert.labels), "alertname": case.alertname}), alert.annotations) for alert in case.alerts
    ]
    if sorted(got) == sorted(wanted):
        return []
    return [f"alertname {case.alertname}, time {case.at}: expected {_shown(wanted)}, got {_shown(got)}"]


def _shown(alerts: Sequence[tuple[Pairs, Pairs]]) -> str:
    return "; ".join(f"labels {dict(labels)} annotations {dict(words)}" for labels, words in sorted(alerts)) or "none"


def _expression(case: ExpressionCase, asks: Engine) -> list[str]:
    try:
        value = asks.query(case.expr, case.at.total_seconds()).value
    except QueryFailed as error:
        return [f"expr {case.expr!r}, time {case.at}: {error.message}"]
    got: list[tuple[Pairs, float]] = []
    if isinstance(value, Scalar):
        got = [((), value.value)]
    elif isinstance(value, Vector):
        got = [(labels, float(number)) for labels, number in zip(value.labels, value.values, strict=True)]
    if _equal(sorted(got), sorted(case.samples)):
        return []
    return [f"expr {case.expr!r}, time {case.at}: expected {_listed(case.samples)}, got {_listed(got)}"]


def _equal(got: Sequence[tuple[Pairs, float]], wanted: Sequence[tuple[Pairs, float]]) -> bool:
    """Compare as promtool does: labels exactly, values to 1e-6 of their size."""
    return [labels for labels, _ in got] == [labels for labels, _ in wanted] and all(
        one == other or (math.isnan(one) and math.isnan(other)) or math.isclose(one, other, rel_tol=1e-6)
        for (_, one), (_, other) in zip(got, wanted, strict=True)
    )


def _listed(samples: Sequence[tuple[Pairs, float]]) -> str:
    return "; ".join(f"{dict(labels)} {value:g}" for labels, value in sorted(samples)) or "nothing"
