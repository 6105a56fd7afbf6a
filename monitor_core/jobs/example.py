"""The example: a made-up churn model whose data hold what monitoring should find, the same on every machine.

120 days, 25 features, a prediction and a score; only the dates follow the calendar, so that the example is never
stale. The first 60 days are the baseline. Volume follows the week, days differ by more than chance (overdispersion),
some rows arrive days late, and from known days on:

==================== ============ ==========================================================================
feature              from day     what happens
==================== ============ ==========================================================================
monthly_spend        75           drifts up slowly, by 0.9 standard deviations until the end
session_minutes      80           drifts down slowly, by 0.7 standard deviations until the end
days_since_login     88 to 97     a bug writes the sentinel -999 for every eighth row
acquisition_channel  100          a new channel, "partner", brings every fifth customer
==================== ============ ==========================================================================

Whether a customer left becomes known days later, for some never, and a few answers are corrected. From day 84 on
fewer and fewer customers do as the scores say: the concept changes. Version 0, which served before and runs along as a
shadow, is a little worse and suffers as much: going back would not help.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitor_core.snapshots.roles import Role, Roles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from monitor_core.snapshots.records import Purpose

__all__ = [
    "BASELINE_DAYS",
    "CHANGES",
    "CONCEPT_CHANGE",
    "DAYS",
    "EXAMPLE_TITLE",
    "IMPORTANCE",
    "LIVE",
    "PREVIOUS",
    "ExampleFile",
    "example_files",
    "first_day",
]

EXAMPLE_TITLE = "Customer churn (example)"

DAYS = 120
BASELINE_DAYS = 60
CHANGES = {"monthly_spend": 75, "session_minutes": 80, "days_since_login": 88, "acquisition_channel": 100}
"""Day (from 0) on which each feature that changes begins to."""
CONCEPT_CHANGE = 84
"""Day from which what the scores say and what customers do grow apart."""
LIVE, PREVIOUS = "1", "0"
"""Versions: the one in use since day `BASELINE_DAYS`, and the one before, which runs along as a shadow."""

_ROLES = {
    "customer_id": Role.ENTITY_ID,
    "scored_at": Role.TIMESTAMP,
    "churn_score": Role.SCORE,
    "churn_predicted": Role.PREDICTION,
    "churned": Role.LABEL,
    "known_at": Role.LABEL_DATE,
}

_SEED = 20_250_602
_WEEK = np.array([1.0, 1.05, 1.05, 1.0, 0.95, 0.6, 0.5])  # rows by weekday, Monday first
_ROWS_A_DAY = 500
_LATE_SHARE = 0.04
_CUT_OFF = 0.4
_CHANGED_SHARE, _DAYS_OF_CHANGE = 0.4, 15
_NEVER_KNOWN, _WRONG_AT_FIRST = 0.03, 0.004
_LONGEST_DELAY = 20.0

_NORMAL = ("age", "credit_score", "satisfaction", "response_hours", "discount_share")
_SKEWED = ("monthly_spend", "session_minutes", "data_gb", "account_balance", "basket_value")
_COUNTS = (("tenure_months", 30.0), ("support_calls", 1.2), ("logins_30d", 12.0), ("devices", 2.0), ("invoices", 6.0))
_CATEGORIES = {
    "plan": (("basic", "plus", "family", "business"), (0.45, 0.3, 0.17, 0.08)),
    "region": (("north", "south", "east", "west", "centre"), (0.25, 0.2, 0.2, 0.2, 0.15)),
    "acquisition_channel": (("search", "social", "referral", "store"), (0.4, 0.25, 0.2, 0.15)),
    "payment_method": (("card", "debit", "invoice", "wallet"), (0.5, 0.3, 0.12, 0.08)),
    "contract": (("monthly", "yearly", "two years"), (0.55, 0.35, 0.1)),
    "browser": (("chrome", "safari", "firefox", "edge", "other"), (0.5, 0.25, 0.1, 0.1, 0.05)),
}
_FLAGS = (("newsletter", 0.35), ("autopay", 0.62), ("app_installed", 0.48))

IMPORTANCE = {
    "support_calls": 0.24,
    "logins_30d": 0.21,
    "session_minutes": 0.17,
    "monthly_spend": 0.12,
    "contract": 0.09,
    "tenure_months": 0.07,
    "days_since_login": 0.05,
    "plan": 0.03,
    "acquisition_channel": 0.02,
}
"""Shares of importance, for the features that have one worth naming."""


@dataclass(frozen=True, slots=True, eq=False)
class ExampleFile:
    """One upload of the example."""

    filename: str
    purpose: Purpose
    table: pa.Table
    roles: Roles
    version: str = LIVE


def first_day(today: datetime) -> datetime:
    """Return the example's first day: a Monday, such that its last day is the latest Monday before `today` (UTC).

    Examples
    --------
    >>> first_day(datetime(2026, 11, 23, 12, tzinfo=UTC)).date()  # a Monday: the last day is the Monday before
    datetime.date(2026, 7, 20)
    """
    midnight = today.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    yesterday = midnight - timedelta(days=1)
    return yesterday - timedelta(days=yesterday.weekday() + DAYS - 1)


def example_files(today: datetime) -> tuple[ExampleFile, ...]:
    """Return the uploads in the order in which they came: the baseline, two months, and what arrived late.

    Parameters
    ----------
    today
        All rows are dated before this day; the values do not depend on it.

    Examples
    --------
    >>> [(file.filename, file.purpose) for file in example_files(datetime(2026, 11, 23, tzinfo=UTC))][0]
    ('example-baseline.parquet', 'baseline')
    """
    rng, start = np.random.default_rng(_SEED), first_day(today)
    days = [_day(rng, start, day) for day in range(DAYS)]
    late = [
        np.flatnonzero(rng.random(len(table)) < (_LATE_SHARE if day >= BASELINE_DAYS else 0.0))
        for day, table in enumerate(days)
    ]
    on_time = [table.filter(~_mask(len(table), rows)) for table, rows in zip(days, late, strict=True)]
    after = [table.take(rows) for table, rows in zip(days, late, strict=True)]
    middle = (BASELINE_DAYS + DAYS) // 2
    outcomes = [_outcomes(table, start, day) for day, table in enumerate(days)]
    baseline = [
        table.append_column("churned", labels["churned"])
        for table, labels in zip(on_time[:BASELINE_DAYS], outcomes, strict=False)
    ]
    return (
        _file("baseline", "baseline", baseline),
        _file("first-month", "current", on_time[BASELINE_DAYS:middle]),
        _file("second-month", "current", on_time[middle:]),
        _file("late-arrivals", "current", after[BASELINE_DAYS:]),
        _file("version-0", "predictions", [_said_before(table, day) for day, table in enumerate(days)], PREVIOUS),
        *_label_files(outcomes, known_by=start + timedelta(days=DAYS)),
    )


def _features() -> list[str]:
    counts, flags = [name for name, _ in _COUNTS], [name for name, _ in _FLAGS]
    return [*_NORMAL, *_SKEWED, *counts, *_CATEGORIES, *flags, "days_since_login"]


def _file(name: str, purpose: Purpose, tables: Sequence[pa.Table], version: str = LIVE) -> ExampleFile:
    table = pa.concat_tables(tables).combine_chunks()
    roles = Roles(tuple((column, _ROLES.get(column, Role.FEATURE)) for column in table.column_names))
    return ExampleFile(f"example-{name}.parquet", purpose, table, roles, version)


def _mask(n: int, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    mask = np.zeros(n, dtype=bool)
    mask[rows] = True
    return mask


def _day(rng: np.random.Generator, first: datetime, day: int) -> pa.Table:
    start = first + timedelta(days=day)
    n = int(rng.poisson(_ROWS_A_DAY * _WEEK[start.weekday()] * rng.gamma(100, 0.01)))
    columns: dict[str, pa.Array] = {
        "customer_id": pa.array([f"C{number:06d}" for number in rng.choice(50_000, n, replace=False)]),
        "scored_at": _moments(rng, start, n),
    }
    mood = rng.normal(0.0, 0.06, 32)  # each day shifts every feature a little: days differ by more than chance
    values = _numbers(rng, n, day, mood)
    values["days_since_login"] = _days_since_login(rng, n, day, mood[30])
    columns |= {name: pa.array(column, from_pandas=True) for name, column in values.items()}
    columns |= {name: _categories(rng, n, name, day) for name in _CATEGORIES}
    columns |= {name: pa.array(rng.random(n) < share + 0.2 * mood[20 + i]) for i, (name, share) in enumerate(_FLAGS)}
    columns |= _scores(rng, values)
    names = ["customer_id", "scored_at", *_features(), "churn_score", "churn_predicted"]
    return pa.table({name: columns[name] for name in names})


def _moments(rng: np.random.Generator, start: datetime, n: int) -> pa.Array:
    seconds = np.sort(rng.integers(0, 86_400, n))
    return pa.array((int(start.timestamp()) + seconds) * 1_000_000, pa.int64()).cast(pa.timestamp("us", tz="UTC"))


def _numbers(rng: np.random.Generator, n: int, day: int, mood: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    values: dict[str, NDArray[Any]] = {name: rng.normal(mood[i], 1.0, n) for i, name in enumerate((*_NORMAL, *_SKEWED))}
    values["monthly_spend"] += 0.9 * _since(day, CHANGES["monthly_spend"])
    values["session_minutes"] -= 0.7 * _since(day, CHANGES["session_minutes"])
    scaled: dict[str, NDArray[Any]] = {name: np.round(50 + 12 * values[name], 2) for name in _NORMAL}
    scaled |= {name: np.round(np.exp(3 + 0.6 * values[name]), 2) for name in _SKEWED}
    scaled["satisfaction"][rng.random(n) < 0.05] = np.nan  # not everybody answers
    counts = {name: rng.poisson(mean * np.exp(mood[10 + i]), n) for i, (name, mean) in enumerate(_COUNTS)}
    return scaled | counts


def _days_since_login(rng: np.random.Generator, n: int, day: int, mood: float) -> NDArray[np.int64]:
    days = np.floor(rng.exponential(6.0 * np.exp(mood), n)).astype(np.int64)
    first = CHANGES["days_since_login"]
    if first <= day < first + 10:
        days[rng.random(n) < 0.125] = -999
    return days


def _since(day: int, first: int) -> float:
    """Return how far a slow change has come, 0..1."""
    return max(0.0, (day - first) / (DAYS - 1 - first))


def _categories(rng: np.random.Generator, n: int, name: str, day: int) -> pa.Array:
    levels, shares = _CATEGORIES[name]
    drawn = rng.choice(np.array(levels, dtype=object), n, p=rng.dirichlet(np.array(shares) * 2_000))
    if name == "acquisition_channel" and day >= CHANGES[name]:
        drawn[rng.random(n) < 0.2] = "partner"
    return pa.array(drawn.tolist()).dictionary_encode()


def _scores(rng: np.random.Generator, values: dict[str, NDArray[Any]]) -> dict[str, pa.Array]:
    signal = 0.04 * (values["support_calls"] - 1.2) - 0.02 * (values["logins_30d"] - 12)
    signal = signal - 0.01 * (values["session_minutes"] - 24) + rng.normal(0, 0.5, len(signal))
    score = np.round(1 / (1 + np.exp(2 - 5 * signal)), 4)
    return {"churn_score": pa.array(score), "churn_predicted": pa.array(score >= _CUT_OFF)}


def _outcomes(table: pa.Table, first: datetime, day: int) -> pa.Table:
    """Return who left, and when that became known; a share of the customers act as the concept's change makes them."""
    rng = np.random.default_rng([_SEED, 1, day])
    n, score = len(table), table["churn_score"].to_numpy()
    changed = _CHANGED_SHARE * min(max(day - CONCEPT_CHANGE, 0) / _DAYS_OF_CHANGE, 1.0)
    left = np.where(rng.random(n) < changed, rng.random(n) < score.mean(), rng.random(n) < score)
    midnight = np.datetime64((first + timedelta(days=day)).date(), "us")
    delay = np.minimum(1 + rng.gamma(2.0, 2.5, n), _LONGEST_DELAY)
    known = midnight + (np.floor(delay) * 86_400_000_000 + rng.integers(0, 86_400_000_000, n)).astype("timedelta64[us]")
    columns = {"customer_id": table["customer_id"], "scored_at": table["scored_at"], "churned": pa.array(left)}
    return pa.table({**columns, "known_at": pa.array(known).cast(pa.timestamp("us", tz="UTC"))})


