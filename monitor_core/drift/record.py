"""Results as bytes for the database: one Arrow table a granule, one line a feature (decision 0021). Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from monitor_core.drift.results import (
    Calibration,
    CellState,
    FeatureDrift,
    FeatureKind,
    GranuleDrift,
    MultivariateDrift,
    RunMatrix,
)
from monitor_core.errors import InvalidInput
from monitor_core.values import Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["decode_granule", "encode_granule", "read_matrix", "read_trend"]

_FORMAT = "bellwether-drift-1"
_KEY = b"bellwether"

_ENUMS: dict[str, tuple[Any, ...]] = {
    "kind": tuple(FeatureKind),
    "calibration": tuple(Calibration),
    "severity": tuple(Severity),
    "verdict": tuple(Verdict),
    "state": tuple(CellState),
}
_TYPES = {"name": pa.string(), "role": pa.string(), "confirmed": pa.bool_(), "reasons": pa.list_(pa.string())}
_COUNTS = ("n_baseline", "n_current")


def _type(name: str) -> pa.DataType:
    if name in _ENUMS:
        return pa.int8()
    return _TYPES.get(name) or (pa.int64() if name in _COUNTS else pa.float64())


_NAMES = tuple(field.name for field in fields(FeatureDrift))
_SCHEMA = pa.schema([(name, _type(name)) for name in _NAMES])
_MATRIX = ("psi", "psi_debiased", "noise_floor", "p_adjusted", "missing_share", "state", "severity")


def encode_granule(granule: GranuleDrift) -> bytes:
    """Return the payload of a ``drift_result`` row; the same bytes for the same result."""
    columns = {name: _column(name, [getattr(feature, name) for feature in granule.features]) for name in _NAMES}
    table = pa.table(columns, schema=_SCHEMA.with_metadata({_KEY: _header(granule)}))
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", compression_level=1))
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def decode_granule(payload: bytes) -> GranuleDrift:
    """Read back what `encode_granule` wrote; raises `InvalidInput` for anything else."""
    table = _read(payload, _NAMES)
    header = _header_of(table)
    features = []
    for row in table.to_pylist():
        for name, members in _ENUMS.items():
            row[name] = members[row[name]]
        features.append(FeatureDrift(**{**row, "reasons": tuple(row["reasons"])}))
    multivariate = header["multivariate"]
    return GranuleDrift(
        granule=header["granule"],
        segment=header["segment"],
        n_rows=header["n_rows"],
        features=tuple(features),
        drifted_share=header["drifted_share"],
        severity=Severity(header["severity"]),
        verdict=Verdict(header["verdict"]),
        multivariate=None if multivariate is None else _multivariate(multivariate),
        reasons=tuple(header["reasons"]),
        window=header.get("window", 1),
    )


def read_matrix(run_id: str, segment: str, payloads: Sequence[bytes]) -> RunMatrix:
    """Return the heatmap of a run from the payloads of its granules in time order.

    Only the columns that the heatmap shows are decoded: 500 features in 365 granules take some 100 ms.
    """
    tables = [_read(payload, _MATRIX) for payload in payloads]
    headers = [_header_of(table) for table in tables]
    names = _read(payloads[0], ("name", "role")) if payloads else _SCHEMA.empty_table()
    shape = (len(payloads), names.num_rows)
    joined = pa.concat_tables([table.replace_schema_metadata() for table in tables]) if tables else names
    if joined.num_rows != shape[0] * shape[1]:
        raise InvalidInput(f"the granules of run {run_id} do not hold the same features")

    def cells(name: str, dtype: type[np.generic]) -> NDArray[Any]:
        if not tables:
            return np.zeros((names.num_rows, 0), dtype)
        flat = joined.column(name).to_numpy(zero_copy_only=False).astype(dtype, copy=False)
        return np.ascontiguousarray(flat.reshape(shape).T)

    floats = {name: cells(name, np.float64) for name in _MATRIX[:5]}
    return RunMatrix(
        run_id=run_id,
        segment=segment,
        features=tuple(names.column("name").to_pylist()),
        roles=tuple(names.column("role").to_pylist()),
        granules=tuple(header["granule"] for header in headers),
        n_rows=np.array([header["n_rows"] for header in headers], dtype=np.int64),
        state=cells("state", np.int8),
        severity=cells("severity", np.int8),
        **floats,
    )


def read_trend(payloads: Sequence[bytes], feature: str) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Return the granules, and ``psi`` and ``noise_q99`` of one feature in each, shape (granules, 2)."""
    labels, rows = [], np.full((len(payloads), 2), np.nan)
    for number, payload in enumerate(payloads):
        table = _read(payload, ("name", "psi", "noise_q99"))
        labels.append(str(_header_of(table)["granule"]))
        place = table.column("name").combine_chunks().index(feature).as_py()
        if place >= 0:
            values = (table.column(name)[place].as_py() for name in ("psi", "noise_q99"))
            rows[number] = [np.nan if value is None else value for value in values]
    return tuple(labels), rows


def _column(name: str, values: list[Any]) -> pa.Array:
    if name in _ENUMS:
        values = [_ENUMS[name].index(value) for value in values]
    elif name not in _TYPES and name not in _COUNTS:
        values = [None if value is None else float(value) for value in values]
    return pa.array(values, type=_type(name))


def _header(granule: GranuleDrift) -> bytes:
    header = {
        "format": _FORMAT,
        "granule": granule.granule,
        "segment": granule.segment,
        "n_rows": granule.n_rows,
        "drifted_share": granule.drifted_share,
        "severity": granule.severity.value,
        "verdict": granule.verdict.value,
        "multivariate": None if granule.multivariate is None else asdict(granule.multivariate),
        "reasons": list(granule.reasons),
        "window": granule.window,
    }
    return json.dumps(header, ensure_ascii=True, sort_keys=True).encode("ascii")


def _header_of(table: pa.Table) -> Mapping[str, Any]:
    header: dict[str, Any] = json.loads((table.schema.metadata or {}).get(_KEY, b"{}"))
    if header.get("format") != _FORMAT:
        raise InvalidInput(f"not a stored drift result: format {header.get('format')!r}, expected {_FORMAT!r}")
    return header


def _multivariate(data: Mapping[str, Any]) -> MultivariateDrift:
    pairs = tuple((str(name), float(share)) for name, share in data["drivers"])
    values = {
        **data,
        "null_auc": tuple(data["null_auc"]),
        "verdict": Verdict(data["verdict"]),
        "drivers": pairs,
        "reasons": tuple(data["reasons"]),
    }
    return MultivariateDrift(**values)


_INDEX = {name: number for number, name in enumerate(_NAMES)}


def _read(payload: bytes, names: Sequence[str]) -> pa.Table:
    options = pa.ipc.IpcReadOptions(included_fields=[_INDEX[name] for name in names], use_threads=False)
    try:
        with pa.ipc.open_stream(pa.py_buffer(payload), options=options) as reader:
            return reader.read_all()
    except (pa.ArrowException, OSError) as error:
        raise InvalidInput(f"a stored drift result of {len(payload)} bytes cannot be read: {error}") from error
