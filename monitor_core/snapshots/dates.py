"""Read a column of dates, however it was written, into moments in UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["instants"]

_NAT = np.datetime64("NaT", "us")
_UNIT_US = {"s": 1_000_000, "ms": 1_000, "us": 1}
_FIRST_US = int(np.datetime64("0001-01-01", "us").astype(np.int64))
_LAST_US = int(np.datetime64("9999-12-31T23:59:59.999999", "us").astype(np.int64))
_DIGITS = r"^[0-9]{4}$|^[0-9]{6}$|^[0-9]{8}$|^[0-9]{9,19}$"
_ISO = (
    r"^[0-9]{4}-[0-9]{2}(-[0-9]{2}([T ][0-9]{2}:?[0-9]{2}(:?[0-9]{2}([.,][0-9]{1,9})?)?"
    r" ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?)?$"
)
_BELOW_US = r"([.,][0-9]{6})[0-9]+"

Moments = NDArray[np.datetime64]


def instants(column: pa.Array | pa.ChunkedArray) -> Moments:
    """Return the moment of each row in UTC, ``NaT`` where it is missing or cannot be read.

    Parameters
    ----------
    column
        - timestamps and dates; without a time zone they are taken as UTC;
        - whole numbers (also as floats or text): 1900..2200 are years, 190001..220012 months (``YYYYMM``),
          19000101..22001231 days (``YYYYMMDD``), anything else Unix time in seconds, milliseconds, microseconds or
          nanoseconds, told apart by size (below 1e11, 1e14, 1e17, above);
        - text in ISO 8601 (``2026-11-21``, ``2026-11``, ``2026-11-21T05:30:00.25+01:00``). Other ways of writing
          dates are ambiguous (03/04/2026) and give ``NaT``.

        A dictionary column is read through its dictionary. Any other type gives ``NaT`` throughout.

    Returns
    -------
    datetime64[us] array, as long as `column`
        Moments before year 1 or after year 9999 are ``NaT``.

    Examples
    --------
    >>> instants(pa.array([2015, None, 20240229, 1_700_000_000]))
    array(['2015-01-01T00:00:00.000000',                        'NaT',
           '2024-02-29T00:00:00.000000', '2023-11-14T22:13:20.000000'],
          dtype='datetime64[us]')
    >>> instants(pa.array(["2026-01-31T23:30:00-01:00", "31.01.2026"]))
    array(['2026-02-01T00:30:00.000000',                        'NaT'],
          dtype='datetime64[us]')
    """
    if isinstance(column, pa.ChunkedArray):
        parts = [instants(chunk) for chunk in column.chunks]
        return np.concatenate(parts) if parts else np.empty(0, "datetime64[us]")
    read = next((read for fits, read in _READERS if fits(column.type)), None)
    return np.full(len(column), _NAT) if read is None else read(column)


def _through_dictionary(column: pa.DictionaryArray) -> Moments:
    levels = np.append(instants(column.dictionary), _NAT)
    codes = pc.fill_null(column.indices.cast(pa.int64()), len(levels) - 1).to_numpy(zero_copy_only=False)
    taken: Moments = levels[codes]
    return taken


def _from_dates(column: pa.Array) -> Moments:
    return _from_timestamps(pc.cast(column, pa.timestamp("ms")))


def _from_timestamps(column: pa.Array) -> Moments:
    raw = pc.fill_null(column.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    missing = pc.is_null(column).to_numpy(zero_copy_only=False)
    if column.type.unit == "ns":
        return _moments(raw // 1000, missing)
    scale = _UNIT_US[column.type.unit]
    outside = (raw > _LAST_US // scale) | (raw < _FIRST_US // scale)
    return _moments(np.where(outside, 0, raw) * scale, missing | outside)


def _moments(microseconds: NDArray[np.int64], missing: NDArray[np.bool_]) -> Moments:
    outside = (microseconds > _LAST_US) | (microseconds < _FIRST_US)
    moments = microseconds.astype("datetime64[us]")
    moments[missing | outside] = _NAT
    return moments


def _from_whole_numbers(column: pa.Array) -> Moments:
    if pa.types.is_uint64(column.type):
        column = pc.if_else(pc.greater(column, pa.scalar(2**63 - 1, pa.uint64())), None, column)
    missing = pc.is_null(column).to_numpy(zero_copy_only=False)
    numbers = pc.fill_null(column.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    return _from_int64(numbers, missing)


def _from_int64(numbers: NDArray[np.int64], missing: NDArray[np.bool_]) -> Moments:
    year, month, day = numbers, np.ones_like(numbers), np.ones_like(numbers)
    is_year = (numbers >= 1900) & (numbers <= 2200)
    is_month = (numbers >= 190_001) & (numbers <= 220_012) & _between(numbers % 100, 1, 12)
    is_day = (numbers >= 19_000_101) & (numbers <= 22_001_231) & _between(numbers // 100 % 100, 1, 12)
    is_day &= _between(numbers % 100, 1, 31)
    year = np.select([is_year, is_month, is_day], [numbers, numbers // 100, numbers // 10_000], 1970)
    month = np.select([is_month, is_day], [numbers % 100, numbers // 100 % 100], 1)
    day = np.where(is_day, numbers % 100, 1)
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    no_such_day = days.astype("datetime64[M]") != months  # 30 February
    calendar = days.astype("datetime64[us]").astype(np.int64)
    is_calendar = is_year | is_month | is_day
    return _moments(np.where(is_calendar, calendar, _unix_us(numbers)), missing | (is_calendar & no_such_day))


def _between(values: NDArray[np.int64], low: int, high: int) -> NDArray[np.bool_]:
    return (values >= low) & (values <= high)


def _unix_us(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    size = np.abs(np.maximum(numbers, -(2**63) + 1))
    seconds, millis, micros = size < 10**11, size < 10**14, size < 10**17
    return np.select(
        [seconds, millis, micros],
        [np.where(seconds, numbers, 0) * 1_000_000, np.where(millis, numbers, 0) * 1_000, numbers],
        numbers // 1_000,
    )


def _from_floats(column: pa.Array) -> Moments:
    values = pc.fill_null(column.cast(pa.float64()), np.nan).to_numpy(zero_copy_only=False)
    missing = ~np.isfinite(values) | (np.abs(values) >= 2**63)
    held = np.where(missing, 0.0, values)
    moments = _from_int64(held.astype(np.int64), missing)
    fraction = held - np.trunc(held)  # Unix seconds with a fraction, as time.time() gives
    in_seconds = (np.abs(held) < 1e11) & (fraction != 0)
    moments[in_seconds] += np.round(fraction[in_seconds] * 1e6).astype("timedelta64[us]")
    return moments


def _from_text(column: pa.Array) -> Moments:
    encoded = pc.utf8_trim_whitespace(column.cast(pa.large_string())).dictionary_encode()
    levels = encoded.dictionary
    moments = np.full(len(levels), _NAT)
    digits = pc.match_substring_regex(levels, _DIGITS).to_numpy(zero_copy_only=False)
    if digits.any():
        numbers = pc.cast(levels.filter(pa.array(digits)), pa.float64())
        moments[digits] = _from_floats(numbers)
    iso = pc.match_substring_regex(levels, _ISO).to_numpy(zero_copy_only=False)
    if iso.any():
        moments[iso] = _from_iso(levels.filter(pa.array(iso)))
    codes = pc.fill_null(encoded.indices.cast(pa.int64()), len(levels)).to_numpy(zero_copy_only=False)
    taken: Moments = np.append(moments, _NAT)[codes]
    return taken


def _from_iso(levels: pa.Array) -> Moments:
    try:  # the fast way reads plain dates and times, and refuses the whole array for a time zone or 30 February
        return _from_timestamps(pc.cast(levels, pa.timestamp("us")))
    except pa.ArrowInvalid:
        short = pc.replace_substring_regex(levels, pattern=_BELOW_US, replacement=r"\1")
        texts = pd.Series(short.to_pylist(), dtype=object)
        parsed = pd.to_datetime(texts, format="ISO8601", errors="coerce", utc=True)
        return parsed.dt.tz_localize(None).to_numpy(dtype="datetime64[us]")


_READERS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[pa.Array], Moments]], ...] = (
    (pa.types.is_dictionary, _through_dictionary),
    (pa.types.is_timestamp, _from_timestamps),
    (pa.types.is_date, _from_dates),
    (pa.types.is_integer, _from_whole_numbers),
    (pa.types.is_floating, _from_floats),
    (pa.types.is_string, _from_text),
    (pa.types.is_large_string, _from_text),
    (pa.types.is_string_view, _from_text),
)
