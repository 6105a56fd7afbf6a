"""Columns that are counted while their cells are placed: the same as counting on those cells."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor_core.drift import levels as levels_module
from monitor_core.drift import placing as build_module
from monitor_core.drift.build import build
from monitor_core.drift.count import count
from monitor_core.drift.executor import Threads
from monitor_core.drift.gather import gathered_column
from monitor_core.settings import DriftSettings
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.values import Granularity

DAY = Granularity.parse("day")
FEW = DriftSettings(knots=20)
ONE = DriftSettings(threads=1)
TABLE_LIMIT = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)

SPECIAL = [0.0, -0.0, 1.0, np.nan, np.inf, -np.inf, 1e300, -1e300, 5e-324]
TEXTS = pa.dictionary(pa.int32(), pa.string())
COLUMNS = {
    pa.float64(): st.sampled_from(SPECIAL) | st.floats(),
    pa.float32(): st.sampled_from([0.0, 1.5, np.nan, np.inf]) | st.floats(width=32),
    pa.int64(): st.integers(-3, 3) | st.integers(-(2**63), 2**63 - 1),
    pa.uint64(): st.integers(0, 2**64 - 1),
    pa.int16(): st.integers(-2, 2),
    pa.decimal128(9, 2): st.integers(-300, 300).map(lambda cents: Decimal(cents) / 100),
    pa.bool_(): st.booleans(),
    pa.string(): st.sampled_from(["a", "b", "", "ü"]) | st.text(max_size=2),
    TEXTS: st.sampled_from(["x", "y", ""]),
    pa.timestamp("ns"): st.integers(-(2**62), 2**62),
    pa.date32(): st.dates(dt.date(1990, 1, 1), dt.date(2030, 1, 1)),
    pa.time32("s"): st.times().map(lambda time: time.replace(microsecond=0)),
    pa.null(): st.none(),
    pa.list_(pa.int8()): st.lists(st.integers(0, 3), max_size=2),
}
"""What a column of each type may hold; any of it may be missing."""


@st.composite
def tables(draw) -> pa.Table:
    """Columns of one to four types over the same rows: mixed, constant or all missing."""
    n = draw(st.integers(1, 120))
    columns = {}
    for number, dtype in enumerate(draw(st.lists(st.sampled_from(list(COLUMNS)), min_size=1, max_size=4))):
        some = st.none() | COLUMNS[dtype]
        pool = draw(st.lists(some, min_size=1, max_size=40))
        rows = draw(st.lists(st.sampled_from(pool), min_size=n, max_size=n))
        columns[f"c{number}"] = pa.array(rows, dtype)
    return pa.table(columns)


def assert_counted(baseline, source, roles=None, granularity=None) -> None:
    """Compare a baseline's counts with those of a pass of its own over the rows."""
    counted = count(baseline.grid, source, roles, granularity=granularity)
    (key,) = counted.rows
    expected, found = counted.summary(*key), baseline.total()
    assert found.n_rows == expected.n_rows
    assert np.array_equal(found.cells, expected.cells)
    assert np.array_equal(found.tallies, expected.tallies)
    assert np.array_equal(found.extremes, expected.extremes)
    assert np.allclose(found.sums, expected.sums, rtol=1e-9, atol=1e-9, equal_nan=True)


class Reads:
    """A table that knows how often it was read."""

    def __init__(self, table) -> None:
        self.name, self.schema, self.n_rows, self._table, self.times = table.name, table.schema, table.n_rows, table, 0

    def shards(self):
        self.times += 1
        return self._table.shards()


@given(tables(), st.integers(1, 130), st.integers(1, 130))
@TABLE_LIMIT
def test_any_column_counts_as_in_a_pass_of_its_own(cut, table, shard_rows, batch_rows):
    """Ties, NaN, infinities, whole numbers, truth values, texts, dates, constant and missing columns; any cut."""
    assert_counted(build(cut(table, shard_rows, batch_rows), settings=FEW), cut(table))


@pytest.mark.parametrize("seed", range(3))
def test_a_table_of_every_kind_counts_as_in_a_pass_of_its_own(cut, mixed, seed):
    """More values than knots, on threads, with the default settings."""
    table = mixed(6_000, seed)
    assert_counted(build(cut(table, 1_700, 400), executor=Threads(3)), cut(table))


def test_values_far_from_zero_count_as_in_a_pass_of_its_own(cut):
    """Sums over several slices of a long column, with the shift taken out of every value."""
    rng = np.random.default_rng(1)
    table = pa.table({"far": 1e9 + rng.normal(size=300_000), "whole": rng.integers(0, 10**15, 300_000)})
    assert_counted(build(cut(table)), cut(table, 50_000))


def test_neither_cut_nor_order_of_the_rows_changes_the_hash(cut, mixed):
    """The sums are over sorted values: the same to the last digit."""
    table = mixed(5_000, 4)
    shuffled = table.take(np.random.default_rng(1).permutation(5_000))
    made = [build(source) for source in (cut(table), cut(table, 1_300, 170), cut(shuffled, 900))]
    assert len({baseline.sha256 for baseline in made}) == 1


def test_rows_that_stay_together_are_read_once(cut, mixed):
    """Without granules, or with one date for the whole file."""
    table = mixed(300, 5)
    features = tuple((name, Role.FEATURE) for name in table.schema.names)
    dated = Roles(features, fixed_date="2026-03-01")
    for roles, granules in ((None, ()), (dated, ("2026-03-01",))):
        source = Reads(cut(table, 100))
        baseline = build(source, roles=roles, granularity=DAY, settings=ONE)
        assert source.times == 1
        assert baseline.granules == granules
        assert_counted(baseline, cut(table), roles, DAY if granules else None)


def test_a_column_placed_by_a_sample_is_counted_exactly(cut, mixed, monkeypatch):
    """Values that were not held are read again."""
    monkeypatch.setattr(build_module, "MAX_PLACED", 1_000)
    table = mixed(4_000, 7)
    assert_counted(build(cut(table, 1_100)), cut(table))


def test_levels_that_were_dropped_are_counted_exactly(cut, monkeypatch):
    """A level may come back after it was dropped: its count is then made again."""
    monkeypatch.setattr(levels_module, "_MAX_PENDING", 50)
    monkeypatch.setattr(levels_module, "_MAX_LEVELS", 20)
    names = np.random.default_rng(1).integers(0, 60, 1_000).astype(str)
    table = pa.table({"c": names})
    assert_counted(build(cut(table, 100, 30)), cut(table))
    column = gathered_column("c", "feature", pa.string(), knots=20, max_levels=5, room=1_000)
    for batch in table.to_batches(max_chunksize=30):
        column.add(batch.column(0), None)
    assert column.placed(1_000).counts is None
