"""Business metrics: what a team wants to see of its own model, by configuration instead of code."""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor_core.errors import InvalidInput, InvalidSetting, NotFound
from monitor_core.metrics.instrument import instruments
from monitor_core.metrics.instrument.bounded import BoundedFamily, once_for
from monitor_core.metrics.names import CATALOGUE, Kind, MetricName

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from os import PathLike

    from prometheus_client import CollectorRegistry, Counter, Gauge

__all__ = ["BusinessMetric", "BusinessMetrics", "read_business_metrics"]

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_KINDS = ("gauge", "counter", "failures")
_RESERVED = {"le", "quantile", "job", "instance"}


@dataclass(frozen=True, slots=True)
class BusinessMetric:
    """One metric that a team defines.

    Parameters
    ----------
    name
        As Prometheus will show it; ends in `_total` for `counter` and `failures`.
    help
        One sentence on what it counts, and its unit.
    kind
        `gauge` (goes up and down), `counter` (what happened), `failures` (what went wrong).
    labels
        What it is broken down by.
    most_values
        Values a label may have; later ones read `other`.

    Raises
    ------
    InvalidSetting
        When a part is not as Prometheus asks, or the name is one of ours.

    Examples
    --------
    >>> BusinessMetric("loans_waiting", "Applications not decided yet.", labels=("region",)).kind
    'gauge'
    >>> BusinessMetric("loans", "Applications.", kind="counter")
    Traceback (most recent call last):
    monitor_core.errors.InvalidSetting: business metric 'loans': the name of a counter ends in _total
    """

    name: str
    help: str
    kind: str = "gauge"
    labels: tuple[str, ...] = ()
    most_values: int = 200

    def __post_init__(self) -> None:
        problem = self._problem()
        if problem:
            raise InvalidSetting(f"business metric {self.name!r}: {problem}")

    def _problem(self) -> str:
        wrong = [
            label for label in self.labels if not _NAME.fullmatch(label) or label.startswith("__") or label in _RESERVED
        ]
        is_total = self.name.endswith("_total")
        problems = {
            f"kind {self.kind!r} is not one of {', '.join(_KINDS)}": self.kind not in _KINDS,
            "a name has letters, digits and underscores, and does not begin with a digit": not _NAME.fullmatch(
                self.name
            ),
            "the name is taken by a metric that every service has": self.name in CATALOGUE,
            "the name of a gauge does not end in _total": self.kind == "gauge" and is_total,
            "the name of a counter ends in _total": self.kind != "gauge" and not is_total,
            f"labels {wrong} are reserved or no names": bool(wrong),
            f"labels {self.labels} come twice": len(set(self.labels)) < len(self.labels),
            f"most_values is {self.most_values}, must be at least 1": self.most_values < 1,
        }
        return next((words for words, is_wrong in problems.items() if is_wrong), "")


def read_business_metrics(path: str | PathLike[str]) -> tuple[BusinessMetric, ...]:
    """Read definitions from a TOML file with one `[[metric]]` table each.

    Raises
    ------
    InvalidSetting
        When the file is no such file, naming what is wrong.
    """
    try:
        data = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidSetting(f"business metrics {str(path)!r} cannot be read: {error}") from error
    if set(data) - {"metric"} or not isinstance(data.get("metric", []), list):
        raise InvalidSetting(f"business metrics {str(path)!r}: only [[metric]] tables, not {sorted(data)}")
    return tuple(_from_table(table) for table in data.get("metric", []))


def _from_table(table: Mapping[str, Any]) -> BusinessMetric:
    known = {field.name for field in fields(BusinessMetric)}
    unknown, missing = sorted(set(table) - known), sorted({"name", "help"} - set(table))
    if unknown or missing:
        raise InvalidSetting(
            f"business metric {table.get('name', '?')!r}: keys unknown {unknown}, missing {missing}",
            hint=f"allowed are {', '.join(sorted(known))}",
        )
    return BusinessMetric(**{**table, "labels": tuple(table.get("labels", ()))})


class BusinessMetrics:
    """The defined metrics in a registry.

    Parameters
    ----------
    registry
        Where they are shown.
    defined
        What there is.
    """

    def __init__(self, registry: CollectorRegistry, defined: Iterable[BusinessMetric]) -> None:
        self._defined = {metric.name: metric for metric in defined}
        self._made = {metric.name: _make(registry, metric) for metric in self._defined.values()}

    def set(self, name: str, value: float, labels: Mapping[str, object]) -> None:
        """Set a gauge.

        Raises
        ------
        NotFound, InvalidInput
            When no gauge has the name; when labels differ from the defined ones.
        """
        gauge: Gauge = self._find(name, ("gauge",), labels)
        gauge.set(value)

    def count(self, name: str, amount: float, labels: Mapping[str, object], *, kinds: tuple[str, ...]) -> None:
        """Add to a counter of one of these kinds.

        Raises
        ------
        NotFound, InvalidInput
            As for `set`; also when the amount is negative or not a number.
        """
        if not (amount >= 0 and math.isfinite(amount)):
            raise InvalidInput(f"counter {name!r} cannot grow by {amount!r}, only by 0 or more")
        counter: Counter = self._find(name, kinds, labels)
        counter.inc(amount)

    def _find(self, name: str, kinds: tuple[str, ...], labels: Mapping[str, object]) -> Any:
        metric = self._defined.get(name)
        if metric is None or metric.kind not in kinds:
            defined = sorted(each.name for each in self._defined.values() if each.kind in kinds)
            raise NotFound(f"no business metric {name!r} of kind {' or '.join(kinds)}; defined are {defined}")
        if set(labels) != set(metric.labels):
            raise InvalidInput(f"business metric {name!r} has labels {metric.labels}, not {tuple(labels)}")
        made = self._made[name]
        if isinstance(made, BoundedFamily):
            return made.child(*(str(labels[label]) for label in metric.labels))
        return made


def _make(registry: CollectorRegistry, metric: BusinessMetric) -> Gauge | Counter | BoundedFamily[Any]:
    kind = Kind.GAUGE if metric.kind == "gauge" else Kind.COUNTER
    name = MetricName(metric.name, kind, metric.help, metric.labels)
    made: Gauge | Counter
    made = instruments.gauge(registry, name) if kind is Kind.GAUGE else instruments.counter(registry, name)
    if not metric.labels:
        return made
    return once_for(made, BoundedFamily, made, (metric.most_values,) * len(metric.labels))
