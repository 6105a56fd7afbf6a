"""Ask what the rules ask, when it is due; record what they record, and bring their alerts on."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from monitor_core.alerts.states import Alert, AlertEvent, AlertState, Found, advance, resumed
from monitor_core.errors import InvalidInput, MonitorError
from monitor_core.metrics.promql import STALE, Scalar, Vector
from monitor_core.metrics.promql.reader import labels_of
from monitor_core.metrics.rules import AlertingRule, RecordingRule, Rule, RuleGroup
from monitor_core.metrics.rules_templates import template

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from monitor_core.alerts.recording import SampleSink
    from monitor_core.metrics.promql import Answer, Labels
    from monitor_core.metrics.rules import Pairs

__all__ = [
    "DEFAULT_INTERVAL",
    "AlertKeeper",
    "Asks",
    "Evaluation",
    "RuleEvaluator",
    "RuleOutcome",
    "rule_keys",
]

DEFAULT_INTERVAL = timedelta(seconds=30)


class Asks(Protocol):
    """Anything that answers PromQL at a moment: the engine here, or a server's client."""

    def query(self, text: str, time: float) -> Answer:
        """Answer at a moment, seconds since 1970."""
        ...


class AlertKeeper(Protocol):
    """Where alerts outlive the process (`monitor_core.alerts.store`)."""

    def load(self, rule_group: str) -> tuple[Alert, ...]:
        """Return a group's alerts as they were saved."""
        ...

    def last_evaluated(self, rule_group: str) -> datetime | None:
        """Return when a group was evaluated last; None when it never was."""
        ...

    def retire(self, known: Collection[tuple[str, str]], at: datetime) -> tuple[AlertEvent, ...]:
        """Resolve the alerts of rules that are no more; `known` are the (group, rule) that are."""
        ...

    def save(self, rule_group: str, outcomes: Sequence[RuleOutcome], at: datetime) -> None:
        """Keep what one evaluation of a group made, all at once."""
        ...


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What became of one rule in one evaluation.

    Attributes
    ----------
    key
        What tells the rule apart within its group (`rule_keys`).
    seconds
        What it took.
    error
        Why it could not be evaluated; empty when it could. Its alerts then stay as they were.
    alerts
        All in sight afterwards, of an alerting rule.
    samples
        Series recorded.
    """

    rule: Rule
    key: str
    seconds: float
    error: str = ""
    alerts: tuple[Alert, ...] = ()
    events: tuple[AlertEvent, ...] = ()
    samples: int = 0


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one call of `RuleEvaluator.evaluate` did: the groups that were due."""

    at: datetime
    groups: tuple[tuple[str, tuple[RuleOutcome, ...]], ...] = ()
    retired: tuple[AlertEvent, ...] = ()
    """Alerts resolved because their rule is no more; only at the first evaluation."""

    @property
    def outcomes(self) -> tuple[RuleOutcome, ...]:
        """Of every rule that was due."""
        return tuple(outcome for _, outcomes in self.groups for outcome in outcomes)

    @property
    def events(self) -> tuple[AlertEvent, ...]:
        """What happened to alerts."""
        return (*self.retired, *(event for outcome in self.outcomes for event in outcome.events))

    @property
    def errors(self) -> tuple[tuple[str, str], ...]:
        """(rule, why) of those that could not be evaluated."""
        return tuple((outcome.rule.name, outcome.error) for outcome in self.outcomes if outcome.error)


@dataclass(slots=True)
class _Progress:
    """What the evaluator remembers of one group."""

    due: datetime | None = None
    is_loaded: bool = False
    alerts: dict[str, tuple[Alert, ...]] = field(default_factory=dict)
    recorded: dict[str, frozenset[Labels]] = field(default_factory=dict)


