"""Guess the roles of a table's columns from their names and first values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitor_core.snapshots.columns import kind_of
from monitor_core.snapshots.dates import instants
from monitor_core.snapshots.roles import Role, Roles

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["guess", "knows"]

_PREDICTIONS = (
    *("prediction", "predicted", "y_pred", "pred", "predicted_class", "predicted_label", "predicted_value"),
    *("yhat", "y_hat", "model_output", "prediction_label"),
)
_SCORES = (
    *("predicted_probability", "score", "proba", "probability", "y_pred_proba", "y_proba", "y_score", "pred_proba"),
    *("prediction_proba", "prediction_probability", "predicted_proba", "predicted_score", "prediction_score"),
    *("model_score", "prob", "y_prob"),
)
_LABELS = ("label", "target", "y_true", "y", "actual", "ground_truth", "true_label", "outcome", "target_label")
_MOMENTS = (
    *("timestamp", "ts", "datetime", "date", "event_time", "event_date", "event_timestamp", "prediction_time"),
    *("prediction_date", "prediction_timestamp", "time", "day", "created_at", "scored_at", "month", "week", "year"),
)
_LABEL_MOMENTS = (
    *("label_date", "label_time", "label_timestamp", "labelled_at", "labeled_at", "outcome_date", "target_date"),
    *("label_recorded_at", "ground_truth_date"),
)
_VERSIONS = ("model_version", "prediction_version")
_NOT_WHEN = ("birth", "dob", "born", "expiry", "expires", "expiration", "signup", "start", "end", "due", "updated")
_IDS = ("entity_id", "id", "row_id", "uuid", "guid", "record_id", "request_id", "customer_id", "user_id")
_MOSTLY = 0.95
_MIN_UNIQUE_ROWS = 50
_MIN_PHI = 0.5


def guess(schema: pa.Schema, sample: pa.Table, *, remembered: Roles | None = None) -> Roles:
    """Return a first proposal for the role of each column.

    Parameters
    ----------
    schema
        All columns.
    sample
        Some first rows of them; may be empty, then only names and types speak.
    remembered
        The roles of the model's last accepted upload. A column that it names keeps its role, a column that is new
        becomes a feature; nothing else is guessed then.

    Returns
    -------
    Roles
        At most one entity id, timestamp, prediction, label, label date and version. Further columns that look like ids
        (nearly all values differ) and columns of lists or bytes are ignored, all others are features. Well-known names
        make a prediction, score or label. Where no name says "label", a column of 0 and 1 that goes with the prediction
        (phi of .5 or more) is proposed: as a feature it would be missing from every file that is still to be labelled.

    Examples
    --------
    >>> rows = pa.table({"id": [7, 8], "year": [2015, 2016], "age": [31, 54], "score": [0.2, 0.9]})
    >>> [role.value for _, role in guess(rows.schema, rows).columns]
    ['entity_id', 'timestamp', 'feature', 'score']
    """
    if remembered is not None:
        return _recalled(schema, remembered)
    roles: dict[str, Role] = {field.name: Role.FEATURE for field in schema}
    for field in schema:
        if kind_of(field.type) == "unsupported":
            roles[field.name] = Role.IGNORED
    choices: tuple[tuple[Role, Callable[[str, pa.ChunkedArray], float]], ...] = (
        (Role.LABEL_DATE, _by_name(_LABEL_MOMENTS)),
        (Role.VERSION, _by_name(_VERSIONS)),
        (Role.TIMESTAMP, _timestamp_rank),
        (Role.PREDICTION, _by_name(_PREDICTIONS)),
        (Role.SCORE, _score_rank),
        (Role.LABEL, _by_name(_LABELS)),
        (Role.ENTITY_ID, _id_rank),
    )
    for role, rank in choices:
        free = [name for name, has in roles.items() if has is Role.FEATURE]
        ranked = [(rank(name, sample.column(name)), -place, name) for place, name in enumerate(free)]
        best = max(ranked, default=(0.0, 0, ""))
        if best[0] > 0:
            roles[best[2]] = role
    if unnamed := _likely_label(roles, sample):
        roles[unnamed] = Role.LABEL
    for name, role in roles.items():
        if role is Role.FEATURE and _is_id_name(_plain(name)) and _unique_share(sample.column(name)) >= _MOSTLY:
            roles[name] = Role.IGNORED
    return Roles(tuple(roles.items()))


def knows(remembered: Roles, schema: pa.Schema) -> bool:
    """Tell whether remembered roles name at least half of a file's columns: a file of another kind is guessed anew.

    Examples
    --------
    >>> before = Roles((("age", Role.FEATURE), ("when", Role.TIMESTAMP)))
    >>> knows(before, pa.schema({"age": pa.int64(), "when": pa.date32(), "new": pa.int64()}))
    True
    >>> knows(before, pa.schema({"income": pa.float64()}))
    False
    """
    names = {name for name, _ in remembered.columns}
    return 2 * sum(name in names for name in schema.names) >= len(schema.names)


def _likely_label(roles: dict[str, Role], sample: pa.Table) -> str | None:
    """Return the column of 0 and 1 that goes best with the prediction, if no label was found by name."""
    prediction = next((name for name, role in roles.items() if role is Role.PREDICTION), None)
    if prediction is None or Role.LABEL in roles.values() or (said := _zero_one(sample.column(prediction))) is None:
        return None
    ranked = []
    for name, role in roles.items():
        if role is Role.FEATURE and (values := _zero_one(sample.column(name))) is not None:
            ranked.append((_phi(said, values), name))
    best = max(ranked, default=(0.0, ""))
    return best[1] if best[0] >= _MIN_PHI else None


def _zero_one(values: pa.ChunkedArray) -> NDArray[np.float64] | None:
    """Return a column of both 0 and 1 (or booleans) as numbers, NaN where missing; None for any other."""
    if not (pa.types.is_boolean(values.type) or pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        return None
    numbers = values.cast(pa.float64()).to_numpy()
    return numbers if set(np.unique(numbers[~np.isnan(numbers)])) == {0.0, 1.0} else None


def _phi(left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """Correlation of two columns of 0 and 1 over the rows that have both; 0 for few rows or a constant."""
    both = ~(np.isnan(left) | np.isnan(right))
    if both.sum() < _MIN_UNIQUE_ROWS or not (left[both].std() and right[both].std()):
        return 0.0
    return float(np.corrcoef(left[both], right[both])[0, 1])


def _recalled(schema: pa.Schema, remembered: Roles) -> Roles:
    known = dict(remembered.columns)
    columns = []
    for field in schema:
        new = Role.IGNORED if kind_of(field.type) == "unsupported" else Role.FEATURE
        columns.append((field.name, known.get(field.name, new)))
    segment = remembered.segment if remembered.segment in schema.names else None
    return Roles(tuple(columns), segment=segment)


def _plain(name: str) -> str:
    """Return a name in lower case with single underscores: ``EventTime`` and ``event time`` become ``event_time``."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_")


