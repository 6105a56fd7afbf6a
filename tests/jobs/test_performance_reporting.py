"""The performance report from real stores: what was known at a moment stays what it says of that moment."""

import io
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor_core.errors import InvalidInput, NotFound
from monitor_core.insight.advice import hash_of
from monitor_core.jobs import commands
from monitor_core.jobs.deliveries import coder_of
from monitor_core.jobs.handlers import HANDLERS
from monitor_core.jobs.performance_reporting import WINDOW_DAYS, gather, report, usual_window
from monitor_core.jobs.worker import Worker
from monitor_core.reports.performance import FORMATS, render
from monitor_core.runtime import open_services
from monitor_core.settings import Settings
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.snapshots.sources import open_source
from monitor_core.values import ModelRef

NEW, OLD = ModelRef("churn", "2"), ModelRef("churn", "1")
ROLES = {
    "id": Role.ENTITY_ID,
    "when": Role.TIMESTAMP,
    "predicted": Role.PREDICTION,
    "score": Role.SCORE,
    "label": Role.LABEL,
    "plan": Role.FEATURE,
    "region": Role.FEATURE,
}


def table(*, days, first="2026-09-01", right=0.85, seed=1, a_day=40):
    """Labelled predictions; `right` of the answers are."""
    rng = np.random.default_rng(seed)
    n = days * a_day
    label = np.random.default_rng(7).random(n) < 0.5
    predicted = np.where(rng.random(n) < right, label, ~label)
    return pa.table(
        {
            "id": [f"{first}-{place}" for place in range(n)],
            "when": np.datetime64(first, "s") + np.repeat(np.arange(days), a_day).astype("timedelta64[D]"),
            "predicted": predicted.astype(np.int8),
            "score": np.clip(np.where(predicted, 0.7, 0.3) + rng.normal(0, 0.1, n), 0.01, 0.99),
            "label": label.astype(np.int8),
            "plan": rng.choice(["basic", "pro"], n).tolist(),
            "region": rng.choice(["north", "south"], n).tolist(),
        }
    )


def roles(rows):
    return Roles(tuple((name, ROLES[name]) for name in rows.column_names), segment="region")


class House:
    """An installation on a clock that tests move."""

    def __init__(self, services, clock):
        self.services, self.clock = services, clock
        services.models.add("churn", version="1", title="Churn", actor="ann")
        services.models.add_version(NEW, actor="ann")

    def take(self, rows, ref, *, kind="labelled", key=None):
        model = self.services.models.get(ref.model_id)
        given = roles(rows) if kind != "labels" else Roles(tuple((name, ROLES[name]) for name in rows.column_names))
        return self.services.deliveries.take_in(
            open_source(rows),
            given,
            ref,
            kind=kind,
            granularity=model.granularity,
            settings=self.services.performance.settings_of(ref),
            idempotency_key=key or f"{ref} {kind} {self.clock()}",
            coder=coder_of(self.services, ref),
            actor="ann",
        )

    def fill(self):
        """A version before, the present one, its baseline, a decision."""
        at = self.clock()
        self.services.deployments.start(OLD, started_at=at - timedelta(days=90), actor="ann")
        self.services.deployments.start(NEW, started_at=at - timedelta(days=60), actor="ann")
        self.services.performance.baseline_from_values(NEW, {"f1": 0.8}, actor="ann")
        self.clock.advance(hours=1)
        test_set = table(days=20, first="2026-06-01")
        self.services.performance.baseline_from_upload(open_source(test_set), roles(test_set), NEW, actor="ann")
        self.take(table(days=60, right=0.7, seed=2), NEW)
        self.take(table(days=60, right=0.85, seed=3), OLD)
        self.services.advice.decide(NEW, action="watch", reason="a first look", actor="ben")
        self.clock.advance(hours=6)

    def written(self, as_of=None):
        document = gather(self.services, NEW, as_of=as_of)
        return {form: render(document, format=form) for form in FORMATS}


@pytest.fixture
def house(database_url, tmp_path, clock):
    with open_services(Settings(data_dir=tmp_path / "data", database_url=database_url), now=clock) as services:
        yield House(services, clock)


@pytest.fixture
def filled(house):
    house.fill()
    return house


