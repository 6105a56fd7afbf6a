"""Files of every format, made on the spot, and a service on a database of each kind."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import pytest
from sqlalchemy import insert

from monitor_core.settings import Settings, SnapshotSettings
from monitor_core.snapshots.service import SnapshotService
from monitor_core.storage.schema import model, model_version
from monitor_core.storage.trail import Trail
from monitor_core.values import ModelRef

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
REF = ModelRef("churn", "1")


def small_table(n=200, seed=1):
    """A table with every kind of column."""
    rng = np.random.default_rng(seed)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return pa.table(
        {
            "id": np.arange(n),
            "ts": pa.array([start + timedelta(hours=i) for i in range(n)], pa.timestamp("us", tz="UTC")),
            "age": rng.normal(40, 9, n).round(3),
            "city": [["Ulm", "Köln", "東京", None][i % 4] for i in range(n)],
            "active": rng.random(n) < 0.5,
            "visits": rng.integers(0, 9, n),
            "prediction": rng.integers(0, 2, n),
            "score": rng.random(n).round(6),
        }
    )


def encode(table, form):
    """The bytes of `table` as one of the formats that are read."""
    packed, _, inner = form.partition(":")
    if packed == "gz":
        return gzip.compress(encode(table, inner))
    if packed == "zip":
        return archive({f"part.{inner}": encode(table, inner)})
    sink = io.BytesIO()
    if form == "csv":
        arrow_csv.write_csv(table, sink)
    elif form == "parquet":
        pq.write_table(table, sink, row_group_size=64)
    elif form == "arrow":
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=64)
    elif form == "stream":
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=64)
    elif form == "jsonl":
        lines = (json.dumps(row, default=datetime.isoformat, ensure_ascii=False) for row in table.to_pylist())
        sink.write("\n".join(lines).encode())
    return sink.getvalue()


def archive(members, compression=zipfile.ZIP_DEFLATED):
    """The bytes of a zip file with `members`, a mapping of names (or ZipInfo) to bytes."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", compression) as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    return sink.getvalue()


def read_all(source):
    """The whole source as one table, dictionaries resolved."""
    names = source.schema.names
    batches = [batch for shard in source.shards() for batch in shard.batches(names)]
    tables = [
        pa.table({name: _plain(batch.column(name)) for name in names}) for batch in batches if batch.num_rows
    ] or [pa.table({name: _plain(pa.array([], source.schema.field(name).type)) for name in names})]
    return pa.concat_tables(tables, promote_options="permissive")


def _plain(values):
    return values.cast(values.type.value_type) if pa.types.is_dictionary(values.type) else values


@pytest.fixture
def table():
    return small_table()


@pytest.fixture
def save(tmp_path):
    """A function that writes bytes or text to a file and returns its path."""

    def save(data, name="file"):
        path = tmp_path / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    return save


def add_model(engine, granularity="day"):
    with engine.begin() as connection:
        values = {"model_id": "churn", "title": "Churn", "granularity": granularity, "created_at": NOW}
        connection.execute(insert(model), values)
        connection.execute(insert(model_version), {"model_id": "churn", "version": "1", "created_at": NOW})


class Wall:
    """A clock that tests move."""

    def __init__(self):
        self.moment = NOW

    def __call__(self):
        return self.moment


@pytest.fixture
def clock():
    return Wall()


def make_service(engine, folder, clock, **limits):
    settings = Settings(data_dir=folder, snapshots=SnapshotSettings(**limits))
    return SnapshotService(engine, settings, Trail(engine, clock), clock)


@pytest.fixture
def service(sqlite_engine, tmp_path, clock):
    add_model(sqlite_engine)
    return make_service(sqlite_engine, tmp_path / "data", clock)


@pytest.fixture
def lab():
    """What tests make files, sources and services with."""
    return SimpleNamespace(
        NOW=NOW,
        REF=REF,
        small_table=small_table,
        encode=encode,
        archive=archive,
        read_all=read_all,
        add_model=add_model,
        make_service=make_service,
    )
