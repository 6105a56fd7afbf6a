"""How well scores rank."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.metrics import average_precision_score, roc_auc_score

from monitor_core.errors import InvalidInput
from monitor_core.stats import average_precision, binned_average_precision, binned_roc_auc, roc_auc

rows = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 9)), min_size=2, max_size=60)
histograms = arrays.arrays(np.int64, (2, 12), elements=st.integers(0, 20))


def split(pairs):
    """Labels and scores, ties likely."""
    y, score = np.array(pairs).T
    return y, score / 10


def delong(y, score):
    """Variance by the definition: placement values of every pair."""
    ones, zeros = score[y == 1], score[y == 0]
    wins = (ones[:, None] > zeros) + 0.5 * (ones[:, None] == zeros)
    return wins.mean(axis=1).var(ddof=1) / len(ones) + wins.mean(axis=0).var(ddof=1) / len(zeros)


class TestRocAuc:
    @given(rows)
    @settings(deadline=None)
    def test_the_estimate_is_that_of_scikit_learn(self, pairs):
        """Ties count half; with one class only it is undefined."""
        y, score = split(pairs)
        result = roc_auc(y, score)
        if 0 < y.sum() < y.size:
            assert result.auc == pytest.approx(roc_auc_score(y, score))
        else:
            assert np.isnan(result.auc)
            assert (result.low, result.high) == (0.0, 1.0)

    @given(rows)
    @settings(deadline=None)
    def test_the_variance_is_delongs(self, pairs):
        """From all pairs, at two rows of each class or more."""
        y, score = split(pairs)
        if 2 <= y.sum() <= y.size - 2:
            assert roc_auc(y, score).variance == pytest.approx(delong(y, score), abs=1e-12)

    @given(rows)
    @settings(deadline=None)
    def test_only_the_order_matters(self, pairs):
        """Any rising function of the scores gives the same."""
        y, score = split(pairs)
        ours, stretched = roc_auc(y, score), roc_auc(y, np.exp(3 * score) - 7)
        assert (stretched.auc, stretched.low) == pytest.approx((ours.auc, ours.low), nan_ok=True)

    @given(rows)
    @settings(deadline=None)
    def test_mirrors(self, pairs):
        """Scores turned round turn the interval round."""
        y, score = split(pairs)
        ours, turned = roc_auc(y, score), roc_auc(y, -score)
        assert (1 - turned.auc, 1 - turned.high, 1 - turned.low) == pytest.approx(
            (ours.auc, ours.low, ours.high), nan_ok=True
        )

    @given(rows, st.randoms())
    @settings(deadline=None)
    def test_the_order_of_rows_plays_no_part(self, pairs, random):
        """Shuffled rows are the same rows."""
        shuffled = list(pairs)
        random.shuffle(shuffled)
        ours, other = roc_auc(*split(pairs)), roc_auc(*split(shuffled))
        assert (other.auc, other.variance) == pytest.approx((ours.auc, ours.variance), nan_ok=True)

    @given(rows)
    @settings(deadline=None)
    def test_the_interval_holds_the_estimate(self, pairs):
        """Within 0..1, wider with a design effect."""
        y, score = split(pairs)
        plain, clustered = roc_auc(y, score), roc_auc(y, score, deff=3.0)
        assert 0.0 <= clustered.low <= plain.low + 1e-12
        assert plain.high - 1e-12 <= clustered.high <= 1.0
        assert np.isnan(plain.auc) or plain.low - 1e-12 <= plain.auc <= plain.high + 1e-12

    def test_perfect_scores_are_not_certain(self):
        """Wilson's interval over the smaller class."""
        result = roc_auc([0, 0, 0, 1, 1], [1, 2, 3, 4, 5])
        assert (result.auc, result.variance, result.high) == (1.0, 0.0, 1.0)
        assert 0.3 < result.low < 0.4

    @pytest.mark.calibration
    @pytest.mark.parametrize(("n_ones", "n_zeros", "shift"), [(30, 300, 1.0), (20, 20, 0.5), (200, 2_000, 2.0)])
    def test_coverage(self, n_ones, n_zeros, shift):
        """The 95 % interval holds the true area in 93 to 97 % of 3,000 samples."""
        rng = np.random.default_rng(4)
        y = np.repeat([1, 0], [n_ones, n_zeros])
        truth = 0.5 * (1 + np.vectorize(__import__("math").erf)(shift / 2))
        results = [roc_auc(y, rng.standard_normal(y.size) + shift * y) for _ in range(3_000)]
        assert 0.93 <= np.mean([r.low <= truth <= r.high for r in results]) <= 0.97

    def test_a_million_rows_take_a_moment(self):
        """n log n, not n squared."""
        rng = np.random.default_rng(1)
        y = rng.integers(0, 2, 1_000_000)
        start = time.process_time()
        roc_auc(y, rng.random(y.size))
        assert time.process_time() - start < 3.0

    @pytest.mark.parametrize(
        ("y", "score", "words"),
        [([0, 1], [0.1], "shape"), ([0, 2], [0.1, 0.2], "label 2"), ([0, 1], [0.1, np.nan], "not finite")],
    )
    def test_what_cannot_be_is_refused(self, y, score, words):
        """Lists of two lengths, labels that are not 0 or 1, scores that are missing."""
        with pytest.raises(InvalidInput, match=words):
            roc_auc(y, score)

    def test_no_rows(self):
        """Nothing is known."""
        assert np.isnan(roc_auc([], []).auc)


