"""A Prometheus, Mimir, Thanos or VictoriaMetrics as a source, through `prometheus-api-client`."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, unquote, urlsplit

from monitor_core.errors import MonitorError, Unavailable
from monitor_core.metrics.sources import Exemplar, Metadata, SourceHealth, SourceKind, TargetHealth, TargetState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from prometheus_api_client import PrometheusConnect

    from monitor_core.metrics.promql.results import Answer, Labels
    from monitor_core.metrics.server.session import BoundedSession
    from monitor_core.settings import MetricsSettings

__all__ = ["PrometheusSource"]

T = TypeVar("T")
_LONG_AGO, _FAR_AHEAD = 0.0, 253_402_300_799.0


class PrometheusSource:
    """Asks a server with Prometheus's HTTP API.

    Nothing is connected before the first question. Server and headers come from the settings alone.

    Parameters
    ----------
    settings
        Address, authentication, TLS, timeout and bounds.
    """

    kind = SourceKind.PROMETHEUS

    def __init__(self, settings: MetricsSettings) -> None:
        self._settings = settings
        parts = urlsplit(settings.prometheus_url)
        self._host = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
        bare = parts.netloc.rpartition("@")[2]
        self._url = parts._replace(netloc=bare, query="", fragment="").geturl().rstrip("/")
        self._user = settings.prometheus_username or unquote(parts.username or "")
        self._password = settings.prometheus_password or unquote(parts.password or "")
        self._product = "Prometheus"
        self._lock = threading.Lock()
        self._made: tuple[PrometheusConnect, BoundedSession] | None = None

    @property
    def name(self) -> str:
        """What it is called on pages."""
        return f"{self._product} at {self._host}"

    def query(self, text: str, time: float) -> Answer:
        """Answer a query at one moment."""
        from monitor_core.metrics.server.replies import answer_from  # noqa: PLC0415 - loaded at the first question

        payload = self._connect().custom_query(text, params={"time": f"{time:.3f}", **self._patience()})
        return answer_from(payload, self.name)

    def query_range(self, text: str, start: float, end: float, step: float) -> Answer:
        """Answer a query at many moments."""
        import numpy as np  # noqa: PLC0415 - loaded at the first question

        from monitor_core.metrics.server.replies import grid_from  # noqa: PLC0415 - as above

        first, last, width = (round(seconds * 1000) for seconds in (start, end, step))
        exact = {"start": f"{first / 1000:.3f}", "end": f"{last / 1000:.3f}", **self._patience()}
        moments = (datetime.fromtimestamp(0, UTC), datetime.fromtimestamp(0, UTC))  # `exact` holds the milliseconds
        payload = self._connect().custom_query_range(text, *moments, f"{width / 1000:g}", params=exact)
        steps = np.arange(first, last + 1, max(1, width), dtype=np.int64)
        return grid_from(payload, self.name, steps)

    def series(self, matchers: Sequence[str], start: float, end: float) -> tuple[Labels, ...]:
        """Give the series that any of the selectors finds in a time."""
        found = self._get("series", {"match[]": list(matchers), **_span(start, end)})
        return self._read(lambda: tuple(sorted(tuple(sorted(labels.items())) for labels in found)))

    def label_names(self, matchers: Sequence[str], start: float, end: float) -> tuple[str, ...]:
        """Give the names of labels."""
        found = self._get("labels", {"match[]": list(matchers), **_span(start, end)})
        return self._read(lambda: tuple(sorted(map(str, found))))

    def label_values(self, name: str, matchers: Sequence[str], start: float, end: float) -> tuple[str, ...]:
        """Give the values that a label has."""
        params = {"match[]": list(matchers), **_span(start, end)}
        found = self._get(f"label/{quote(name, safe='')}/values", params)
        return self._read(lambda: tuple(sorted(map(str, found))))

    def metadata(self, metric: str = "") -> Mapping[str, tuple[Metadata, ...]]:
        """Give what services say about their metrics."""
        found = self._get("metadata", {"metric": metric} if metric else {})
        return self._read(lambda: {name: tuple(map(_metadata, found[name])) for name in sorted(found)})

    def exemplars(self, text: str, start: float, end: float) -> tuple[Exemplar, ...]:
        """Give the exemplars of the series that the query looks at."""
        found = self._get("query_exemplars", {"query": text, **_span(start, end)})
        return self._read(lambda: tuple(_exemplar(one, said) for one in found for said in one["exemplars"]))

    def targets(self) -> tuple[TargetState, ...]:
        """Give what the server scrapes; nothing from servers that keep no such list."""
        found = self._get("targets", {"state": "active"})
        states = self._read(lambda: [_target(item) for item in found["activeTargets"]])
        return tuple(sorted(states, key=lambda state: (state.job, state.instance)))

    def health(self) -> SourceHealth:
        """Ask the simplest question, and what the server is."""
        from monitor_core.metrics.server.replies import answer_from  # noqa: PLC0415 - loaded at the first question

        try:
            payload = self._connect().custom_query("1", params={"time": "0"})
            answer_from(payload, self.name)
        except MonitorError as error:
            return SourceHealth(is_up=False, message=str(error))
        version = self._build().get("version", "")
        if "isPartial" in payload:
            self._product = "VictoriaMetrics"
            words = f"{self.name} answers; its rate and increase differ a little from Prometheus's"
            return SourceHealth(is_up=True, message=words, version=version)
        return SourceHealth(is_up=True, message=f"{self.name} answers", version=version)

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            made, self._made = self._made, None
        if made is not None:
            made[0].close()

    def _build(self) -> dict[str, str]:
        """Return what the server says it is; nothing where it does not say."""
        try:
            found = self._get("status/buildinfo", {})
            told = {str(key): str(value) for key, value in found.items()}
        except (MonitorError, AttributeError):
            return {}
        self._product = told.get("application") or self._product
        return told

    def _patience(self) -> dict[str, str]:
        return {"timeout": f"{self._settings.prometheus_timeout:g}s"}

    def _get(self, path: str, params: Mapping[str, Any]) -> Any:
        self._connect()
        session = self._session()
        return session.get(f"{self._url}/api/v1/{path}", params=params, headers=self._headers()).json()["data"]

    def _read(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            words = f"{self.name} answered in a form that is not understood ({type(error).__name__})"
            raise Unavailable(words) from None

    def _connect(self) -> PrometheusConnect:
        return self._opened()[0]

    def _session(self) -> BoundedSession:
        return self._opened()[1]

    def _opened(self) -> tuple[PrometheusConnect, BoundedSession]:
        with self._lock:
            if self._made is None:
                self._made = self._open()
            return self._made

    def _open(self) -> tuple[PrometheusConnect, BoundedSession]:
        from prometheus_api_client import PrometheusConnect  # noqa: PLC0415 - loaded at the first question
        from urllib3 import Retry  # noqa: PLC0415 - as above

        from monitor_core.metrics.server.session import BoundedSession  # noqa: PLC0415 - as above

        given = self._settings
        session = BoundedSession(self.name, timeout=given.prometheus_timeout, max_bytes=given.prometheus_max_bytes)
        session.verify = given.prometheus_ca_file or not given.prometheus_insecure
        if given.prometheus_client_cert:
            key = given.prometheus_client_key
            session.cert = (given.prometheus_client_cert, key) if key else given.prometheus_client_cert
        if self._user:
            session.auth = (self._user, self._password)
        retry = Retry(total=1, connect=1, read=0, redirect=0, status=0, other=0)
        connect = PrometheusConnect(self._url, headers=self._headers(), retry=retry, session=session, method="POST")
        return connect, session

    def _headers(self) -> dict[str, str]:
        from monitor_core.settings.targets import read_headers  # noqa: PLC0415 - as above

        given = self._settings
        headers = read_headers(given.prometheus_headers, "metrics.prometheus_headers")
        if given.prometheus_tenant:
            headers["X-Scope-OrgID"] = given.prometheus_tenant
        if given.prometheus_bearer_token:
            headers["Authorization"] = f"Bearer {given.prometheus_bearer_token}"
        return headers


def _span(start: float, end: float) -> dict[str, str]:
    """Return a time as parameters; a bound that says "ever" is left out."""
    span = {"start": f"{start:.3f}"} if start > _LONG_AGO else {}
    return span | ({"end": f"{end:.3f}"} if end < _FAR_AHEAD else {})


def _metadata(item: Mapping[str, str]) -> Metadata:
    return Metadata(str(item.get("type", "unknown")), str(item.get("help", "")), str(item.get("unit", "")))


def _exemplar(one: Mapping[str, Any], said: Mapping[str, Any]) -> Exemplar:
    series, labels = (tuple(sorted(item.items())) for item in (one["seriesLabels"], said["labels"]))
    return Exemplar(series, labels, float(said["value"]), round(float(said["timestamp"]) * 1000))


def _target(item: Mapping[str, Any]) -> TargetState:
    labels = item["labels"]
    return TargetState(
        job=str(labels.get("job", "")),
        instance=str(labels.get("instance", "")),
        url=str(item.get("scrapeUrl", "")),
        health=TargetHealth(item.get("health", "unknown")),
        error=str(item.get("lastError", "")),
        scraped_at=_seconds(str(item.get("lastScrape", ""))),
        seconds=float(item.get("lastScrapeDuration", 0.0)),
    )


def _seconds(text: str) -> float:
    """Read a moment; Go writes nanoseconds, and the year 1 for never."""
    head, dot, rest = text.partition(".")
    if dot:
        digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        text = f"{head}.{digits[:6]}{rest[len(digits) :]}"
    moment = datetime.fromisoformat(text)
    return max(0.0, moment.timestamp()) if moment.year > 1 else 0.0
