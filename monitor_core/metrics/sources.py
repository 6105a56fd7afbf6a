"""Where answers to PromQL come from: one protocol for a Prometheus server and for the store of our own."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor_core.clock import Clock
    from monitor_core.metrics.promql.results import Answer, Labels
    from monitor_core.settings import Settings

__all__ = [
    "Exemplar",
    "Metadata",
    "MetricsSource",
    "SourceHealth",
    "SourceKind",
    "TargetHealth",
    "TargetState",
    "open_source",
]


class SourceKind(StrEnum):
    """What kind of source it is."""

    EMBEDDED = "embedded"
    PROMETHEUS = "prometheus"


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """Whether a source answers.

    Attributes
    ----------
    is_up
        It answers.
    message
        One sentence for people; says what is wrong and what to do where it does not answer.
    version
        What the server says about itself; empty where it says nothing.
    """

    is_up: bool
    message: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a service says about a metric.

    Attributes
    ----------
    kind
        ``counter``, ``gauge``, ``histogram``, ``summary``, ``info``, ``stateset`` or ``unknown``.
    help, unit
        Its words and unit; may be empty.
    """

    kind: str
    help: str
    unit: str = ""


class TargetHealth(StrEnum):
    """How the latest scrape of a target went."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class TargetState:
    """A target and its latest scrape.

    Attributes
    ----------
    url
        Its address without passwords.
    health, error
        How the latest scrape went, and why it failed.
    scraped_at
        When it was, in seconds since 1970; 0 before the first.
    seconds
        How long it took.
    samples
        How many samples the page had.
    left_out
        Series left out because the limit of series is reached.
    interval, timeout
        Seconds between scrapes, and until one is given up.
    """

    job: str
    instance: str
    url: str
    health: TargetHealth = TargetHealth.UNKNOWN
    error: str = ""
    scraped_at: float = 0.0
    seconds: float = 0.0
    samples: int = 0
    left_out: int = 0
    interval: float = 0.0
    timeout: float = 0.0


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One observation that a series counted, as an example: usually with the id of its trace.

    Attributes
    ----------
    series
        Labels of the series.
    labels
        Labels of the exemplar, for example ``trace_id``.
    value
        What was observed.
    timestamp
        When, in milliseconds since 1970.
    """

    series: Labels
    labels: Labels
    value: float
    timestamp: int


class MetricsSource(Protocol):
    """Answers PromQL, and tells which series there are.

    Every method raises `monitor_core.metrics.promql.QueryFailed` where the query is at fault, and
    `monitor_core.errors.Unavailable`, within the timeout, where the source is. Safe to share between threads.
    """

    @property
    def kind(self) -> SourceKind:
        """What kind of source it is."""
        ...

    @property
    def name(self) -> str:
        """What it is called on pages: ``built-in store`` or ``Prometheus at host:port``."""
        ...

    def query(self, text: str, time: float) -> Answer:
        """Answer a query at one moment (seconds since 1970)."""
        ...

    def query_range(self, text: str, start: float, end: float, step: float) -> Answer:
        """Answer a query at `start`, `start` + `step`, ... up to `end`; the value is a `Grid`."""
        ...

    def series(self, matchers: Sequence[str], start: float, end: float) -> tuple[Labels, ...]:
        """Give the series that any of the selectors finds in a time, sorted."""
        ...

    def label_names(self, matchers: Sequence[str], start: float, end: float) -> tuple[str, ...]:
        """Give the names of labels of these series (no selector: of all), sorted."""
        ...

    def label_values(self, name: str, matchers: Sequence[str], start: float, end: float) -> tuple[str, ...]:
        """Give the values that a label has in these series (no selector: in all), sorted."""
        ...

    def metadata(self, metric: str = "") -> Mapping[str, tuple[Metadata, ...]]:
        """Give what services say about their metrics, by name; of one, or of all."""
        ...

    def exemplars(self, text: str, start: float, end: float) -> tuple[Exemplar, ...]:
        """Give the exemplars of the series that a query's selectors find, in a time."""
        ...

    def targets(self) -> tuple[TargetState, ...]:
        """Give what is scraped, sorted by job and instance."""
        ...

    def health(self) -> SourceHealth:
        """Ask whether it answers; never raises."""
        ...

    def close(self) -> None:
        """Close connections and files."""
        ...


def open_source(settings: Settings, now: Clock) -> MetricsSource:
    """Return the source that the settings choose; nothing is connected, opened or imported before the first question.

    Parameters
    ----------
    settings
        With ``metrics.prometheus_url`` the server, without it the store in ``data_dir``.
    now
        The clock.
    """
    if settings.metrics.prometheus_url:
        from monitor_core.metrics.server.source import PrometheusSource  # noqa: PLC0415 - only this kind needs it

        return PrometheusSource(settings.metrics)
    from monitor_core.metrics.embedded import EmbeddedSource  # noqa: PLC0415 - only this kind needs it

    return EmbeddedSource(settings, now)
