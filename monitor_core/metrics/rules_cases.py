"""Rule tests in the form of ``promtool test rules``: read strictly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from monitor_core.errors import InvalidInput
from monitor_core.metrics.promql.notation import labels_from
from monitor_core.metrics.promql.reader import labels_of
from monitor_core.metrics.rules import Pairs, duration_of
from monitor_core.metrics.rules_file import read_document

__all__ = ["AlertCase", "ExpectedAlert", "ExpressionCase", "RuleCase", "RuleCases", "read_cases"]

_FILE = {"rule_files", "evaluation_interval", "group_eval_order", "tests"}
_CASE = {"name", "interval", "input_series", "alert_rule_test", "promql_expr_test"}
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ExpectedAlert:
    """One alert that must fire: its labels (without `alertname`) and annotations, each exactly."""

    labels: Pairs
    annotations: Pairs


@dataclass(frozen=True, slots=True)
class AlertCase:
    """Which alerts of a name fire at a moment; none at all when `alerts` is empty."""

    at: timedelta
    alertname: str
    alerts: tuple[ExpectedAlert, ...]


@dataclass(frozen=True, slots=True)
class ExpressionCase:
    """What an expression gives at a moment: labels (with ``__name__``) and values."""

    at: timedelta
    expr: str
    samples: tuple[tuple[Pairs, float], ...]


@dataclass(frozen=True, slots=True)
class RuleCase:
    """One story: series in promtool's notation, a sample each `interval`, and what is expected when."""

    name: str
    interval: timedelta
    series: tuple[tuple[str, str], ...]
    alerts: tuple[AlertCase, ...]
    expressions: tuple[ExpressionCase, ...]

    @property
    def end(self) -> timedelta:
        """The last moment asked about."""
        return max([*(item.at for item in self.alerts), *(item.at for item in self.expressions)], default=timedelta(0))


@dataclass(frozen=True, slots=True)
class RuleCases:
    """A file of tests; `rule_files` are named relative to it."""

    rule_files: tuple[str, ...]
    interval: timedelta
    group_order: tuple[str, ...]
    cases: tuple[RuleCase, ...]


def read_cases(text: str, *, name: str = "tests") -> RuleCases:
    """Read a test file.

    Raises
    ------
    InvalidInput
        Names the place and what is wrong; what promtool knows and this does not (`external_labels`, `external_url`,
        `start_timestamp`, `fuzzy_compare`) is refused by name.

    Examples
    --------
    >>> read_cases("{rule_files: [r.yml], evaluation_interval: 30s, tests: []}").interval
    datetime.timedelta(seconds=30)
    """
    given = _fields(read_document(text, name=name), name, _FILE)
    interval = duration_of(given.get("evaluation_interval") or "1m") or MINUTE
    cases = _items(given, "tests", name)
    return RuleCases(
        tuple(_items(given, "rule_files", name)),
        interval,
        tuple(_items(given, "group_eval_order", name)),
        tuple(_case(item, f"{name}: test {number}", interval) for number, item in enumerate(cases, 1)),
    )


def _case(item: Any, place: str, usual: timedelta) -> RuleCase:
    given = _fields(item, place, _CASE)
    series = [
        _fields(one, f"{place}: input_series", {"series", "values"}) for one in _items(given, "input_series", place)
    ]
    return RuleCase(
        given.get("name") or place,
        duration_of(given["interval"]) if given.get("interval") else usual,
        tuple((one.get("series", ""), one.get("values", "")) for one in series),
        tuple(_alert_case(one, place) for one in _items(given, "alert_rule_test", place)),
        tuple(_expression_case(one, place) for one in _items(given, "promql_expr_test", place)),
    )


def _alert_case(item: Any, place: str) -> AlertCase:
    given = _fields(item, f"{place}: alert_rule_test", {"eval_time", "alertname", "exp_alerts"})
    if not given.get("alertname"):
        raise InvalidInput(f"{place}: an alert_rule_test has no alertname")
    alerts = [
        _fields(one or {}, f"{place}: exp_alerts", {"exp_labels", "exp_annotations"})
        for one in _items(given, "exp_alerts", place)
    ]
    return AlertCase(
        duration_of(given.get("eval_time") or "0"),
        given["alertname"],
        tuple(
            ExpectedAlert(labels_of(one.get("exp_labels") or {}), _texts(one.get("exp_annotations"))) for one in alerts
        ),
    )


def _expression_case(item: Any, place: str) -> ExpressionCase:
    given = _fields(item, f"{place}: promql_expr_test", {"expr", "eval_time", "exp_samples"})
    samples = [
        _fields(one, f"{place}: exp_samples", {"labels", "value"}) for one in _items(given, "exp_samples", place)
    ]
    return ExpressionCase(
        duration_of(given.get("eval_time") or "0"),
        given.get("expr", ""),
        tuple((labels_from(one.get("labels") or "{}"), _number(one.get("value", ""), place)) for one in samples),
    )


def _fields(value: Any, place: str, allowed: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInput(f"{place}: fields with values are needed")
    if unknown := sorted(set(value) - allowed):
        raise InvalidInput(f"{place}: field {unknown[0]!r} is not known; allowed are {', '.join(sorted(allowed))}")
    return value


def _items(given: dict[str, Any], field: str, place: str) -> list[Any]:
    value = given.get(field) or []
    if not isinstance(value, list):
        raise InvalidInput(f"{place}: {field} must be a list")
    return value


def _texts(value: Any) -> Pairs:
    return tuple(sorted((str(name), str(text)) for name, text in (value or {}).items()))


def _number(text: str, place: str) -> float:
    try:
        return float(text.lower())
    except (ValueError, AttributeError):
        raise InvalidInput(f"{place}: {text!r} is not a number") from None