def _by_name(names: tuple[str, ...]) -> Callable[[str, pa.ChunkedArray], float]:
    def rank(name: str, _values: pa.ChunkedArray) -> float:
        plain = _plain(name)
        return float(len(names) - names.index(plain)) if plain in names else 0.0

    return rank


def _score_rank(name: str, values: pa.ChunkedArray) -> float:
    rank = _by_name(_SCORES)(name, values)
    if not rank or kind_of(values.type) != "numeric":
        return 0.0
    limits = pc.min_max(values)
    low, high = limits["min"].as_py(), limits["max"].as_py()
    return rank if low is None or (low >= 0 and high <= 1) else 0.0


def _timestamp_rank(name: str, values: pa.ChunkedArray) -> float:
    plain = _plain(name)
    words = plain.split("_")
    named = _by_name(_MOMENTS)(name, values)
    if not named and (set(words) & set(_NOT_WHEN)):
        return 0.0
    kind = kind_of(values.type)
    if kind == "datetime":
        return 100 + named
    tells = bool(named) or words[-1] in {"at", "date", "time", "timestamp", "ts", "day"}
    if not tells or kind not in {"numeric", "categorical"}:
        return 0.0
    return (named or 0.5) + (50 if kind == "categorical" else 0) if _reads_as_dates(values) else 0.0


def _reads_as_dates(values: pa.ChunkedArray) -> bool:
    moments = instants(values)
    present = len(values) - values.null_count
    read = moments[~np.isnat(moments)]
    if not present or read.size < _MOSTLY * present:
        return False
    years = read.astype("datetime64[Y]").astype(np.int64) + 1970
    return bool(np.mean((years >= 1990) & (years <= 2200)) >= _MOSTLY)


def _is_id_name(plain: str) -> bool:
    return plain in _IDS or plain.endswith(("_id", "_uuid", "_key"))


def _id_rank(name: str, values: pa.ChunkedArray) -> float:
    plain = _plain(name)
    is_whole_or_text = pa.types.is_integer(values.type) or kind_of(values.type) == "categorical"
    if not is_whole_or_text:
        return 0.0
    if plain in _IDS:
        return 100.0 + len(_IDS) - _IDS.index(plain)
    unique = _unique_share(values)
    if _is_id_name(plain):
        return 50.0 + unique if unique >= 0.5 else 0.0
    if len(values) < _MIN_UNIQUE_ROWS or unique < 1:
        return 0.0
    return 10.0 if kind_of(values.type) == "categorical" or _counts_up(values) else 0.0


def _unique_share(values: pa.ChunkedArray) -> float:
    if kind_of(values.type) not in {"numeric", "categorical"} or not len(values):
        return 0.0
    plain = values.cast(values.type.value_type) if pa.types.is_dictionary(values.type) else values
    return float(pc.count_distinct(plain, mode="all").as_py() / len(values))


def _counts_up(values: pa.ChunkedArray) -> bool:
    return values.null_count == 0 and bool(np.all(np.diff(values.to_numpy()) == 1))
