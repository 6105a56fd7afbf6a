"""One read that places and counts."""

import numpy as np
import pyarrow as pa
import pytest

from monitor_core.drift import placing
from monitor_core.drift.count import count
from monitor_core.drift.executor import Threads
from monitor_core.drift.held import place_and_count
from monitor_core.drift.placing import make_grid
from monitor_core.settings import DriftSettings
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.values import Granularity

DAY = Granularity.parse("day")
SMALL = DriftSettings(sample_rows=30)


def roles_of(table, **more):
    special = {"when": Role.TIMESTAMP, "segment": Role.IGNORED}
    return Roles(tuple((name, special.get(name, Role.FEATURE)) for name in table.schema.names), **more)


class Reads:
    """A table that knows how often each column was read."""

    def __init__(self, table) -> None:
        self.name, self.schema, self.n_rows, self._table = table.name, table.schema, table.n_rows, table
        self.times = dict.fromkeys(table.schema.names, 0)

    def shards(self):
        return [_Noted(self, shard, number) for number, shard in enumerate(self._table.shards())]


class _Noted:
    def __init__(self, reads, shard, number) -> None:
        self._reads, self._shard, self._number = reads, shard, number

    def batches(self, columns):
        for name in columns if self._number == 0 else ():
            self._reads.times[name] += 1
        yield from self._shard.batches(columns)


def assert_alike(found, source, roles, granularity):
    """Compare with what two reads give: the grid, every payload, every sample."""
    grid, counted = found
    expected = make_grid(source, roles=roles, granularity=granularity, settings=SMALL)
    assert grid.grid_id == expected.grid_id
    twice = count(expected, source, roles, granularity=granularity, settings=SMALL)
    assert counted.rows == twice.rows
    assert all(counted.blocks(*key) == twice.blocks(*key) for key in twice.rows)
    assert counted.samples.keys() == twice.samples.keys()
    assert all(counted.samples[day].to_bytes() == sample.to_bytes() for day, sample in twice.samples.items())


@pytest.mark.parametrize("granularity", ["day", "rows:500", "month"])
@pytest.mark.parametrize("segment", [None, "segment"])
def test_the_counts_are_those_of_two_reads(cut, mixed, granularity, segment):
    """Bit by bit, sums and samples included, for granules by date and by number of rows, with segments."""
    table, unit = mixed(3_000, 1), Granularity.parse(granularity)
    source, roles = cut(table, 700, 90), roles_of(table, segment=segment)
    found = place_and_count(source, roles=roles, granularity=unit, settings=SMALL, executor=Threads(3))
    assert_alike(found, source, roles, unit)


def test_more_columns_than_a_block_holds(cut):
    """Parts end where blocks do."""
    rng = np.random.default_rng(1)
    table = pa.table({"when": ["2026-01-01", "2026-01-02"] * 30, **{f"x{i}": rng.normal(size=60) for i in range(120)}})
    source, roles = cut(table, 25), roles_of(table)
    assert_alike(place_and_count(source, roles=roles, granularity=DAY, settings=SMALL), source, roles, DAY)


def test_every_column_is_read_once(cut, mixed):
    """But for the date, which each part of the columns needs."""
    table = mixed(300, 5)
    source = Reads(cut(table, 100))
    place_and_count(source, roles=roles_of(table), granularity=DAY, settings=DriftSettings(threads=1))
    times = source.times
    assert {name: times[name] for name in times if name not in {"when", "segment"}} == dict.fromkeys(
        [name for name in times if name not in {"when", "segment"}], 1
    )
    assert (times["when"], times["segment"]) == (1, 0)


@pytest.mark.parametrize(("limit", "value"), [("BUFFER_VALUES", 1_000), ("MAX_PLACED", 100)])
def test_what_does_not_fit_is_read_twice(cut, mixed, monkeypatch, limit, value):
    """With the same counts."""
    table = mixed(900, 6)
    monkeypatch.setattr(placing, limit, value)
    source = Reads(cut(table, 400))
    found = place_and_count(source, roles=roles_of(table), granularity=DAY, settings=SMALL)
    assert source.times["normal"] >= 2
    assert_alike(found, cut(table, 400), roles_of(table), DAY)


def test_long_texts_are_not_held(cut):
    """Their size shows in the first rows."""
    table = pa.table({"when": ["2026-01-01"] * 2_000, "note": ["x" * 100 + str(i % 7) for i in range(2_000)]})
    source = Reads(cut(table, 1_000, 100))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(placing, "BUFFER_VALUES", 8_000)
        found = place_and_count(source, roles=roles_of(table), granularity=DAY, settings=DriftSettings(threads=1))
    assert source.times["note"] == 3
    assert found[1].rows == {("2026-01-01", ""): 2_000}


def test_progress_is_told(cut, mixed):
    """From 0 to 1."""
    told = []
    place_and_count(cut(mixed(300, 5)), settings=SMALL, progress=lambda share, note: told.append((share, note)))
    assert told[-1][0] == 1.0
