"""What moves everything to a Prometheus: its configuration, and our samples as OpenMetrics text."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from monitor_core.metrics.promql.reader import is_stale

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor_core.metrics.promql.results import Labels
    from monitor_core.metrics.store.reader import StoreReader
    from monitor_core.settings import MetricsSettings, Target

__all__ = ["openmetrics", "prometheus_yml", "sample_head"]

_PLAIN_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


def openmetrics(reader: StoreReader, start_ms: int, end_ms: int) -> Iterator[str]:
    """Give the samples of a time as text for ``promtool tsdb create-blocks-from openmetrics``, piece by piece.

    Stale markers are left out: the text has no word for them.
    """
    for page in reader.pages(start_ms, end_ms):
        for labels, stamps, values in page:
            head, kept = sample_head(labels), ~is_stale(values)
            pairs = zip(values[kept].tolist(), stamps[kept].tolist(), strict=True)
            yield "".join(f"{head} {_number(value)} {at / 1000:.3f}\n" for value, at in pairs)
    yield "# EOF\n"


def sample_head(labels: Labels) -> str:
    r"""Write the name and labels of a series as a page of metrics does.

    Examples
    --------
    >>> sample_head((("__name__", "x"), ("path", 'a "b"\n')))
    'x{path="a \\"b\\"\\n"}'
    >>> sample_head((("__name__", "x.y"), ("a", "1")))
    '{"x.y",a="1"}'
    """
    pairs = dict(labels)
    name = pairs.pop("__name__", "")
    parts = [f"{label}={_quoted(value)}" for label, value in pairs.items()]
    if not _PLAIN_NAME.fullmatch(name):
        return f"{{{','.join([*([_quoted(name)] if name else []), *parts])}}}"
    return f"{name}{{{','.join(parts)}}}" if parts else name


def prometheus_yml(targets: Sequence[Target], settings: MetricsSettings) -> str:
    """Write a Prometheus configuration that scrapes the same targets under the same labels.

    Passwords stand in it: keep it where only Prometheus can read it.

    Examples
    --------
    >>> from monitor_core.settings import MetricsSettings, Target
    >>> print(prometheus_yml([Target("api", "https://h:8000/m?x=1")], MetricsSettings()))
    global:
      scrape_interval: 15s
      scrape_timeout: 10s
    rule_files:
      - rules.yml
    scrape_configs:
      - job_name: "api"
        scheme: https
        metrics_path: "/m"
        params: {"x": ["1"]}
        follow_redirects: false
        static_configs:
          - targets: ["h:8000"]
    <BLANKLINE>
    """
    interval = settings.scrape_interval
    lines = [
        "global:",
        f"  scrape_interval: {_duration(interval)}",
        f"  scrape_timeout: {_duration(min(settings.scrape_timeout, interval))}",
        "rule_files:",
        "  - rules.yml",
        "scrape_configs:" if targets else "scrape_configs: []",
    ]
    groups: dict[tuple[str, str], list[Target]] = {}
    for target in targets:
        parts = urlsplit(target.url)
        groups.setdefault((target.job, parts._replace(netloc=parts.netloc.rpartition("@")[0]).geturl()), []).append(
            target
        )
    jobs = [job for job, _ in groups]
    for (job, _), members in groups.items():
        lines += _scrape_config(job, members, is_unique=jobs.count(job) == 1)
    return "\n".join(lines) + "\n"


def _scrape_config(job: str, members: Sequence[Target], *, is_unique: bool) -> Iterator[str]:
    """Write the targets of one job that share path and user; Prometheus wants the names of such groups to differ."""
    first = urlsplit(members[0].url)
    name = job if is_unique else f"{job} {members[0].instance}"
    yield f"  - job_name: {json.dumps(name)}"
    yield f"    scheme: {first.scheme}"
    yield f"    metrics_path: {json.dumps(first.path or '/')}"
    if first.query:
        params: dict[str, list[str]] = {}
        for key, value in parse_qsl(first.query, keep_blank_values=True):
            params.setdefault(key, []).append(value)
        yield f"    params: {json.dumps(params)}"
    if first.username:
        user, password = unquote(first.username), unquote(first.password or "")
        yield f"    basic_auth: {{username: {json.dumps(user)}, password: {json.dumps(password)}}}"
    yield "    follow_redirects: false"
    yield "    static_configs:"
    yield f"      - targets: {json.dumps([target.instance for target in members])}"
    if not is_unique:
        yield f"        labels: {{job: {json.dumps(job)}}}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f}s" if seconds == int(seconds) else f"{round(seconds * 1000)}ms"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _number(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else ("+Inf" if value > 0 else "-Inf")