def _said_before(table: pa.Table, day: int) -> pa.Table:
    """Return what version 0 said: a noisier score of its own."""
    rng = np.random.default_rng([_SEED, 2, day])
    score = table["churn_score"].to_numpy()
    logit = np.log(np.clip(score, 1e-4, 1 - 1e-4) / np.clip(1 - score, 1e-4, 1))
    own = np.round(1 / (1 + np.exp(-0.95 * logit - rng.normal(0, 0.6, len(score)))), 4)
    said = {"churn_score": pa.array(own), "churn_predicted": pa.array(own >= _CUT_OFF)}
    return pa.table({"customer_id": table["customer_id"], "scored_at": table["scored_at"], **said})


def _label_files(outcomes: Sequence[pa.Table], *, known_by: datetime) -> tuple[ExampleFile, ExampleFile]:
    """Return what is known by the end: first answers, then corrections of some of them."""
    rng = np.random.default_rng([_SEED, 3])
    every = pa.concat_tables(outcomes).combine_chunks()
    known = pc.less(every["known_at"], pa.scalar(known_by, pa.timestamp("us", tz="UTC"))).to_numpy()
    told = every.filter(pa.array(known & (rng.random(len(every)) >= _NEVER_KNOWN)))
    wrong = rng.random(len(told)) < _WRONG_AT_FIRST
    truth = told["churned"].to_numpy()
    first = told.set_column(2, "churned", pa.array(truth ^ wrong))
    return _file("labels", "labels", [first]), _file("corrected-labels", "labels", [told.filter(pa.array(wrong))])
