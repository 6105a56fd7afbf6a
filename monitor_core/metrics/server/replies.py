"""What a server says, as labels, milliseconds and doubles."""

from __future__ import annotations

import json
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from monitor_core.errors import Unavailable
from monitor_core.metrics.promql.errors import BadQuery, ExecutionFailed, QueryFailed, QueryTimeout
from monitor_core.metrics.promql.results import Answer, Grid, Matrix, Scalar, String, Vector

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from monitor_core.metrics.promql.results import Labels, Value

__all__ = ["answer_from", "failure", "grid_from", "payload_from"]

_FAILURES = {"bad_data": BadQuery, "execution": ExecutionFailed, "timeout": QueryTimeout, "canceled": QueryTimeout}
_STAMP, _TEXT = itemgetter(0), itemgetter(1)
_LARGE, _VALUES = 1 << 16, b'"values":[['


def payload_from(body: bytes, name: str) -> dict[str, Any]:
    """Read a body as JSON of the API; raises `Unavailable` for anything else, and the query's error where it tells one.

    Examples
    --------
    >>> payload_from(b'{"status": "success", "data": []}', "Prometheus")["data"]
    []
    """
    bare, texts = _without_samples(body)
    try:
        payload = json.loads(bare)
    except ValueError:
        raise Unavailable(_not_json(body, name), hint=_HINT) from None
    if not isinstance(payload, dict) or payload.get("status") not in {"success", "error"}:
        raise Unavailable(f"{name} answered JSON that is not of Prometheus's API", hint=_HINT)
    if payload["status"] == "error":
        raise failure(payload, name)
    if "data" not in payload:
        raise Unavailable(f"{name} answered JSON that is not of Prometheus's API", hint=_HINT)
    return payload if not texts or _put_back(payload, texts) else json.loads(body)


def _without_samples(body: bytes) -> tuple[bytes, list[bytes]]:
    """Take the samples out of a large answer: numpy reads their text several times faster than `json`.

    Quotes inside of labels are escaped, so that the marks can be nothing else.
    """
    if len(body) < _LARGE:
        return body, []
    first, *rest = body.split(_VALUES)
    texts, bare = [], [first]
    for part in rest:
        text, _, after = part.partition(b"]]")
        texts.append(text)
        bare += (b'"values":[]', after)
    return b"".join(bare), texts


def _put_back(payload: dict[str, Any], texts: list[bytes]) -> bool:
    """Give each series the text of its samples; False when the answer is not built as expected."""
    try:
        series = [item for item in payload["data"]["result"] if "values" in item]
    except (KeyError, TypeError):
        return False
    if len(series) != len(texts):
        return False
    for item, text in zip(series, texts, strict=True):
        item["values"] = text
    return True


def failure(payload: Mapping[str, Any], name: str) -> QueryFailed | Unavailable:
    """Return the error that a server tells."""
    kind, words = str(payload.get("errorType", "")), str(payload.get("error", "no reason given"))[:2_000]
    known = _FAILURES.get(kind)
    return Unavailable(f"{name}: {kind or 'error'}: {words}") if known is None else known(words)


def answer_from(payload: Mapping[str, Any], name: str) -> Answer:
    """Read the answer to an instant query; raises `Unavailable` when it has not the form of the API."""
    try:
        data = payload["data"]
        return _answer(payload, _value(data["resultType"], data["result"]))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise _malformed(name, error) from None


def grid_from(payload: Mapping[str, Any], name: str, steps: NDArray[np.int64]) -> Answer:
    """Read the answer to a range query into one table.

    Parameters
    ----------
    payload
        From `payload_from`.
    name
        Of the server, for messages.
    steps
        The moments asked for, in milliseconds. Servers that move them (VictoriaMetrics does) are taken at their word.
    """
    try:
        data = payload["data"]
        return _answer(payload, _grid({"matrix": data["result"]}[data["resultType"]], steps))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise _malformed(name, error) from None


