"""Functions of one value each: arithmetic, trigonometry, the calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["CALENDAR", "COMPARISONS", "MATHS", "OPERATORS", "clamped", "rounded"]


def _sign(values: Floats) -> Floats:
    return np.where(values < 0, -1.0, np.where(values > 0, 1.0, values))


MATHS: dict[str, Callable[[Floats], Floats]] = {
    "abs": np.abs,
    "ceil": np.ceil,
    "floor": np.floor,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "ln": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "rad": lambda values: values * np.pi / 180,
    "deg": lambda values: values * 180 / np.pi,
    "sgn": _sign,
}

OPERATORS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "^": np.power,
    "atan2": np.arctan2,
}

COMPARISONS: dict[str, Callable[[Floats, Floats], NDArray[np.bool_]]] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


def clamped(values: Floats, low: Floats, high: Floats) -> Floats:
    """Bring values between two bounds; infinities win over NaN, as in Go."""
    below = np.where(high == -np.inf, -np.inf, np.minimum(high, values))
    return np.where(low == np.inf, np.inf, np.maximum(low, below))


def rounded(values: Floats, nearest: Floats) -> Floats:
    """Round to a multiple, halves upwards.

    Examples
    --------
    >>> rounded(np.array([2.5, -2.5, 7.0]), np.array([1.0, 1.0, 5.0])).tolist()
    [3.0, -2.0, 5.0]
    """
    inverse = 1.0 / nearest
    return np.asarray(np.floor(values * inverse + 0.5) / inverse)


LONGEST = 2.0**46
"""Seconds; the calendar ends about two million years from 1970, beyond it there is no date."""


def _calendar(pick: Callable[[NDArray[np.datetime64]], NDArray[np.int64]]) -> Callable[[Floats], Floats]:
    def function(values: Floats) -> Floats:
        known = np.abs(values) < LONGEST
        seconds = np.trunc(np.where(known, values, 0.0)).astype(np.int64).astype("datetime64[s]")
        return np.where(known, pick(seconds).astype(np.float64), np.nan)

    return function


def _number(moments: NDArray[np.datetime64], unit: str) -> NDArray[np.int64]:
    return np.asarray(moments.astype(f"datetime64[{unit}]").astype(np.int64))


def _since(moments: NDArray[np.datetime64], unit: str, within: str) -> NDArray[np.int64]:
    begin = moments.astype(f"datetime64[{within}]").astype(f"datetime64[{unit}]")
    return np.asarray((moments.astype(f"datetime64[{unit}]") - begin).astype(np.int64))


def _days_in_month(moments: NDArray[np.datetime64]) -> NDArray[np.int64]:
    month = moments.astype("datetime64[M]")
    length = (month + np.timedelta64(1, "M")).astype("datetime64[D]") - month.astype("datetime64[D]")
    return np.asarray(length.astype(np.int64))


CALENDAR: dict[str, Callable[[Floats], Floats]] = {
    "minute": _calendar(lambda moments: _since(moments, "m", "h")),
    "hour": _calendar(lambda moments: _since(moments, "h", "D")),
    "day_of_week": _calendar(lambda moments: (_number(moments, "D") + 4) % 7),
    "day_of_month": _calendar(lambda moments: _since(moments, "D", "M") + 1),
    "day_of_year": _calendar(lambda moments: _since(moments, "D", "Y") + 1),
    "days_in_month": _calendar(_days_in_month),
    "month": _calendar(lambda moments: _since(moments, "M", "Y") + 1),
    "year": _calendar(lambda moments: _number(moments, "Y") + 1970),
}
