"""What a fall of F1 goes with: worked by hand, and what must hold whatever the cells."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_core.errors import InvalidInput
from monitor_core.insight.mix import mix_link, rank_links
from monitor_core.performance.series import CellCounts

# Easy rows: 18 relevant, 16 right (F1 16/17). Hard rows: 50 relevant, 20 right (F1 4/7), out of 100 rows each.
EASY, HARD = np.array([16, 1, 1, 82]), np.array([20, 15, 15, 50])


def f1(cells):
    tp, fp, fn, _ = np.sum(cells, axis=0)
    return 2 * tp / (2 * tp + fp + fn)


class TestByHand:
    def test_only_the_mix_changed(self):
        """Half easy, half hard before; one in ten easy now, each answered as before: all of the fall is the mix.

        Before (100 + 100 rows): TP 36, errors 32, F1 72/104 = .692308. Now (100 + 900): TP 196, errors 272, F1 392/664
        = .590361. Reweighted by (1/100, 1/900) rows: TP .16 + .2 = .36, errors .02 + .3 = .32, F1 .72/1.04 = .692308.
        """
        now = np.stack([EASY, 9 * HARD])
        link = mix_link("plan", now, [100, 100], f1_baseline=72 / 104, psi_debiased=0.5, importance=0.4)
        assert link.f1_current == pytest.approx(392 / 664)
        assert link.f1_reweighted == pytest.approx(72 / 104)
        assert (link.explained, link.rest) == pytest.approx((1.0, 0.0))
        assert link.rank == pytest.approx(0.4 * 0.5)
        assert "100 % of the fall goes with its mix, 0 % is same inputs, worse answers" in link.sentence()

    def test_only_the_answers_changed(self):
        """The mix is as before and the hard rows are answered worse: none of the fall is the mix."""
        now = np.stack([EASY, [10, 20, 25, 45]])
        link = mix_link("plan", now, [100, 100], f1_baseline=72 / 104)
        assert link.f1_reweighted == pytest.approx(link.f1_current)
        assert link.explained == pytest.approx(0.0)
        assert link.rank == 0.0

    def test_both_changed(self):
        """Nine in ten are hard, and the hard ones are answered worse: the parts add up to the fall.

        Now TP 16 + 90, errors 2 + 405: F1 212/619 = .342488. Reweighted: TP .16 + .1, errors .02 + .45: F1 .52/.99 =
        .525253. Of the fall of .349820 the mix is .182765, .522454 of it.
        """
        now = np.stack([EASY, 9 * np.array([10, 20, 25, 45])])
        link = mix_link("plan", now, [100, 100], f1_baseline=72 / 104)
        assert (link.f1_current, link.f1_reweighted) == pytest.approx((212 / 619, 52 / 99))
        assert link.explained == pytest.approx(0.522454, abs=1e-6)

    def test_more_than_all_of_it(self):
        """A mix that got harder while the answers got better, and the other way round: no share above 1 is told."""
        better = mix_link("plan", np.stack([EASY, 9 * np.array([22, 14, 14, 50])]), [100, 100], f1_baseline=72 / 104)
        assert better.explained > 1
        assert "all of the fall goes with its mix; to the same inputs the answers are better" in better.sentence()
        worse = mix_link("plan", np.stack([9 * EASY, [2, 25, 33, 40]]), [100, 100], f1_baseline=0.95)
        assert worse.explained < 0
        assert "its mix alone would have raised F1" in worse.sentence()


class TestEdges:
    def test_no_fall(self):
        """Where F1 has not fallen there is nothing to explain."""
        link = mix_link("plan", np.stack([EASY, HARD]), [100, 100], f1_baseline=0.5)
        assert link.explained is None
        assert link.rank == 0.0
        assert "has not fallen" in link.sentence()

    def test_cells_that_no_longer_occur(self):
        """They have no answers; how much of the baseline's mix is left is said."""
        link = mix_link("plan", np.stack([EASY, 0 * HARD]), [100, 300], f1_baseline=0.99)
        assert link.covered == 0.25
        assert link.f1_reweighted == pytest.approx(f1([EASY]))
        assert "Only 25 % of the baseline's mix still occurs" in link.sentence()

    def test_new_cells_have_no_weight(self):
        """Rows of a level that the baseline never held are no part of its mix."""
        link = mix_link("plan", np.stack([EASY, HARD]), [100, 0], f1_baseline=0.99)
        assert link.f1_reweighted == pytest.approx(f1([EASY]))

    @pytest.mark.parametrize("cells", [[[0, 0, 0, 0]], [[0, 0, 0, 50]]])
    def test_undefined(self, cells):
        """Without a relevant case nothing is said."""
        link = mix_link("plan", cells, [100], f1_baseline=0.7)
        assert (link.f1_current, link.f1_reweighted, link.explained) == (None, None, None)
        assert "undefined" in link.sentence()

    @pytest.mark.parametrize(
        ("current", "baseline"), [([[1, 2, 3]], [1]), ([[1, 2, 3, 4]], [1, 2]), ([[1, 2, 3, -4]], [1]), ([1, 2], [1])]
    )
    def test_shapes(self, current, baseline):
        """Both sides are counted on the same cells."""
        with pytest.raises(InvalidInput, match="plan"):
            mix_link("plan", current, baseline, f1_baseline=0.7)

    def test_interval_is_wider_where_few_rows_carry_much(self):
        """A cell that was common and is now rare makes the reweighted F1 unsure."""
        rare = mix_link("plan", np.stack([EASY, 9 * HARD]), [1000, 10], f1_baseline=0.95)
        common = mix_link("plan", np.stack([100 * EASY, 9 * HARD]), [1000, 10], f1_baseline=0.95)
        assert rare.high - rare.low > 5 * (common.high - common.low)

    def test_clustered_rows_widen_it(self):
        """Four times the variance, twice the width (but for the bend of F1)."""
        plain, clustered = (
            mix_link("plan", np.stack([EASY, 9 * HARD]), [100, 100], f1_baseline=0.8, deff=deff) for deff in (1.0, 4.0)
        )
        assert clustered.high - clustered.low == pytest.approx(2 * (plain.high - plain.low), rel=0.02)