def _answer(payload: Mapping[str, Any], value: Value) -> Answer:
    said = [tuple(map(str, payload.get(key) or ())) for key in ("warnings", "infos")]
    return Answer(value, warnings=said[0], infos=said[1])


def _grid(result: Sequence[Mapping[str, Any]], steps: NDArray[np.int64]) -> Grid:
    order = sorted(((_labels(item["metric"]), item["values"]) for item in result), key=_STAMP)
    counts, stamps, values = _samples([pairs for _, pairs in order])
    row, steps = _rows(stamps, steps)
    column = np.repeat(np.arange(len(order)), counts)
    table = np.full((len(steps), len(order)), np.nan)
    present = np.zeros(table.shape, dtype=bool)
    table[row, column] = values
    present[row, column] = True
    return Grid(tuple(labels for labels, _ in order), steps, table, present)


def _samples(given: Sequence[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Read the samples of many series: how many each has, then moments and values of all."""
    if given and all(isinstance(pairs, bytes) for pairs in given):
        counts = np.fromiter((text.count(b"],[") + 1 for text in given), dtype=np.int64, count=len(given))
        numbers = np.fromstring(b",".join(given).translate(None, b'[]"'), sep=",")
        if len(numbers) != 2 * counts.sum():
            raise ValueError(len(numbers))
        return counts, np.rint(numbers[::2] * 1000).astype(np.int64), numbers[1::2]
    counts = np.fromiter(map(len, given), dtype=np.int64, count=len(given))
    return counts, *_arrays(list(chain.from_iterable(given)))


def _rows(stamps: NDArray[np.int64], steps: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Return the step of each moment; the steps are those that came when they are not those asked for."""
    row = np.searchsorted(steps, stamps)
    inside = row < len(steps)
    if inside.all() and (not len(stamps) or (steps[row] == stamps).all()):
        return row, steps
    steps, row = np.unique(stamps, return_inverse=True)
    return row, steps


def _arrays(pairs: Sequence[Sequence[Any]]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    seconds = np.fromiter(map(_STAMP, pairs), dtype=np.float64, count=len(pairs))
    values = np.fromiter(map(float, map(_TEXT, pairs)), dtype=np.float64, count=len(pairs))
    return np.rint(seconds * 1000).astype(np.int64), values


def _value(kind: str, result: Any) -> Value:
    match kind:
        case "vector":
            order = sorted(((_labels(item["metric"]), item["value"]) for item in result), key=_STAMP)
            stamps, values = _arrays([pair for _, pair in order])
            return Vector(tuple(labels for labels, _ in order), int(stamps[0]) if len(stamps) else 0, values)
        case "scalar":
            return Scalar(round(result[0] * 1000), float(result[1]))
        case "string":
            return String(round(result[0] * 1000), str(result[1]))
        case "matrix":
            order = sorted(((_labels(item["metric"]), item["values"]) for item in result), key=_STAMP)
            parts = [_samples([pairs])[1:] for _, pairs in order]
            return Matrix(
                tuple(labels for labels, _ in order),
                tuple(stamps for stamps, _ in parts),
                tuple(values for _, values in parts),
            )
        case _:
            raise ValueError(kind)


def _labels(metric: Mapping[str, str]) -> Labels:
    return tuple(sorted(metric.items()))


def _malformed(name: str, error: Exception) -> Unavailable:
    return Unavailable(f"{name} answered in a form that is not understood ({type(error).__name__}: {error})"[:300])


_HINT = "is metrics.prometheus_url the address of a server with Prometheus's API?"


def _not_json(body: bytes, name: str) -> str:
    begin = body[:200].lstrip().lower()
    if not begin:
        return f"{name} answered nothing"
    what = "HTML" if begin.startswith((b"<!doctype", b"<html")) or b"<html" in begin else "something else"
    return f"{name} answered {what} where JSON was expected"
