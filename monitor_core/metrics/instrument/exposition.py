"""`/metrics`: the text a scrape reads, in the format it asks for."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.exposition import choose_encoder, gzip_accepted
from prometheus_client.multiprocess import MultiProcessCollector

from monitor_core.metrics.instrument import multiprocess
from monitor_core.metrics.instrument.instruments import collectors
from monitor_core.metrics.instrument.system import SystemCollector

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["get_metrics_text", "render"]


def get_metrics_text(registry: CollectorRegistry | None = None) -> bytes:
    """Return the metrics in the classic text format.

    Parameters
    ----------
    registry
        The usual one when not given. Where several processes share their metrics, all of them are in the text.

    Examples
    --------
    >>> b"# TYPE python_info gauge" in get_metrics_text()
    True
    """
    return render(registry or REGISTRY)[0]


def render(
    registry: CollectorRegistry, *, accept: str = "", accept_encoding: str = "", names: Sequence[str] = ()
) -> tuple[bytes, list[tuple[str, str]]]:
    """Return body and headers of an answer.

    Parameters
    ----------
    registry
        What to show.
    accept
        The request's header of that name: OpenMetrics, which alone carries exemplars, when it is wanted.
    accept_encoding
        The request's header of that name: compressed when it allows gzip.
    names
        Only these series; all when empty.
    """
    multiprocess.check_workers(look_around=True)
    encode, content_type = choose_encoder(accept)
    shown = _all_workers(registry) if multiprocess.is_active() else registry
    body = encode(shown.restricted_registry(names) if names else shown)
    headers = [("Content-Type", content_type), ("Vary", "Accept, Accept-Encoding")]
    if gzip_accepted(accept_encoding):
        body = gzip.compress(body, compresslevel=6, mtime=0)
        headers.append(("Content-Encoding", "gzip"))
    return body, headers


def _all_workers(registry: CollectorRegistry) -> CollectorRegistry:
    multiprocess.forget_dead_workers()
    shown = CollectorRegistry(support_collectors_without_names=True)
    for collector in collectors(registry):
        if isinstance(collector, SystemCollector):
            shown.register(collector)  # first: it writes what the files are then read for
    MultiProcessCollector(shown)  # type: ignore[no-untyped-call]
    return shown
