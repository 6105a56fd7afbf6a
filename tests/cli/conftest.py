"""The command line, called in this process, on a data folder of its own."""

import json
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor_core.cli import main


class Outcome(NamedTuple):
    """What a command did."""

    code: int
    out: Any
    err: str


def write_table(path, *, days, first="2026-01-01", rows=300, shift=0.0, seed=1):
    """Write a Parquet file of some days with a feature that can be shifted."""
    rng = np.random.default_rng(seed)
    n = days * rows
    moments = np.datetime64(first, "s") + np.repeat(np.arange(days), rows).astype("timedelta64[D]")
    table = pa.table(
        {
            "when": pa.array(moments),
            "age": rng.normal(40 + 12 * shift, 12, n),
            "income": rng.lognormal(3, 0.5, n),
            "plan": pa.array(rng.choice(["basic", "plus", "pro"], n, p=[0.5, 0.3, 0.2]).tolist()),
        }
    )
    pq.write_table(table, path)
    return path


@pytest.fixture
def table_file(tmp_path):
    def make(name, **options):
        return write_table(tmp_path / name, **options)

    return make


@pytest.fixture
def cli(tmp_path, capfd, monkeypatch):
    """Run one command line; JSON output is read."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def call(*words, as_json=False, data_dir=None):
        capfd.readouterr()
        given = ["--data-dir", str(data_dir or tmp_path / "data"), *map(str, words), *(["--json"] if as_json else [])]
        code = main(given)
        out, err = capfd.readouterr()
        return Outcome(code, json.loads(out) if as_json and out else out, err)

    return call


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    """Give a data folder with a model, a baseline, a shifted month, and a run."""
    folder = tmp_path_factory.mktemp("installation")
    for words in (
        ["models", "add", "churn", "--title", "Churn"],
        ["snapshots", "upload", "churn", "--baseline", write_table(folder / "base.parquet", days=20)],
        [
            *("snapshots", "upload", "churn"),
            write_table(folder / "now.parquet", days=5, first="2026-02-01", shift=1.0, seed=2),
        ],
    ):
        assert main(["--data-dir", str(folder / "data"), *map(str, words)]) == 0
    return folder / "data"
