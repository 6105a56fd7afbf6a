"""One window: what it holds, what it can carry."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from monitor_core.errors import InvalidInput
from monitor_core.performance.counts import Counts
from monitor_core.performance.maturity import maturity
from monitor_core.performance.results import BaselinePerformance
from monitor_core.performance.series import ScoreCounts, series_of
from monitor_core.performance.windows import counts_of, piece_of, window_metrics
from monitor_core.settings import PerformanceSettings
from monitor_core.values import Granularity, ModelRef, Severity

DAY = Granularity.parse("day")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
REF = ModelRef("churn", "1")
BASELINE = BaselinePerformance(
    "b", REF, 1, {}, Counts(true_positives=450, false_positives=200, false_negatives=150), {}, (), True, NOW, "ann"
)


def days(n, last="2026-11-20"):
    end = date.fromisoformat(last)
    return tuple(str(end - timedelta(days=n - 1 - i)) for i in range(n))


def judge(series, *, window=30, span=None, granularity=DAY, baseline=BASELINE, **settings):
    rules = PerformanceSettings(**{"horizon": 0, **settings})
    matured = maturity(series, granularity=granularity, as_of=NOW, settings=rules)
    piece = piece_of(series, matured, granularity=granularity, window=window, span=span)
    return window_metrics(
        series, matured, piece, ref=REF, granularity=granularity, as_of=NOW, settings=rules, baseline=baseline
    )


def steady(n=60, **counts):
    return series_of(days(n), **{"tp": 8, "fp": 4, "fn": 3, "tn": 35, **counts})


class TestSpan:
    def test_a_window_ends_with_the_last_matured_granule(self):
        found = judge(steady(predictions=51), window=7, horizon=3)
        assert (found.span.first, found.span.last, found.span.granules) == ("2026-11-11", "2026-11-17", 7)
        assert found.immature == 3 * 51

    def test_granules_are_counted_by_the_calendar(self):
        """Days without predictions are not made up for by older ones."""
        series = series_of(("2026-10-01", "2026-11-15", "2026-11-20"), tp=50, fp=10)
        found = judge(series, window=7)
        assert found.counts.predictions == 120
        assert (found.span.first, found.span.granules) == ("2026-11-15", 6)

    def test_a_span_is_taken_as_far_as_it_has_matured(self):
        found = judge(steady(predictions=51), span=("2026-11-01", "2026-12-31"), horizon=3)
        assert (found.span.first, found.span.last) == ("2026-11-01", "2026-11-17")

    def test_years_make_windows_of_years(self):
        series = series_of(("2016", "2017", "2018"), tp=[300, 400, 500], fp=100)
        one, three = (judge(series, window=window, granularity=Granularity.parse("year")) for window in (1, 3))
        assert (one.counts.true_positives, three.counts.true_positives) == (500, 1_200)
        assert three.span.granules == 3

    @pytest.mark.parametrize(
        ("window", "span"), [(0, None), (None, None), (7, ("2026-11-02", "2026-11-01")), (7, ("x", "y"))]
    )
    def test_what_is_no_window_is_refused(self, window, span):
        with pytest.raises(InvalidInput):
            judge(steady(), window=window, span=span)

    def test_counts_of_everything_are_the_sum(self):
        total = counts_of(steady(10))
        assert (total.predictions, total.relevant, total.labelled) == (500, 150, 500)


class TestState:
    def test_full_from_90_percent_on(self):
        assert judge(steady(predictions=55)).state == "full"
        assert judge(steady(predictions=56)).state == "partial"

    def test_partial_down_to_half(self):
        found = judge(steady(predictions=100))
        assert found.state == "partial"
        assert found.reasons == ("labels of 50% of the due predictions are known",)
        assert judge(steady(predictions=101)).state == "not_enough"

    def test_too_few_labels_by_coverage_says_how_many_are_missing(self):
        found = judge(steady(predictions=200))
        assert found.reasons == ("labels of 1,500 of 6,000 due predictions: 1,500 missing until 50% are there",)
        assert found.severity is Severity.NONE

    def test_too_few_predictions_says_when_there_will_be_enough(self):
        found = judge(steady(5, tp=4, fp=2, fn=2, tn=2))
        assert found.state == "not_enough"
        assert found.reasons == ("50 of 100 labelled predictions: 50 missing; expected by 2026-11-26, at 10.0 a day",)

    def test_a_window_that_is_too_short_for_ever_says_so(self):
        found = judge(steady(60, tp=4, fp=2, fn=2, tn=2), window=7)
        assert (
            "70 of 100 labelled predictions: 30 missing; at 10.0 a day a window of 7 days never holds"
            in found.reasons[0]
        )

    def test_few_relevant_cases_are_too_few_however_many_rows(self):
        found = judge(steady(30, tp=0, fp=0, fn=[1] * 20 + [0] * 10, tn=1_000))
        assert found.state == "not_enough"
        assert found.reasons[0].startswith("20 of 30 effective relevant cases: 10 missing")

    def test_relevant_cases_are_divided_by_the_design_effect(self):
        clustered = steady(30, tp=[10, 0] * 15, fp=[0, 5] * 15, fn=[0, 5] * 15)
        found = judge(clustered)
        assert found.design_effect > 5
        assert found.state == "not_enough"
        assert "effective relevant cases" in found.reasons[0]

    def test_no_matured_granule_says_when_the_first_is_due(self):
        found = judge(steady(5, predictions=100), horizon=10)
        assert (found.state, found.span, found.coverage) == ("none", None, None)
        assert found.reasons == ("no prediction has matured yet", "the first is due from 2026-11-27 on")
        assert found.immature == 500

    def test_no_predictions_at_all(self):
        found = judge(series_of((), tp=()))
        assert (found.state, found.counts) == ("none", Counts())


class TestBounds:
    def test_missing_labels_at_worst_and_best(self):
        found = judge(steady(30, predictions=60))
        tp, errors, missing = 240, 210, 300
        assert found.f1_bounds == pytest.approx(
            (2 * tp / (2 * tp + errors + missing), 2 * (tp + missing) / (2 * (tp + missing) + errors))
        )

    def test_known_predictions_make_the_best_case_narrower(self):
        """Rows that were predicted negative cannot become true positives."""
        labelled = np.zeros((30, 2, 2, 1_000), dtype=np.int64)
        labelled[:, 1, 1, 900], labelled[:, 1, 0, 900], labelled[:, 0, 1, 100], labelled[:, 0, 0, 100] = 8, 4, 3, 35
        made = labelled.sum(axis=2)
        made[:, 1, 900] += 2
        made[:, 0, 100] += 8
        found = judge(series_of(days(30), tp=8, fp=4, fn=3, tn=35, predictions=60, scores=ScoreCounts(made, labelled)))
        assert found.f1_bounds[1] == pytest.approx(2 * 300 / (2 * 300 + 210))

    def test_the_estimate_lies_between_and_full_windows_have_none(self):
        found = judge(steady(30, predictions=60))
        assert found.f1_bounds[0] <= found.metric("f1").estimate <= found.f1_bounds[1]
        assert judge(steady(30)).f1_bounds is None


class TestLevel:
    def test_the_flagship_is_moderate_by_size_and_unsure(self):
        found = judge(
            series_of(days(30), tp=[84, *[0] * 29], fp=[40, *[0] * 29], fn=[43, *[0] * 29], tn=[1_067, *[0] * 29])
        )
        assert found.severity is Severity.MODERATE
        assert found.relative_drop == pytest.approx((0.72 - 0.66932271) / 0.72)
        assert found.probabilities[0.05] == pytest.approx(0.655604, abs=2e-6)

    def test_no_level_without_enough_data_but_figures(self):
        found = judge(steady(5, tp=1, fp=4, fn=4, tn=5))
        assert found.state == "not_enough"
        assert (found.severity, found.metric("f1").estimate) == (Severity.NONE, pytest.approx(0.2))

    def test_no_level_without_a_baseline(self):
        found = judge(steady(), baseline=None)
        assert (found.severity, found.relative_drop, found.probabilities) == (Severity.NONE, None, {})
