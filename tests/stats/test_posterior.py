"""How sure it is that F1 fell, and what either choice costs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as reference

from monitor_core.errors import InvalidInput
from monitor_core.stats import (
    expected_loss,
    f1_from_f_star,
    probabilities_of_drop,
    probability_below,
    probability_of_drop,
)

pairs = st.tuples(st.integers(0, 20_000), st.integers(0, 20_000))
drops = st.floats(0, 0.5)


class TestProbabilityOfDrop:
    def test_the_first_worked_example(self):
        """Current (84, 83), baseline (450, 350), previous (430, 380)."""
        found = [probability_of_drop((84, 83), (450, 350), drop) for drop in (0.0, 0.05, 0.10)]
        assert found == pytest.approx([0.920013, 0.655604, 0.281486], abs=2e-6)
        assert probability_of_drop((84, 83), (430, 380), 0.05) == pytest.approx(0.389101, abs=2e-6)

    def test_the_second_worked_example(self):
        """Current (300, 500), baseline (900, 700), previous (880, 720): certain."""
        found = [probability_of_drop((300, 500), (900, 700), drop) for drop in (0.0, 0.05, 0.10)]
        assert [*found, probability_of_drop((300, 500), (880, 720), 0.05)] == pytest.approx([1.0] * 4, abs=2e-6)

    @pytest.mark.parametrize(
        ("current", "baseline", "drop"),
        [((84, 83), (450, 350), 0.05), ((0, 3), (2, 1), 0.0), ((5, 0), (9, 0), 0.1), ((900, 40), (50, 3), 0.02)],
    )
    def test_equals_draws_from_both_posteriors(self, current, baseline, drop):
        """Within what a million draws can show."""
        rng = np.random.default_rng(5)
        now, before = (
            f1_from_f_star(rng.beta(tp + 0.5, errors + 0.5, 1_000_000)) for tp, errors in (current, baseline)
        )
        assert probability_of_drop(current, baseline, drop) == pytest.approx(
            (now < (1 - drop) * before).mean(), abs=0.002
        )

    @given(pairs, pairs, drops, drops)
    @settings(deadline=None)
    def test_a_larger_drop_is_less_likely(self, current, baseline, one, other):
        """Whatever the counts; always a probability."""
        small, large = sorted((one, other))
        more, less = (probability_of_drop(current, baseline, drop) for drop in (small, large))
        assert 0.0 <= less <= more + 1e-12 <= 1.0 + 1e-12

    @given(pairs, pairs)
    @settings(deadline=None)
    def test_swapping_the_sides_gives_the_rest(self, one, other):
        """P(a < b) + P(b < a) = 1."""
        both = probability_of_drop(one, other) + probability_of_drop(other, one)
        assert both == pytest.approx(1.0, abs=1e-3 if min(*one, *other) < 5 else 2e-6)

    @given(pairs, pairs, drops, st.integers(1, 500))
    @settings(deadline=None)
    def test_one_more_error_makes_a_drop_likelier(self, current, baseline, drop, more):
        """And one more true positive less likely."""
        tp, errors = current
        before = probability_of_drop(current, baseline, drop)
        assert probability_of_drop((tp, errors + more), baseline, drop) >= before - 1e-9
        assert probability_of_drop((tp + more, errors), baseline, drop) <= before + 1e-9

    def test_a_design_effect_takes_certainty(self):
        """Towards one half where F1 fell."""
        plain, clustered = (probability_of_drop((84, 83), (450, 350), deff=deff) for deff in (1.0, 4.0))
        assert 0.5 < clustered < plain

    def test_many_windows_at_once(self):
        """Against one baseline, each with its own design effect."""
        table = probabilities_of_drop([[84], [8]], [[83], [3]], (450, 350), [0.0, 0.05], deff=[[1.0], [2.0]])
        assert table.shape == (2, 2)
        assert table[1, 1] == pytest.approx(probability_of_drop((8, 3), (450, 350), 0.05, deff=2.0))

    def test_a_bare_baseline_value(self):
        """The posterior alone decides."""
        expected = reference.beta(84.5, 83.5).cdf(0.5625)
        assert float(probability_below(84, 83, 0.72)) == pytest.approx(expected)

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (((-1, 2), (1, 1)), "true positives -1"),
            (((1, 2), (1, np.nan)), "errors nan"),
            (((1, 2), (1, 1), 2), "drop"),
        ],
    )
    def test_what_cannot_be_is_refused(self, arguments, words):
        """With the value."""
        with pytest.raises(InvalidInput, match=words):
            probability_of_drop(*arguments)


class TestExpectedLoss:
    def test_the_worked_examples(self):
        """Both, to 2e-6."""
        losses = expected_loss((84, 83), (430, 380))
        assert (losses.stay, losses.roll) == pytest.approx((0.030376, 0.010465), abs=2e-6)
        losses = expected_loss((300, 500), (880, 720))
        assert (losses.stay, losses.roll) == pytest.approx((0.164174, 0.005000), abs=2e-6)

    @given(pairs, pairs)
    @settings(max_examples=60, deadline=None)
    def test_swapping_the_versions_swaps_the_losses(self, one, other):
        """Without switching cost."""
        losses, mirrored = expected_loss(one, other, switching_cost=0), expected_loss(other, one, switching_cost=0)
        assert (losses.stay, losses.roll) == pytest.approx((mirrored.roll, mirrored.stay), abs=1e-12)

    @given(pairs, pairs)
    @settings(max_examples=30, deadline=None)
    def test_the_losses_differ_by_the_means(self, current, previous):
        """E[(X - Y)+] - E[(Y - X)+] = E[X] - E[Y], with the means from the distribution functions."""
        f1 = np.linspace(0, 1, 50_001)
        now, before = (1 - np.trapezoid(probability_below(*side, f1), f1) for side in (current, previous))
        losses = expected_loss(current, previous, switching_cost=0)
        assert losses.stay - losses.roll == pytest.approx(before - now, abs=1e-5)
        assert min(losses.stay, losses.roll) >= 0.0

    @pytest.mark.parametrize(("current", "previous"), [((84, 83), (430, 380)), ((0, 4), (3, 0)), ((0, 0), (0, 0))])
    def test_equals_draws(self, current, previous):
        """Within what a million draws can show."""
        rng = np.random.default_rng(6)
        now, before = (
            f1_from_f_star(rng.beta(tp + 0.5, errors + 0.5, 1_000_000)) for tp, errors in (current, previous)
        )
        losses = expected_loss(current, previous, switching_cost=0)
        assert losses.stay == pytest.approx(np.maximum(before - now, 0).mean(), abs=0.001)
        assert losses.roll == pytest.approx(np.maximum(now - before, 0).mean(), abs=0.001)

    def test_millions_of_cases(self):
        """Needle-thin posteriors are not missed."""
        losses = expected_loss((5_000_000, 5_000_000), (6_000_000, 4_000_000), switching_cost=0)
        assert losses.stay == pytest.approx(0.75 - 2 / 3, abs=1e-6)
        assert losses.roll == 0.0
