"""The functions of classic histograms at work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.metrics.promql import histogram
from monitor_core.metrics.promql.frame import Frame, empty, metric_name, union

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from monitor_core.metrics.promql.evaluation import Evaluation
    from monitor_core.metrics.promql.syntax import Call, Node

    Floats = NDArray[np.float64]
    Stamps = NDArray[np.int64]

__all__ = ["histogram_fraction", "histogram_quantile", "histogram_quantiles"]

FORCED = (
    "input to histogram_quantile needed to be fixed for monotonicity (see "
    "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)"
)


def buckets(work: Evaluation, node: Node, steps: Stamps) -> tuple[Frame, list[histogram.Histogram]]:
    """Evaluate the buckets and put those of each histogram together."""
    frame = work.vector(node, steps)
    found, bad = histogram.histograms(frame, by_name=True)
    for name, text in dict.fromkeys(bad) if work.compat == 3 else ():
        said = 'bucket label "le" is missing or has a malformed value'
        named = f' for metric name "{name}"' if name else ""
        work.notes.warning(f'{said} of "{text}"{named}', node.start)
    return frame, found


def histogram_quantile(work: Evaluation, node: Call, steps: Stamps) -> Frame:
    """Evaluate ``histogram_quantile``."""
    q_node, buckets_node = node.arguments
    q = work.scalar(q_node, steps)
    work.check_quantile(q, q_node)
    frame, found = buckets(work, buckets_node, steps)
    return work.nameless(quantiles(work, frame, found, q, buckets_node))


def quantiles(work: Evaluation, frame: Frame, found: list[histogram.Histogram], q: Floats, node: Node) -> Frame:
    """Give one quantile a step of each histogram."""
    forced: list[bool] = []

    def of_steps(bounds: Floats, counts: Floats, steps: NDArray[np.intp]) -> Floats:
        values, lifted = histogram.quantile(q[steps], bounds, counts, compat=work.compat)
        forced.append(lifted)
        return values

    result = histogram.over_buckets(frame, found, of_steps)
    if any(forced) and work.compat == 3:
        names = sorted({metric_name(one.labels) for one in found} - {""}) if work.delayed_names else []
        named = f' for metric name "{names[0]}"' if names else ""
        work.notes.info(FORCED + named, node.start)
    return result


def histogram_quantiles(work: Evaluation, node: Call, steps: Stamps) -> Frame:
    """Evaluate ``histogram_quantiles``."""
    buckets_node, label_node, *q_nodes = node.arguments
    label = work.text(label_node)
    qs = [work.scalar(q_node, steps) for q_node in q_nodes]
    for q, q_node in zip(qs, q_nodes, strict=True):
        work.check_quantile(q, q_node)
    frame, found = buckets(work, buckets_node, steps)
    result = empty(len(steps))
    for q in qs:
        part = quantiles(work, frame, found, q, buckets_node)
        result = union(result, histogram.labelled(part, label, q))
    return work.nameless(result)


def histogram_fraction(work: Evaluation, node: Call, steps: Stamps) -> Frame:
    """Evaluate ``histogram_fraction``."""
    low, high = (work.scalar(argument, steps) for argument in node.arguments[:2])
    frame, found = buckets(work, node.arguments[2], steps)

    def of_steps(bounds: Floats, counts: Floats, which: NDArray[np.intp]) -> Floats:
        return histogram.fraction(low[which], high[which], bounds, counts)

    return work.nameless(histogram.over_buckets(frame, found, of_steps))