class RuleEvaluator:
    """Evaluates groups of rules over anything that answers PromQL.

    Parameters
    ----------
    groups
        Evaluated in this order; within a group, a rule sees what the rules before it recorded.
    asks
        Answers PromQL: an `Engine`.
    sink
        Takes what recording rules record, and the series ``ALERTS`` and ``ALERTS_FOR_STATE``
        (`monitor_core.alerts.recording`); None keeps none.
    keeper
        Where alerts outlive the process; None keeps them in memory only.
    interval
        Between two evaluations of a group that names none.

    Examples
    --------
    >>> from datetime import datetime, timezone
    >>> from monitor_core.metrics.promql import Engine, MemoryReader
    >>> reader = MemoryReader()
    >>> reader.add({"__name__": "up", "job": "api"}, [0], [0])
    >>> group = RuleGroup("targets", (AlertingRule("TargetDown", "up == 0"),))
    >>> evaluator = RuleEvaluator((group,), Engine(reader))
    >>> done = evaluator.evaluate(datetime.fromtimestamp(60, timezone.utc))
    >>> [(event.alert.state.value, dict(event.alert.labels)["job"]) for event in done.events]
    [('firing', 'api')]
    """

    def __init__(
        self,
        groups: Sequence[RuleGroup],
        asks: Asks,
        *,
        sink: SampleSink | None = None,
        keeper: AlertKeeper | None = None,
        interval: timedelta = DEFAULT_INTERVAL,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        names = [group.name for group in groups]
        if len(set(names)) != len(names):
            raise InvalidInput(f"groups of rules need names of their own; given are {names}")
        self._groups = tuple(groups)
        self._asks = asks
        self._sink = sink
        self._keeper = keeper
        self._interval = interval
        self._clock = clock
        self._progress = {group.name: _Progress() for group in groups}

    @property
    def groups(self) -> tuple[RuleGroup, ...]:
        """The rules evaluated."""
        return self._groups

    def evaluate(self, now: datetime, *, is_forced: bool = False) -> Evaluation:
        """Evaluate the groups that are due.

        Parameters
        ----------
        now
            The moment asked about.
        is_forced
            Evaluate every group, due or not.

        Returns
        -------
        Evaluation
            With an outcome a rule. A rule that fails keeps its alerts and does not stop the others.
        """
        retired = self._retire(now)
        done = []
        for group in self._groups:
            progress = self._progress[group.name]
            if not is_forced and progress.due is not None and now < progress.due:
                continue
            self._load(group, progress, now)
            outcomes = tuple(self._rule(group, key, rule, progress, now) for key, rule in rule_keys(group))
            progress.due = _next(progress.due, now, group.interval or self._interval)
            if self._keeper is not None:
                self._keeper.save(group.name, outcomes, now)
            done.append((group.name, outcomes))
        return Evaluation(now, tuple(done), retired)

    def alerts(self) -> tuple[Alert, ...]:
        """Return all alerts in sight, the resolved ones too."""
        return tuple(
            alert for progress in self._progress.values() for alerts in progress.alerts.values() for alert in alerts
        )

    def due(self) -> datetime | None:
        """Return when the next group is due; None when all are."""
        moments = [progress.due for progress in self._progress.values()]
        found = [moment for moment in moments if moment is not None]
        return min(found) if found and len(found) == len(moments) else None

    def _load(self, group: RuleGroup, progress: _Progress, now: datetime) -> None:
        if progress.is_loaded:
            return
        progress.is_loaded = True
        last = self._keeper.last_evaluated(group.name) if self._keeper is not None else None
        if self._keeper is None or last is None:
            return
        loaded = resumed(self._keeper.load(group.name), last, now)
        for key, _ in rule_keys(group):
            progress.alerts[key] = tuple(alert for alert in loaded if alert.rule == key)

    def _retire(self, now: datetime) -> tuple[AlertEvent, ...]:
        if self._keeper is None or any(progress.is_loaded for progress in self._progress.values()):
            return ()
        known = {(group.name, key) for group in self._groups for key, _ in rule_keys(group)}
        return self._keeper.retire(known, now)

    def _rule(self, group: RuleGroup, key: str, rule: Rule, progress: _Progress, now: datetime) -> RuleOutcome:
        started = self._clock()
        try:
            if isinstance(rule, AlertingRule):
                outcome = self._alerting(group, key, rule, progress, now)
            else:
                outcome = self._recording(group, key, rule, progress, now)
        except MonitorError as error:
            outcome = RuleOutcome(rule, key, 0.0, error.message, progress.alerts.get(key, ()))
        return replace(outcome, seconds=self._clock() - started)

    def _answer(self, group: RuleGroup, rule: Rule, now: datetime) -> list[tuple[Labels, float]]:
        value = self._asks.query(rule.expr, (now - group.query_offset).timestamp()).value
        if isinstance(value, Scalar):
            return [((), value.value)]
        if not isinstance(value, Vector):
            raise InvalidInput(f"rule {rule.name!r}: the answer is no vector")
        return [(labels, float(number)) for labels, number in zip(value.labels, value.values, strict=True)]

    def _recording(
        self, group: RuleGroup, key: str, rule: RecordingRule, progress: _Progress, now: datetime
    ) -> RuleOutcome:
        put = dict(group.labels_of(rule))
        answer = self._answer(group, rule, now)
        series = {labels_of({**dict(labels), **put, "__name__": rule.record}): value for labels, value in answer}
        if len(series) != len(answer):
            raise InvalidInput("vector contains metrics with the same labelset after applying rule labels")
        if group.limit and len(series) > group.limit:
            raise InvalidInput(f"exceeded limit of {group.limit} with {len(series)} series")
        self._record(progress, key, series, group, now)
        return RuleOutcome(rule, key, 0.0, samples=len(series))

    def _alerting(
        self, group: RuleGroup, key: str, rule: AlertingRule, progress: _Progress, now: datetime
    ) -> RuleOutcome:
        put = group.labels_of(rule)
        found = [_found(rule, put, labels, value) for labels, value in self._answer(group, rule, now)]
        change = advance(
            progress.alerts.get(key, ()),
            found,
            now,
            rule_group=group.name,
            rule=key,
            hold=rule.hold,
            keep_firing=rule.keep_firing,
            limit=group.limit,
        )
        progress.alerts[key] = change.alerts
        self._record(progress, key, _alert_series(change.active), group, now)
        return RuleOutcome(rule, key, 0.0, alerts=change.alerts, events=change.events)

    def _record(
        self, progress: _Progress, key: str, series: Mapping[Labels, float], group: RuleGroup, now: datetime
    ) -> None:
        """Write the samples; series of the last evaluation that are gone end here."""
        if self._sink is None:
            return
        gone = progress.recorded.get(key, frozenset()) - set(series)
        samples = {**series, **dict.fromkeys(sorted(gone), float(STALE))}
        self._sink.record(f"{group.name}/{key}", _milliseconds(now - group.query_offset), samples)
        progress.recorded[key] = frozenset(series)


def rule_keys(group: RuleGroup) -> tuple[tuple[str, Rule], ...]:
    """Return the rules of a group with what tells them apart: the name; for the second of a name ``name#2``.

    Examples
    --------
    >>> down = AlertingRule("Down", "up == 0")
    >>> [key for key, _ in rule_keys(RuleGroup("g", (down, down)))]
    ['Down', 'Down#2']
    """
    seen: Counter[str] = Counter()
    keyed = []
    for rule in group.rules:
        seen[rule.name] += 1
        keyed.append((rule.name if seen[rule.name] == 1 else f"{rule.name}#{seen[rule.name]}", rule))
    return tuple(keyed)


def _found(rule: AlertingRule, put: Pairs, labels: Labels, value: float) -> Found:
    given = dict(labels)
    written = {name: _written(text, value, given) for name, text in put}
    bare = {name: text for name, text in given.items() if name != "__name__"}
    identity = labels_of({**bare, **written, "alertname": rule.alert})
    return Found(identity, tuple((name, _written(text, value, given)) for name, text in rule.annotations), value)


def _written(text: str, value: float, labels: Mapping[str, str]) -> str:
    """Write a template; what fails while writing stands in the text, as in Prometheus: an alert is never lost by it."""
    try:
        return template(text).expand(value, labels)
    except InvalidInput as error:
        return f"<error expanding template: {error.message}>"


def _alert_series(alerts: Sequence[Alert]) -> dict[Labels, float]:
    series = {}
    for alert in alerts:
        labels = dict(alert.labels)
        state = "firing" if alert.state is AlertState.FIRING else "pending"
        series[labels_of({**labels, "__name__": "ALERTS", "alertstate": state})] = 1.0
        series[labels_of({**labels, "__name__": "ALERTS_FOR_STATE"})] = float(int(alert.active_at.timestamp()))
    return series


def _next(due: datetime | None, now: datetime, interval: timedelta) -> datetime:
    """Keep the rhythm; after a delay of more than one interval, start it anew."""
    if due is None or now - due >= interval:
        return now + interval
    return due + interval


def _milliseconds(moment: datetime) -> int:
    return round((moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))
