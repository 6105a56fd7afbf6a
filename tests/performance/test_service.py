"""The service: from deliveries to views, as of any moment."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from monitor_core.errors import InvalidInput, NotFound
from monitor_core.performance.service import ESTIMATED_METRICS, ROLLING_METRICS, PerformanceService
from monitor_core.settings import PerformanceSettings, Settings
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.snapshots.sources import open_source
from monitor_core.values import ModelRef

REF, NEXT = ModelRef("churn", "1"), ModelRef("churn", "2")
LAST = date(2026, 11, 20)


@pytest.fixture
def desk(sqlite_engine, clock, desk_class):
    """Views do not depend on the database; what they read is tested on each with the store."""
    return desk_class(sqlite_engine, clock)


@pytest.fixture
def service(desk):
    return serve(desk)


def serve(desk, **rules):
    settings = Settings(performance=PerformanceSettings(**{"horizon": 0, **rules}))
    return PerformanceService(desk.engine, desk.models, desk.trail, settings, desk.clock)


def rows(days=40, a_day=60, *, seed=0, last=LAST, wrong=0.0, known_after=0):
    """Scored predictions and their labels; a share `wrong` of labels is turned round."""
    rng = np.random.default_rng(seed)
    when = [str(last - timedelta(days=days - 1 - day)) for day in range(days) for _ in range(a_day)]
    score = rng.beta(0.8, 1.2, len(when)).round(6)
    label = (rng.random(len(when)) < score) ^ (rng.random(len(when)) < wrong)
    return {
        "id": [f"{last}-{place}" for place in range(len(when))],
        "when": when,
        "predicted": (score >= 0.5).astype(int).tolist(),
        "score": score.tolist(),
        "label": label.astype(int).tolist(),
        "known": [str(date.fromisoformat(day) + timedelta(days=known_after)) for day in when],
    }


def pick(table, *names, where=None):
    kept = range(len(table["id"])) if where is None else np.flatnonzero(where).tolist()
    return {name: [table[name][place] for place in kept] for name in names}


def upload(service, table):
    roles = {"predicted": Role.PREDICTION, "score": Role.SCORE, "label": Role.LABEL}
    source = open_source(pa.table(pick(table, *roles)))
    return service.baseline_from_upload(source, Roles(tuple(roles.items())), REF, actor="ann")


PREDICTED, LABELLED = ("id", "when", "predicted", "score"), ("id", "when", "label", "known")


class TestWindow:
    def test_a_window_is_what_was_delivered(self, desk, service):
        table = rows()
        desk.take(table)
        found = service.window(REF, granules=7)
        part = np.array(table["when"]) >= "2026-11-14"
        label, predicted = (np.array(table[name])[part] for name in ("label", "predicted"))
        assert (found.span.first, found.span.last, found.due) == ("2026-11-14", "2026-11-20", 420)
        assert found.counts.true_positives == int((label & predicted).sum())
        assert found.metric("roc_auc").n == 420
        assert (found.state, found.ref, found.as_of) == ("full", REF, desk.clock())

    def test_long_windows_see_everything(self, desk, service):
        desk.take(rows())
        assert service.window(REF, granules=30).due == 1_800
        assert service.window(REF, granules=90).due == 2_400
        assert service.window(REF, span=("2026-10-20", "2026-10-21")).due == 120

    def test_nothing_delivered_is_no_error(self, service):
        found = service.window(REF)
        assert (found.state, found.span) == ("none", None)

    def test_an_unknown_model_is(self, service):
        with pytest.raises(NotFound):
            service.window(ModelRef("nobody", "1"))

    def test_segments_are_judged_alone(self, desk, service):
        table = rows(10)
        table["region"] = [("east", "west")[place % 3 == 0] for place in range(len(table["id"]))]
        desk.take(table, segment="region")
        assert service.store.segments(REF) == ("east", "west")
        east, west, whole = (service.window(REF, segment=name) for name in ("east", "west", ""))
        assert (east.due, west.due, whole.due) == (400, 200, 600)
        assert east.segment == "east"

    def test_late_labels_wait_for_their_horizon(self, desk):
        """The horizon is learned: labels take three days."""
        table = rows(known_after=3)
        desk.take(pick(table, *PREDICTED), kind="predictions")
        known = np.array(table["known"]) <= "2026-11-21"
        desk.take(pick(table, *LABELLED, where=known), kind="labels")
        service = serve(desk, horizon=-1)
        delays = service.delays(REF)
        assert (delays.horizon, delays.horizon_from) == (3, "observed")
        found = service.window(REF, granules=7)
        assert found.span.last == "2026-11-18"
        assert (found.coverage, found.immature) == (1.0, 120)

    def test_a_segment_takes_the_horizon_of_the_whole(self, desk):
        table = rows(known_after=3)
        table["region"] = ["east"] * len(table["id"])
        desk.take(pick(table, *PREDICTED, "region"), kind="predictions", segment="region")
        desk.take(pick(table, *LABELLED, where=np.array(table["known"]) <= "2026-11-20"), kind="labels")
        service = serve(desk, horizon=-1)
        assert service.window(REF, segment="east").span == service.window(REF).span


class TestAsOf:
    @pytest.fixture
    def desk(self, engine, clock, desk_class):
        return desk_class(engine, clock)

    def test_yesterdays_view_is_the_same_today(self, desk, service):
        table = rows()
        desk.take(table)
        service.baseline_from_values(REF, {"f1": 0.7}, actor="ann")
        then = desk.clock()
        before = (service.window(REF), service.rolling(REF, "f1"), service.sequential(REF), service.delays(REF))
        desk.clock.advance(days=1)
        turned = pick(table, *LABELLED)
        turned["label"] = [1 - label for label in turned["label"]]
        desk.take(turned, kind="labels")
        service.baseline_from_values(REF, {"f1": 0.9}, actor="ann")
        service.decide(REF, action="acknowledge", reason="seen", actor="ann")
        after = (
            service.window(REF, as_of=then),
            service.rolling(REF, "f1", as_of=then),
            service.sequential(REF, as_of=then),
            service.delays(REF, as_of=then),
        )
        assert after == before
        assert service.window(REF).metric("f1").estimate < 0.6

    def test_what_it_was_held_against_then_stays(self, desk, service):
        first = service.baseline_from_values(REF, {"f1": 0.7}, actor="ann")
        desk.clock.advance(days=1)
        second = service.baseline_from_values(REF, {"f1": 0.8}, actor="ann")
        then = desk.clock.advance(days=1)
        service.activate_baseline(first.baseline_id, actor="ann")
        desk.clock.advance(days=1)
        service.delete_baseline(first.baseline_id, actor="ann")
        assert service.baseline(REF, as_of=then - timedelta(hours=1)).number == second.number
        assert service.baseline(REF, as_of=then) is None  # the first, which is gone
        assert service.baseline(REF) is None

    def test_before_anything_there_was_nothing(self, desk, service):
        desk.take(rows())
        early = desk.clock() - timedelta(days=400)
        assert service.window(REF, as_of=early).state == "none"
        assert service.baseline(REF, as_of=early) is None


class TestRolling:
    @pytest.mark.parametrize("metric", ROLLING_METRICS)
    def test_it_ends_as_the_window_does(self, desk, service, metric):
        desk.take(rows(20, known_after=0))
        window, found = service.window(REF, granules=7), service.rolling(REF, metric, window=7)
        alone = window.metric(metric)
        assert found.estimate[-1] == pytest.approx(alone.estimate, abs=2e-3)
        assert found.low[-1] == pytest.approx(alone.low, abs=2e-2)
        assert len(found.granules) == 20

    def test_a_model_that_scores_the_same_people_daily_widens(self, desk, service):
        table = rows(20, 60)
        right = np.arange(1_200) % 60 < 40
        table |= {"id": [f"p{place % 60}" for place in range(1_200)], "predicted": [1] * 1_200}
        table["label"] = right.astype(int).tolist()
        desk.take(table)
        window, found = service.window(REF, granules=7), service.rolling(REF, "f1", window=7)
        assert window.design_effect_from == "entities"
        assert found.low[-1] == pytest.approx(window.metric("f1").low)


class TestBaseline:
    def test_a_past_period_is_held_against(self, desk, service):
        desk.take(rows(40, wrong=0.0))
        made = service.baseline_from_span(REF, "2026-10-12", "2026-10-31", actor="ann")
        assert made.counts.labelled == 1_200
        assert {metric.name for metric in made.metrics} >= {"f1", "roc_auc"}
        found = service.window(REF, granules=7)
        assert set(found.probabilities) == {0.0, 0.03, 0.05, 0.10}
        assert found.relative_drop is not None

    def test_bare_values_say_so(self, service):
        made = service.baseline_from_values(REF, {"f1": 0.72}, actor="ann")
        assert made.metrics[0].badge == "a bare value: its uncertainty is unknown"
        assert service.baseline(REF) == made

    def test_an_uploaded_test_set_tells_how_much_its_pieces_differ(self, desk, service):
        desk.take(rows(10))
        upload(service, rows(20, 500, seed=5))
        assert service.estimated(REF).badge == "estimated, if the concept is unchanged"
        assert service.baseline(REF).counts.labelled == 10_000

    def test_a_small_test_set_does_not(self, desk, service):
        desk.take(rows(10))
        upload(service, rows(4, 500, seed=5))
        assert "the band may be too narrow" in service.estimated(REF).badge

    def test_the_active_one_counts(self, service):
        first = service.baseline_from_values(REF, {"f1": 0.72}, actor="ann")
        service.baseline_from_values(REF, {"f1": 0.8}, actor="ann")
        service.activate_baseline(first.baseline_id, actor="ann")
        assert service.baseline(REF).given == {"f1": 0.72}
        assert [item.number for item in service.baselines(REF)] == [2, 1]
        service.delete_baseline(first.baseline_id, actor="ann")
        assert service.baseline(REF) is None


class TestEvidence:
    def fall(self, desk, service):
        desk.take(rows(40, last=date(2026, 10, 31), seed=1))
        service.baseline_from_span(REF, "2026-09-22", "2026-10-31", actor="ann")
        desk.take(rows(20, wrong=0.4, seed=2))

    def test_a_fall_is_found(self, desk, service):
        self.fall(desk, service)
        found = service.sequential(REF)
        assert found.alarm > "2026-10-31"
        assert found.relevant_per_granule > 20

    def test_acknowledging_begins_anew(self, desk, service):
        self.fall(desk, service)
        alarm = service.sequential(REF).alarm
        desk.clock.advance(minutes=1)
        service.decide(REF, action="acknowledge", reason="a new campaign", actor="ann")
        found = service.sequential(REF)
        assert (found.alarm, found.first_alarm) == (None, alarm)
        assert found.acknowledged_at == desk.clock()

    def test_without_a_baseline_it_says_so(self, desk, service):
        desk.take(rows(5))
        assert service.sequential(REF).reason == "no baseline performance to hold F1 against"


class TestScores:
    def test_cut_offs_and_reliability_are_of_the_window(self, desk, service):
        desk.take(rows())
        curve, shown = service.thresholds(REF, granules=7), service.reliability(REF, granules=7)
        window = service.window(REF, granules=7)
        assert curve.true_positives[50] == window.counts.true_positives
        assert sum(shown.n) == 420

    @pytest.mark.parametrize("metric", ESTIMATED_METRICS)
    def test_estimates_are_graded(self, desk, service, metric):
        desk.take(rows(60))
        service.baseline_from_span(REF, "2026-09-22", "2026-10-31", actor="ann")
        found = service.estimated(REF, metric, window=7)
        assert found.covered > 0.8
        assert found.badge == "estimated, if the concept is unchanged"

    def test_no_estimate_without_scores_in_the_baseline(self, desk, service):
        desk.take(rows(5))
        assert service.estimated(REF).badge == "no estimate: there is no baseline performance"
        service.baseline_from_values(REF, {"f1": 0.7}, actor="ann")
        assert "fewer than 100" in service.estimated(REF).badge


class TestCompare:
    def test_versions_on_the_same_rows_are_paired(self, desk, service):
        table = rows(10)
        desk.take(table)
        other = pick(table, *PREDICTED)
        other["predicted"] = [int(score >= 0.8) for score in other["score"]]
        desk.take(other, kind="predictions", version="2")
        found = service.compare(REF, "2")
        assert found.method == "paired"
        assert sum(found.cells) == 600
        assert found.current.span == found.other.span
        label, mine, theirs = (np.array(part) for part in (table["label"], table["predicted"], other["predicted"]))
        assert found.cells == tuple(np.bincount(4 * label + 2 * mine + theirs, minlength=8).tolist())

    def test_versions_at_different_times_are_not(self, desk, service):
        desk.take(rows(10, last=date(2026, 10, 31)))
        desk.take(rows(10, seed=3), version="2")
        found = service.compare(NEXT, "1", granules=7)
        assert found.method == "apart"
        assert (found.current.span.last, found.other.span.last) == ("2026-11-20", "2026-10-31")

    def test_a_version_is_not_compared_with_itself(self, service):
        with pytest.raises(InvalidInput, match="itself"):
            service.compare(REF, "1")


def test_windows_of_days_by_granularity(service):
    assert [service.granules_in(REF, days) for days in (7, 30, 90)] == [7, 30, 90]


def test_decisions_are_listed(desk, service):
    service.decide(REF, action="watch", reason="one more week", advised="watch", evidence={"tp": 84}, actor="ann")
    (found,) = service.decisions("churn")
    assert (found.action, found.decided_by, found.decided_at) == (
        "watch",
        "ann",
        datetime(2026, 11, 21, 12, tzinfo=UTC),
    )
