"""The functions by name: what they take and give, and which are refused."""

from __future__ import annotations

from dataclasses import dataclass

from monitor_core.metrics.promql.syntax import Kind

__all__ = ["FUNCTIONS", "NOT_IN_2", "REFUSED", "Signature"]

_KINDS = {"v": Kind.VECTOR, "m": Kind.MATRIX, "s": Kind.SCALAR, "t": Kind.STRING}


@dataclass(frozen=True, slots=True)
class Signature:
    """What a function takes and gives.

    Attributes
    ----------
    takes
        The kinds of its arguments.
    optional
        0: exactly these. A positive number: the last one may be left out, or come that often. -1: any number of the
        last one, none included.
    gives
        The kind of the result.
    experimental
        Answered only where experimental functions are switched on, as in Prometheus.
    """

    takes: tuple[Kind, ...]
    optional: int = 0
    gives: Kind = Kind.VECTOR
    experimental: bool = False


def _each(names: str, takes: str, **more: int | Kind | bool) -> dict[str, Signature]:
    kinds = tuple(_KINDS[letter] for letter in takes)
    return {name: Signature(kinds, **more) for name in names.split()}  # type: ignore[arg-type]  # keywords vary


FUNCTIONS: dict[str, Signature] = {
    **_each("abs ceil exp floor ln log10 log2 sgn sqrt", "v"),
    **_each("acos acosh asin asinh atan atanh cos cosh deg rad sin sinh tan tanh", "v"),
    **_each("absent sort sort_desc timestamp", "v"),
    **_each("scalar", "v", gives=Kind.SCALAR),
    **_each("vector", "s"),
    **_each("time pi", "", gives=Kind.SCALAR),
    **_each("clamp_max clamp_min", "vs"),
    **_each("clamp", "vss"),
    **_each("round", "vs", optional=1),
    **_each("days_in_month day_of_month day_of_week day_of_year hour minute month year", "v", optional=1),
    **_each("label_replace", "vtttt"),
    **_each("label_join", "vttt", optional=-1),
    **_each("histogram_quantile", "sv"),
    **_each("histogram_fraction", "ssv"),
    **_each("rate increase delta irate idelta deriv changes resets", "m"),
    **_each("avg_over_time count_over_time last_over_time max_over_time min_over_time", "m"),
    **_each("present_over_time stddev_over_time stdvar_over_time sum_over_time absent_over_time", "m"),
    **_each("quantile_over_time", "sm"),
    **_each("predict_linear", "ms"),
    # Behind Prometheus's switch promql-experimental-functions, and behind ours.
    **_each("first_over_time mad_over_time", "m", experimental=True),
    **_each("ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time", "m", experimental=True),
    **_each("ts_of_min_over_time", "m", experimental=True),
    **_each("double_exponential_smoothing", "mss", experimental=True),
    **_each("sort_by_label sort_by_label_desc", "vt", optional=-1, experimental=True),
    **_each("histogram_quantiles", "vtss", optional=9, experimental=True),
}

SMOOTHING = Signature((Kind.MATRIX, Kind.SCALAR, Kind.SCALAR))
"""``holt_winters``, the name that double exponential smoothing had, without a switch, before Prometheus 3."""

NOT_IN_2 = frozenset(name for name, signature in FUNCTIONS.items() if signature.experimental)
"""Functions that Prometheus 2.42 does not know."""

REFUSED: dict[str, str] = {
    **dict.fromkeys(
        ["histogram_avg", "histogram_count", "histogram_stddev", "histogram_stdvar", "histogram_sum"],
        "native histograms are not held here; classic ones are read through their _bucket, _sum and _count series",
    ),
    **dict.fromkeys(["start", "end", "step", "range", "info", "integral"], "an experimental function of Prometheus"),
}
"""Functions that are never answered, with the reason."""
