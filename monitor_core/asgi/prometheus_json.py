"""Answers in the JSON of Prometheus's HTTP API."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from monitor_core.metrics.promql.results import Grid, Matrix, Scalar, String, Vector

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from monitor_core.metrics.promql.results import Answer, Value

__all__ = ["answer_json", "number_text", "stamp_text"]


def number_text(value: float) -> str:
    """Write a number as Prometheus does: the fewest digits that give it back, no exponent between 1e-6 and 1e21.

    Examples
    --------
    >>> [number_text(value) for value in (1.0, 0.1, 1e16, 1e-5, 1e21, 1e-7, float("inf"), float("nan"), -0.0)]
    ['1', '0.1', '10000000000000000', '0.00001', '1e+21', '1e-07', '+Inf', 'NaN', '-0']
    """
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("+Inf" if value > 0 else "-Inf")
    text = repr(value)
    if "e" not in text:
        return text.removesuffix(".0")
    return text if abs(value) < 1e-6 or abs(value) >= 1e21 else format(Decimal(text), "f")


def stamp_text(milliseconds: int) -> str:
    """Write a moment in seconds.

    Examples
    --------
    >>> stamp_text(1_700_000_000_000), stamp_text(1_700_000_000_050), stamp_text(-1)
    ('1700000000', '1700000000.050', '-0.001')
    """
    seconds, rest = divmod(abs(milliseconds), 1000)
    sign = "-" if milliseconds < 0 else ""
    return f"{sign}{seconds}.{rest:03d}" if rest else f"{sign}{seconds}"


def answer_json(answer: Answer) -> bytes:
    """Return the whole body of a query's answer."""
    kind, result = _data(answer.value)
    notes = "".join(
        f',"{name}":{_json(list(said))}'
        for name, said in (("warnings", answer.warnings), ("infos", answer.infos))
        if said
    )
    return f'{{"status":"success","data":{{"resultType":"{kind}","result":{result}}}{notes}}}'.encode()


def _data(value: Value) -> tuple[str, str]:
    match value:
        case Scalar():
            return "scalar", f'[{stamp_text(value.timestamp)},"{number_text(value.value)}"]'
        case String():
            return "string", f"[{stamp_text(value.timestamp)},{_json(value.value)}]"
        case Vector():
            at = stamp_text(value.timestamp)
            rows = zip(value.labels, value.values.tolist(), strict=True)
            return "vector", _list(
                f'{{"metric":{_labels(labels)},"value":[{at},"{number_text(number)}"]}}' for labels, number in rows
            )
        case Matrix():
            return "matrix", _list(
                _series(*item) for item in zip(value.labels, value.timestamps, value.values, strict=True)
            )
        case Grid():
            return "matrix", _list(_series(*item) for item in value.series())


def _series(labels: Any, stamps: Any, values: Any) -> str:
    pairs = zip(map(stamp_text, stamps.tolist()), map(number_text, values.tolist()), strict=True)
    return f'{{"metric":{_labels(labels)},"values":{_list(_pairs(pairs))}}}'


def _pairs(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    return (f'[{stamp},"{value}"]' for stamp, value in pairs)


def _labels(labels: Any) -> str:
    return _json(dict(labels))


def _list(parts: Iterable[str]) -> str:
    return f"[{','.join(parts)}]"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
