"""Reports made from a run as it was read once."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor_core.errors import InvalidInput, NotFound
from monitor_core.jobs import commands, reporting
from monitor_core.jobs.handlers import HANDLERS
from monitor_core.jobs.worker import Worker
from monitor_core.reports.drift import FORMATS
from monitor_core.runtime import open_services
from monitor_core.settings import load
from monitor_core.values import ModelRef

REF = ModelRef("churn", "1")


def parquet(*, days, first, seed):
    rng = np.random.default_rng(seed)
    n = 150 * days
    moments = np.datetime64(first, "s") + np.repeat(np.arange(days), 150).astype("timedelta64[D]")
    plan = pa.array(rng.choice(["a", "b"], n).tolist())
    file = io.BytesIO()
    pq.write_table(pa.table({"when": moments, "age": rng.normal(seed, 1, n), "one": np.ones(n), "plan": plan}), file)
    file.seek(0)
    return file


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    """Give an installation with one run, by segments."""
    folder = tmp_path_factory.mktemp("reporting")
    with open_services(load(environ={}, arguments={"data_dir": folder})) as opened:
        opened.models.add("churn", version="1", actor="ann")
        for purpose, first, seed in (("baseline", "2026-01-01", 1), ("current", "2026-02-01", 2)):
            commands.accept_upload(
                opened,
                [(f"{purpose}.parquet", parquet(days=4, first=first, seed=seed))],
                REF,
                purpose=purpose,
                roles=lambda roles: type(roles)(roles.columns, segment="plan"),
                actor="ann",
            )
        commands.request_run(opened, REF, segment_column="plan", actor="ann")
        Worker(opened, HANDLERS).run_pending()
        assert all(job.error is None for job in commands.queue(opened).list())
        yield opened


def test_details_are_those_of_the_cells(services):
    """Read once for all features, and yet the same."""
    run = services.drift.latest(REF)
    details = reporting._details(services, run, reporting._granules(services, run), lambda _share, _note: None)
    assert set(details) == {"age", "one", "plan"}
    for name, detail in details.items():
        cell = services.drift.cell(run.run_id, name, detail.granule)
        assert (detail.drift, detail.trend_granules) == (cell.drift, cell.trend_granules)
        np.testing.assert_array_equal(detail.trend_psi, cell.trend_psi)
        np.testing.assert_array_equal(detail.trend_noise_q99, cell.trend_noise_q99)
        np.testing.assert_array_equal(detail.distribution.baseline, cell.distribution.baseline)
        np.testing.assert_array_equal(detail.distribution.current, cell.distribution.current)


@pytest.mark.parametrize("form", FORMATS)
def test_reports_are_kept_and_made_anew_alike(services, form):
    """What the job kept equals what would be made now."""
    run = services.drift.latest(REF)
    kept = services.drift.report(run.run_id, form)
    assert kept
    granules = reporting._granules(services, run)
    details = reporting._details(services, run, granules, lambda _share, _note: None)
    assert reporting._make(services, run, form, granules, details) == kept
    assert reporting.report(services, run.run_id, form) == kept


@pytest.fixture
def another_run(services):
    """A second run, gone again afterwards: other tests look at the latest."""
    run = services.drift.run(REF, actor="ann")
    yield run
    services.drift.delete_run(run.run_id, actor="ann")


def test_a_report_of_very_many_cells_is_not_kept(services, another_run, monkeypatch):
    """It is made when asked for, with the same bytes."""
    run = another_run
    monkeypatch.setattr(reporting, "_MOST_CELLS", 2)
    reporting.save_reports(services, run, lambda _share, _note: None)
    assert {form for form in FORMATS if services.drift.report(run.run_id, form)} == {"text", "html", "markdown"}
    assert reporting.report(services, run.run_id, "json") == reporting.report(services, run.run_id, "json")
    assert services.drift.report(run.run_id, "json") is None


def test_what_is_not_there(services):
    """A run or a format."""
    with pytest.raises(NotFound):
        reporting.report(services, "nope", "text")
    with pytest.raises(InvalidInput):
        reporting.report(services, services.drift.latest(REF).run_id, "pdf")