cells = st.lists(st.tuples(*[st.integers(0, 500)] * 4), min_size=1, max_size=6)


@given(cells)
def test_the_same_mix_changes_nothing(held):
    """Reweighting to the mix that is already there leaves F1 as it is."""
    rows = np.sum(held, axis=1)
    link = mix_link("x", held, rows, f1_baseline=1.0)
    if link.f1_current is not None:
        assert link.f1_reweighted == pytest.approx(link.f1_current)


@given(cells, st.integers(2, 5))
def test_granules_are_summed(held, days):
    """The table of a window is the sum of its granules'."""
    whole = mix_link("x", np.array(held) * days, np.arange(1, len(held) + 1), f1_baseline=0.9)
    by_day = mix_link("x", np.stack([held] * days), np.arange(1, len(held) + 1), f1_baseline=0.9)
    assert whole == by_day


class TestRank:
    TABLES = (
        CellCounts("plan", ("easy", "hard"), np.stack([EASY, 9 * HARD])[None]),
        CellCounts("region", ("north", "south"), np.stack([EASY, 9 * HARD])[None]),
        CellCounts("age", ("young", "old"), np.stack([EASY, 9 * HARD])[None]),
    )
    ROWS = staticmethod(lambda: {name: np.array([100, 100]) for name in ("plan", "region", "age")})

    def test_importance_times_drift_times_link(self):
        """The strongest link first; features that did not drift are passed over."""
        links = rank_links(
            self.TABLES,
            self.ROWS(),
            f1_baseline=72 / 104,
            psi_debiased={"plan": 0.1, "region": 0.5},
            importance={"plan": 0.9, "region": 0.1},
        )
        assert [link.feature for link in links] == ["plan", "region"]
        assert [link.rank for link in links] == pytest.approx([0.09, 0.05])

    def test_without_importance_the_drift_decides(self):
        """No importance stored: all count alike."""
        links = rank_links(
            self.TABLES, self.ROWS(), f1_baseline=72 / 104, psi_debiased={"plan": 0.1, "region": 0.5, "age": -0.02}
        )
        assert [link.feature for link in links] == ["region", "plan", "age"]
        assert links[-1].rank == 0.0
