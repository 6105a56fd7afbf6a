"""Baselines from rows and from summaries."""

import numpy as np
import pyarrow as pa
import pytest

from monitor_core.drift import placing as module
from monitor_core.drift.build import baseline_from_summaries, build, make_grid
from monitor_core.drift.count import count
from monitor_core.drift.executor import Threads
from monitor_core.drift.results import FeatureKind
from monitor_core.errors import InvalidInput, InvalidSetting
from monitor_core.settings import DriftSettings
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.values import Granularity

DAY = Granularity.parse("day")


def roles_of(table: pa.Table, **more) -> Roles:
    special = {"when": Role.TIMESTAMP, "segment": Role.IGNORED}
    return Roles(tuple((name, special.get(name, Role.FEATURE)) for name in table.schema.names), **more)


def test_every_kind_of_column_has_its_cells(cut, mixed):
    """Numbers, categories, truth values and dates are recognised by their type."""
    grid = make_grid(cut(mixed(500, 1)))
    kinds = {feature.name: feature.kind for feature in grid.features}
    assert kinds["whole"] is kinds["single"] is FeatureKind.NUMERIC
    assert kinds["text"] is kinds["coded"] is FeatureKind.CATEGORICAL
    assert kinds["truth"] is FeatureKind.BOOLEAN
    assert kinds["when"] is FeatureKind.DATETIME


@pytest.mark.parametrize("threads", [1, 3])
def test_the_cut_of_the_file_does_not_change_the_baseline(cut, mixed, threads):
    """Shards, batches and threads leave the grid's bytes alone."""
    table = mixed(3_000, 1)
    whole = make_grid(cut(table), roles=roles_of(table, segment="segment"))
    parts = make_grid(cut(table, 700, 190), roles=roles_of(table, segment="segment"), executor=Threads(threads))
    assert parts.grid_id == whole.grid_id
    assert whole.segments == tuple(sorted(whole.segments, key=lambda s: -table["segment"].to_pylist().count(s)))


def test_the_same_rows_give_the_same_hash(cut, mixed):
    """Building twice gives the same content."""
    table = mixed(1_000, 2)
    one, two = (build(cut(table, 300), roles=roles_of(table), granularity=DAY) for _ in range(2))
    assert one.sha256 == two.sha256


def test_granules_of_the_baseline_add_up(cut, mixed):
    """The PSI cells of all granules are those of the total, and rows without a date are in the total only."""
    table = mixed(2_000, 3)
    baseline = build(cut(table), roles=roles_of(table), granularity=DAY)
    reference = baseline.reference()
    assert len(reference.labels) == 5
    assert np.array_equal(reference.cells.sum(axis=0), baseline.total().psi_cells())
    assert reference.n_rows.sum() == baseline.n_rows == 2_000


def test_segments_have_baselines_of_their_own(cut, mixed):
    """Each segment is a baseline, and they add up to everything."""
    table = mixed(2_000, 4)
    baseline = build(cut(table), roles=roles_of(table, segment="segment"), granularity=DAY)
    assert baseline.segments == ("x", "y", "z")
    parts = sum(baseline.total(segment).cells for segment in baseline.segments)
    assert np.array_equal(parts, baseline.total().cells)
    assert baseline.reference("x").labels == baseline.granules


def test_a_baseline_of_summaries_is_the_baseline_of_their_rows(cut, mixed):
    """Days that were counted on a grid make the same baseline as their rows would."""
    table = mixed(2_000, 5)
    built = build(cut(table), roles=roles_of(table), granularity=DAY)
    counted = count(built.grid, cut(table), roles_of(table), granularity=DAY)
    summed = baseline_from_summaries(built.grid, ((key, counted.summary(*key)) for key in counted.keys))
    assert summed.sha256 == built.sha256


def test_several_snapshots_of_a_day_are_added(cut, mixed):
    """A granule that came in two files is one granule."""
    table = mixed(1_000, 6)
    grid = make_grid(cut(table), roles=roles_of(table))
    halves = [count(grid, cut(part), roles_of(table)).summary() for part in (table.slice(0, 400), table.slice(400))]
    baseline = baseline_from_summaries(grid, [(("2026-01-01", ""), half) for half in halves])
    assert baseline.reference().n_rows.tolist() == [1_000]


def test_without_dates_there_are_no_granules(cut, mixed):
    """A baseline without a date column is still a baseline."""
    table = mixed(500, 7).drop_columns(["when"])
    baseline = build(cut(table), roles=roles_of(table), granularity=DAY)
    assert baseline.granules == ()
    assert baseline.first_granule is None
    assert baseline.n_rows == 500


def test_a_table_larger_than_its_limit_is_placed_by_a_sample(cut, monkeypatch):
    """Cells are then placed near the order statistics; what is counted on them is exact."""
    values = np.random.default_rng(1).normal(size=50_000)
    monkeypatch.setattr(module, "MAX_PLACED", 10_000)
    baseline = build(cut(pa.table({"x": values}), 7_000), settings=DriftSettings(knots=100))
    feature = baseline.total().feature("x")
    assert feature.cells.sum() == 50_000
    assert feature.cells.max() / 50_000 < 2 / 100
    assert np.array_equal(np.cumsum(feature.cells)[:-1], [(values < knot).sum() for knot in feature.grid.knots])


def test_a_million_levels_are_bounded(cut):
    """Of very many levels the most frequent are kept, and the baseline knows that it does not know them all."""
    rng = np.random.default_rng(1)
    names = np.char.add("id", rng.integers(0, 10**6, 300_000).astype(str))
    names[:60_000] = "often"
    baseline = build(cut(pa.table({"c": names}), 100_000, 30_000))
    feature = baseline.grid.features[0]
    assert feature.levels[0] == "often"
    assert len(feature.levels) == 20_000
    assert not feature.complete
    assert baseline.total().feature("c").cells.sum() == 300_000


def test_odd_columns_are_no_obstacle(cut):
    """Constant, all-missing, list and nameless-type columns make a baseline all the same."""
    table = pa.table(
        {
            "constant": pa.array([5.0] * 100),
            "missing": pa.nulls(100, pa.float64()),
            "nothing": pa.nulls(100),
            "lists": pa.array([[1]] * 100),
            "nan": pa.array([np.nan] * 100),
        }
    )
    grid = build(cut(table)).grid
    assert grid.features[3].reason == "columns of type list<item: int64> are not compared"
    assert [feature.n_cells for feature in grid.features] == [3, 1, 1, 1, 1]


def test_a_column_to_monitor_must_be_there(cut, mixed):
    """The missing column is named."""
    table = mixed(100, 8)
    with pytest.raises(InvalidInput, match="'few'"):
        build(cut(table.drop_columns(["few"])), roles=roles_of(table))


def test_a_baseline_needs_rows(cut, mixed):
    """An empty table is refused by name."""
    with pytest.raises(InvalidInput, match="has no rows"):
        build(cut(mixed(10, 1).slice(0, 0)))


def test_knots_are_a_multiple_of_ten(cut, mixed):
    """Tenths must be knots."""
    with pytest.raises(InvalidSetting, match="999"):
        build(cut(mixed(10, 1)), settings=DriftSettings(knots=999))
