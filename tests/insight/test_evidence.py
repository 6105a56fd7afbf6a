"""Evidence put together from results of performance, drift and deployments."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from monitor_core.insight.drift_state import DriftState
from monitor_core.insight.evidence import Previous, as_json, assemble, previous_live
from monitor_core.performance.advice import Evidence
from monitor_core.performance.counts import Counts
from monitor_core.performance.results import BaselinePerformance, Comparison, Sequential, Span, WindowMetrics
from monitor_core.settings import PerformanceSettings
from monitor_core.storage.deployments import Deployment
from monitor_core.values import Granularity, ModelRef, Severity

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
REF, OLD = ModelRef("churn", "2"), ModelRef("churn", "1")


def window(ref=REF, counts=(300, 200, 300, 5_000), due=6_000, deff=1.5, span=("2026-10-22", "2026-11-20")):
    return WindowMetrics(
        ref=ref,
        segment="",
        span=Span(*span, 30) if span else None,
        as_of=NOW,
        counts=Counts(due, *counts),
        due=due,
        immature=0,
        coverage=sum(counts) / due if due else None,
        state="full",
        reasons=(),
        design_effect=deff,
        design_effect_from="granules",
        clusters=30,
        metrics=(),
        f1_bounds=None,
        severity=Severity.HIGH,
        relative_drop=None,
        probabilities={},
    )


def baseline(counts=None, given=None):
    return BaselinePerformance("b", REF, 1, {}, counts, given or {}, (), True, NOW, "ann")


def sequential(first_alarm=None, alarm=None):
    return Sequential((), (), 20.0, alarm, None, 0.5, 1.0, "guaranteed", 10.0, {}, {}, None, first_alarm)


def put(window=None, *, granularity="day", settings=None, **parts):
    parts = {"sequential": sequential(), **parts}
    window = WINDOW if window is None else window
    return assemble(
        window, granularity=Granularity.parse(granularity), settings=settings or PerformanceSettings(), **parts
    )


WINDOW = window()


class TestAssemble:
    def test_counts_and_rates(self):
        """What the window counted, and how much comes in a day."""
        found = put()
        assert (found.current, found.predictions, found.labelled, found.design_effect) == (
            (300, 500),
            6_000,
            5_800,
            1.5,
        )
        assert (found.false_positives, found.false_negatives) == (200, 300)
        assert found.labels_per_day == pytest.approx(5_800 / 30)
        assert (found.model, found.version) == ("churn", "2")

    @pytest.mark.parametrize(
        ("granularity", "span", "days"),
        [
            ("year", ("2025", "2026"), 730),
            ("hour", ("2026-11-20T00", "2026-11-20T11"), 0.5),
            ("rows:500", ("#00000001", "#00000012"), None),
            ("day", None, None),
        ],
    )
    def test_rates_of_other_granules(self, granularity, span, days):
        """By the calendar; blocks of rows have none."""
        found = put(window(span=span), granularity=granularity)
        assert found.predictions_per_day == (None if days is None else pytest.approx(6_000 / days))

    def test_baseline_with_counts(self):
        """Its own counts, with its own design effect."""
        found = put(baseline=baseline(Counts(9_000, 900, 300, 400, 7_400)), baseline_design_effect=3.0)
        assert (found.baseline, found.baseline_design_effect, found.baseline_f1) == ((900, 700), 3.0, None)

    def test_bare_baseline(self):
        """A value without counts stays one."""
        found = put(baseline=baseline(given={"f1": 0.72, "recall": 0.7}))
        assert (found.baseline, found.baseline_f1) == (None, 0.72)

    @pytest.mark.parametrize("held", [None, baseline(given={"recall": 0.7})])
    def test_no_baseline(self, held):
        """Without F1 there is nothing to hold against."""
        found = put(baseline=held)
        assert (found.baseline, found.baseline_f1) == (None, None)

    def test_acknowledging_does_not_unsay(self):
        """What was gathered once stays gathered."""
        assert put(sequential=sequential(first_alarm="2026-11-01", alarm=None)).sustained
        assert not put(sequential=sequential()).sustained

    def test_drift(self):
        """Sizes, and the fault in words."""
        found = put(drift=DriftState("2026-11-20", 0.4, 0.5, "age: 13% missing"))
        assert (found.drift_share, found.worst_psi, found.data_fault) == (0.4, 0.5, "age: 13% missing")
        assert (put().drift_share, put().worst_psi, put().data_fault) == (None, None, False)

    def test_costs_come_from_the_settings(self):
        """Only when errors cost anything."""
        priced = put(settings=PerformanceSettings(cost_false_negative=10.0, switching_cost=0.01))
        assert (priced.cost_false_positive, priced.cost_false_negative, priced.switching_cost) == (0.0, 10.0, 0.01)
        assert put().cost_false_negative is None


class TestPreviousVersion:
    PREVIOUS = Previous(OLD, 12)

    def compare(self, cells=(0,) * 8, counts=(880, 320, 400, 4_000)):
        return Comparison(WINDOW, window(OLD, counts, deff=2.0), cells, {}, "apart")

    def test_its_own_rows(self):
        """Where both share no rows, each has its own."""
        found = put(comparison=self.compare(), previous=self.PREVIOUS)
        assert (found.previous, found.previous_age_days, found.previous_version) == ((880, 720), 12, "1")
        assert (found.previous_design_effect, found.paired) == (2.0, None)

    @pytest.mark.parametrize(("rows", "is_paired"), [(59, False), (60, True)])
    def test_the_same_rows_if_they_are_enough(self, rows, is_paired):
        """Thirty effective relevant cases (design effect 2) make a paired comparison."""
        found = put(comparison=self.compare((9_000, 0, 0, 0, 0, rows, 0, 0)), previous=self.PREVIOUS)
        assert (found.paired is not None) == is_paired
        assert found.previous == (880, 720)

    def test_without_labels(self):
        """A version that was never labelled cannot be compared with."""
        found = put(comparison=self.compare(counts=(0, 0, 0, 0)), previous=self.PREVIOUS)
        assert (found.previous, found.paired) == (None, None)


def deployed(version, start, end=None, stage="live"):
    """Days before now."""
    ended = None if end is None else NOW - timedelta(days=end)
    started = NOW - timedelta(days=start)
    return Deployment(version, ModelRef("churn", version), stage, started, ended, "ann", started)


class TestPreviousLive:
    HISTORY = (
        deployed("3", 10),
        deployed("2", 100, 10),
        deployed("1", 300, 100),
        deployed("4", 5, stage="shadow"),
    )

    @pytest.mark.parametrize(("version", "previous", "age"), [("3", "2", 10), ("2", "1", 100)])
    def test_the_one_before(self, version, previous, age):
        """Live before it, and not since."""
        found = previous_live(self.HISTORY, ModelRef("churn", version), as_of=NOW)
        assert (found.ref.version, found.age_days) == (previous, age)

    @pytest.mark.parametrize("version", ["1", "4", "5"])
    def test_none(self, version):
        """The first, a shadow, and one that never served have none before them."""
        assert previous_live(self.HISTORY, ModelRef("churn", version), as_of=NOW) is None

    def test_as_of(self):
        """What came later is not seen: on that day version 2 had served for 50 days."""
        found = previous_live(self.HISTORY, ModelRef("churn", "2"), as_of=NOW - timedelta(days=50))
        assert (found.ref.version, found.age_days) == ("1", 50)
        assert previous_live(self.HISTORY, ModelRef("churn", "3"), as_of=NOW - timedelta(days=50)) is None

    def test_whole_days(self):
        """Evidence must not change with the second at which it is looked at."""
        later = NOW + timedelta(hours=5)
        assert previous_live(self.HISTORY, ModelRef("churn", "3"), as_of=later).age_days == 10

    def test_a_version_that_came_back(self):
        """1, 2, then 1 again: before it was 2."""
        history = (deployed("1", 10), deployed("2", 50, 10), deployed("1", 90, 50))
        assert previous_live(history, ModelRef("churn", "1"), as_of=NOW).ref.version == "2"


def test_evidence_is_json():
    """Every field, as JSON has it; and back."""
    held = put(comparison=TestPreviousVersion().compare((9, 0, 0, 0, 0, 90, 0, 0)), previous=Previous(OLD, 1))
    written = json.loads(json.dumps(as_json(held), allow_nan=False))
    back = Evidence(**{name: tuple(value) if isinstance(value, list) else value for name, value in written.items()})
    assert back == held
