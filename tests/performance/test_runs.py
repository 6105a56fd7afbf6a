"""Rows brought together by granule."""

import numpy as np
import pyarrow as pa
import pytest

from monitor_core.performance.runs import Runs


@pytest.mark.parametrize("run_rows", [10, 1_000, 10**6])
@pytest.mark.parametrize("spread", [5, 10**6])
def test_rows_come_by_granule_in_file_order(tmp_path, run_rows, spread):
    """However few are held in memory."""
    rng = np.random.default_rng(1)
    codes = rng.integers(-spread, spread, 3_000)
    table = pa.table({"granule": codes, "number": np.arange(3_000)})
    runs = Runs(tmp_path, run_rows)
    for batch in table.to_batches(max_chunksize=70):
        runs.add(batch)
    assert runs.granules() == sorted(set(codes.tolist()))
    assert runs.n_rows == 3_000
    for code in runs.granules()[::500] + runs.granules()[:2]:
        expected = np.flatnonzero(codes == code).tolist()
        assert runs.rows(code).column("number").to_pylist() == expected
        assert [n for piece in runs.pieces(code) for n in piece.column("number").to_pylist()] == expected


def test_nothing_is_nothing(tmp_path):
    """No rows, no granules."""
    runs = Runs(tmp_path)
    runs.add(pa.record_batch({"granule": pa.array([], pa.int64())}))
    assert runs.granules() == []


def test_sorted_rows_stay_where_they_are(tmp_path):
    """As most files are."""
    runs = Runs(tmp_path)
    runs.add(pa.record_batch({"granule": [1, 1, 2], "number": [1, 2, 3]}))
    assert runs.granules() == [1, 2]
    assert runs.rows(1).column("number").to_pylist() == [1, 2]