class TestAveragePrecision:
    @given(rows)
    @settings(deadline=None)
    def test_the_estimate_is_that_of_scikit_learn(self, pairs):
        """Without positives it is undefined (scikit-learn says 0 and warns)."""
        y, score = split(pairs)
        result = average_precision(y, score)
        if y.sum():
            assert result.estimate == pytest.approx(average_precision_score(y, score))
            assert result.low - 1e-12 <= result.estimate <= result.high + 1e-12
        else:
            assert np.isnan(result.estimate)


class TestBinned:
    @given(histograms, st.integers(0, 2**31))
    @settings(deadline=None)
    def test_the_bounds_hold_whatever_the_scores_inside_the_bins(self, counts, seed):
        """Ties among some of them included."""
        rng = np.random.default_rng(seed)
        y = np.concatenate([np.ones(counts[0].sum()), np.zeros(counts[1].sum())])
        bins = np.concatenate([np.repeat(np.arange(12), side) for side in counts])
        if not 0 < y.sum() < y.size:
            return
        inside = [rng.random(y.size), rng.integers(0, 3, y.size) / 3, 0.9 * y, 0.9 * (1 - y), np.zeros(y.size)]
        auc, precision = binned_roc_auc(*counts), binned_average_precision(*counts)
        for fraction in inside:
            score = bins + fraction
            assert abs(roc_auc(y, score).auc - auc.estimate) <= auc.error_bound + 1e-12
            assert abs(average_precision(y, score).estimate - precision.estimate) <= precision.error_bound + 1e-12

    @given(histograms)
    @settings(deadline=None)
    def test_many_windows_are_the_windows_one_by_one(self, counts):
        """Design effect and freedom may differ by window."""
        positives, negatives = np.stack([counts[0], counts[1]]), np.stack([counts[1], counts[0]])
        for function in (binned_roc_auc, binned_average_precision):
            table = function(positives, negatives, deff=[1.0, 2.0], dof=[np.inf, 9.0])
            alone = function(positives[1], negatives[1], deff=2.0, dof=9.0)
            for name in ("estimate", "variance", "low", "high", "error_bound"):
                assert getattr(table, name)[1] == pytest.approx(float(getattr(alone, name)), nan_ok=True)

    def test_a_thousand_bins_lose_next_to_nothing(self):
        """Of smooth scores."""
        rng = np.random.default_rng(8)
        y = rng.integers(0, 2, 20_000)
        score = rng.beta(2 + 2 * y, 3)
        places = np.minimum((score * 1_000).astype(int), 999)
        counts = [np.bincount(places[y == side], minlength=1_000) for side in (1, 0)]
        auc, precision = binned_roc_auc(*counts), binned_average_precision(*counts)
        assert abs(float(auc.estimate) - roc_auc(y, score).auc) < float(auc.error_bound) < 1e-3
        assert (
            abs(float(precision.estimate) - average_precision(y, score).estimate) < float(precision.error_bound) < 0.01
        )
