"""Intervals of proportions and of F1."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as reference
from sklearn.metrics import f1_score

from monitor_core.errors import InvalidInput
from monitor_core.stats import (
    f1_from_f_star,
    f1_interval,
    f1_intervals,
    f_star_from_f1,
    wilson,
    wilson_intervals,
)

counts = st.integers(0, 100_000)
effects = st.floats(1.0, 20.0)


class TestF1:
    @pytest.mark.parametrize(
        ("tp", "errors", "deff", "expected"),
        [
            (84, 83, 1.0, (0.66932271, 0.59939284, 0.73249355)),
            (0, 5, 1.0, (0.0, 0.0, 0.60576895)),
            (68, 56, 2.5, (2 * 68 / 192, 0.58300651, 0.80837391)),
        ],
    )
    def test_the_worked_values(self, tp, errors, deff, expected):
        """To eight figures."""
        result = f1_interval(tp, errors, deff=deff)
        assert (result.estimate, result.low, result.high) == pytest.approx(expected, abs=1e-8)

    def test_without_relevant_cases_it_is_undefined(self):
        """Nothing is known, and nothing is excluded."""
        result = f1_interval(0, 0)
        assert np.isnan(result.estimate)
        assert (result.low, result.high) == (0.0, 1.0)

    @given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
    @settings(deadline=None)
    def test_the_estimate_is_that_of_scikit_learn(self, rows):
        """Where scikit-learn has no F1 neither do we."""
        label, predicted = zip(*rows, strict=True)
        tp = sum(a and b for a, b in rows)
        errors = sum(a != b for a, b in rows)
        expected = f1_score(label, predicted, zero_division=np.nan)
        assert f1_interval(tp, errors).estimate == pytest.approx(expected, nan_ok=True)

    @given(counts, counts, effects)
    @settings(deadline=None)
    def test_the_interval_holds_the_estimate(self, tp, errors, deff):
        """And lies within 0..1."""
        result = f1_interval(tp, errors, deff=deff)
        assert 0.0 <= result.low <= result.high <= 1.0
        if tp + errors:
            assert result.low <= result.estimate <= result.high

    @given(counts, counts, st.floats(0.5, 0.98), st.floats(0.001, 0.019))
    @settings(deadline=None)
    def test_more_confidence_is_wider(self, tp, errors, confidence, more):
        """Whatever the counts."""
        narrow = f1_interval(tp, errors, confidence=confidence)
        wide = f1_interval(tp, errors, confidence=confidence + more)
        assert wide.low <= narrow.low + 1e-15
        assert wide.high >= narrow.high - 1e-15

    @given(st.integers(1, 10_000), st.integers(1, 10_000), st.integers(2, 10))
    @settings(deadline=None)
    def test_a_design_effect_is_that_many_fewer_cases(self, tp, errors, times):
        """Ten times the rows with a design effect of ten say what the rows once said."""
        once, clustered = f1_interval(tp, errors), f1_interval(tp * times, errors * times, deff=float(times))
        assert (clustered.low, clustered.high) == pytest.approx((once.low, once.high))

    def test_few_clusters_are_wider(self):
        """Student's t with few degrees of freedom reaches farther than the normal distribution."""
        few, many, endless = (f1_interval(84, 83, dof=dof) for dof in (3, 300, np.inf))
        assert few.low < many.low < endless.low
        assert endless == f1_interval(84, 83)

    def test_many_windows_at_once_are_the_windows_one_by_one(self):
        """Design effect and freedom may differ by window."""
        tp, errors, deff, dof = [84, 0, 7, 0], [83, 5, 0, 0], [1.0, 1.2, 3.0, 2.0], [np.inf, 6.0, 3.0, 9.0]
        table = np.stack(f1_intervals(tp, errors, deff=deff, dof=dof), axis=-1)
        rows = [f1_interval(a, b, deff=c, dof=d) for a, b, c, d in zip(tp, errors, deff, dof, strict=True)]
        assert table == pytest.approx(np.array([[r.estimate, r.low, r.high] for r in rows]), nan_ok=True)

    @given(st.floats(0, 1))
    @settings(deadline=None)
    def test_f_star_and_f1_say_the_same(self, f1):
        """There and back."""
        assert float(f1_from_f_star(f_star_from_f1(f1))) == pytest.approx(f1)


class TestWilson:
    @given(st.integers(0, 500), st.integers(1, 500), st.floats(0.5, 0.999))
    @settings(deadline=None)
    def test_equals_scipy(self, hits, n, confidence):
        """Independent cases."""
        hits = min(hits, n)
        expected = reference.binomtest(hits, n).proportion_ci(confidence, method="wilson")
        result = wilson(hits, n, confidence=confidence)
        assert (result.low, result.high) == pytest.approx((expected.low, expected.high), abs=1e-12)

    @given(st.integers(0, 500), st.integers(0, 500), effects)
    @settings(deadline=None)
    def test_mirrors(self, hits, misses, deff):
        """Successes and failures swapped turn the interval round."""
        ours = wilson(hits, hits + misses, deff=deff)
        mirrored = wilson(misses, hits + misses, deff=deff)
        assert (ours.low, ours.high) == pytest.approx((1 - mirrored.high, 1 - mirrored.low), abs=1e-12)

    def test_none_and_all_touch_the_edge(self):
        """Exactly, without rounding."""
        assert wilson(0, 7).low == 0.0
        assert wilson(7, 7).high == 1.0

    @pytest.mark.parametrize(
        ("arguments", "options", "words"),
        [
            ((3, 2), {}, "more successes"),
            ((-1, 2), {}, "successes -1"),
            ((1, np.inf), {}, "cases inf"),
            ((np.nan, 2), {}, "successes nan"),
            ((1, 2), {"deff": 0.5}, "design effect 0.5"),
            ((1, 2), {"confidence": 1.0}, "confidence"),
            ((1, 2), {"dof": 0.0}, "degrees of freedom"),
        ],
    )
    def test_what_cannot_be_is_refused(self, arguments, options, words):
        """With the value."""
        with pytest.raises(InvalidInput, match=words):
            wilson(*arguments, **options)

    def test_shapes_broadcast(self):
        """Thresholds by windows, say."""
        estimate, low, high = wilson_intervals(np.ones((3, 1)), np.full(4, 9), dof=np.full((3, 4), 5.0))
        assert estimate.shape == low.shape == high.shape == (3, 4)
