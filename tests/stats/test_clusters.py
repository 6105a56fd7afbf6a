"""How much less clustered rows say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_core.errors import InvalidInput
from monitor_core.stats import design_effect, rolling_design_effect

days = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=0, max_size=60)


def columns(pairs):
    """True positives and relevant cases."""
    array = np.array(pairs, dtype=float).reshape(-1, 2)
    return array[:, 0], array.sum(axis=1)


def by_hand(tp, relevant):
    """The formula of the docstring."""
    tp, relevant = tp[relevant > 0], relevant[relevant > 0]
    p, clusters = tp.sum() / relevant.sum(), len(tp)
    errors = tp - p * relevant
    return (errors**2).sum() * clusters / (clusters - 1) / (relevant.sum() * p * (1 - p))


class TestDesignEffect:
    def test_the_formula(self):
        """Four days that vary more than chance."""
        tp, relevant = np.array([9.0, 1, 8, 2]), np.array([10.0, 10, 12, 9])
        result = design_effect(tp, relevant)
        assert result.deff == pytest.approx(by_hand(tp, relevant))
        assert (result.dof, result.source, result.clusters) == (3.0, "granules", 4)

    def test_days_as_even_as_chance_are_independent(self):
        """Never below 1, and the normal distribution holds."""
        result = design_effect([5, 5, 5], [10, 10, 10])
        assert (result.deff, result.dof, result.source) == (1.0, np.inf, "independent")

    def test_weeks_that_vary_count_from_28_days_on(self):
        """Good and bad weeks, each of even days."""
        tp = np.repeat([8.0, 4.0, 8.0, 4.0], 7)
        assert design_effect(tp, np.full(28, 10.0)).source == "blocks"
        assert design_effect(tp, np.full(28, 10.0)).dof == 3.0
        assert design_effect(tp[:27], np.full(27, 10.0)).source == "granules"

    def test_what_fills_no_week_joins_the_oldest(self):
        """Thirty days are four blocks, the first of nine days."""
        tp, relevant = np.concatenate([np.repeat([8.0, 4.0, 8.0, 4.0], [9, 7, 7, 7])]), np.full(30, 10.0)
        blocks = [np.add.reduceat(side, [0, 9, 16, 23]) for side in (tp, relevant)]
        result = design_effect(tp, relevant)
        assert (result.deff, result.clusters) == (pytest.approx(by_hand(*blocks)), 4)

    def test_entities_that_repeat(self):
        """The same customers right every day and wrong every day."""
        result = design_effect([5] * 10, [10] * 10, entities=([10] * 5 + [0] * 5, [10] * 10))
        assert result.source == "entities"
        assert result.deff == pytest.approx(by_hand(np.array([10.0] * 5 + [0.0] * 5), np.full(10, 10.0)))

    @pytest.mark.parametrize(
        ("tp", "relevant"),
        [([], []), ([3], [7]), ([0, 0], [0, 0]), ([0, 0], [4, 9]), ([4, 9], [4, 9]), ([2], [5])],
    )
    def test_nothing_to_measure(self, tp, relevant):
        """One cluster, no case, only errors, none: taken as independent."""
        assert design_effect(tp, relevant).source == "independent"

    @given(days)
    @settings(deadline=None)
    def test_days_without_cases_do_not_exist(self, pairs):
        """Wherever they stand; below the length at which weeks count."""
        tp, relevant = columns(pairs[:20])
        padded = design_effect(np.append(tp, [0, 0]), np.append(relevant, [0, 0]))
        plain = design_effect(tp, relevant)
        assert (padded.deff, padded.dof) == pytest.approx((plain.deff, plain.dof))

    @given(days, st.randoms())
    @settings(deadline=None)
    def test_the_order_of_days_plays_no_part_below_28(self, pairs, random):
        """Only weeks depend on it."""
        shuffled = pairs[:27]
        random.shuffle(shuffled)
        assert design_effect(*columns(shuffled)).deff == pytest.approx(design_effect(*columns(pairs[:27])).deff)

    @given(days)
    @settings(deadline=None)
    def test_swapping_right_and_wrong_changes_nothing(self, pairs):
        """The variance of 1 - F* is that of F*."""
        tp, relevant = columns(pairs)
        assert design_effect(relevant - tp, relevant).deff == pytest.approx(design_effect(tp, relevant).deff)

    def test_what_cannot_be_is_refused(self):
        """More true positives than cases, or lists of two lengths."""
        with pytest.raises(InvalidInput, match="more true positives"):
            design_effect([3], [2])
        with pytest.raises(InvalidInput, match="shape"):
            design_effect([3, 2], [4])


class TestRolling:
    @given(days, st.integers(1, 45))
    @settings(deadline=None)
    def test_each_window_is_the_window_by_itself(self, pairs, window):
        """The first ones are shorter."""
        tp, relevant = columns(pairs)
        table = rolling_design_effect(tp, relevant, window)
        for end in range(len(tp)):
            first = max(0, end + 1 - window)
            alone = design_effect(tp[first : end + 1], relevant[first : end + 1])
            assert table.deff[end] == pytest.approx(alone.deff)
            assert table.dof[end] == alone.dof
            assert table.blocks[end] == (alone.source == "blocks")

    def test_no_window(self):
        """Of no granule."""
        with pytest.raises(InvalidInput, match="0 granules"):
            rolling_design_effect([1], [2], 0)
