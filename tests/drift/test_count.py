"""One pass over a table, cut in any way."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor_core.drift import shard
from monitor_core.drift.build import make_grid
from monitor_core.drift.count import count
from monitor_core.drift.executor import Threads
from monitor_core.drift.summary import TableSummary, Tally
from monitor_core.errors import Cancelled, NotFound
from monitor_core.settings import DriftSettings
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.values import Granularity

DAY = Granularity.parse("day")
TABLE_LIMIT = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10, deadline=None)


def roles_of(table: pa.Table, **more) -> Roles:
    special = {"when": Role.TIMESTAMP, "segment": Role.IGNORED}
    return Roles(tuple((name, special.get(name, Role.FEATURE)) for name in table.schema.names), **more)


def same_counts(left: TableSummary, right: TableSummary) -> bool:
    return (
        left.n_rows == right.n_rows
        and np.array_equal(left.cells, right.cells)
        and np.array_equal(left.tallies, right.tallies)
        and np.array_equal(left.extremes, right.extremes)
        and np.allclose(left.sums, right.sums, rtol=1e-9, atol=1e-9)
    )


@pytest.fixture
def grid(cut, mixed):
    table = mixed(4_000, 1)
    return make_grid(cut(table), roles=roles_of(table, segment="segment"), granularity=DAY)


def test_every_row_is_somewhere(cut, mixed, grid):
    """Cells and tallies of each feature make up the rows."""
    table = mixed(3_000, 2)
    summary = count(grid, cut(table), roles_of(table)).summary(segment="x")
    cells = np.add.reduceat(summary.cells, grid.offsets[:-1])
    accounted = summary.tallies[:, [Tally.NULL, Tally.NAN, Tally.RETYPED, Tally.ABSENT]].sum(axis=1)
    assert (cells + accounted == summary.n_rows).all()


@given(st.integers(100, 700), st.integers(20, 700))
@TABLE_LIMIT
def test_any_cut_gives_the_same_counts(cut, mixed, grid, shard_rows, batch_rows):
    """Shards and batches of any size, on any number of threads."""
    table = mixed(600, 3)
    roles = roles_of(table)
    whole = count(grid, cut(table), roles, granularity=DAY)
    parts = count(grid, cut(table, shard_rows, batch_rows), roles, granularity=DAY, executor=Threads(3))
    assert parts.rows == whole.rows
    assert all(same_counts(parts.summary(*key), whole.summary(*key)) for key in whole.rows)


@given(st.integers(100, 700), st.integers(20, 700))
@TABLE_LIMIT
def test_without_granules_and_samples_the_counts_are_the_same(cut, mixed, grid, shard_rows, batch_rows):
    """Then a few columns are read at a time: 8 of 9, one of which is absent and one of another type."""
    table = mixed(600, 3).drop_columns(["whole"])
    table = table.set_column(table.schema.names.index("few"), "few", pa.array([b"x"] * 600))
    source, none = cut(table, shard_rows, batch_rows), DriftSettings(sample_rows=0)
    whole, narrow = count(grid, cut(table)), count(grid, source, settings=none)
    assert narrow.rows == whole.rows
    assert all(same_counts(narrow.summary(*key), whole.summary(*key)) for key in whole.rows)
    features = tuple((name, Role.FEATURE) for name in table.drop_columns(["segment", "when"]).schema.names)
    roles = Roles(features, fixed_date="2026-01-03")
    day = count(grid, source, roles, granularity=DAY, settings=none)
    assert day.granules == ("2026-01-03",)
    assert same_counts(day.summary("2026-01-03"), whole.summary())
    assert (day.samples["2026-01-03"].n_rows, day.samples["2026-01-03"].table.num_rows) == (600, 0)


@given(st.integers(0, 10**6))
@TABLE_LIMIT
def test_any_order_of_rows_and_columns_gives_the_same_counts(cut, mixed, grid, seed):
    """Rows and columns in another order."""
    table, rng = mixed(600, 3), np.random.default_rng(seed)
    order, names = rng.permutation(600), rng.permutation(table.schema.names).tolist()
    whole = count(grid, cut(table), roles_of(table), granularity=DAY)
    shuffled = table.take(order).select(names)
    other = count(grid, cut(shuffled, 300, 130), roles_of(shuffled), granularity=DAY)
    assert all(same_counts(other.summary(*key), whole.summary(*key)) for key in whole.rows)


def test_merging_is_counting_once(cut, mixed, grid):
    """The sum of two files' counts is the count of both files' rows."""
    one, two = mixed(1_000, 4), mixed(2_000, 5)
    both = count(grid, cut(pa.concat_tables([one, two], promote_options="permissive")), roles_of(one)).summary()
    parts = [count(grid, cut(table), roles_of(table)).summary() for table in (one, two)]
    assert same_counts(parts[0].merge(parts[1]), both)


def test_granules_and_segments_are_told_apart(cut, mixed, grid):
    """Each (granule, segment) holds what filtering by hand gives, and a granule is the sum of its segments."""
    table = mixed(3_000, 6)
    counted = count(grid, cut(table, 1_000, 170), roles_of(table), granularity=DAY)
    day = table.column("when").to_numpy().astype("datetime64[D]").astype(str)
    segment = np.array(table.column("segment").to_pylist())
    for granule, name in counted.keys:
        mine = (day == granule) & ((segment == name) | (name == ""))
        alone = table.filter(pa.array(mine)).drop_columns(["when", "segment"])
        whole = TableSummary.total(grid, [count(grid, cut(alone)).summary()])
        assert same_counts(counted.summary(granule, name), whole)


def test_rows_without_a_date_are_reported(cut, mixed, grid):
    """Undated rows are in no granule, and are not lost."""
    table = mixed(500, 7)
    when = table.column("when").to_pylist()
    when[:20] = [None] * 20
    table = table.set_column(table.schema.get_field_index("when"), "when", pa.array(when, pa.timestamp("us")))
    counted = count(grid, cut(table), roles_of(table), granularity=DAY)
    assert counted.undated == 20
    assert counted.n_rows == 500
    assert "" not in counted.granules


def test_blocks_of_rows_follow_the_file(cut, mixed, grid):
    """Granules of a number of rows go on over shards, and over files."""
    table = mixed(1_000, 8)
    counted = count(
        grid, cut(table, 300, 130), roles_of(table), granularity=Granularity.parse("rows:400"), rows_before=200
    )
    assert {granule: counted.rows[granule, ""] for granule in counted.granules} == {
        "#00000001": 200,
        "#00000002": 400,
        "#00000003": 400,
    }


def test_many_granules_stay_within_memory(cut, mixed, grid, monkeypatch):
    """More granules than fit uncompressed give the same counts."""
    table = mixed(900, 9)
    whole = count(grid, cut(table), roles_of(table), granularity=DAY)
    monkeypatch.setattr(shard, "DENSE_CELLS", 4 * grid.n_cells)
    tight = count(grid, cut(table, 300, 200), roles_of(table), granularity=DAY)
    assert tight.rows == whole.rows
    assert all(same_counts(tight.summary(*key), whole.summary(*key)) for key in whole.rows)


def test_columns_that_are_absent_extra_or_retyped_are_findings(cut, mixed, grid):
    """A table that does not fit raises nothing; what does not fit is named."""
    table = mixed(300, 10)
    table = table.drop_columns(["few"]).append_column("new", pa.array([1.5] * 300))
    position = table.schema.get_field_index("normal")
    table = table.set_column(position, "normal", pa.array(["text"] * 300))
    counted = count(grid, cut(table), roles_of(table))
    summary = counted.summary()
    assert counted.absent == ("few",)
    assert counted.extra == (("new", "double"),)
    assert counted.retyped == (("normal", "string"),)
    assert summary.extra == counted.extra
    assert summary.retyped == counted.retyped
    assert summary.feature("few").absent == 300
    assert summary.feature("normal").retyped == 300


def test_an_empty_table_counts_nothing(cut, mixed, grid):
    """No rows, no granules, no error."""
    table = mixed(10, 1).slice(0, 0)
    counted = count(grid, cut(table), roles_of(table), granularity=DAY)
    assert counted.keys == ()
    assert counted.n_rows == 0


def test_samples_are_the_same_for_any_cut(cut, mixed, grid):
    """Which rows are sampled depends on their place in the file only."""
    table, small = mixed(2_000, 11), DriftSettings(sample_rows=50)
    whole = count(grid, cut(table), roles_of(table), granularity=DAY, settings=small)
    parts = count(grid, cut(table, 333, 77), roles_of(table), granularity=DAY, settings=small)
    assert set(whole.samples) == set(whole.granules)
    for granule, sample in whole.samples.items():
        assert np.array_equal(parts.samples[granule].keys, sample.keys)
        assert parts.samples[granule].table.to_pandas().equals(sample.table.to_pandas())
        assert sample.table.num_rows == min(50, sample.n_rows)


def test_samples_hold_every_block_of_columns(cut):
    """A wide table is read fifty columns at a time; its sample is whole."""
    rng = np.random.default_rng(1)
    table = pa.table({f"x{i}": rng.normal(size=200) for i in range(120)})
    grid = make_grid(cut(table))
    sample = count(grid, cut(table, 90), settings=DriftSettings(sample_rows=30)).samples[""]
    assert sample.table.schema.names == table.schema.names
    rows = table.to_pandas()
    assert sample.table.to_pandas().merge(rows, how="inner").shape[0] == 30


def test_progress_is_told_and_can_stop_the_work(cut, mixed, grid):
    """The share rises to 1, and an exception of the listener ends the pass."""
    table, told = mixed(2_000, 12), []
    count(grid, cut(table, 500), roles_of(table), progress=lambda share, note: told.append((share, note)))
    assert [share for share, _ in told] == [0.25, 0.5, 0.75, 1.0]
    assert told[-1][1] == "2,000 of 2,000 rows counted"

    def stop(_share, _note):
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        count(grid, cut(table, 500), roles_of(table), progress=stop)


def test_an_unknown_granule_is_not_found(cut, mixed, grid):
    """Asking for what was not counted names it."""
    table = mixed(100, 13)
    with pytest.raises(NotFound, match="2031-01-01"):
        count(grid, cut(table), roles_of(table), granularity=DAY).summary("2031-01-01")
