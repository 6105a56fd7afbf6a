"""Recording and alerting rules as values: what Prometheus' rule files say, checked.

A rule asks a PromQL question again and again. A recording rule keeps the answer under a name of its own; an alerting
rule makes an alert of every series that the answer holds. `metrics.rules_file` reads and writes them,
`metrics.rules_default` holds our own, `alerts` evaluates them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from monitor_core.errors import InvalidInput
from monitor_core.metrics.promql import BadQuery
from monitor_core.metrics.promql.checks import kind_of
from monitor_core.metrics.promql.parser import parse
from monitor_core.metrics.promql.syntax import Kind
from monitor_core.metrics.rules_templates import template

__all__ = ["AlertingRule", "Pairs", "RecordingRule", "Rule", "RuleGroup", "duration_of", "duration_text"]

Pairs = tuple[tuple[str, str], ...]
"""Names and values, sorted by name."""

_DURATION = re.compile(r"(?=.)(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?")
_UNITS_MS = (31_536_000_000, 604_800_000, 86_400_000, 3_600_000, 60_000, 1000, 1)
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_METRIC = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")


def duration_of(text: str) -> timedelta:
    """Read a duration as Prometheus writes it: whole numbers with units from large to small, or ``0``.

    Raises
    ------
    InvalidInput
        For anything else, or more than 292 years.

    Examples
    --------
    >>> duration_of("1h30m")
    datetime.timedelta(seconds=5400)
    """
    found = _DURATION.fullmatch(text)
    if text != "0" and found is None:
        raise InvalidInput(f"{text!r} is not a duration", hint="written as 30s, 5m, 1h30m, 2d")
    parts = found.groups() if found else ()
    total = sum(int(part) * unit for part, unit in zip(parts, _UNITS_MS, strict=False) if part)
    if total > 9_223_372_036_854:
        raise InvalidInput(f"the duration {text!r} is out of range")
    return timedelta(milliseconds=total)


def duration_text(span: timedelta) -> str:
    """Write a duration as Prometheus does; weeks and years only where nothing is left over.

    Examples
    --------
    >>> duration_text(timedelta(minutes=90)), duration_text(timedelta(days=7)), duration_text(timedelta(0))
    ('1h30m', '1w', '0s')
    """
    left = span // timedelta(milliseconds=1)
    if not left:
        return "0s"
    text = ""
    for unit, size in zip(("y", "w", "d", "h", "m", "s", "ms"), _UNITS_MS, strict=True):
        if unit in {"y", "w"} and left % size:
            continue
        count, left = divmod(left, size)
        text += f"{count}{unit}" if count else ""
    return text


@dataclass(frozen=True, slots=True)
class RecordingRule:
    """Keep an answer as series of its own.

    Parameters
    ----------
    record
        Name of the metric; by convention ``level:metric:operation``.
    expr
        PromQL that gives a vector or a number.
    labels
        Put on every series.

    Examples
    --------
    >>> RecordingRule("job:requests:rate5m", "sum by (job) (rate(requests_total[5m]))").record
    'job:requests:rate5m'
    """

    record: str
    expr: str
    labels: Pairs = ()

    def __post_init__(self) -> None:
        if not _METRIC.fullmatch(self.record):
            raise InvalidInput(f"{self.record!r} is not a name of a metric", hint="letters, digits, _ and :")
        _check_expression(self.record, self.expr)
        _check_names(self.record, "label", self.labels, forbidden={"__name__"})

    @property
    def name(self) -> str:
        """What the rule is called."""
        return self.record


@dataclass(frozen=True, slots=True)
class AlertingRule:
    """Make an alert of every series that the answer holds.

    Parameters
    ----------
    alert
        Name, the label `alertname`.
    expr
        PromQL that gives a vector or a number.
    hold
        ``for``: how long the answer must hold a series before its alert fires.
    keep_firing
        ``keep_firing_for``: how long a firing alert lasts after its series is gone.
    labels
        Put on every alert; values are templates (`metrics.rules_templates`).
    annotations
        Words for people; values are templates.

    Examples
    --------
    >>> rule = AlertingRule("TargetDown", "up == 0", hold=timedelta(minutes=2), labels=(("severity", "critical"),))
    >>> rule.severity
    'critical'
    """

    alert: str
    expr: str
    hold: timedelta = timedelta(0)
    keep_firing: timedelta = timedelta(0)
    labels: Pairs = ()
    annotations: Pairs = ()

    def __post_init__(self) -> None:
        if not self.alert.strip():
            raise InvalidInput(f"an alerting rule has no name: {self.expr!r}")
        _check_expression(self.alert, self.expr)
        _check_names(self.alert, "label", self.labels, forbidden={"__name__", "alertname"})
        _check_names(self.alert, "annotation", self.annotations, forbidden=set())
        for kind, pairs in (("label", self.labels), ("annotation", self.annotations)):
            for name, value in pairs:
                try:
                    template(value)
                except InvalidInput as error:
                    raise InvalidInput(
                        f"rule {self.alert!r}, {kind} {name!r}: {error.message}", hint=error.hint
                    ) from None

    @property
    def name(self) -> str:
        """What the rule is called."""
        return self.alert

    @property
    def severity(self) -> str:
        """Its label `severity`, where it has one."""
        return dict(self.labels).get("severity", "")


Rule = RecordingRule | AlertingRule


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules evaluated one after the other at the same moment: later ones see what earlier ones recorded.

    Parameters
    ----------
    name
        Unique within a file.
    rules
        In the order of evaluation.
    interval
        Between two evaluations; None is the server's usual one.
    limit
        Most series or alerts a rule may give; beyond it the rule fails. 0 is no limit.
    query_offset
        Questions are asked for this long ago.
    labels
        Put on what every rule gives; a rule's own come first.
    """

    name: str
    rules: tuple[Rule, ...]
    interval: timedelta | None = None
    limit: int = 0
    query_offset: timedelta = timedelta(0)
    labels: Pairs = ()

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise InvalidInput("a group of rules has no name")
        if self.limit < 0:
            raise InvalidInput(f"group {self.name!r}: limit is {self.limit}, 0 or more is allowed")
        _check_names(self.name, "label", self.labels, forbidden={"__name__"})
        _check_twins(self)

    def labels_of(self, rule: Rule) -> Pairs:
        """Return the labels of a rule with those of the group beneath."""
        return tuple(sorted({**dict(self.labels), **dict(rule.labels)}.items()))


def _check_expression(name: str, text: str) -> None:
    try:
        kind = kind_of(parse(text))
    except BadQuery as error:
        raise InvalidInput(f"rule {name!r}: could not parse expression: {error.message}") from None
    if kind not in {Kind.VECTOR, Kind.SCALAR}:
        raise InvalidInput(f"rule {name!r}: the expression gives a {kind}; a vector or a number is needed")


def _check_names(owner: str, kind: str, pairs: Pairs, *, forbidden: set[str]) -> None:
    names = [name for name, _ in pairs]
    for name in names:
        if not _LABEL.fullmatch(name) or name in forbidden:
            raise InvalidInput(f"{owner!r}: {name!r} is no name for a {kind}")
    if names != sorted(set(names)):
        raise InvalidInput(f"{owner!r}: each {kind} once, sorted by name; given are {names}")


def _check_twins(group: RuleGroup) -> None:
    seen: set[tuple[str, str, Pairs]] = set()
    for rule in group.rules:
        key = (type(rule).__name__, rule.name, rule.labels)
        if isinstance(rule, RecordingRule) and key in seen:
            raise InvalidInput(f"group {group.name!r}: {rule.name!r} is recorded twice with the same labels")
        seen.add(key)
