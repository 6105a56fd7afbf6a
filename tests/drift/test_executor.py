"""The same counts wherever they are made."""

import sys
import threading
from importlib import import_module

import pytest

from monitor_core.drift.build import build
from monitor_core.drift.count import count
from monitor_core.drift.executor import Threads
from monitor_core.errors import MissingExtra
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.values import Granularity

DAY = Granularity.parse("day")


def roles_of(table):
    special = {"when": Role.TIMESTAMP, "segment": Role.IGNORED}
    roles = ((name, special.get(name, Role.FEATURE)) for name in table.schema.names)
    return Roles(tuple(roles), segment="segment")


def payloads(counted):
    return {key: counted.blocks(*key) for key in counted.rows}


@pytest.mark.parametrize("count_", [1, 2, 7])
def test_results_come_in_order(count_):
    """However many threads, results follow the items."""
    assert list(Threads(count_).map(lambda n: n * n, range(50))) == [n * n for n in range(50)]


def test_an_exception_comes_in_its_turn():
    """What came before a failure is delivered first."""
    results = Threads(2).map(lambda n: 1 // n, [1, 1, 0, 1])
    assert [next(results), next(results)] == [1, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_leaving_early_stops_the_work():
    """Parts that nobody waits for are not started."""
    started, gate = [], threading.Event()
    results = Threads(2).map(lambda n: (started.append(n), gate.wait(0.01)), range(100))
    next(results)
    results.close()
    assert len(started) < 20


@pytest.fixture(scope="module")
def dask_executor():
    """A small Dask cluster in this process."""
    import distributed

    from monitor_core.drift.executor_dask import Dask

    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield Dask(client)


@pytest.fixture(scope="module")
def spark():
    """A local Spark session whose workers run this Python and whose ports are on loopback."""
    from pyspark import sql

    options = {
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        session = sql.SparkSession.builder.master("local[2]").config(map=options).getOrCreate()
        yield session
        session.stop()


def test_dask_counts_are_those_of_threads(cut, mixed, dask_executor):
    """Baseline and counts are bit-identical."""
    table = mixed(2_000, 1)
    source, roles = cut(table, 300, 90), roles_of(table)
    here = build(source, roles=roles, granularity=DAY)
    there = build(source, roles=roles, granularity=DAY, executor=dask_executor)
    assert there.sha256 == here.sha256
    counted = count(here.grid, source, roles, granularity=DAY, executor=dask_executor)
    assert payloads(counted) == payloads(count(here.grid, source, roles, granularity=DAY))
    assert counted.samples.keys() == set(counted.granules)


@pytest.mark.spark
def test_spark_counts_of_shards_are_those_of_threads(cut, mixed, spark):
    """Files counted by shard are bit-identical."""
    from monitor_core.drift.executor_spark import Spark

    table = mixed(1_000, 2)
    source, roles = cut(table, 300, 90), roles_of(table)
    grid = build(source, roles=roles, granularity=DAY).grid
    counted = count(grid, source, roles, granularity=DAY, executor=Spark(spark))
    assert payloads(counted) == payloads(count(grid, source, roles, granularity=DAY))


@pytest.mark.spark
@pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_spark_tables_are_counted_where_they_lie(cut, mixed, spark):
    """A Spark table gives the same counts; only the last digits of sums depend on its partitions."""
    from monitor_core.drift.executor_spark import count_frame

    table = mixed(1_000, 3)
    roles = roles_of(table)
    grid = build(cut(table), roles=roles, granularity=DAY).grid
    frame = spark.createDataFrame(table).repartition(3)
    there = count_frame(grid, frame, roles, granularity=DAY)
    here = count(grid, cut(table), roles, granularity=DAY)
    assert there.rows == here.rows
    for key in here.rows:
        one, other = here.summary(*key), there.summary(*key)
        assert (one.cells == other.cells).all()
        assert (one.tallies == other.tallies).all()
        assert (one.extremes == other.extremes).all()


@pytest.mark.parametrize(("module", "name", "extra"), [("dask", "Dask", "distributed"), ("spark", "Spark", "pyspark")])
def test_a_missing_extra_is_named(module, name, extra, monkeypatch):
    """Without the engine installed the message says what to install."""
    for part in [part for part in sys.modules if part.split(".")[0] == extra]:
        monkeypatch.delitem(sys.modules, part)
    monkeypatch.setitem(sys.modules, extra, None)
    engine = getattr(import_module(f"monitor_core.drift.executor_{module}"), name)
    with pytest.raises(MissingExtra, match=rf"{extra}.*\[{module}\]"):
        engine()