def test_yesterdays_report_is_the_same_to_the_byte(filled):
    """Whatever was corrected, decided, deployed, delivered or taken for a baseline since."""
    yesterday = filled.clock()
    before = filled.written()
    assert "a first look" in before["text"].decode()
    assert "CORRECTIONS" not in before["text"].decode()
    filled.clock.advance(days=1)
    services, now = filled.services, filled.clock()

    wrong = table(days=60, right=0.7, seed=2)
    flipped = pa.array(1 - wrong["label"].to_numpy()[:300])
    corrected = wrong.slice(0, 300).select(["id", "when"]).append_column("label", flipped)
    assert filled.take(corrected, NEW, kind="labels").n_corrections == 300
    filled.take(table(days=5, first="2026-11-05", right=0.3, seed=4), NEW)
    services.advice.decide(NEW, action="acknowledge", reason="seen", actor="ben")
    services.deployments.start(OLD, started_at=now - timedelta(days=20), actor="ann")
    services.performance.baseline_from_values(NEW, {"f1": 0.5}, actor="ann")
    services.performance.activate_baseline(services.performance.baselines(NEW)[-1].baseline_id, actor="ann")

    after = filled.written(as_of=yesterday)
    assert {form for form in FORMATS if after[form] != before[form]} == set()
    today = filled.written()
    assert {form for form in FORMATS if today[form] == before[form]} == set()
    assert "CORRECTIONS" in today["text"].decode()


def features(*, first, seed):
    """Data without predictions, as a file: what drift is judged on."""
    rng = np.random.default_rng(seed)
    moments = np.datetime64(first, "s") + np.repeat(np.arange(4), 150).astype("timedelta64[D]")
    file = io.BytesIO()
    pq.write_table(pa.table({"when": moments, "age": rng.normal(40 + 10 * seed, 5, 600)}), file)
    file.seek(0)
    return file


def test_drift_judged_later_changes_no_earlier_report(filled):
    """It stands in the advice from then on."""
    services, yesterday, before = filled.services, filled.clock(), filled.written()
    filled.clock.advance(days=1)
    for purpose, first, seed in (("baseline", "2026-10-01", 1), ("current", "2026-11-01", 2)):
        name = f"{purpose}.parquet"
        file = features(first=first, seed=seed)
        commands.accept_upload(services, [(name, file)], NEW, purpose=purpose, actor="ann")
        Worker(services, HANDLERS).run_pending()
    assert services.drift.latest(NEW) is not None
    assert filled.written(as_of=yesterday) == before
    assert "was not measured" in before["text"].decode()
    assert "was not measured" not in filled.written()["text"].decode()


def test_a_report_names_the_moment_that_gives_it_again(filled):
    """Made without a moment, it is as of now."""
    document = gather(filled.services, NEW)
    assert document.as_of == filled.clock()
    filled.clock.advance(hours=1)
    assert report(filled.services, NEW, "json", as_of=document.as_of) == report(
        filled.services, NEW, "json", as_of=document.as_of
    )


def test_everything_is_of_the_same_moment_and_window(filled):
    """One object behind page, command and HTTP."""
    found = gather(filled.services, NEW, window=14).found
    evidence, advice = filled.services.advice.advice(NEW, as_of=filled.clock(), window=14)
    assert (found.advice, found.evidence_sha256) == (advice, hash_of(evidence))
    assert found.window.span.granules == found.rolling.window == 14
    assert found.comparison.other.ref == OLD
    assert [name for name, _ in found.windows] == [f"{days} days" for days in WINDOW_DAYS]
    assert {window.segment for window in found.segments} == {"north", "south"}
    assert {item.ref for item in found.deployments} == {NEW, OLD}


def test_a_version_about_which_nothing_is_known(house):
    """Every form says so."""
    for form in FORMATS:
        assert report(house.services, NEW, form)
    assert "NOT ENOUGH EVIDENCE" in report(house.services, NEW, "text").decode()


def test_windows_of_days_where_days_do_not_fit(house):
    """Thirty granules, and it is said."""
    house.services.models.add("blocks", version="1", granularity="rows:100", actor="ann")
    ref = ModelRef("blocks", "1")
    assert usual_window(house.services, ref) == 30
    assert "not available at this granularity" in report(house.services, ref, "text").decode()


def test_what_cannot_be_reported(house):
    """The future, an unknown format or version."""
    with pytest.raises(InvalidInput, match="in the future"):
        gather(house.services, NEW, as_of=house.clock() + timedelta(seconds=1))
    with pytest.raises(InvalidInput, match="pdf"):
        report(house.services, NEW, "pdf")
    with pytest.raises(NotFound):
        gather(house.services, ModelRef("nothing", "1"))
